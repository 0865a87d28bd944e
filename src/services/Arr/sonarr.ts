import { Effect } from "effect"
import type { LibraryEpisode, LibraryFile, LibrarySeries } from "../../domain/watchedWorld.ts"
import { failed, tryRead } from "../../platform/HttpApi.ts"
import {
  childOf,
  childrenOf,
  flag,
  instant,
  integer,
  integerOrNull,
  natural,
  type Row,
  rowOf,
  rowsOf,
  text,
  textOrNull,
  WrongShape
} from "../../platform/JsonRow.ts"
import { ArrRefused, type SeriesSummary } from "../Arr.ts"
import { deletion, ownFiles } from "./changing.ts"
import { type Library, type LibraryOptions, makeCommon } from "./common.ts"
import { originsOf, toEvent } from "./history.ts"
import { fileOf, idsOf, type Queued, tagsOf, type Tags, type ToHost, yearOf } from "./wire.ts"

/** Series that are asked for their episodes at the same time. */
const together = 6

const statuses = ["continuing", "ended", "upcoming", "deleted"] as const

const statusOf = (row: Row): LibrarySeries["status"] => {
  const status = text(row, "status")
  const found = statuses.find((one) => one === status)
  if (found === undefined) throw new WrongShape("a series has a status that is not known")
  return found
}

const seasonOf = (row: Row): SeriesSummary["seasons"][number] => {
  const statistics = childOf(row, "statistics")
  return {
    season: integer(row, "seasonNumber"),
    files: statistics === null ? 0 : natural(statistics, "episodeFileCount"),
    bytes: statistics === null ? 0 : natural(statistics, "sizeOnDisk")
  }
}

const toEpisode = (row: Row): LibraryEpisode => {
  const fileId = integerOrNull(row, "episodeFileId") ?? 0
  return {
    id: integer(row, "id"),
    season: integer(row, "seasonNumber"),
    episode: integer(row, "episodeNumber"),
    title: textOrNull(row, "title") ?? "",
    airsAt: instant(row, "airDateUtc"),
    monitored: flag(row, "monitored"),
    fileId: fileId === 0 ? null : fileId
  }
}

/** Each file once: one of two episodes comes with both. */
const filesOf = (rows: ReadonlyArray<Row>, toHost: ToHost): ReadonlyArray<LibraryFile> => {
  const files = new Map<number, LibraryFile>()
  for (const row of rows) {
    const file = childOf(row, "episodeFile")
    const wanted = integerOrNull(row, "episodeFileId") ?? 0
    if (wanted === 0 || files.has(wanted)) continue
    if (file === null) throw new WrongShape("an episode that has a file comes without it")
    const read = fileOf(file, toHost)
    if (read.id !== wanted) throw new WrongShape("an episode comes with another's file")
    files.set(wanted, read)
  }
  return [...files.values()]
}

/** A download whose episode or season is not known may be any of the series. */
const queuedOf = (queue: ReadonlyArray<Queued>, id: number, episodes: ReadonlyArray<LibraryEpisode>) => {
  const queued = new Set<number>()
  for (const { episodeId, ownerId, season } of queue) {
    if (ownerId !== id) continue
    if (episodeId !== null) queued.add(episodeId)
    else for (const one of episodes) if (season === null || one.season === season) queued.add(one.id)
  }
  return queued
}

/** Sonarr 3 and newer, over its API of version 3. */
export const makeSonarr = (options: LibraryOptions): Library => {
  const { arr, connection } = options
  const { api } = connection
  const common = makeCommon(options, "Sonarr", "seriesId")
  const { change, queue, source, tags, toHost } = common

  const toSeries = (row: Row, labels: Tags, now: number): Omit<SeriesSummary, "seasons"> => ({
    arr,
    id: integer(row, "id"),
    title: text(row, "title"),
    year: yearOf(row),
    ids: idsOf(row),
    status: statusOf(row),
    monitored: flag(row, "monitored"),
    tags: tagsOf(row, labels, source, now),
    addedAt: instant(row, "added")
  })

  const files = (seriesId: number) =>
    Effect.flatMap(api.json("/episodefile", { seriesId }), (answer) =>
      tryRead(() => rowsOf(answer, "the list of files").map((row) => fileOf(row, toHost)))
    )

  const listed = (seriesId: number) => api.json("/episode", { seriesId, includeEpisodeFile: true })

  const withParts = (
    series: Omit<SeriesSummary, "seasons">,
    answer: unknown,
    waiting: ReadonlyArray<Queued>
  ): LibrarySeries => {
    const rows = rowsOf(answer, "the list of episodes")
    if (rows.some((row) => integer(row, "seriesId") !== series.id)) throw new WrongShape("an episode of another series")
    const episodes = rows.map(toEpisode)
    const queued = queuedOf(waiting, series.id, episodes)
    return { ...series, episodes, files: filesOf(rows, toHost), queued }
  }

  const none = Effect.fail(failed("it is a Sonarr, and has no movies"))

  return {
    movies: none,
    movie: () => none,
    seriesList: Effect.gen(function* () {
      const [answer, labels] = yield* Effect.all([api.json("/series"), tags], { concurrency: 2 })
      const now = yield* common.now
      return yield* tryRead(() =>
        rowsOf(answer, "the list of series").map((row) => ({
          ...toSeries(row, labels, now),
          seasons: childrenOf(row, "seasons").map(seasonOf)
        }))
      )
    }),
    withEpisodes: Effect.fnUntraced(function* (list: ReadonlyArray<SeriesSummary>) {
      if (list.length === 0) return []
      const waiting = yield* queue
      return yield* Effect.forEach(
        list,
        ({ seasons: _, ...series }) =>
          Effect.flatMap(listed(series.id), (answer) => tryRead(() => withParts(series, answer, waiting))),
        { concurrency: together }
      )
    }),
    series: Effect.fnUntraced(function* (id: number) {
      const answer = yield* api.jsonOrGone(`/series/${id}`)
      // Something else at that address has no such series either.
      if (answer === null) return yield* Effect.as(tags, null)
      const [parts, labels, waiting] = yield* Effect.all([listed(id), tags, queue], { concurrency: 3 })
      const now = yield* common.now
      return yield* tryRead((): LibrarySeries => {
        const series = toSeries(rowOf(answer, "the series"), labels, now)
        if (series.id !== id) throw new WrongShape("another series than the one asked for")
        return withParts(series, parts, waiting)
      })
    }),
    tags: common.labels,
    origins: Effect.fnUntraced(function* (seriesId: number) {
      const answer = yield* api.json("/history/series", { seriesId })
      const events = yield* tryRead(() => rowsOf(answer, "the history").map(toEvent))
      return originsOf(events, yield* files(seriesId), toHost)
    }),
    setMonitored: (_, episodes, monitored) => {
      const act = monitored ? "monitor" : "unmonitor"
      return episodes === null || episodes.length === 0
        ? Effect.fail(new ArrRefused({ arr, act, why: "no episode is named" }))
        : change(act, "PUT", "/episode/monitor", { episodeIds: episodes, monitored })
    },
    deleteFiles: Effect.fnUntraced(function* (id: number, ids: ReadonlyArray<number>) {
      yield* ownFiles(arr, `series ${id}`, ids, files(id))
      yield* change(deletion, "DELETE", "/episodefile/bulk", { episodeFileIds: ids })
    }),
    trouble: common.trouble
  }
}
