import { display, isWithin, join } from "../platform/BytePath.ts"
import type { Component } from "./components.ts"
import type { View } from "./relocation.ts"
import type { SeedingDir, Side, World } from "./relocationWorld.ts"
import { otherSide } from "./relocationWorld.ts"
import type { Resolved } from "./residency.ts"

/** Where on the other side a component would lie. */
export interface Place {
  readonly side: Side
  readonly volume: number
  /** By torrent of the component, in its order: the save path there. */
  readonly savePaths: ReadonlyArray<string>
  /** By torrent: the seeding directory here, and the one there. */
  readonly dirs: ReadonlyArray<{ readonly from: string; readonly to: string }>
}

const on = (dirs: ReadonlyArray<SeedingDir>, side: Side) => dirs.filter((dir) => dir.side === side)

/** The same place in the list of the other side: the first directory there answers to the first one here. */
const counterpart = (dirs: ReadonlyArray<SeedingDir>, dir: SeedingDir): SeedingDir | undefined =>
  on(dirs, otherSide(dir.side))[on(dirs, dir.side).indexOf(dir)]

const below = (path: string, folder: string): string => path.slice(folder.length).replace(/^\/+/, "")

/**
 * The places that a component may move to, one for each filesystem there, the one that answers to its first torrent's
 * directory first. Below the seeding directory everything keeps its path.
 */
export const placesOf = (world: World, resolved: Resolved, component: Component): ReadonlyArray<Place> => {
  const { inventory, members, seedingDirs } = world
  const side = otherSide(component.side)
  const dirs = component.torrents.map((torrent) => seedingDirs[resolved.dirOf[torrent] ?? 0])
  const first = dirs[0]
  const preferred = first === undefined ? undefined : counterpart(seedingDirs, first)
  const fsids = new Set(
    [preferred, ...on(seedingDirs, side)].flatMap((dir) => (dir === undefined || dir.fsid === null ? [] : [dir.fsid]))
  )
  return Array.from(fsids, (fsid): Place => {
    const there = on(seedingDirs, side).find((dir) => dir.fsid === fsid)
    const pairs = dirs.map((dir) => {
      const twin = dir === undefined ? undefined : counterpart(seedingDirs, dir)
      return { from: dir?.path ?? "", to: (twin?.fsid === fsid ? twin : there)?.path ?? "" }
    })
    const savePaths = component.torrents.map((torrent, index) => {
      const { from, to } = pairs[index] ?? { from: "", to: "" }
      const rest = below(members[torrent]?.torrent.savePath ?? "", from)
      return rest === "" ? to : join(to, rest)
    })
    return { side, volume: inventory.volumeNumber(fsid), savePaths, dirs: pairs }
  })
}

/** Two directories that lead to one there: only then can two files of different names meet. */
export const mayMeet = ({ seedingDirs }: World): boolean =>
  (["stash", "pool"] as const).some((side) => {
    const [here, there] = [on(seedingDirs, side), on(seedingDirs, otherSide(side))]
    const fsids = new Set(there.map(({ fsid }) => fsid))
    const nested = here.some((dir) => here.some((other) => other !== dir && isWithin(other.path, dir.path)))
    return here.length > there.length || fsids.size > 1 || nested || there.some(({ fsid }) => fsid === null)
  })

/** Position among `torrents` of the one that has a file. Files count on through all torrents, as in `Resolved`. */
export const positionOf = (start: Int32Array, torrents: ReadonlyArray<number>, file: number): number =>
  torrents.findIndex((torrent) => (start[torrent] ?? 0) <= file && file < (start[torrent + 1] ?? 0))

/** Its path relative to the save path. */
export const nameOf = ({ members }: World, { start }: Resolved, torrent: number, file: number): string => {
  const files = members[torrent]?.files
  return files?._tag === "Known" ? (files.value[file - (start[torrent] ?? 0)]?.path ?? "") : ""
}

/** Where it is, and where it would be over there. */
export const targetOf = (
  world: World,
  resolved: Resolved,
  place: Place,
  torrents: ReadonlyArray<number>,
  file: number
): View => {
  const position = positionOf(resolved.start, torrents, file)
  const torrent = torrents[position] ?? 0
  const name = nameOf(world, resolved, torrent, file)
  const { from, to } = place.dirs[position] ?? { from: "", to: "" }
  const source = join(world.members[torrent]?.torrent.savePath ?? "", name)
  return { source, target: join(place.savePaths[position] ?? "", name), from, to }
}

/**
 * The files whose names are to be made over there, each name once; or why not all of them can be. `taken` is what
 * earlier steps make, where different directories may lead to one.
 */
export const viewsOf = (
  world: World,
  resolved: Resolved,
  { torrents }: Component,
  place: Place,
  taken: ReadonlyMap<string, number> | null
): ReadonlyArray<number> | string => {
  const { entryOf, inodeOf, start } = resolved
  const entries = new Set<number>()
  const paths = new Map<string, number>()
  const views: Array<number> = []
  for (const torrent of torrents) {
    for (let file = start[torrent] ?? 0; file < (start[torrent + 1] ?? 0); file++) {
      const inode = inodeOf[file] ?? -1
      const entry = entryOf[file] ?? -1
      if (inode < 0 || entries.has(entry)) continue
      if (torrents.length > 1) entries.add(entry)
      if (taken !== null) {
        const { target } = targetOf(world, resolved, place, torrents, file)
        const before = paths.get(target) ?? taken.get(target)
        if (before === inode) continue
        if (before !== undefined) return `two files would lie at ${display(target)}`
        paths.set(target, inode)
      }
      views.push(file)
    }
  }
  return views
}
