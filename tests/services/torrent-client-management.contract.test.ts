import { randomBytes } from "node:crypto"
import { linkSync, mkdirSync, statfsSync, truncateSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  bind,
  bytesOf,
  eachClient,
  inode,
  isRoot,
  moveUnguarded,
  put,
  type Rig,
  tmpfs,
  torrentOf
} from "./torrent-client-relocation-rig.ts"

/*
 * Automatic management and paths that are one place under two names: what the client does by itself, over what is in
 * the way, and how the port keeps it from happening.
 */

const ext4 = 0xef53
const rootOnly = "only root can mount"

const seeding = (rig: Rig, name = "Pack") =>
  Effect.gen(function* () {
    const files = { [`${name}/a.mkv`]: randomBytes(300_001), [`${name}/b.nfo`]: randomBytes(1000) }
    put(rig.stash, files)
    return { files, hash: yield* rig.add(torrentOf(rig.stash, name)) }
  })

const manage = (rig: Rig, hash: string, enable: boolean) =>
  rig.api().post("torrents/setAutoManagement", { hashes: hash, enable: String(enable) })
const file = (rig: Rig, hash: string, category: string) =>
  rig.api().post("torrents/setCategory", { hashes: hash, category })
const categories = (rig: Rig, paths: Readonly<Record<string, string>>) =>
  Effect.forEach(Object.entries(paths), ([category, savePath]) =>
    rig.api().post("torrents/createCategory", { category, savePath })
  )

eachClient((start) => {
  it.live("a category under automatic management is written over the target's inode", (context) =>
    Effect.gen(function* () {
      if (!isRoot) return context.skip(rootOnly)
      const rig = yield* start()
      const far = yield* tmpfs(join(rig.root, "far"), "16m")
      const { files, hash } = yield* seeding(rig)
      yield* categories(rig, { near: rig.stash, far })
      yield* file(rig, hash, "near")
      yield* manage(rig, hash, true)
      put(far, { "library.mkv": randomBytes(300_001) })
      mkdirSync(join(far, "Pack"))
      linkSync(join(far, "library.mkv"), join(far, "Pack/a.mkv"))
      const client = rig.client()
      assert.match((yield* Effect.flip(client.setDownloadPath(hash, rig.pool))).message, /automatic management/)
      yield* client.stop(hash)
      assert.match((yield* Effect.flip(client.setLocation(hash, rig.pool))).message, /automatic management/)
      yield* file(rig, hash, "far")
      const moved = yield* client.settled(hash)
      assert.deepInclude(moved, { savePath: far, progress: 1, autoManaged: true })
      assert.isTrue(bytesOf(far, "library.mkv").equals(files["Pack/a.mkv"] ?? Buffer.of()))
      assert.strictEqual(inode(far, "library.mkv"), inode(far, "Pack/a.mkv"))
    })
  )

  it.live("management: off where it lies; a set location turns it off; on again it goes back, and is refused", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const { hash } = yield* seeding(rig)
      const client = rig.client()
      yield* categories(rig, { near: rig.stash })
      yield* file(rig, hash, "near")
      assert.isTrue((yield* client.setAutoManagement(hash, true)).autoManaged)
      assert.isFalse((yield* client.setAutoManagement(hash, false)).autoManaged)
      yield* manage(rig, hash, true)
      yield* client.stop(hash)
      yield* moveUnguarded(rig, hash, rig.pool)
      assert.deepInclude(yield* client.settled(hash), { autoManaged: false, savePath: rig.pool, category: "near" })
      const refused = yield* Effect.flip(client.setAutoManagement(hash, true))
      assert.match(refused.message, /over what lies there/)
      yield* manage(rig, hash, true)
      assert.deepInclude(yield* client.settled(hash), { autoManaged: true, contentPath: join(rig.stash, "Pack") })
    })
  )

  it.live("a category without a path of its own saves below the default one", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const files = { "Pack/a.mkv": randomBytes(300_001) }
      put(join(rig.stash, "plain"), files)
      const hash = yield* rig.add(torrentOf(join(rig.stash, "plain"), "Pack"), { savePath: join(rig.stash, "plain") })
      yield* categories(rig, { plain: "" })
      yield* file(rig, hash, "plain")
      const before = inode(rig.stash, "plain/Pack/a.mkv")
      const managed = yield* rig.client().setAutoManagement(hash, true)
      assert.deepInclude(managed, { autoManaged: true, savePath: join(rig.stash, "plain") })
      assert.deepInclude(yield* rig.client().settled(hash), { contentPath: join(rig.stash, "plain/Pack/a.mkv") })
      assert.strictEqual(inode(rig.stash, "plain/Pack/a.mkv"), before)
    })
  )

  it.live("a bind alias: a category moves it onto itself, and a sparse file is lost at 100 %", (context) =>
    Effect.gen(function* () {
      if (!isRoot) return context.skip(rootOnly)
      const rig = yield* start()
      put(rig.stash, { "Pack/a.mkv": randomBytes(100_000), "Pack/b.nfo": randomBytes(1000) })
      truncateSync(join(rig.stash, "Pack/a.mkv"), 4_000_000)
      const sparse = bytesOf(rig.stash, "Pack/a.mkv")
      const hash = yield* rig.add(torrentOf(rig.stash, "Pack"))
      const alias = yield* bind(join(rig.root, "alias"), rig.stash)
      yield* categories(rig, { near: rig.stash, alias })
      yield* file(rig, hash, "near")
      yield* manage(rig, hash, true)
      yield* file(rig, hash, "alias")
      const client = rig.client()
      const seen = yield* client.settled(hash)
      assert.deepInclude(seen, {
        savePath: alias,
        contentPath: join(rig.stash, "Pack"),
        state: "stalledUP",
        progress: 1
      })
      const kept = bytesOf(rig.stash, "Pack/a.mkv").equals(sparse)
      if (!rig.fake && statfsSync(rig.stash).type === ext4) assert.isFalse(kept)
      // Off, it would be moved onto itself again.
      assert.match((yield* Effect.flip(client.setAutoManagement(hash, false))).message, /over what lies there/)
    })
  )

  it.live("a bind alias by set location: every file is there already, nothing is touched, a recheck tells", (context) =>
    Effect.gen(function* () {
      if (!isRoot) return context.skip(rootOnly)
      const rig = yield* start()
      const { files, hash } = yield* seeding(rig)
      const alias = yield* bind(join(rig.root, "alias"), rig.stash)
      const client = rig.client()
      yield* client.stop(hash)
      yield* client.setLocation(hash, alias)
      assert.deepInclude(yield* client.settled(hash), { savePath: alias, progress: 0 })
      assert.isTrue((yield* client.recheck(hash)).complete)
      for (const [name, bytes] of Object.entries(files)) assert.isTrue(bytesOf(rig.stash, name).equals(bytes))
    })
  )
})
