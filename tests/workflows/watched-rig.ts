import { Clock, Duration, Effect, Layer, Logger } from "effect"
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { AppConfig } from "../../src/config/AppConfig.ts"
import type { Config } from "../../src/config/schema.ts"
import type { WatchedConfig } from "../../src/config/watched.ts"
import { known } from "../../src/domain/fact.ts"
import type { WatchedReport } from "../../src/domain/watchedReport.ts"
import type { LibraryEpisode, LibraryFile, MediaItem } from "../../src/domain/watchedWorld.ts"
import * as Sqlite from "../../src/platform/SqliteClient.ts"
import { Disk } from "../../src/services/Disk.ts"
import * as NodeDisk from "../../src/services/Disk/node.ts"
import * as NodeGate from "../../src/services/Gate/node.ts"
import { Journal } from "../../src/state/Journal.ts"
import { migrations } from "../../src/state/migrations.ts"
import { Retirements } from "../../src/state/Retirements.ts"
import { Runs } from "../../src/state/Runs.ts"
import { Torrents } from "../../src/state/Torrents.ts"
import { watched } from "../../src/workflows/watched.ts"
import { MemoryArr } from "../fakes/media/memory-arr.ts"
import { MemoryMedia, MemoryNotifier, MemoryRequests } from "../fakes/media/memory-media.ts"
import { MemoryRemote } from "../fakes/memory-remote.ts"
import { MemoryTorrents } from "../fakes/memory-torrents.ts"

export const day = 86_400_000

const url = "http://memory"
export const watchedDefaults: WatchedConfig = {
  dryRun: false,
  gracePeriod: Duration.days(5),
  keepTag: "keep",
  primaryUser: "admin",
  watchedBy: "primary",
  maxRetirementsPerRun: 25,
  maxEligibleShare: 0.25,
  maxListShrink: 0.2,
  leavingSoon: null,
  stale: null,
  pressure: null,
  keepBestQuality: false,
  remote: "keep",
  jellyfin: { url, apiKeyFile: "/key", pathMap: {} },
  radarr: { url, apiKeyFile: "/key", pathMap: {} },
  sonarr: { url, apiKeyFile: "/key", pathMap: {} },
  notify: { on: ["leaving-soon", "retired", "fuse", "failed"] }
}

