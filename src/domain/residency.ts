import { basename, dirname, display, isWithin, join } from "../platform/BytePath.ts"
import type { Inventory } from "./relocationInventory.ts"
import type { Member, SeedingDir, Side, World } from "./relocationWorld.ts"
import { isComplete, type Torrent } from "./torrents.ts"

/** Why it cannot be said of a torrent who else uses its files, or what state they are in. */
export interface Cause {
  readonly kind: "state" | "files" | "place" | "missing" | "unfinished" | "unreadable" | "size" | "race"
  readonly hash: string | null
  readonly why: string
  readonly remedy: string
}

/** A file that something outside of the seeding directories uses too. */
export interface Pin {
  readonly path: string
  /** Names that it has on its filesystem, and how many of them lie outside. */
  readonly names: number
  readonly outside: number
  /** Those outside that the hash cache knows. */
  readonly known: ReadonlyArray<string>
}

/**
 * `internal`: every name of every file lies in the seeding directories. `external`: some file has a name elsewhere.
 * `unknown`: something is missing, unfinished, unreadable or on the move. The worst file decides.
 */
export interface Residency {
  readonly verdict: "internal" | "external" | "unknown"
  readonly pins: ReadonlyArray<Pin>
  /** Number of pinned files; `pins` names the first few. */
  readonly pinned: number
  readonly causes: ReadonlyArray<Cause>
}

const shown = 4

/** Which inodes the torrents' files are. Files are numbered on through all torrents. */
export interface Resolved {
  /** Files of torrent t: from `start[t]` up to `start[t + 1]`. */
  readonly start: Int32Array
  /** By file: its inode and its entry; −1 where nothing lies, or nothing of this torrent. */
  readonly inodeOf: Int32Array
  readonly entryOf: Int32Array
  /** By torrent: its seeding directory; −1 when none of it lies in one. */
  readonly dirOf: Int32Array
  /** By entry: the number of a torrent that has it, plus one. */
  readonly owner: Int32Array
  /** By inode: some torrent wants it. */
  readonly wanted: Uint8Array
  /** By inode: what a torrent says the root of its v2 pieces is. */
  readonly roots: ReadonlyMap<number, string>
  readonly causes: ReadonlyMap<number, ReadonlyArray<Cause>>
  /** Copies outside of the seeding directories that are a torrent's own: by inode, their number. */
  readonly elsewhere: ReadonlyMap<number, number>
  /** Of those, the ones that their torrent may still write to. */
  readonly unsettled: ReadonlySet<number>
  /** Some torrent's files are not known: a file that no torrent has may be its. */
  readonly blind: boolean
}

const percent = (progress: number): string => `${(Math.floor(progress * 1000) / 10).toFixed(1)} %`
const ofClient = "look at it in qBittorrent"

const restless = (torrent: Torrent): Cause | undefined => {
  if (isComplete(torrent)) return undefined
  const { amountLeft, contentPath, hash, progress, state } = torrent
  const cause = (why: string, remedy: string): Cause => ({ kind: "state", hash, why, remedy })
  if (contentPath === "") return cause("it has no metadata yet", "wait until the client has it")
  if (/error|missing/i.test(state)) return cause(`the client says ${display(state)}`, ofClient)
  if (/moving|checking/i.test(state)) return cause(`it is ${display(state)}`, "wait until the client is done")
  if (progress < 1 || amountLeft > 0) {
    return cause(`it is not complete: ${percent(progress)}, ${display(state)}`, "wait, or remove it")
  }
  return cause(`its state ${display(state)} is none that is known to be at rest`, ofClient)
}

/** The innermost seeding directory that a path lies in; −1 for none. */
const dirAt = (dirs: ReadonlyArray<SeedingDir>, path: string): number => {
  let best = -1
  for (const [index, dir] of dirs.entries()) {
    if (isWithin(path, dir.path) && (best < 0 || dir.path.length > (dirs[best]?.path.length ?? 0))) best = index
  }
  return best
}

