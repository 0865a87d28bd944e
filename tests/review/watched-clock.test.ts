import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { acts, day, outcomes, type Rig, watchedDefaults, withRig } from "../workflows/watched-rig.ts"

const leaving = (rig: Rig) => {
  rig.watched = {
    ...watchedDefaults,
    leavingSoon: { countdown: Duration.days(3), collection: "Leaving Soon" }
  }
  rig.movie(1)
  rig.movie(2, rig.began - day)
  for (let id = 3; id < 8; id++) rig.movie(id, null)
}

describe("a clock that jumps by years", () => {
  it.live("ends no countdown and no grace period in one run, and is not an announcement's end", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        leaving(rig)
        assert.deepStrictEqual(outcomes(yield* rig.retire())["radarr/1"], "announced")
        rig.ahead = 400 * day
        const report = yield* rig.retire()
        assert.match(report.stopped ?? "", /by the clock it is .* since the last run/)
        assert.isTrue(report.alarming)
        assert.deepStrictEqual(acts(rig), [])
        rig.ahead = day
        assert.deepStrictEqual(outcomes(yield* rig.retire()), { "radarr/1": "leaving", "radarr/2": "kept" })
      })
    )
  )

  it.live("is believed by the second run, and by a person", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        leaving(rig)
        yield* rig.retire()
        rig.ahead = 40 * day
        assert.isNotNull((yield* rig.retire(true)).stopped)
        assert.isNotNull((yield* rig.retire()).stopped)
        rig.ahead = 41 * day
        assert.strictEqual(outcomes(yield* rig.retire())["radarr/1"], "retired")
        rig.ahead = 90 * day
        assert.strictEqual(outcomes(yield* rig.retire(false))["radarr/2"], "retired")
      })
    )
  )
})
