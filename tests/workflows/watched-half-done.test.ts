import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, rmSync } from "node:fs"
import { Retirements } from "../../src/state/Retirements.ts"
import type { Behaviour, Call } from "../fakes/media/memory-arr.ts"
import { acts, outcomes, reasonOf, type Rig, withRig } from "./watched-rig.ts"

const film = "radarr/1"
const season = "sonarr/1/season/1"

const oneFilm = (rig: Rig) => {
  rig.movie(1)
  for (let id = 2; id < 6; id++) rig.movie(id, null)
}
const oneSeason = (rig: Rig) => rig.series(1, [3, 2], [1])

const behaving = (rig: Rig, operation: Call["operation"], behaviour: Behaviour, monitored: boolean | null = null) => {
  rig.arr.behave = (call) =>
    call.operation === operation && (monitored === null || call.monitored === monitored) ? behaviour : undefined
}
const behavingWell = (rig: Rig) => {
  rig.arr.behave = () => undefined
}
const last = (rig: Rig, key: string) =>
  rig.run(
    Effect.gen(function* () {
      return (yield* (yield* Retirements).ofKey(key))[0]
    })
  )

describe("a retirement that was stopped", () => {
  it.live("does not delete what the arr still monitors after it was told not to", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        oneFilm(rig)
        behaving(rig, "setMonitored", "ignored")
        const report = yield* rig.retire()
        assert.strictEqual(outcomes(report)[film], "failed")
        assert.match(reasonOf(report, film) ?? "", /was told not to monitor it any more, and still does/)
        assert.deepStrictEqual(rig.arr.of("deleteFiles"), [])
        assert.isTrue(rig.has("Film 1.mkv"))
        assert.strictEqual((yield* last(rig, film))?.state, "undone")
      })
    )
  )

  it.live("monitors again what the arr refused to delete (409), tells it, and tries again in the next run", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        oneSeason(rig)
        behaving(rig, "deleteFiles", "refused")
        const report = yield* rig.retire()
        assert.deepStrictEqual(outcomes(report), { [season]: "failed" })
        assert.match(reasonOf(report, season) ?? "", /sonarr refused to deleteFiles: 409/)
        assert.strictEqual(report.episodes.failed, 3)
        assert.isTrue(rig.arr.oneSeries(1).episodes.every(({ monitored }) => monitored))
        assert.deepStrictEqual(
          rig.notifier.notices.map(({ kind }) => kind),
          ["failed"]
        )
        assert.strictEqual((yield* last(rig, season))?.state, "undone")
        behavingWell(rig)
        assert.deepStrictEqual(outcomes(yield* rig.retire()), { [season]: "retired" })
      })
    )
  )

  it.live("sets back only those episodes that were monitored before", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        oneSeason(rig)
        const { episodes } = rig.arr.oneSeries(1)
        rig.arr.changeSeries(1, {
          episodes: episodes.map((one) => (one.id === 1102 ? { ...one, monitored: false } : one))
        })
        behaving(rig, "deleteFiles", "refused")
        yield* rig.retire()
        assert.deepStrictEqual(acts(rig).at(-1), "monitor 1: 1101,1103")
        assert.deepStrictEqual(
          rig.arr.oneSeries(1).episodes.flatMap(({ id, monitored }) => (monitored ? [] : [id])),
          [1102]
        )
      })
    )
  )

  it.live("finds gone what was deleted although no answer came", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        oneFilm(rig)
        behaving(rig, "deleteFiles", "lost")
        assert.strictEqual(outcomes(yield* rig.retire())[film], "retired")
        assert.isFalse(rig.has("Film 1.mkv"))
        assert.isFalse(rig.arr.movie(1).monitored)
      })
    )
  )

  it.live("leaves a delete without answer open, and the next run finds it done: retired", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        oneFilm(rig)
        let dark = false
        rig.arr.behave = ({ operation }) => {
          if (operation === "deleteFiles") dark = true
          return dark ? (operation === "deleteFiles" ? "lost" : "unreadable") : undefined
        }
        const report = yield* rig.retire()
        assert.strictEqual(outcomes(report)[film], "failed")
        assert.match(reasonOf(report, film) ?? "", /the next run finishes or undoes it/)
        assert.strictEqual((yield* last(rig, film))?.state, "failed")
        assert.isFalse(acts(rig).includes("monitor 1"))
        behavingWell(rig)
        const next = yield* rig.retire()
        assert.deepStrictEqual(next.settled, [{ key: film, title: "Film 1 (2020)", outcome: "retired", reason: null }])
        const { open, retired } = yield* rig.rows()
        assert.deepStrictEqual([open.length, retired.length], [0, 1])
        assert.isFalse(rig.arr.movie(1).monitored)
      })
    )
  )

  it.live("leaves a delete without answer open, and the next run finds it not done: undone, and done again", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        oneFilm(rig)
        let dark = false
        rig.arr.behave = ({ operation }) => {
          if (operation === "deleteFiles") dark = true
          return dark ? "unreadable" : undefined
        }
        assert.strictEqual(outcomes(yield* rig.retire())[film], "failed")
        // Before the next run it is told, and nothing else happens.
        behavingWell(rig)
        const shown = yield* rig.retire(true)
        assert.deepStrictEqual(
          [shown.settled.map(({ outcome }) => outcome), outcomes(shown)[film]],
          [["open"], "failed"]
        )
        const next = yield* rig.retire()
        assert.deepStrictEqual(
          [next.settled.map(({ outcome }) => outcome), outcomes(next)[film]],
          [["undone"], "retired"]
        )
        assert.deepStrictEqual(acts(rig), ["unmonitor 1", "delete 1: 1", "monitor 1", "unmonitor 1", "delete 1: 1"])
      })
    )
  )

  it.live("stays open where it can be neither finished nor undone, and nothing new is begun for it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        oneFilm(rig)
        rig.arr.behave = ({ monitored, operation }) =>
          operation === "deleteFiles"
            ? "refused"
            : operation === "setMonitored" && monitored === true
              ? "unreadable"
              : undefined
        assert.strictEqual(outcomes(yield* rig.retire())[film], "failed")
        const next = yield* rig.retire()
        assert.deepStrictEqual([next.settled.map(({ outcome }) => outcome), outcomes(next)[film]], [["open"], "failed"])
        assert.strictEqual(rig.arr.of("deleteFiles").length, 1)
        behavingWell(rig)
        assert.strictEqual(outcomes(yield* rig.retire())[film], "retired")
      })
    )
  )

  it.live(
    "is told as long as the arr says it is gone and the disk has it",
    () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          oneFilm(rig)
          rig.arr.behave = ({ operation }) => {
            if (operation !== "deleteFiles") return undefined
            rig.arr.changeMovie(1, { file: null })
            return "ignored"
          }
          assert.match(reasonOf(yield* rig.retire(), film) ?? "", /on the disk there is still/)
          behavingWell(rig)
          assert.match((yield* rig.retire()).settled[0]?.reason ?? "", /it is still on the disk/)
          rmSync(rig.path("Film 1.mkv"))
          assert.deepStrictEqual(
            (yield* rig.retire()).settled.map(({ outcome }) => outcome),
            ["retired"]
          )
        })
      ),
    20_000
  )

  it.live("of which a part went: that stays recorded, the rest is monitored again, judged by itself, and follows", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        oneSeason(rig)
        rig.arr.behave = ({ operation }) => {
          if (operation !== "deleteFiles" || rig.arr.of("deleteFiles").length > 0) return undefined
          const { episodes, files } = rig.arr.oneSeries(1)
          rmSync(rig.path("Show 1/S01E01.mkv"))
          rig.arr.changeSeries(1, {
            files: files.filter(({ id }) => id !== 1101),
            episodes: episodes.map((one) => (one.id === 1101 ? { ...one, fileId: null } : one))
          })
          return "refused"
        }
        const report = yield* rig.retire()
        assert.match(reasonOf(report, season) ?? "", /409/)
        assert.deepStrictEqual(
          rig.arr.oneSeries(1).episodes.flatMap(({ id, monitored }) => (monitored ? [] : [id])),
          [1101]
        )
        assert.deepStrictEqual(outcomes(yield* rig.retire()), { [season]: "retired" })
        const { retired } = yield* rig.rows()
        assert.deepStrictEqual(
          retired.map(({ files }) => files.map(({ id }) => id)),
          [[1101], [1102, 1103]]
        )
        assert.strictEqual(acts(rig).at(-1), "delete 1: 1102,1103")
      })
    )
  )

  it.live("leaves a file with another link on the disk where that is, and counts no byte as freed", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        oneFilm(rig)
        const { linkSync } = yield* Effect.promise(() => import("node:fs"))
        linkSync(rig.path("Film 1.mkv"), rig.path("torrent"))
        const report = yield* rig.retire()
        assert.deepStrictEqual([outcomes(report)[film], report.freedBytes], ["retired", 0])
        assert.isTrue(existsSync(rig.path("torrent")))
      })
    )
  )
})

