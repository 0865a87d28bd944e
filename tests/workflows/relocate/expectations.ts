import { assert } from "@effect/vitest"
import { readdirSync } from "node:fs"
import { digest, type Rig } from "./rig.ts"

export const stepsOf = (report: {
  readonly steps: ReadonlyArray<{ action: string; how: string; outcome: string; reason: string | null }>
}) => report.steps.map(({ action, how, outcome, reason }) => [action, how, outcome, reason])

/** Does something once, the first time that a point is passed. */
export const once = (rig: Rig, at: string, act: () => void) => {
  let done = false
  rig.point = (label) => {
    if (label !== at || done) return
    done = true
    act()
  }
}

export const only = (report: { readonly steps: ReadonlyArray<{ outcome: string; reason: string | null }> }) => {
  assert.strictEqual(report.steps.length, 1)
  return { outcome: report.steps[0]?.outcome, reason: report.steps[0]?.reason ?? "" }
}

/** As before it began: source and client; nothing on the pool. */
export const assertUntouched = (rig: Rig, hash: string, path: string, content: string) => {
  assert.strictEqual(digest(path), content)
  const { progress, savePath, state } = rig.shown(hash)
  assert.deepStrictEqual([savePath, progress, state], [rig.seeds, 1, "stalledUP"])
  assert.deepStrictEqual(rig.tree(rig.pooled), {})
  assert.deepStrictEqual(readdirSync(rig.pooled), [])
  assert.deepStrictEqual(rig.fake.startedBelow, [])
}
