import { Effect, Option, Result } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import type { Explanation } from "../domain/reports.ts"
import { restlessness } from "../domain/discovery.ts"
import { isComplete, type Torrent } from "../domain/torrents.ts"
import { isWithin } from "../platform/BytePath.ts"
import { Disk } from "../services/Disk.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import type { LedgerEntry } from "../state/Torrents.ts"
import { explainItem, historyOf } from "./explain-item.ts"
import { explainRelocation } from "./explain-relocation.ts"
import type { FullExplanation } from "./explain-report.ts"
import { findTarget } from "./explain-target.ts"
import { titlesOf } from "./explain-titles.ts"
import { find } from "./index-cache/find.ts"

const bare = (
  subject: string,
  kind: Explanation["kind"],
  state: string,
  summary: string,
  over: Partial<Explanation> = {}
): Explanation => ({
  subject,
  kind,
  summary,
  state,
  destination: null,
  torrents: [],
  files: [],
  conditions: [],
  earliest: null,
  history: [],
  ...over
})

const nextOf = (torrent: Torrent, completedDir: string): string => {
  if (!isComplete(torrent)) return `It is left alone, because ${restlessness(torrent)}.`
  return isWithin(torrent.contentPath, completedDir)
    ? "It is complete, and no item of ours yet: the next upload looks at it."
    : "It is complete, and lies outside of completedDir: nothing of it is uploaded or released."
}

/** A torrent that no item of ours comes from (yet). */
const explainTorrent = Effect.fnUntraced(function* (entry: LedgerEntry) {
  const client = yield* TorrentClient
  const read = yield* Effect.result(client.torrents)
  const history = yield* historyOf(entry.hash, [])
  const { hash, name } = entry
  if (Result.isFailure(read)) {
    const torrents = [{ hash, name, present: false }]
    const why = `qBittorrent cannot be read, so whether it is still there is unknown: ${read.failure.message}`
    return bare(name, "torrent", "unreadable", why, { torrents, history })
  }
  const torrent = read.success.find((one) => one.hash === hash)
  const torrents = [{ hash, name, present: torrent !== undefined }]
  if (torrent === undefined) {
    const who = entry.removedByUs ? "cleanup removed it" : "somebody removed it"
    const kept = entry.exported === null ? "" : ` Its .torrent is kept at ${entry.exported}.`
    return bare(name, "torrent", "removed", `It has left qBittorrent (${who}).${kept}`, { torrents, history })
  }
  const { completedDir } = yield* AppConfig
  return bare(name, "torrent", torrent.state, nextOf(torrent, completedDir), { torrents, history })
})

const explainUnknown = Effect.fnUntraced(function* (target: string) {
  const client = yield* TorrentClient
  const disk = yield* Disk
  const read = yield* Effect.result(client.torrents)
  if (Result.isSuccess(read)) {
    const wanted = target.toLowerCase()
    const torrent = read.success.find(
      ({ contentPath, hash, name }) => hash === wanted || name === target || contentPath === target
    )
    if (torrent !== undefined) {
      const { completedDir } = yield* AppConfig
      return bare(torrent.name, "torrent", torrent.state, nextOf(torrent, completedDir), {
        torrents: [{ hash: torrent.hash, name: torrent.name, present: true }]
      })
    }
  }
  const blind = Result.isSuccess(read) ? "" : ` (qBittorrent cannot be read: ${read.failure.message})`
  if (!target.startsWith("/")) {
    return bare(target, "unknown", "unknown", `No item, torrent or title of that name or infohash is known${blind}.`)
  }
  const there = yield* disk.stat(target)
  const where = { Known: "It is on the disk", Absent: "It is not on the disk", Unreadable: "It cannot be read" }
  const rest = `no item contains it, so nothing here will upload or delete it until an upload finds it in completedDir`
  return bare(target, "unknown", there._tag.toLowerCase(), `${where[there._tag]}; ${rest}${blind}.`)
})

const explainAlone = Effect.fnUntraced(function* (
  target: string,
  found: Effect.Success<ReturnType<typeof findTarget>>
) {
  const [item] = found.items
  const [entry] = found.torrents
  if (item !== undefined) return yield* explainItem(item)
  if (entry !== undefined) return yield* explainTorrent(entry)
  return yield* explainUnknown(target)
})

/** Of an item more is known than its hashes, and fresher. */
const cachedAt = (path: string) => Effect.map(Effect.option(find(path)), Option.getOrNull)

/**
 * Why something is where it is, and what has to happen before it moves or goes. What cannot be read is shown as that; only an
 * ambiguous target is an error. Changes nothing, and asks the client for the files of no more torrents than it must.
 */
export const explain = Effect.fn("explain")(function* (target: string) {
  const client = yield* TorrentClient
  const torrents = yield* Effect.cached(client.torrents)
  return yield* Effect.gen(function* () {
    const found = yield* findTarget(target)
    const alone = yield* explainAlone(target, found)
    const hashes = new Set([...alone.torrents, ...found.torrents].map(({ hash }) => hash))
    const path = target.startsWith("/") ? target.replace(/(?<=.)\/+$/, "") : null
    const relocation = yield* explainRelocation([...hashes], path)
    const titles = alone.kind === "unknown" ? yield* titlesOf(target) : null
    const explanation: FullExplanation = {
      ...alone,
      ...(titles === null || titles.found.length === 0
        ? {}
        : { subject: target, kind: "title", state: "title", summary: titles.summary }),
      history: [
        ...alone.history,
        ...(relocation?.history ?? []).map(({ begunAt, detail, outcome, step }) => ({
          at: begunAt,
          what: `${step}: ${detail ?? ""} (${outcome ?? "not finished"})`
        }))
      ].toSorted((one, other) => one.at - other.at),
      relocation: relocation?.story ?? null,
      titles,
      cached: alone.kind === "unknown" && path !== null ? yield* cachedAt(path) : null
    }
    return explanation
  }).pipe(Effect.provideService(TorrentClient, { ...client, torrents }))
})
