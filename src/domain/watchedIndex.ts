import type {
  ArrName,
  LibraryFacts,
  LibraryMovie,
  LibrarySeries,
  MediaFacts,
  MediaItem,
  ProviderIds,
  TitleRequest
} from "./watchedWorld.ts"

/* The facts by the keys that they are looked up by, so that a library of tens of thousands takes one pass each. */

const providers = ["tmdb", "imdb", "tvdb"] as const

/** Radarr and Sonarr say "0" or nothing for an id that they do not know. */
const idOf = (ids: ProviderIds, provider: (typeof providers)[number]): string | undefined => {
  const id = ids[provider]?.trim().toLowerCase()
  return id === undefined || id === "" || id === "0" ? undefined : id
}

/** "tmdb:603" and so on. */
export const idKeys = (ids: ProviderIds): ReadonlyArray<string> =>
  providers.flatMap((provider) => {
    const id = idOf(ids, provider)
    return id === undefined ? [] : [`${provider}:${id}`]
  })

/** Whether a provider that both name has two ids for them. */
export const contradict = (one: ProviderIds, other: ProviderIds): boolean =>
  providers.some((provider) => {
    const [here, there] = [idOf(one, provider), idOf(other, provider)]
    return here !== undefined && there !== undefined && here !== there
  })

export interface MediaSeries {
  readonly id: string
  readonly name: string
  readonly ids: ProviderIds
}

/** A file of an arr: whose it is. */
export interface Owner {
  readonly arr: ArrName
  readonly title: number
  readonly file: number
}

/** Nearly all keys have one value, which needs no list of its own. */
type Several<K, V extends object> = Map<K, V | Array<V>>

const put = <K, V extends object>(map: Several<K, V>, key: K, value: V): void => {
  const known = map.get(key)
  if (known === undefined) map.set(key, value)
  else if (Array.isArray(known)) known.push(value)
  else map.set(key, [known, value])
}

const at = <K, V extends object>(map: Several<K, V> | undefined, key: K): ReadonlyArray<V> => {
  const known = map?.get(key)
  return known === undefined ? [] : Array.isArray(known) ? known : [known]
}

/** A season and an episode in one number; both are small. */
const numbered = (season: number, episode: number): number => season * 1_000_000 + episode

/** More than a file holds: an end that is further away is nonsense. */
const longestRange = 50

export const lastOf = ({ episode, lastEpisode }: MediaItem): number | null =>
  episode === null || lastEpisode === null || lastEpisode < episode || lastEpisode - episode > longestRange
    ? episode
    : lastEpisode

/** In an order that does not depend on how they were sent. */
const byId = <A extends { readonly id: string | number }>(items: ReadonlyArray<A>): ReadonlyArray<A> =>
  items.toSorted((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0))

const found = <V extends { readonly id: string | number }>(
  map: Several<string, V>,
  keys: ReadonlyArray<string>
): ReadonlyArray<V> => {
  const all = [...new Set(keys.flatMap((key) => at(map, key)))]
  return all.length < 2 ? all : byId(all)
}

export interface Index {
  readonly media: MediaFacts
  readonly library: LibraryFacts
  readonly itemsAt: (path: string) => ReadonlyArray<MediaItem>
  readonly moviesOf: (ids: ProviderIds) => ReadonlyArray<MediaItem>
  readonly seriesOf: (ids: ProviderIds) => ReadonlyArray<MediaSeries>
  readonly episodesOf: (seriesId: string, season: number, episode: number) => ReadonlyArray<MediaItem>
  /** Of one arr, all that share an id. */
  readonly libraryMovies: (arr: ArrName, ids: ProviderIds) => ReadonlyArray<LibraryMovie>
  readonly librarySeries: (arr: ArrName, ids: ProviderIds) => ReadonlyArray<LibrarySeries>
  readonly ownersOf: (path: string) => ReadonlyArray<Owner>
  readonly requestsFor: (kind: TitleRequest["kind"], ids: ProviderIds) => ReadonlyArray<TitleRequest>
  /** Items of which anybody has ever played anything. */
  readonly touched: ReadonlySet<string>
  /** Series of which anybody has. */
  readonly touchedSeries: ReadonlySet<string>
}

