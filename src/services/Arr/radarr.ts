import { Effect } from "effect"
import type { LibraryMovie } from "../../domain/watchedWorld.ts"
import { type CallFailed, failed, tryRead } from "../../platform/HttpApi.ts"
import {
  childOf,
  flag,
  instant,
  integer,
  integerOrNull,
  type Row,
  rowOf,
  rowsOf,
  text,
  WrongShape
} from "../../platform/JsonRow.ts"
import { ArrRefused } from "../Arr.ts"
import { deletion, ownFiles } from "./changing.ts"
import { type Library, type LibraryOptions, makeCommon } from "./common.ts"
import { originsOf, toEvent } from "./history.ts"
import { fileOf, idsOf, tagsOf, type Tags, yearOf } from "./wire.ts"

/** Radarr 3 and newer. */
export const makeRadarr = (options: LibraryOptions): Library => {
  const { arr, connection } = options
  const { api } = connection
  const common = makeCommon(options, "Radarr", "movieId")
  const { change, queue, source, tags, toHost } = common

  const toMovie = (row: Row, labels: Tags, queued: ReadonlySet<number>, now: number): LibraryMovie => {
    const id = integer(row, "id")
    const file = childOf(row, "movieFile")
    const fileId = integerOrNull(row, "movieFileId") ?? 0
    if (file === null && (fileId !== 0 || row["hasFile"] === true)) {
      throw new WrongShape("a movie that has a file comes without it")
    }
    return {
      arr,
      id,
      title: text(row, "title"),
      year: yearOf(row),
      ids: idsOf(row),
      monitored: flag(row, "monitored"),
      tags: tagsOf(row, labels, source, now),
      addedAt: instant(row, "added"),
      file: file === null ? null : fileOf(file, toHost),
      queued: queued.has(id)
    }
  }

  const read = <A>(
    answer: Effect.Effect<unknown, CallFailed>,
    to: (value: unknown, one: (row: Row) => LibraryMovie) => A
  ) =>
    Effect.gen(function* () {
      const [value, labels, waiting] = yield* Effect.all([answer, tags, queue], { concurrency: 3 })
      const now = yield* common.now
      const queued = new Set(waiting.flatMap(({ ownerId }) => ownerId ?? []))
      return yield* tryRead(() => to(value, (row) => toMovie(row, labels, queued, now)))
    })

  const files = (movieId: number) =>
    Effect.flatMap(api.json("/moviefile", { movieId }), (answer) =>
      tryRead(() => rowsOf(answer, "the list of files").map((row) => fileOf(row, toHost)))
    )

  const none = Effect.fail(failed("it is a Radarr, and has no series"))

  return {
    movies: read(api.json("/movie", { excludeLocalCovers: true }), (answer, one) =>
      rowsOf(answer, "the list of movies").map(one)
    ),
    movie: (id) =>
      read(api.jsonOrGone(`/movie/${id}`), (answer, one) => {
        const movie = answer === null ? null : one(rowOf(answer, "the movie"))
        if (movie !== null && movie.id !== id) throw new WrongShape("another movie than the one asked for")
        return movie
      }),
    seriesList: none,
    withEpisodes: () => none,
    series: () => none,
    tags: common.labels,
    origins: Effect.fnUntraced(function* (movieId: number) {
      const answer = yield* api.json("/history/movie", { movieId })
      const events = yield* tryRead(() => rowsOf(answer, "the history").map(toEvent))
      return originsOf(events, yield* files(movieId), toHost)
    }),
    setMonitored: (id, episodes, monitored) => {
      const act = monitored ? "monitor" : "unmonitor"
      return episodes === null
        ? change(act, "PUT", "/movie/editor", { movieIds: [id], monitored })
        : Effect.fail(new ArrRefused({ arr, act, why: "a movie has no episodes" }))
    },
    deleteFiles: Effect.fnUntraced(function* (id: number, ids: ReadonlyArray<number>) {
      yield* ownFiles(arr, `movie ${id}`, ids, files(id))
      const [first] = ids
      yield* ids.length === 1
        ? change(deletion, "DELETE", `/moviefile/${first}`, undefined)
        : change(deletion, "DELETE", "/moviefile/bulk", { movieFileIds: ids })
    }),
    trouble: common.trouble
  }
}
