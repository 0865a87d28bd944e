import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { copyFileSync, linkSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Items } from "../../../src/state/Items.ts"
import { noise } from "../../fakes/metainfo.ts"
import { has, inode, links, type Rig, withRig } from "./rig.ts"

import { stepsOf } from "./expectations.ts"

/** A second torrent whose files are hardlinks of the first one's. */
const sibling = (
  rig: Rig,
  of: { readonly paths: ReadonlyArray<string>; readonly savePath: string },
  folder: string,
  name: string,
  over: Parameters<Rig["torrent"]>[0]
) => {
  const made = rig.torrent({ ...over, name, folder, write: false })
  const paths = of.paths.map((path) => {
    const target = join(
      made.savePath,
      name,
      path
        .slice(of.savePath.length + 1)
        .split("/")
        .slice(1)
        .join("/")
    )
    const place = target.endsWith("/") ? target.slice(0, -1) : target
    mkdirSync(dirname(place), { recursive: true })
    linkSync(path, place)
    return place
  })
  return { ...made, paths }
}

describe("demotion with a move", () => {
  it.live("takes a payload to the pool, sets the source aside, and lets it go when two runs believe the clock", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const film = rig.torrent({ name: "Film.mkv", folder: "tv" })
        const before = rig.tree(rig.seeds)
        const mtime = lstatSync(film.paths[0] ?? "").mtimeMs
        const report = yield* rig.apply()
        assert.deepStrictEqual(stepsOf(report), [["demote", "move", "moved", null]])
        assert.deepStrictEqual(rig.tree(rig.pooled), before)
        assert.closeTo(lstatSync(join(rig.pooled, "tv/Film.mkv")).mtimeMs, mtime, 0.01)
        assert.deepStrictEqual(Object.keys(rig.tree(rig.seeds)), [".media-pipeline-quarantine/saga-1/tv/Film.mkv"])
        const shown = rig.shown(film.hash)
        assert.deepStrictEqual([shown.savePath, shown.progress, shown.state], [join(rig.pooled, "tv"), 1, "stalledUP"])
        assert.deepStrictEqual(readdirSync(rig.pooled), ["tv"])

        const again = yield* rig.apply()
        assert.deepStrictEqual([stepsOf(again), again.resumed.map(({ state }) => state)], [[], ["quarantined"]])
        rig.ahead += 4 * 86_400_000
        const told = yield* rig.apply()
        assert.match(told.resumed[0]?.reason ?? "", /over for the first run/)
        const last = yield* rig.apply()
        assert.deepStrictEqual(
          last.resumed.map(({ freedBytes, outcome }) => [outcome, freedBytes]),
          [["done", 50_000]]
        )
        assert.deepStrictEqual(readdirSync(rig.seeds), [])
        assert.deepStrictEqual(rig.tree(rig.pooled), before)
        const idle = yield* rig.apply()
        assert.deepStrictEqual([idle.steps, idle.resumed], [[], []])
        assert.deepStrictEqual(rig.fake.startedBelow, [])
      })
    )
  )

  it.live("copies each inode once, however many siblings share it, and every sibling is a view", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const files = [
          { path: "e01.mkv", bytes: noise(90_000, "one") },
          { path: "sub/e02.mkv", bytes: noise(40_000, "two") },
          { path: "empty.txt", bytes: new Uint8Array() }
        ]
        const pack = rig.torrent({ name: "Pack", files })
        const cross = sibling(rig, pack, "cross-seed", "Pack.RELEASE", {
          name: "Pack.RELEASE",
          files,
          pieceLength: 32768,
          spec: { category: "cross-seed" }
        })
        const single = rig.torrent({ name: "e01.mkv", files: noise(90_000, "one"), folder: "singles", write: false })
        linkSync(pack.paths[0] ?? "", join(single.savePath, "e01.mkv"))
        const copied = new Set<string>()
        rig.point = (label) => void (label === "relocate.copy begins" && copied.add(`${copied.size}`))
        const report = yield* rig.apply()
        assert.deepStrictEqual(stepsOf(report), [["demote", "move", "moved", null]])
        assert.strictEqual(copied.size, 2)
        const at = (path: string) => join(rig.pooled, path)
        assert.strictEqual(links(at("Pack/e01.mkv")), 3)
        assert.strictEqual(inode(at("Pack/e01.mkv")), inode(at("cross-seed/Pack.RELEASE/e01.mkv")))
        assert.strictEqual(inode(at("Pack/e01.mkv")), inode(at("singles/e01.mkv")))
        assert.strictEqual(inode(at("Pack/sub/e02.mkv")), inode(at("cross-seed/Pack.RELEASE/sub/e02.mkv")))
        assert.isTrue(has(at("Pack/empty.txt")))
        for (const { hash } of [pack, cross, single]) assert.strictEqual(rig.shown(hash).progress, 1)
        const last = yield* rig.later()
        assert.deepStrictEqual(
          last.resumed.map(({ outcome, reason }) => [outcome, reason]),
          [["done", null]]
        )
        assert.deepStrictEqual(readdirSync(rig.seeds), [])
      })
    )
  )

  it.live("is off by default: a dry run changes nothing, not even a time", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const film = rig.torrent({ name: "Film.mkv", folder: "tv" })
        yield* rig.index()
        const stamp = () =>
          [rig.seeds, join(rig.seeds, "tv"), film.paths[0] ?? "", rig.pooled].map((path) => {
            const { atimeNs, ctimeNs, mtimeNs } = lstatSync(path, { bigint: true })
            return [atimeNs, mtimeNs, ctimeNs]
          })
        const before = stamp()
        const calls = rig.fake.calls.length
        const report = yield* rig.plan()
        assert.deepStrictEqual(stepsOf(report), [["demote", "move", "planned", null]])
        assert.deepStrictEqual(stamp(), before)
        assert.deepStrictEqual(
          rig.fake.calls
            .slice(calls)
            .filter(({ method }) => method !== "GET")
            .map(({ path }) => path),
          []
        )
        assert.deepStrictEqual(yield* rig.sagas, [])
      })
    )
  )

  it.live(
    "takes what is managed out of management, clears the download path, and leaves stopped what was stopped",
    () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          const managed = rig.torrent({
            name: "Managed.mkv",
            folder: "tv",
            spec: { autoManaged: true, category: "tv" }
          })
          const stopped = rig.torrent({
            name: "Stopped.mkv",
            spec: { state: "stoppedUP", downloadPath: join(rig.stash, "incomplete") }
          })
          const report = yield* rig.apply()
          assert.deepStrictEqual(
            stepsOf(report).map(([, , outcome, reason]) => [outcome, reason]),
            [
              ["moved", null],
              ["moved", null]
            ]
          )
          assert.isFalse(rig.shown(managed.hash).autoManaged ?? false)
          assert.strictEqual(rig.shown(managed.hash).state, "stalledUP")
          assert.strictEqual(rig.shown(stopped.hash).state, "stoppedUP")
          assert.strictEqual(rig.shown(stopped.hash).downloadPath, "")
          assert.strictEqual(rig.shown(stopped.hash).savePath, rig.pooled)
        }),
        { categories: (root) => ({ tv: join(root, "stash/seeding/tv") }) }
      )
  )

  it.live("what completed here and is still owed to the remote stays until it is uploaded", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.completed = rig.seeds
        const film = rig.torrent({ name: "Film.mkv" })
        const report = yield* rig.apply()
        assert.deepStrictEqual(stepsOf(report), [
          ["demote", "move", "waiting", "Film.mkv lies in completedDir and is not uploaded yet"]
        ])
        assert.deepStrictEqual(yield* rig.sagas, [])
        yield* rig.run(
          Effect.gen(function* () {
            const items = yield* Items
            const [path = ""] = film.paths
            const item = yield* items.add({
              path,
              kind: "file",
              category: null,
              remote: "tv",
              hashes: [film.hash],
              now: 1
            })
            yield* items.update(item.id, { state: "uploaded" })
          })
        )
        assert.deepStrictEqual(stepsOf(yield* rig.apply()), [["demote", "move", "moved", null]])
      })
    )
  )

  it.live("24: one pinned inode keeps the whole component where it is", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const pack = rig.torrent({
          name: "Pack",
          files: [
            { path: "e01.mkv", bytes: noise(40_000, "1") },
            { path: "e02.mkv", bytes: noise(40_000, "2") }
          ]
        })
        const single = rig.torrent({ name: "e01.mkv", files: noise(40_000, "1"), folder: "singles", write: false })
        linkSync(pack.paths[0] ?? "", join(single.savePath, "e01.mkv"))
        linkSync(pack.paths[1] ?? "", join(rig.library, "e02.mkv"))
        const report = yield* rig.apply()
        assert.deepStrictEqual(report.steps, [])
        assert.deepStrictEqual(
          report.stays.map(({ reason }) => reason),
          ["pinned"]
        )
        assert.deepStrictEqual(readdirSync(rig.pooled), [])
      })
    )
  )
})

