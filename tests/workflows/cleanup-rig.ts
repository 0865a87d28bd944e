import { Clock, Duration, Effect, Layer, Logger } from "effect"
import { createHash } from "node:crypto"
import { existsSync, lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { AppConfig } from "../../src/config/AppConfig.ts"
import type { CleanupConfig, Config } from "../../src/config/schema.ts"
import { type Item, type ItemFile, type ItemKind, markerOf } from "../../src/domain/items.ts"
import { destination, digestOf, planOriginals, stampOf } from "../../src/domain/manifest.ts"
import type { CleanupReport } from "../../src/domain/reports.ts"
import * as Marker from "../../src/domain/marker.ts"
import { toBytes } from "../../src/platform/BytePath.ts"
import { Progress } from "../../src/platform/Progress.ts"
import * as Sqlite from "../../src/platform/SqliteClient.ts"
import { MediaServer } from "../../src/services/MediaServer.ts"
import { Requests } from "../../src/services/Requests.ts"
import { Disk } from "../../src/services/Disk.ts"
import * as NodeDisk from "../../src/services/Disk/node.ts"
import * as NodeGate from "../../src/services/Gate/node.ts"
import { Cache } from "../../src/state/Cache.ts"
import { Items } from "../../src/state/Items.ts"
import { Journal } from "../../src/state/Journal.ts"
import { migrations } from "../../src/state/migrations.ts"
import { RetiredPayloads } from "../../src/state/RetiredPayloads.ts"
import { Retirements } from "../../src/state/Retirements.ts"
import { Runs } from "../../src/state/Runs.ts"
import { Sagas } from "../../src/state/Sagas.ts"
import { Torrents } from "../../src/state/Torrents.ts"
import { MemoryArr } from "../fakes/media/memory-arr.ts"
import { MemoryRemote } from "../fakes/memory-remote.ts"
import { MemoryTorrents } from "../fakes/memory-torrents.ts"

export const cleanupDefaults: CleanupConfig = {
  dryRun: false,
  mode: "untracked",
  minSeedTime: Duration.days(7),
  minRatio: 1,
  trackers: {},
  onlyWhenFreeBelowBytes: null,
  quarantineFor: null,
  maxDeletesPerRun: 100,
  maxListShrink: 0.5,
  neverDelete: []
}

export const hash = (n: number | string) => createHash("sha1").update(String(n)).digest("hex")

export interface Upload {
  readonly kind?: ItemKind
  readonly hashes?: ReadonlyArray<string>
  /** Extracted members: name and content. */
  readonly extracted?: Readonly<Record<string, string>>
  readonly uploadedAt?: number
}

const noMedia = Layer.mergeAll(Layer.mock(MediaServer)({}), Layer.mock(Requests)({ configured: false }))

/** A directory with a completed folder and a database, and the programs around it in memory. */
export class Rig {
  readonly root: string
  readonly completed: string
  readonly remote = new MemoryRemote()
  readonly torrents = new MemoryTorrents()
  /** Empty: what was retired is not there any more. */
  readonly arr = new MemoryArr()
  cleanup: CleanupConfig | undefined = cleanupDefaults
  /** Further areas of the configuration. */
  more: Partial<Config> = {}

  constructor() {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), "media-pipeline-cleanup-")))
    this.completed = join(this.root, "completed")
    this.arr.labels.set("sonarr", ["keep"])
    for (const folder of ["completed", "state"]) mkdirSync(join(this.root, folder))
  }

  get config(): Config {
    const { cleanup } = this
    return {
      stateDir: join(this.root, "state"),
      qbittorrent: { url: "http://memory", username: "admin", pathMap: {} },
      completedDir: this.completed,
      extractedDir: join(this.root, "extracted"),
      categories: {},
      upload: {
        remote: "memory:bucket",
        path: "downloads",
        transfers: 4,
        verify: "sampled",
        extract: { enable: true, extractor: "auto", depth: 1, reserveBytes: 0 }
      },
      ...(cleanup === undefined ? {} : { cleanup }),
      ...this.more
    }
  }

  /** A new program run: the database is opened again each time, as after a crash. */
  get layer() {
    const config = Layer.succeed(AppConfig, this.config)
    const state = Layer.mergeAll(
      Items.layer,
      Journal.layer,
      Runs.layer,
      Torrents.layer,
      Cache.layer,
      Sagas.layer,
      RetiredPayloads.layer,
      Retirements.layer
    ).pipe(Layer.provide(Sqlite.layerMigrated({ filename: join(this.root, "state", "state.db") }, migrations)))
    const outside = Layer.mergeAll(this.remote.layer, this.torrents.layer, this.arr.layer, config, noMedia)
    return Layer.mergeAll(
      NodeGate.layer.pipe(Layer.provide(outside)),
      NodeDisk.layer,
      state,
      outside,
      Progress.layerSilent,
      Logger.layer([])
    )
  }

  run<A, E>(effect: Effect.Effect<A, E, Layer.Success<Rig["layer"]>>): Effect.Effect<A, E> {
    return Effect.suspend(() => Effect.provide(effect, Layer.orDie(this.layer), { local: true }))
  }

  path(name: string): string {
    return `${this.completed}/${name}`
  }

  /** Writes a file; its folders are made. */
  write(name: string, content = `content of ${name}`): string {
    const path = this.path(name)
    mkdirSync(toBytes(path.slice(0, path.lastIndexOf("/"))), { recursive: true })
    writeFileSync(toBytes(path), content)
    return path
  }

  has(name: string): boolean {
    return lstatSync(toBytes(this.path(name)), { throwIfNoEntry: false }) !== undefined
  }

  /** What the upload leaves behind: manifest, remote files, marker. `files` only for a rootless item. */
  uploaded(name: string, options: Upload = {}, files: ReadonlyArray<string> = []) {
    return Effect.gen({ self: this }, function* () {
      const items = yield* Items
      const disk = yield* Disk
      const path = this.path(name)
      const hashes = options.hashes ?? []
      const tree = options.kind === "rootless" ? undefined : yield* disk.walk(path)
      const kind = options.kind ?? (tree?._tag === "Known" && tree.value.root.kind === "file" ? "file" : "directory")
      const content: Array<{ path: string; fence: ItemFile["fence"] }> = []
      if (tree?._tag === "Known") content.push(...tree.value.files)
      for (const file of files) {
        const fact = yield* disk.stat(`${dirname(path)}/${file}`)
        if (fact._tag === "Known") content.push({ path: file, fence: fact.value.fence })
      }
      const now = options.uploadedAt ?? 1_700_000_000_000
      const item = yield* items.add({ path, kind, category: null, remote: "downloads", hashes, now })
      const base = kind === "rootless" ? dirname(path) : path
      const manifest: Array<ItemFile> = []
      for (const plan of planOriginals(item, content)) {
        const source = plan.path === "" ? base : `${base}/${plan.path}`
        const { sha1 } = yield* disk.hash(source, null)
        this.remote.files.set(plan.remote, { bytes: yield* disk.read(source, 0, plan.size), claim: undefined })
        manifest.push({ ...plan, itemId: item.id, sha1, hash: null, state: "verified", proof: "hash", verifiedAt: now })
      }
      for (const [member, text] of Object.entries(options.extracted ?? {})) {
        const remote = `${destination(item)}/${member}`
        this.remote.put(remote, text)
        const size = Buffer.byteLength(text)
        const fence = { dev: 1n, ino: 1n, size: BigInt(size), mtimeNs: 1n, ctimeNs: 1n }
        const sha1 = createHash("sha1").update(text).digest("hex")
        const proven = { state: "verified", proof: "hash", verifiedAt: now } as const
        manifest.push({
          itemId: item.id,
          path: member,
          origin: "extracted",
          size,
          fence,
          sha1,
          hash: null,
          remote,
          ...proven
        })
      }
      yield* items.setFiles(item.id, manifest)
      const digest = digestOf(manifest)
      yield* items.update(item.id, {
        state: "uploaded",
        digest,
        stamp: stampOf(content),
        uploadedAt: now,
        extraction: options.extracted === undefined ? "none" : "done"
      })
      this.mark(item, digest)
      return yield* Effect.flatMap(items.find(path), Effect.fromOption)
    }).pipe(Effect.orDie)
  }

  /** What `watched` leaves behind: a title whose files have gone from the library. Files by their path there. */
  retire(
    title: string,
    files: Readonly<Record<string, { readonly size: number; readonly hash: string }>>,
    episodes: ReadonlyArray<number> = []
  ) {
    return Effect.gen(function* () {
      const retirements = yield* Retirements
      const all = Object.entries(files).map(([path, { hash, size }], id) => ({ id, path, size, hashes: [hash] }))
      const key = `sonarr/${title}`
      const { id } = yield* retirements.begin({
        key,
        arr: "sonarr",
        titleId: 1,
        kind: "season",
        season: 1,
        title,
        rule: "watched",
        conditions: [],
        episodes,
        monitoredEpisodes: [],
        monitored: true,
        files: all,
        mediaIds: [],
        requests: []
      })
      yield* retirements.move(id, ["unmonitoring"], "retired")
      return id
    })
  }

  mark(item: Pick<Item, "path">, digest = "0".repeat(64)): void {
    const marker = Marker.print({ digest, files: 1, bytes: 1, remote: "memory:", uploadedAt: "2026-01-01T00:00:00Z" })
    writeFileSync(toBytes(markerOf(item)), marker)
  }

  state(name: string) {
    return Effect.gen({ self: this }, function* () {
      const items = yield* Items
      const item = yield* Effect.flatMap(items.find(this.path(name)), Effect.fromOption)
      return item
    }).pipe(Effect.orDie)
  }

  marked(name: string): boolean {
    return existsSync(toBytes(markerOf({ path: this.path(name) })))
  }

  destroy(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

export const inode = (path: string): number => statSync(toBytes(path)).ino

/** The same machine, `milliseconds` later (or earlier) by its wall clock. */
export const later =
  (milliseconds: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Clock.clockWith(Effect.succeed), (clock) =>
      Effect.provideService(effect, Clock.Clock, {
        ...clock,
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + milliseconds,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + milliseconds),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
        currentTimeNanos: clock.currentTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      })
    )

export const withRig = <A, E>(test: (rig: Rig) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => new Rig()),
    test,
    (rig) => Effect.sync(() => rig.destroy())
  )

/** What became of each item, by its name. */
export const outcomes = (report: CleanupReport) =>
  Object.fromEntries(report.items.map(({ outcome, path }) => [path.slice(path.lastIndexOf("/") + 1), outcome]))
