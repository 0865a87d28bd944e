import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Rig, withRig } from "../workflows/watched-rig.ts"

/** A run was killed once the film was unmonitored; then somebody removed the film from Radarr, and kept its file. */
const removed = Effect.fnUntraced(function* (rig: Rig, place: string | undefined) {
  rig.movie(1)
  for (let id = 2; id < 8; id++) rig.movie(id, null)
  const { file } = rig.arr.movie(1)
  // A path of another host.
  if (place !== undefined && file !== null) rig.arr.changeMovie(1, { file: { ...file, path: place } })
  assert.isTrue(yield* rig.killed("watched.unmonitor acted"))
  rig.arr.movies.splice(0, 1)
  return yield* rig.retire()
})

describe("a title that left its arr while it was half retired", () => {
  it.live("is not taken for gone where nobody sees its disk", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const report = yield* removed(rig, "/another/host/Film 1.mkv")
        assert.strictEqual(report.settled[0]?.outcome, "undone")
        const rows = yield* rig.rows()
        assert.deepStrictEqual([rows.retired.length, rows.open.length], [0, 0])
      })
    )
  )

  it.live("stays open while its file is on the disk", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        assert.strictEqual((yield* removed(rig, undefined)).settled[0]?.outcome, "open")
        assert.deepStrictEqual((yield* rig.rows()).retired, [])
      })
    )
  )
})
