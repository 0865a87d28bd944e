import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { spawnSync } from "node:child_process"
import { linkSync, mkdirSync, readFileSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { TorrentClientRefused } from "../../src/services/TorrentClient.ts"
import { Items } from "../../src/state/Items.ts"
import { Torrents } from "../../src/state/Torrents.ts"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { seeding, wanted } from "../fakes/memory-torrents.ts"
import { cleanupDefaults, hash, later, outcomes, type Rig, withRig } from "./cleanup-rig.ts"

const run = cleanup({ dryRun: undefined })
const minutes = (n: number) => n * 60_000

/** One uploaded film that no torrent claims any more. */
const film = (rig: Rig, name = "Film (2024).mkv") => {
  rig.write(name)
  return rig.run(rig.uploaded(name))
}

describe("scenarios of the client", () => {
  it.live("scenario 1: the API answers 5xx or HTML, before or in the middle of a run: nothing more is deleted", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* film(rig, "one.mkv")
        yield* film(rig, "two.mkv")
        rig.torrents.fail()
        assert.strictEqual((yield* Effect.flip(rig.run(run)))._tag, "TorrentClientUnreadable")
        rig.torrents.error = undefined
        rig.torrents.before = (operation, count) => {
          if (operation === "torrents" && count === 4) rig.torrents.fail()
        }
        assert.strictEqual((yield* Effect.flip(rig.run(run)))._tag, "TorrentClientUnreadable")
        assert.deepStrictEqual([rig.has("one.mkv"), rig.has("two.mkv")], [false, true])
        assert.strictEqual((yield* rig.run(rig.state("two.mkv"))).state, "uploaded")
        rig.torrents.error = undefined
        rig.remote.failing.set("stat", "transient")
        assert.strictEqual((yield* Effect.flip(rig.run(run)))._tag, "RemoteError")
        assert.isTrue(rig.has("two.mkv"))
      })
    )
  )

  it.live("scenario 2: an empty or much shorter list is refused until it is confirmed", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* film(rig)
        for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9]) rig.torrents.add(seeding(hash(n), `/elsewhere/${n}`))
        rig.torrents.add(seeding(hash("film"), rig.path("Film (2024).mkv")))
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "Film (2024).mkv": "kept" })
        rig.torrents.held.clear()
        const refused = yield* rig.run(run)
        assert.match(refused.stopped ?? "", /lists 0 torrents, and 10 of the 10/)
        assert.isTrue(refused.alarming)
        assert.match((yield* rig.run(run).pipe(later(minutes(9)))).stopped ?? "", /lists 0/)
        const stillEmpty = yield* rig.run(run).pipe(later(minutes(9 * 60)))
        assert.match(stillEmpty.stopped ?? "", /lists 0/, "time alone never confirms an empty list")
        assert.isTrue(rig.has("Film (2024).mkv"))
        // Another list than the one that was refused begins the wait anew.
        rig.torrents.add(seeding(hash(1), "/elsewhere/1"))
        assert.match((yield* rig.run(run).pipe(later(minutes(9 * 60 + 2)))).stopped ?? "", /lists 1/)
        assert.strictEqual((yield* rig.run(run).pipe(later(minutes(9 * 60 + 13)))).stopped, null)
        assert.isFalse(rig.has("Film (2024).mkv"))
      })
    )
  )

  it.live("scenario 2: a person may insist, and may remove the last torrent, or three of four, by hand", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* film(rig)
        rig.torrents.add(seeding(hash("film"), rig.path("Film (2024).mkv")))
        yield* rig.run(run)
        rig.torrents.held.clear()
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "Film (2024).mkv": "released" })
        for (const n of [1, 2, 3, 4]) rig.torrents.add(seeding(hash(n), `/elsewhere/${n}`))
        yield* rig.run(run)
        for (const n of [1, 2, 3]) rig.torrents.held.delete(hash(n))
        assert.strictEqual((yield* rig.run(run)).stopped, null)
        for (const n of [5, 6, 7, 8, 9]) rig.torrents.add(seeding(hash(n), `/elsewhere/${n}`))
        yield* rig.run(run)
        rig.torrents.held.clear()
        assert.isNotNull((yield* rig.run(run)).stopped)
        assert.isNull((yield* rig.run(cleanup({ dryRun: false }))).stopped)
      })
    )
  )

  it.live("scenario 2: an upload that ran in between does not make the short list look normal", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* film(rig)
        const all = [1, 2, 3, 4, 5].map((n) => seeding(hash(n), `/elsewhere/${n}`))
        yield* rig.run(Effect.flatMap(Torrents, (ledger) => ledger.see(all, 1_000)))
        yield* rig.run(Effect.flatMap(Torrents, (ledger) => ledger.see([], 2_000)))
        assert.match((yield* rig.run(run)).stopped ?? "", /5 of the 5/)
      })
    )
  )

  it.live("scenario 3: a refused log-in is tried once, and nothing is deleted", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* film(rig)
        rig.torrents.error = new TorrentClientRefused({ url: "http://memory", why: "403: banned" })
        assert.strictEqual((yield* Effect.flip(rig.run(run)))._tag, "TorrentClientRefused")
        assert.deepStrictEqual(rig.torrents.calls, ["torrents"])
        assert.isTrue(rig.has("Film (2024).mkv"))
      })
    )
  )

  const restless = ["moving", "checkingUP", "checkingResumeData", "missingFiles", "error", "unknown", "aNewWord"]
  it.live.each(restless)("scenario 4: a torrent that is %s keeps its data, also in managed mode", (state) =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* film(rig)
        rig.torrents.add(seeding(hash(1), rig.path("Film (2024).mkv"), { state }), wanted("Film (2024).mkv"))
        yield* rig.run(run)
        rig.cleanup = { ...cleanupDefaults, mode: "managed" }
        yield* rig.run(run)
        // Where the client is moving it to, it does not say.
        rig.torrents.add(seeding(hash(1), "/moved/Film (2024).mkv", { state }), wanted("Film (2024).mkv"))
        rig.cleanup = cleanupDefaults
        yield* rig.run(run)
        assert.isTrue(rig.has("Film (2024).mkv") && rig.torrents.held.has(hash(1)))
      })
    )
  )

  it.live("scenario 5: two hashes, same files: the obligations of both must be met", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const name = "Film (2024).mkv"
        yield* film(rig, name)
        const trackers = { "strict.example": { minSeedTime: Duration.days(40) } }
        rig.cleanup = { ...cleanupDefaults, mode: "managed", trackers }
        rig.torrents.add(seeding(hash(1), rig.path(name)), wanted(name), ["lax.example"])
        rig.torrents.add(seeding(hash(2), rig.path(name)), wanted(name), ["a.strict.example"])
        const kept = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(kept), { [name]: "kept" })
        assert.match(kept.items[0]?.reason ?? "", /seed time.*30 days.*40 days.*strict\.example/)
        assert.isAbove(kept.items[0]?.earliest ?? 0, Date.now() + 9 * 86_400_000)
        assert.strictEqual(rig.torrents.held.size, 2)
        rig.torrents.add(seeding(hash(2), rig.path(name), { seedingTime: 41 * 86400 }), wanted(name), [
          "a.strict.example"
        ])
        const gone = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(gone), { [name]: "released" })
        assert.deepStrictEqual(
          gone.torrents.map(({ outcome }) => outcome),
          ["removed", "removed"]
        )
        assert.isFalse(rig.has(name) || rig.marked(name))
        assert.strictEqual(rig.torrents.held.size, 0)
        for (const n of [1, 2]) {
          const exported = readFileSync(join(rig.root, "state", "torrents", `${hash(n)}.torrent`), "utf8")
          assert.include(exported, name)
        }
      })
    )
  )

  it.live("scenario 5: the seed time is compared in seconds, and a ratio is owed as well", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const name = "Film (2024).mkv"
        yield* film(rig, name)
        rig.cleanup = { ...cleanupDefaults, mode: "managed" }
        // 7 days in minutes is 10080: as seconds that is not three hours.
        rig.torrents.add(seeding(hash(1), rig.path(name), { seedingTime: 10_080 }), wanted(name))
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { [name]: "kept" })
        rig.torrents.add(seeding(hash(1), rig.path(name), { ratio: 0.99 }), wanted(name))
        assert.match((yield* rig.run(run)).items[0]?.reason ?? "", /ratio.*0\.99/)
        assert.isTrue(rig.has(name))
      })
    )
  )

  it.live("scenario 6: two torrents with one content path and different files: both have to go first", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.write("Season 2/e01.mkv")
        rig.write("Season 2/e02.mkv")
        yield* rig.run(rig.uploaded("Season 2"))
        rig.torrents.add(seeding(hash(1), rig.path("Season 2")), wanted("Season 2/e01.mkv"))
        rig.torrents.add(seeding(hash(2), rig.path("Season 2")), wanted("Season 2/e02.mkv"))
        yield* rig.run(run)
        rig.torrents.held.delete(hash(1))
        yield* rig.run(run)
        assert.isTrue(rig.has("Season 2/e01.mkv") && rig.has("Season 2/e02.mkv"))
        rig.torrents.held.delete(hash(2))
        yield* rig.run(run)
        assert.isFalse(rig.has("Season 2"))
      })
    )
  )

  it.live("scenario 7: a rootless torrent claims its files only, and completedDir itself never goes", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        for (const name of ["one.mkv", "two/subs.srt", "two/other.txt", "three.mkv"]) rig.write(name)
        yield* rig.run(rig.uploaded("three.mkv"))
        const pack = yield* rig.run(rig.uploaded("Pack", { kind: "rootless" }, ["one.mkv", "two/subs.srt"]))
        const torrent = seeding(hash(1), rig.completed, { name: "Pack", savePath: rig.completed })
        rig.torrents.add(torrent, wanted("one.mkv", "two/subs.srt"))
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Pack: "kept", "three.mkv": "released" })
        rig.torrents.held.clear()
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Pack: "released" })
        assert.isFalse(rig.has("one.mkv") || rig.has("two/subs.srt") || rig.marked("Pack"))
        assert.isTrue(rig.has("two/other.txt") && rig.has(""))
        assert.strictEqual((yield* rig.run(rig.state("Pack"))).id, pack.id)
      })
    )
  )

  it.live("scenario 7: a rootless torrent whose files are not found claims everything in its folder", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* film(rig)
        const torrent = seeding(hash(1), rig.completed, { name: "Pack", savePath: "/lies" })
        rig.torrents.add(torrent, wanted("not-here.mkv"))
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "Film (2024).mkv": "kept" })
      })
    )
  )

  it.live("scenario 8: a torrent inside, around, or hardlinked from elsewhere keeps the item", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.write("Pack/sub/a.mkv")
        yield* rig.run(rig.uploaded("Pack"))
        const outside = join(rig.root, "cross-seed", "Other name")
        mkdirSync(outside, { recursive: true })
        linkSync(rig.path("Pack/sub/a.mkv"), join(outside, "a.mkv"))
        const places = [rig.path("Pack/sub/a.mkv"), rig.path("Pack/sub"), outside, join(outside, "a.mkv")]
        for (const [index, place] of places.entries()) {
          rig.torrents.held.clear()
          rig.torrents.add(seeding(hash(index), place))
          assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Pack: "kept" }, place)
        }
        rig.torrents.held.clear()
        const gone = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(gone), { Pack: "released" })
        // The other name keeps the content: the disk got nothing back, and nothing of it was lost.
        assert.strictEqual(gone.freedBytes, 0)
        assert.strictEqual(readFileSync(join(outside, "a.mkv"), "utf8"), "content of Pack/sub/a.mkv")
      })
    )
  )

  it.live("scenario 9: save_path lies, symlinks and other views of the same folder: still claimed", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.write("Pack/a.mkv")
        yield* rig.run(rig.uploaded("Pack"))
        symlinkSync(rig.completed, join(rig.root, "view"))
        const places = [join(rig.root, "view", "Pack"), "/not/mapped/Pack", "/not/mapped/Pack/"]
        for (const place of places) {
          rig.torrents.held.clear()
          rig.torrents.add(seeding(hash(place), place, { savePath: "/lies", name: "Pack" }))
          assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Pack: "kept" }, place)
        }
        const bound = join(rig.root, "bound")
        mkdirSync(bound)
        const mounted = spawnSync("mount", ["--bind", rig.completed, bound]).status === 0
        rig.torrents.held.clear()
        rig.torrents.add(seeding(hash("bound"), join(bound, mounted ? "Pack/a.mkv" : "Pack")))
        const behind = yield* rig
          .run(run)
          .pipe(Effect.ensuring(Effect.sync(() => mounted && spawnSync("umount", [bound]))))
        assert.deepStrictEqual(outcomes(behind), { Pack: "kept" })
        rig.torrents.held.clear()
        rig.torrents.add(seeding(hash("other"), "/not/mapped/Something else"))
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Pack: "released" })
      })
    )
  )

  it.live("scenario 10: a torrent removed early: accepted untracked, still owed when managed", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const name = "Film (2024).mkv"
        rig.write(name)
        yield* rig.run(rig.uploaded(name, { hashes: [hash(1)] }))
        rig.cleanup = { ...cleanupDefaults, mode: "managed" }
        rig.torrents.add(seeding(hash(1), rig.path(name), { seedingTime: 3600 }), wanted(name), ["t.example"])
        yield* rig.run(run)
        rig.torrents.held.clear()
        const kept = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(kept), { [name]: "kept" })
        assert.match(kept.items[0]?.reason ?? "", /seed time.*60 min.*7 days.*ledger/)
        assert.isNull(kept.items[0]?.earliest)
        rig.cleanup = cleanupDefaults
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { [name]: "released" })
      })
    )
  )

  it.live("scenario 11: a torrent added again between the plan and the act keeps its data", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* film(rig)
        rig.torrents.before = (operation, count) => {
          if (operation === "torrents" && count === 2) rig.torrents.add(seeding(hash(1), rig.path("Film (2024).mkv")))
        }
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { "Film (2024).mkv": "kept" })
        assert.isTrue(rig.has("Film (2024).mkv") && rig.marked("Film (2024).mkv"))
      })
    )
  )

  it.live("an item that an upload takes up between the plan and the act is left to it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const item = yield* film(rig)
        const busy = Effect.flatMap(Items, (items) => items.update(item.id, { state: "uploading" }))
        rig.remote.before = () => Effect.runSync(Effect.orDie(rig.run(busy)))
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "Film (2024).mkv": "kept" })
        assert.isTrue(rig.has("Film (2024).mkv") && rig.marked("Film (2024).mkv"))
        assert.strictEqual((yield* rig.run(rig.state("Film (2024).mkv"))).state, "uploading")
      })
    )
  )

  it.live("managed: a torrent with data that is not of an uploaded item stays, and so does the item", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.write("Pack/a.mkv")
        yield* rig.run(rig.uploaded("Pack"))
        rig.cleanup = { ...cleanupDefaults, mode: "managed" }
        rig.torrents.add(seeding(hash(1), rig.path("Pack")), wanted("Pack/a.mkv", "Pack/b.mkv"))
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { Pack: "kept" })
        assert.match(report.torrents[0]?.reason ?? "", /also has .*b\.mkv/)
        assert.isTrue(rig.torrents.held.has(hash(1)) && rig.has("Pack/a.mkv"))
      })
    )
  )
})
