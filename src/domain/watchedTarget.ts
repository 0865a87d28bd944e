import type { Condition } from "./evidence.ts"
import type { ArrName, LibraryFile } from "./watchedWorld.ts"

/* What the watched rules decide about, and what they come to. Times are milliseconds since the epoch, sizes bytes. */

export interface WatchedPolicy {
  /** Milliseconds. */
  readonly grace: number
  readonly keepTag: string
  readonly primaryUser: string
  readonly watchedBy: "primary" | "any" | "all" | ReadonlyArray<string>
  /** Whether a title stays until whoever asked for it has watched it. */
  readonly requesterFirst: boolean
  /** Milliseconds since it was added; null is not at all. */
  readonly staleAfter: number | null
  readonly keepBestQuality: boolean
}

/** Where a title's media items were found: by provider ids, by path, or by both, which then agree. */
export interface Mapping {
  readonly by: "ids" | "path" | "ids and path"
}

/** A movie, a season, or the specials of one file: what is decided, and retired, as a whole. */
export interface Target {
  /** The same for the same title in every run: "radarr/12", "sonarr/7/season/1", "sonarr/7/special/345". */
  readonly key: string
  readonly kind: "movie" | "season" | "special"
  readonly ref: { readonly arr: ArrName; readonly id: number }
  /** As people say it: "Dune (2021)", "Andor, season 1". */
  readonly title: string
  readonly seriesTitle: string | null
  /** 0 for specials; null for a movie. */
  readonly season: number | null
  /** Of the arr, all that are to be unmonitored; empty for a movie. */
  readonly episodeIds: ReadonlyArray<number>
  /** Of these, the ones that the arr watches for: what an undo has to restore. */
  readonly monitoredEpisodeIds: ReadonlyArray<number>
  /** A movie's own flag; for episodes whether any of them is monitored. */
  readonly monitored: boolean
  readonly files: ReadonlyArray<LibraryFile>
  /** Ids of the media items (movies, episodes) that stand for it. */
  readonly mediaIds: ReadonlyArray<string>
  /** Null where it is not mapped, or ambiguous. */
  readonly mapping: Mapping | null
  /** Seerr's media records of it. */
  readonly requestIds: ReadonlyArray<number>
}

export type WatchedRule = "watched" | "stale" | "lesser-quality"

export interface Judged {
  readonly target: Target
  /** The rule that decides; null where none applies, as for what nobody has watched. */
  readonly rule: WatchedRule | null
  /** Every condition that was looked at; those that are not met come first, the deciding one before all. */
  readonly conditions: ReadonlyArray<Condition>
  readonly eligible: boolean
  /** Since or from when it may go as far as time decides; null where time alone does not do it. */
  readonly eligibleAt: number | null
  /** Of its files. */
  readonly bytes: number
  /** Episodes, or the one movie. */
  readonly parts: number
  /** Of these, those that whoever counts has watched. */
  readonly watched: number
  /** The last play of any part by whoever counts. */
  readonly lastWatchedAt: number | null
}

/** Movies, or episodes. */
export interface Tally {
  readonly watched: number
  readonly eligible: number
  /** Watched ones that stay, by the name of what decides. */
  readonly skipped: Readonly<Record<string, number>>
}

/** A title that cannot be told apart on both sides; it is kept. */
export interface Unclear {
  readonly target: Target
  readonly trouble: "unmapped" | "ambiguous"
  readonly why: string
}

export interface WatchedPlan {
  /** Why nothing may go in this run; empty is none. Then `goes` is empty too. */
  readonly stopped: ReadonlyArray<string>
  /** The longest watched first. */
  readonly goes: ReadonlyArray<Judged>
  /** Watched in whole or in part, and staying; by title. */
  readonly stays: ReadonlyArray<Judged>
  readonly movies: Tally
  readonly episodes: Tally
  /** Titles (movies, seasons, specials) with files. */
  readonly share: { readonly eligible: number; readonly of: number }
  readonly unclear: ReadonlyArray<Unclear>
}
