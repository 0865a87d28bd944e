import type { Condition } from "./evidence.ts"
import type { Retirement } from "./retirements.ts"
import type { Tally, Target, WatchedRule } from "./watchedTarget.ts"

/** What a run did with one title. Times are milliseconds since the epoch, sizes bytes. */
export interface WatchedTitle {
  readonly key: string
  readonly kind: Target["kind"]
  readonly arr: Target["ref"]["arr"]
  readonly title: string
  /**
   * `announced`: shown as leaving since this run, `leaving` since an earlier one. `waits`: it may go, and a later run
   * does it (cap, room on the disk). `would-…` in a dry run.
   */
  readonly outcome:
    | "retired"
    | "announced"
    | "leaving"
    | "waits"
    | "kept"
    | "failed"
    | "would-retire"
    | "would-announce"
  readonly rule: WatchedRule | null
  /** What decides that it stays, or why it failed, in one sentence; null when it went. */
  readonly reason: string | null
  readonly conditions: ReadonlyArray<Condition>
  readonly bytes: number
  /** Given back to the disk by it; a file that a torrent links still gives none. */
  readonly freedBytes: number
  /** Episodes, or the one movie; and those of them that whoever counts has watched. */
  readonly parts: number
  readonly watched: number
  readonly lastWatchedAt: number | null
  readonly eligibleAt: number | null
  /** When its countdown ends. */
  readonly dueAt: number | null
}

export interface WatchedCounts extends Tally {
  readonly deleted: number
  readonly failed: number
}

/** What an earlier run had left half done. `open`: still so. */
export interface SettledTitle {
  readonly key: string
  readonly title: string
  readonly outcome: "retired" | "undone" | "open"
  readonly reason: string | null
}

export interface WatchedReport {
  readonly dryRun: boolean
  readonly movies: WatchedCounts
  readonly episodes: WatchedCounts
  /** What goes first, then what stays. */
  readonly titles: ReadonlyArray<WatchedTitle>
  readonly settled: ReadonlyArray<SettledTitle>
  /** Announced by an earlier run, and staying after all. */
  readonly reset: ReadonlyArray<{ readonly key: string; readonly title: string; readonly reason: string }>
  /** Titles that cannot be told apart on both sides; they stay. */
  readonly unclear: ReadonlyArray<{
    readonly key: string
    readonly title: string
    readonly trouble: "unmapped" | "ambiguous"
    readonly why: string
  }>
  readonly requests: ReadonlyArray<{
    readonly mediaId: number
    readonly title: string
    readonly outcome: "closed" | "failed"
    readonly reason: string | null
  }>
  /** What went wrong beside the titles: the collection, a notice. */
  readonly troubles: ReadonlyArray<string>
  /** Films and seasons (and specials, file by file): eligible, and all. */
  readonly share: { readonly eligible: number; readonly of: number }
  /** Why the run retired nothing, or ended before its list did; null when it did not. */
  readonly stopped: string | null
  /** `stopped` by something that a person should look at: exit code 1. */
  readonly alarming: boolean
  readonly freedBytes: number
  readonly milliseconds: number
}

/** A title from its request to the release of its torrents. */
export interface TitleStory {
  readonly key: string
  readonly title: string
  /** One sentence: what is next for it. */
  readonly summary: string
  /** Null: it has no files in the library (any more). */
  readonly judged: {
    readonly eligible: boolean
    readonly rule: WatchedRule | null
    readonly conditions: ReadonlyArray<Condition>
    readonly eligibleAt: number | null
    readonly bytes: number
    readonly files: ReadonlyArray<string>
    /** How it was found on both sides. */
    readonly mapping: string | null
  } | null
  readonly requests: ReadonlyArray<{
    readonly mediaId: number
    readonly requester: string | null
    readonly requestedAt: number | null
  }>
  readonly plays: ReadonlyArray<{
    readonly viewer: string
    readonly item: string
    readonly played: boolean
    readonly at: number | null
    readonly favourite: boolean
  }>
  /** Newest first. */
  readonly retirements: ReadonlyArray<Retirement>
  readonly torrents: ReadonlyArray<{
    readonly hash: string
    readonly name: string | null
    readonly seedingSeconds: number | null
    /** When it left the client; null while it is there, or was never seen. */
    readonly goneAt: number | null
    readonly removedByUs: boolean
  }>
  readonly history: ReadonlyArray<{ readonly at: number; readonly what: string }>
}
