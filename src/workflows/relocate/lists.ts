import { Effect } from "effect"
import type { Inventory } from "../../domain/relocationInventory.ts"
import type { PayloadFile } from "../../domain/relocationWorld.ts"
import type { Torrent } from "../../domain/torrents.ts"
import { join } from "../../platform/BytePath.ts"
import { TorrentClient } from "../../services/TorrentClient.ts"
import { Cache } from "../../state/Cache.ts"

/** Milliseconds. What changes about a file without a trace elsewhere is noticed by a plan after a day at the latest. */
const believed = 86_400_000

/** `cached, as they are`: what has to be read anew is not kept. `fresh`: all are read, and kept for the next plan. */
export type Lists = "cached" | "cached, as they are" | "fresh"

/** Read calls that the client is given at once: it answers them one after the other. */
const concurrency = 8

/**
 * What the list of torrents says that a change of the files shows in: a renamed root or single file, a place, a
 * selection of another size. Neither a file renamed inside a folder nor a selection of the same size does.
 */
const stampOf = ({ addedAt, completedAt, contentPath, name, savePath, size }: Torrent): string =>
  JSON.stringify([name, savePath, contentPath, size, addedAt, completedAt])

/** What is unfinished changes all the time. */
const isFinished = ({ amountLeft, progress }: Torrent): boolean => progress === 1 && amountLeft === 0

/** Every wanted file is where the list says and as large: whoever renames one by the client renames it on the disk. */
const agrees = (inventory: Inventory, { savePath }: Torrent, files: ReadonlyArray<PayloadFile>): boolean => {
  let last = { inner: "", folder: inventory.folderAt(savePath) }
  return files.every(({ path, size, wanted }) => {
    if (!wanted) return true
    const slash = path.lastIndexOf("/")
    const inner = slash < 0 ? "" : path.slice(0, slash)
    if (inner !== last.inner) last = { inner, folder: inventory.folderAt(join(savePath, inner)) }
    const entry = inventory.entryIn(last.folder, path.slice(slash + 1))
    return entry >= 0 && inventory.size[inventory.inodeOf[entry] ?? -1] === size
  })
}

/**
 * The files of each torrent, by infohash. A call for each of ten thousand torrents takes long: a cached list serves
 * where nothing speaks against it.
 */
export const filesOf = Effect.fn("relocate.files")(function* (
  inventory: Inventory,
  torrents: ReadonlyArray<Torrent>,
  now: number,
  lists: Lists
) {
  const cache = yield* Cache
  const client = yield* TorrentClient
  const stamps = new Map(torrents.filter(isFinished).map((torrent) => [torrent.hash, stampOf(torrent)]))
  const found = new Map<string, ReadonlyArray<PayloadFile>>()
  const asked: Array<Torrent> = []
  const cached = lists !== "fresh" ? yield* cache.fileLists(stamps, now - believed) : new Map<string, never>()
  for (const torrent of torrents) {
    const files = cached.get(torrent.hash)
    if (files !== undefined && agrees(inventory, torrent, files)) found.set(torrent.hash, files)
    else asked.push(torrent)
  }
  yield* Effect.forEach(
    asked,
    Effect.fnUntraced(function* ({ hash }) {
      const files = yield* client.files(hash)
      found.set(
        hash,
        files.map(({ path, size, wanted }) => ({ path, size, wanted }))
      )
    }),
    { concurrency, discard: true }
  )
  const read = asked.flatMap(({ hash }) => {
    const stamp = stamps.get(hash)
    return stamp === undefined ? [] : [{ hash, stamp, readAt: now, files: found.get(hash) ?? [] }]
  })
  if (read.length > 0 && lists !== "cached, as they are")
    yield* cache.keepFileLists(read, new Set(torrents.map(({ hash }) => hash)))
  return found
})
