import { Effect } from "effect"
import { temporaryPrefix } from "../platform/AtomicFile.ts"
import { basename, dirname, isWithin, join } from "../platform/BytePath.ts"
import { Inventory } from "../domain/relocationInventory.ts"
import { Disk } from "../services/Disk.ts"
import { Cache } from "../state/Cache.ts"
import type { Folder, Sides } from "./relocate/sides.ts"

/** A content that thousands of torrents carry (a text file of a release group) is not searched to its end. */
const patience = 6

/** Our own folders hold nothing that a plan could be made of. */
const isOurs = (folder: Folder, path: string): boolean => path.startsWith(join(folder.path, temporaryPrefix))

/**
 * What lies around a few files, looked up instead of walked to: the hash cache says which names an inode had, and the
 * disk whether it has them still. As the number of names is on the disk too, it is known whether one is missing here.
 */
export const surroundings = Effect.fnUntraced(function* (sides: Sides) {
  const cache = yield* Cache
  const disk = yield* Disk
  const inventory = new Inventory()
  const entered = new Map<string, number>()
  const outside = new Map<number, Set<string>>()
  const sought = new Set<string>()

  const folderAt = (path: string): Folder | undefined =>
    sides.folders
      .filter((folder) => path !== folder.path && isWithin(path, folder.path))
      .toSorted((one, other) => other.path.length - one.path.length)[0]

  /** The number of a directory; −1 where there is none, or none that a walk would enter. */
  const enter: (folder: Folder, path: string) => Effect.Effect<number> = Effect.fnUntraced(function* (folder, path) {
    const before = entered.get(path)
    if (before !== undefined) return before
    const above = path === folder.path ? 0 : yield* enter(folder, dirname(path))
    const number = above < 0 ? -1 : yield* look(folder, path)
    entered.set(path, number)
    return number
  })
  const look = Effect.fnUntraced(function* ({ device, fsid, mountPoints, side }: Folder, path: string) {
    const found = yield* disk.stat(path)
    if (found._tag === "Unreadable") inventory.unreadable(side, path, found.why)
    if (found._tag !== "Known") return -1
    const { fence, kind } = found.value
    if (kind === "directory" && fence.dev === device && !mountPoints.has(path)) {
      return inventory.folder(side, fsid, fence.ino, path)
    }
    inventory.obstacle(path, kind === "directory" ? "where something else is mounted" : `a ${kind}`)
    return -1
  })

  /** The inode of a name in a seeding directory; undefined where no file lies. */
  const name = Effect.fnUntraced(function* (path: string) {
    const folder = folderAt(path)
    if (folder === undefined || isOurs(folder, path) || sides.unavailable[folder.side] !== null) return undefined
    const parent = yield* enter(folder, dirname(path))
    if (parent < 0) return undefined
    const found = yield* disk.stat(path)
    if (found._tag === "Unreadable") inventory.unreadable(folder.side, path, found.why)
    if (found._tag !== "Known") return undefined
    const { fence, kind, links } = found.value
    if (kind === "file" && fence.dev === folder.device) return inventory.file(parent, basename(path), fence, links)
    if (kind !== "directory") inventory.obstacle(path, `a ${kind}`)
    return undefined
  })

  /** A name somewhere else on one of the filesystems; undefined where no file lies, or not there. */
  const elsewhere = Effect.fnUntraced(function* (path: string, ino?: bigint) {
    const found = yield* disk.stat(path)
    if (found._tag !== "Known" || found.value.kind !== "file") return undefined
    const { fence, links } = found.value
    if (ino !== undefined && fence.ino !== ino) return undefined
    const folder = sides.folders.find(({ device }) => device === fence.dev)
    if (folder === undefined) return undefined
    const inode = inventory.copy(folder.side, folder.fsid, path, fence, links)
    const names = outside.get(inode) ?? new Set()
    outside.set(inode, names.add(path))
    inventory.elsewhere(inode, [...names])
    return inode
  })

  /** Wherever it lies. */
  const at = (path: string, ino?: bigint) => (folderAt(path) === undefined ? elsewhere(path, ino) : name(path))

  /** All names of an inode that the cache knows and that are still there, and what it knows of its bytes. */
  const expand = Effect.fnUntraced(function* (inode: number) {
    const fsid = inventory.volumes[inventory.volume[inode] ?? 0] ?? ""
    const fence = inventory.fence(inode)
    for (const { path } of yield* cache.entriesOf(fsid, fence.ino)) yield* at(path, fence.ino)
    const [evidence] = yield* cache.evidence([{ ...fence, fsid, birthNs: fence.birthNs ?? 0n }])
    if (evidence !== undefined) inventory.know(inode, evidence.contentId, evidence.grade)
  })

  /** Other inodes with the bytes of this one: some in libraries and some of torrents, on each side. */
  const copiesOf = Effect.fnUntraced(function* (inode: number) {
    const id = inventory.contents[inventory.content[inode] ?? -1]
    if (id === undefined || sought.has(id)) return []
    sought.add(id)
    const copies: Array<number> = []
    const numbers = new Map<string, number>()
    for (const { entries, inode: copy } of yield* cache.byContent(id)) {
      const kind = `${copy.fsid} ${entries.some(({ path }) => folderAt(path) === undefined)}`
      const number = numbers.get(kind) ?? 0
      if (number >= patience || !sides.folders.some(({ fsid }) => fsid === copy.fsid)) continue
      numbers.set(kind, number + 1)
      for (const { path } of entries) {
        const found = yield* at(path, copy.ino)
        if (found !== undefined && found !== inode) copies.push(found)
      }
    }
    return copies
  })

  /** Names of an inode that are neither in the seeding directories nor known elsewhere. */
  const missing = (inode: number): number =>
    (inventory.links[inode] ?? 0) - (inventory.inside[inode] ?? 0) - inventory.outside(inode).length

  /** Looks at every name in the seeding directories for those of these inodes. */
  const walk = Effect.fnUntraced(function* (inodes: ReadonlyArray<number>) {
    for (const folder of sides.folders) {
      const wanted = new Set(
        inodes
          .filter((inode) => inventory.volumes[inventory.volume[inode] ?? 0] === folder.fsid)
          .map((inode) => inventory.fence(inode).ino)
      )
      if (wanted.size === 0) continue
      const tree = yield* disk.walk(folder.path)
      if (tree._tag === "Known") {
        for (const { fence, path } of tree.value.files) if (wanted.has(fence.ino)) yield* name(join(folder.path, path))
      } else inventory.unreadable(folder.side, folder.path, tree._tag === "Absent" ? "it is gone" : tree.why)
    }
  })

  return { inventory, at, expand, copiesOf, missing, walk }
})
