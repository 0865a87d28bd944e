import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { mkdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { cleanupDefaults, later, outcomes, Rig, withRig } from "../workflows/cleanup-rig.ts"

const run = cleanup({ dryRun: false })

/** completedDir is a symlink to where the disk is mounted. */
class Linked extends Rig {
  override readonly completed = join(this.root, "srv")
  constructor() {
    super()
    symlinkSync(join(this.root, "completed"), this.completed)
  }
}

describe("protection wins", () => {
  it.live("also by the path that completedDir leads to, and with the quarantine on", () =>
    Effect.acquireUseRelease(
      Effect.sync(() => new Linked()),
      Effect.fnUntraced(function* (rig: Rig) {
        rig.write("Film.mkv")
        rig.write("Pack/a.mkv")
        rig.write("Pack/b.mkv")
        rig.write("Free.mkv")
        for (const name of ["Film.mkv", "Pack", "Free.mkv"]) yield* rig.run(rig.uploaded(name))
        const real = join(rig.root, "completed")
        rig.cleanup = { ...cleanupDefaults, neverDelete: [`${real}/Film.mkv`, `${real}/*/b.mkv`] }
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { "Film.mkv": "kept", Pack: "kept", "Free.mkv": "released" })
      }),
      (rig) => Effect.sync(() => rig.destroy())
    )
  )

  it.live("over what waits in the quarantine already", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.cleanup = { ...cleanupDefaults, quarantineFor: Duration.days(1) }
        rig.write("Film.mkv")
        rig.write("Free.mkv")
        for (const name of ["Film.mkv", "Free.mkv"]) yield* rig.run(rig.uploaded(name))
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "Film.mkv": "quarantined", "Free.mkv": "quarantined" })
        rig.cleanup = { ...rig.cleanup, neverDelete: [rig.path("Film.mkv")] }
        const day = 86_400_000
        yield* rig.run(later(2 * day)(run))
        const report = yield* rig.run(later(3 * day)(run))
        assert.deepStrictEqual(outcomes(report), { "Film.mkv": "kept", "Free.mkv": "purged" })
        assert.match(report.items.find(({ outcome }) => outcome === "kept")?.reason ?? "", /neverDelete/)
      })
    )
  )
})

describe("a folder remote that is the place that is to be freed", () => {
  for (const [name, remote] of [
    ["reached by a symlink", (rig: Rig) => join(rig.root, "link")],
    ["the folder itself", (rig: Rig) => rig.completed]
  ] as const) {
    it.live(`is refused: ${name}`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          mkdirSync(join(rig.completed, "downloads"))
          symlinkSync(rig.completed, join(rig.root, "link"))
          rig.write("Film.mkv")
          yield* rig.run(rig.uploaded("Film.mkv"))
          const config = { ...rig.config, upload: { ...rig.config.upload, remote: remote(rig) } }
          Object.defineProperty(rig, "config", { value: config })
          const report = yield* rig.run(run)
          assert.isTrue(rig.has("Film.mkv"))
          assert.match(report.stopped ?? "", /same/)
        })
      )
    )
  }
})
