import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { describe } from "@effect/vitest"
import { Data, Effect, Layer, type Scope } from "effect"
import type { TorrentSettings } from "../../src/domain/torrents.ts"
import { TorrentClient } from "../../src/services/TorrentClient.ts"
import { layerWith } from "../../src/services/TorrentClient/qbittorrent.ts"
import { configLayer } from "../fakes/qbittorrent-client.ts"
import type { Dialect } from "../fakes/qbittorrent-torrents.ts"
import { fakeQbittorrent } from "../fakes/qbittorrent.ts"
import { type Api, makeApi } from "../real/qbittorrent-api.ts"
import { hasQbittorrent, startQbittorrent } from "../real/qbittorrent.ts"
import { createTorrent, type Torrent } from "../real/torrent.ts"
import { addComplete } from "../real/transfer.ts"

export type Client = TorrentClient["Service"]

export interface AddOptions {
  readonly category?: string
  readonly savePath?: string
  /** Taken as complete without being read. */
  readonly unread?: boolean
  /** Indexes of files that are not wanted; their bytes at the edges are in the `.parts` file then. */
  readonly unwanted?: ReadonlyArray<number>
  /** The folder that a peer serves the right bytes from, once it runs. */
  readonly swarm?: string
}

export interface Rig {
  readonly major: 4 | 5
  readonly fake: boolean
  /** A temporary folder; `stash` and `pool` are in it. */
  readonly root: string
  readonly stash: string
  readonly pool: string
  readonly client: () => Client
  /** The client's own API, without the port's guards. */
  readonly api: () => Api
  readonly add: (torrent: Torrent, options?: AddOptions) => Effect.Effect<string, unknown, Scope.Scope>
  /** SIGKILL, and started again with the same profile. */
  readonly crash: Effect.Effect<void, unknown, Scope.Scope>
}

export class NotReached extends Data.TaggedError("NotReached")<{ readonly last: TorrentSettings | null }> {
  override get message() {
    return `last seen: ${JSON.stringify(this.last)}`
  }
}

const looked = (client: Client, hash: string, isReached: (seen: TorrentSettings) => boolean) =>
  Effect.gen(function* () {
    const deadline = Date.now() + 20_000
    for (;;) {
      const seen = yield* client.settings(hash)
      if (seen !== null && isReached(seen)) return seen
      if (Date.now() > deadline) return yield* new NotReached({ last: seen })
      yield* Effect.sleep("10 millis")
    }
  })

const connect = (url: string, look: number, pathMap: Readonly<Record<string, string>>): Effect.Effect<Client> =>
  TorrentClient.pipe(
    Effect.provide(
      Layer.provide(
        layerWith({ timeout: "10 seconds", firstRetry: "100 millis", look, change: "20 seconds", stall: "20 seconds" }),
        configLayer(url, { pathMap })
      ),
      { local: true }
    )
  )

export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "relocation-api-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const folders = Effect.map(temporaryFolder, (root) => {
  const [stash, pool] = [join(root, "stash"), join(root, "pool")]
  for (const folder of [stash, pool]) mkdirSync(folder)
  return { root, stash, pool }
})

const startFake = (dialect: Dialect, pathMap: Readonly<Record<string, string>>, checkMillis: number) =>
  Effect.gen(function* () {
    const places = yield* folders
    const fake = yield* fakeQbittorrent({
      dialect,
      bypassLocalhost: true,
      defaultSavePath: places.stash,
      checkMillis
    })
    const client = yield* connect(fake.url, 3, pathMap)
    const rig: Rig = {
      ...places,
      major: dialect === "4.5" ? 4 : 5,
      fake: true,
      client: () => client,
      api: () => makeApi(fake.url, {}),
      add: (torrent, { category, savePath = places.stash, swarm, unwanted = [] } = {}) =>
        Effect.sync(() => {
          const metainfo = torrent.bytes.toString("base64")
          const spec = { name: torrent.name.toString(), savePath, metainfo, hash: torrent.infohash, onDisk: true }
          const { files } = fake.add(spec)
          fake.add({
            ...spec,
            ...(category === undefined ? {} : { category }),
            ...(swarm === undefined ? {} : { swarm }),
            files: files.map((file, index) => ({ ...file, priority: unwanted.includes(index) ? 0 : 1 }))
          })
          for (const index of unwanted) {
            writeFileSync(join(savePath, `.${torrent.infohash}.parts`), "edges")
            rmSync(join(savePath, files[index]?.name ?? ""))
          }
          return torrent.infohash
        }),
      crash: Effect.sync(() => fake.crash())
    }
    return rig
  })

