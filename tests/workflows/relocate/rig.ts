import { NodeServices } from "@effect/platform-node"
import { Clock, Duration, Effect, Layer, Logger, type Scope } from "effect"
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { AppConfig } from "../../../src/config/AppConfig.ts"
import type { Config, StorageConfig } from "../../../src/config/schema.ts"
import type { RelocationReport } from "../../../src/domain/relocationReport.ts"
import { type Fact, unreadable } from "../../../src/domain/fact.ts"
import { fromBytes, toBytes } from "../../../src/platform/BytePath.ts"
import { Progress } from "../../../src/platform/Progress.ts"
import * as Sqlite from "../../../src/platform/SqliteClient.ts"
import { Arr } from "../../../src/services/Arr.ts"
import { Disk } from "../../../src/services/Disk.ts"
import * as DiskNode from "../../../src/services/Disk/node.ts"
import * as GateNode from "../../../src/services/Gate/node.ts"
import * as ProverNode from "../../../src/services/Prover/node.ts"
import * as ScannerNode from "../../../src/services/Scanner/node.ts"
import { layerWith } from "../../../src/services/TorrentClient/qbittorrent.ts"
import * as ViewsNode from "../../../src/services/Views/node.ts"
import { Cache } from "../../../src/state/Cache.ts"
import { Items } from "../../../src/state/Items.ts"
import { Journal } from "../../../src/state/Journal.ts"
import { migrations } from "../../../src/state/migrations.ts"
import { Retirements } from "../../../src/state/Retirements.ts"
import { Runs } from "../../../src/state/Runs.ts"
import { Sagas } from "../../../src/state/Sagas.ts"
import { indexCache } from "../../../src/workflows/index-cache.ts"
import { relocate } from "../../../src/workflows/relocate.ts"
import { MemoryRemote } from "../../fakes/memory-remote.ts"
import { makeMetainfo, type MetainfoOptions, noise, writeContent } from "../../fakes/metainfo.ts"
import type { FakeOptions } from "../../fakes/qbittorrent-state.ts"
import type { TorrentSpec } from "../../fakes/qbittorrent-torrents.ts"
import { type FakeQbittorrent, fakeQbittorrent } from "../../fakes/qbittorrent.ts"

export const day = 86_400_000

type Given = Partial<Omit<MetainfoOptions, "name">> & {
  readonly name: string
  /** Below the stash's seeding directory, or absolute. */
  readonly folder?: string
  readonly spec?: Partial<TorrentSpec>
  /** Whether its files are written; else they are there already. */
  readonly write?: boolean
}

const mount = (path: string, megabytes: number) => {
  mkdirSync(path, { recursive: true })
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path])
  if (status !== 0) throw new Error(`cannot mount a tmpfs: ${String(stderr)}`)
}

/** A host with two filesystems, a client, a library and a database. Each run is a new program. */
export class Rig {
  readonly root: string
  readonly stash: string
  readonly pool: string
  readonly seeds: string
  readonly pooled: string
  readonly library: string
  readonly fake: FakeQbittorrent
  storage: StorageConfig
  completed: string | undefined
  /** Milliseconds that the clock is ahead. */
  ahead = 3_600_000
  /** Passed at each point: "relocate.copy begins", "relocate.copy acted", "state proven". What it throws is a defect. */
  point: (label: string) => void = () => undefined
  /** Paths that the disk will not tell anything of. */
  isUnreadable: (path: string) => boolean = () => false
  /** Where the client sees other paths than this host. */
  pathMap: Readonly<Record<string, string>> = {}
  readonly #aliases: Array<string> = []

  constructor(root: string, fake: FakeQbittorrent, poolMegabytes: number) {
    this.root = root
    this.stash = join(root, "stash")
    this.pool = join(root, "pool")
    this.seeds = join(this.stash, "seeding")
    this.pooled = join(this.pool, "seeding")
    this.library = join(this.stash, "movies")
    this.fake = fake
    mount(this.stash, 64)
    mount(this.pool, poolMegabytes)
    for (const folder of [this.seeds, this.pooled, this.library, join(root, "state")]) mkdirSync(folder)
    this.storage = {
      dryRun: true,
      stash: { root: this.stash, seedingDirs: [this.seeds] },
      pool: { root: this.pool, seedingDirs: [this.pooled] },
      seedOnlyTag: "~noHL",
      quarantineFor: Duration.days(3),
      reserveBytes: 0
    }
  }