const points = [
  "state unmonitoring",
  "watched.unmonitor begins",
  "watched.unmonitor acted",
  "watched.unmonitor noted",
  "state deleting",
  "watched.delete begins",
  "watched.delete acted",
  "watched.delete noted",
  "state retired"
]

describe("SIGKILL", () => {
  for (const point of points) {
    it.live(`at "${point}": the next run finishes or undoes it by looking, and it is retired once`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          oneSeason(rig)
          assert.isTrue(yield* rig.killed(point), "the point was passed")
          // Nothing is lost in between: either all of it is there, or none of it.
          const there = ["S01E01", "S01E02", "S01E03"].filter((name) => rig.has(`Show 1/${name}.mkv`))
          assert.include([0, 3], there.length)
          const next = yield* rig.retire()
          const settled = next.settled.map(({ outcome }) => outcome)
          assert.deepStrictEqual(settled, point === "state retired" ? [] : [there.length === 0 ? "retired" : "undone"])
          assert.deepStrictEqual(outcomes(next), there.length === 0 ? {} : { [season]: "retired" })
          const { open, retired } = yield* rig.rows()
          assert.deepStrictEqual([open.length, retired.length], [0, 1])
          assert.isTrue(rig.has("Show 1/S02E01.mkv"))
          assert.isFalse(rig.has("Show 1/S01E01.mkv"))
          assert.strictEqual(rig.arr.of("deleteFiles").length, 1)
        })
      )
    )

    it.live(`at "${point}", and the title is wanted again meanwhile: what is there stays, monitored`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          oneSeason(rig)
          assert.isTrue(yield* rig.killed(point), "the point was passed")
          rig.media.favourites.set("u1", ["series-1"])
          const there = rig.has("Show 1/S01E01.mkv")
          yield* rig.retire()
          assert.strictEqual(rig.has("Show 1/S01E01.mkv"), there)
          const { episodes } = rig.arr.oneSeries(1)
          assert.isTrue(episodes.filter((one) => one.season === 1).every(({ monitored }) => monitored === there))
        })
      )
    )
  }

  for (const point of ["watched.restore begins", "watched.restore acted", "watched.restore noted"]) {
    it.live(`at "${point}", while a refused delete is undone: the next run goes on with that`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          oneSeason(rig)
          rig.media.favourites.clear()
          behaving(rig, "deleteFiles", "refused")
          assert.isTrue(yield* rig.killed(point), "the point was passed")
          rig.media.favourites.set("u1", ["series-1"])
          behavingWell(rig)
          yield* rig.retire()
          assert.isTrue(rig.arr.oneSeries(1).episodes.every(({ monitored }) => monitored))
          assert.deepStrictEqual((yield* rig.rows()).open, [])
        })
      )
    )
  }
})
