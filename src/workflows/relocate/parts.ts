import { Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import { overlap } from "../../domain/paths.ts"
import type { Inventory } from "../../domain/relocationInventory.ts"
import type { Member, Volume, World } from "../../domain/relocationWorld.ts"
import type { Torrent } from "../../domain/torrents.ts"
import { isWithin } from "../../platform/BytePath.ts"
import { Disk } from "../../services/Disk.ts"
import { Cache } from "../../state/Cache.ts"
import { Sagas } from "../../state/Sagas.ts"
import type { RunFacts } from "./machine.ts"
import type { Sides } from "./sides.ts"

/** Each torrent under the paths by which the disks are looked at. */
export const placed = (torrents: ReadonlyArray<Torrent>, canonical: RunFacts["canonical"]) =>
  Effect.forEach(
    torrents,
    Effect.fnUntraced(function* (torrent) {
      const savePath = yield* canonical(torrent.savePath)
      // The content itself may be a symlink: only the folder that it lies in is resolved.
      const below = torrent.savePath !== "" && isWithin(torrent.contentPath, torrent.savePath)
      const contentPath = below
        ? `${savePath}${torrent.contentPath.slice(torrent.savePath.length)}`
        : yield* canonical(torrent.contentPath)
      return { ...torrent, savePath, contentPath }
    })
  )

/** Whether a torrent, placed, can have anything in a seeding directory. */
export const concerns = ({ folders }: Sides, { contentPath, savePath }: Torrent): boolean =>
  folders.some(({ path }) => [savePath, contentPath].some((place) => place !== "" && overlap(place, path)))

const volumesOf = Effect.fnUntraced(function* (sides: Sides) {
  const disk = yield* Disk
  const open = yield* (yield* Sagas).open
  const volumes = new Map<string, Volume>()
  for (const { fsid, path, side } of sides.folders) {
    if (volumes.has(fsid)) continue
    const free = yield* disk.freeBytes(path)
    const promisedBytes = open.reduce((sum, saga) => sum + (saga.toFsid === fsid ? saga.promisedBytes : 0), 0)
    volumes.set(fsid, { fsid, side, freeBytes: free._tag === "Known" ? free.value : null, promisedBytes })
  }
  return [...volumes.values()]
})

/** What was looked at, with all that is known beside it. */
export const worldAround = Effect.fnUntraced(function* (
  sides: Sides,
  inventory: Inventory,
  members: ReadonlyArray<Member>
) {
  const { storage } = yield* AppConfig
  const world: World = {
    inventory,
    members,
    seedingDirs: sides.folders.map(({ fsid, path, side }) => ({ side, path, fsid })),
    volumes: yield* volumesOf(sides),
    unavailable: sides.unavailable,
    undecidedSizes: yield* (yield* Cache).undecidedSizes,
    seedOnlyTag: storage?.seedOnlyTag ?? "",
    reserveBytes: storage?.reserveBytes ?? 0
  }
  return world
})
