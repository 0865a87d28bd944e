import type { ArrName } from "../../../src/domain/watchedWorld.ts"

/*
 * What the four services hold. Times are milliseconds since the epoch. Paths are those of this host: each service shows
 * them as it sees them. A test may change any of it in place; in a big world it calls `touch` afterwards, because
 * answers are kept ready there.
 */

export interface JellyfinUser {
  readonly id: string
  name: string
  admin: boolean
  disabled: boolean
}

/** What one user did with one item. */
export interface UserData {
  played: boolean
  lastPlayed: number | null
  favourite: boolean
  playCount: number
  /** Seconds. */
  position: number
}

export type ItemType = "Movie" | "Series" | "Season" | "Episode" | "BoxSet" | "CollectionFolder"

export interface JellyfinItem {
  readonly id: string
  readonly type: ItemType
  name: string
  /** Of every version; the first is the item's own. None: an episode that is missing (Virtual), or a folder. */
  paths: Array<string>
  size: number
  ids: { Tmdb?: string; Imdb?: string; Tvdb?: string }
  parentId: string | null
  seriesId: string | null
  seasonId: string | null
  /** Of an episode, or of a season; null where the server could not tell. */
  index: number | null
  lastIndex: number | null
  /** Season of an episode. */
  parentIndex: number | null
  created: number | null
  /** Seconds; null: not probed. */
  runtime: number | null
  premiere: number | null
  status: "Continuing" | "Ended" | null
  /** Of a collection. */
  children: Array<string>
  /** By user's id. */
  readonly data: Map<string, UserData>
  /** Users whose libraries do not include it. */
  readonly hiddenFrom: Set<string>
}

export interface JellyfinSession {
  readonly userId: string
  readonly itemId: string
  paused: boolean
  /** Users who watch along. */
  readonly with: ReadonlyArray<string>
}

export interface JellyfinState {
  readonly users: Map<string, JellyfinUser>
  readonly items: Map<string, JellyfinItem>
  sessions: Array<JellyfinSession>
  /** As up to 10.10: a key counts for no user, even where one is named, and no UserData is shown. */
  keyHasNoUser: boolean
}

export interface ArrFile {
  readonly id: number
  /** Movie or series. */
  readonly ownerId: number
  readonly season: number
  relativePath: string
  size: number
  added: number
  /** Lines. */
  resolution: number
  mediaInfo: boolean
  sceneName: string
}

export interface ArrMovie {
  readonly id: number
  title: string
  year: number
  tmdb: number
  imdb: string | null
  path: string
  monitored: boolean
  tags: Array<number>
  added: number
  /** 0: none. */
  fileId: number
  /** Minutes. */
  runtime: number
}

export interface ArrSeries {
  readonly id: number
  title: string
  year: number
  tvdb: number
  tmdb: number
  imdb: string | null
  path: string
  status: "continuing" | "ended" | "upcoming" | "deleted"
  monitored: boolean
  tags: Array<number>
  added: number
  readonly seasons: Map<number, { monitored: boolean }>
}

export interface ArrEpisode {
  readonly id: number
  readonly seriesId: number
  readonly season: number
  readonly episode: number
  title: string
  airs: number | null
  monitored: boolean
  /** 0: none. */
  fileId: number
}

export interface QueueRecord {
  readonly id: number
  /** Movie or series; null: the arr could not tell. */
  readonly ownerId: number | null
  readonly episodeId: number | null
  readonly season: number | null
  readonly title: string
  readonly size: number
  left: number
  readonly downloadId: string
}

export type HistoryEvent =
  | "grabbed"
  | "downloadFolderImported"
  | "episodeFileDeleted"
  | "movieFileDeleted"
  | "downloadFailed"

export interface HistoryRecord {
  readonly id: number
  readonly ownerId: number
  readonly episodeId: number | null
  readonly title: string
  readonly date: number
  /** Infohash in upper case, as the arrs write it; null: not from a download client. */
  readonly downloadId: string | null
  readonly event: HistoryEvent
  readonly data: Readonly<Record<string, string>>
}