/** Jellyfin, Radarr, Sonarr, Seerr and those who are told, in memory; the library on the disk, and a database. */
export class Rig {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "media-pipeline-watched-")))
  readonly arr = new MemoryArr()
  readonly media = new MemoryMedia()
  readonly requests = new MemoryRequests()
  readonly notifier = new MemoryNotifier()
  readonly began = Date.now()
  watched: WatchedConfig | undefined = watchedDefaults
  freeBytes: number | null = null
  /** Milliseconds that the clock is ahead. */
  ahead = 0
  /** Passed at each point of a run: "watched.delete acted", "state deleting". What it throws is a crash. */
  point: (label: string) => void = () => undefined

  constructor() {
    mkdirSync(join(this.root, "state"))
    this.arr.labels.set("radarr", ["keep"])
    this.arr.labels.set("sonarr", ["keep"])
  }

  get now() {
    return this.began + this.ahead
  }

  path(name: string) {
    return join(this.root, "library", name)
  }

  has(name: string) {
    return existsSync(this.path(name))
  }

  #file(id: number, name: string): LibraryFile {
    const path = this.path(name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, "x".repeat(id))
    return { id, path, size: id, addedAt: this.began - 30 * day, resolution: 1080, quality: "Bluray-1080p" }
  }

  #item(id: string, over: Partial<MediaItem>) {
    this.media.items.set(id, {
      id,
      kind: "movie",
      name: id,
      paths: [],
      ids: {},
      series: null,
      seasonId: null,
      season: null,
      episode: null,
      lastEpisode: null,
      addedAt: this.began - 30 * day,
      runtime: 6_000_000,
      ...over
    })
  }

  /** A movie with a file, watched ten days ago unless told otherwise. Its file is "Film <id>.mkv". */
  movie(id: number, watchedAt: number | null = this.began - 10 * day) {
    const ids = { tmdb: String(id) }
    const file = this.#file(id, `Film ${id}.mkv`)
    const title = `Film ${id}`
    this.arr.movies.push({
      arr: "radarr",
      id,
      title,
      year: 2020,
      ids,
      monitored: true,
      tags: known([], "radarr", this.began),
      addedAt: this.began - 30 * day,
      file,
      queued: false
    })
    this.arr.origins.set(id, [String(id).padStart(40, "a")])
    this.#item(`movie-${id}`, { name: title, paths: [file.path], ids })
    if (watchedAt !== null) this.media.played("u1", `movie-${id}`, watchedAt)
  }

  /** An ended series whose seasons have this many episodes, each with a file; what is watched was ten days ago. */
  series(id: number, seasons: ReadonlyArray<number>, watchedSeasons: ReadonlyArray<number>) {
    const ids = { tvdb: String(id) }
    const title = `Show ${id}`
    const episodes: Array<LibraryEpisode> = []
    const files: Array<LibraryFile> = []
    for (const [at, count] of seasons.entries()) {
      const season = at + 1
      for (let episode = 1; episode <= count; episode++) {
        const number = id * 1000 + season * 100 + episode
        const file = this.#file(number, `Show ${id}/S0${season}E0${episode}.mkv`)
        files.push(file)
        const airsAt = this.began - 300 * day
        episodes.push({ id: number, season, episode, title: "", airsAt, monitored: true, fileId: number })
        this.#item(`episode-${number}`, {
          kind: "episode",
          paths: [file.path],
          ids,
          series: { id: `series-${id}`, name: title, ids },
          seasonId: `season-${id}-${season}`,
          season,
          episode,
          lastEpisode: episode
        })
        this.arr.origins.set(number, [String(season).padStart(40, "b")])
        if (watchedSeasons.includes(season)) this.media.played("u1", `episode-${number}`, this.began - 10 * day)
      }
    }
    this.arr.series.push({
      arr: "sonarr",
      id,
      title,
      year: 2020,
      ids,
      status: "ended",
      monitored: true,
      tags: known([], "sonarr", this.began),
      addedAt: this.began - 30 * day,
      episodes,
      files,
      queued: new Set()
    })
  }

  get config(): Config {
    return {
      stateDir: join(this.root, "state"),
      qbittorrent: { url, username: "admin", pathMap: {} },
      completedDir: join(this.root, "completed"),
      extractedDir: join(this.root, "extracted"),
      categories: {},
      upload: {
        remote: "memory:bucket",
        path: "downloads",
        transfers: 4,
        verify: "sampled",
        extract: { enable: true, extractor: "auto", depth: 1, reserveBytes: 0 }
      },
      ...(this.watched === undefined ? {} : { watched: this.watched })
    }
  }

  /** A new program run: the database is opened again each time, as after a crash. */
  get layer() {
    const config = Layer.succeed(AppConfig, this.config)
    const pass = (label: string) => Effect.sync(() => this.point(label))
    const journal = Layer.effect(
      Journal,
      Effect.map(Journal, (inner) =>
        Journal.of({
          ...inner,
          step: (step, subject, detail, act) =>
            pass(`${step} begins`).pipe(
              Effect.andThen(inner.step(step, subject, detail, Effect.tap(act, pass(`${step} acted`)))),
              Effect.tap(pass(`${step} noted`))
            )
        })
      )
    ).pipe(Layer.provide(Journal.layer))
    const retirements = Layer.effect(
      Retirements,
      Effect.map(Retirements, (inner) =>
        Retirements.of({
          ...inner,
          begin: (title) => Effect.tap(inner.begin(title), pass("state unmonitoring")),
          move: (id, from, to, change) => Effect.tap(inner.move(id, from, to, change), pass(`state ${to}`))
        })
      )
    ).pipe(Layer.provide(Retirements.layer))
    const state = Layer.mergeAll(journal, retirements, Runs.layer, Torrents.layer).pipe(
      Layer.provide(Sqlite.layerMigrated({ filename: join(this.root, "state", "state.db") }, migrations))
    )
    const disk = Layer.effect(
      Disk,
      Effect.map(Disk, (inner) =>
        Disk.of({
          ...inner,
          freeBytes: (path) =>
            this.freeBytes === null ? inner.freeBytes(path) : Effect.succeed(known(this.freeBytes, path, this.now))
        })
      )
    ).pipe(Layer.provide(NodeDisk.layer))
    const outside = Layer.mergeAll(
      this.arr.layer,
      this.media.layer,
      this.requests.layer,
      this.notifier.layer,
      new MemoryRemote().layer,
      new MemoryTorrents().layer,
      config
    )
    return Layer.mergeAll(NodeGate.layer.pipe(Layer.provide(outside)), disk, state, outside, Logger.layer([]))
  }

  run<A, E>(effect: Effect.Effect<A, E, Layer.Success<Rig["layer"]>>): Effect.Effect<A, E> {
    const { ahead } = this
    const shifted = Clock.clockWith((clock) =>
      Effect.provideService(effect, Clock.Clock, {
        ...clock,
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + ahead,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + ahead),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
        currentTimeNanos: clock.currentTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      })
    )
    return Effect.suspend(() => Effect.provide(shifted, Layer.orDie(this.layer), { local: true }))
  }

  /** The command: as configured; `--apply` with false, `--dry-run` with true. */
  retire(dryRun?: boolean): Effect.Effect<WatchedReport> {
    return Effect.orDie(this.run(watched({ dryRun })))
  }

  /** A run that is killed at a point, the n-th time that it is passed. */
  killed(label: string) {
    return Effect.suspend(() => {
      let passed = false
      this.point = (at) => {
        if (at !== label) return
        passed = true
        throw new Error("SIGKILL")
      }
      return Effect.map(Effect.exit(this.retire()), (exit) => {
        this.point = () => undefined
        return passed && exit._tag === "Failure"
      })
    })
  }

  rows() {
    return this.run(
      Effect.gen(function* () {
        const retirements = yield* Retirements
        const open = yield* retirements.halfDone
        return { leaving: yield* retirements.leaving, open, retired: yield* retirements.retired }
      })
    )
  }

  destroy() {
    rmSync(this.root, { recursive: true, force: true })
  }
}

export const withRig = <A, E>(test: (rig: Rig) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => new Rig()),
    test,
    (rig) => Effect.sync(() => rig.destroy())
  )

/** What became of each title of the plan, by its key. */
export const outcomes = (report: WatchedReport) =>
  Object.fromEntries(report.titles.map(({ key, outcome }) => [key, outcome]))

export const reasonOf = (report: WatchedReport, key: string) => report.titles.find((title) => title.key === key)?.reason

/** What was done to the arrs, in order. */
export const acts = (rig: Rig) =>
  rig.arr.calls
    .filter(({ operation }) => operation === "setMonitored" || operation === "deleteFiles")
    .map(({ id, ids, monitored, operation }) =>
      operation === "deleteFiles"
        ? `delete ${id}: ${ids?.join(",") ?? ""}`
        : `${monitored === true ? "monitor" : "unmonitor"} ${id}${ids === null ? "" : `: ${ids.join(",")}`}`
    )
