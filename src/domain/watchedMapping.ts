import { display } from "../platform/BytePath.ts"
import { contradict, idKeys, type Index, lastOf, type MediaSeries } from "./watchedIndex.ts"
import type { Mapping } from "./watchedTarget.ts"
import type {
  LibraryEpisode,
  LibraryFile,
  LibraryMovie,
  LibrarySeries,
  MediaItem,
  ProviderIds
} from "./watchedWorld.ts"

/**
 * Which media items stand for a movie or an episode of an arr: by provider ids first, by path second. Where both are
 * known they have to agree; whatever could be meant in two ways is ambiguous, and kept.
 */

export interface Trouble {
  readonly kind: "unmapped" | "ambiguous"
  readonly why: string
}

export interface Mapped {
  /** Those whose watching counts. */
  readonly items: ReadonlyArray<MediaItem>
  /** Any that may be meant: what protects one of them protects the title. */
  readonly around: ReadonlyArray<MediaItem>
  readonly by: Mapping["by"] | null
  readonly trouble: Trouble | null
}

/** Of all items at once: most lists are of one and the same item, and stay as they are. */
const union = (one: ReadonlyArray<MediaItem>, other: ReadonlyArray<MediaItem>): ReadonlyArray<MediaItem> => {
  if (other.length === 0 || (one.length === 1 && other.length === 1 && one[0] === other[0])) return one
  return one.length === 0 ? other : [...new Set([...one, ...other])]
}

const ambiguous = (around: ReadonlyArray<MediaItem>, why: string): Mapped => ({
  items: [],
  around,
  by: null,
  trouble: { kind: "ambiguous", why }
})
const unmapped = (why: string): Mapped => ({ items: [], around: [], by: null, trouble: { kind: "unmapped", why } })

const said = (ids: ProviderIds): string => idKeys(ids).join(", ") || "no ids"

/** Another file of the same arr that an item stands for too. */
const otherFile = (
  index: Index,
  items: ReadonlyArray<MediaItem>,
  { arr, id }: LibraryMovie | LibrarySeries,
  file: LibraryFile
): string | undefined => {
  for (const { paths } of items) {
    for (const path of paths) {
      const others = index.ownersOf(path)
      if (others.some((owner) => owner.arr === arr && (owner.title !== id || owner.file !== file.id))) return path
    }
  }
  return undefined
}

export const mapMovie = (index: Index, movie: LibraryMovie, file: LibraryFile): Mapped => {
  const atPath = index.itemsAt(file.path)
  const byIds = index.moviesOf(movie.ids)
  const around = union(atPath, byIds)
  const strange = around.find((item) => item.kind !== "movie" || contradict(item.ids, movie.ids))
  if (strange !== undefined) {
    return ambiguous(around, `Jellyfin's "${strange.name}" has ${said(strange.ids)}, the arr has ${said(movie.ids)}`)
  }
  if (atPath.length > 0 && byIds.length > 0 && !atPath.some((item) => byIds.includes(item))) {
    return ambiguous(around, "its path and its ids are of two titles in Jellyfin")
  }
  const items = atPath.length > 0 ? atPath : byIds
  if (items.length === 0) return unmapped("Jellyfin has nothing with its ids or its path")
  const rival = around
    .flatMap((item) => index.libraryMovies(movie.arr, item.ids))
    .find((other) => other.arr === movie.arr && other.id !== movie.id)
  if (rival !== undefined) return ambiguous(around, `"${rival.title}" (${rival.id}) of the same arr has its ids too`)
  const other = otherFile(index, items, movie, file)
  if (other !== undefined) return ambiguous(around, `Jellyfin's entry stands for ${display(other)} too`)
  const by = atPath.length === 0 ? "ids" : byIds.length === 0 ? "path" : "ids and path"
  return { items, around, by, trouble: null }
}

/** A series of an arr and those of the media server that it may be. */
export interface SeriesMatch {
  readonly series: LibrarySeries
  readonly matches: ReadonlyArray<MediaSeries>
  readonly trouble: Trouble | null
}

export const matchSeries = (index: Index, series: LibrarySeries): SeriesMatch => {
  const matches = index.seriesOf(series.ids)
  const strange = matches.find(({ ids }) => contradict(ids, series.ids))
  const rival = matches
    .flatMap(({ ids }) => index.librarySeries(series.arr, ids))
    .find((other) => other.arr === series.arr && other.id !== series.id)
  const why =
    strange !== undefined
      ? `Jellyfin's "${strange.name}" has ${said(strange.ids)}, the arr has ${said(series.ids)}`
      : rival !== undefined
        ? `"${rival.title}" (${rival.id}) of the same arr has its ids too`
        : null
  return { series, matches, trouble: why === null ? null : { kind: "ambiguous", why } }
}

const covers = (item: MediaItem, { season, episode }: LibraryEpisode): boolean =>
  item.season === season && item.episode !== null && item.episode <= episode && episode <= (lastOf(item) ?? -1)

/** `together`: all episodes of the file, this one among them. */
export const mapEpisode = (
  index: Index,
  { series, matches, trouble }: SeriesMatch,
  episode: LibraryEpisode,
  file: LibraryFile,
  together: ReadonlyArray<LibraryEpisode>
): Mapped => {
  const atPath = index.itemsAt(file.path)
  const byIds = matches.reduce<ReadonlyArray<MediaItem>>(
    (all, { id }) => union(all, index.episodesOf(id, episode.season, episode.episode)),
    []
  )
  const around = union(atPath, byIds)
  if (trouble !== null) return { ...ambiguous(around, trouble.why), trouble }
  const strange = atPath.find(
    (item) =>
      item.kind !== "episode" ||
      (item.series !== null && matches.length > 0 && !matches.some(({ id }) => id === item.series?.id)) ||
      (item.series !== null && contradict(item.series.ids, series.ids))
  )
  if (strange !== undefined) {
    return ambiguous(around, `at its path Jellyfin has "${strange.series?.name ?? strange.name}"`)
  }
  // Jellyfin may know one number only of a file that holds several; but that has to be one of them.
  const misnumbered = atPath.find(
    (item) =>
      (item.season !== null && !together.some(({ season }) => season === item.season)) ||
      (item.season !== null && item.episode !== null && !together.some((one) => covers(item, one)))
  )
  if (misnumbered !== undefined) {
    return ambiguous(
      around,
      `at its path Jellyfin has season ${misnumbered.season ?? "?"}, episode ${misnumbered.episode ?? "?"}`
    )
  }
  const both = atPath.filter((item) => covers(item, episode))
  if (atPath.length > 0 && both.length === 0 && byIds.length > 0) {
    return ambiguous(around, "its path and its number are of two episodes in Jellyfin")
  }
  const items = both.length > 0 ? both : atPath.length > 0 ? atPath : byIds
  if (items.length === 0) return unmapped("Jellyfin has no such episode by ids or by path")
  const other = otherFile(index, items, series, file)
  if (other !== undefined) return ambiguous(around, `Jellyfin's entry stands for ${display(other)} too`)
  // By its ids an episode is found only through its series and its numbers.
  const known = items.every((item) => byIds.includes(item))
  const by = atPath.length === 0 ? "ids" : known ? "ids and path" : "path"
  return { items, around, by, trouble: null }
}
