import { Effect } from "effect"
import type { Retirement } from "../../domain/retirements.ts"
import { idKeys } from "../../domain/watchedIndex.ts"
import type { WatchedPolicy } from "../../domain/watchedTarget.ts"
import type { ArrName, LibraryMovie, LibrarySeries, MediaFacts, TitleRequest } from "../../domain/watchedWorld.ts"
import { Arr, type SeriesSummary } from "../../services/Arr.ts"
import { Requests } from "../../services/Requests.ts"

export const isMovies = (arr: ArrName): boolean => arr === "radarr" || arr === "radarr4k"

/** The lists of every library, each read to its end. */
export interface Lists {
  readonly labels: ReadonlyMap<ArrName, ReadonlyArray<string>>
  readonly movies: ReadonlyArray<LibraryMovie>
  readonly summaries: ReadonlyArray<SeriesSummary>
  /** Null: Seerr is not configured. */
  readonly requests: ReadonlyArray<TitleRequest> | null
}

export const readLists = Effect.fn("watched.readLists")(function* () {
  const arr = yield* Arr
  const requests = yield* Requests
  const labels = new Map<ArrName, ReadonlyArray<string>>()
  const movies: Array<LibraryMovie> = []
  const summaries: Array<SeriesSummary> = []
  for (const name of arr.configured) {
    labels.set(name, yield* arr.tags(name))
    if (isMovies(name)) for (const movie of yield* arr.movies(name)) movies.push(movie)
    else for (const series of yield* arr.seriesList(name)) summaries.push(series)
  }
  return { labels, movies, summaries, requests: requests.configured ? yield* requests.all : null } satisfies Lists
})

const hasFiles = ({ seasons }: SeriesSummary): boolean => seasons.some(({ files }) => files > 0)

/**
 * Series of which something may go: all that somebody has begun, those that the media server does not know by their
 * ids (their paths may tell), and by the rules that are not about watching those that they can be about.
 */
export const candidates = (
  summaries: ReadonlyArray<SeriesSummary>,
  media: MediaFacts,
  policy: WatchedPolicy,
  now: number
): ReadonlyArray<SeriesSummary> => {
  const touched = new Set<string>()
  for (const viewings of media.viewings.values()) {
    for (const [id, { at, played }] of viewings) if (played || at !== null) touched.add(id)
  }
  const known = new Set<string>()
  const begun = new Set<string>()
  const keysOf = new Map<string, ReadonlyArray<string>>()
  for (const { id, series } of media.items) {
    if (series === null) continue
    const keys = keysOf.get(series.id) ?? idKeys(series.ids)
    if (!keysOf.has(series.id)) for (const key of keys) known.add(key)
    keysOf.set(series.id, keys)
    if (touched.has(id)) for (const key of keys) begun.add(key)
  }
  const owners = new Map<string, Set<ArrName>>()
  for (const { arr, ids } of summaries) {
    for (const key of idKeys(ids)) owners.set(key, (owners.get(key) ?? new Set()).add(arr))
  }
  return summaries.filter((series) => {
    if (!hasFiles(series)) return false
    const keys = idKeys(series.ids)
    if (keys.some((key) => begun.has(key)) || !keys.some((key) => known.has(key))) return true
    if (policy.keepBestQuality && keys.some((key) => (owners.get(key)?.size ?? 0) > 1)) return true
    return policy.staleAfter !== null && (series.addedAt === null || series.addedAt + policy.staleAfter <= now)
  })
}

/**
 * A season of which a part went before something stopped us is judged by what is left: an episode that we retired and
 * that nobody wants again is not missing.
 */
export const withoutRetired = (series: LibrarySeries, retired: ReadonlyArray<Retirement>): LibrarySeries => {
  const ours = new Set(
    retired
      .filter(({ arr, titleId }) => arr === series.arr && titleId === series.id)
      .flatMap(({ episodes }) => episodes)
  )
  if (ours.size === 0) return series
  const left = new Set(series.episodes.filter(({ fileId }) => fileId !== null).map(({ season }) => season))
  return {
    ...series,
    episodes: series.episodes.filter(
      ({ fileId, id, monitored, season }) => fileId !== null || monitored || !ours.has(id) || !left.has(season)
    )
  }
}

/** The candidates with their episodes; one that has gone from its arr meanwhile has none. */
export const readSeries = Effect.fn("watched.readSeries")(function* (
  wanted: ReadonlyArray<SeriesSummary>,
  retired: ReadonlyArray<Retirement>
) {
  const arr = yield* Arr
  const read: Array<LibrarySeries> = []
  for (const [name, list] of Map.groupBy(wanted, (series) => series.arr)) {
    for (const series of yield* arr.withEpisodes(name, list)) read.push(withoutRetired(series, retired))
  }
  return read
})

/** Seasons with files of series that were not asked: titles that stay, and count as such. */
export const unasked = (summaries: ReadonlyArray<SeriesSummary>, asked: ReadonlyArray<SeriesSummary>): number => {
  const those = new Set(asked)
  return summaries
    .filter((series) => !those.has(series))
    .reduce((sum, { seasons }) => sum + seasons.filter(({ files }) => files > 0).length, 0)
}
