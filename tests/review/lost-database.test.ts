import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { cleanupDefaults, later, outcomes, withRig } from "../workflows/cleanup-rig.ts"

const run = cleanup({ dryRun: false })
const day = 86_400_000

describe("the database was lost while something waited in the quarantine", () => {
  it.live("an item that gets the same number is released on its own, and what waited stays", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.cleanup = { ...cleanupDefaults, quarantineFor: Duration.days(1) }
        rig.write("Old.mkv", "old")
        const old = yield* rig.run(rig.uploaded("Old.mkv"))
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "Old.mkv": "quarantined" })
        const waits = (yield* rig.run(rig.state("Old.mkv"))).quarantinePath ?? ""
        rmSync(join(rig.root, "state"), { recursive: true })
        mkdirSync(join(rig.root, "state"))

        rig.write("New.mkv", "new")
        const item = yield* rig.run(rig.uploaded("New.mkv"))
        assert.strictEqual(item.id, old.id)
        rig.cleanup = cleanupDefaults
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { "New.mkv": "released" })
        assert.strictEqual((yield* rig.run(rig.state("New.mkv"))).state, "released")
        for (const days of [2, 3]) yield* rig.run(later(days * day)(run))
        assert.strictEqual(readFileSync(join(waits, "Old.mkv"), "utf8"), "old")
      })
    )
  )

  it.live("nor does one that is quarantined under the same number and name go over it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.cleanup = { ...cleanupDefaults, quarantineFor: Duration.days(1) }
        rig.write("Film.mkv", "the first")
        yield* rig.run(rig.uploaded("Film.mkv"))
        yield* rig.run(run)
        const waits = (yield* rig.run(rig.state("Film.mkv"))).quarantinePath ?? ""
        rmSync(join(rig.root, "state"), { recursive: true })
        mkdirSync(join(rig.root, "state"))
        writeFileSync(rig.path("Film.mkv"), "another")
        yield* rig.run(rig.uploaded("Film.mkv"))
        yield* rig.run(run)
        for (const days of [2, 3]) yield* rig.run(later(days * day)(run))
        assert.strictEqual(readFileSync(join(waits, "Film.mkv"), "utf8"), "the first")
        assert.isTrue(existsSync(rig.path("Film.mkv")), "it has no place in the quarantine, so it stays")
      })
    )
  )
})
