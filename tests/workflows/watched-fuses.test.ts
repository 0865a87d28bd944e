import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { unreadable } from "../../src/domain/fact.ts"
import { watched } from "../../src/workflows/watched.ts"
import { acts, outcomes, type Rig, watchedDefaults, withRig } from "./watched-rig.ts"

const film = "radarr/1"
const library = (rig: Rig) => {
  rig.movie(1)
  for (let id = 2; id < 12; id++) rig.movie(id, null)
}

describe("a run of watched is stopped", () => {
  const stops: Record<string, { readonly change: (rig: Rig) => void; readonly says: RegExp }> = {
    "an arr has no keep tag": {
      change: (rig) => rig.arr.labels.set("sonarr", ["other"]),
      says: /Sonarr has no tag "keep".*watched\.keepTag/
    },
    "the primary user is unknown": {
      change: (rig) => {
        rig.watched = { ...watchedDefaults, primaryUser: "nobody" }
      },
      says: /no user "nobody": name one that exists in watched\.primaryUser/
    },
    "one of the named users is unknown": {
      change: (rig) => {
        rig.watched = { ...watchedDefaults, watchedBy: ["admin", "anna"] }
      },
      says: /no user "anna": name one/
    },
    "Jellyfin lists no user": {
      change: (rig) => void rig.media.viewers.splice(0),
      says: /Jellyfin (?:lists no user|has no user "admin")/
    },
    "the tags of a title cannot be read": {
      change: (rig) => rig.arr.changeMovie(2, { tags: unreadable("radarr", 0, "500") }),
      says: /tags of radarr cannot be read.*run again/
    }
  }
  for (const [what, { change, says }] of Object.entries(stops)) {
    it.live(`where ${what}, by --apply too, and says what to do`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          library(rig)
          change(rig)
          for (const dryRun of [undefined, false]) {
            const report = yield* rig.retire(dryRun)
            assert.match(report.stopped ?? "", says)
            assert.isTrue(report.alarming)
          }
          assert.deepStrictEqual(acts(rig), [])
          assert.isTrue(rig.has("Film 1.mkv"))
          assert.deepStrictEqual(
            rig.notifier.notices.map(({ kind }) => kind),
            ["fuse", "fuse"]
          )
        })
      )
    )
  }

  for (const operation of ["viewers", "library", "favourites", "nextUp", "playing"]) {
    it.live(`where Jellyfin does not answer (${operation}): nothing is taken for absent, and it is told`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          library(rig)
          rig.media.fails = (one) => one === operation
          const error = yield* Effect.flip(rig.run(watched({ dryRun: false })))
          assert.strictEqual(error._tag, "MediaServerUnreadable")
          assert.deepStrictEqual(acts(rig), [])
          assert.deepStrictEqual(
            rig.notifier.notices.map(({ kind }) => kind),
            ["failed"]
          )
        })
      )
    )
  }

  for (const operation of ["movies", "seriesList", "series", "tags"] as const) {
    it.live(`where an arr does not answer (${operation})`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          library(rig)
          rig.series(1, [2, 2], [1])
          rig.arr.behave = (call) => (call.operation === operation ? "unreadable" : undefined)
          const error = yield* Effect.flip(rig.run(watched({ dryRun: false })))
          assert.strictEqual(error._tag, "ArrUnreadable")
          assert.deepStrictEqual(acts(rig), [])
        })
      )
    )
  }

  it.live("where Seerr does not answer", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        rig.requests.configured = true
        rig.requests.fails = () => true
        const error = yield* Effect.flip(rig.run(watched({ dryRun: false })))
        assert.strictEqual(error._tag, "RequestsUnreadable")
        assert.deepStrictEqual(acts(rig), [])
      })
    )
  )

  it.live("where an unlikely share became eligible; --apply passes it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        for (let id = 1; id < 13; id++) rig.movie(id)
        for (let id = 13; id < 30; id++) rig.movie(id, null)
        const report = yield* rig.retire()
        assert.match(report.stopped ?? "", /12 of 29 films and seasons became eligible at once.*watched --apply/)
        assert.isTrue(report.alarming)
        assert.deepStrictEqual(acts(rig), [])
        assert.strictEqual(outcomes(yield* rig.retire(false))[film], "retired")
      })
    )
  )

  it.live("not where the same number is a small share, counting series that nobody has begun", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        for (let id = 1; id < 13; id++) rig.movie(id)
        for (let id = 1; id < 21; id++) rig.series(id, [1, 1], [])
        const report = yield* rig.retire()
        assert.deepStrictEqual([report.stopped, report.share], [null, { eligible: 12, of: 52 }])
      })
    )
  )

  const shrinks: Record<string, (rig: Rig) => void> = {
    "Radarr's list shrank": (rig) => void rig.arr.movies.splice(4),
    "Jellyfin's list shrank": (rig) => {
      for (let id = 5; id < 12; id++) rig.media.items.delete(`movie-${id}`)
    },
    "Jellyfin's list is empty": (rig) => rig.media.items.clear(),
    "Seerr's list is empty": (rig) => void rig.requests.list.splice(0)
  }
  for (const [what, change] of Object.entries(shrinks)) {
    it.live(`where ${what} since the last run that believed it; --apply passes it, and is believed`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          library(rig)
          rig.requests.configured = true
          for (const mediaId of [1, 2, 3, 4, 5]) {
            rig.requests.list.push({ mediaId, kind: "movie", ids: {}, seasons: [], requester: null, requestedAt: null })
          }
          rig.watched = { ...watchedDefaults, maxRetirementsPerRun: 0 }
          assert.strictEqual((yield* rig.retire()).stopped, null)
          change(rig)
          const report = yield* rig.retire()
          assert.match(report.stopped ?? "", /lists \d+ titles, and \d+ of the \d+ that were there have gone/)
          assert.isTrue(report.alarming)
          // What was not believed is not the measure of the next run.
          assert.isNotNull((yield* rig.retire()).stopped)
          assert.isNull((yield* rig.retire(false)).stopped)
          assert.isNull((yield* rig.retire()).stopped)
        })
      )
    )
  }

  it.live("not for what it has retired itself", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        for (let id = 1; id < 9; id++) rig.movie(id)
        for (let id = 9; id < 12; id++) rig.movie(id, null)
        yield* rig.retire(false)
        for (let id = 1; id < 9; id++) rig.media.items.delete(`movie-${id}`)
        assert.isNull((yield* rig.retire()).stopped)
      })
    )
  )

  it.live("where the free space of the disk in question cannot be read", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        library(rig)
        const path = `${rig.root}/not-mounted`
        rig.watched = { ...watchedDefaults, pressure: { path, belowBytes: 1e15, untilBytes: 1e15 } }
        const report = yield* rig.retire()
        assert.match(report.stopped ?? "", /the free space of .*not-mounted cannot be read/)
        assert.isTrue(report.alarming)
        assert.deepStrictEqual(acts(rig), [])
      })
    )
  )
})
