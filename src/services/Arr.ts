import { Context, type Effect, Schema } from "effect"
import type { ArrName, LibraryMovie, LibrarySeries } from "../domain/watchedWorld.ts"

/** Radarr or Sonarr gave no answer that can be believed. */
export class ArrUnreadable extends Schema.TaggedError<ArrUnreadable>()("ArrUnreadable", {
  arr: Schema.String,
  url: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `${this.arr} at ${this.url} cannot be read: ${this.why}`
  }
}

/** Radarr or Sonarr answered, and would not do it (409: its root folder is missing or empty). */
export class ArrRefused extends Schema.TaggedError<ArrRefused>()("ArrRefused", {
  arr: Schema.String,
  act: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `${this.arr} refused to ${this.act}: ${this.why}`
  }
}

/** A title, or the part of a series, whose state in its arr is wanted. */
export interface TitleRef {
  readonly arr: ArrName
  /** Of the movie or the series. */
  readonly id: number
}

/** A series as its list shows it: enough to know which ones have to be asked for their episodes. */
export interface SeriesSummary extends Omit<LibrarySeries, "episodes" | "files" | "queued"> {
  /** `files` as Sonarr counts them: episodes that have one, so that a file of two counts twice. */
  readonly seasons: ReadonlyArray<{ readonly season: number; readonly files: number; readonly bytes: number }>
}

/**
 * The configured Radarrs and Sonarrs. `deleteFiles` is called by the gate only; it empties nothing but the files named,
 * all of one title, in one call.
 */
export class Arr extends Context.Service<
  Arr,
  {
    /** Those that are configured, in this order: radarr, radarr4k, sonarr, sonarr4k. */
    readonly configured: ReadonlyArray<ArrName>
    movies(arr: ArrName): Effect.Effect<ReadonlyArray<LibraryMovie>, ArrUnreadable>
    seriesList(arr: ArrName): Effect.Effect<ReadonlyArray<SeriesSummary>, ArrUnreadable>
    /** Some of that list with their episodes and files, and the queue: one call for each, and one for all of it. */
    withEpisodes(
      arr: ArrName,
      list: ReadonlyArray<SeriesSummary>
    ): Effect.Effect<ReadonlyArray<LibrarySeries>, ArrUnreadable>
    /** With its episodes, files and queue, read now; null where the arr says that it has none (404). */
    series(ref: TitleRef): Effect.Effect<LibrarySeries | null, ArrUnreadable>
    movie(ref: TitleRef): Effect.Effect<LibraryMovie | null, ArrUnreadable>
    /** Labels of the tags that exist. */
    tags(arr: ArrName): Effect.Effect<ReadonlyArray<string>, ArrUnreadable>
    /** Infohashes (lower case) that the files of a title came from, by file id, as far as the history knows. */
    origins(ref: TitleRef): Effect.Effect<ReadonlyMap<number, ReadonlyArray<string>>, ArrUnreadable>
    /** A movie's own flag (`episodes` null), or those of episodes; one call, not read back here. */
    setMonitored(
      ref: TitleRef,
      episodes: ReadonlyArray<number> | null,
      monitored: boolean
    ): Effect.Effect<void, ArrUnreadable | ArrRefused>
    /** Never with an empty list. The answer is no proof: look afterwards. */
    deleteFiles(ref: TitleRef, files: ReadonlyArray<number>): Effect.Effect<void, ArrUnreadable | ArrRefused>
    /** Null, or what the key may not do or is wrong with the set-up (a root folder that is not accessible …). */
    trouble(arr: ArrName): Effect.Effect<string | null, ArrUnreadable>
  }
>()("media-pipeline/Arr") {}
