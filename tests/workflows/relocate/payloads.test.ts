import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync
} from "node:fs"
import { join } from "node:path"
import { noise } from "../../fakes/metainfo.ts"
import { has, withRig } from "./rig.ts"

import { stepsOf } from "./expectations.ts"

describe("payloads of all kinds", () => {
  it.live("9: names that are no text, differ by their form or by case only, arrive as they are", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const files = ["Caf\u00e9.mkv", "Cafe\u0301.mkv", "cafe.mkv", "CAFE.mkv", "-rf *\n.mkv"].map((path, at) => ({
          path,
          bytes: noise(20_000 + at, path)
        }))
        rig.torrent({ name: "N\u00e4mes", files })
        const before = rig.tree(rig.seeds)
        assert.deepStrictEqual(stepsOf(yield* rig.apply()), [["demote", "move", "moved", null]])
        assert.deepStrictEqual(rig.tree(rig.pooled), before)
      })
    )
  )

  it.live("10: a sparse file stays sparse, and holds the same", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const bytes = Buffer.concat([noise(10_000, "head"), Buffer.alloc(6_000_000), noise(10_000, "tail")])
        const sparse = rig.torrent({ name: "Sparse.img", files: bytes, pieceLength: 262144 })
        const file = openSync(sparse.paths[0] ?? "", "w")
        ftruncateSync(file, bytes.length)
        writeSync(file, bytes, 0, 10_000, 0)
        writeSync(file, bytes, 6_010_000, 10_000, 6_010_000)
        closeSync(file)
        const before = rig.tree(rig.seeds)
        assert.deepStrictEqual(stepsOf(yield* rig.apply()), [["demote", "move", "moved", null]])
        assert.deepStrictEqual(rig.tree(rig.pooled), before)
        assert.isBelow(lstatSync(join(rig.pooled, "Sparse.img")).blocks * 512, 4_500_000)
      })
    )
  )

  it.live("11: hybrid torrents with pad files, and v2 alone, are proven and moved", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const files = [
          { path: "a.mkv", bytes: noise(70_001, "a") },
          { path: "b.mkv", bytes: noise(33_333, "b") }
        ]
        rig.torrent({ name: "Hybrid", files, version: "hybrid" })
        rig.torrent({
          name: "Padded",
          files: files.map((file) => ({ ...file, bytes: noise(file.bytes.length + 7, `${file.path}p`) })),
          pads: true
        })
        const before = rig.tree(rig.seeds)
        assert.deepStrictEqual(stepsOf(yield* rig.apply()), [
          ["demote", "move", "moved", null],
          ["demote", "move", "moved", null]
        ])
        assert.deepStrictEqual(rig.tree(rig.pooled), before)
      })
    )
  )

  it.live("12: a file that nobody selected is no hindrance where no piece is shared, and one where it is", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const even = rig.torrent({
          name: "Even",
          files: [
            { path: "a.mkv", bytes: noise(32_768, "a") },
            { path: "b.mkv", bytes: noise(32_769, "b") }
          ]
        })
        const odd = rig.torrent({
          name: "Odd",
          files: [
            { path: "a.mkv", bytes: noise(30_000, "c") },
            { path: "b.mkv", bytes: noise(30_000, "d") }
          ]
        })
        for (const { hash, paths } of [even, odd]) {
          const torrent = rig.shown(hash)
          rig.fake.add({
            ...torrent,
            files: torrent.files.map((file, at) => (at === 1 ? { ...file, priority: 0, progress: 0 } : file))
          })
          rmSync(paths[1] ?? "")
        }
        const report = yield* rig.apply()
        const outcome = new Map(report.steps.map((step) => [step.torrents[0]?.name, step]))
        assert.strictEqual(outcome.get("Even")?.outcome, "moved", outcome.get("Even")?.reason ?? "")
        assert.match(outcome.get("Odd")?.reason ?? "", /shares a piece with a file that Odd leaves out/)
        assert.isTrue(has(odd.paths[0] ?? "") && rig.shown(odd.hash).savePath === rig.seeds)
        assert.deepStrictEqual(readdirSync(rig.pooled), ["Even"])
        const again = yield* rig.apply()
        assert.deepStrictEqual(again.steps, [])
        assert.strictEqual(again.blocked.find((one) => one.torrents[0]?.name === "Odd")?.by, "refused")
      })
    )
  )

  it.live("12: a file that nobody selected and that is there goes along, whole or not", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const pack = rig.torrent({
          name: "Pack",
          files: [
            { path: "a.mkv", bytes: noise(32_768, "a") },
            { path: "b.mkv", bytes: noise(32_768, "b") }
          ]
        })
        const torrent = rig.shown(pack.hash)
        rig.fake.add({
          ...torrent,
          files: torrent.files.map((file, at) => (at === 1 ? { ...file, priority: 0, progress: 0.5 } : file))
        })
        writeFileSync(pack.paths[1] ?? "", noise(20_000, "half"))
        const before = rig.tree(rig.seeds)
        assert.deepStrictEqual(stepsOf(yield* rig.apply()), [["demote", "move", "moved", null]])
        assert.deepStrictEqual(rig.tree(rig.pooled), before)
      })
    )
  )

  it.live("23: two torrents that share a folder move without each other", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const one = rig.torrent({ name: "Show", files: [{ path: "e01.mkv", bytes: noise(40_000, "1") }] })
        const two = rig.torrent({ name: "Show", files: [{ path: "e02.mkv", bytes: noise(41_000, "2") }] })
        linkSync(two.paths[0] ?? "", join(rig.library, "e02.mkv"))
        writeFileSync(join(rig.seeds, "Show", "own-notes.txt"), "mine")
        const report = yield* rig.apply()
        assert.deepStrictEqual(stepsOf(report), [["demote", "move", "moved", null]])
        assert.deepStrictEqual(Object.keys(rig.tree(rig.pooled)), ["Show/e01.mkv"])
        yield* rig.later()
        assert.deepStrictEqual(Object.keys(rig.tree(rig.seeds)).toSorted(), ["Show/e02.mkv", "Show/own-notes.txt"])
        assert.strictEqual(rig.shown(one.hash).savePath, rig.pooled)
        assert.strictEqual(rig.shown(two.hash).savePath, rig.seeds)
      })
    )
  )
})
