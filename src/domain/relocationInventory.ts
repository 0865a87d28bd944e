import { join } from "../platform/BytePath.ts"
import type { Fence } from "./fence.ts"
import { type Listing, unpack } from "./indexStamp.ts"
import { ancestorsOf } from "./paths.ts"
import type { Grade, Side } from "./relocationWorld.ts"

/** dev, ino, mtime, ctime and birth of an inode, in a row. */
const stride = 5
/** What the columns hold at first. */
const first = 1024
const unborn = -(2n ** 63n)
const none: ReadonlyArray<string> = []

/**
 * What lies in the seeding directories of both filesystems, by inode and by directory entry, in columns: there are
 * hundreds of thousands of them. Folders, entries and inodes are numbers from 0 on.
 *
 * A folder is its inode, whatever path led to it. So a bind mount or a second seeding directory inside of the first
 * adds no entry, and an entry counts once: (filesystem, inode of the folder, name).
 */
export class Inventory {
  /** How many inodes and entries there are: the columns are longer. */
  inodes = 0
  entries = 0

  // By inode.
  volume = new Int32Array(first)
  size = new Float64Array(first)
  /** Names that the inode has on its filesystem. */
  links = new Int32Array(first)
  /** Those of them that lie in the seeding directories. */
  inside = new Int32Array(first)
  /** Number of its content id; −1 when that is not known. */
  content = new Int32Array(first)
  /** It changed while the walk went on. */
  readonly raced = new Set<number>()

  /** By entry. */
  inodeOf = new Int32Array(first)

  /** By number: filesystem identities and content ids. */
  readonly volumes: Array<string> = []
  readonly contents: Array<string> = []
  /** Sides on which a folder could not be read: there a name that is missing here may be in it. */
  readonly unread = new Map<Side, string>()

  #facts = new BigInt64Array(first * stride)
  #onPool = new Uint8Array(first)
  #suspect = new Uint8Array(first)
  #firstEntry = new Int32Array(first)
  #nextEntry = new Int32Array(first)
  #folderOf = new Int32Array(first)
  readonly #nameOf: Array<string> = []
  readonly #names: Array<Map<string, number>> = []
  readonly #folderPath: Array<string> = []
  readonly #folderSide: Array<Side> = []
  readonly #folderVolume: Array<number> = []
  readonly #folders: Array<Map<number | bigint, number>> = []
  readonly #byIno: Array<Map<number | bigint, number>> = []
  readonly #foldersByPath = new Map<string, number>()
  readonly #volumeNumbers = new Map<string, number>()
  readonly #contentNumbers = new Map<string, number>()
  readonly #elsewhere = new Map<number, ReadonlyArray<string>>()
  readonly #obstacles = new Map<string, string>()
  readonly #copies = new Map<string, number>()

  volumeNumber(fsid: string): number {
    const before = this.#volumeNumbers.get(fsid)
    if (before !== undefined) return before
    this.#volumeNumbers.set(fsid, this.volumes.length)
    this.#folders.push(new Map())
    this.#byIno.push(new Map())
    return this.volumes.push(fsid) - 1
  }

  /** A folder that the walk is in. `path` may be one of several that lead to it. */
  folder(side: Side, fsid: string, ino: bigint, path: string): number {
    const volume = this.volumeNumber(fsid)
    const key = keyOf(ino)
    const before = this.#folders[volume]?.get(key)
    const folder = before ?? this.#names.length
    this.#foldersByPath.set(path, folder)
    if (before !== undefined) return before
    this.#folders[volume]?.set(key, folder)
    this.#names.push(new Map())
    this.#folderPath.push(path)
    this.#folderSide.push(side)
    this.#folderVolume.push(volume)
    return folder
  }

  /** A whole directory, as the scanner lists it. `device` is the st_dev that it was walked on. */
  listing(side: Side, fsid: string, device: bigint, { facts, files, names, path }: Listing): void {
    const folder = this.folder(side, fsid, facts.ino, path)
    for (const [index, name] of names.entries()) {
      const { birthtimeNs, nlink, ...file } = unpack(files, index)
      this.file(folder, name, { dev: device, ...file, birthNs: birthtimeNs }, Number(nlink))
    }
  }

