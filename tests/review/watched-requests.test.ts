import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { TitleRequest } from "../../src/domain/watchedWorld.ts"
import { day, outcomes, type Rig, watchedDefaults, withRig } from "../workflows/watched-rig.ts"

const closing = (rig: Rig) => {
  rig.requests.configured = true
  rig.watched = {
    ...watchedDefaults,
    seerr: { url: "http://memory", apiKeyFile: "/key", requesterFirst: false, closeRequests: true }
  }
}

const request = (rig: Rig, over: Partial<TitleRequest>): TitleRequest => ({
  mediaId: 12,
  kind: "tv",
  ids: { tvdb: "1" },
  seasons: [1],
  requester: { name: "admin", viewerId: "u1" },
  requestedAt: rig.began - 40 * day,
  ...over
})

describe("a request that nobody has approved yet is in no library", () => {
  it.live("for another season of the same series: its record stays when the first one is retired", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        closing(rig)
        rig.series(1, [2, 2, 2, 2], [1])
        // Sonarr knows the episodes of season 5, and monitors none of them.
        const airsAt = rig.began - 300 * day
        const pending = { id: 99, season: 5, episode: 1, title: "", airsAt, monitored: false, fileId: null }
        rig.arr.changeSeries(1, { episodes: [...rig.arr.oneSeries(1).episodes, pending] })
        rig.requests.list.push(request(rig, {}), request(rig, { seasons: [5], requestedAt: rig.began - day }))
        assert.strictEqual(outcomes(yield* rig.retire())["sonarr/1/season/1"], "retired")
        assert.deepStrictEqual(rig.requests.closed, [])
      })
    )
  )

  it.live("made after the title had gone: it is not what is closed", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        closing(rig)
        rig.movie(1)
        for (let id = 2; id < 8; id++) rig.movie(id, null)
        const first = request(rig, { kind: "movie", ids: { tmdb: "1" }, seasons: [] })
        rig.requests.list.push(first)
        rig.requests.fails = (operation) => operation === "close"
        assert.strictEqual(outcomes(yield* rig.retire())["radarr/1"], "retired")
        rig.requests.fails = () => false
        rig.requests.list.push({ ...first, requestedAt: Date.now() + 1000 })
        yield* rig.retire()
        assert.deepStrictEqual(rig.requests.closed, [])
      })
    )
  )
})
