import { randomBytes } from "node:crypto"
import { cpSync, existsSync, renameSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { bytesOf, eachClient, inode, put, type Rig, torrentOf } from "./torrent-client-relocation-rig.ts"

/*
 * The swing, which repoints without reading, and what is left when the client is killed around it or in a check.
 */

const film = () => ({ "Pack/a.mkv": randomBytes(300_001), "Pack/sub/b.nfo": randomBytes(1000) })

const seeding = (rig: Rig) =>
  Effect.gen(function* () {
    const files = film()
    put(rig.stash, files)
    return { files, hash: yield* rig.add(torrentOf(rig.stash, "Pack")) }
  })

eachClient((start) => {
  it.live("the swing: with neither path there nothing is read, and 100 % is kept over a SIGKILL", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const { hash } = yield* seeding(rig)
      cpSync(join(rig.stash, "Pack"), join(rig.pool, "staged"), { recursive: true })
      const staged = inode(rig.pool, "staged/a.mkv")
      yield* rig.client().stop(hash)
      renameSync(join(rig.stash, "Pack"), join(rig.stash, "aside"))
      yield* rig.client().setLocation(hash, rig.pool)
      const moved = yield* rig.client().settled(hash)
      assert.deepInclude(moved, { progress: 1, contentPath: join(rig.pool, "Pack"), savePath: rig.pool })
      renameSync(join(rig.pool, "staged"), join(rig.pool, "Pack"))
      yield* rig.crash
      const again = yield* rig.client().settled(hash)
      assert.deepInclude(again, { progress: 1, contentPath: join(rig.pool, "Pack"), savePath: rig.pool })
      assert.strictEqual((yield* rig.client().start(hash)).state, "stalledUP")
      assert.strictEqual(inode(rig.pool, "Pack/a.mkv"), staged)
      assert.isTrue(existsSync(join(rig.stash, "aside/a.mkv")))
    })
  )

  it.live("the swing, killed while neither path is there: missing files, cured by publishing and a recheck", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const { hash } = yield* seeding(rig)
      cpSync(join(rig.stash, "Pack"), join(rig.pool, "staged"), { recursive: true })
      yield* rig.client().stop(hash)
      renameSync(join(rig.stash, "Pack"), join(rig.stash, "aside"))
      yield* rig.crash
      assert.strictEqual((yield* rig.client().settled(hash)).state, "missingFiles")
      assert.strictEqual((yield* Effect.flip(rig.client().start(hash)))._tag, "SteeringRefused")
      yield* rig.client().setLocation(hash, rig.pool)
      assert.deepInclude(yield* rig.client().settled(hash), { state: "missingFiles", savePath: rig.pool })
      yield* rig.crash
      // 4.x may have written down by now that it holds nothing, and so misses nothing.
      const again = yield* rig.client().settled(hash)
      assert.match(again.state, rig.major === 4 ? /^(missingFiles|pausedDL)$/ : /^missingFiles$/)
      assert.deepInclude(again, { progress: 0, savePath: rig.pool })
      renameSync(join(rig.pool, "staged"), join(rig.pool, "Pack"))
      const held = yield* rig.client().recheck(hash)
      assert.isTrue(held.complete)
      assert.strictEqual(held.settings.state, rig.major === 4 ? "pausedUP" : "stoppedUP")
      assert.strictEqual((yield* rig.client().start(hash)).state, "stalledUP")
    })
  )

  it.live("killed during the recheck of a stopped torrent: it is checked again, and ends stopped", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const { files, hash } = yield* seeding(rig)
      put(rig.stash, { "Pack/a.mkv": randomBytes(300_001) })
      const wrong = bytesOf(rig.stash, "Pack/a.mkv")
      yield* rig.client().stop(hash)
      yield* rig.api().recheck(hash)
      yield* Effect.sleep("30 millis")
      yield* rig.crash
      const settled = yield* rig.client().settled(hash)
      assert.match(settled.state, /^(stopped|paused)/)
      const held = yield* rig.client().recheck(hash)
      assert.isFalse(held.complete)
      assert.isTrue(bytesOf(rig.stash, "Pack/a.mkv").equals(wrong))
      put(rig.stash, files)
      assert.isTrue((yield* rig.client().recheck(hash)).complete)
    })
  )
})
