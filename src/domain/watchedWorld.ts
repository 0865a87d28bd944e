import type { Fact } from "./fact.ts"

/* What the watched rules look at. Times are milliseconds since the epoch, sizes bytes, paths absolute host paths. */

/** Ids of a title at the providers; of an episode those of its series. */
export interface ProviderIds {
  readonly tmdb?: string
  readonly imdb?: string
  readonly tvdb?: string
}

export interface Viewer {
  readonly id: string
  readonly name: string
}

/** What one viewer has done with one item. */
export interface Viewing {
  readonly played: boolean
  /** When playback last began; null where the server has no date. */
  readonly at: number | null
  readonly favourite: boolean
}

/** A film or an episode, as the media server lists it. */
export interface MediaItem {
  readonly id: string
  readonly kind: "movie" | "episode"
  readonly name: string
  /** Of every version of it. */
  readonly paths: ReadonlyArray<string>
  readonly ids: ProviderIds
  readonly series: { readonly id: string; readonly name: string; readonly ids: ProviderIds } | null
  readonly seasonId: string | null
  readonly season: number | null
  /** A file of two episodes covers `episode` to `lastEpisode`; otherwise they are the same. */
  readonly episode: number | null
  readonly lastEpisode: number | null
  readonly addedAt: number | null
  /** Milliseconds; null or 0 is unknown: the server then takes the first second for all of it. */
  readonly runtime: number | null
}

/** The media server's side, each part read whole or Unreadable. */
export interface MediaFacts {
  readonly viewers: ReadonlyArray<Viewer>
  readonly items: ReadonlyArray<MediaItem>
  /** By viewer's id, then by item's id. An item that is not listed was never played by that viewer. */
  readonly viewings: ReadonlyMap<string, ReadonlyMap<string, Viewing>>
  /** Ids of anything that any viewer marked: a film, an episode, a season, a series; with who did. */
  readonly favourites: ReadonlyMap<string, ReadonlyArray<string>>
  /** Ids of items that are next for a viewer; with whom. */
  readonly nextUp: ReadonlyMap<string, ReadonlyArray<string>>
  /** Ids of items (and of their series) that somebody plays now; with who does. */
  readonly playing: ReadonlyMap<string, ReadonlyArray<string>>
}

/** Which of up to two libraries of its kind: `radarr4k` and `sonarr4k` as Seerr calls them. */
export type ArrName = "radarr" | "radarr4k" | "sonarr" | "sonarr4k"

export interface LibraryFile {
  readonly id: number
  readonly path: string
  readonly size: number
  readonly addedAt: number | null
  /** Lines of the picture, 2160; null where it was not looked at. */
  readonly resolution: number | null
  readonly quality: string
}

export interface LibraryMovie {
  readonly arr: ArrName
  readonly id: number
  readonly title: string
  readonly year: number | null
  readonly ids: ProviderIds
  readonly monitored: boolean
  /** Labels, resolved; Unreadable stops the run. */
  readonly tags: Fact<ReadonlyArray<string>>
  readonly addedAt: number | null
  readonly file: LibraryFile | null
  /** Something of it is in the download queue. */
  readonly queued: boolean
}

export interface LibraryEpisode {
  readonly id: number
  readonly season: number
  readonly episode: number
  readonly title: string
  /** Null where no date is known: it counts as unaired. */
  readonly airsAt: number | null
  readonly monitored: boolean
  /** Null: there is no file. Several episodes can share one. */
  readonly fileId: number | null
}

export interface LibrarySeries {
  readonly arr: ArrName
  readonly id: number
  readonly title: string
  readonly year: number | null
  readonly ids: ProviderIds
  readonly status: "continuing" | "ended" | "upcoming" | "deleted"
  readonly monitored: boolean
  readonly tags: Fact<ReadonlyArray<string>>
  readonly addedAt: number | null
  /** Of the series, as far as they were asked for. */
  readonly episodes: ReadonlyArray<LibraryEpisode>
  readonly files: ReadonlyArray<LibraryFile>
  /** Ids of episodes that are in the download queue. */
  readonly queued: ReadonlySet<number>
}

/** A request in Seerr. */
export interface TitleRequest {
  /** Of Seerr's media record, which holds all requests of a title. */
  readonly mediaId: number
  readonly kind: "movie" | "tv"
  readonly ids: ProviderIds
  readonly seasons: ReadonlyArray<number>
  /** The media server's user name or id of who asked for it; null where Seerr does not know. */
  readonly requester: { readonly name: string; readonly viewerId: string | null } | null
  readonly requestedAt: number | null
}

export interface LibraryFacts {
  readonly movies: ReadonlyArray<LibraryMovie>
  readonly series: ReadonlyArray<LibrarySeries>
  /** Null: Seerr is not configured. */
  readonly requests: ReadonlyArray<TitleRequest> | null
}
