import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Torrents } from "../../src/state/Torrents.ts"
import { explainTitle } from "../../src/workflows/explain-title.ts"
import { seeding } from "../fakes/memory-torrents.ts"
import { acts, day, watchedDefaults, withRig } from "./watched-rig.ts"

describe("the story of a title", () => {
  it.live("tells what decides, who watched it, and where its files lie, and changes nothing", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.movie(1)
        rig.series(1, [2, 2], [1])
        rig.media.favourites.set("u1", ["movie-1"])
        const [story, ...more] = yield* rig.run(explainTitle("film 1"))
        assert.deepStrictEqual(more, [])
        assert.deepStrictEqual([story?.key, story?.judged?.eligible], ["radarr/1", false])
        assert.match(story?.summary ?? "", /^it stays, favourite: of admin, must be of nobody/)
        assert.deepStrictEqual(story?.judged?.files, [rig.path("Film 1.mkv")])
        assert.strictEqual(story?.judged?.mapping, "ids and path")
        assert.deepStrictEqual(story?.plays, [
          { viewer: "admin", item: "Film 1", played: true, at: rig.began - 10 * day, favourite: true }
        ])
        const seasons = yield* rig.run(explainTitle("SHOW"))
        assert.deepStrictEqual(
          seasons.map(({ key, summary }) => [key, summary.split(",")[0]]),
          [
            ["sonarr/1/season/1", "the next run retires it"],
            ["sonarr/1/season/2", "it stays"]
          ]
        )
        assert.deepStrictEqual((yield* rig.run(explainTitle("sonarr/1/season/2"))).length, 1)
        assert.deepStrictEqual(yield* rig.run(explainTitle("nothing like it")), [])
        assert.deepStrictEqual(acts(rig), [])
      })
    )
  )

  it.live("goes on from its request over its announcement to its retirement and its torrents", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.movie(1)
        for (let id = 2; id < 6; id++) rig.movie(id, null)
        rig.requests.configured = true
        const requestedAt = rig.began - 40 * day
        const requester = { name: "admin", viewerId: "u1" }
        rig.requests.list.push({ mediaId: 11, kind: "movie", ids: { tmdb: "1" }, seasons: [], requester, requestedAt })
        const leavingSoon = { countdown: Duration.days(1), collection: "Leaving Soon" }
        rig.watched = { ...watchedDefaults, leavingSoon }
        yield* rig.retire()
        const [leaving] = yield* rig.run(explainTitle("Film 1"))
        assert.match(leaving?.summary ?? "", /^it is leaving, on /)
        assert.deepStrictEqual(
          leaving?.history.map(({ what }) => what),
          ["requested by admin", "announced as leaving"]
        )
        rig.ahead = 2 * day
        yield* rig.retire()
        const hash = String(1).padStart(40, "a")
        yield* rig.run(Effect.flatMap(Torrents, (ledger) => ledger.see([seeding(hash, "/seeding/Film 1")], rig.now)))
        const [gone] = yield* rig.run(explainTitle("Film 1"))
        assert.strictEqual(gone?.judged, null)
        assert.match(gone?.summary ?? "", /^it was retired on .*; 1 torrent of it still there$/)
        assert.deepStrictEqual(
          gone?.torrents.map((torrent) => [torrent.hash, torrent.name, torrent.goneAt]),
          [[hash, "Film 1", null]]
        )
        const told = gone?.history.map(({ what }) => what) ?? []
        for (const what of ["announced as leaving", "watched.unmonitor: done", "watched.delete: done", "retired"]) {
          assert.include(told, what)
        }
      })
    )
  )
})
