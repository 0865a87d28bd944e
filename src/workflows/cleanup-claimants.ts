import { Clock, Effect } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import { type Claimant, identity, type Place } from "../domain/claims.ts"
import { type Fact, known } from "../domain/fact.ts"
import { isComplete, type Torrent } from "../domain/torrents.ts"
import { isWithin, join } from "../platform/BytePath.ts"
import { Disk } from "../services/Disk.ts"
import { TorrentClient } from "../services/TorrentClient.ts"

/** The folders that hold items: completedDir, and those of the client's categories below it. */
export const containers = Effect.gen(function* () {
  const config = yield* AppConfig
  const client = yield* TorrentClient
  const all = new Set([config.completedDir])
  for (const [name, savePath] of yield* client.categories) {
    const folder = savePath === "" ? join(config.completedDir, name) : savePath
    if (isWithin(folder, config.completedDir)) all.add(folder)
  }
  for (const name of Object.keys(config.categories)) all.add(join(config.completedDir, name))
  return [...all]
})

const placeAt = Effect.fnUntraced(function* (path: string, lookInside: boolean) {
  const disk = yield* Disk
  const leads = yield* disk.resolve(path)
  if (leads._tag !== "Known") return { place: { path, found: leads, inside: null } satisfies Place, id: undefined }
  const id = identity(leads.value.entry.fence)
  const found = known({ path: leads.value.path, id }, leads.source, leads.readAt)
  if (!lookInside) return { place: { path, found, inside: null } satisfies Place, id }
  const tree = yield* disk.walk(leads.value.path)
  const inside: Fact<ReadonlySet<string>> =
    tree._tag === "Known"
      ? known(new Set(tree.value.files.map(({ fence }) => identity(fence))), tree.source, tree.readAt)
      : tree
  return { place: { path, found, inside } satisfies Place, id }
})

export interface Located {
  readonly torrent: Torrent
  readonly claimant: Claimant
}

/**
 * Where each torrent's bytes are. `lookInside`: also which contents its folder holds, for items that have hardlinks
 * elsewhere. A torrent without a folder of its own is asked for its files.
 */
export const locate = Effect.fn("cleanup.locate")(function* (
  torrents: ReadonlyArray<Torrent>,
  roots: ReadonlyArray<string>,
  lookInside: boolean
) {
  const disk = yield* Disk
  const client = yield* TorrentClient
  const rootIds = new Set<string>()
  for (const root of roots) {
    const leads = yield* disk.resolve(root)
    if (leads._tag === "Known") rootIds.add(identity(leads.value.entry.fence))
  }
  return yield* Effect.forEach(
    torrents,
    Effect.fnUntraced(function* (torrent: Torrent) {
      const { contentPath, hash, name } = torrent
      const settled = isComplete(torrent)
      if (contentPath === "") {
        const claimant: Claimant = { hash, name, contentPath, places: [], rootless: false, settled }
        return { torrent, claimant } satisfies Located
      }
      const named = contentPath === torrent.savePath || roots.some((root) => isWithin(root, contentPath))
      const { id, place } = yield* placeAt(contentPath, lookInside && !named)
      const rootless = named || (id !== undefined && rootIds.has(id))
      if (!rootless) {
        const claimant: Claimant = { hash, name, contentPath, places: [place], rootless, settled }
        return { torrent, claimant } satisfies Located
      }
      const files = yield* client.files(hash)
      const places: Array<Place> = []
      for (const file of files) {
        const at = yield* placeAt(join(contentPath, file.path), false)
        // A file that nobody wanted need not be there.
        if (file.wanted || at.place.found._tag === "Known") places.push({ ...at.place, inside: emptyAt(at.place) })
      }
      return { torrent, claimant: { hash, name, contentPath, places, rootless, settled } } satisfies Located
    })
  )
})

/** A file holds nothing but itself, and its own identity is in `found`. */
const emptyAt = ({ found }: Place): Fact<ReadonlySet<string>> =>
  found._tag === "Known" ? known(new Set<string>(), found.source, found.readAt) : found

/** The client's list and where it leads, read now. */
export const readClaimants = Effect.fnUntraced(function* (roots: ReadonlyArray<string>, lookInside: boolean) {
  const client = yield* TorrentClient
  const torrents = yield* client.torrents
  const readAt = yield* Clock.currentTimeMillis
  return known<ReadonlyArray<Located>>(yield* locate(torrents, roots, lookInside), "qBittorrent", readAt)
})