export interface ArrState {
  readonly name: ArrName
  /** Radarr or Sonarr. */
  readonly kind: "movies" | "series"
  rootFolder: string
  readonly movies: Map<number, ArrMovie>
  readonly series: Map<number, ArrSeries>
  readonly episodes: Map<number, ArrEpisode>
  /** Episodes of a series, in order. */
  readonly episodesOf: Map<number, Array<ArrEpisode>>
  readonly files: Map<number, ArrFile>
  tags: Array<{ readonly id: number; label: string }>
  queue: Array<QueueRecord>
  history: Array<HistoryRecord>
  /** "Unmonitor deleted": off, as after the installation. */
  unmonitorDeleted: boolean
}

export interface SeerrUser {
  readonly id: number
  readonly name: string
  readonly jellyfinUserId: string | null
  readonly jellyfinUsername: string | null
}

export interface SeerrMedia {
  readonly id: number
  readonly kind: "movie" | "tv"
  tmdb: number
  tvdb: number | null
  imdb: string | null
  /** 5: available, 6: deleted. */
  status: number
  readonly created: number
  jellyfinId: string | null
  /** Id in its arr. */
  externalId: number | null
  seasons: Array<number>
}

export interface SeerrRequest {
  readonly id: number
  readonly mediaId: number
  readonly userId: number | null
  readonly created: number
  readonly seasons: ReadonlyArray<number>
  readonly is4k: boolean
  /** 2: approved, 5: completed. */
  status: number
}

export interface SeerrState {
  readonly users: Map<number, SeerrUser>
  readonly media: Map<number, SeerrMedia>
  readonly requests: Map<number, SeerrRequest>
}

export type ServiceName = ArrName | "jellyfin" | "seerr"

export interface MediaState {
  /** All files are below it; nothing outside is ever unlinked. */
  readonly folder: string
  readonly jellyfin: JellyfinState
  readonly arrs: Map<ArrName, ArrState>
  readonly seerr: SeerrState
  /** What each service has in the place of `folder`. */
  readonly seenAs: Partial<Record<ServiceName, string>>
  /** Grows with each change that the answers depend on. */
  revision: number
  /** Answers are kept ready: changes have to be told by the revision. */
  keepsAnswers: boolean
  /** The services' clock. */
  now: () => number
  /** Told of each change. */
  changed: (() => void) | null
}

let lastId = 0
/** Above everything that was given before: of one counter for all, so that ids of two services are never mixed up. */
export const nextId = (): number => {
  lastId += 1
  return lastId
}
export const nextUuid = (): string => nextId().toString(16).padStart(8, "0").padEnd(32, "5eed")

export const touch = (state: MediaState): void => {
  state.revision += 1
  state.changed?.()
}

/** A host path as a service writes it. */
export const seenBy = (state: MediaState, service: ServiceName, path: string): string => {
  const root = state.seenAs[service]
  return root !== undefined && (path === state.folder || path.startsWith(`${state.folder}/`))
    ? root + path.slice(state.folder.length)
    : path
}

export const arrOf = (state: MediaState, name: ArrName): ArrState => {
  const arr = state.arrs.get(name)
  if (arr === undefined) throw new Error(`this world has no ${name}`)
  return arr
}

export const makeArr = (name: ArrName, rootFolder: string): ArrState => ({
  name,
  kind: name === "radarr" || name === "radarr4k" ? "movies" : "series",
  rootFolder,
  movies: new Map(),
  series: new Map(),
  episodes: new Map(),
  episodesOf: new Map(),
  files: new Map(),
  tags: [],
  queue: [],
  history: [],
  unmonitorDeleted: false
})

/** Texts of entities, kept until something changes; in a small world nothing is kept. */
export const makeKept = <Entity extends object>(state: MediaState, write: (entity: Entity) => string) => {
  let kept = new WeakMap<Entity, string>()
  let { revision } = state
  return (entity: Entity): string => {
    if (!state.keepsAnswers) return write(entity)
    if (revision !== state.revision) {
      kept = new WeakMap()
      ;({ revision } = state)
    }
    const known = kept.get(entity)
    if (known !== undefined) return known
    const text = write(entity)
    kept.set(entity, text)
    return text
  }
}