/** Why a wanted file was not found as its torrent says. */
const unfound = (world: World, hash: string, path: string): Cause => {
  const { inventory } = world
  const name = display(path)
  const obstacle = inventory.obstacleAt(path)
  if (obstacle !== undefined) {
    const at = display(obstacle.path)
    const unread = obstacle.what.startsWith("cannot be read")
    return unread
      ? { kind: "unreadable", hash, why: `${at} ${obstacle.what}`, remedy: "make it readable to this program" }
      : { kind: "place", hash, why: `${at} is ${obstacle.what}`, remedy: "put the file itself in its place" }
  }
  if (inventory.entryIn(inventory.folderAt(dirname(path)), `${basename(path)}.!qB`) >= 0) {
    return { kind: "unfinished", hash, why: `${name} still ends in .!qB`, remedy: "recheck it in qBittorrent" }
  }
  if (dirAt(world.seedingDirs, path) < 0) {
    return {
      kind: "place",
      hash,
      why: `${name} lies outside of the seeding directories`,
      remedy: "add its directory to seedingDirs"
    }
  }
  return { kind: "missing", hash, why: `${name} is missing`, remedy: "recheck it in qBittorrent" }
}

/** Finds each torrent's files among what was walked. Torrents with nothing in a seeding directory are no concern. */
export const resolve = (world: World): Resolved => {
  const { inventory, members, seedingDirs, unavailable } = world
  const filesOf = ({ files }: Member) => (files._tag === "Known" ? files.value : [])
  const start = new Int32Array(members.length + 1)
  for (const [index, member] of members.entries()) start[index + 1] = (start[index] ?? 0) + filesOf(member).length
  const inodeOf = new Int32Array(start[members.length] ?? 0).fill(-1)
  const entryOf = new Int32Array(inodeOf.length).fill(-1)
  const dirOf = new Int32Array(members.length).fill(-1)
  const owner = new Int32Array(inventory.entries)
  const wanted = new Uint8Array(inventory.inodes)
  const roots = new Map<number, string>()
  const causes = new Map<number, Array<Cause>>()
  const elsewhere = new Map<number, number>()
  const unsettled = new Set<number>()

  for (const [index, member] of members.entries()) {
    const { torrent } = member
    const { hash, savePath } = torrent
    const found: Array<Cause> = []
    const blame = (cause: Cause | undefined) => {
      if (cause !== undefined && found.length < shown) found.push(cause)
    }
    const state = restless(torrent)
    blame(state)
    let first = -1
    let at = start[index] ?? 0
    let folder: number | undefined
    let inner = ""
    let length = -1
    for (const file of filesOf(member)) {
      const slash = file.path.lastIndexOf("/") + 1
      const name = file.path.slice(slash)
      // The files of a folder follow each other.
      if (folder === undefined || slash !== length || !file.path.startsWith(inner)) {
        inner = file.path.slice(0, slash)
        length = slash
        folder = inventory.folderAt(slash === 0 ? savePath : join(savePath, file.path.slice(0, slash - 1)))
      }
      const whole = inventory.entryIn(folder, name)
      // An unfinished file may have become one after it was linked: who writes to it shares it.
      const entry = whole < 0 && file.wanted ? inventory.entryIn(folder, `${name}.!qB`) : whole
      const inode = entry < 0 ? -1 : (inventory.inodeOf[entry] ?? -1)
      const copy = entry < 0 ? inventory.copyAt(join(savePath, file.path)) : undefined
      if (copy !== undefined) {
        elsewhere.set(copy, (elsewhere.get(copy) ?? 0) + 1)
        if (state !== undefined) unsettled.add(copy)
      }
      const fits = whole >= 0 && inventory.size[inode] === file.size
      if (inode >= 0 && first < 0) first = at
      // What is not wanted may be there in part: that is left where it is. What is empty can be made anew anywhere.
      if (fits || (inode >= 0 && file.wanted)) {
        inodeOf[at] = inode
        entryOf[at] = entry
        owner[entry] = index + 1
        if (file.wanted) wanted[inode] = 1
        if (fits && typeof file.piecesRoot === "string") roots.set(inode, file.piecesRoot)
      }
      if (file.wanted && !fits && state === undefined && found.length < shown) {
        const path = join(savePath, file.path)
        if (whole < 0 && file.size > 0) blame(unfound(world, hash, path))
        else if (whole >= 0) {
          const why = `${display(path)} has ${inventory.size[inode] ?? 0} bytes, its torrent says ${file.size}`
          blame({ kind: "size", hash, why, remedy: "recheck it in qBittorrent" })
        }
      }
      at += 1
    }
    const saved = dirAt(seedingDirs, savePath)
    const dir = saved >= 0 ? saved : dirAt(seedingDirs, torrent.contentPath)
    if (first < 0 && dir < 0) continue
    dirOf[index] =
      dir >= 0 ? dir : dirAt(seedingDirs, join(savePath, filesOf(member)[first - (start[index] ?? 0)]?.path ?? ""))
    if (dirOf[index] === -1) continue
    const gone = unavailable[seedingDirs[dirOf[index] ?? 0]?.side ?? "stash"]
    if (gone !== null) {
      found.length = 0
      blame({ kind: "unreadable", hash, why: gone, remedy: "mount it, then run again" })
    } else if (member.files._tag !== "Known") {
      const why = member.files._tag === "Unreadable" ? member.files.why : "the client has no list"
      blame({ kind: "files", hash, why: `its files are not known: ${why}`, remedy: "run again" })
    } else if (state === undefined) {
      const one = filesOf(member)[0]
      if (saved < 0) {
        const why = `its save path ${display(savePath)} lies outside of the seeding directories`
        blame({ kind: "place", hash, why, remedy: "add it to seedingDirs, or move the torrent into one of them" })
      } else if (one === undefined) {
        blame({ kind: "files", hash, why: "it has no files", remedy: ofClient })
      } else if (!isWithin(join(savePath, one.path), torrent.contentPath)) {
        const why = `the client says that it lies at ${display(torrent.contentPath)}, which is not where its save path ${display(savePath)} leads`
        blame({
          kind: "place",
          hash,
          why,
          remedy: "recheck it in qBittorrent, and see whether qbittorrent.pathMap is right"
        })
      }
    }
    if (found.length > 0) causes.set(index, found)
  }
  const blind = members.some(({ files }) => files._tag !== "Known")
  return { start, inodeOf, entryOf, dirOf, owner, wanted, roots, causes, elsewhere, unsettled, blind }
}

