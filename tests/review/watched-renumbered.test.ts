import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { day, outcomes, watchedDefaults, withRig } from "../workflows/watched-rig.ts"

describe("an arr that was set up anew, and numbers its titles and files from 1 again", () => {
  it.live("another film under an announced number is announced itself, and waits for its own day", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.watched = {
          ...watchedDefaults,
          leavingSoon: { countdown: Duration.days(3), collection: "Leaving Soon" }
        }
        rig.movie(1)
        for (let id = 2; id < 8; id++) rig.movie(id, null)
        assert.strictEqual(outcomes(yield* rig.retire())["radarr/1"], "announced")
        rig.media.viewings.clear()
        rig.movie(9)
        const { addedAt, file, ids, title } = rig.arr.movie(9)
        rig.arr.movies.splice(rig.arr.movies.indexOf(rig.arr.movie(9)), 1)
        rig.arr.changeMovie(1, { title, ids, addedAt, file: file === null ? null : { ...file, id: 1 } })
        rig.ahead = 4 * day
        const report = yield* rig.retire()
        assert.strictEqual(outcomes(report)["radarr/1"], "announced")
        assert.match(report.reset[0]?.reason ?? "", /files have changed/)
      })
    )
  )
})
