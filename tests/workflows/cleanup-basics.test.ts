import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { cleanupDefaults, outcomes, type Rig, withRig } from "./cleanup-rig.ts"

const run = cleanup({ dryRun: undefined })

/** One uploaded film that no torrent claims any more. */
const film = (rig: Rig, name = "Film (2024).mkv") => {
  rig.write(name)
  return rig.run(rig.uploaded(name))
}

describe("cleanup, untracked", () => {
  it.live("releases what is proven and claimed by nobody, with its marker, and a second run has nothing to do", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* film(rig)
        rig.write("Show/a.mkv")
        rig.write("Show/sub/b.srt")
        yield* rig.run(rig.uploaded("Show"))
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { "Film (2024).mkv": "released", Show: "released" })
        assert.isFalse(
          rig.has("Film (2024).mkv") || rig.has("Show") || rig.marked("Show") || rig.marked("Film (2024).mkv")
        )
        assert.isTrue(rig.has(""))
        assert.isAbove(report.freedBytes, 0)
        assert.strictEqual((yield* rig.run(rig.state("Show"))).state, "released")
        assert.deepStrictEqual((yield* rig.run(run)).items, [])
      })
    )
  )

  it.live("a dry run says the same and changes nothing, the database included", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* film(rig)
        const before = readFileSync(join(rig.root, "state", "state.db"))
        const report = yield* rig.run(cleanup({ dryRun: true }))
        assert.deepStrictEqual(outcomes(report), { "Film (2024).mkv": "would-release" })
        assert.isTrue(rig.has("Film (2024).mkv") && rig.marked("Film (2024).mkv"))
        assert.isTrue(before.equals(readFileSync(join(rig.root, "state", "state.db"))))
      })
    )
  )

  it.live("is off where it is not configured", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* film(rig)
        rig.cleanup = undefined
        const report = yield* rig.run(run)
        assert.strictEqual(report.stopped, "cleanup is not configured")
        assert.isFalse(report.alarming)
        assert.isTrue(rig.has("Film (2024).mkv"))
      })
    )
  )

  it.live("neverDelete, the cap, and enough room each keep what they name", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        for (const name of ["a", "b", ".keep/c"]) rig.write(name)
        yield* rig.run(rig.uploaded("a", { uploadedAt: 1 }))
        yield* rig.run(rig.uploaded("b", { uploadedAt: 2 }))
        yield* rig.run(rig.uploaded(".keep", { uploadedAt: 0 }))
        rig.cleanup = { ...cleanupDefaults, onlyWhenFreeBelowBytes: 1 }
        const roomy = yield* rig.run(run)
        assert.match(roomy.stopped ?? "", /enough room/)
        rig.cleanup = { ...cleanupDefaults, neverDelete: [rig.path("*eep")], maxDeletesPerRun: 1 }
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { ".keep": "kept", a: "released", b: "kept" })
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { ".keep": "kept", b: "released" })
      })
    )
  )
})
