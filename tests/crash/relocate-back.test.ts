import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { linkSync } from "node:fs"
import { join } from "node:path"
import { quarantineFolder } from "../../src/domain/evidence.ts"
import { after, type Drill, everywhere, leaving, onceEach, run } from "./relocate-drill.ts"
import { alike, scenes } from "./relocate-scenes.ts"

const day = 86_400_000
const scene = scenes["a demotion with a move"]

/** Cut off in the middle of the quarantine. */
const aside = `stash/seeding/${quarantineFolder}/saga-1`
const halfway = { label: `rename ${aside}/Pack/sub/e02.mkv`, nth: 1, by: "kill" } as const

describe("scenario 1: relocate, killed at its end or on its way back, and run again", { timeout: 600_000 }, () => {
  const labels = (drill: Drill, choose: Parameters<typeof run>[1]) =>
    Effect.gen(function* () {
      const { falls, found } = yield* run(drill, choose)
      assert.deepStrictEqual(found, [])
      return falls.map(({ label }) => label)
    })

  it.live("in the release of what was quarantined: at every one", () =>
    Effect.gen(function* () {
      const passed = yield* labels(
        {
          scene,
          ahead: 4 * day,
          // The first run after the time only tells the clock.
          prepare: async (machine) => {
            await machine.must("relocate", "--apply")
            machine.ahead = 4 * day
            await machine.must("relocate", "--apply")
            machine.ahead = 0
          }
        },
        leaving(/cross\/Pack\.X|empty\.txt$| state\//, everywhere)
      )
      assert.isAtLeast(passed.length, 15)
      assert.include(passed, `unlink ${aside}/Pack/e01.mkv`)
    })
  )
  it.live("before the quarantine, since another program wrote into the new copy: at every one", () =>
    Effect.gen(function* () {
      const passed = yield* labels(
        {
          scene,
          env: ({ pooled }) => ({ CRASH_SPOIL: join(pooled, "Pack/e01.mkv") }),
          codes: [1],
          spoilt: true
        },
        leaving(alike, after(/^Sagas\.move rolling-back after/, everywhere))
      )
      assert.isAtLeast(passed.length, 15)
      for (const act of ["stop", "setLocation", "recheck"]) assert.include(passed, `TorrentClient.${act} after`)
    })
  )
  it.live("out of the quarantine, since a library has taken a file: at each kind", () =>
    Effect.gen(function* () {
      const passed = yield* labels(
        {
          scene,
          home: ({ seeds }) => seeds,
          prepare: async (machine) => {
            await machine.begin(["relocate", "--apply"], { at: halfway }).ended
            linkSync(join(machine.seeds, "one/e01.mkv"), join(machine.library, "Show.E01.mkv"))
          }
        },
        leaving(alike, after(/^Sagas\.move rolling-back after/, onceEach))
      )
      assert.isAtLeast(passed.length, 12)
      assert.isTrue(passed.some((label) => label.startsWith(`unlink ${aside}/`)))
      assert.isTrue(passed.some((label) => label.startsWith("link stash/seeding/")))
    })
  )
})
