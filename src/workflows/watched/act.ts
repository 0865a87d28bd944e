import { Clock, Effect } from "effect"
import type { WatchedConfig } from "../../config/watched.ts"
import type { TitleFile } from "../../domain/deletionRetired.ts"
import { known } from "../../domain/fact.ts"
import type { Retirement } from "../../domain/retirements.ts"
import type { Judged, Target } from "../../domain/watchedTarget.ts"
import { Arr } from "../../services/Arr.ts"
import { Gate } from "../../services/Gate.ts"
import { Journal } from "../../state/Journal.ts"
import { type Begun, Retirements } from "../../state/Retirements.ts"
import { revalidate } from "./revalidate.ts"
import { settle } from "./settle.ts"
import type { World } from "./world.ts"

export interface Acted {
  readonly judged: Judged
  readonly outcome: "retired" | "kept" | "failed"
  readonly reason: string | null
  readonly freedBytes: number
}

/** What has to be known afterwards, or to undo it, written down before anything is touched. */
export const begunOf = (
  { conditions, rule, target }: Judged,
  watched: WatchedConfig,
  origins: ReadonlyMap<number, ReadonlyArray<string>>
): Begun => ({
  key: target.key,
  arr: target.ref.arr,
  titleId: target.ref.id,
  kind: target.kind,
  season: target.season,
  title: target.title,
  rule: rule ?? "watched",
  conditions,
  episodes: target.episodeIds,
  monitoredEpisodes: target.monitoredEpisodeIds,
  monitored: target.monitored,
  files: target.files.map(({ id, path, size }) => ({ id, path, size, hashes: origins.get(id) ?? [] })),
  mediaIds: target.mediaIds,
  requests: watched.seerr?.closeRequests === true ? target.requestIds : []
})

/** Tells the arr to let go of it, and reads back whether it did. */
const unmonitor = Effect.fnUntraced(function* ({ episodeIds, key, kind, monitored, ref }: Target) {
  const arr = yield* Arr
  const journal = yield* Journal
  const episodes = kind === "movie" ? null : episodeIds
  if (monitored) {
    yield* journal.step("watched.unmonitor", key, "not monitored any more", arr.setMonitored(ref, episodes, false))
  }
  if (episodes === null) return (yield* arr.movie(ref))?.monitored === false
  const series = yield* arr.series(ref)
  const parts = new Set(episodes)
  return series !== null && !series.episodes.some((one) => parts.has(one.id) && one.monitored)
})

const isSome = (files: ReadonlyArray<TitleFile>): files is readonly [TitleFile, ...ReadonlyArray<TitleFile>] =>
  files.length > 0

const titleFiles = ({ files }: Target): ReadonlyArray<TitleFile> =>
  files.map(({ id, path, size }) => ({ id, path, size }))

/** Unmonitor, read back, delete, verify. Whatever stops it, is undone now or in the next run, by looking. */
const take = Effect.fnUntraced(function* (row: Retirement, judged: Judged, readAt: number) {
  const gate = yield* Gate
  const journal = yield* Journal
  const retirements = yield* Retirements
  const { rule, target } = judged
  const failed = (reason: string): Acted => ({ judged, outcome: "failed", reason, freedBytes: 0 })
  const undo = Effect.fnUntraced(function* (why: string) {
    const { outcome, reason } = yield* settle(row, why)
    if (outcome === "retired") return { judged, outcome: "retired", reason: null, freedBytes: 0 } satisfies Acted
    return failed(outcome === "open" && reason !== null ? `${why}; ${reason}` : why)
  })
  const unmonitored = yield* Effect.result(unmonitor(target))
  if (unmonitored._tag === "Failure") return yield* undo(unmonitored.failure.message)
  if (!unmonitored.success) return yield* undo(`${row.arr} was told not to monitor it any more, and still does`)
  const files = titleFiles(target)
  if (!isSome(files)) return yield* undo("it has no files any more")
  const now = yield* Clock.currentTimeMillis
  yield* retirements.move(row.id, ["unmonitoring"], "deleting")
  const pass = gate.pass({
    _tag: "Retired",
    subject: target.title,
    ref: target.ref,
    episodes: target.kind === "movie" ? null : target.episodeIds,
    files,
    unmonitored: known(true, row.arr, now),
    rule: known(rule ?? "", "the watched rules", readAt),
    conditions: judged.conditions
  })
  const done = yield* Effect.result(journal.step("watched.delete", row.key, `${files.length} files`, pass))
  if (done._tag === "Success") {
    yield* retirements.move(row.id, ["deleting"], "retired")
    return { judged, outcome: "retired", reason: null, freedBytes: done.success.bytes } satisfies Acted
  }
  if (done.failure._tag === "GateRefused") return yield* undo(done.failure.message)
  // It may happen yet: monitored again now, it would be downloaded again.
  yield* retirements.move(row.id, ["deleting"], "failed", { reason: done.failure.message })
  return failed(`${done.failure.message}; the next run finishes or undoes it`)
})

/** Retires one title of the plan, if it is still as planned. Fails, having touched nothing, where it cannot be read. */
export const retire = Effect.fn("watched.retire")(function* (world: World, watched: WatchedConfig, planned: Judged) {
  const arr = yield* Arr
  const retirements = yield* Retirements
  const again = yield* revalidate(world, watched, planned)
  if (again._tag === "stays") {
    return { judged: again.judged ?? planned, outcome: "kept", reason: again.why, freedBytes: 0 } satisfies Acted
  }
  const origins = yield* arr.origins(planned.target.ref)
  const row = yield* retirements.begin(begunOf(again.judged, watched, origins))
  return yield* take(row, again.judged, again.readAt)
})