const startReal = (major: 4 | 5, pathMap: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const places = yield* folders
    const { root, stash } = places
    const begin = startQbittorrent({
      version: major,
      savePath: stash,
      profileDir: join(root, "profile"),
      bypassLocalhost: true
    })
    let instance = yield* begin
    let client = yield* connect(instance.url, 40, pathMap)

    const until = (hash: string, isReached: (seen: TorrentSettings) => boolean) => looked(client, hash, isReached)

    /** A second client that has everything; it is introduced again and again, since a peer is forgotten soon. */
    const serve = (torrent: Torrent, from: string) =>
      Effect.gen(function* () {
        const seeder = yield* startQbittorrent({ version: major, savePath: from, bypassLocalhost: true })
        yield* addComplete(seeder, torrent, from)
        yield* instance.api
          .addPeers(torrent.infohash, [`127.0.0.1:${seeder.peerPort}`])
          .pipe(Effect.ignore, Effect.delay("300 millis"), Effect.forever, Effect.forkScoped)
      })

    const addPartly = (torrent: Torrent, savePath: string, unwanted: ReadonlyArray<number>) =>
      Effect.gen(function* () {
        const from = join(root, `seeder-${torrent.infohash}`)
        const name = torrent.name.toString()
        mkdirSync(from)
        renameSync(join(savePath, name), join(from, name))
        const { infohash } = torrent
        yield* instance.api.add(torrent, { savePath, stopped: true })
        yield* until(infohash, () => true)
        yield* instance.api.post("torrents/filePrio", { hash: infohash, id: unwanted.join("|"), priority: "0" })
        yield* serve(torrent, from)
        yield* instance.api.start(infohash)
        yield* until(infohash, ({ progress, state }) => progress === 1 && state.endsWith("UP"))
      })

    const rig: Rig = {
      ...places,
      major,
      fake: false,
      client: () => client,
      api: () => instance.api,
      add: (torrent, options = {}) =>
        Effect.gen(function* () {
          const { category, savePath = stash, swarm, unread = false, unwanted = [] } = options
          if (unwanted.length > 0) yield* addPartly(torrent, savePath, unwanted)
          else {
            const more = { skipChecking: unread, ...(category === undefined ? {} : { category }) }
            yield* addComplete(instance, torrent, savePath, more)
          }
          if (swarm !== undefined) yield* serve(torrent, swarm)
          return torrent.infohash
        }),
      crash: Effect.gen(function* () {
        yield* instance.kill
        instance = yield* begin
        client = yield* connect(instance.url, 40, pathMap)
        // The torrents come one after the other.
        yield* Effect.sleep("500 millis")
      })
    }
    return rig
  })

/** How long a check takes is the fake's to know alone. */
type Start = (
  pathMap?: Readonly<Record<string, string>>,
  checkMillis?: number
) => Effect.Effect<Rig, unknown, Scope.Scope>

/** Runs the same tests against both real versions and the fake in the manner of each. */
export const eachClient = (tests: (start: Start) => void) => {
  for (const dialect of ["4.5", "5.2"] as const) {
    describe(`the fake, ${dialect}`, () => {
      tests((pathMap = {}, checkMillis = 30) => startFake(dialect, pathMap, checkMillis))
    })
  }
  for (const major of [4, 5] as const) {
    describe.skipIf(!hasQbittorrent(major))(`qBittorrent ${major}`, () => {
      tests((pathMap = {}) => startReal(major, pathMap))
    })
  }
}

export const isRoot = process.getuid?.() === 0

const mounted = (folder: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      mkdirSync(folder, { recursive: true })
      const { status, stderr } = spawnSync("mount", [...args, folder])
      if (status !== 0) throw new Error(`mount ${folder}: ${stderr.toString()}`)
      return folder
    }),
    () => Effect.sync(() => void spawnSync("umount", [folder]))
  )

/** Another filesystem, of this size. */
export const tmpfs = (folder: string, size: string) => mounted(folder, "-t", "tmpfs", "-o", `size=${size}`, "tmpfs")

/** Another path to the same folder: the same device and inodes, and no link or rename between the two. */
export const bind = (folder: string, source: string) => mounted(folder, "--bind", source)

export const put = (folder: string, files: Readonly<Record<string, Buffer>>) => {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), bytes)
  }
}

export const inode = (...parts: ReadonlyArray<string>) => statSync(join(...parts)).ino
export const bytesOf = (...parts: ReadonlyArray<string>) => readFileSync(join(...parts))
export const torrentOf = (folder: string, name: string, sourceTag?: string) =>
  createTorrent({ source: join(folder, name), ...(sourceTag === undefined ? {} : { sourceTag }) })

/** Looks until it is so. */
export const eventually = (rig: Rig, hash: string, isReached: (seen: TorrentSettings) => boolean) =>
  looked(rig.client(), hash, isReached)

/** Sets the location as the client's own API does it, whatever the port would say. */
export const moveUnguarded = (rig: Rig, hash: string, location: string) =>
  rig.api().post("torrents/setLocation", { hashes: hash, location })
