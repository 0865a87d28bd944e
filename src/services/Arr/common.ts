import { Clock, Effect } from "effect"
import type { ArrName, LibraryMovie, LibrarySeries } from "../../domain/watchedWorld.ts"
import { type CallFailed, tryRead } from "../../platform/HttpApi.ts"
import { shareInFlight } from "../../platform/InFlight.ts"
import { flag, natural, rowOf, rowsOf, textOrNull } from "../../platform/JsonRow.ts"
import { readAll } from "../../platform/Paging.ts"
import type { SeriesSummary } from "../Arr.ts"
import { makePathMapper } from "../TorrentClient/paths.ts"
import { makeChange, type Failing } from "./changing.ts"
import type { Connection } from "./connection.ts"
import { type Queued, queuedOf, type Tags, toTag } from "./wire.ts"

/** One Radarr or Sonarr. */
export interface Library {
  readonly movies: Effect.Effect<ReadonlyArray<LibraryMovie>, CallFailed>
  readonly movie: (id: number) => Effect.Effect<LibraryMovie | null, CallFailed>
  readonly seriesList: Effect.Effect<ReadonlyArray<SeriesSummary>, CallFailed>
  readonly withEpisodes: (list: ReadonlyArray<SeriesSummary>) => Effect.Effect<ReadonlyArray<LibrarySeries>, CallFailed>
  readonly series: (id: number) => Effect.Effect<LibrarySeries | null, CallFailed>
  readonly tags: Effect.Effect<ReadonlyArray<string>, CallFailed>
  readonly origins: (id: number) => Effect.Effect<ReadonlyMap<number, ReadonlyArray<string>>, CallFailed>
  readonly setMonitored: (
    id: number,
    episodes: ReadonlyArray<number> | null,
    monitored: boolean
  ) => Effect.Effect<void, Failing>
  readonly deleteFiles: (id: number, files: ReadonlyArray<number>) => Effect.Effect<void, Failing>
  readonly trouble: Effect.Effect<string | null, CallFailed>
}

export interface LibraryOptions {
  readonly arr: ArrName
  readonly connection: Connection
  readonly pathMap: Readonly<Record<string, string>>
}

const queuePage = 1000

/** What is asked of both in the same way. Tags and the queue are shared by all that ask while they are being read. */
export const makeCommon = (
  { arr, connection: { api, url }, pathMap }: LibraryOptions,
  app: string,
  owner: "movieId" | "seriesId"
) => {
  const tags: Effect.Effect<Tags, CallFailed> = shareInFlight(
    Effect.flatMap(api.json("/tag"), (answer) => tryRead(() => new Map(rowsOf(answer, "the list of tags").map(toTag))))
  )

  const queue = shareInFlight(
    readAll({
      size: queuePage,
      id: ({ id }: Queued) => id,
      page: (start) =>
        api
          .json("/queue", {
            page: start / queuePage + 1,
            pageSize: queuePage,
            // The default, the time left, changes all the time.
            sortKey: "title",
            sortDirection: "ascending"
          })
          .pipe(
            Effect.flatMap((answer) =>
              tryRead(() => {
                const row = rowOf(answer, "the queue")
                const total = natural(row, "totalRecords")
                return { total, rows: rowsOf(row["records"], "records").map(queuedOf(owner)) }
              })
            )
          )
    })
  )

  const trouble = Effect.gen(function* () {
    const status = yield* api.json("/system/status")
    const name = yield* tryRead(() => textOrNull(rowOf(status, "the status"), "appName"))
    if (name !== null && name.toLowerCase() !== app.toLowerCase()) return `that is ${name}, and no ${app}`
    const answer = yield* api.json("/rootfolder")
    const roots = yield* tryRead(() =>
      rowsOf(answer, "the list of root folders").map((row) => ({
        path: textOrNull(row, "path") ?? "(no path)",
        accessible: flag(row, "accessible")
      }))
    )
    if (roots.length === 0) return "it has no root folder"
    const lost = roots.filter(({ accessible }) => !accessible).map(({ path }) => path)
    return lost.length === 0 ? null : `its root folder ${lost.join(", ")} is not accessible to it`
  }).pipe(
    Effect.catchIf(
      ({ status }) => status === 401 || status === 403,
      () => Effect.succeed("the API key is not accepted: it is shown under Settings, General")
    )
  )

  return {
    tags,
    queue,
    trouble,
    labels: Effect.map(tags, (all) => [...all.values()]),
    toHost: makePathMapper(pathMap),
    change: makeChange(api, arr),
    source: `the tags in ${app} at ${url}`,
    now: Clock.currentTimeMillis
  }
}