  /** A regular file in it, as lstat tells it now. Returns its inode's number. */
  file(folder: number, name: string, fence: Fence, links: number): number {
    const names = this.#names[folder]
    if (names === undefined) throw new Error(`there is no folder ${folder}`)
    const inode = this.#inode(this.#folderSide[folder] ?? "stash", this.#folderVolume[folder] ?? 0, fence, links)
    const before = names.get(name)
    if (before !== undefined) {
      const was = this.inodeOf[before] ?? 0
      if (was !== inode) this.raced.add(was).add(inode)
      return inode
    }
    const entry = this.#entry()
    names.set(name, entry)
    this.inodeOf[entry] = inode
    this.#folderOf[entry] = folder
    this.#nameOf.push(name)
    this.#nextEntry[entry] = this.#firstEntry[inode] ?? -1
    this.#firstEntry[inode] = entry
    this.inside[inode] = (this.inside[inode] ?? 0) + 1
    return inode
  }

  /**
   * A file outside of the seeding directories that the hash cache knows, and that a fresh lstat still found. Quarantined
   * files are none: they are on their way out. Returns its inode's number.
   */
  copy(side: Side, fsid: string, path: string, fence: Fence, links: number): number {
    const inode = this.#inode(side, this.volumeNumber(fsid), fence, links)
    this.elsewhere(inode, [...this.outside(inode), path])
    this.#copies.set(path, inode)
    return inode
  }

  /** Something that is no regular file: "a symlink", "a FIFO"; or what could not be read, and why. */
  obstacle(path: string, what: string): void {
    this.#obstacles.set(path, what)
  }

  /** A folder that could not be read: what lies in it is not known. */
  unreadable(side: Side, path: string, why: string): void {
    this.#obstacles.set(path, `cannot be read: ${why}`)
    if (!this.unread.has(side)) this.unread.set(side, path)
  }

  /** What the cache knows of its bytes. */
  know(inode: number, id: string, grade: Grade): void {
    let number = this.#contentNumbers.get(id)
    if (number === undefined) {
      number = this.contents.push(id) - 1
      this.#contentNumbers.set(id, number)
    }
    this.content[inode] = number
    this.#suspect[inode] = grade === "suspect" ? 1 : 0
  }

  side(inode: number): Side {
    return this.#onPool[inode] === 1 ? "pool" : "stash"
  }

  /** Its content id may not be true any more. */
  isSuspect(inode: number): boolean {
    return this.#suspect[inode] === 1
  }

  /** Names of it outside of the seeding directories that the cache knows. */
  elsewhere(inode: number, paths: ReadonlyArray<string>): void {
    this.#elsewhere.set(inode, paths)
  }

  /** The inode of a file, by any path that the walk came along; undefined when there was none. */
  inodeAt(fsid: string, ino: bigint): number | undefined {
    const volume = this.#volumeNumbers.get(fsid)
    return volume === undefined ? undefined : this.#byIno[volume]?.get(keyOf(ino))
  }

  /** The folder at a path; −1 when the walk saw none. */
  folderAt(path: string): number {
    return this.#foldersByPath.get(path) ?? -1
  }

  /** The entry of this name in a folder; −1 when the walk saw none. */
  entryIn(folder: number, name: string): number {
    return this.#names[folder]?.get(name) ?? -1
  }

  /** The inode of a copy outside of the seeding directories; undefined when none is known there. */
  copyAt(path: string): number | undefined {
    return this.#copies.get(path)
  }

