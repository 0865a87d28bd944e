import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { day, outcomes, reasonOf, type Rig, watchedDefaults, withRig } from "./watched-rig.ts"

const film = "radarr/1"
const viewer = { name: "admin", viewerId: "u1" }

const asked = (rig: Rig, closeRequests = true) => {
  rig.movie(1)
  for (let id = 2; id < 8; id++) rig.movie(id, null)
  rig.requests.configured = true
  rig.requests.list.push({
    mediaId: 11,
    kind: "movie",
    ids: { tmdb: "1" },
    seasons: [],
    requester: viewer,
    requestedAt: rig.began - 40 * day
  })
  rig.watched = {
    ...watchedDefaults,
    seerr: { url: "http://memory", apiKeyFile: "/key", requesterFirst: true, closeRequests }
  }
}

const askedSeasons = (rig: Rig, seasons: ReadonlyArray<number>) => {
  asked(rig)
  rig.series(1, [2, 2, 2], [1])
  rig.requests.list.push({
    mediaId: 12,
    kind: "tv",
    ids: { tvdb: "1" },
    seasons,
    requester: null,
    requestedAt: null
  })
  rig.watched = {
    ...watchedDefaults,
    seerr: { url: "http://memory", apiKeyFile: "/key", requesterFirst: false, closeRequests: true }
  }
}

describe("the request of a title", () => {
  it.live("is closed after it was retired, and not before", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        asked(rig)
        rig.arr.behave = ({ operation }) => (operation === "deleteFiles" ? "refused" : undefined)
        yield* rig.retire()
        assert.deepStrictEqual(rig.requests.closed, [])
        rig.arr.behave = () => {
          assert.deepStrictEqual(rig.requests.closed, [])
          return undefined
        }
        const report = yield* rig.retire()
        assert.deepStrictEqual(report.requests, [
          { mediaId: 11, title: "Film 1 (2020)", outcome: "closed", reason: null }
        ])
        assert.deepStrictEqual(rig.requests.closed, [11])
        rig.arr.behave = () => undefined
        assert.deepStrictEqual((yield* rig.retire()).requests, [])
      })
    )
  )

  it.live("is left alone unless it is to be closed", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        asked(rig, false)
        assert.strictEqual(outcomes(yield* rig.retire())[film], "retired")
        assert.deepStrictEqual(rig.requests.closed, [])
      })
    )
  )

  it.live("that cannot be closed is reported, told, and tried again in the next run", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        asked(rig)
        rig.requests.fails = (operation) => operation === "close"
        const report = yield* rig.retire()
        assert.strictEqual(outcomes(report)[film], "retired")
        assert.deepStrictEqual(
          report.requests.map(({ mediaId, outcome }) => [mediaId, outcome]),
          [[11, "failed"]]
        )
        assert.deepStrictEqual(
          rig.notifier.notices.map(({ kind }) => kind),
          ["retired", "failed"]
        )
        rig.requests.fails = () => false
        assert.deepStrictEqual(
          (yield* rig.retire()).requests.map(({ outcome }) => outcome),
          ["closed"]
        )
        assert.deepStrictEqual(rig.requests.closed, [11])
      })
    )
  )

  for (const point of ["watched.close begins", "watched.close acted"]) {
    it.live(`is closed once, where the run was killed at "${point}"`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          asked(rig)
          assert.isTrue(yield* rig.killed(point), "the point was passed")
          yield* rig.retire()
          yield* rig.retire()
          assert.deepStrictEqual(rig.requests.closed, [11])
        })
      )
    )
  }

  it.live("stays open while it asks for a season that is there, or is still wanted", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        askedSeasons(rig, [1, 2])
        assert.strictEqual(outcomes(yield* rig.retire())["sonarr/1/season/1"], "retired")
        assert.notInclude(rig.requests.closed, 12)
        for (const episode of [1201, 1202]) rig.media.played("u1", `episode-${episode}`, rig.began - 9 * day)
        assert.strictEqual(outcomes(yield* rig.retire())["sonarr/1/season/2"], "retired")
        assert.include(rig.requests.closed, 12)
      })
    )
  )

  it.live("keeps the title until the one who asked for it has watched it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        asked(rig)
        rig.media.viewers.push({ id: "u2", name: "anna" })
        const [request] = rig.requests.list
        if (request !== undefined) {
          rig.requests.list.splice(0, 1, { ...request, requester: { name: "anna", viewerId: "u2" } })
        }
        const report = yield* rig.retire()
        assert.strictEqual(outcomes(report)[film], "kept")
        assert.match(reasonOf(report, film) ?? "", /of anna, who has not watched it/)
        rig.media.played("u2", "movie-1", rig.began - 8 * day)
        assert.strictEqual(outcomes(yield* rig.retire())[film], "retired")
      })
    )
  )
})
