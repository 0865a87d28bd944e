import type { Fact } from "./fact.ts"
import { type Audience, type Play, playOf } from "./watchedAudience.ts"
import type { Index } from "./watchedIndex.ts"
import { mapEpisode, mapMovie, type Mapped, matchSeries, type SeriesMatch, type Trouble } from "./watchedMapping.ts"
import type { Mapping, Target } from "./watchedTarget.ts"
import type {
  LibraryEpisode,
  LibraryFile,
  LibraryMovie,
  LibrarySeries,
  ProviderIds,
  TitleRequest
} from "./watchedWorld.ts"

/** A movie, or an episode that has a file. */
export interface Part {
  /** "S01E02"; empty for a movie. */
  readonly name: string
  /** Null for a movie. */
  readonly episode: LibraryEpisode | null
  readonly file: LibraryFile
  readonly mapped: Mapped
  readonly play: Play
}

/** A title that has files, with all that its conditions look at. */
export interface Subject {
  readonly target: Target
  readonly parts: ReadonlyArray<Part>
  readonly movie: LibraryMovie | null
  readonly series: LibrarySeries | null
  /** All of the season, those without a file too. */
  readonly episodes: ReadonlyArray<LibraryEpisode>
  /** Why a file of it is not only its own; null is that all are. */
  readonly shared: string | null
  readonly tags: Fact<ReadonlyArray<string>>
  readonly trouble: Trouble | null
  readonly queued: boolean
  readonly requests: ReadonlyArray<TitleRequest>
  /** What marks or plays it, beyond its items: series and seasons of the media server. */
  readonly containers: ReadonlyArray<{ readonly id: string; readonly what: string }>
}

const two = (number: number): string => String(number).padStart(2, "0")

const nameOf = ({ season, episode }: LibraryEpisode): string => `S${two(season)}E${two(episode)}`

const sortedNumbers = (numbers: Iterable<number>): ReadonlyArray<number> =>
  [...new Set(numbers)].toSorted((one, other) => one - other)

const troubleOf = (parts: ReadonlyArray<Part>): Trouble | null => {
  const troubled = parts.find(({ mapped }) => mapped.trouble?.kind === "ambiguous")
  const disputed = parts.find(({ play }) => play.disputed)
  const lost = parts.find(({ mapped }) => mapped.trouble !== null)
  const at = ({ name }: Part) => (name === "" ? "" : `${name}: `)
  if (troubled?.mapped.trouble != null) return { kind: "ambiguous", why: at(troubled) + troubled.mapped.trouble.why }
  if (disputed !== undefined) {
    return { kind: "ambiguous", why: `${at(disputed)}two entries in Jellyfin disagree whether it was watched` }
  }
  return lost?.mapped.trouble == null ? null : { kind: "unmapped", why: at(lost) + lost.mapped.trouble.why }
}

/** The weakest of its parts. */
const mappingOf = (parts: ReadonlyArray<Part>): Mapping | null => {
  const ways = new Set(parts.map(({ mapped }) => mapped.by))
  if (ways.has(null) || ways.size === 0) return null
  return { by: ways.has("ids") ? "ids" : ways.has("path") ? "path" : "ids and path" }
}

const mediaIdsOf = (parts: ReadonlyArray<Part>): ReadonlyArray<string> =>
  [...new Set(parts.flatMap(({ mapped }) => mapped.items.map(({ id }) => id)))].toSorted()

/** Another title, of this or of another arr, that has a file of this path: to delete it here is to delete it there. */
const ownedTwice = (index: Index, { target }: Pick<Subject, "target">): string | null => {
  for (const file of target.files) {
    const [other] = index
      .ownersOf(file.path)
      .filter(({ arr, title, file: id }) => arr !== target.ref.arr || title !== target.ref.id || id !== file.id)
      .map(({ arr, title }) => `${arr}/${title}`)
      .toSorted()
    if (other !== undefined) return `${other} has a file of the same path`
  }
  return null
}

/** Seerr may know a title by another provider than the arr does; the media server often knows both. */
const requestsOf = (
  index: Index,
  kind: TitleRequest["kind"],
  known: ReadonlyArray<ProviderIds>
): ReadonlyArray<TitleRequest> => [...new Set(known.flatMap((ids) => index.requestsFor(kind, ids)))]

const requestIdsOf = (requests: ReadonlyArray<TitleRequest>): ReadonlyArray<number> =>
  sortedNumbers(requests.map(({ mediaId }) => mediaId))

