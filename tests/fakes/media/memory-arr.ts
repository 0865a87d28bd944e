import { Effect, Layer } from "effect"
import { rmSync } from "node:fs"
import type { ArrName, LibraryMovie, LibrarySeries } from "../../../src/domain/watchedWorld.ts"
import { toBytes } from "../../../src/platform/BytePath.ts"
import { Arr, ArrRefused, ArrUnreadable, type SeriesSummary, type TitleRef } from "../../../src/services/Arr.ts"

export type Operation =
  | "movies"
  | "seriesList"
  | "series"
  | "movie"
  | "tags"
  | "origins"
  | "setMonitored"
  | "deleteFiles"

export interface Call {
  readonly operation: Operation
  readonly arr: ArrName
  readonly id: number | null
  /** Of `setMonitored`. */
  readonly monitored: boolean | null
  readonly ids: ReadonlyArray<number> | null
}

/**
 * `unreadable`: it was not done, and no answer came. `lost`: it was done, and no answer came. `ignored`: it answers
 * that it was done, and it was not. `refused`: 409.
 */
export type Behaviour = "unreadable" | "lost" | "ignored" | "refused" | undefined

/** Radarrs and Sonarrs in memory, with files on the real disk where their paths are. Nothing is configured at first. */
export class MemoryArr {
  readonly labels = new Map<ArrName, ReadonlyArray<string>>()
  readonly movies: Array<LibraryMovie> = []
  readonly series: Array<LibrarySeries> = []
  /** Infohashes by file id. */
  readonly origins = new Map<number, ReadonlyArray<string>>()
  readonly calls: Array<Call> = []
  /** Runs before each call, and says how it goes. */
  behave: (call: Call) => Behaviour = () => undefined

  of(operation: Operation): ReadonlyArray<Call> {
    return this.calls.filter((call) => call.operation === operation)
  }

  movie(id: number): LibraryMovie {
    const found = this.movies.find((movie) => movie.id === id)
    if (found === undefined) throw new Error(`no movie ${id}`)
    return found
  }

  oneSeries(id: number): LibrarySeries {
    const found = this.series.find((series) => series.id === id)
    if (found === undefined) throw new Error(`no series ${id}`)
    return found
  }

  changeMovie(id: number, change: Partial<LibraryMovie>): void {
    this.movies.splice(this.movies.indexOf(this.movie(id)), 1, { ...this.movie(id), ...change })
  }

  changeSeries(id: number, change: Partial<LibrarySeries>): void {
    this.series.splice(this.series.indexOf(this.oneSeries(id)), 1, { ...this.oneSeries(id), ...change })
  }

  #setMonitored({ id }: TitleRef, episodes: ReadonlyArray<number> | null, monitored: boolean) {
    if (episodes === null) this.changeMovie(id, { monitored })
    else {
      this.changeSeries(id, {
        episodes: this.oneSeries(id).episodes.map((one) => (episodes.includes(one.id) ? { ...one, monitored } : one))
      })
    }
  }

  #deleteFiles({ arr, id }: TitleRef, files: ReadonlyArray<number>) {
    const remove = (path: string) => rmSync(toBytes(path), { force: true })
    if (arr.startsWith("radarr")) {
      const { file } = this.movie(id)
      if (file === null || !files.includes(file.id)) return
      remove(file.path)
      this.changeMovie(id, { file: null })
      return
    }
    const series = this.oneSeries(id)
    for (const file of series.files) if (files.includes(file.id)) remove(file.path)
    this.changeSeries(id, {
      files: series.files.filter((file) => !files.includes(file.id)),
      episodes: series.episodes.map((one) =>
        one.fileId !== null && files.includes(one.fileId) ? { ...one, fileId: null } : one
      )
    })
  }

  #call<A>(call: Partial<Call> & Pick<Call, "operation" | "arr">, act: () => A) {
    return Effect.suspend((): Effect.Effect<A | undefined, ArrUnreadable | ArrRefused> => {
      const whole: Call = { id: null, monitored: null, ids: null, ...call }
      const behaviour = this.behave(whole)
      this.calls.push(whole)
      if (behaviour === "refused") {
        return Effect.fail(
          new ArrRefused({ arr: call.arr, act: call.operation, why: "409: its root folder is missing or empty" })
        )
      }
      if (behaviour === "unreadable") return Effect.fail(this.#unreadable(call.arr))
      if (behaviour === "ignored") return Effect.succeed(undefined)
      const done = act()
      return behaviour === "lost" ? Effect.fail(this.#unreadable(call.arr)) : Effect.succeed(done)
    })
  }

  #unreadable(arr: ArrName) {
    return new ArrUnreadable({ arr, url: "http://memory", why: "no answer in 30 s" })
  }

  #read<A>(call: Partial<Call> & Pick<Call, "operation" | "arr">, act: () => A): Effect.Effect<A, ArrUnreadable> {
    return this.#call(call, act).pipe(
      Effect.flatMap((answer) =>
        answer === undefined ? Effect.fail(this.#unreadable(call.arr)) : Effect.succeed(answer)
      ),
      Effect.catchTag("ArrRefused", () => Effect.fail(this.#unreadable(call.arr)))
    )
  }

  #summary({ episodes, files, queued: _, ...rest }: LibrarySeries): SeriesSummary {
    const seasons = [...new Set(episodes.map(({ season }) => season))].map((season) => {
      const ids = new Set(episodes.flatMap((one) => (one.season === season && one.fileId !== null ? [one.fileId] : [])))
      const bytes = files.filter(({ id }) => ids.has(id)).reduce((sum, { size }) => sum + size, 0)
      return { season, files: ids.size, bytes }
    })
    return { ...rest, seasons }
  }

  get layer() {
    return Layer.succeed(Arr, {
      configured: [...this.labels.keys()],
      movies: (arr) => this.#read({ operation: "movies", arr }, () => this.movies.filter((one) => one.arr === arr)),
      seriesList: (arr) =>
        this.#read({ operation: "seriesList", arr }, () =>
          this.series.filter((one) => one.arr === arr).map((one) => this.#summary(one))
        ),
      withEpisodes: (arr, list) =>
        Effect.forEach(list, ({ id }) =>
          this.#read({ operation: "series", arr, id }, () =>
            this.series.filter((one) => one.arr === arr && one.id === id)
          )
        ).pipe(Effect.map((found) => found.flat())),
      series: ({ arr, id }) =>
        this.#read(
          { operation: "series", arr, id },
          () => this.series.find((one) => one.arr === arr && one.id === id) ?? null
        ),
      movie: ({ arr, id }) =>
        this.#read(
          { operation: "movie", arr, id },
          () => this.movies.find((one) => one.arr === arr && one.id === id) ?? null
        ),
      tags: (arr) => this.#read({ operation: "tags", arr }, () => this.labels.get(arr) ?? []),
      origins: ({ arr, id }) => this.#read({ operation: "origins", arr, id }, () => new Map(this.origins)),
      setMonitored: (ref, episodes, monitored) =>
        Effect.asVoid(
          this.#call({ operation: "setMonitored", ...ref, ids: episodes, monitored }, () =>
            this.#setMonitored(ref, episodes, monitored)
          )
        ),
      deleteFiles: (ref, files) =>
        Effect.asVoid(
          this.#call({ operation: "deleteFiles", ...ref, ids: files }, () => this.#deleteFiles(ref, files))
        ),
      trouble: () => Effect.succeed(null)
    })
  }
}
