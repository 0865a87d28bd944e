import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { copyFileSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { noise } from "../../fakes/metainfo.ts"
import { digest, inode, links, type Rig, withRig } from "./rig.ts"

const files = [
  { path: "e01.mkv", bytes: noise(60_000, "1") },
  { path: "e02.mkv", bytes: noise(50_000, "2") },
  { path: "empty.nfo", bytes: new Uint8Array() }
]

/** A pack that is only seeded, on the pool; its episodes imported into the library on the stash from somewhere else. */
const imported = (rig: Rig, over: Parameters<Rig["torrent"]>[0] = { name: "Pack" }) => {
  const pack = rig.torrent({ files, folder: join(rig.pooled, "tv"), ...over })
  for (const [at, path] of pack.paths.entries()) {
    if (at === 2) continue
    copyFileSync(path, join(rig.library, `Episode ${at}.mkv`))
    linkSync(join(rig.library, `Episode ${at}.mkv`), join(rig.stash, `also ${at}`))
  }
  return pack
}

const mine = (rig: Rig) => ["Episode 0.mkv", "Episode 1.mkv"].map((name) => join(rig.library, name))

describe("promotion", () => {
  it.live("gives the stash's own files the torrent's names, and lets the pool's copy go after its time", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const pack = imported(rig)
        const before = mine(rig).map((path) => [inode(path), digest(path), lstatSync(path).mtimeMs])
        let copies = 0
        rig.point = (label) => void (label === "relocate.copy begins" && (copies += 1))
        const report = yield* rig.apply()
        assert.deepStrictEqual(
          report.steps.map(({ action, outcome, reason }) => [action, outcome, reason]),
          [["promote", "moved", null]]
        )
        assert.strictEqual(copies, 0)
        assert.strictEqual(inode(join(rig.seeds, "tv/Pack/e01.mkv")), before[0]?.[0])
        assert.strictEqual(links(join(rig.seeds, "tv/Pack/e02.mkv")), 3)
        const { progress, savePath, state } = rig.shown(pack.hash)
        assert.deepStrictEqual([savePath, progress, state], [join(rig.seeds, "tv"), 1, "stalledUP"])
        assert.deepStrictEqual(
          Object.keys(rig.tree(rig.pooled)).filter((path) => !path.startsWith(".media")),
          []
        )
        const last = yield* rig.later()
        assert.deepStrictEqual(
          last.resumed.map(({ freedBytes, outcome, reason }) => [outcome, freedBytes, reason]),
          [["done", 110_000, null]]
        )
        assert.deepStrictEqual(readdirSync(rig.pooled), [])
        assert.deepStrictEqual(
          mine(rig).map((path) => [inode(path), digest(path), lstatSync(path).mtimeMs]),
          before
        )
        const idle = yield* rig.apply()
        assert.deepStrictEqual([idle.steps, idle.resumed], [[], []])
      })
    )
  )

  it.live("does nothing for what is on the stash in part only: there is nothing in it that could copy", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const pack = imported(rig)
        rmSync(join(rig.library, "Episode 1.mkv"))
        rmSync(join(rig.stash, "also 1"))
        const report = yield* rig.apply()
        assert.deepStrictEqual(report.steps, [])
        assert.strictEqual(rig.shown(pack.hash).savePath, join(rig.pooled, "tv"))
        assert.deepStrictEqual(readdirSync(rig.seeds), [])
      })
    )
  )

  it.live("with a library file that was edited since it was hashed goes back, the file untouched", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const pack = imported(rig)
        const [path = ""] = mine(rig)
        rig.point = (label) => {
          if (label !== "state planned") return
          const bytes = readFileSync(path)
          bytes[9] = (bytes[9] ?? 0) ^ 1
          writeFileSync(path, bytes)
        }
        const report = yield* rig.apply()
        assert.deepStrictEqual(
          report.steps.map(({ outcome }) => outcome),
          ["failed"]
        )
        assert.match(report.steps[0]?.reason ?? "", /does not hold what the torrent Pack says/)
        assert.deepStrictEqual([links(path), rig.shown(pack.hash).savePath], [2, join(rig.pooled, "tv")])
        assert.deepStrictEqual(readdirSync(rig.seeds), [])
      })
    )
  )

  it.live("undone after its views were in place, leaves the library's files with the names that they had", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const pack = imported(rig)
        const before = mine(rig).map((path) => [inode(path), digest(path), links(path)])
        rig.point = (label) => {
          if (label === "state live")
            rig.torrent({ name: "Pack", files, folder: join(rig.pooled, "tv"), write: false, sourceTag: "x" })
        }
        const report = yield* rig.apply()
        assert.match(report.steps[0]?.reason ?? "", /has come to lie on its files/)
        assert.deepStrictEqual(
          mine(rig).map((path) => [inode(path), digest(path), links(path)]),
          before
        )
        assert.deepStrictEqual(
          [rig.shown(pack.hash).savePath, rig.shown(pack.hash).state],
          [join(rig.pooled, "tv"), "stalledUP"]
        )
        assert.deepStrictEqual(readdirSync(rig.seeds), [])
        assert.deepStrictEqual(rig.fake.startedBelow, [])
      })
    )
  )

  it.live(
    "of what was demoted before gives the torrent back to the client's management, where its category leads there",
    () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          const pack = rig.torrent({ name: "Pack", files, folder: "tv", spec: { autoManaged: true, category: "tv" } })
          yield* rig.apply()
          assert.isFalse(rig.shown(pack.hash).autoManaged ?? false)
          yield* rig.later()
          for (const at of [0, 1]) {
            const name = `Pack/e0${at + 1}.mkv`
            copyFileSync(join(rig.pooled, "tv", name), join(rig.library, `Episode ${at}.mkv`))
          }
          mkdirSync(join(rig.seeds, "tv"), { recursive: true })
          const report = yield* rig.apply()
          assert.deepStrictEqual(
            report.steps.map(({ action, outcome, reason }) => [action, outcome, reason]),
            [["promote", "moved", null]]
          )
          assert.isTrue(rig.shown(pack.hash).autoManaged)
          assert.strictEqual(rig.shown(pack.hash).savePath, join(rig.seeds, "tv"))
        }),
        { categories: (root) => ({ tv: join(root, "stash/seeding/tv") }) }
      )
  )
})