  get config(): Config {
    return {
      stateDir: join(this.root, "state"),
      qbittorrent: { url: this.fake.url, username: "admin", pathMap: this.pathMap },
      completedDir: this.completed ?? join(this.root, "completed"),
      extractedDir: join(this.root, "extracted"),
      categories: {},
      upload: {
        remote: "memory:bucket",
        path: "downloads",
        transfers: 4,
        verify: "sampled",
        extract: { enable: true, extractor: "auto", depth: 1, reserveBytes: 0 }
      },
      storage: this.storage
    }
  }

  get layer() {
    const config = Layer.succeed(AppConfig, this.config)
    const client = layerWith({ timeout: "10 seconds", firstRetry: "5 millis", look: "3 millis", stall: "5 seconds" })
    const noArr = Layer.mock(Arr)({ configured: [] })
    const outside = Layer.mergeAll(client.pipe(Layer.provide(config)), new MemoryRemote().layer, config, noArr)
    const pass = (label: string) => Effect.sync(() => this.point(label))
    const journal = Layer.effect(
      Journal,
      Effect.map(Journal, (inner) =>
        Journal.of({
          ...inner,
          step: (step, subject, detail, act) =>
            pass(`${step} begins`).pipe(
              Effect.andThen(inner.step(step, subject, detail, Effect.tap(act, pass(`${step} acted`))))
            )
        })
      )
    ).pipe(Layer.provide(Journal.layer))
    const sagas = Layer.effect(
      Sagas,
      Effect.map(Sagas, (inner) =>
        Sagas.of({
          ...inner,
          begin: (saga) => Effect.tap(inner.begin(saga), pass("state planned")),
          move: (id, from, to, change) => Effect.tap(inner.move(id, from, to, change), pass(`state ${to}`)),
          noteBlob: (id, number, change) => Effect.tap(inner.noteBlob(id, number, change), pass("blob noted"))
        })
      )
    ).pipe(Layer.provide(Sagas.layer))
    const disk = Layer.effect(
      Disk,
      Effect.map(Disk, (inner) => {
        const telling = <A>(path: string, fact: Effect.Effect<Fact<A>>) =>
          Effect.flatMap(fact, (told) =>
            this.isUnreadable(path)
              ? Effect.map(Clock.currentTimeMillis, (now) => unreadable(path, now, "EIO: a bad disk"))
              : Effect.succeed(told)
          )
        return Disk.of({
          ...inner,
          stat: (path) => telling(path, inner.stat(path)),
          walk: (path) => telling(path, inner.walk(path))
        })
      })
    ).pipe(Layer.provide(DiskNode.layer))
    const state = Layer.mergeAll(journal, Runs.layer, sagas, Cache.layer, Items.layer, Retirements.layer).pipe(
      Layer.provideMerge(Sqlite.layerMigrated({ filename: join(this.root, "state", "state.db") }, migrations))
    )
    return Layer.mergeAll(
      GateNode.layer.pipe(Layer.provide(outside)),
      disk,
      ScannerNode.layer,
      ProverNode.layer,
      ViewsNode.layer,
      NodeServices.layer,
      state,
      outside,
      Progress.layerSilent,
      Logger.layer([])
    )
  }

