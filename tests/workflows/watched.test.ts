import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { known, unreadable } from "../../src/domain/fact.ts"
import { acts, day, outcomes, reasonOf, type Rig, watchedDefaults, withRig } from "./watched-rig.ts"

/** A library in which one film and one season may go, and enough that stays. */
const library = (rig: Rig) => {
  rig.movie(1)
  for (let id = 2; id < 8; id++) rig.movie(id, null)
  rig.series(1, [3, 2], [1])
}

const film = "radarr/1"
const season = "sonarr/1/season/1"

describe("watched", () => {
  it.live("retires a film and a season through their arrs: unmonitor, read back, one delete a title, verify", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        const report = yield* rig.retire()
        assert.deepStrictEqual(outcomes(report), { [film]: "retired", [season]: "retired" })
        assert.deepStrictEqual(acts(rig).toSorted(), [
          "delete 1: 1",
          "delete 1: 1101,1102,1103",
          "unmonitor 1",
          "unmonitor 1: 1101,1102,1103"
        ])
        const order = rig.arr.calls.filter(({ arr }) => arr === "radarr").map(({ operation }) => operation)
        const at = order.indexOf("setMonitored")
        assert.deepStrictEqual(order.slice(at, at + 2), ["setMonitored", "movie"])
        assert.isBelow(at, order.indexOf("deleteFiles"))
        assert.strictEqual(order[order.indexOf("deleteFiles") + 1], "movie")
        assert.isFalse(rig.has("Film 1.mkv") || rig.has("Show 1/S01E01.mkv"))
        assert.isTrue(rig.has("Show 1/S02E01.mkv") && rig.has("Film 2.mkv"))
        assert.deepStrictEqual([report.movies.deleted, report.episodes.deleted, report.movies.failed], [1, 3, 0])
        assert.strictEqual(report.freedBytes, 1 + 1101 + 1102 + 1103)
        assert.deepStrictEqual(
          rig.notifier.notices.map(({ kind }) => kind),
          ["retired"]
        )
        const { retired } = yield* rig.rows()
        assert.deepStrictEqual(retired.map(({ hashes, key }) => [key, ...hashes]).toSorted(), [
          [film, String(1).padStart(40, "a")],
          [season, String(1).padStart(40, "b")]
        ])
        const again = yield* rig.retire()
        assert.deepStrictEqual(outcomes(again), {})
        assert.strictEqual(acts(rig).length, 4)
      })
    )
  )

  it.live("a dry run, which is the default, says the same and changes nothing", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        rig.watched = { ...watchedDefaults, dryRun: true }
        yield* rig.rows()
        const before = readFileSync(join(rig.root, "state", "state.db"))
        const report = yield* rig.retire()
        assert.isTrue(report.dryRun)
        assert.deepStrictEqual(outcomes(report), { [film]: "would-retire", [season]: "would-retire" })
        assert.deepStrictEqual([acts(rig), [...rig.media.collections], rig.notifier.notices], [[], [], []])
        assert.isTrue(before.equals(readFileSync(join(rig.root, "state", "state.db"))))
        assert.deepStrictEqual(outcomes(yield* rig.retire(false)), { [film]: "retired", [season]: "retired" })
      })
    )
  )

  it.live("--dry-run wins over the option, and without watched there is nothing to do", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        assert.deepStrictEqual(outcomes(yield* rig.retire(true)), { [film]: "would-retire", [season]: "would-retire" })
        rig.watched = undefined
        const report = yield* rig.retire()
        assert.deepStrictEqual([report.stopped, report.alarming], ["watched is not configured", false])
        assert.deepStrictEqual(acts(rig), [])
      })
    )
  )

  it.live("asks for the episodes of candidates only, one call a series, and nothing a call an item", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        for (let id = 2; id < 30; id++) rig.series(id, [4], [])
        yield* rig.retire(true)
        assert.deepStrictEqual(
          rig.arr.of("series").map(({ id }) => id),
          [1]
        )
        assert.deepStrictEqual(rig.arr.of("movie"), [])
        assert.isBelow(rig.media.calls.length, 10)
      })
    )
  )

  it.live("one run retires no more than its cap, the longest watched first; the next one goes on", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        rig.movie(20, rig.began - 20 * day)
        rig.watched = { ...watchedDefaults, maxRetirementsPerRun: 1 }
        const report = yield* rig.retire()
        assert.deepStrictEqual(outcomes(report), { "radarr/20": "retired", [film]: "waits", [season]: "waits" })
        assert.match(reasonOf(report, film) ?? "", /maxRetirementsPerRun/)
        yield* rig.retire()
        yield* rig.retire()
        assert.strictEqual((yield* rig.rows()).retired.length, 3)
      })
    )
  )

  it.live("under disk pressure only, and no further than to its target", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        rig.watched = { ...watchedDefaults, pressure: { path: rig.root, belowBytes: 1000, untilBytes: 1000 } }
        rig.freeBytes = 5000
        const roomy = yield* rig.retire()
        assert.deepStrictEqual(outcomes(roomy), { [film]: "waits", [season]: "waits" })
        assert.match(reasonOf(roomy, film) ?? "", /there is room/)
        rig.freeBytes = 999
        assert.deepStrictEqual(outcomes(yield* rig.retire()), { [film]: "retired", [season]: "waits" })
      })
    )
  )

  const changes: Record<string, (rig: Rig) => void> = {
    "a new play": (rig) => rig.media.played("u1", "movie-1", rig.began - day),
    "a favourite": (rig) => void rig.media.favourites.set("u1", ["movie-1"]),
    "a keep tag": (rig) => rig.arr.changeMovie(1, { tags: known(["keep"], "radarr", rig.began) }),
    "tags that cannot be read": (rig) => rig.arr.changeMovie(1, { tags: unreadable("radarr", rig.began, "500") }),
    "somebody playing it": (rig) => void rig.media.playing.set("movie-1", ["anna"]),
    "an upgrade": (rig) => {
      const { file } = rig.arr.movie(1)
      rig.arr.changeMovie(1, { file: file === null ? null : { ...file, id: 99, size: 4, addedAt: rig.began } })
    },
    "another file of the same date": (rig) => {
      const { file } = rig.arr.movie(1)
      rig.arr.changeMovie(1, { file: file === null ? null : { ...file, id: 99 } })
    },
    "a download in the queue": (rig) => rig.arr.changeMovie(1, { queued: true }),
    "its disappearance from Jellyfin": (rig) => void rig.media.items.delete("movie-1"),
    "the primary user renamed": (rig) => void rig.media.viewers.splice(0, 1, { id: "u1", name: "boss" }),
    "the keep tag removed from the arr": (rig) => void rig.arr.labels.set("radarr", [])
  }
  for (const [what, change] of Object.entries(changes)) {
    it.live(`a title stays, untouched, where ${what} came between the plan and the act`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          library(rig)
          rig.arr.series.length = 0
          // The first call that belongs to the act: all lists have been read by then.
          let reads = 0
          rig.arr.behave = ({ arr, operation }) => {
            if (arr === "radarr" && operation === "tags") reads += 1
            if (reads === 2) {
              reads = 3
              change(rig)
            }
            return undefined
          }
          const report = yield* rig.retire()
          assert.strictEqual(reads, 3)
          assert.strictEqual(report.titles.find(({ title }) => title.startsWith("Film 1"))?.outcome, "kept")
          assert.deepStrictEqual(acts(rig), [])
          assert.isTrue(rig.has("Film 1.mkv"))
          assert.deepStrictEqual((yield* rig.rows()).open, [])
        })
      )
    )
  }

  it.live("a season that gained an episode between the plan and the act stays whole", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        rig.arr.behave = ({ id, operation }) => {
          const series = rig.arr.oneSeries(1)
          if (operation === "series" && id === 1 && rig.arr.of("series").length === 1) {
            const [first] = series.episodes
            const more = first === undefined ? [] : [{ ...first, id: 1199, episode: 9, fileId: null }]
            rig.arr.changeSeries(1, { episodes: [...series.episodes, ...more] })
          }
          return undefined
        }
        const report = yield* rig.retire()
        assert.deepStrictEqual(outcomes(report), { [film]: "retired", [season]: "kept" })
        assert.match(reasonOf(report, season) ?? "", /season complete has changed/)
        assert.isTrue(rig.has("Show 1/S01E01.mkv"))
      })
    )
  )

  it.live("what becomes unreadable in the middle of a run fails, untouched, and ends the run", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        rig.media.fails = (operation) => operation === "items"
        const report = yield* rig.retire()
        assert.deepStrictEqual(Object.values(outcomes(report)).toSorted(), ["failed", "waits"])
        assert.match(report.stopped ?? "", /Jellyfin at http:\/\/memory cannot be read/)
        assert.deepStrictEqual(acts(rig), [])
        assert.deepStrictEqual(
          rig.notifier.notices.map(({ kind }) => kind),
          ["failed"]
        )
      })
    )
  )
})
