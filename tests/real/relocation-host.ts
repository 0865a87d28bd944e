import { Data, Effect, Schema, type Scope } from "effect"
import { createHash } from "node:crypto"
import { linkSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { toBytes } from "../../src/platform/BytePath.ts"
import { makeMetainfo, type MetainfoOptions, noise, writeContent } from "../fakes/metainfo.ts"
import { folder } from "./filesystems.ts"
import { type Disks, disks, type Removable } from "./relocation-disks.ts"
import { digest, inode } from "./relocation-look.ts"
import { begin, type Ended, type Point, Report, type RunOptions, told } from "./relocation-worker.ts"
import { type AddOptions, ApiError } from "./qbittorrent-api.ts"
import { type Qbittorrent, startQbittorrent } from "./qbittorrent.ts"

export class RelocationRigError extends Data.TaggedError("RelocationRigError")<{ readonly why: string }> {
  override get message() {
    return this.why
  }
}

export const day = 86_400_000

const Info = Schema.Struct({
  hash: Schema.String,
  name: Schema.String,
  state: Schema.String,
  progress: Schema.Finite,
  amount_left: Schema.Finite,
  save_path: Schema.String,
  content_path: Schema.String,
  category: Schema.String,
  tags: Schema.String,
  auto_tmm: Schema.Boolean,
  download_path: Schema.String
})
export type Info = typeof Info.Type
const Infos = Schema.fromJsonString(Schema.Array(Info))

export type Given = Partial<Omit<MetainfoOptions, "name">> & {
  readonly name: string
  readonly side?: "stash" | "pool"
  /** Below the seeding directory. */
  readonly folder?: string
  /** Where each of its files lies already, by its path in the torrent (the name, of a single file): it is linked. */
  readonly from?: (path: string) => string
  /** Nothing is written: its files lie there. */
  readonly there?: boolean
  readonly add?: AddOptions
  /** Indexes of files that are not selected. */
  readonly unwanted?: ReadonlyArray<number>
  /** Its save path as the client has it, where that is not the host's. */
  readonly clientPath?: string
  /** False: what its files hold is not the torrent's, so nothing is promised of it. */
  readonly promised?: boolean
}

export interface Added {
  readonly hash: string
  readonly name: string
  /** Where its files lie, by the client's index. */
  readonly paths: ReadonlyArray<string>
  readonly savePath: string
}

const entriesOf = (options: MetainfoOptions) =>
  options.files instanceof Uint8Array ? [{ path: options.name, bytes: options.files }] : options.files

export interface HostOptions {
  readonly disks: Disks
  readonly version: 4 | 5
  readonly bundle: string
  /** Category to its save path below the stash's seeding directory. */
  readonly categories?: Readonly<Record<string, string>>
  /** Of `storage`, over what is set here. */
  readonly storage?: Readonly<Record<string, unknown>>
}

/** A machine with two filesystems, a real client, libraries, and the worker as it is built. */
export class Host {
  readonly root: string
  readonly stash: string
  readonly pool: string
  readonly seeds: string
  readonly pooled: string
  readonly library: string
  client: Qbittorrent
  /** The pool's. */
  readonly disk: Removable
  /** Milliseconds that the worker's clock is ahead. */
  ahead = 0
  /** What the wanted files of torrents hold: none of it may ever be lost. */
  readonly contents = new Map<string, string>()
  /** Each file that a library has: it stays the same inode with the same bytes. */
  readonly shelves = new Map<string, readonly [inode: string, digest: string]>()
  /** Infohashes that were at 100 %. */
  readonly complete: Array<string> = []
  readonly #bundle: string
  readonly #options: HostOptions

  constructor(root: string, client: Qbittorrent, disk: Removable, options: HostOptions) {
    this.root = root
    this.disk = disk
    this.stash = join(root, "stash")
    this.pool = join(root, "pool")
    this.seeds = join(this.stash, "media/torrents/seeding")
    this.pooled = join(this.pool, "media/torrents/seeding")
    this.library = join(this.stash, "media/movies")
    this.client = client
    this.#bundle = options.bundle
    this.#options = options
    for (const path of [this.seeds, this.pooled, this.library]) mkdirSync(path, { recursive: true })
    this.configure()
  }

  configure(over: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {}) {
    const config = {
      stateDir: join(this.root, "state"),
      qbittorrent: { url: this.client.url, ...over["qbittorrent"] },
      completedDir: join(this.root, "completed"),
      upload: { remote: join(this.root, "remote") },
      storage: {
        stash: { root: this.stash, seedingDirs: [this.seeds] },
        pool: { root: this.pool, seedingDirs: [this.pooled] },
        quarantineFor: "3 days",
        reserveBytes: 0,
        ...this.#options.storage,
        ...over["storage"]
      }
    }
    writeFileSync(join(this.root, "config.json"), JSON.stringify(config))
  }

  begin(args: ReadonlyArray<string>, options: RunOptions = {}) {
    return begin(this.#bundle, this.root, args, { ahead: this.ahead, ...options })
  }

  run(args: ReadonlyArray<string>, options: RunOptions = {}): Effect.Effect<Ended> {
    return Effect.promise(() => this.begin(args, options).ended)
  }

  /** Fails when it ends with another code. */
  must(args: ReadonlyArray<string>, code = 0) {
    return Effect.filterOrFail(
      this.run(args),
      (ended) => ended.code === code,
      (ended) => new RelocationRigError({ why: `${args.join(" ")} ${told(ended)}` })
    )
  }

  index() {
    return this.must(["index"])
  }

  relocate(flag: "--apply" | "--dry-run" | null = "--apply", code = 0) {
    return Effect.gen({ self: this }, function* () {
      const { stdout } = yield* this.must(["relocate", ...(flag === null ? [] : [flag])], code)
      return yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Report))(stdout)
    })
  }

  /** What the timers do: index, then relocate. */
  tick(code = 0) {
    return Effect.andThen(this.index(), this.relocate("--apply", code))
  }

  /** Until what waits in the quarantine has gone: one run tells the time, the next believes it. */
  later() {
    this.ahead += 4 * day
    return Effect.andThen(this.relocate(), this.relocate())
  }

  /** A run that dies there. */
  fall(label: string, nth = 1, by: Point["by"] = "kill") {
    return Effect.filterOrFail(
      this.run(["relocate", "--apply"], { at: { label, nth, by } }),
      ({ signal }) => signal === "SIGKILL",
      (ended) =>
        new RelocationRigError({ why: `it did not come to ${label}: it ${told(ended)}\n${ended.passed.join("\n")}` })
    )
  }

  /** A library's file: a hardlink. */
  shelve(path: string, name: string): string {
    const shelf = join(this.library, name)
    mkdirSync(dirname(shelf), { recursive: true })
    linkSync(toBytes(path), toBytes(shelf))
    this.watch(shelf)
    return shelf
  }

  /** From now on it is a library's. */
  watch(shelf: string) {
    this.shelves.set(shelf, [inode(shelf), digest(shelf)])
  }

  get torrents() {
    return Effect.flatMap(this.client.api.get("torrents/info"), ({ text }) => Schema.decodeUnknownEffect(Infos)(text))
  }

  torrent(hash: string) {
    return Effect.flatMap(this.torrents, (all) => {
      const found = all.find((one) => one.hash === hash)
      return found === undefined
        ? Effect.fail(new RelocationRigError({ why: `the client has no ${hash}` }))
        : Effect.succeed(found)
    })
  }

  until(hash: string, isReached: (seen: Info) => boolean) {
    return Effect.gen({ self: this }, function* () {
      const deadline = Date.now() + 20_000
      for (;;) {
        const seen = (yield* this.torrents).find((one) => one.hash === hash)
        if (seen !== undefined && isReached(seen)) return seen
        if (Date.now() > deadline) return yield* new RelocationRigError({ why: `last seen: ${JSON.stringify(seen)}` })
        yield* Effect.sleep("30 millis")
      }
    })
  }

  /** Adds a torrent whose files lie there, and waits until the client has read all of them. */
  add(given: Given): Effect.Effect<Added, ApiError | RelocationRigError | Schema.SchemaError> {
    return Effect.gen({ self: this }, function* () {
      const { folder = "", from, name, side = "stash", there = false } = given
      const options = { version: "v1", files: noise(100_000, name), ...given } as const
      const torrent = makeMetainfo(options)
      const savePath = join(side === "stash" ? this.seeds : this.pooled, folder)
      const { infohash: hash } = torrent
      mkdirSync(savePath, { recursive: true })
      const nest = options.files instanceof Uint8Array ? savePath : join(savePath, name)
      const paths = from === undefined && !there ? [...writeContent(savePath, options)] : []
      for (const index of given.unwanted ?? []) rmSync(toBytes(paths[index] ?? ""), { force: true })
      for (const { path } of paths.length > 0 ? [] : entriesOf(options)) {
        const to = `${nest}/${path}`
        paths.push(to)
        if (from === undefined) continue
        mkdirSync(toBytes(dirname(to)), { recursive: true })
        linkSync(toBytes(from(path)), toBytes(to))
      }
      const unwanted = given.unwanted ?? []
      const stays = given.add?.stopped ?? false
      const stopped = stays || unwanted.length > 0
      yield* this.client.api.add(torrent, { savePath: given.clientPath ?? savePath, ...given.add, stopped })
      if (stopped) {
        yield* this.until(hash, () => true)
        const id = unwanted.join("|")
        if (id !== "") yield* this.client.api.post("torrents/filePrio", { hash, id, priority: "0" })
        yield* this.client.api.recheck(hash)
        yield* this.until(hash, ({ progress, state }) => progress === 1 && /^(?:stopped|paused)UP$/.test(state))
        if (!stays) yield* this.client.api.start(hash)
      }
      if (!stays) yield* this.until(hash, ({ state }) => /^(?:stalledUP|uploading)$/.test(state))
      if (given.promised !== false) this.promise(hash, options, unwanted)
      return { hash, name, paths, savePath }
    })
  }

  /** From now on its bytes may not be lost. */
  promise(hash: string, options: MetainfoOptions, unwanted: ReadonlyArray<number> = []) {
    for (const [index, { bytes, path }] of entriesOf(options).entries()) {
      if (!unwanted.includes(index)) this.contents.set(digestOf(bytes), `${options.name}: ${path}`)
    }
    this.complete.push(hash)
  }

  /** SIGKILL for the client, and it is started again with what it had written down. */
  get crashClient(): Effect.Effect<void, unknown, Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const { profileDir, version } = this.client
      yield* this.client.kill
      this.client = yield* startQbittorrent({
        version,
        savePath: this.seeds,
        bypassLocalhost: true,
        profileDir
      })
      yield* hurry(this.client)
      this.configure()
    })
  }
}

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** What it shows is renewed more often, and its checks need not wait for each other. */
const hurry = ({ api }: Qbittorrent) =>
  api.post("app/setPreferences", { json: JSON.stringify({ refresh_interval: 60, max_active_checking_torrents: 50 }) })

/** All of it is gone with the scope. */
export const makeHost = Effect.fnUntraced(function* (options: HostOptions) {
  const root = realpathSync(yield* folder)
  const disk = yield* disks[options.disks](root)
  const categories = Object.entries(options.categories ?? {}).map(([name, path]) => [
    name,
    join(root, "stash/media/torrents/seeding", path)
  ])
  const client = yield* startQbittorrent({
    version: options.version,
    savePath: join(root, "stash/media/torrents/seeding"),
    bypassLocalhost: true,
    categories: Object.fromEntries(categories)
  })
  yield* hurry(client)
  return new Host(root, client, disk, options)
})