  /** A program of its own, `ahead` of the clock. */
  run<A, E>(effect: Effect.Effect<A, E, Layer.Success<Rig["layer"]>>) {
    const { ahead } = this
    const nanos = BigInt(ahead) * 1_000_000n
    const shifted = Clock.clockWith((clock) =>
      Effect.provideService(effect, Clock.Clock, {
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + ahead,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + ahead),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + nanos,
        currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + nanos),
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      })
    )
    return Effect.provide(shifted, Layer.orDie(this.layer), { local: true })
  }

  index() {
    return this.run(indexCache({ roots: [], full: true, believe: false }))
  }

  /** What a person types: index, then relocate --apply. */
  apply(): Effect.Effect<RelocationReport, unknown> {
    return Effect.andThen(this.index(), this.run(relocate({ dryRun: false, details: true })))
  }
  plan() {
    return Effect.andThen(this.index(), this.run(relocate({ dryRun: undefined, details: true })))
  }

  /** A complete torrent in the client, whose files lie on the disk. Returns its infohash and its files' paths. */
  torrent({ files, folder = "", name, pieceLength = 16384, spec = {}, version = "v1", write = true, ...more }: Given) {
    const options = { version, name, pieceLength, files: files ?? noise(50_000, name), ...more }
    const savePath = folder.startsWith("/") ? folder : join(this.seeds, folder)
    mkdirSync(savePath, { recursive: true })
    const made = makeMetainfo(options)
    const metainfo = Buffer.from(made.bytes).toString("base64")
    const paths = write ? writeContent(savePath, options) : []
    const torrent = {
      name,
      savePath,
      metainfo,
      hash: made.infohash,
      onDisk: true,
      state: "stalledUP",
      progress: 1,
      ...spec
    }
    this.fake.add(torrent)
    return { hash: made.infohash, paths, savePath, made, options }
  }

  /** Runs until what waits in the quarantine has gone: one run tells the time, the next believes it. */
  later() {
    this.ahead += 4 * day
    return Effect.andThen(this.apply(), this.apply())
  }

  shown(hash: string) {
    const torrent = this.fake.torrents.get(hash)
    if (torrent === undefined) throw new Error(`the client has no ${hash}`)
    return torrent
  }

  /** Every file below a folder: its path there, inode, and what it holds. */
  tree(folder: string): Readonly<Record<string, string>> {
    const found: Record<string, string> = {}
    const walk = (path: string, shown: string) => {
      for (const entry of readdirSync(toBytes(path), { withFileTypes: true, encoding: "buffer" })) {
        const name = fromBytes(entry.name)
        const below = `${path}/${name}`
        if (entry.isDirectory()) walk(below, `${shown}${name}/`)
        else found[`${shown}${name}`] = digest(below)
      }
    }
    walk(folder, "")
    return found
  }

  /** The same place under another name. */
  bind(from: string, to: string): string {
    mkdirSync(to, { recursive: true })
    const { status, stderr } = spawnSync("mount", ["--bind", from, to])
    if (status !== 0) throw new Error(`cannot bind ${to}: ${String(stderr)}`)
    this.#aliases.push(to)
    return to
  }

  get sagas() {
    return this.run(Effect.flatMap(Sagas, (sagas) => sagas.recent(100)))
  }

  end() {
    for (const path of [...this.#aliases, this.stash, this.pool]) spawnSync("umount", ["-l", path])
    rmSync(this.root, { recursive: true, force: true })
  }
}

export const digest = (path: string): string =>
  createHash("sha256")
    .update(readFileSync(toBytes(path)))
    .digest("hex")
    .slice(0, 12)
export const inode = (path: string): bigint => lstatSync(toBytes(path), { bigint: true }).ino
export const links = (path: string): number => lstatSync(toBytes(path)).nlink
export const has = (path: string): boolean => lstatSync(toBytes(path), { throwIfNoEntry: false }) !== undefined
export const folderOf = dirname

export interface RigOptions extends Omit<FakeOptions, "categories"> {
  /** Size of the pool, in megabytes. */
  readonly pool?: number
  readonly categories?: (root: string) => Readonly<Record<string, string>>
}

/** A rig for one test, its mounts gone after it. */
export const withRig = <A, E, R>(
  use: (rig: Rig) => Effect.Effect<A, E, R>,
  { pool = 64, categories = () => ({}), ...options }: RigOptions = {}
): Effect.Effect<A, E, R | Scope.Scope> =>
  Effect.gen(function* () {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "media-pipeline-relocate-")))
    const fake = yield* fakeQbittorrent({ bypassLocalhost: true, ...options, categories: categories(root) })
    return yield* Effect.acquireUseRelease(
      Effect.sync(() => new Rig(root, fake, pool)),
      use,
      (rig) => Effect.sync(() => rig.end())
    )
  })
