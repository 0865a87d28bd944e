import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { seeding, wanted } from "../fakes/memory-torrents.ts"
import { cleanupDefaults, hash, outcomes, withRig } from "../workflows/cleanup-rig.ts"

const names = ["a.mkv", "b.mkv", "c.mkv", "d.mkv", "e.mkv"]

describe("the client's list collapses between the plan and the act", () => {
  it.live("managed: a client that comes up without its torrents has not given them up", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.cleanup = { ...cleanupDefaults, mode: "managed" }
        for (const [index, name] of names.entries()) {
          rig.write(name)
          yield* rig.run(rig.uploaded(name, { hashes: [hash(index)] }))
          rig.torrents.add(seeding(hash(index), rig.path(name)), wanted(name))
        }
        rig.torrents.before = (operation, count) => {
          if (operation === "torrents" && count === 2) rig.torrents.held.clear()
        }
        const error = yield* Effect.flip(rig.run(cleanup({ dryRun: undefined })))
        assert.match(error.message, /5 torrents.*0 now/s)
        for (const name of names) assert.isTrue(rig.has(name), name)
      })
    )
  )

  it.live("one that a person removes in that moment does not stop the run", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        for (const name of names) {
          rig.write(name)
          yield* rig.run(rig.uploaded(name))
        }
        for (const index of [1, 2, 3, 4]) rig.torrents.add(seeding(hash(index), rig.path(names[index] ?? "")))
        rig.torrents.before = (operation, count) => {
          if (operation === "torrents" && count === 2) rig.torrents.held.delete(hash(4))
        }
        assert.strictEqual(outcomes(yield* rig.run(cleanup({ dryRun: undefined })))["a.mkv"], "released")
      })
    )
  )
})
