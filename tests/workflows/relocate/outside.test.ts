import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { copyFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { relocate } from "../../../src/workflows/relocate.ts"
import { noise } from "../../fakes/metainfo.ts"
import { digest, has, inode, withRig } from "./rig.ts"

import { assertUntouched, once, only } from "./expectations.ts"

describe("what cannot be used, or not yet", () => {
  it.live("16: an unmounted pool stops the run before anything is done", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const {
          hash,
          paths: [path = ""]
        } = rig.torrent({ name: "Film.mkv" })
        const before = digest(path)
        spawnSync("umount", [rig.pool])
        const gone = yield* rig.run(relocate({ dryRun: false, details: false }))
        assert.isTrue(gone.alarming)
        spawnSync("mkdir", ["-p", rig.pooled])
        const empty = yield* rig.run(relocate({ dryRun: false, details: false }))
        assert.isTrue(empty.alarming, empty.stopped ?? "")
        assert.deepStrictEqual(
          [...gone.steps, ...empty.steps].filter((step) => step.outcome === "moved"),
          []
        )
        assert.strictEqual(digest(path), before)
        assert.strictEqual(rig.shown(hash).savePath, rig.seeds)
        assert.deepStrictEqual(readdirSync(rig.pooled), [])
      })
    )
  )

  it.live("16: another filesystem than before is not believed, and what waits in the quarantine stays there", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.torrent({ name: "Film.mkv" })
        yield* rig.apply()
        spawnSync("mount", ["-t", "tmpfs", "tmpfs", rig.pool])
        spawnSync("mkdir", ["-p", rig.pooled])
        rig.ahead += 9 * 86_400_000
        for (const _ of [1, 2]) {
          const report = yield* rig.run(relocate({ dryRun: false, details: false }))
          assert.isTrue(report.alarming)
          assert.match(report.stopped ?? "", /was on the filesystem/)
        }
        spawnSync("umount", [rig.pool])
        assert.isTrue(has(join(rig.seeds, ".media-pipeline-quarantine/saga-1/Film.mkv")))
      })
    )
  )

  it.live("17: a disk that fills up in the middle of a copy", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const {
          hash,
          paths: [path = ""]
        } = rig.torrent({ name: "Film.mkv", files: noise(5_000_000, "film"), pieceLength: 262144 })
        const before = digest(path)
        const filler = join(rig.pool, "filler")
        once(rig, "relocate.copy begins", () => spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=1M", "count=6"]))
        const { outcome, reason } = only(yield* rig.apply())
        assert.deepStrictEqual([outcome, /no space left/i.test(reason)], ["failed", true], reason)
        assertUntouched(rig, hash, path, before)
        rmSync(filler)
        assert.strictEqual(only(yield* rig.apply()).outcome, "moved")
      }),
      { pool: 8 }
    )
  )

  it.live("17: what would not leave the reserve free is not begun", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.torrent({ name: "Film.mkv", files: noise(5_000_000, "film"), pieceLength: 262144 })
        rig.storage = { ...rig.storage, reserveBytes: 4_000_000 }
        const report = yield* rig.apply()
        assert.deepStrictEqual([report.steps, report.blocked.map(({ by }) => by)], [[], ["room"]])
      }),
      { pool: 8 }
    )
  )

  it.live("22: a symlink inside a payload is not followed, and stays", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const film = rig.torrent({ name: "Pack", files: [{ path: "a.mkv", bytes: noise(40_000, "a") }] })
        const [path = ""] = film.paths
        renameSync(path, join(rig.library, "a.mkv"))
        symlinkSync(join(rig.library, "a.mkv"), path)
        const report = yield* rig.apply()
        assert.deepStrictEqual([report.steps, report.blocked.map(({ by }) => by)], [[], ["unknown"]])
      })
    )
  )

  it.live("13: what is incomplete, moving or in error is not begun", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        for (const [name, spec] of [
          ["a.mkv", { state: "downloading", progress: 0.5 }],
          ["b.mkv", { state: "error" }],
          ["c.mkv", { state: "moving" }],
          ["d.mkv", { state: "checkingUP" }]
        ] as const) {
          rig.torrent({ name, files: noise(20_000 + name.charCodeAt(0), name), spec })
        }
        const report = yield* rig.apply()
        assert.deepStrictEqual([report.steps, report.blocked.length], [[], 4])
        assert.deepStrictEqual(readdirSync(rig.pooled), [])
      })
    )
  )

  it.live("a client that cannot be read ends the run at once, and the next one goes on", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { hash } = rig.torrent({ name: "Film.mkv" })
        once(rig, "state published", () => rig.fake.fail({ kind: "status", status: 500 }, { times: 1000 }))
        const failed = yield* Effect.flip(rig.apply())
        assert.match(String(failed), /cannot be read/)
        rig.fake.heal()
        const report = yield* rig.apply()
        assert.deepStrictEqual(
          report.resumed.map(({ outcome, state }) => [outcome, state]),
          [["open", "quarantined"]]
        )
        assert.strictEqual(rig.shown(hash).savePath, rig.pooled)
      })
    )
  )

  it.live("an emptied profile releases nothing", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.torrent({ name: "Film.mkv" })
        yield* rig.apply()
        rig.fake.set({ emptyList: true })
        const report = yield* rig.later()
        assert.match(report.resumed[0]?.reason ?? "", /lists none of its torrents/)
        assert.isTrue(has(join(rig.seeds, ".media-pipeline-quarantine/saga-1/Film.mkv")))
      })
    )
  )

  it.live("8: files with the same inode number on the two filesystems are two files", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const film = rig.torrent({ name: "Film.mkv", files: noise(70_000, "film") })
        const wanted = inode(film.paths[0] ?? "")
        for (let n = 0; n < 200; n++) {
          const path = join(rig.pool, `filler-${n}`)
          copyFileSync(film.paths[0] ?? "", path)
          writeFileSync(path, noise(70_000, `other ${n}`))
          if (inode(path) >= wanted) break
        }
        assert.strictEqual(only(yield* rig.apply()).outcome, "moved")
        assert.strictEqual((yield* rig.later()).resumed[0]?.outcome, "done")
        assert.strictEqual(digest(join(rig.pooled, "Film.mkv")).length, 12)
      })
    )
  )
})
