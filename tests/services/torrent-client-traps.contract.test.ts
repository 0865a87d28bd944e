import { randomBytes } from "node:crypto"
import { appendFileSync, cpSync, existsSync, linkSync, mkdirSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SteeringError } from "../../src/services/TorrentSteering.ts"
import { send } from "../real/qbittorrent-api.ts"
import { hasQbittorrent, startQbittorrent } from "../real/qbittorrent.ts"
import { waitForTorrent } from "../real/transfer.ts"
import {
  bytesOf,
  eachClient,
  eventually,
  inode,
  isRoot,
  moveUnguarded,
  put,
  type Rig,
  temporaryFolder,
  tmpfs,
  torrentOf
} from "./torrent-client-relocation-rig.ts"

/*
 * The dangers that relocation goes around, each shown on both real versions and the fake through the client's own API,
 * and then how the port keeps it from happening.
 */

const rootOnly = "only root can mount"

const seeding = (rig: Rig, name = "Pack") =>
  Effect.gen(function* () {
    const files = { [`${name}/a.mkv`]: randomBytes(300_001), [`${name}/b.nfo`]: randomBytes(1000) }
    put(rig.stash, files)
    return { files, hash: yield* rig.add(torrentOf(rig.stash, name)) }
  })

eachClient((start) => {
  it.live("run on wrong bytes, it writes into the inode that a library shares; stopped, it does not", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const swarm = join(rig.root, "swarm")
      put(swarm, { "Pack/a.mkv": randomBytes(300_001), "Pack/b.nfo": randomBytes(1000) })
      cpSync(swarm, rig.stash, { recursive: true })
      const library = randomBytes(300_001)
      put(rig.root, { "library.mkv": library })
      mkdirSync(join(rig.pool, "Pack"))
      linkSync(join(rig.root, "library.mkv"), join(rig.pool, "Pack/a.mkv"))
      const hash = yield* rig.add(torrentOf(rig.stash, "Pack"), { swarm })
      const client = rig.client()

      yield* client.stop(hash)
      yield* client.setLocation(hash, rig.pool)
      yield* client.settled(hash)
      assert.isFalse((yield* client.recheck(hash)).complete)
      const refused = yield* Effect.flip(client.start(hash))
      assert.strictEqual(refused._tag, "SteeringRefused")
      assert.match(refused.message, /not complete/)
      yield* Effect.sleep("1 second")
      assert.isTrue(bytesOf(rig.root, "library.mkv").equals(library))

      yield* rig.api().start(hash)
      yield* eventually(rig, hash, ({ progress, state }) => progress === 1 && state.endsWith("UP"))
      assert.isTrue(bytesOf(rig.root, "library.mkv").equals(bytesOf(swarm, "Pack/a.mkv")))
      assert.strictEqual(inode(rig.root, "library.mkv"), inode(rig.pool, "Pack/a.mkv"))
    })
  )

  it.live("a running torrent is not taken elsewhere; by itself it checks there, and wants to download", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const { hash } = yield* seeding(rig)
      put(rig.pool, { "Pack/a.mkv": randomBytes(300_001), "Pack/b.nfo": randomBytes(1000) })
      const client = rig.client()
      const refused = yield* Effect.flip(client.setLocation(hash, rig.pool))
      assert.match(refused.message, /setLocation .*not stopped.*stalledUP/)
      assert.match((yield* Effect.flip(client.recheck(hash))).message, /not stopped/)
      yield* moveUnguarded(rig, hash, rig.pool)
      const shown = yield* client.settled(hash)
      assert.deepInclude(shown, { state: "stalledDL", progress: 0 })
    })
  )

  it.live("killed after a move onto wrong bytes: 5.x comes back with 100 %, which only a recheck takes away", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const { hash } = yield* seeding(rig)
      put(rig.pool, { "Pack/a.mkv": randomBytes(300_001), "Pack/b.nfo": randomBytes(1000) })
      yield* rig.client().stop(hash)
      yield* rig.client().setLocation(hash, rig.pool)
      assert.strictEqual((yield* rig.client().settled(hash)).progress, 0)
      yield* rig.crash
      const again = yield* rig.client().settled(hash)
      assert.deepInclude(
        again,
        rig.major === 4 ? { state: "pausedDL", progress: 0 } : { state: "stoppedUP", progress: 1 }
      )
      assert.strictEqual((yield* rig.client().holdings(hash)).complete, rig.major === 5)
      assert.isFalse((yield* rig.client().recheck(hash)).complete)
      yield* rig.crash
      yield* rig.client().settled(hash)
      assert.isFalse((yield* rig.client().holdings(hash)).complete)
    })
  )

  it.live("100 % is no proof: unread, deleted, and longer than it should be", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const files = { "Pack/a.mkv": randomBytes(300_001), "Pack/b.nfo": randomBytes(1000) }
      put(rig.stash, files)
      const torrent = torrentOf(rig.stash, "Pack")
      put(rig.stash, { "Pack/a.mkv": randomBytes(300_001) })
      const hash = yield* rig.add(torrent, { unread: true })
      const client = rig.client()
      assert.isTrue((yield* client.holdings(hash)).complete)
      rmSync(join(rig.stash, "Pack/b.nfo"))
      assert.deepInclude(yield* client.settled(hash), { state: "stalledUP", progress: 1 })
      yield* client.stop(hash)
      const held = yield* client.recheck(hash)
      assert.strictEqual(held.lacking, 5)
      put(rig.stash, files)
      appendFileSync(join(rig.stash, "Pack/a.mkv"), "more")
      assert.isTrue((yield* client.recheck(hash)).complete)
      assert.strictEqual(statSync(join(rig.stash, "Pack/a.mkv")).size, 300_005)
    })
  )

  it.live("a download path in force takes bad bytes back over the good source; cleared, it does not", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const wrong = randomBytes(300_001)
      for (const cured of [true, false]) {
        const name = cured ? "Cured" : "Pack"
        const { files, hash } = yield* seeding(rig, name)
        put(rig.pool, { [`${name}/a.mkv`]: wrong, [`${name}/b.nfo`]: randomBytes(1000) })
        const client = rig.client()
        yield* rig.api().post("torrents/setDownloadPath", { id: hash, path: rig.stash })
        yield* client.stop(hash)
        assert.match((yield* Effect.flip(client.setLocation(hash, rig.pool))).message, /download path/)
        if (cured) {
          yield* client.setDownloadPath(hash, "")
          yield* client.setLocation(hash, rig.pool)
          yield* client.settled(hash)
          const held = yield* client.recheck(hash)
          assert.deepInclude(held.settings, { contentPath: join(rig.pool, name), downloadPath: null })
          assert.isTrue(bytesOf(rig.stash, `${name}/a.mkv`).equals(files[`${name}/a.mkv`] ?? wrong))
        } else {
          yield* moveUnguarded(rig, hash, rig.pool)
          yield* client.settled(hash)
          assert.match((yield* Effect.flip(client.recheck(hash))).message, /download path/)
          yield* rig.api().recheck(hash)
          yield* eventually(rig, hash, ({ contentPath }) => contentPath === join(rig.stash, name))
          assert.deepInclude(yield* client.settled(hash), { contentPath: join(rig.stash, name), progress: 0 })
          assert.isTrue(bytesOf(rig.stash, `${name}/a.mkv`).equals(wrong))
          // What is not complete is moved by the clearing itself.
          assert.match((yield* Effect.flip(client.setDownloadPath(hash, ""))).message, /would be moved/)
        }
      }
    })
  )

  it.live("a full target: garbage there, the source whole, and a save path that lies in 4.x", (context) =>
    Effect.gen(function* () {
      if (!isRoot) return context.skip(rootOnly)
      const rig = yield* start()
      const small = yield* tmpfs(join(rig.root, "small"), "200k")
      const { files, hash } = yield* seeding(rig)
      const client = rig.client()
      yield* client.stop(hash)
      yield* client.setLocation(hash, small)
      const seen = yield* client.settled(hash)
      const lies = rig.major === 4
      assert.deepInclude(seen, {
        contentPath: join(rig.stash, "Pack"),
        savePath: lies ? small : rig.stash,
        progress: 1
      })
      assert.isTrue(existsSync(join(small, "Pack/a.mkv")))
      for (const [name, bytes] of Object.entries(files)) assert.isTrue(bytesOf(rig.stash, name).equals(bytes))
      if (lies) {
        // A check would try the move again, over what lies there; the same location again would do nothing.
        assert.match((yield* Effect.flip(client.recheck(hash))).message, /may be moved/)
        assert.match((yield* Effect.flip(client.setLocation(hash, small))).message, /set that folder first/)
        yield* client.setLocation(hash, rig.stash)
        assert.strictEqual((yield* client.settled(hash)).savePath, rig.stash)
      }
      assert.isTrue((yield* client.recheck(hash)).complete)
      assert.strictEqual((yield* client.start(hash)).state, "stalledUP")
    })
  )

  it.live("siblings that the client moves by itself to another filesystem become copies of their own", (context) =>
    Effect.gen(function* () {
      if (!isRoot) return context.skip(rootOnly)
      const rig = yield* start()
      const far = yield* tmpfs(join(rig.root, "far"), "16m")
      const { hash } = yield* seeding(rig)
      mkdirSync(join(rig.stash, "Other"))
      linkSync(join(rig.stash, "Pack/a.mkv"), join(rig.stash, "Other/a.mkv"))
      const other = yield* rig.add(torrentOf(rig.stash, "Other"))
      for (const one of [hash, other]) {
        yield* rig.client().stop(one)
        yield* rig.client().setLocation(one, far)
        yield* rig.client().settled(one)
      }
      assert.notStrictEqual(inode(far, "Pack/a.mkv"), inode(far, "Other/a.mkv"))
      assert.isTrue(bytesOf(far, "Pack/a.mkv").equals(bytesOf(far, "Other/a.mkv")))
    })
  )

  it.live("white space at the end of a path is cut off by the client, and so refused", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const { hash } = yield* seeding(rig)
      const client = rig.client()
      yield* client.stop(hash)
      const refused = yield* Effect.flip(client.setLocation(hash, `${rig.pool} `))
      assert.match(refused.message, /white space/)
      yield* moveUnguarded(rig, hash, `${rig.pool} `)
      assert.strictEqual((yield* client.settled(hash)).savePath, rig.pool)
      const nowhere = yield* Effect.flip(client.setLocation(hash, join(rig.pool, "Pack/a.mkv/no")))
      assert.deepInclude(nowhere, { _tag: "SteeringRefused", why: "Cannot make save path" })
    })
  )

  it.live("a torrent that is not listed is gone, which is not unreadable", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const unknown = "1".repeat(40)
      const client = rig.client()
      assert.isNull(yield* client.settings(unknown))
      const calls = [client.holdings, client.stop, client.start, client.recheck, client.settled].map(
        (call) => (hash: string) => Effect.asVoid<unknown, SteeringError, never>(call(hash))
      )
      for (const call of calls) {
        assert.strictEqual((yield* Effect.flip(call(unknown)))._tag, "TorrentGone")
      }
      assert.strictEqual((yield* Effect.flip(client.setLocation(unknown, rig.pool)))._tag, "TorrentGone")
    })
  )
})

