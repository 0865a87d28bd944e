import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import {
  appendFileSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { digest, has, inode, withRig } from "./rig.ts"

import { assertUntouched, once, only } from "./expectations.ts"

describe("what happens meanwhile", () => {
  it.live("3 and 5: a file edited while it is copied, its mtime put back, is not taken for what was fenced", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const {
          paths: [path = ""]
        } = rig.torrent({ name: "Film.mkv" })
        once(rig, "relocate.copy begins", () => {
          const { atime, mtime } = statSync(path)
          const bytes = readFileSync(path)
          bytes[100] = (bytes[100] ?? 0) ^ 1
          writeFileSync(path, bytes)
          utimesSync(path, atime, mtime)
        })
        const { outcome, reason } = only(yield* rig.apply())
        assert.strictEqual(outcome, "failed")
        assert.match(reason, /not the file any more|was touched/)
        assert.deepStrictEqual(readdirSync(rig.pooled), [])
        assert.deepStrictEqual(
          (yield* rig.sagas).map(({ state }) => state),
          ["aborted"]
        )
      })
    )
  )

  it.live("6: a library that links a file between plan and quarantine gets to keep it on the stash", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const {
          hash,
          paths: [path = ""]
        } = rig.torrent({ name: "Film.mkv" })
        const before = digest(path)
        once(rig, "state live", () => linkSync(path, join(rig.library, "Film.mkv")))
        const { outcome, reason } = only(yield* rig.apply())
        assert.deepStrictEqual([outcome, /has 2 names, it had 1/.test(reason)], ["failed", true], reason)
        assertUntouched(rig, hash, path, before)
        assert.strictEqual(inode(join(rig.library, "Film.mkv")), inode(path))
        const again = yield* rig.apply()
        assert.deepStrictEqual([again.steps, again.stays.map((one) => one.reason)], [[], ["pinned"]])
      })
    )
  )

  it.live("6: nothing that is linked out of the quarantine is released", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.torrent({ name: "Film.mkv" })
        yield* rig.apply()
        const aside = join(rig.seeds, ".media-pipeline-quarantine/saga-1/Film.mkv")
        linkSync(aside, join(rig.library, "Film.mkv"))
        const report = yield* rig.later()
        assert.match(report.resumed[0]?.reason ?? "", /has 2 names, it had 1: something uses it/)
        assert.isTrue(has(aside))
      })
    )
  )

  it.live("14: a torrent that was told not to check, with wrong bytes, stays, and is not tried again and again", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const {
          hash,
          paths: [path = ""]
        } = rig.torrent({ name: "Film.mkv" })
        const bytes = readFileSync(path)
        bytes[40_000] = (bytes[40_000] ?? 0) ^ 1
        writeFileSync(path, bytes)
        const before = digest(path)
        const { outcome, reason } = only(yield* rig.apply())
        assert.deepStrictEqual(
          [outcome, /does not hold what the torrent Film.mkv says \(1 wrong piece\)/.test(reason)],
          ["failed", true],
          reason
        )
        assertUntouched(rig, hash, path, before)
        const again = yield* rig.apply()
        assert.deepStrictEqual([again.steps, again.blocked.map(({ by }) => by)], [[], ["refused"]])
        assert.match(again.blocked[0]?.why ?? "", /wrong piece/)
      })
    )
  )

  it.live("18: a user who moves the torrent meanwhile is not overruled", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const {
          hash,
          paths: [path = ""]
        } = rig.torrent({ name: "Film.mkv" })
        const elsewhere = join(rig.stash, "elsewhere")
        once(rig, "state proven", () => {
          spawnSync("mkdir", [elsewhere])
          renameSync(path, join(elsewhere, "Film.mkv"))
          rig.fake.drop(hash)
          const { contentPath: _, ...spec } =
            rig.torrent({ name: "Film.mkv", folder: elsewhere }).made && rig.shown(hash)
          rig.fake.add({ ...spec, savePath: elsewhere })
        })
        const { outcome, reason } = only(yield* rig.apply())
        assert.strictEqual(outcome, "failed", reason)
        assert.strictEqual(rig.shown(hash).savePath, elsewhere)
        assert.isTrue(has(join(elsewhere, "Film.mkv")))
      })
    )
  )

  for (const at of [
    "state planned",
    "state copying",
    "state proven",
    "state published",
    "state repointed",
    "state live"
  ]) {
    it.live(`19: cross-seed injects a torrent onto the same files at "${at}": it keeps its files`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          const film = rig.torrent({ name: "Film.mkv" })
          const [path = ""] = film.paths
          const before = digest(path)
          let other = ""
          once(rig, at, () => {
            other = rig.torrent({
              name: "Film.mkv",
              write: false,
              sourceTag: "other",
              spec: { category: "cross-seed" }
            }).hash
          })
          const { outcome, reason } = only(yield* rig.apply())
          assert.deepStrictEqual([outcome, /has come to lie on its files/.test(reason)], ["failed", true], reason)
          assertUntouched(rig, film.hash, path, before)
          assert.strictEqual(rig.shown(other).savePath, rig.seeds)
          // The next plan knows both.
          assert.strictEqual(only(yield* rig.apply()).outcome, "moved")
          assert.strictEqual(rig.shown(other).savePath, rig.pooled)
        })
      )
    )
  }

  it.live("19: a torrent that comes while the source is in the quarantine stops its release", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.torrent({ name: "Film.mkv" })
        yield* rig.apply()
        rig.torrent({
          name: "Film.mkv",
          write: false,
          sourceTag: "other",
          spec: { state: "missingFiles", progress: 0 }
        })
        const report = yield* rig.later()
        assert.match(report.resumed[0]?.reason ?? "", /the torrent Film.mkv \([0-9a-f]{40}\) claims it/)
        assert.isTrue(has(join(rig.seeds, ".media-pipeline-quarantine/saga-1/Film.mkv")))
      })
    )
  )

  it.live("20: a category that is edited meanwhile cannot take the source away unseen", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const film = rig.torrent({ name: "Film.mkv", folder: "tv", spec: { autoManaged: true, category: "tv" } })
        once(rig, "state proven", () => {
          const shown = rig.shown(film.hash)
          rig.fake.torrents.get(film.hash)
          rig.fake.add({ ...shown, savePath: join(rig.seeds, "films") })
          spawnSync("mkdir", [join(rig.seeds, "films")])
          renameSync(film.paths[0] ?? "", join(rig.seeds, "films", "Film.mkv"))
        })
        const { outcome } = only(yield* rig.apply())
        assert.strictEqual(outcome, "failed")
        assert.isTrue(has(join(rig.seeds, "films", "Film.mkv")))
      }),
      { categories: (root) => ({ tv: join(root, "stash/seeding/tv") }) }
    )
  )

  it.live("21: bytes that go bad on the pool before the client looks at them do not come back over the source", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const {
          hash,
          paths: [path = ""]
        } = rig.torrent({ name: "Film.mkv", spec: { downloadPath: "" } })
        const before = digest(path)
        const torrent = rig.shown(hash)
        rig.fake.add({ ...torrent, downloadPath: rig.seeds })
        once(rig, "relocate.repoint begins", () => {
          const copy = join(rig.pooled, "Film.mkv")
          const { atime, mtime } = statSync(copy)
          const bytes = readFileSync(copy)
          bytes[100] = (bytes[100] ?? 0) ^ 1
          writeFileSync(copy, bytes)
          utimesSync(copy, atime, mtime)
        })
        const { outcome, reason } = only(yield* rig.apply())
        assert.deepStrictEqual([outcome, /pieces are missing/.test(reason)], ["failed", true], reason)
        assert.strictEqual(digest(path), before)
        assert.deepStrictEqual([rig.shown(hash).savePath, rig.shown(hash).progress], [rig.seeds, 1])
        assert.deepStrictEqual(rig.fake.startedBelow, [])
      })
    )
  )

  it.live("what lies at the target already, and is another file, is not replaced", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const {
          hash,
          paths: [path = ""]
        } = rig.torrent({ name: "Film.mkv" })
        const before = digest(path)
        const there = join(rig.pooled, "Film.mkv")
        once(rig, "relocate.publish begins", () => writeFileSync(there, "somebody's"))
        const { outcome, reason } = only(yield* rig.apply())
        assert.deepStrictEqual([outcome, /another file lies there/.test(reason)], ["failed", true], reason)
        assert.strictEqual(readFileSync(there, "utf8"), "somebody's")
        assert.strictEqual(digest(path), before)
        assert.strictEqual(rig.shown(hash).savePath, rig.seeds)
        assert.deepStrictEqual(readdirSync(rig.pooled), ["Film.mkv"])
      })
    )
  )

  it.live("a source that somebody removes once its torrent seeds from the pool: the move stands", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const {
          hash,
          paths: [path = ""]
        } = rig.torrent({ name: "Film.mkv" })
        const before = digest(path)
        once(rig, "state live", () => rmSync(path))
        const { outcome } = only(yield* rig.apply())
        assert.strictEqual(outcome, "moved")
        assert.strictEqual(digest(join(rig.pooled, "Film.mkv")), before)
        assert.deepStrictEqual([rig.shown(hash).savePath, rig.shown(hash).state], [rig.pooled, "stalledUP"])
      })
    )
  )

  it.live("a replica that goes bad in the quarantine's time keeps the source", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.torrent({ name: "Film.mkv" })
        yield* rig.apply()
        appendFileSync(join(rig.pooled, "Film.mkv"), "")
        const bytes = readFileSync(join(rig.pooled, "Film.mkv"))
        bytes[7] = (bytes[7] ?? 0) ^ 1
        writeFileSync(join(rig.pooled, "Film.mkv"), bytes)
        const report = yield* rig.later()
        assert.match(report.resumed[0]?.reason ?? "", /does not hold any more what was proven/)
        assert.isTrue(has(join(rig.seeds, ".media-pipeline-quarantine/saga-1/Film.mkv")))
      })
    )
  )
})
