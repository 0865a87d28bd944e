import { randomBytes } from "node:crypto"
import { cpSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  bytesOf,
  eachClient,
  eventually,
  inode,
  isRoot,
  moveUnguarded,
  put,
  type Rig,
  tmpfs,
  torrentOf
} from "./torrent-client-relocation-rig.ts"

/*
 * What relocation relies on when it repoints a torrent, each held against both real versions and the fake. The dangers
 * that it avoids are in torrent-client-traps.contract.test.ts.
 */

const film = () => ({ "Pack/a.mkv": randomBytes(300_001), "Pack/sub/b.nfo": randomBytes(1000) })

const seeding = (rig: Rig) =>
  Effect.gen(function* () {
    const files = film()
    put(rig.stash, files)
    return { files, hash: yield* rig.add(torrentOf(rig.stash, "Pack")) }
  })

eachClient((start) => {
  it.live("views built beforehand: kept at the target, left at the source, 0 % until a recheck", () =>
    Effect.gen(function* () {
      const rig = yield* start({}, 150)
      const { files, hash } = yield* seeding(rig)
      const client = rig.client()
      cpSync(join(rig.stash, "Pack"), join(rig.pool, "Pack"), { recursive: true })
      const [source, target] = [inode(rig.stash, "Pack/a.mkv"), inode(rig.pool, "Pack/a.mkv")]

      const stopped = yield* client.stop(hash)
      assert.strictEqual(stopped.state, rig.major === 4 ? "pausedUP" : "stoppedUP")
      yield* client.setLocation(hash, rig.pool)
      // What it shows at once is still 100 %, at the new place; settled does not believe it.
      const moved = yield* client.settled(hash)
      assert.deepInclude(moved, { savePath: rig.pool, contentPath: join(rig.pool, "Pack"), progress: 0 })
      assert.strictEqual(moved.state, rig.major === 4 ? "pausedDL" : "stoppedDL")
      assert.strictEqual(inode(rig.stash, "Pack/a.mkv"), source)
      assert.strictEqual(inode(rig.pool, "Pack/a.mkv"), target)
      const unread = yield* client.holdings(hash)
      assert.isFalse(unread.complete)
      assert.isAbove(unread.lacking, 4)
      // The files' own progress still says 100 %: no proof.
      assert.isTrue(unread.contents.every((file) => file.progress >= 1))
      assert.strictEqual((yield* Effect.flip(client.start(hash)))._tag, "SteeringRefused")

      const seen: Array<string> = []
      const held = yield* client.recheck(hash, ({ state }) => Effect.sync(() => void seen.push(state)))
      assert.isTrue(held.complete)
      assert.strictEqual(held.lacking, 0)
      assert.strictEqual(held.settings.state, stopped.state)
      assert.include(seen, "checkingUP")
      const live = yield* client.start(hash)
      assert.strictEqual(live.state, "stalledUP")
      assert.strictEqual(live.contentPath, join(rig.pool, "Pack"))
      for (const [name, bytes] of Object.entries(files)) assert.isTrue(bytesOf(rig.pool, name).equals(bytes))
      assert.strictEqual(inode(rig.pool, "Pack/a.mkv"), target)
    })
  )

  it.live("a recheck of a stopped torrent runs, finds wrong bytes, writes nothing and ends stopped", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const { files, hash } = yield* seeding(rig)
      const client = rig.client()
      const wrong = { ...files, "Pack/a.mkv": randomBytes(300_001) }
      put(rig.pool, wrong)
      yield* client.stop(hash)
      yield* client.setLocation(hash, rig.pool)
      yield* client.settled(hash)
      const held = yield* client.recheck(hash)
      assert.isFalse(held.complete)
      assert.strictEqual(held.settings.state, rig.major === 4 ? "pausedDL" : "stoppedDL")
      assert.strictEqual((yield* Effect.flip(client.start(hash)))._tag, "SteeringRefused")
      for (const [name, bytes] of Object.entries(wrong)) assert.isTrue(bytesOf(rig.pool, name).equals(bytes))

      // And back: the source was left, so a rollback finds it whole.
      yield* client.setLocation(hash, rig.stash)
      yield* client.settled(hash)
      assert.isTrue((yield* client.recheck(hash)).complete)
    })
  )

  it.live("one wrong piece is told from the others", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const { files, hash } = yield* seeding(rig)
      const client = rig.client()
      const rotten = Buffer.from(files["Pack/a.mkv"])
      rotten.writeUInt8(rotten.readUInt8(70_000) ^ 1, 70_000)
      put(rig.stash, { "Pack/a.mkv": rotten })
      yield* client.stop(hash)
      const held = yield* client.recheck(hash)
      assert.strictEqual(held.lacking, 1)
      const states = yield* client.pieceStates(hash)
      assert.deepStrictEqual(states, [2, 0, 2, 2, 2])
      const hashes = yield* client.pieceHashes(hash)
      assert.strictEqual(hashes.length, 5)
      assert.isTrue(hashes.every((piece) => /^[0-9a-f]{40}$/.test(piece)))
      assert.deepStrictEqual(
        held.contents.map(({ firstPiece, index, lastPiece, path, priority, size, wanted }) => {
          return { firstPiece, index, lastPiece, path, priority, size, wanted }
        }),
        [
          { firstPiece: 0, index: 0, lastPiece: 4, path: "Pack/a.mkv", priority: 1, size: 300_001, wanted: true },
          { firstPiece: 4, index: 1, lastPiece: 4, path: "Pack/sub/b.nfo", priority: 1, size: 1000, wanted: true }
        ]
      )
    })
  )

  it.live("a set location that the client has to move by itself is waited for, between two filesystems", (context) =>
    Effect.gen(function* () {
      if (!isRoot) return context.skip("only root can mount")
      const rig = yield* start()
      const far = yield* tmpfs(join(rig.root, "far"), "16m")
      const { files, hash } = yield* seeding(rig)
      yield* rig.client().stop(hash)
      yield* rig.client().setLocation(hash, far)
      const moved = yield* rig.client().settled(hash)
      assert.deepInclude(moved, { progress: 1, savePath: far, contentPath: join(far, "Pack") })
      for (const [name, bytes] of Object.entries(files)) assert.isTrue(bytesOf(far, name).equals(bytes))
      assert.deepStrictEqual(readdirSync(rig.stash), [])
      assert.isTrue((yield* rig.client().recheck(hash)).complete)
    })
  )

  it.live("an unwanted file: 100 % without it, and the edges of its neighbours in .parts go along", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      put(rig.stash, {
        "Pack/a.mkv": randomBytes(200_001),
        "Pack/b.mkv": randomBytes(100_000),
        "Pack/c.mkv": randomBytes(200_001)
      })
      const hash = yield* rig.add(torrentOf(rig.stash, "Pack"), { unwanted: [1] })
      const client = rig.client()
      const parts = `.${hash}.parts`
      yield* client.stop(hash)
      assert.isFalse(existsSync(join(rig.stash, "Pack/b.mkv")))
      assert.isTrue((yield* client.recheck(hash)).complete)
      for (const name of ["a.mkv", "c.mkv"]) {
        cpSync(join(rig.stash, "Pack", name), join(rig.pool, "Pack", name), { recursive: true })
      }
      assert.isTrue(existsSync(join(rig.stash, parts)))
      yield* client.setLocation(hash, rig.pool)
      yield* client.settled(hash)
      assert.isFalse(existsSync(join(rig.stash, parts)))
      assert.isTrue(existsSync(join(rig.pool, parts)))
      const held = yield* client.recheck(hash)
      assert.isTrue(held.complete)
      assert.deepStrictEqual(
        held.contents.map(({ wanted }) => wanted),
        [true, false, true]
      )
      assert.strictEqual((yield* client.start(hash)).state, "stalledUP")
      assert.isTrue(existsSync(join(rig.stash, "Pack/a.mkv")))
    })
  )

  it.live("what was forced can be forced again", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const { hash } = yield* seeding(rig)
      const client = rig.client()
      yield* rig.api().post("torrents/setForceStart", { hashes: hash, value: "true" })
      yield* eventually(rig, hash, ({ state }) => state === "forcedUP")
      yield* client.stop(hash)
      assert.strictEqual((yield* client.start(hash, true)).state, "forcedUP")
      yield* client.stop(hash)
      assert.strictEqual((yield* client.start(hash)).state, "stalledUP")
    })
  )

  it.live("a stop during a check waits for its end; the client's own leaves it at 0 %", () =>
    Effect.gen(function* () {
      const rig = yield* start({}, 200)
      // Large enough for the check not to be over when the next call comes.
      put(rig.stash, { "Pack/a.mkv": randomBytes(16_000_000), "Pack/b.nfo": randomBytes(10) })
      const hash = yield* rig.add(torrentOf(rig.stash, "Pack"))
      const client = rig.client()
      yield* client.stop(hash)
      yield* rig.api().recheck(hash)
      yield* rig.api().stop(hash)
      const cut = yield* client.settled(hash)
      assert.deepInclude(cut, { progress: 0, state: rig.major === 4 ? "pausedDL" : "stoppedDL" })
      yield* rig.api().recheck(hash)
      yield* eventually(rig, hash, ({ state }) => state.startsWith("checking"))
      assert.deepInclude(yield* client.stop(hash), {
        progress: 1,
        state: rig.major === 4 ? "pausedUP" : "stoppedUP"
      })
    })
  )

  it.live("paths are the client's on the wire and this host's here, both ways", () =>
    Effect.gen(function* () {
      const inside = `/tmp/inside-${randomBytes(6).toString("hex")}`
      const outside = `${inside}-host`
      mkdirSync(join(outside, "there"), { recursive: true })
      symlinkSync(outside, inside)
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          rmSync(inside)
          rmSync(outside, { recursive: true })
        })
      )
      const rig = yield* start({ [inside]: outside })
      const files = film()
      put(outside, files)
      const hash = yield* rig.add(torrentOf(outside, "Pack"), { savePath: inside })
      const client = rig.client()
      assert.deepInclude(yield* client.settings(hash), { savePath: outside, contentPath: join(outside, "Pack") })
      yield* client.setDownloadPath(hash, join(outside, "incomplete"))
      assert.strictEqual((yield* client.settings(hash))?.downloadPath, join(outside, "incomplete"))
      yield* client.setDownloadPath(hash, "")
      yield* client.stop(hash)
      yield* client.setLocation(hash, join(outside, "there"))
      const moved = yield* client.settled(hash)
      assert.deepInclude(moved, { savePath: join(outside, "there"), contentPath: join(outside, "there/Pack") })
      const row = yield* rig.api().torrent(hash)
      assert.strictEqual(row?.save_path.replace(/\/$/, ""), join(inside, "there"))
      assert.isTrue(statSync(join(outside, "there/Pack/a.mkv")).isFile())
    })
  )

  it.live("siblings that share inodes: each is repointed to a view of the one copy", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const { hash } = yield* seeding(rig)
      const client = rig.client()
      mkdirSync(join(rig.stash, "Other"))
      linkSync(join(rig.stash, "Pack/a.mkv"), join(rig.stash, "Other/renamed.mkv"))
      const other = yield* rig.add(torrentOf(rig.stash, "Other"))
      cpSync(join(rig.stash, "Pack"), join(rig.pool, "Pack"), { recursive: true })
      mkdirSync(join(rig.pool, "Other"))
      linkSync(join(rig.pool, "Pack/a.mkv"), join(rig.pool, "Other/renamed.mkv"))
      for (const one of [hash, other]) {
        yield* client.stop(one)
        yield* client.setLocation(one, rig.pool)
        yield* client.settled(one)
        assert.isTrue((yield* client.recheck(one)).complete)
        yield* client.start(one)
      }
      assert.strictEqual(inode(rig.pool, "Other/renamed.mkv"), inode(rig.pool, "Pack/a.mkv"))
      assert.strictEqual(statSync(join(rig.pool, "Pack/a.mkv")).nlink, 2)
      // Unguarded, to a place without views, the client takes them apart.
      yield* moveUnguarded(rig, hash, join(rig.root, "third"))
      yield* client.settled(hash)
      assert.strictEqual(inode(rig.root, "third/Pack/a.mkv"), inode(rig.pool, "Other/renamed.mkv"))
    })
  )
})
