import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { known } from "../../src/domain/fact.ts"
import type { LibrarySeries } from "../../src/domain/watchedWorld.ts"
import { Items } from "../../src/state/Items.ts"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { addTorrent, plant, watchedRemote, withStorage } from "../workflows/cleanup-retired-rig.ts"
import { hash, outcomes, type Rig, withRig } from "../workflows/cleanup-rig.ts"

const run = cleanup({ dryRun: undefined })
const content = "the episode"

/** Sonarr copied the episode into its library, from a torrent that seeds on; then the season was retired. */
const retire = (rig: Rig, from: string) =>
  Effect.orDie(
    rig.run(
      rig.retire(
        "Andor, season 1",
        { [join(rig.root, "library/S01E01.mkv")]: { size: content.length, hash: hash(from) } },
        [11]
      )
    )
  )

const andor = (over: Partial<LibrarySeries["episodes"][number]>): LibrarySeries => ({
  arr: "sonarr",
  id: 1,
  title: "Andor",
  year: 2022,
  ids: { tvdb: "1" },
  status: "ended",
  monitored: true,
  tags: known([], "sonarr", 0),
  addedAt: 0,
  episodes: [{ id: 11, season: 1, episode: 1, title: "", airsAt: 0, monitored: false, fileId: null, ...over }],
  files: [],
  queued: new Set()
})

const item = Effect.fnUntraced(function* (rig: Rig) {
  rig.write("Andor/e1.mkv", content)
  yield* rig.run(rig.uploaded("Andor", { hashes: [hash("item")] }))
  addTorrent(rig, hash("item"), "completed", ["Andor/e1.mkv"])
  yield* retire(rig, "item")
})

const payload = Effect.fnUntraced(function* (rig: Rig) {
  withStorage(rig)
  plant(rig, "stash/seeding/Andor/e1.mkv", content)
  addTorrent(rig, hash("payload"), "stash/seeding", ["Andor/e1.mkv"])
  yield* retire(rig, "payload")
})

const cases = {
  "is in the library again": { fileId: 4 },
  "is monitored again": { monitored: true }
}

describe("a title that was retired and came back, by the torrent that never left the client", () => {
  for (const [name, over] of Object.entries(cases)) {
    it.live(`keeps its torrent and item while it ${name}`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          yield* item(rig)
          rig.arr.series.push(andor(over))
          const report = yield* rig.run(run)
          assert.deepStrictEqual(outcomes(report), { Andor: "kept" })
          assert.match(report.items[0]?.reason ?? "", /Sonarr/)
          assert.isTrue(rig.torrents.held.has(hash("item")) && rig.has("Andor/e1.mkv"))
          rig.arr.changeSeries(1, andor({}))
          assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Andor: "released" })
        })
      )
    )

    it.live(`keeps its payload in a seeding directory while it ${name}`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          yield* payload(rig)
          rig.arr.series.push(andor(over))
          assert.deepStrictEqual(
            (yield* rig.run(run)).items.map(({ outcome }) => outcome),
            ["kept"]
          )
          assert.isTrue(rig.torrents.held.has(hash("payload")))
          rig.arr.changeSeries(1, andor({}))
          assert.deepStrictEqual(
            (yield* rig.run(run)).items.map(({ outcome }) => outcome),
            ["released"]
          )
        })
      )
    )
  }

  it.live("is not taken for gone where Sonarr gives no answer, or is not configured any more", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* item(rig)
        rig.arr.behave = () => "unreadable"
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { Andor: "kept" })
        assert.match(report.items[0]?.reason ?? "", /cannot be read: no answer/)
        rig.arr.behave = () => undefined
        rig.arr.labels.clear()
        assert.match((yield* rig.run(run)).items[0]?.reason ?? "", /Sonarr is not configured any more/)
        assert.isTrue(rig.torrents.held.has(hash("item")))
      })
    )
  )

  it.live("is seen on the disk where a new Sonarr knows it by another number", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* item(rig)
        const place = join(rig.root, "library/S01E01.mkv")
        mkdirSync(dirname(place), { recursive: true })
        writeFileSync(place, content)
        const report = yield* rig.run(run)
        assert.match(report.items[0]?.reason ?? "", /is there again/)
        rmSync(place)
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Andor: "released" })
      })
    )
  )

  it.live("keeps its copy on the remote, and so does an item that came again after the retirement", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* item(rig)
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Andor: "released" })
        watchedRemote(rig, "delete")
        rig.arr.series.push(andor({ fileId: 4 }))
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Andor: "kept" })
        rig.arr.series.length = 0

        // Downloaded by hand, uploaded and released once more: what was retired before says nothing of it.
        rig.write("Andor/e1.mkv", content)
        yield* rig.run(rig.uploaded("Andor", { hashes: [hash("item")], uploadedAt: Date.now() + 1000 }))
        rmSync(rig.path("Andor"), { recursive: true })
        const { id } = yield* rig.run(rig.state("Andor"))
        yield* rig.run(Effect.flatMap(Items, (items) => items.update(id, { state: "released" })))
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), {})
        assert.isTrue(rig.remote.files.has("downloads/Andor/e1.mkv"))
      })
    )
  )

  it.live("and one that did not: the remote copy of an item of one file goes as that of a folder does", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.write("Film.mkv", content)
        yield* rig.run(rig.uploaded("Film.mkv", { hashes: [hash("item")] }))
        yield* retire(rig, "item")
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "Film.mkv": "released" })
        watchedRemote(rig, "delete")
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "Film.mkv": "deleted" })
        assert.strictEqual(rig.remote.files.size, 0)
      })
    )
  )
})
