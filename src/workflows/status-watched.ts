import { Effect, Option, Schema } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import type { RetirementState } from "../domain/retirements.ts"
import type { WatchedReport } from "../domain/watchedReport.ts"
import { Retirements } from "../state/Retirements.ts"
import { Runs } from "../state/Runs.ts"
import { nextElapse } from "./timer.ts"

const key = "watched.found"
const shownRetired = 5

const Found = Schema.Struct({
  /** Films and seasons. */
  eligible: Schema.Natural,
  titles: Schema.Natural,
  /** Stopped in disbelief; null is that it was not. */
  fuse: Schema.NullOr(Schema.String)
})
export type Found = typeof Found.Type

export interface WatchedStatus {
  readonly dryRun: boolean
  /** As the systemd timer has it; null where there is none, or it cannot be asked. */
  readonly nextAt: number | null
  /** What the last run that looked at everything has found; null when none has. */
  readonly found: (Found & { readonly at: number }) | null
  /** The first due first. */
  readonly leaving: ReadonlyArray<{
    readonly key: string
    readonly title: string
    readonly bytes: number
    readonly dueAt: number | null
  }>
  /** Begun at an arr, and neither finished nor undone. */
  readonly halfDone: ReadonlyArray<{
    readonly key: string
    readonly title: string
    readonly state: RetirementState
    readonly reason: string | null
  }>
  readonly retired: {
    readonly titles: number
    readonly bytes: number
    /** The newest first. */
    readonly lately: ReadonlyArray<{ readonly title: string; readonly bytes: number; readonly at: number }>
  }
}

/** Keeps what a run has found, for those who ask later. */
export const noteWatched = Effect.fn("status.noteWatched")(function* (report: WatchedReport) {
  const runs = yield* Runs
  if (report.share.of === 0 && !report.alarming) return
  const found: Found = {
    eligible: report.share.eligible,
    titles: report.share.of,
    fuse: report.alarming ? report.stopped : null
  }
  yield* runs.observe(key, JSON.stringify(found))
})

const lastFound = Effect.gen(function* () {
  const seen = Option.getOrUndefined(yield* (yield* Runs).observed(key))
  if (seen === undefined) return null
  const found = Schema.decodeUnknownOption(Schema.fromJsonString(Found))(seen.value)
  return Option.isNone(found) ? null : { ...found.value, at: seen.at }
})

/** What the database knows of it. */
export const watchedTotals = Effect.gen(function* () {
  const { halfDone, leaving, retired } = yield* Retirements
  return { found: yield* lastFound, halfDone: yield* halfDone, leaving: yield* leaving, retired: yield* retired }
})

/** Null where nothing is retired, and nothing ever was. */
export const watchedStatus = Effect.gen(function* () {
  const { watched } = yield* AppConfig
  const { found, halfDone, leaving, retired } = yield* watchedTotals
  if (watched === undefined && leaving.length + halfDone.length + retired.length === 0) return null
  const status: WatchedStatus = {
    dryRun: watched?.dryRun ?? true,
    nextAt: watched === undefined ? null : yield* nextElapse("media-pipeline-watched.timer"),
    found,
    leaving: leaving.map(({ bytes, dueAt, key, title }) => ({ key, title, bytes, dueAt })),
    halfDone: halfDone.map(({ key, reason, state, title }) => ({ key, title, state, reason })),
    retired: {
      titles: retired.length,
      bytes: retired.reduce((sum, { bytes }) => sum + bytes, 0),
      lately: retired
        .toSorted((one, other) => other.endedAt - one.endedAt)
        .slice(0, shownRetired)
        .map(({ bytes, endedAt, title }) => ({ title, bytes, at: endedAt }))
    }
  }
  return status
})