  /** What stands in the way at a path or above it. */
  obstacleAt(path: string): { readonly path: string; readonly what: string } | undefined {
    if (this.#obstacles.size === 0) return undefined
    for (const at of [path, ...ancestorsOf(path)]) {
      const what = this.#obstacles.get(at)
      if (what !== undefined) return { path: at, what }
    }
    return undefined
  }

  firstEntry(inode: number): number {
    return this.#firstEntry[inode] ?? -1
  }

  nextEntry(entry: number): number {
    return this.#nextEntry[entry] ?? -1
  }

  pathOf(entry: number): string {
    return join(this.#folderPath[this.#folderOf[entry] ?? 0] ?? "", this.#nameOf[entry] ?? "")
  }

  /** Its names in the seeding directories, sorted. */
  names(inode: number): ReadonlyArray<string> {
    const all: Array<string> = []
    for (let entry = this.firstEntry(inode); entry >= 0; entry = this.nextEntry(entry)) all.push(this.pathOf(entry))
    return all.toSorted()
  }

  outside(inode: number): ReadonlyArray<string> {
    return this.#elsewhere.get(inode) ?? none
  }

  /** One path that leads to it. */
  anyName(inode: number): string {
    return this.names(inode)[0] ?? this.outside(inode)[0] ?? ""
  }

  fence(inode: number): Fence {
    const at = inode * stride
    const [dev = 0n, ino = 0n, mtimeNs = 0n, ctimeNs = 0n, birthNs = unborn] = this.#facts.subarray(at, at + stride)
    return {
      dev: BigInt.asUintN(64, dev),
      ino: BigInt.asUintN(64, ino),
      size: BigInt(this.size[inode] ?? 0),
      mtimeNs,
      ctimeNs,
      ...(birthNs === unborn ? {} : { birthNs })
    }
  }

  #inode(side: Side, volume: number, fence: Fence, links: number): number {
    const byIno = this.#byIno[volume] ?? new Map<number | bigint, number>()
    const key = keyOf(fence.ino)
    const before = byIno.get(key)
    if (before !== undefined) {
      const known = this.#facts
      const at = before * stride
      const same =
        known[at + 3] === fence.ctimeNs &&
        known[at + 2] === fence.mtimeNs &&
        known[at + 4] === (fence.birthNs ?? unborn) &&
        this.size[before] === Number(fence.size) &&
        this.links[before] === links
      if (!same) this.raced.add(before)
      return before
    }
    const inode = this.inodes++
    if (inode === this.size.length) this.#moreInodes()
    byIno.set(key, inode)
    this.#onPool[inode] = side === "pool" ? 1 : 0
    this.volume[inode] = volume
    this.size[inode] = Number(fence.size)
    this.links[inode] = links
    this.content[inode] = -1
    this.#firstEntry[inode] = -1
    this.#facts.set(
      [
        BigInt.asIntN(64, fence.dev),
        BigInt.asIntN(64, fence.ino),
        fence.mtimeNs,
        fence.ctimeNs,
        fence.birthNs ?? unborn
      ],
      inode * stride
    )
    return inode
  }

  #moreInodes(): void {
    const length = this.size.length * 2
    this.volume = longer(this.volume, length)
    this.links = longer(this.links, length)
    this.inside = longer(this.inside, length)
    this.content = longer(this.content, length)
    this.#firstEntry = longer(this.#firstEntry, length)
    const [size, onPool, suspect] = [new Float64Array(length), new Uint8Array(length), new Uint8Array(length)]
    size.set(this.size)
    onPool.set(this.#onPool)
    suspect.set(this.#suspect)
    this.size = size
    this.#onPool = onPool
    this.#suspect = suspect
    const facts = new BigInt64Array(length * stride)
    facts.set(this.#facts)
    this.#facts = facts
  }

  #entry(): number {
    const entry = this.entries++
    if (entry < this.inodeOf.length) return entry
    const length = this.inodeOf.length * 2
    this.inodeOf = longer(this.inodeOf, length)
    this.#nextEntry = longer(this.#nextEntry, length)
    this.#folderOf = longer(this.#folderOf, length)
    return entry
  }
}

const longer = (column: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(length)
  larger.set(column)
  return larger
}

const keyOf = (ino: bigint): number | bigint => (ino <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(ino) : ino)