const raced = (inventory: Inventory, inode: number): boolean =>
  inventory.raced.has(inode) || (inventory.inside[inode] ?? 0) > (inventory.links[inode] ?? 0)

/** Whether it has names outside of the seeding directories, by counting: the libraries are not walked. */
export const isLinkedOutside = (inventory: Inventory, inode: number): boolean =>
  (inventory.links[inode] ?? 0) > (inventory.inside[inode] ?? 0)

const pinOf = (inventory: Inventory, inode: number): Pin => {
  const names = inventory.links[inode] ?? 0
  const outside = names - (inventory.inside[inode] ?? 0)
  return { path: inventory.anyName(inode), names, outside, known: inventory.outside(inode).slice(0, shown) }
}

/** The verdict on some torrents and all inodes that they have. */
export const residencyOf = (
  inventory: Inventory,
  side: Side,
  inodes: ReadonlyArray<number>,
  blamed: ReadonlyArray<Cause>
): Residency => {
  const causes = blamed.slice(0, shown)
  const pins: Array<Pin> = []
  let pinned = 0
  const unread = inventory.unread.get(side)
  for (const inode of inodes) {
    if (raced(inventory, inode)) {
      if (causes.length >= shown) continue
      const why = `${display(inventory.anyName(inode))} changed while it was looked at`
      causes.push({ kind: "race", hash: null, why, remedy: "run again" })
    } else if (isLinkedOutside(inventory, inode)) {
      if (unread === undefined) {
        pinned += 1
        if (pins.length < shown) pins.push(pinOf(inventory, inode))
      } else if (causes.length < shown) {
        const { names, outside, path } = pinOf(inventory, inode)
        const why = `${outside} of ${names} names of ${display(path)} were not found, and ${display(unread)} cannot be read`
        causes.push({ kind: "unreadable", hash: null, why, remedy: "make it readable to this program" })
      }
    }
  }
  return { verdict: causes.length > 0 ? "unknown" : pinned > 0 ? "external" : "internal", pins, pinned, causes }
}

/** "1 of 3 names of … lies outside of the seeding directories: …" */
export const pinText = ({ known, names, outside, path }: Pin): string => {
  const where = known.length === 0 ? "" : `: ${known.map(display).join(", ")}`
  return `${outside} of ${names} names of ${display(path)} ${outside === 1 ? "lies" : "lie"} outside of the seeding directories${where}`
}
