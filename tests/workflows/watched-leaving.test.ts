import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { known } from "../../src/domain/fact.ts"
import { acts, day, outcomes, type Rig, watchedDefaults, withRig } from "./watched-rig.ts"

const film = "radarr/1"
const season = "sonarr/1/season/1"
const collection = "Leaving Soon"

const library = (rig: Rig) => {
  rig.movie(1)
  for (let id = 2; id < 8; id++) rig.movie(id, null)
  rig.watched = { ...watchedDefaults, leavingSoon: { countdown: Duration.days(3), collection } }
}
const shown = (rig: Rig) => rig.media.collections.get(collection)

describe("leaving soon", () => {
  it.live("is announced once, by notice and collection, and the title goes when the countdown is over", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        rig.series(1, [2, 2], [1])
        const first = yield* rig.retire()
        assert.deepStrictEqual(outcomes(first), { [film]: "announced", [season]: "announced" })
        const due = first.titles[0]?.dueAt ?? 0
        assert.isTrue(due >= rig.began + 3 * day && due < rig.began + 3 * day + 60_000)
        assert.deepStrictEqual(shown(rig)?.toSorted(), ["movie-1", "season-1-1"])
        rig.ahead = 3 * day - 60_000
        const second = yield* rig.retire()
        assert.deepStrictEqual(outcomes(second), { [film]: "leaving", [season]: "leaving" })
        assert.strictEqual(second.titles[0]?.dueAt, due)
        assert.deepStrictEqual(
          rig.notifier.notices.map(({ kind, lines }) => [kind, lines.length]),
          [["leaving-soon", 2]]
        )
        assert.deepStrictEqual(acts(rig), [])
        rig.ahead = 3 * day + 60_000
        assert.deepStrictEqual(outcomes(yield* rig.retire()), { [film]: "retired", [season]: "retired" })
        assert.deepStrictEqual(shown(rig), [])
        const [row] = (yield* rig.rows()).retired
        assert.isAtMost((row?.announcedAt ?? 0) + 3 * day, row?.endedAt ?? 0)
      })
    )
  )

  it.live("--apply does not shorten the countdown, and a dry run announces nothing", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        assert.deepStrictEqual(outcomes(yield* rig.retire(true)), { [film]: "would-announce" })
        assert.isUndefined(shown(rig))
        assert.deepStrictEqual(outcomes(yield* rig.retire(false)), { [film]: "announced" })
        assert.deepStrictEqual(outcomes(yield* rig.retire(false)), { [film]: "leaving" })
      })
    )
  )

  const resets: Record<string, { readonly change: (rig: Rig) => void; readonly says: RegExp }> = {
    "a keep tag": {
      change: (rig) => rig.arr.changeMovie(1, { tags: known(["keep"], "radarr", rig.now) }),
      says: /keep tag/
    },
    "a favourite": { change: (rig) => void rig.media.favourites.set("u1", ["movie-1"]), says: /favourite/ },
    "a new play": { change: (rig) => rig.media.played("u1", "movie-1", rig.now), says: /grace period/ },
    "a new file": {
      change: (rig) => {
        const { file } = rig.arr.movie(1)
        rig.arr.changeMovie(1, { file: file === null ? null : { ...file, id: 77 } })
      },
      says: /files have changed/
    },
    "its being unwatched": { change: (rig) => void rig.media.viewings.clear(), says: /not been watched/ }
  }
  for (const [what, { change, says }] of Object.entries(resets)) {
    it.live(`is reset by ${what}: it leaves the collection, and a later countdown begins anew`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          library(rig)
          yield* rig.retire()
          rig.ahead = 3 * day + 60_000
          const before = { tags: rig.arr.movie(1).tags, file: rig.arr.movie(1).file }
          change(rig)
          const report = yield* rig.retire()
          assert.match(report.reset[0]?.reason ?? "", says)
          assert.deepStrictEqual(acts(rig), [])
          const again = outcomes(report)[film]
          assert.deepStrictEqual(shown(rig), again === "announced" ? ["movie-1"] : [])
          // As it was: the whole countdown once more.
          rig.arr.changeMovie(1, before)
          rig.media.favourites.clear()
          rig.media.played("u1", "movie-1", rig.began - 10 * day)
          const next = yield* rig.retire()
          assert.strictEqual(outcomes(next)[film], "announced")
          assert.isAtLeast(next.titles.find(({ key }) => key === film)?.dueAt ?? 0, rig.now + 3 * day - 60_000)
        })
      )
    )
  }

  it.live("does not begin while the collection cannot be shown", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        rig.media.fails = (operation) => operation === "showLeaving"
        const report = yield* rig.retire()
        assert.match(report.troubles.join(), /nothing new was announced: Jellyfin/)
        assert.deepStrictEqual((yield* rig.rows()).leaving, [])
        rig.media.fails = () => false
        rig.ahead = 10 * day
        assert.deepStrictEqual(outcomes(yield* rig.retire()), { [film]: "announced" })
      })
    )
  )

  it.live("begins anew where the clock went back behind the announcement", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        rig.ahead = 1000 * day
        yield* rig.retire()
        rig.ahead = 0
        const report = yield* rig.retire()
        assert.match(report.reset[0]?.reason ?? "", /the clock went back/)
        assert.deepStrictEqual(outcomes(report), { [film]: "announced" })
      })
    )
  )

  it.live("keeps its day where the delete was refused, and clears the collection once it is switched off", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        const due = (yield* rig.retire()).titles[0]?.dueAt
        rig.ahead = 3 * day + 60_000
        rig.arr.behave = ({ operation }) => (operation === "deleteFiles" ? "refused" : undefined)
        assert.deepStrictEqual(outcomes(yield* rig.retire()), { [film]: "failed" })
        assert.deepStrictEqual(
          (yield* rig.rows()).leaving.map(({ dueAt, reason }) => [dueAt, reason?.includes("409")]),
          [[due, true]]
        )
        assert.deepStrictEqual(shown(rig), ["movie-1"])
        rig.arr.behave = () => undefined
        rig.watched = { ...watchedDefaults, leavingSoon: null }
        const report = yield* rig.retire()
        assert.match(report.reset[0]?.reason ?? "", /leavingSoon is off/)
        assert.deepStrictEqual([outcomes(report), shown(rig)], [{ [film]: "retired" }, []])
      })
    )
  )

  it.live("a notice that nobody takes stops nothing, and is told in the report; what is off is not sent", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        rig.notifier.trouble = "ntfy answered 502"
        const report = yield* rig.retire()
        assert.match(report.troubles.join(), /leaving-soon notice was not taken by ntfy: ntfy answered 502/)
        rig.ahead = 4 * day
        rig.watched = { ...watchedDefaults, leavingSoon: rig.watched?.leavingSoon ?? null, notify: { on: ["fuse"] } }
        assert.deepStrictEqual(outcomes(yield* rig.retire()), { [film]: "retired" })
        assert.strictEqual(rig.notifier.notices.length, 1)
      })
    )
  )
})
