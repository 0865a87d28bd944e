import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { all, type Choose, everywhere, leaving, onceEach, pairs, run, stops } from "./relocate-drill.ts"
import { alike, scenes } from "./relocate-scenes.ts"

describe("scenario 1: relocate, killed at a point and run again", { timeout: 600_000 }, () => {
  const drill = (name: keyof typeof scenes, choose: Choose, least: number) =>
    Effect.gen(function* () {
      const { falls, found } = yield* run({ scene: scenes[name] }, choose)
      assert.deepStrictEqual(found, [])
      assert.isAtLeast(falls.length, least)
    })

  it.live("in a demotion with a move: at every one, twice in a row, and by SIGTERM (143)", () =>
    drill("a demotion with a move", all(leaving(alike, everywhere), pairs(6, 3), stops(6)), 70)
  )
  it.live("in a demotion with an existing copy: at each kind", () =>
    drill("a demotion with an existing copy", leaving(alike, onceEach), 30)
  )
  it.live("in a promotion: at each kind", () => drill("a promotion", leaving(alike, onceEach), 30))
})
