import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, Logger, Schedule } from "effect"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { AppConfig } from "../../src/config/AppConfig.ts"
import type { Config } from "../../src/config/schema.ts"
import { Progress } from "../../src/platform/Progress.ts"
import * as Sqlite from "../../src/platform/SqliteClient.ts"
import { Gate } from "../../src/services/Gate.ts"
import * as ArchiveLayer from "../../src/services/Archive/layer.ts"
import * as DiskNode from "../../src/services/Disk/node.ts"
import { Arr } from "../../src/services/Arr.ts"
import { MediaServer } from "../../src/services/MediaServer.ts"
import { Requests } from "../../src/services/Requests.ts"
import * as GateNode from "../../src/services/Gate/node.ts"
import * as Rclone from "../../src/services/Remote/rclone.ts"
import { Items } from "../../src/state/Items.ts"
import { Journal } from "../../src/state/Journal.ts"
import { migrations } from "../../src/state/migrations.ts"
import { RetiredPayloads } from "../../src/state/RetiredPayloads.ts"
import { Retirements } from "../../src/state/Retirements.ts"
import { Runs } from "../../src/state/Runs.ts"
import { Spool } from "../../src/state/Spool.ts"
import { Sagas } from "../../src/state/Sagas.ts"
import { Torrents } from "../../src/state/Torrents.ts"
import { upload } from "../../src/workflows/upload.ts"
import type { MemoryRemote } from "../fakes/memory-remote.ts"
import { MemoryTorrents, seeding } from "../fakes/memory-torrents.ts"

export interface WorldOptions {
  /** An rclone remote, or a memory one; a folder of the world's own when absent. */
  readonly remote?: string | MemoryRemote
  readonly cutoff?: number
  readonly verify?: "metadata" | "sampled" | "readback"
  readonly config?: Partial<Config>
  readonly extract?: Partial<Config["upload"]["extract"]>
}

const hashOf = (name: string) => Buffer.from(name).toString("hex").padEnd(40, "0").slice(-40)

/** One host with a completed folder, a client in memory, a database on disk, and real rclone and extractors. */
export class World {
  readonly root = mkdtempSync(join(tmpdir(), "media-pipeline-world-"))
  readonly completed = join(this.root, "completed")
  readonly remoteDir = join(this.root, "remote")
  readonly torrents = new MemoryTorrents()
  readonly config: Config
  readonly #options: WorldOptions

  constructor(options: WorldOptions = {}) {
    this.#options = options
    for (const folder of [this.completed, this.remoteDir, join(this.root, "state")]) mkdirSync(folder)
    this.config = {
      stateDir: join(this.root, "state"),
      qbittorrent: { url: "http://memory", username: "admin", pathMap: {} },
      completedDir: this.completed,
      extractedDir: join(this.root, "extracted"),
      categories: { "tv-sonarr": { remotePath: "tv" }, radarr: { remotePath: "movies" } },
      upload: {
        remote: typeof options.remote === "object" ? "memory:" : (options.remote ?? this.remoteDir),
        path: "downloads",
        transfers: 4,
        verify: options.verify ?? "sampled",
        extract: { enable: true, extractor: "auto", depth: 1, reserveBytes: 0, ...options.extract }
      },
      ...options.config
    }
  }

  /** Writes a file below `completed`, old enough to count as still. */
  file(path: string, content: string | Uint8Array = path) {
    const target = join(this.completed, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content)
    return target
  }

  /** A complete torrent whose payload is `completed/<name>`. */
  torrent(name: string, over: Parameters<typeof seeding>[2] = {}) {
    const torrent = seeding(hashOf(name), join(this.completed, name), over)
    this.torrents.add(torrent)
    return torrent.hash
  }

  /** Makes what no torrent claims look as if it had been still for long. */
  static age(path: string) {
    utimesSync(path, new Date(0), new Date(0))
  }

  markers() {
    return readdirSync(this.completed, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".uploaded"))
      .toSorted()
  }

  get layer() {
    const { remote } = this.#options
    const config = Layer.succeed(AppConfig, this.config)
    const remoteLayer =
      typeof remote === "object"
        ? remote.layer
        : Rclone.layer({
            remote: this.config.upload.remote,
            transfers: 4,
            environment: process.env,
            cutoff: this.#options.cutoff ?? 200 * 1024 * 1024,
            retry: Schedule.exponential("20 millis").pipe(Schedule.upTo({ times: 3 }))
          })
    const state = Layer.mergeAll(
      Items.layer,
      Journal.layer,
      Runs.layer,
      Torrents.layer,
      Sagas.layer,
      RetiredPayloads.layer,
      Retirements.layer
    ).pipe(Layer.provideMerge(Sqlite.layerMigrated({ filename: join(this.config.stateDir, "state.db") }, migrations)))
    const noArr = Layer.mock(Arr)({ configured: [] })
    const noMedia = Layer.merge(Layer.mock(MediaServer)({}), Layer.mock(Requests)({ configured: false }))
    const outside = Layer.mergeAll(this.torrents.layer, remoteLayer, DiskNode.layer, noArr, noMedia).pipe(
      Layer.provide(NodeServices.layer)
    )
    const gate = GateNode.layer.pipe(Layer.provide(outside), Layer.provide(config))
    const archive = Layer.unwrap(
      Effect.map(Gate, (gate) =>
        ArchiveLayer.layer({
          ...this.config.upload.extract,
          environment: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/" },
          discard: (path) =>
            gate
              .pass({ _tag: "Derived", path, within: this.config.extractedDir, from: basename(path) })
              .pipe(Effect.asVoid)
        })
      )
    ).pipe(Layer.provide(gate), Layer.provide(NodeServices.layer))
    return Layer.mergeAll(outside, gate, archive, state, Spool.layer, Progress.layerSilent, Logger.layer([])).pipe(
      Layer.provideMerge(config)
    )
  }

  run<A, E>(effect: Effect.Effect<A, E, Layer.Success<World["layer"]>>) {
    return Effect.runPromise(Effect.provide(effect, this.layer, { local: true }))
  }

  upload(...targets: ReadonlyArray<string>) {
    return this.run(upload(targets))
  }

  [Symbol.dispose]() {
    rmSync(this.root, { recursive: true, force: true })
  }
}
