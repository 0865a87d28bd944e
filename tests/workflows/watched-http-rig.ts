import { Effect, Layer, Logger, Schema } from "effect"
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { AppConfig } from "../../src/config/AppConfig.ts"
import type { Config } from "../../src/config/schema.ts"
import { Watched } from "../../src/config/watched.ts"
import type { WatchedReport } from "../../src/domain/watchedReport.ts"
import type { Patience } from "../../src/platform/HttpApi.ts"
import * as Sqlite from "../../src/platform/SqliteClient.ts"
import * as Arrs from "../../src/services/Arr/http.ts"
import * as NodeDisk from "../../src/services/Disk/node.ts"
import * as NodeGate from "../../src/services/Gate/node.ts"
import * as Jellyfin from "../../src/services/MediaServer/jellyfin.ts"
import * as Seerr from "../../src/services/Requests/seerr.ts"
import { Journal } from "../../src/state/Journal.ts"
import { migrations } from "../../src/state/migrations.ts"
import { Retirements } from "../../src/state/Retirements.ts"
import { Runs } from "../../src/state/Runs.ts"
import { watched } from "../../src/workflows/watched.ts"
import { MemoryNotifier } from "../fakes/media/memory-media.ts"
import type { MovieSpec, SeriesSpec } from "../fakes/media/specs.ts"
import { startWorld, type World, type WorldOptions } from "../fakes/media/world.ts"
import { MemoryRemote } from "../fakes/memory-remote.ts"
import { MemoryTorrents } from "../fakes/memory-torrents.ts"

export const day = 86_400_000

const impatient: Patience = { timeout: "10 seconds", firstRetry: "5 millis" }

/** The workflow over the product's own adapters, and the services over HTTP, held against the official documents. */
export class HttpRig {
  readonly world: World
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "media-pipeline-watched-http-")))
  readonly notifier = new MemoryNotifier()
  readonly began = Date.now()
  patience = impatient
  /** Over what the world says of itself. */
  settings: Readonly<Record<string, unknown>> = {}

  constructor(world: World) {
    this.world = world
    mkdirSync(join(this.root, "state"))
  }

  get config(): Config {
    const { seerr, ...services } = this.world.config()
    const asked = typeof seerr === "object" ? { seerr: { ...seerr, closeRequests: true } } : {}
    const defaults = { dryRun: false, ...services, ...asked, ...this.settings }
    return {
      stateDir: join(this.root, "state"),
      qbittorrent: { url: "http://memory", username: "admin", pathMap: {} },
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
      watched: Schema.decodeUnknownSync(Watched)(defaults)
    }
  }

  layer() {
    const config = Layer.succeed(AppConfig, this.config)
    const outside = Layer.mergeAll(
      Jellyfin.layerWith(this.patience),
      Arrs.layerWith(this.patience),
      Seerr.layerWith(this.patience),
      this.notifier.layer,
      new MemoryRemote().layer,
      new MemoryTorrents().layer
    ).pipe(Layer.provideMerge(config))
    const state = Layer.mergeAll(Journal.layer, Retirements.layer, Runs.layer).pipe(
      Layer.provide(Sqlite.layerMigrated({ filename: join(this.root, "state", "state.db") }, migrations))
    )
    return Layer.mergeAll(NodeGate.layer.pipe(Layer.provide(outside)), NodeDisk.layer, state, outside, Logger.layer([]))
  }

  #run<A, E>(effect: Effect.Effect<A, E, Layer.Success<ReturnType<HttpRig["layer"]>>>): Effect.Effect<A, E> {
    return Effect.suspend(() => Effect.provide(effect, Layer.orDie(this.layer()), { local: true }))
  }

  /** The command: as configured; `--apply` with false, `--dry-run` with true. */
  attempt(dryRun?: boolean) {
    return this.#run(watched({ dryRun }))
  }

  retire(dryRun?: boolean): Effect.Effect<WatchedReport> {
    return Effect.orDie(this.attempt(dryRun))
  }

  rows() {
    return this.#run(
      Effect.gen(function* () {
        const retirements = yield* Retirements
        const open = yield* retirements.halfDone
        return { leaving: yield* retirements.leaving, open, retired: yield* retirements.retired }
      })
    )
  }

  /** What the services were told to change, in order. */
  changes() {
    return [...this.world.servers.values()].flatMap((server) =>
      server.changes().map(({ body, path, route }) => ({ body, path, route }))
    )
  }

  /** A film that was watched ten days ago unless told otherwise; none with null. */
  film(title: string, watchedAt: number | null = this.began - 10 * day, more: Partial<MovieSpec> = {}) {
    const watchedBy = watchedAt === null ? {} : { admin: watchedAt }
    return this.world.movie({ watchedBy, ...more, title })
  }

  /** An ended series: seasons of two episodes, of which these are watched. */
  show(title: string, seasons: number, seen: ReadonlyArray<number>, more: Partial<SeriesSpec> = {}) {
    const all = Array.from({ length: seasons }, (_, at) => [
      at + 1,
      { episodes: 2, watchedBy: seen.includes(at + 1) ? { admin: this.began - 10 * day } : {} }
    ])
    return this.world.series({ status: "ended", seasons: Object.fromEntries(all), ...more, title })
  }

  /** Enough that nobody has watched: one that goes is no unlikely share. */
  others(films = 8) {
    for (let at = 0; at < films; at += 1) this.film(`Unseen ${at}`, null)
  }
}

/** Ends by holding all calls of the test against the official documents. */
export const withRig = <A, E>(options: WorldOptions, test: (rig: HttpRig) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.promise(async () => new HttpRig(await startWorld(options))),
    (rig) =>
      Effect.tap(test(rig), () =>
        Effect.sync(() => {
          const found = rig.world.violations()
          if (found.length > 0) throw new Error(`not as documented:\n${found.join("\n")}`)
        })
      ),
    (rig) =>
      Effect.promise(async () => {
        rmSync(rig.root, { recursive: true, force: true })
        await rig.world.close().catch(() => undefined)
      })
  )

export const isThere = (path: string | null): boolean => path !== null && existsSync(path)

/** What became of each title of the plan, by its name. */
export const outcomes = (report: WatchedReport) =>
  Object.fromEntries(report.titles.map(({ outcome, title }) => [title, outcome]))

export const reasons = (report: WatchedReport) =>
  Object.fromEntries(report.titles.map(({ reason, title }) => [title, reason ?? ""]))
