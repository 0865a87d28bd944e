import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { CleanupReport } from "../../src/domain/reports.ts"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { addTorrent, hardlink, plant, retire } from "./cleanup-retired-rig.ts"
import { cleanupDefaults, hash, outcomes, type Rig, withRig } from "./cleanup-rig.ts"

const run = cleanup({ dryRun: undefined })

const conditionOf = (report: CleanupReport, name: string) =>
  report.items.flatMap((item) => item.conditions).find((one) => one.name === name)
const reasonOf = (report: CleanupReport) => report.items[0]?.reason ?? ""

/** A season of two episodes that is uploaded and seeding, and lies in the library too. */
const season = Effect.fnUntraced(function* (rig: Rig, library = true) {
  rig.write("Andor.S01/Andor.S01E01.mkv", "one")
  rig.write("Andor.S01/Andor.S01E02.mkv", "number two")
  rig.write("Andor.S01/Sample/andor-sample.mkv", "s")
  rig.write("Andor.S01/info.nfo", "words")
  if (library) {
    hardlink(rig, "completed/Andor.S01/Andor.S01E01.mkv", "library/Andor/S01E01.mkv")
    hardlink(rig, "completed/Andor.S01/Andor.S01E02.mkv", "library/Andor/S01E02.mkv")
  }
  yield* rig.run(rig.uploaded("Andor.S01", { hashes: [hash(1)] }))
  const names = ["Andor.S01E01.mkv", "Andor.S01E02.mkv", "Sample/andor-sample.mkv", "info.nfo"]
  addTorrent(
    rig,
    hash(1),
    "completed",
    names.map((name) => `Andor.S01/${name}`)
  )
})
const episodes = ["completed/Andor.S01/Andor.S01E01.mkv", "completed/Andor.S01/Andor.S01E02.mkv"]

