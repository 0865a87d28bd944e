import type { Inventory } from "./relocationInventory.ts"
import type { Side, World } from "./relocationWorld.ts"
import type { Resolved } from "./residency.ts"

/** Torrents that share an inode, or share one with a torrent that does: they move together or not at all. */
export interface Component {
  /** The first of its infohashes. */
  readonly id: string
  /** Numbers of its torrents, in the order of their infohashes. */
  readonly torrents: ReadonlyArray<number>
  /** Every inode of them, once. */
  readonly inodes: ReadonlyArray<number>
  /** Where its torrents' save paths lie. */
  readonly side: Side
  /** Numbers of the filesystems that its inodes lie on: more than one is nothing that can be moved. */
  readonly volumes: ReadonlyArray<number>
  /** Bytes of its inodes. */
  readonly bytes: number
}

const findIn = (parent: Int32Array, one: number): number => {
  let at = one
  for (;;) {
    const above = parent[at] ?? at
    if (above === at) return at
    const next = parent[above] ?? above
    parent[at] = next
    at = next
  }
}

export const componentsOf = (world: World, resolved: Resolved): ReadonlyArray<Component> => {
  const { inventory, members, seedingDirs } = world
  const { dirOf, inodeOf, start } = resolved
  const parent = Int32Array.from(members, (_, index) => index)
  const firstOf = new Int32Array(inventory.inodes).fill(-1)
  for (let torrent = 0; torrent < members.length; torrent++) {
    if (dirOf[torrent] === -1) continue
    for (let file = start[torrent] ?? 0; file < (start[torrent + 1] ?? 0); file++) {
      const inode = inodeOf[file] ?? -1
      if (inode < 0) continue
      const before = firstOf[inode] ?? -1
      if (before < 0) firstOf[inode] = torrent
      else parent[findIn(parent, torrent)] = findIn(parent, before)
    }
  }
  const groups = new Map<number, { readonly torrents: Array<number>; readonly inodes: Array<number> }>()
  for (let torrent = 0; torrent < members.length; torrent++) {
    if (dirOf[torrent] === -1) continue
    const root = findIn(parent, torrent)
    let group = groups.get(root)
    if (group === undefined) groups.set(root, (group = { torrents: [], inodes: [] }))
    group.torrents.push(torrent)
  }
  for (const [inode, torrent] of firstOf.entries()) {
    if (torrent >= 0) groups.get(findIn(parent, torrent))?.inodes.push(inode)
  }
  const hashOf = (torrent: number) => members[torrent]?.torrent.hash ?? ""
  return Array.from(groups.values(), ({ inodes, torrents }): Component => {
    if (torrents.length > 1) torrents.sort((one, other) => (hashOf(one) < hashOf(other) ? -1 : 1))
    const volumes: Array<number> = []
    let bytes = 0
    for (const inode of inodes) {
      const volume = inventory.volume[inode] ?? 0
      if (!volumes.includes(volume)) volumes.push(volume)
      bytes += inventory.size[inode] ?? 0
    }
    const first = torrents[0] ?? 0
    const side = seedingDirs[dirOf[first] ?? 0]?.side ?? "stash"
    return { id: hashOf(first), torrents, inodes, side, volumes, bytes }
  })
}

/**
 * Torrents with the same payload: the same multiset of contents among their wanted files, empty ones left out, whatever
 * their names and folders. Only those whose content ids are all known. By torrent, the number of its payload.
 */
export const payloadsOf = (world: World, resolved: Resolved): ReadonlyMap<number, number> => {
  const { inventory, members } = world
  const numbers = new Map<string, number>()
  const payloads = new Map<number, number>()
  for (const [torrent, { files }] of members.entries()) {
    if (files._tag !== "Known" || resolved.dirOf[torrent] === -1) continue
    const contents = contentsOf(inventory, resolved, torrent, files.value)
    if (contents === undefined || contents.length === 0) continue
    const key = contents.toSorted((one, other) => one - other).join()
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    payloads.set(torrent, number)
  }
  return payloads
}

const contentsOf = (
  inventory: Inventory,
  { inodeOf, start }: Resolved,
  torrent: number,
  files: ReadonlyArray<{ readonly size: number; readonly wanted: boolean }>
): ReadonlyArray<number> | undefined => {
  const contents: Array<number> = []
  for (const [index, { size, wanted }] of files.entries()) {
    if (!wanted || size === 0) continue
    const inode = inodeOf[(start[torrent] ?? 0) + index] ?? -1
    const content = inventory.content[inode] ?? -1
    if (content < 0) return undefined
    contents.push(content)
  }
  return contents
}
