import { Effect, Schema } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, cpSync, linkSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { toBytes } from "../../src/platform/BytePath.ts"
import { makeMetainfo, type MetainfoOptions, noise, writeContent } from "../fakes/metainfo.ts"
import type { TorrentSpec } from "../fakes/qbittorrent-torrents.ts"
import { folder, loopMounted, type Mounted } from "../real/filesystems.ts"
import { begin, type RunOptions, told } from "../real/relocation-worker.ts"

const here = import.meta.dirname
const Announced = Schema.fromJsonString(Schema.Struct({ url: Schema.String, control: Schema.String }))
const Hashes = Schema.fromJsonString(Schema.Array(Schema.String))
const Infos = Schema.fromJsonString(
  Schema.Array(
    Schema.Struct({
      hash: Schema.String,
      name: Schema.String,
      state: Schema.String,
      progress: Schema.Finite,
      save_path: Schema.String,
      content_path: Schema.String
    })
  )
)

const client = Effect.acquireRelease(
  Effect.promise(async () => {
    const options = JSON.stringify({ torrents: [], bypassLocalhost: true })
    const list = join(realpathSync("/tmp"), `media-pipeline-relocate-client-${process.pid}-${Math.random()}.json`)
    writeFileSync(list, options)
    const child = spawn(process.execPath, [join(here, "../fakes/qbittorrent-main.ts"), list], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    const [line] = await once(child.stdout, "data")
    rmSync(list)
    return { child, ...Schema.decodeUnknownSync(Announced)(String(line)) }
  }),
  ({ child }) => Effect.sync(() => child.kill())
)

type Given = Partial<Omit<MetainfoOptions, "name">> & {
  readonly name: string
  /** Its save path. */
  readonly at: string
  /** Where a file of it lies already, by its path in the torrent: it is linked. */
  readonly from?: (path: string) => string
  readonly unwanted?: ReadonlyArray<number>
  readonly spec?: Partial<TorrentSpec>
}

/** A payload's file by its path below the save path. */
export interface Held {
  readonly name: string
  readonly path: string
  readonly bytes: Uint8Array
}

/** Everything beside the two filesystems that a machine has to be put back to. */
export class Machine {
  readonly root: string
  readonly stash: string
  readonly pool: string
  readonly seeds: string
  readonly pooled: string
  readonly library: string
  readonly url: string
  readonly control: string
  ahead = 0
  readonly torrents: Array<TorrentSpec> = []
  readonly held: Array<Held> = []
  readonly #places = new Map<string, string>()
  readonly #bundle: string
  readonly #mounts: ReadonlyArray<Mounted>

  constructor(root: string, mounts: ReadonlyArray<Mounted>, bundle: string, at: { url: string; control: string }) {
    this.root = root
    this.#mounts = mounts
    this.#bundle = bundle
    this.url = at.url
    this.control = at.control
    this.stash = join(root, "stash")
    this.pool = join(root, "pool")
    this.seeds = join(this.stash, "seeding")
    this.pooled = join(this.pool, "seeding")
    this.library = join(this.stash, "movies")
    for (const path of [this.seeds, this.pooled, this.library]) mkdirSync(path, { recursive: true })
    const config = {
      stateDir: join(root, "state"),
      qbittorrent: { url: at.url },
      completedDir: join(root, "completed"),
      upload: { remote: join(root, "remote") },
      storage: {
        stash: { root: this.stash, seedingDirs: [this.seeds] },
        pool: { root: this.pool, seedingDirs: [this.pooled] },
        reserveBytes: 0
      }
    }
    writeFileSync(join(root, "config.json"), JSON.stringify(config))
  }

  begin(args: ReadonlyArray<string>, options: RunOptions = {}) {
    return begin(this.#bundle, this.root, args, {
      ...options,
      env: { CRASH_QUICK: "1", CRASH_AHEAD: String(this.ahead), ...options.env }
    })
  }

  async must(...args: ReadonlyArray<string>) {
    const ended = await this.begin(args).ended
    if (ended.code !== 0) throw new Error(`${args.join(" ")} ${told(ended)}`)
    return ended
  }

  /** A complete torrent, its files written or linked. The client gets it with `seed`. */
  torrent({ at, from, name, spec = {}, unwanted = [], ...more }: Given) {
    const options = { version: "v1", pieceLength: 16384, files: noise(50_000, name), ...more, name } as const
    const made = makeMetainfo(options)
    const list = options.files instanceof Uint8Array ? [{ path: name, bytes: options.files }] : options.files
    const paths = list.map(({ path }) => (options.files instanceof Uint8Array ? path : `${name}/${path}`))
    if (from === undefined) {
      writeContent(at, options)
      for (const index of unwanted) rmSync(join(at, paths[index] ?? ""))
    } else {
      for (const [index, path] of paths.entries()) {
        const to = join(at, path)
        mkdirSync(dirname(to), { recursive: true })
        if (!unwanted.includes(index)) linkSync(from(list[index]?.path ?? ""), to)
      }
    }
    for (const [index, { bytes }] of list.entries()) {
      if (!unwanted.includes(index)) this.held.push({ name, path: join(at, paths[index] ?? ""), bytes })
    }
    const files = list.map(({ bytes }, index) => ({
      name: paths[index] ?? "",
      size: bytes.length,
      ...(unwanted.includes(index) ? { priority: 0 } : {})
    }))
    // A hybrid's are in another order, and as its torrent says.
    const listed = unwanted.length > 0 ? { files } : {}
    const metainfo = made.bytes.toString("base64")
    const seeding = { onDisk: true, state: "stalledUP", progress: 1 }
    this.torrents.push({ name, savePath: at, metainfo, hash: made.infohash, ...seeding, ...listed, ...spec })
  }

  async call(what: string, body?: unknown): Promise<string> {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
    const response = await fetch(`${this.control}/${what}`, init)
    if (!response.ok) throw new Error(`the client, ${what}: ${await response.text()}`)
    return response.text()
  }

  /** The client has these torrents, where they were when the disks were kept. */
  async seed() {
    for (const hash of Schema.decodeSync(Hashes)(await this.call("torrents"))) await this.call("drop", { hash })
    for (const torrent of this.torrents) {
      const savePath = this.#places.get(torrent.hash ?? "") ?? torrent.savePath
      await this.call("add", { ...torrent, savePath })
    }
  }

  async shown() {
    const response = await fetch(`${this.url}/api/v2/torrents/info`)
    return Schema.decodeSync(Infos)(await response.text())
  }

  async startedBelow(): Promise<ReadonlyArray<string>> {
    return Schema.decodeSync(Hashes)(await this.call("startedBelow"))
  }

  #umount() {
    for (const { unmount } of this.#mounts) Effect.runSync(unmount)
  }
  #mount() {
    for (const { mount } of this.#mounts) Effect.runSync(mount)
  }

  /** Keeps what is on the disks now, inode numbers, times and all, and where the torrents are. */
  async save() {
    for (const { hash, save_path } of await this.shown()) this.#places.set(hash, save_path)
    this.#umount()
    for (const { path } of this.#mounts) execFileSync("cp", ["--sparse=always", `${path}.img`, `${path}.kept`])
    rmSync(join(this.root, "state.kept"), { recursive: true, force: true })
    cpSync(join(this.root, "state"), join(this.root, "state.kept"), { recursive: true })
    this.#mount()
  }

  async restore() {
    this.#umount()
    for (const { path } of this.#mounts) {
      // Another file: the loop device of the old one may still be there, with what it remembers of it.
      rmSync(`${path}.img`)
      execFileSync("cp", ["--sparse=always", `${path}.kept`, `${path}.img`])
    }
    rmSync(join(this.root, "state"), { recursive: true, force: true })
    cpSync(join(this.root, "state.kept"), join(this.root, "state"), { recursive: true })
    this.#mount()
    await this.seed()
  }
}

/** A machine with two ext4 filesystems and a client in a process of its own, all gone with the scope. */
export const makeMachine = Effect.fnUntraced(function* (bundle: string) {
  const root = realpathSync(yield* folder)
  const mounts = [
    yield* loopMounted("ext4", join(root, "stash"), 40),
    yield* loopMounted("ext4", join(root, "pool"), 40)
  ]
  return new Machine(root, mounts, bundle, yield* client)
})

export const copied = (from: string, to: string) => {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
}
export const gone = (path: string) => rmSync(toBytes(path), { recursive: true, force: true })
