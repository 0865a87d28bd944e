import { join } from "node:path"
import type { EpisodeHandle, EpisodeSpec, SeasonSpec, SeriesHandle, SeriesSpec } from "./specs.ts"
import { type ArrEpisode, arrOf, type ArrSeries, type JellyfinItem, nextId } from "./state.ts"
import { day, enqueue, importFile, makeItem, type Making, request, setFavourite, setWatched, tagId } from "./titles.ts"

const two = (value: number) => String(value).padStart(2, "0")
const jellyfinStatus = (status: ArrSeries["status"]) => (status === "ended" ? "Ended" : "Continuing")

/** A series in its arr, in Jellyfin, on the disk, and asked for. */
export const makeSeries = (making: Making, spec: SeriesSpec): SeriesHandle => {
  const { state } = making
  const now = state.now()
  const arr = arrOf(state, spec.arr ?? "sonarr")
  const { title, year = 2018, tvdb = 200_000 + nextId(), tmdb = 300_000 + nextId(), imdb = null } = spec
  const { added = now - 60 * day, status = "ended" } = spec
  const folder = join(arr.rootFolder, title)
  const inArr = spec.inArr !== false
  const series: ArrSeries = {
    id: nextId(),
    title,
    year,
    tvdb,
    tmdb,
    imdb,
    path: folder,
    status,
    monitored: spec.monitored ?? true,
    tags: (spec.tags ?? []).map((label) => tagId(arr, label)),
    added,
    seasons: new Map()
  }
  if (inArr) arr.series.set(series.id, series)
  const ordered: Array<ArrEpisode> = []
  arr.episodesOf.set(series.id, ordered)
  const item =
    spec.inJellyfin === false
      ? null
      : makeItem(state, "Series", title, {
          paths: [folder],
          ids: spec.jellyfinIds ?? {
            Tvdb: String(tvdb),
            Tmdb: String(tmdb),
            ...(imdb === null ? {} : { Imdb: imdb })
          },
          created: added,
          premiere: Date.UTC(year, 0, 1),
          status: jellyfinStatus(status)
        })
  if (item !== null) setFavourite(making, item, spec.favouriteOf ?? [])
  const seasonItems = new Map<number, JellyfinItem>()
  const handles = new Map<string, EpisodeHandle>()

  const seasonItem = (season: number, from: SeasonSpec | undefined): JellyfinItem | null => {
    if (item === null) return null
    const known = seasonItems.get(season)
    if (known !== undefined) return known
    const made = makeItem(state, "Season", season === 0 ? "Specials" : `Season ${season}`, {
      parentId: item.id,
      seriesId: item.id,
      index: from?.jellyfinIndex === undefined ? season : from.jellyfinIndex,
      created: added
    })
    setFavourite(making, made, from?.favouriteOf ?? [])
    seasonItems.set(season, made)
    return made
  }

  const add = (season: number, one: EpisodeSpec, from?: SeasonSpec): EpisodeHandle => {
    const last = one.last ?? one.episode
    const numbers = Array.from({ length: last - one.episode + 1 }, (_, index) => one.episode + index)
    const airs = one.airs === undefined ? (from?.airs === undefined ? now - 100 * day : from.airs) : one.airs
    const monitored = one.monitored ?? from?.monitored ?? true
    if (!series.seasons.has(season)) series.seasons.set(season, { monitored: from?.monitored ?? true })
    const fileSpec = one.file === undefined ? (from?.file === undefined ? {} : from.file) : one.file
    const fileAdded = fileSpec?.added ?? added
    const episodes = numbers.map((episode): ArrEpisode => {
      const name = one.title ?? `Episode ${episode}`
      return { id: nextId(), seriesId: series.id, season, episode, title: name, airs, monitored, fileId: 0 }
    })
    const code = `S${two(season)}E${numbers.map(two).join("-E")}`
    const name = `${season === 0 ? "Specials" : `Season ${two(season)}`}/${title} ${code}.mkv`
    const file =
      fileSpec === null
        ? null
        : importFile(
            making,
            arr,
            series,
            season,
            { name, ...fileSpec, added: fileAdded },
            1_000_000,
            episodes.map(({ id }) => id)
          )
    for (const episode of episodes) {
      episode.fileId = file?.id ?? 0
      ordered.push(episode)
      if (inArr) arr.episodes.set(episode.id, episode)
      if (one.queued === true) enqueue(state, arr, series, episode)
    }
    ordered.sort((a, b) => a.season - b.season || a.episode - b.episode)
    if (!inArr && file !== null) arr.files.delete(file.id)
    const path = file === null ? null : join(folder, file.relativePath)
    const parent = path === null || one.inJellyfin === false ? null : seasonItem(season, from)
    const made =
      item === null || parent === null || path === null
        ? null
        : makeItem(state, "Episode", one.title ?? `Episode ${one.episode}`, {
            paths: [path],
            size: file?.size ?? 0,
            ids: { Tvdb: String(tvdb * 1000 + season * 100 + one.episode) },
            parentId: parent.id,
            seriesId: item.id,
            seasonId: parent.id,
            index: one.episode,
            lastIndex: last === one.episode ? null : last,
            parentIndex: from?.jellyfinIndex === undefined ? season : from.jellyfinIndex,
            created: one.created === undefined ? fileAdded : one.created,
            runtime: one.runtime === undefined ? 2400 : one.runtime,
            premiere: airs
          })
    if (made !== null) {
      setWatched(making, made, one.watchedBy ?? from?.watchedBy ?? spec.watchedBy ?? {})
      setFavourite(making, made, one.favouriteOf ?? [])
    }
    for (const [index, number] of numbers.entries()) {
      const episode = inArr ? (episodes[index] ?? null) : null
      handles.set(`${season}x${number}`, { episode, item: made, file, path })
    }
    return episodeOf(season, one.episode)
  }

  const episodeOf = (season: number, episode: number): EpisodeHandle => {
    const handle = handles.get(`${season}x${episode}`)
    if (handle === undefined) throw new Error(`${title} has no S${season}E${episode}`)
    return handle
  }

  for (const [key, one] of Object.entries(spec.seasons)) {
    const season = Number(key)
    const from: SeasonSpec = typeof one === "number" ? { episodes: one } : one
    const episodes =
      typeof from.episodes === "number"
        ? Array.from({ length: from.episodes }, (_, index): EpisodeSpec => ({ episode: index + 1 }))
        : from.episodes
    for (const episode of episodes) add(season, episode, from)
  }
  if (spec.requestedBy !== undefined) {
    request(state, {
      kind: "tv",
      tmdb,
      tvdb,
      imdb,
      externalId: series.id,
      jellyfinId: item?.id ?? null,
      seasons: [...series.seasons.keys()].filter((season) => season > 0),
      by: spec.requestedBy,
      at: added - day,
      is4k: arr.name === "sonarr4k"
    })
  }
  return {
    arr: arr.name,
    folder,
    series: inArr ? series : null,
    item,
    season: (season) => ({
      item: seasonItems.get(season) ?? null,
      episodes: [...handles].filter(([key]) => key.startsWith(`${season}x`)).map(([, handle]) => handle)
    }),
    episode: episodeOf,
    add: (season, one) => add(season, one)
  }
}
