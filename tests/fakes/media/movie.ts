import { join } from "node:path"
import type { MovieHandle, MovieSpec } from "./specs.ts"
import { arrOf, type ArrMovie, nextId } from "./state.ts"
import { day, enqueue, importFile, makeItem, type Making, request, setFavourite, setWatched, tagId } from "./titles.ts"

/** A film in its arr, in Jellyfin, on the disk, and asked for. */
export const makeMovie = (making: Making, spec: MovieSpec): MovieHandle => {
  const { state } = making
  const now = state.now()
  const arr = arrOf(state, spec.arr ?? "radarr")
  const { title, year = 2020, tmdb = 100_000 + nextId(), imdb = null, added = now - 60 * day } = spec
  const path = join(arr.rootFolder, `${title} (${year})`)
  const fileAdded = spec.file?.added ?? added
  const id = nextId()
  const file =
    spec.file === null
      ? null
      : importFile(
          making,
          arr,
          { id, path },
          0,
          { name: `${title} (${year}).mkv`, ...spec.file, added: fileAdded },
          5_000_000,
          []
        )
  const movie: ArrMovie = {
    id,
    title,
    year,
    tmdb,
    imdb,
    path,
    monitored: spec.monitored ?? true,
    tags: (spec.tags ?? []).map((label) => tagId(arr, label)),
    added,
    fileId: file?.id ?? 0,
    runtime: 90
  }
  if (spec.inArr === false) arr.files.delete(file?.id ?? 0)
  else arr.movies.set(id, movie)
  if (spec.queued === true) enqueue(state, arr, movie, null)

  const filePath = file === null ? null : join(path, file.relativePath)
  const version = spec.versionOf?.item ?? null
  if (version !== null && filePath !== null) version.paths.push(filePath)
  const item =
    version ??
    (filePath === null || spec.inJellyfin === false
      ? null
      : makeItem(state, "Movie", title, {
          paths: [filePath],
          size: file?.size ?? 0,
          ids: spec.jellyfinIds ?? { Tmdb: String(tmdb), ...(imdb === null ? {} : { Imdb: imdb }) },
          created: spec.created === undefined ? fileAdded : spec.created,
          runtime: spec.runtime === undefined ? 5400 : spec.runtime,
          premiere: Date.UTC(year, 5, 1)
        }))
  if (item !== null) {
    setWatched(making, item, spec.watchedBy ?? {})
    setFavourite(making, item, spec.favouriteOf ?? [])
  }
  if (spec.requestedBy !== undefined) {
    request(state, {
      kind: "movie",
      tmdb,
      tvdb: null,
      imdb,
      externalId: id,
      jellyfinId: item?.id ?? null,
      seasons: [],
      by: spec.requestedBy,
      at: added - day,
      is4k: arr.name === "radarr4k"
    })
  }
  return { arr: arr.name, movie: spec.inArr === false ? null : movie, item, file, path: filePath }
}
