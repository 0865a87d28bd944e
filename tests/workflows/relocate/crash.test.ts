import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { relocate } from "../../../src/workflows/relocate.ts"
import { has, type Rig, withRig } from "./rig.ts"
import { assertSafe, assertWhole, type Scene, scenes, spoil } from "./scenes.ts"

const apply = (rig: Rig) => rig.run(relocate({ dryRun: false, details: false }))

/** Runs until nothing is left to do; then what was moved has gone from where it was. */
const settle = Effect.fnUntraced(function* (rig: Rig) {
  yield* apply(rig)
  rig.ahead += 4 * 86_400_000
  yield* apply(rig)
  return yield* apply(rig)
})

const leftovers = (rig: Rig) =>
  [rig.seeds, rig.pooled].flatMap((dir) =>
    has(dir) ? readdirSync(dir).filter((name) => name.startsWith(".media-")) : []
  )

/** The points that a run passes: each label the first time, and the last where that is another. */
const pointsOf = (passed: ReadonlyArray<string>): ReadonlyArray<readonly [label: string, nth: number]> => {
  const counts = new Map<string, number>()
  for (const label of passed) counts.set(label, (counts.get(label) ?? 0) + 1)
  return [...counts].flatMap(([label, count]) =>
    count === 1 ? [[label, 1] as const] : [[label, 1] as const, [label, count] as const]
  )
}

class Crash extends Error {}

const crashAt = (rig: Rig, [label, nth]: readonly [string, number], also: (label: string) => void) => {
  let seen = 0
  rig.point = (now) => {
    also(now)
    if (now === label && ++seen === nth) throw new Crash(`${nth}. ${label}`)
  }
}

type Also = (rig: Rig) => (label: string) => void

const nothing: Also = () => () => undefined

/** What a whole life of a relocation passes, until its source is gone. */
const rehearse = (make: (rig: Rig) => Scene, also: Also) =>
  withRig(
    Effect.fnUntraced(function* (rig) {
      make(rig)
      yield* rig.index()
      const passed: Array<string> = []
      const more = also(rig)
      rig.point = (label) => {
        more(label)
        passed.push(label)
      }
      yield* apply(rig)
      yield* settle(rig)
      return passed
    })
  )

/** `share`: one point of so many is tried. */
const drill = Effect.fnUntraced(function* (
  share: number,
  make: (rig: Rig) => Scene,
  also: Also,
  home: (rig: Rig, scene: Scene) => string
) {
  const points = pointsOf(yield* rehearse(make, also)).filter((_, index) => index % share === 0)
  for (const point of points) {
    yield* withRig(
      Effect.fnUntraced(function* (rig) {
        const scene = make(rig)
        const when = `crash at ${point[1]}. ${point[0]}`
        yield* rig.index()
        crashAt(rig, point, also(rig))
        const life = Effect.andThen(apply(rig), settle(rig))
        const exit = yield* Effect.exit(life)
        assert.isTrue(Exit.isFailure(exit), `${when}: it was not reached`)
        assertSafe(rig, scene, when)
        // The client falls with us every other time, and starts anew with what it had written down.
        if (point[1] % 2 === 0) rig.fake.crash()
        rig.point = () => undefined
        const last = yield* settle(rig)
        assertSafe(rig, scene, `${when}, and again`)
        assertWhole(rig, scene, home(rig, scene), `${when}, and again`)
        assert.deepStrictEqual(leftovers(rig), [], `${when}, and again`)
        const idle = yield* apply(rig)
        assert.deepStrictEqual([idle.resumed, idle.steps], [[], []], `${when}, and once more`)
        return last
      })
    )
  }
  return points.length
})

describe("1: a run that falls at any point", () => {
  for (const [name, make] of Object.entries(scenes)) {
    it.live(
      `${name}: the next one finds out by looking where it was`,
      () =>
        Effect.gen(function* () {
          const tried = yield* drill(name === "demotion with a move" ? 1 : 2, make, nothing, (rig, scene) =>
            scene.to(rig)
          )
          assert.isAbove(tried, 15)
        }),
      300_000
    )
  }

  it.live(
    "a saga on its way back arrives there; the next plan moves it after all",
    () =>
      Effect.gen(function* () {
        const spoiling: Also = (rig) => {
          let done = false
          return (label) => {
            if (done || label !== "relocate.repoint begins") return
            done = true
            spoil(join(rig.pooled, "Pack/e01.mkv"))
          }
        }
        const tried = yield* drill(2, scenes["demotion with a move"], spoiling, (rig, scene) => scene.to(rig))
        assert.isAbove(tried, 15)
      }),
    300_000
  )
})