describe("demotion with an existing copy", () => {
  it.live("copies nothing: the pool's own files get the views' names, in another layout too", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const files = [
          { path: "a.mkv", bytes: noise(60_000, "a") },
          { path: "b.mkv", bytes: noise(61_000, "b") }
        ]
        const pack = rig.torrent({ name: "Pack", files, folder: "tv" })
        mkdirSync(join(rig.pooled, "old"))
        copyFileSync(pack.paths[0] ?? "", join(rig.pooled, "old", "renamed-a.mkv"))
        mkdirSync(join(rig.pooled, "tv", "Pack"), { recursive: true })
        copyFileSync(pack.paths[1] ?? "", join(rig.pooled, "tv", "Pack", "b.mkv"))
        let copies = 0
        rig.point = (label) => void (label === "relocate.copy begins" && (copies += 1))
        const report = yield* rig.apply()
        assert.deepStrictEqual(stepsOf(report), [["demote", "views", "moved", null]])
        assert.strictEqual(copies, 0)
        assert.strictEqual(inode(join(rig.pooled, "old/renamed-a.mkv")), inode(join(rig.pooled, "tv/Pack/a.mkv")))
        assert.strictEqual(links(join(rig.pooled, "tv/Pack/b.mkv")), 1)
        assert.deepStrictEqual(readdirSync(rig.pooled).toSorted(), ["old", "tv"])
        const last = yield* rig.later()
        assert.deepStrictEqual(
          last.resumed.map(({ freedBytes, outcome }) => [outcome, freedBytes]),
          [["done", 121_000]]
        )
        assert.deepStrictEqual(readdirSync(rig.seeds), [])
      })
    )
  )

  it.live("15: what has the same size and other bytes is no copy", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.torrent({ name: "Film.mkv", files: noise(60_000, "right") })
        writeFileSync(join(rig.pooled, "other.mkv"), noise(60_000, "wrong"))
        assert.deepStrictEqual(stepsOf(yield* rig.apply()), [["demote", "move", "moved", null]])
        assert.notStrictEqual(inode(join(rig.pooled, "other.mkv")), inode(join(rig.pooled, "Film.mkv")))
      })
    )
  )

  it.live("two torrents with the same bytes and no inode in common become one on the pool", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.torrent({ name: "One.mkv", files: noise(1_500_000, "same"), pieceLength: 262144 })
        rig.torrent({ name: "Two.mkv", files: noise(1_500_000, "same"), pieceLength: 131072 })
        let copies = 0
        rig.point = (label) => void (label === "relocate.copy begins" && (copies += 1))
        const report = yield* rig.apply()
        assert.deepStrictEqual(
          report.steps.map(({ outcome, reason }) => [outcome, reason]),
          [
            ["moved", null],
            ["moved", null]
          ]
        )
        assert.strictEqual(copies, 1)
        assert.strictEqual(inode(join(rig.pooled, "One.mkv")), inode(join(rig.pooled, "Two.mkv")))
      })
    )
  )
})
