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
import { type ArrFile, type ArrMovie, makeKept, seenBy, touch } from "./state.ts"
import { record } from "./titles.ts"

export const startRadarr = (options: ArrOptions): Promise<FakeServer> => {
  const { state, arr } = options
  const seen = (path: string) => seenBy(state, arr.name, path)

  const fileResource = (file: ArrFile, movie: ArrMovie) => ({
    movieId: movie.id,
    relativePath: file.relativePath,
    path: seen(join(movie.path, file.relativePath)),
    size: file.size,
    dateAdded: arrTime(file.added),
    sceneName: file.sceneName,
    releaseGroup: "GRP",
    edition: "",
    languages: english,
    quality: {
      ...qualityOf(file, "webdl"),
      quality: { ...qualityOf(file, "webdl").quality, modifier: "none" }
    },
    customFormatScore: 0,
    indexerFlags: 0,
    ...mediaInfoOf(file),
    qualityCutoffNotMet: false,
    id: file.id
  })

  const resource = (movie: ArrMovie) => {
    const file = arr.files.get(movie.fileId)
    return {
      title: movie.title,
      originalTitle: movie.title,
      originalLanguage: { id: 1, name: "English" },
      alternateTitles: [],
      secondaryYearSourceId: 0,
      sortTitle: movie.title.toLowerCase(),
      sizeOnDisk: file?.size ?? 0,
      status: "released",
      overview: "A film.",
      images: [],
      website: "",
      year: movie.year,
      studio: "",
      path: seen(movie.path),
      qualityProfileId: 1,
      hasFile: file !== undefined,
      movieFileId: movie.fileId,
      monitored: movie.monitored,
      minimumAvailability: "released",
      isAvailable: true,
      folderName: seen(movie.path),
      runtime: movie.runtime,
      cleanTitle: movie.title.toLowerCase().replaceAll(" ", ""),
      ...(movie.imdb === null ? {} : { imdbId: movie.imdb }),
      tmdbId: movie.tmdb,
      titleSlug: String(movie.tmdb),
      rootFolderPath: seen(arr.rootFolder),
      genres: [],
      keywords: [],
      tags: movie.tags,
      added: arrTime(movie.added),
      ratings: {},
      ...(file === undefined ? {} : { movieFile: fileResource(file, movie) }),
      popularity: 1.5,
      statistics: {
        movieFileCount: file === undefined ? 0 : 1,
        sizeOnDisk: file?.size ?? 0,
        releaseGroups: file === undefined ? [] : ["GRP"]
      },
      id: movie.id
    }
  }
  const text = makeKept<ArrMovie>(state, (movie) => JSON.stringify(resource(movie)))

  const deleteOne = (file: ArrFile, movie: ArrMovie): Reply | null =>
    deleteFile(state, arr, { path: movie.path, what: "Movie" }, file, (gone, path) => {
      const owner = arr.movies.get(gone.ownerId)
      if (owner?.fileId === gone.id) {
        owner.fileId = 0
        if (arr.unmonitorDeleted) owner.monitored = false
      }
      record(arr, "movieFileDeleted", {
        ownerId: gone.ownerId,
        title: path,
        date: state.now(),
        hash: null,
        data: { reason: "Manual", fileId: String(gone.id) }
      })
    })

  const remove = (movie: ArrMovie, withFiles: boolean) => {
    const file = arr.files.get(movie.fileId)
    if (withFiles && file !== undefined) deleteOne(file, movie)
    arr.files.delete(movie.fileId)
    arr.movies.delete(movie.id)
    touch(state)
  }

  return startServer(
    serverOptions(options, {
      ...commonRoutes(options, { app: "Radarr", owner: "movieId", qualitySource: "webdl" }),
      "GET /api/v3/movie":
        () =>
        ({ query }) => {
          const tmdb = query.get("tmdbId")
          const movies = [...arr.movies.values()].filter((movie) => tmdb === null || movie.tmdb === Number(tmdb))
          return texts(movies.map(text))
        },
      "GET /api/v3/movie/{id}":
        () =>
        (_, { id }) => {
          const movie = arr.movies.get(Number(id))
          return movie === undefined ? missing : { status: 200, body: text(movie) }
        },
      "DELETE /api/v3/movie/{id}":
        () =>
        ({ query }, { id }) => {
          const movie = arr.movies.get(Number(id))
          if (movie === undefined) return missing
          remove(movie, isFlag(query, "deleteFiles"))
          return json({})
        },
      "PUT /api/v3/movie/editor":
        () =>
        ({ body }) => {
          const ids = idsOf(body, "movieIds")
          const movies = rowsOf(arr.movies, ids)
          if (movies === undefined) return notAllRows(ids, ids.filter((id) => arr.movies.has(id)).length)
          const monitored = field(body, "monitored")
          const tags = field(body, "tags") === undefined ? undefined : idsOf(body, "tags")
          for (const movie of movies) {
            if (typeof monitored === "boolean") movie.monitored = monitored
            if (tags === undefined) continue
            const how = field(body, "applyTags")
            if (how === "remove") movie.tags = movie.tags.filter((tag) => !tags.includes(tag))
            else movie.tags = how === "replace" ? [...tags] : [...new Set([...movie.tags, ...tags])]
          }
          touch(state)
          return { ...texts(movies.map(text)), status: 202 }
        },
      "GET /api/v3/moviefile":
        () =>
        ({ query }) => {
          const files = numbersOf(query, "movieFileIds")
          const owners = numbersOf(query, "movieId")
          if (files.length === 0 && owners.length === 0) {
            return failure(400, "movieId or movieFileIds must be provided")
          }
          const rows =
            owners.length > 0
              ? [...arr.files.values()].filter(({ ownerId }) => owners.includes(ownerId))
              : rowsOf(arr.files, files)
          if (rows === undefined) return notAllRows(files, 0)
          return json(
            rows.flatMap((file) => {
              const movie = arr.movies.get(file.ownerId)
              return movie === undefined ? [] : [fileResource(file, movie)]
            })
          )
        },
      "GET /api/v3/moviefile/{id}":
        () =>
        (_, { id }) => {
          const file = arr.files.get(Number(id))
          const movie = arr.movies.get(file?.ownerId ?? 0)
          return file === undefined || movie === undefined ? missing : json(fileResource(file, movie))
        },
      "DELETE /api/v3/moviefile/{id}":
        () =>
        (_, { id }) => {
          const file = arr.files.get(Number(id))
          const movie = arr.movies.get(file?.ownerId ?? 0)
          if (file === undefined || movie === undefined) return missing
          return deleteOne(file, movie) ?? json({})
        },
      "DELETE /api/v3/moviefile/bulk":
        () =>
        ({ body }) => {
          const ids = idsOf(body, "movieFileIds")
          const files = rowsOf(arr.files, ids)
          if (files === undefined) return notAllRows(ids, ids.filter((id) => arr.files.has(id)).length)
          const movie = arr.movies.get(files[0]?.ownerId ?? 0)
          if (movie === undefined) return noElements
          for (const file of files) {
            const refused = deleteOne(file, movie)
            if (refused !== null) return refused
          }
          return json({})
        }
    })
  )
}
