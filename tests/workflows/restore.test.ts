import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { explain } from "../../src/workflows/explain.ts"
import { restore } from "../../src/workflows/restore.ts"
import { seeding } from "../fakes/memory-torrents.ts"
import { cleanupDefaults, hash, inode, later, outcomes, type Rig, withRig } from "./cleanup-rig.ts"

const run = cleanup({ dryRun: undefined })

const show = (rig: Rig) => {
  rig.write("Show/a.mkv")
  rig.write("Show/sub/b'\n.mkv")
  return rig.run(rig.uploaded("Show", { hashes: [hash(1)] }))
}

describe("restore", () => {
  it.live("from the remote, by name, path or infohash; cleanup then leaves it alone for a while", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* show(rig)
        yield* rig.run(run)
        assert.isFalse(rig.has("Show"))
        const done = yield* rig.run(restore(rig.path("Show")))
        assert.deepStrictEqual([done.from, done.files], ["remote", 2])
        assert.strictEqual(readFileSync(rig.path("Show/sub/b'\n.mkv"), "utf8"), "content of Show/sub/b'\n.mkv")
        assert.strictEqual((yield* rig.run(rig.state("Show"))).state, "uploaded")
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { Show: "kept" })
        assert.match(report.items[0]?.reason ?? "", /restored/)
        assert.isAbove(report.items[0]?.earliest ?? 0, Date.now())
        assert.deepStrictEqual(outcomes(yield* rig.run(run).pipe(later(8 * 86_400_000))), { Show: "released" })
        assert.strictEqual((yield* rig.run(restore(hash(1)))).from, "remote")
        assert.strictEqual((yield* rig.run(restore("Show"))).from, "here")
      })
    )
  )

  it.live("never over something, and never other bytes than were uploaded", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* show(rig)
        yield* rig.run(run)
        rig.write("Show/a.mkv", "somebody else's file")
        const occupied = yield* Effect.flip(rig.run(restore("Show")))
        assert.match(occupied.message, /something else is at .*a\.mkv/)
        assert.strictEqual(readFileSync(rig.path("Show/a.mkv"), "utf8"), "somebody else's file")
        rig.write("Show/a.mkv", "Content of Show/a.mkv")
        assert.match((yield* Effect.flip(rig.run(restore("Show")))).message, /something else is at/)
        rig.write("Show/a.mkv")
        rig.remote.put("downloads/Show/sub/b'␊.mkv", "Content of Show/sub/b'\n.mkv")
        const wrong = yield* Effect.flip(rig.run(restore("Show")))
        assert.match(wrong.message, /not the bytes that were uploaded/)
        assert.deepStrictEqual(readdirSync(rig.path("Show/sub")), [])
        assert.strictEqual((yield* rig.run(rig.state("Show"))).state, "released")
      })
    )
  )

  it.live("from quarantine it is the same file again, and the remote is not asked", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.cleanup = { ...cleanupDefaults, quarantineFor: yield* Effect.succeed(cleanupDefaults.minSeedTime) }
        yield* show(rig)
        const before = inode(rig.path("Show/a.mkv"))
        yield* rig.run(run)
        rig.remote.calls.length = 0
        assert.strictEqual((yield* rig.run(restore("Show"))).from, "quarantine")
        assert.strictEqual(inode(rig.path("Show/a.mkv")), before)
        assert.deepStrictEqual(rig.remote.calls, [])
        assert.deepStrictEqual(readdirSync(rig.path(".media-pipeline-quarantine")), [])
      })
    )
  )

  it.live("an ambiguous name lists what it could be, an unknown one says what to give", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        for (const name of ["tv/Show", "movies/Show"]) {
          rig.write(name)
          yield* rig.run(rig.uploaded(name))
        }
        const error = yield* Effect.flip(rig.run(restore("Show")))
        assert.strictEqual(error._tag, "AmbiguousTarget")
        assert.include(error.message, rig.path("tv/Show"))
        assert.include(error.message, rig.path("movies/Show"))
        assert.match((yield* Effect.flip(rig.run(restore("nothing")))).message, /no such item/)
      })
    )
  )
})

describe("explain", () => {
  it.live("names every condition with its value, its threshold and its source, and the earliest time", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* show(rig)
        rig.cleanup = { ...cleanupDefaults, mode: "managed" }
        rig.torrents.add(seeding(hash(1), rig.path("Show"), { seedingTime: 6 * 86400 }), [], ["t.example"])
        const told = yield* rig.run(explain("Show"))
        assert.strictEqual(told.kind, "item")
        assert.match(
          told.summary,
          /seed time of Show \([0-9a-f]{8}\) is 6 days and must be 7 days \(cleanup\.minSeedTime\)/
        )
        const day = (told.earliest ?? 0) - Date.now()
        assert.isTrue(day > 86_000_000 && day <= 86_400_000)
        assert.deepStrictEqual(told.torrents, [{ hash: hash(1), name: hash(1), present: true }])
        for (const condition of told.conditions) {
          assert.isTrue(condition.value !== "" && condition.threshold !== "" && condition.source !== "", condition.name)
        }
        assert.isTrue(told.conditions.some(({ met, name }) => name === "remote" && met))
        assert.strictEqual((yield* rig.run(explain(rig.path("Show/a.mkv")))).subject, rig.path("Show"))
      })
    )
  )

  it.live("says what cannot be read instead of failing", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* show(rig)
        rig.torrents.fail()
        rig.remote.failing.set("list", "transient")
        const told = yield* rig.run(explain("Show"))
        const of = (name: string) => told.conditions.find((condition) => condition.name === name)
        assert.match(of("torrents")?.value ?? "", /cannot be read/)
        assert.isFalse(of("torrents")?.met)
        assert.match(of("remote")?.value ?? "", /cannot be read/)
        assert.isNull(told.earliest)
        assert.strictEqual((yield* rig.run(explain("/nowhere/at/all"))).kind, "unknown")
      })
    )
  )

  it.live("follows an item to its release, and knows torrents that are no item", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* show(rig)
        assert.match((yield* rig.run(explain("Show"))).summary, /next cleanup releases it/)
        assert.isAtMost((yield* rig.run(explain("Show"))).earliest ?? Infinity, Date.now())
        yield* rig.run(run)
        const told = yield* rig.run(explain("Show"))
        assert.match(told.summary, /on the remote only/)
        assert.deepStrictEqual(
          told.history.map(({ what }) => what.split(":")[0]),
          ["cleanup.release", "cleanup.marker"]
        )
        rig.torrents.add(seeding(hash(2), "/x/New", { state: "checkingUP" }))
        assert.match((yield* rig.run(explain(hash(2)))).summary, /checking/)
      })
    )
  )
})