const indexMedia = (media: MediaFacts) => {
  const paths: Several<string, MediaItem> = new Map()
  const movies: Several<string, MediaItem> = new Map()
  const series = new Map<string, MediaSeries>()
  const episodes = new Map<string, Several<number, MediaItem>>()
  const touched = new Set<string>()
  const touchedSeries = new Set<string>()
  for (const viewings of media.viewings.values()) {
    for (const [id, { played, at }] of viewings) if (played || at !== null) touched.add(id)
  }
  for (const item of byId(media.items)) {
    for (const path of item.paths.length > 1 ? new Set(item.paths) : item.paths) {
      if (path !== "") put(paths, path, item)
    }
    if (item.kind === "movie") for (const key of idKeys(item.ids)) put(movies, key, item)
    if (item.series === null) continue
    if (!series.has(item.series.id)) series.set(item.series.id, item.series)
    if (touched.has(item.id)) touchedSeries.add(item.series.id)
    if (item.kind !== "episode" || item.season === null || item.episode === null) continue
    const numbers = episodes.get(item.series.id) ?? new Map<number, MediaItem | Array<MediaItem>>()
    episodes.set(item.series.id, numbers)
    for (let episode = item.episode; episode <= (lastOf(item) ?? item.episode); episode++) {
      put(numbers, numbered(item.season, episode), item)
    }
  }
  const seriesIds: Several<string, MediaSeries> = new Map()
  for (const one of byId([...series.values()])) for (const key of idKeys(one.ids)) put(seriesIds, key, one)
  return { paths, movies, seriesIds, episodes, touched, touchedSeries }
}

const indexLibrary = (library: LibraryFacts) => {
  const movies: Several<string, LibraryMovie> = new Map()
  const series: Several<string, LibrarySeries> = new Map()
  const owners: Several<string, Owner> = new Map()
  const requests: Several<string, TitleRequest> = new Map()
  for (const movie of library.movies) {
    const { arr, id, ids, file } = movie
    for (const key of idKeys(ids)) put(movies, `${arr} ${key}`, movie)
    if (file !== null) put(owners, file.path, { arr, title: id, file: file.id })
  }
  for (const one of library.series) {
    for (const key of idKeys(one.ids)) put(series, `${one.arr} ${key}`, one)
    for (const file of one.files) put(owners, file.path, { arr: one.arr, title: one.id, file: file.id })
  }
  for (const request of library.requests ?? []) {
    for (const key of idKeys(request.ids)) put(requests, `${request.kind} ${key}`, request)
  }
  return { movies, series, owners, requests }
}

export const indexOf = (media: MediaFacts, library: LibraryFacts): Index => {
  const { paths, movies, seriesIds, episodes, touched, touchedSeries } = indexMedia(media)
  const ours = indexLibrary(library)
  const within = (space: string, ids: ProviderIds) => idKeys(ids).map((key) => `${space} ${key}`)
  return {
    media,
    library,
    itemsAt: (path) => at(paths, path),
    moviesOf: (ids) => found(movies, idKeys(ids)),
    seriesOf: (ids) => found(seriesIds, idKeys(ids)),
    episodesOf: (id, season, episode) => at(episodes.get(id), numbered(season, episode)),
    libraryMovies: (arr, ids) => found(ours.movies, within(arr, ids)),
    librarySeries: (arr, ids) => found(ours.series, within(arr, ids)),
    ownersOf: (path) => at(ours.owners, path),
    requestsFor: (kind, ids) => [...new Set(within(kind, ids).flatMap((key) => at(ours.requests, key)))],
    touched,
    touchedSeries
  }
}
