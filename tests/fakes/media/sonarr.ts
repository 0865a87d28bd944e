import { join } from "node:path"
import {
  type ArrOptions,
  arrTime,
  commonRoutes,
  deleteFile,
  english,
  failure,
  field,
  idsOf,
  isFlag,
  mediaInfoOf,
  missing,
  noElements,
  notAllRows,
  numbersOf,
  qualityOf,
  rowsOf,
  serverOptions
} from "./arr.ts"
import { type FakeServer, json, type Reply, startServer, texts } from "./server.ts"
import { type ArrEpisode, type ArrFile, type ArrSeries, makeKept, seenBy, touch } from "./state.ts"
import { record } from "./titles.ts"

export const startSonarr = (options: ArrOptions): Promise<FakeServer> => {
  const { state, arr } = options
  const seen = (path: string) => seenBy(state, arr.name, path)
  const episodesOf = (series: number) => arr.episodesOf.get(series) ?? []

  const fileResource = (file: ArrFile, series: ArrSeries) => ({
    seriesId: series.id,
    seasonNumber: file.season,
    relativePath: file.relativePath,
    path: seen(join(series.path, file.relativePath)),
    size: file.size,
    dateAdded: arrTime(file.added),
    sceneName: file.sceneName,
    releaseGroup: "GRP",
    languages: english,
    quality: qualityOf(file, "web"),
    customFormats: [],
    customFormatScore: 0,
    indexerFlags: 0,
    releaseType: "singleEpisode",
    ...mediaInfoOf(file),
    qualityCutoffNotMet: false,
    id: file.id
  })

  const statistics = (episodes: ReadonlyArray<ArrEpisode>) => {
    const now = state.now()
    const files = new Set(episodes.map(({ fileId }) => fileId).filter((id) => id !== 0))
    const withFile = episodes.filter(({ fileId }) => fileId !== 0).length
    const counted = episodes.filter(
      ({ monitored, airs, fileId }) => fileId !== 0 || (monitored && airs !== null && airs <= now)
    ).length
    const next = episodes.flatMap(({ airs, monitored }) => (airs !== null && monitored && airs > now ? [airs] : []))
    return {
      ...(next.length === 0 ? {} : { nextAiring: arrTime(Math.min(...next)) }),
      episodeFileCount: withFile,
      episodeCount: counted,
      totalEpisodeCount: episodes.length,
      sizeOnDisk: [...files].reduce((sum, id) => sum + (arr.files.get(id)?.size ?? 0), 0),
      releaseGroups: files.size === 0 ? [] : ["GRP"],
      percentOfEpisodes: counted === 0 ? 0 : (withFile / counted) * 100
    }
  }

  const resource = (series: ArrSeries) => {
    const episodes = episodesOf(series.id)
    const { nextAiring, ...rest } = statistics(episodes.filter(({ season }) => season > 0))
    return {
      title: series.title,
      alternateTitles: [],
      sortTitle: series.title.toLowerCase(),
      status: series.status,
      ended: series.status === "ended",
      overview: "A series.",
      ...(nextAiring === undefined ? {} : { nextAiring }),
      images: [],
      originalLanguage: { id: 1, name: "English" },
      seasons: [...series.seasons]
        .toSorted(([a], [b]) => a - b)
        .map(([seasonNumber, { monitored }]) => ({
          seasonNumber,
          monitored,
          statistics: statistics(episodes.filter(({ season }) => season === seasonNumber))
        })),
      year: series.year,
      path: seen(series.path),
      qualityProfileId: 1,
      seasonFolder: true,
      monitored: series.monitored,
      monitorNewItems: "all",
      useSceneNumbering: false,
      runtime: 40,
      tvdbId: series.tvdb,
      tvRageId: 0,
      tvMazeId: 0,
      tmdbId: series.tmdb,
      seriesType: "standard",
      cleanTitle: series.title.toLowerCase().replaceAll(" ", ""),
      ...(series.imdb === null ? {} : { imdbId: series.imdb }),
      titleSlug: series.title.toLowerCase().replaceAll(" ", "-"),
      rootFolderPath: seen(arr.rootFolder),
      genres: [],
      tags: series.tags,
      added: arrTime(series.added),
      ratings: { votes: 0, value: 0 },
      statistics: { seasonCount: [...series.seasons.keys()].filter((one) => one > 0).length, ...rest },
      languageProfileId: 1,
      id: series.id
    }
  }

  const episodeResource = (episode: ArrEpisode, withFile: boolean) => {
    const series = arr.series.get(episode.seriesId)
    const file = arr.files.get(episode.fileId)
    return {
      seriesId: episode.seriesId,
      tvdbId: 9_000_000 + episode.id,
      episodeFileId: episode.fileId,
      seasonNumber: episode.season,
      episodeNumber: episode.episode,
      title: episode.title,
      ...(episode.airs === null
        ? {}
        : { airDate: arrTime(episode.airs).slice(0, 10), airDateUtc: arrTime(episode.airs) }),
      runtime: 40,
      ...(withFile && file !== undefined && series !== undefined ? { episodeFile: fileResource(file, series) } : {}),
      hasFile: episode.fileId !== 0,
      monitored: episode.monitored,
      unverifiedSceneNumbering: false,
      id: episode.id
    }
  }
  const seriesText = makeKept<ArrSeries>(state, (series) => JSON.stringify(resource(series)))
  const bare = makeKept<ArrEpisode>(state, (episode) => JSON.stringify(episodeResource(episode, false)))
  const full = makeKept<ArrEpisode>(state, (episode) => JSON.stringify(episodeResource(episode, true)))
  const fileText = makeKept<ArrFile>(state, (file) => {
    const series = arr.series.get(file.ownerId)
    return series === undefined ? "" : JSON.stringify(fileResource(file, series))
  })

  /** By the series given, which for a bulk call is that of the first file. */
  const deleteOne = (file: ArrFile, series: ArrSeries): Reply | null =>
    deleteFile(state, arr, { path: series.path, what: "Series" }, file, (gone, path) => {
      for (const episode of episodesOf(gone.ownerId)) {
        if (episode.fileId !== gone.id) continue
        episode.fileId = 0
        if (arr.unmonitorDeleted) episode.monitored = false
        record(arr, "episodeFileDeleted", {
          ownerId: gone.ownerId,
          episodeId: episode.id,
          title: path,
          date: state.now(),
          hash: null,
          data: { reason: "Manual", fileId: String(gone.id) }
        })
      }
    })

  const selected = (query: URLSearchParams): ReadonlyArray<ArrEpisode> | Reply => {
    const series = query.get("seriesId")
    const ids = numbersOf(query, "episodeIds")
    const file = query.get("episodeFileId")
    if (series !== null) {
      const season = query.get("seasonNumber")
      return episodesOf(Number(series))
        .filter(({ id }) => arr.episodes.has(id))
        .filter((one) => season === null || one.season === Number(season))
    }
    if (ids.length > 0) return rowsOf(arr.episodes, ids) ?? notAllRows(ids, 0)
    if (file !== null) return [...arr.episodes.values()].filter(({ fileId }) => fileId === Number(file))
    return failure(400, "seriesId or episodeIds must be provided")
  }

  return startServer(
    serverOptions(options, {
      ...commonRoutes(options, { app: "Sonarr", owner: "seriesId", qualitySource: "web" }),
      "GET /api/v3/series":
        () =>
        ({ query }) => {
          const tvdb = query.get("tvdbId")
          const series = [...arr.series.values()].filter((one) => tvdb === null || one.tvdb === Number(tvdb))
          return texts(series.map(seriesText))
        },
      "GET /api/v3/series/{id}":
        () =>
        (_, { id }) => {
          const series = arr.series.get(Number(id))
          return series === undefined ? missing : { status: 200, body: seriesText(series) }
        },
      "DELETE /api/v3/series/{id}":
        () =>
        ({ query }, { id }) => {
          const series = arr.series.get(Number(id))
          if (series === undefined) return missing
          for (const file of [...arr.files.values()].filter(({ ownerId }) => ownerId === series.id)) {
            if (isFlag(query, "deleteFiles")) deleteOne(file, series)
            arr.files.delete(file.id)
          }
          for (const episode of episodesOf(series.id)) arr.episodes.delete(episode.id)
          arr.series.delete(series.id)
          touch(state)
          return json({})
        },
      "GET /api/v3/episode":
        () =>
        ({ query }) => {
          const found = selected(query)
          if ("status" in found) return found
          return texts(found.map(isFlag(query, "includeEpisodeFile") ? full : bare))
        },
      "GET /api/v3/episode/{id}":
        () =>
        (_, { id }) => {
          const episode = arr.episodes.get(Number(id))
          return episode === undefined ? missing : { status: 200, body: full(episode) }
        },
      "PUT /api/v3/episode/monitor":
        () =>
        ({ body }) => {
          const ids = idsOf(body, "episodeIds")
          for (const id of ids) {
            const episode = arr.episodes.get(id)
            // A missing flag is false in .NET.
            if (episode !== undefined) episode.monitored = field(body, "monitored") === true
          }
          touch(state)
          const rows = rowsOf(arr.episodes, ids)
          if (rows === undefined) return notAllRows(ids, ids.filter((id) => arr.episodes.has(id)).length)
          return { ...texts(rows.map(bare)), status: 202 }
        },
      "GET /api/v3/episodefile":
        () =>
        ({ query }) => {
          const series = query.get("seriesId")
          const ids = numbersOf(query, "episodeFileIds")
          if (series === null && ids.length === 0) {
            return failure(400, "seriesId or episodeFileIds must be provided")
          }
          if (series !== null && !arr.series.has(Number(series))) return missing
          const rows =
            series === null
              ? rowsOf(arr.files, ids)
              : [...arr.files.values()].filter(({ ownerId }) => ownerId === Number(series))
          return rows === undefined ? notAllRows(ids, 0) : texts(rows.map(fileText))
        },
      "GET /api/v3/episodefile/{id}":
        () =>
        (_, { id }) => {
          const file = arr.files.get(Number(id))
          return file === undefined ? missing : { status: 200, body: fileText(file) }
        },
      "DELETE /api/v3/episodefile/{id}":
        () =>
        (_, { id }) => {
          const file = arr.files.get(Number(id))
          const series = arr.series.get(file?.ownerId ?? 0)
          if (file === undefined || series === undefined) return missing
          return deleteOne(file, series) ?? json({})
        },
      "DELETE /api/v3/episodefile/bulk":
        () =>
        ({ body }) => {
          const ids = idsOf(body, "episodeFileIds")
          const files = rowsOf(arr.files, ids)
          if (files === undefined) return notAllRows(ids, ids.filter((id) => arr.files.has(id)).length)
          const series = arr.series.get(files[0]?.ownerId ?? 0)
          if (series === undefined) return noElements
          for (const file of files) {
            const refused = deleteOne(file, series)
            if (refused !== null) return refused
          }
          return json({})
        }
    })
  )
}
