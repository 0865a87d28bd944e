import { known } from "../../src/domain/fact.ts"
import { judgeAll, judgeOne, plan } from "../../src/domain/watchedPlan.ts"
import type { Judged, WatchedPlan, WatchedPolicy } from "../../src/domain/watchedTarget.ts"
import type {
  ArrName,
  LibraryEpisode,
  LibraryFacts,
  LibraryFile,
  LibraryMovie,
  LibrarySeries,
  MediaFacts,
  MediaItem,
  TitleRequest,
  Viewer,
  Viewing
} from "../../src/domain/watchedWorld.ts"

export const day = 86_400_000
export const now = Date.UTC(2026, 5, 1, 3)
export const ago = (days: number): number => now - days * day

export const policy: WatchedPolicy = {
  grace: 5 * day,
  keepTag: "keep",
  primaryUser: "admin",
  watchedBy: "primary",
  requesterFirst: true,
  staleAfter: null,
  keepBestQuality: false
}

type Open<A> = { -readonly [K in keyof A]: A[K] }
export type Movie = Open<LibraryMovie>
export type Item = Open<MediaItem>
export interface Series extends Open<Omit<LibrarySeries, "episodes" | "files" | "queued">> {
  episodes: Array<Open<LibraryEpisode>>
  files: Array<Open<LibraryFile>>
  queued: Set<number>
}
interface FileOver extends Partial<LibraryFile> {
  readonly arr?: ArrName
}
interface EpisodeOver extends FileOver {
  readonly airsAt?: number | null
  /** Without a file. */
  readonly missing?: boolean
  /** The number of the first episode whose file it shares. */
  readonly sharesWith?: number
  /** What the media server says of it; null is nothing. */
  readonly item?: Partial<MediaItem> | null
}

/** A home: what the media server and the arrs hold, to be changed at will before it is planned. */
export class Home {
  viewers: Array<Viewer> = [
    { id: "u1", name: "admin" },
    { id: "u2", name: "anna" }
  ]
  items: Array<Item> = []
  viewings = new Map<string, Map<string, Viewing>>([
    ["u1", new Map()],
    ["u2", new Map()]
  ])
  favourites = new Map<string, ReadonlyArray<string>>()
  nextUp = new Map<string, ReadonlyArray<string>>()
  playing = new Map<string, ReadonlyArray<string>>()
  movies: Array<Movie> = []
  series: Array<Series> = []
  requests: Array<TitleRequest> = []
  #ids = 0

  next(): number {
    this.#ids += 1
    return this.#ids
  }

  file(path: string, { arr: _, ...over }: FileOver = {}): Open<LibraryFile> {
    return { id: this.next(), path, size: 1000, addedAt: ago(100), resolution: 1080, quality: "WEBDL-1080p", ...over }
  }

  item(over: Partial<MediaItem> & Pick<MediaItem, "id" | "kind">): Item {
    const item: Item = {
      name: over.id,
      paths: [],
      ids: {},
      series: null,
      seasonId: null,
      season: null,
      episode: null,
      lastEpisode: null,
      addedAt: ago(100),
      runtime: 40 * 60_000,
      ...over
    }
    this.items.push(item)
    return item
  }

  /** In an arr, and in the media server under the same id and path. */
  movie(title: string, over: FileOver & { readonly item?: Partial<MediaItem> | null } = {}): Movie {
    const { item, ...rest } = over
    const arr = over.arr ?? "radarr"
    const id = this.next()
    const ids = { tmdb: `${title}-tmdb` }
    const file = this.file(`/${arr}/${title}/${title}.mkv`, rest)
    const movie: Movie = {
      arr,
      id,
      title,
      year: 2020,
      ids,
      monitored: true,
      tags: known([], "Radarr", now),
      addedAt: ago(101),
      file,
      queued: false
    }
    this.movies.push(movie)
    if (item !== null)
      this.item({ id: `${title}@${arr}`, kind: "movie", name: title, paths: [file.path], ids, ...item })
    return movie
  }

