import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { LibraryMovie } from "../../src/domain/watchedWorld.ts"
import { acts, outcomes, type Rig, withRig } from "../workflows/watched-rig.ts"

const better = "radarr4k/51"

/** A second library that admin, whose watching counts, is not shown: its film is known to admin by the first one. */
const twoLibraries = (rig: Rig) => {
  rig.media.viewers.push({ id: "u2", name: "anna" })
  for (let id = 1; id < 8; id++) rig.movie(id, id === 1 ? undefined : null)
  rig.arr.labels.set("radarr4k", ["keep"])
  const first = rig.arr.movie(1)
  const file: LibraryMovie["file"] = first.file === null ? null : { ...first.file, id: 51, path: rig.path("UHD 1.mkv") }
  rig.arr.movies.push({ ...first, arr: "radarr4k", id: 51, file })
  const item = rig.media.items.get("movie-1")
  if (item !== undefined) rig.media.items.set("uhd-1", { ...item, id: "uhd-1", paths: [rig.path("UHD 1.mkv")] })
  rig.media.hides = (viewer, { id }) => viewer.id === "u1" && id === "uhd-1"
}

describe("what is marked in a library that the primary user does not see", () => {
  for (const mark of ["favourites", "nextUp"] as const) {
    it.live(`protects by ${mark}`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          twoLibraries(rig)
          rig.media[mark].set("u2", ["uhd-1"])
          assert.notStrictEqual(outcomes(yield* rig.retire())[better], "retired")
        })
      )
    )
  }

  it.live("protects while somebody plays it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        twoLibraries(rig)
        rig.media.playing.set("uhd-1", ["anna"])
        assert.notStrictEqual(outcomes(yield* rig.retire())[better], "retired")
      })
    )
  )

  it.live("protects where somebody began to play it after the plan", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        twoLibraries(rig)
        rig.media.fails = (operation) => {
          // The items of the first title are read again.
          if (operation === "items") rig.media.playing.set("uhd-1", ["anna"])
          return false
        }
        assert.notStrictEqual(outcomes(yield* rig.retire())[better], "retired")
      })
    )
  )

  it.live("protects a season by its series", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.media.viewers.push({ id: "u2", name: "anna" })
        rig.series(1, [2, 2, 2, 2, 2], [1])
        // The same series in a library of anna's alone.
        const seen = Array.from(rig.media.items.values())
        for (const item of seen) {
          if (item.series === null) continue
          const series = { ...item.series, id: "series-anna" }
          rig.media.items.set(`${item.id}-anna`, { ...item, id: `${item.id}-anna`, series, seasonId: null, paths: [] })
        }
        rig.media.hides = (viewer, { id }) => viewer.id === "u1" && id.endsWith("-anna")
        rig.media.favourites.set("u2", ["series-anna"])
        const report = yield* rig.retire()
        assert.strictEqual(outcomes(report)["sonarr/1/season/1"], "kept")
        assert.deepStrictEqual(acts(rig), [])
        rig.media.favourites.clear()
        assert.strictEqual(outcomes(yield* rig.retire())["sonarr/1/season/1"], "retired")
      })
    )
  )
})
