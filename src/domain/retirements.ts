import type { Condition } from "./evidence.ts"
import type { Target, WatchedRule } from "./watchedTarget.ts"

/**
 * `leaving`: announced, and waiting for its day. `unmonitoring`, `deleting`: under way, or left so by a crash. `failed`:
 * neither finished nor undone, because the arr did not answer; the next run does one of them. `retired`: gone from the
 * library, seen to be gone. `undone`: as it was before.
 */
export const retirementStates = ["leaving", "unmonitoring", "deleting", "failed", "retired", "undone"] as const
export type RetirementState = (typeof retirementStates)[number]

/** Begun at the arr, and not known to have ended. */
export const halfDone: ReadonlyArray<RetirementState> = ["unmonitoring", "deleting", "failed"]

export interface RetirementFile {
  readonly id: number
  /** Absolute host path in the library. */
  readonly path: string
  readonly size: number
  /** Infohashes, lower case, that it came from, as far as the arr's history knows. */
  readonly hashes: ReadonlyArray<string>
}

/** One title on its way out of the library. Times are milliseconds since the epoch, sizes bytes. */
export interface Retirement {
  readonly id: number
  /** Of its target: "radarr/12", "sonarr/7/season/1". */
  readonly key: string
  readonly arr: Target["ref"]["arr"]
  readonly titleId: number
  readonly kind: Target["kind"]
  readonly season: number | null
  readonly title: string
  readonly rule: WatchedRule
  /** What was read when it was decided. */
  readonly conditions: ReadonlyArray<Condition>
  readonly state: RetirementState
  readonly announcedAt: number | null
  readonly dueAt: number | null
  /** Episodes that are unmonitored with it; of these, the ones that were monitored before. Empty for a movie. */
  readonly episodes: ReadonlyArray<number>
  readonly monitoredEpisodes: ReadonlyArray<number>
  /** A movie's own flag before. */
  readonly monitored: boolean
  readonly files: ReadonlyArray<RetirementFile>
  /** Infohashes of all its files. */
  readonly hashes: ReadonlyArray<string>
  readonly bytes: number
  readonly mediaIds: ReadonlyArray<string>
  /** Records of requests that are still to be closed. */
  readonly requests: ReadonlyArray<number>
  readonly begunAt: number
  readonly endedAt: number | null
  /** Why it was undone, or has failed; or why something after it has. */
  readonly reason: string | null
}
