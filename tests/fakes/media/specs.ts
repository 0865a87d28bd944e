import type { ArrName } from "../../../src/domain/watchedWorld.ts"
import type { ArrEpisode, ArrFile, ArrMovie, ArrSeries, JellyfinItem } from "./state.ts"

/* What a test says about a title, all but its name optional. Times are milliseconds since the epoch. */

/** By user's name: when playback began; null is played without a date. */
export type WatchedBy = Readonly<Record<string, number | null>>

export interface FileSpec {
  /** Below the title's folder. */
  readonly name?: string
  /** Bytes; sparse on the disk. */
  readonly size?: number
  readonly content?: string
  /** A file of a torrent, which the library's is a hardlink of. */
  readonly hardlinkOf?: string
  /** When its arr imported it. */
  readonly added?: number
  /** Lines of the picture. */
  readonly resolution?: number
  /** False: its arr has not looked at the picture. */
  readonly mediaInfo?: boolean
  /** Infohash that it came from; null: the history knows none. */
  readonly hash?: string | null
}

interface WatchedSpec {
  readonly watchedBy?: WatchedBy
  /** Names of users. */
  readonly favouriteOf?: ReadonlyArray<string>
  /** Seconds; null: not probed. */
  readonly runtime?: number | null
  /** Jellyfin's DateCreated; by default when the file was added. */
  readonly created?: number | null
  readonly inJellyfin?: boolean
}

interface TitleSpec {
  readonly title: string
  readonly year?: number
  /** By default its kind's first. */
  readonly arr?: ArrName
  readonly inArr?: boolean
  readonly monitored?: boolean
  /** Labels; made where they are missing. */
  readonly tags?: ReadonlyArray<string>
  readonly added?: number
  readonly tmdb?: number
  readonly imdb?: string
  /** Name of a user. */
  readonly requestedBy?: string
  /** Ids as Jellyfin has them, where they differ. */
  readonly jellyfinIds?: JellyfinItem["ids"]
}

export interface MovieSpec extends TitleSpec, WatchedSpec {
  readonly file?: FileSpec | null
  readonly queued?: boolean
  /** Its file is one more version of that film's item, no item of its own. */
  readonly versionOf?: MovieHandle
}

export interface EpisodeSpec extends WatchedSpec {
  readonly episode: number
  /** The file covers all from `episode` to this one. */
  readonly last?: number
  readonly title?: string
  /** Null: no date is known. */
  readonly airs?: number | null
  readonly monitored?: boolean
  readonly file?: FileSpec | null
  readonly queued?: boolean
}

export interface SeasonSpec {
  /** How many, or each of them. */
  readonly episodes: number | ReadonlyArray<EpisodeSpec>
  /** Of each episode that does not say it itself. */
  readonly watchedBy?: WatchedBy
  readonly airs?: number | null
  readonly monitored?: boolean
  readonly file?: FileSpec | null
  /** Of the season itself. */
  readonly favouriteOf?: ReadonlyArray<string>
  /** Null: Jellyfin's season has no IndexNumber. */
  readonly jellyfinIndex?: number | null
}

export interface SeriesSpec extends TitleSpec {
  readonly tvdb?: number
  readonly status?: ArrSeries["status"]
  readonly seasons: Readonly<Record<number, number | SeasonSpec>>
  /** Of every episode that does not say it itself. */
  readonly watchedBy?: WatchedBy
  readonly favouriteOf?: ReadonlyArray<string>
  readonly inJellyfin?: boolean
}

export interface MovieHandle {
  readonly arr: ArrName
  readonly movie: ArrMovie | null
  readonly item: JellyfinItem | null
  readonly file: ArrFile | null
  /** On this host; null without a file. */
  readonly path: string | null
}

export interface EpisodeHandle {
  readonly episode: ArrEpisode | null
  /** Of a double file it is that of both. */
  readonly item: JellyfinItem | null
  readonly file: ArrFile | null
  readonly path: string | null
}

export interface SeriesHandle {
  readonly arr: ArrName
  readonly folder: string
  readonly series: ArrSeries | null
  readonly item: JellyfinItem | null
  readonly season: (season: number) => {
    readonly item: JellyfinItem | null
    readonly episodes: ReadonlyArray<EpisodeHandle>
  }
  readonly episode: (season: number, episode: number) => EpisodeHandle
  /** Adds one to a series that exists, as when it airs. */
  readonly add: (season: number, episode: EpisodeSpec) => EpisodeHandle
}
