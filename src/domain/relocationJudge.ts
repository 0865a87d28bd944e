import { display } from "../platform/BytePath.ts"
import { type Component, componentsOf } from "./components.ts"
import type { Blocked } from "./relocation.ts"
import { mayMeet } from "./relocationTargets.ts"
import { blocked, immovable } from "./relocationWords.ts"
import type { Member, World } from "./relocationWorld.ts"
import { isLinkedOutside, resolve, type Residency, residencyOf, type Resolved } from "./residency.ts"

/** A component and what was found out about it before any plan. */
export interface Judged {
  readonly component: Component
  readonly residency: Residency
  readonly tagged: boolean
  /** What keeps it from moving whatever its residency; null when nothing does. */
  readonly blocked: Blocked | null
}

/** What a plan is made on. */
export interface Ground {
  readonly world: World
  readonly resolved: Resolved
  readonly judged: ReadonlyArray<Judged>
  /** By inode: the number of its component in `judged`; −1 for none. */
  readonly componentOf: Int32Array
  /** Paths that steps take; null where no two can meet. */
  readonly taken: Map<string, number> | null
  /** Sizes to hash before more can be said. */
  readonly unhashed: Set<number>
}

/**
 * One file in a v2 torrent, without a folder. Behind it libtorrent looks for a pad file in it, as if it were a folder,
 * and gives the move up (ENOTDIR); where its size is a multiple of the piece length there would be none, which is not
 * told here.
 */
const isImmovable = ({ files, torrent: { v2Only } }: Member): boolean => {
  const [only, ...others] = files._tag === "Known" ? files.value : []
  return v2Only === true && only !== undefined && others.length === 0 && !only.path.includes("/")
}

const blockOf = (
  { world, resolved }: Pick<Ground, "world" | "resolved">,
  component: Component,
  { causes }: Residency
) => {
  const { inventory, members, seedingDirs } = world
  for (const torrent of component.torrents) {
    const lease = members[torrent]?.lease ?? null
    if (lease !== null) return blocked("busy", `it is under way: ${lease}`, "the next run goes on with it")
  }
  for (const torrent of component.torrents) {
    const refused = members[torrent]?.refused ?? null
    if (refused !== null) return blocked("refused", refused, "recheck its torrents in qBittorrent")
  }
  for (const torrent of component.torrents) {
    const member = members[torrent]
    if (member !== undefined && isImmovable(member)) return immovable(member.torrent.name)
  }
  if (component.volumes.length > 1) {
    const why = `its files lie on ${component.volumes.length} filesystems`
    return blocked("spans", why, "bring them together on one of them")
  }
  const [cause] = causes
  if (cause !== undefined) {
    const name = component.torrents
      .map((torrent) => members[torrent]?.torrent)
      .find((torrent) => component.torrents.length > 1 && torrent?.hash === cause.hash)?.name
    return blocked("unknown", name === undefined ? cause.why : `${display(name)}: ${cause.why}`, cause.remedy)
  }
  const side = component.inodes[0] === undefined ? component.side : inventory.side(component.inodes[0])
  if (component.torrents.some((torrent) => seedingDirs[resolved.dirOf[torrent] ?? 0]?.side !== side)) {
    const why = `its files lie on the ${side}, a save path of it on the other side`
    return blocked("spans", why, "give its torrents a save path on the filesystem that the files are on")
  }
  return null
}

export const groundOf = (world: World): Ground => {
  const resolved = resolve(world)
  const judged = componentsOf(world, resolved).map((component): Judged => {
    const causes = component.torrents.flatMap((torrent) => resolved.causes.get(torrent) ?? [])
    const residency = residencyOf(world.inventory, component.side, component.inodes, causes)
    return {
      component,
      residency,
      tagged: component.torrents.some((torrent) => world.members[torrent]?.torrent.tags.includes(world.seedOnlyTag)),
      blocked: blockOf({ world, resolved }, component, residency)
    }
  })
  const componentOf = new Int32Array(world.inventory.inodes).fill(-1)
  for (const [index, { component }] of judged.entries()) {
    for (const inode of component.inodes) componentOf[inode] = index
  }
  return { world, resolved, judged, componentOf, taken: mayMeet(world) ? new Map() : null, unhashed: new Set() }
}

export const ownerOf = ({ componentOf, judged }: Ground, inode: number): Judged | undefined =>
  judged[componentOf[inode] ?? -1]

/** No torrent has it here, and none that could write to it is known to have it elsewhere. */
export const isFree = ({ resolved }: Ground, inode: number): boolean =>
  !resolved.blind && !resolved.unsettled.has(inode)

/** Something other than a torrent uses it: a library. */
export const isHeld = ({ resolved, world: { inventory } }: Ground, inode: number): boolean =>
  !inventory.unread.has(inventory.side(inode)) &&
  (inventory.links[inode] ?? 0) > (inventory.inside[inode] ?? 0) + (resolved.elsewhere.get(inode) ?? 0)

/** A name of it in the seeding directories that is no torrent's: left behind, it would keep the bytes on both sides. */
export const strangerOf = ({ resolved, world: { inventory } }: Ground, component: Component): Blocked | undefined => {
  for (const inode of component.inodes) {
    const entry = strangeEntry(inventory, resolved, inode)
    if (entry < 0) continue
    const why = `${display(inventory.pathOf(entry))} is a name of it and belongs to no torrent`
    return blocked("stranger", why, "add its torrent, or remove that name")
  }
  return undefined
}

const strangeEntry = (inventory: World["inventory"], { owner }: Resolved, inode: number): number => {
  let entry = inventory.firstEntry(inode)
  while (entry >= 0 && owner[entry] !== 0) entry = inventory.nextEntry(entry)
  return entry
}

/** All its names belong to torrents in the seeding directories: without them its bytes come free. */
export const isOwn = ({ resolved, world: { inventory } }: Ground, inode: number): boolean =>
  !isLinkedOutside(inventory, inode) && strangeEntry(inventory, resolved, inode) < 0

export const wantedOf = ({ resolved, world: { inventory } }: Ground, { inodes }: Component): ReadonlyArray<number> =>
  inodes.filter((inode) => resolved.wanted[inode] === 1 && inventory.size[inode] !== 0)

/** Of these inodes, those whose content would have to be known first. */
export const undecidedOf = (
  { world: { inventory, undecidedSizes } }: Ground,
  inodes: ReadonlyArray<number>
): ReadonlyArray<number> =>
  inodes.filter((inode) => {
    const size = inventory.size[inode] ?? 0
    return size > 0 && inventory.content[inode] === -1 && undecidedSizes.has(size)
  })