  show(title: string, over: Partial<Pick<Series, "arr" | "status" | "ids" | "tags">> = {}): Series {
    const series: Series = {
      arr: "sonarr",
      id: this.next(),
      title,
      year: 2020,
      ids: { tvdb: `${title}-tvdb` },
      status: "ended",
      monitored: true,
      tags: known([], "Sonarr", now),
      addedAt: ago(101),
      episodes: [],
      files: [],
      queued: new Set(),
      ...over
    }
    this.series.push(series)
    return series
  }

  episode(series: Series, season: number, number: number, over: EpisodeOver = {}): Open<LibraryEpisode> {
    const { airsAt = ago(200), missing = false, sharesWith, item, ...rest } = over
    const first = series.episodes.find((one) => one.season === season && one.episode === sharesWith)
    const name = `S${season}E${number}`
    const own =
      missing || first !== undefined ? undefined : this.file(`/${series.arr}/${series.title}/${name}.mkv`, rest)
    if (own !== undefined) series.files.push(own)
    const fileId = first?.fileId ?? own?.id ?? null
    const episode = { id: this.next(), season, episode: number, title: name, airsAt, monitored: true, fileId }
    series.episodes.push(episode)
    if (item === null || own === undefined) return episode
    const id = mediaId(series, season, number)
    const show = { id: series.title, name: series.title, ids: series.ids }
    const place = { seasonId: `${series.title} S${season}`, season, episode: number, lastEpisode: number }
    this.item({ id, kind: "episode", paths: [own.path], series: show, ...place, ...item })
    return episode
  }

  season(series: Series, season: number, count: number, over: EpisodeOver = {}): void {
    for (let number = 1; number <= count; number++) this.episode(series, season, number, over)
  }

  watch(itemId: string, at: number | null = ago(10), viewer = "u1", played = true): void {
    this.viewings.get(viewer)?.set(itemId, { played, at, favourite: false })
  }

  watchSeason(series: Series, season: number, at: number | null = ago(10), viewer = "u1"): void {
    for (const item of this.items) {
      if (item.series?.id === series.title && item.season === season) this.watch(item.id, at, viewer)
    }
  }

  /** By numbers, for large libraries. */
  watchSeasonOf(series: Series, season: number, count: number, at: number | null = ago(10)): void {
    for (let number = 1; number <= count; number++) this.watch(mediaId(series, season, number), at)
  }

  request(
    kind: TitleRequest["kind"],
    ids: TitleRequest["ids"],
    viewerId: string | null,
    seasons: Array<number> = []
  ): void {
    const requester = viewerId === null ? null : { name: viewerId, viewerId }
    this.requests.push({ mediaId: this.next(), kind, ids, seasons, requester, requestedAt: ago(150) })
  }

  get media(): MediaFacts {
    const { viewers, items, viewings, favourites, nextUp, playing } = this
    return { viewers, items, viewings, favourites, nextUp, playing }
  }

  get library(): LibraryFacts {
    return { movies: this.movies, series: this.series, requests: this.requests }
  }

  plan(over: Partial<WatchedPolicy> = {}, at = now): WatchedPlan {
    return plan(this.media, this.library, { ...policy, ...over }, at)
  }

  all(over: Partial<WatchedPolicy> = {}, at = now): ReadonlyArray<Judged> {
    return judgeAll(this.media, this.library, { ...policy, ...over }, at)
  }

  one(key: string, over: Partial<WatchedPolicy> = {}, at = now): Judged {
    const judged = judgeOne(this.media, this.library, { ...policy, ...over }, at, key)
    if (judged === undefined) throw new Error(`there is no ${key}`)
    return judged
  }
}

export const mediaId = ({ title, arr }: Series, season: number, number: number): string =>
  `${title} S${season}E${number}@${arr}`
export const keyOf = ({ arr, id }: Movie): string => `${arr}/${id}`
export const seasonKey = ({ arr, id }: Series, season: number): string => `${arr}/${id}/season/${season}`

/** Names of what is not met, the deciding one first. */
export const unmet = ({ conditions }: Judged): ReadonlyArray<string> =>
  conditions.filter(({ met }) => !met).map(({ name }) => name)
export const titles = (all: ReadonlyArray<Judged>): ReadonlyArray<string> => all.map(({ target }) => target.title)