export const movieSubject = (index: Index, audience: Audience, movie: LibraryMovie): Subject | undefined => {
  const { file, arr, id } = movie
  if (file === null) return undefined
  const mapped = mapMovie(index, movie, file)
  const parts = [{ name: "", episode: null, file, mapped, play: playOf(index.media, audience, mapped.items) }]
  const requests = requestsOf(index, "movie", [movie.ids, ...mapped.around.map((item) => item.ids)])
  const trouble = troubleOf(parts)
  const target: Target = {
    key: `${arr}/${id}`,
    kind: "movie",
    ref: { arr, id },
    title: movie.year === null || movie.year === 0 ? movie.title : `${movie.title} (${movie.year})`,
    seriesTitle: null,
    season: null,
    episodeIds: [],
    monitoredEpisodeIds: [],
    monitored: movie.monitored,
    files: [file],
    mediaIds: mediaIdsOf(parts),
    mapping: trouble === null ? mappingOf(parts) : null,
    requestIds: requestIdsOf(requests)
  }
  const { tags, queued } = movie
  const shared = ownedTwice(index, { target })
  return { target, parts, movie, series: null, episodes: [], shared, tags, trouble, queued, requests, containers: [] }
}

/** Its series and seasons in the media server, by whatever of it may be meant. */
const containersOf = ({ matches }: SeriesMatch, parts: ReadonlyArray<Part>): Subject["containers"] => {
  const all = new Map(matches.map(({ id }) => [id, "the series"]))
  for (const { mapped } of parts) {
    for (const { series, seasonId } of mapped.around) {
      if (series !== null) all.set(series.id, "the series")
      if (seasonId !== null) all.set(seasonId, "the season")
    }
  }
  return Array.from(all, ([id, what]) => ({ id, what })).toSorted((one, other) => (one.id < other.id ? -1 : 1))
}

const specialsTitle = (title: string, specials: ReadonlyArray<LibraryEpisode>): string => {
  const numbers = sortedNumbers(specials.map(({ episode }) => episode))
  const [only] = specials
  return specials.length === 1 && only !== undefined
    ? `${title}, special ${only.episode}${only.title === "" ? "" : ` "${only.title}"`}`
    : `${title}, specials ${numbers.join(" and ")}`
}

/** A series' seasons, and the specials of each file. `only` is the key of the one that is wanted. */
export const seriesSubjects = (
  index: Index,
  audience: Audience,
  series: LibrarySeries,
  only?: string
): ReadonlyArray<Subject> => {
  const { arr, id } = series
  const match = matchSeries(index, series)
  const files = new Map(series.files.map((file) => [file.id, file]))
  const sorted = series.episodes.toSorted(
    (one, other) => one.season - other.season || one.episode - other.episode || one.id - other.id
  )
  const byFile = Map.groupBy(sorted, ({ fileId }) => fileId)
  const requested = requestsOf(index, "tv", [series.ids, ...match.matches.map((one) => one.ids)])
  const groups = new Map<string, ReadonlyArray<LibraryEpisode>>()
  for (const [season, all] of Map.groupBy(sorted, (episode) => episode.season)) {
    if (season > 0) groups.set(`${arr}/${id}/season/${season}`, all)
  }
  for (const [fileId, all] of byFile) {
    const specials = all.filter(({ season }) => season <= 0)
    if (fileId !== null && specials[0] !== undefined) groups.set(`${arr}/${id}/special/${specials[0].id}`, specials)
  }
  const subjects: Array<Subject> = []
  for (const [key, episodes] of groups) {
    if (only !== undefined && key !== only) continue
    const parts = episodes.flatMap((episode): ReadonlyArray<Part> => {
      const file = episode.fileId === null ? undefined : files.get(episode.fileId)
      if (file === undefined) return []
      const mapped = mapEpisode(index, match, episode, file, byFile.get(file.id) ?? [])
      return [{ name: nameOf(episode), episode, file, mapped, play: playOf(index.media, audience, mapped.items) }]
    })
    const season = episodes[0]?.season ?? 0
    if (parts.length === 0) continue
    const here = new Set(episodes)
    const straddling = parts.find(({ file }) => byFile.get(file.id)?.some((episode) => !here.has(episode)))
    const requests = requested.filter(({ seasons }) => seasons.length === 0 || seasons.includes(season))
    const trouble = match.trouble ?? troubleOf(parts)
    const target: Target = {
      key,
      kind: season > 0 ? "season" : "special",
      ref: { arr, id },
      title: season > 0 ? `${series.title}, season ${season}` : specialsTitle(series.title, episodes),
      seriesTitle: series.title,
      season,
      episodeIds: sortedNumbers(episodes.map((episode) => episode.id)),
      monitoredEpisodeIds: sortedNumbers(episodes.flatMap((episode) => (episode.monitored ? [episode.id] : []))),
      monitored: episodes.some(({ monitored }) => monitored),
      files: [...new Set(parts.map(({ file }) => file))].toSorted((one, other) => one.id - other.id),
      mediaIds: mediaIdsOf(parts),
      mapping: trouble === null ? mappingOf(parts) : null,
      requestIds: requestIdsOf(requests)
    }
    subjects.push({
      target,
      parts,
      movie: null,
      series,
      episodes,
      shared:
        straddling === undefined
          ? ownedTwice(index, { target })
          : `${straddling.name} shares its file with another season`,
      tags: series.tags,
      trouble,
      queued: episodes.some((episode) => series.queued.has(episode.id)),
      requests,
      containers: containersOf(match, parts)
    })
  }
  return subjects
}
