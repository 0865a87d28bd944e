import { Effect } from "effect"
import type { WatchedConfig } from "../../config/watched.ts"
import type { Retirement } from "../../domain/retirements.ts"
import { idKeys } from "../../domain/watchedIndex.ts"
import type { WatchedReport } from "../../domain/watchedReport.ts"
import type { ProviderIds, TitleRequest } from "../../domain/watchedWorld.ts"
import { Arr } from "../../services/Arr.ts"
import { Requests } from "../../services/Requests.ts"
import { Journal } from "../../state/Journal.ts"
import { Retirements } from "../../state/Retirements.ts"
import { forgetRequest } from "./fuses.ts"
import type { World } from "./world.ts"

type Outcome = WatchedReport["requests"][number]

const share = (one: ProviderIds, keys: ReadonlySet<string>) => idKeys(one).some((key) => keys.has(key))

/**
 * Whether somebody asks for more than what has gone: again, since it went, or for a season that has not. Nobody may have
 * approved that yet, and then no library knows of it.
 */
const asksForMore = (
  record: ReadonlyArray<TitleRequest>,
  { arr, endedAt, titleId }: Retirement & { readonly endedAt: number },
  retired: ReadonlyArray<Retirement>
): boolean => {
  const gone = new Set(retired.flatMap((row) => (row.arr === arr && row.titleId === titleId ? [row.season] : [])))
  return record.some(
    ({ kind, requestedAt, seasons }) =>
      (requestedAt !== null && requestedAt > endedAt) || (kind === "tv" && seasons.some((season) => !gone.has(season)))
  )
}

/** Whether anything of what the record asks for is in a library still, or wanted there: closed, it would be forgotten. */
const isWanted = Effect.fnUntraced(function* (record: ReadonlyArray<TitleRequest>, { lists }: World) {
  const arr = yield* Arr
  const keys = new Set(record.flatMap(({ ids }) => idKeys(ids)))
  if (record.some(({ kind }) => kind === "movie")) {
    for (const one of lists.movies.filter(({ ids }) => share(ids, keys))) {
      const movie = yield* arr.movie(one)
      if (movie !== null && (movie.file !== null || movie.monitored)) return true
    }
    return false
  }
  const seasons = new Set(record.flatMap((request) => request.seasons))
  for (const one of lists.summaries.filter(({ ids }) => share(ids, keys))) {
    const series = yield* arr.series(one)
    const asked = (season: number) => seasons.size === 0 || seasons.has(season)
    if (
      series?.episodes.some(({ fileId, monitored, season }) => asked(season) && (fileId !== null || monitored)) === true
    ) {
      return true
    }
  }
  return false
})

/**
 * Closes the requests of what has gone, after it has gone, so that it can be asked for again. One that cannot be closed
 * is tried again by the next run; one that asks for more than what has gone stays.
 */
export const closeRequests = Effect.fn("watched.closeRequests")(function* (world: World, watched: WatchedConfig) {
  const journal = yield* Journal
  const requests = yield* Requests
  const retirements = yield* Retirements
  const outcomes: Array<Outcome> = []
  const retired = yield* retirements.retired
  const rows = retired.filter((row) => row.requests.length > 0)
  if (watched.seerr?.closeRequests !== true || !requests.configured || rows.length === 0) return outcomes

  const closeOne = Effect.fnUntraced(function* (
    row: (typeof rows)[number],
    mediaId: number,
    all: ReadonlyArray<TitleRequest>
  ) {
    const record = all.filter((request) => request.mediaId === mediaId)
    if (record.length === 0 || asksForMore(record, row, retired)) return undefined
    if (yield* isWanted(record, world)) return undefined
    yield* journal.step("watched.close", row.key, `request ${mediaId}`, requests.close(mediaId))
    yield* forgetRequest(mediaId)
    return { mediaId, title: row.title, outcome: "closed", reason: null } satisfies Outcome
  })

  const listed = yield* Effect.result(requests.all)
  for (const row of rows) {
    const open: Array<number> = []
    for (const mediaId of row.requests) {
      const closed = listed._tag === "Failure" ? listed : yield* Effect.result(closeOne(row, mediaId, listed.success))
      if (closed._tag === "Success") {
        if (closed.success !== undefined) outcomes.push(closed.success)
        continue
      }
      open.push(mediaId)
      const reason = `${closed.failure.message}; the next run tries again`
      outcomes.push({ mediaId, title: row.title, outcome: "failed", reason })
    }
    yield* retirements.note(row.id, { requests: open })
  }
  return outcomes
})