for (const major of [4, 5] as const) {
  it.live.skipIf(!hasQbittorrent(major))(
    `qBittorrent ${major}: what adds without a check is ${major === 4 ? "skip_checking" : "seedMode, from WebAPI 2.16 on"}`,
    () =>
      Effect.gen(function* () {
        const root = yield* temporaryFolder
        const instance = yield* startQbittorrent({ version: major, savePath: root, bypassLocalhost: true })
        const states: Record<string, string> = {}
        for (const flag of ["skip_checking", "seedMode"]) {
          put(root, { [`${flag}/a.mkv`]: randomBytes(100_000) })
          const torrent = torrentOf(root, flag)
          put(root, { [`${flag}/a.mkv`]: randomBytes(100_000) })
          const form = new FormData()
          form.set("torrents", new Blob([new Uint8Array(torrent.bytes)]), "it.torrent")
          form.set("savepath", root)
          for (const stopped of ["paused", "stopped"]) form.set(stopped, "true")
          form.set(flag, "true")
          yield* send(instance.url, "torrents/add", { body: form })
          const added = yield* waitForTorrent(instance, torrent.infohash, flag, ({ state }) =>
            /^(stopped|paused)/.test(state)
          )
          states[flag] = added.state
        }
        assert.deepStrictEqual(
          states,
          major === 4
            ? { skip_checking: "pausedUP", seedMode: "pausedDL" }
            : { skip_checking: "stoppedDL", seedMode: "stoppedUP" }
        )
      })
  )
}