describe("the torrent of a retired title follows, below completedDir", () => {
  it.live("untracked: a retired season's torrent is exported and removed, and its copy released with its proof", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* season(rig, false)
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "Andor.S01": "kept" })
        assert.isTrue(rig.torrents.held.has(hash(1)))
        yield* retire(rig, "Andor, season 1", hash(1), episodes)
        const dry = yield* rig.run(cleanup({ dryRun: true }))
        assert.deepStrictEqual(outcomes(dry), { "Andor.S01": "would-release" })
        assert.deepStrictEqual(
          dry.torrents.map(({ outcome }) => outcome),
          ["would-remove"]
        )
        assert.isTrue(rig.torrents.held.has(hash(1)) && rig.has("Andor.S01/Andor.S01E01.mkv"))
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { "Andor.S01": "released" })
        assert.deepStrictEqual(
          report.torrents.map(({ outcome }) => outcome),
          ["removed"]
        )
        assert.isTrue(existsSync(join(rig.root, "state", "torrents", `${hash(1)}.torrent`)))
        assert.isFalse(rig.torrents.held.has(hash(1)))
        assert.isFalse(rig.has("Andor.S01"))
        const retired = conditionOf(dry, "retired")
        assert.match(retired?.value ?? "", /^Andor, season 1, on \d{4}-\d\d-\d\d \(watched\)$/)
        assert.isTrue(retired?.met)
      })
    )
  )

  it.live("what its trackers are owed keeps it, and is measured", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* season(rig, false)
        yield* retire(rig, "Andor, season 1", hash(1), episodes)
        rig.cleanup = { ...cleanupDefaults, trackers: { "strict.example": { minSeedTime: Duration.days(40) } } }
        const held = rig.torrents.held.get(hash(1))
        if (held === undefined) return yield* Effect.die("no torrent")
        rig.torrents.held.set(hash(1), { ...held, trackers: ["a.strict.example"] })
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { "Andor.S01": "kept" })
        assert.match(reasonOf(report), /seed time .* is 30 days and must be 40 days/)
        assert.isTrue(rig.torrents.held.has(hash(1)))
      })
    )
  )

  it.live("a library that still links a file of it keeps it, and its reason says so", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* season(rig)
        yield* retire(rig, "Andor, season 1", hash(1), episodes)
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { "Andor.S01": "kept" })
        assert.match(reasonOf(report), /a library still links it: Andor\.S01E01\.mkv has 2 names/)
        assert.isTrue(rig.torrents.held.has(hash(1)))
      })
    )
  )

  it.live("a pack of which one season was retired stays whole", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.write("Andor/Andor.S01E01.mkv", "one")
        rig.write("Andor/Andor.S02E01.mkv", "another")
        yield* rig.run(rig.uploaded("Andor", { hashes: [hash(1)] }))
        addTorrent(rig, hash(1), "completed", ["Andor/Andor.S01E01.mkv", "Andor/Andor.S02E01.mkv"])
        yield* retire(rig, "Andor, season 1", hash(1), ["completed/Andor/Andor.S01E01.mkv"])
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { Andor: "kept" })
        assert.match(reasonOf(report), /Andor\.S02E01\.mkv of the same torrent is none of the files/)
        assert.isTrue(rig.torrents.held.has(hash(1)) && rig.has("Andor/Andor.S02E01.mkv"))
        yield* retire(rig, "Andor, season 2", hash(1), ["completed/Andor/Andor.S02E01.mkv"])
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Andor: "released" })
      })
    )
  )

  it.live("two episodes of one size do not stand for each other", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.write("Andor/Andor.S01E01.mkv", "one")
        rig.write("Andor/Andor.S01E02.mkv", "two")
        yield* rig.run(rig.uploaded("Andor", { hashes: [hash(1)] }))
        addTorrent(rig, hash(1), "completed", ["Andor/Andor.S01E01.mkv", "Andor/Andor.S01E02.mkv"])
        yield* retire(rig, "Andor, season 1", hash(1), ["completed/Andor/Andor.S01E01.mkv"])
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Andor: "kept" })
        assert.isTrue(rig.torrents.held.has(hash(1)))
      })
    )
  )

  it.live(
    "another torrent on the same files goes with it once it too is owed nothing; one of other content keeps it",
    () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          yield* season(rig, false)
          yield* retire(rig, "Andor, season 1", hash(1), episodes)
          addTorrent(rig, hash(2), "completed", ["Andor.S01/Andor.S01E01.mkv"], { ratio: 0.5 })
          const owed = yield* rig.run(run)
          assert.deepStrictEqual(outcomes(owed), { "Andor.S01": "kept" })
          assert.match(reasonOf(owed), /ratio of Andor\.S01 .* is 0\.5 and must be 1/)
          addTorrent(rig, hash(2), "completed", ["Andor.S01/Andor.S01E01.mkv"])
          plant(rig, "completed/Andor.S01/extra.mkv", "something else")
          addTorrent(rig, hash(3), "completed", ["Andor.S01/extra.mkv"])
          const other = yield* rig.run(run)
          assert.deepStrictEqual(outcomes(other), { "Andor.S01": "kept" })
          assert.isTrue(rig.torrents.held.has(hash(1)) && rig.torrents.held.has(hash(2)))
        })
      )
  )

  it.live("an infohash that came again after its title was retired is a new wish", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* season(rig, false)
        yield* retire(rig, "Andor, season 1", hash(1), episodes)
        const held = rig.torrents.held.get(hash(1))
        if (held === undefined) return yield* Effect.die("no torrent")
        rig.torrents.held.set(hash(1), { ...held, torrent: { ...held.torrent, addedAt: Date.now() + 60_000 } })
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "Andor.S01": "kept" })
        assert.isTrue(rig.torrents.held.has(hash(1)))
      })
    )
  )

  it.live("no proof on the remote, no release: a retirement does not stand for a replica", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* season(rig, false)
        yield* retire(rig, "Andor, season 1", hash(1), episodes)
        rig.remote.files.delete("downloads/Andor.S01/Andor.S01E02.mkv")
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "Andor.S01": "kept" })
        assert.isTrue(rig.torrents.held.has(hash(1)) && rig.has("Andor.S01/Andor.S01E02.mkv"))
      })
    )
  )
})
