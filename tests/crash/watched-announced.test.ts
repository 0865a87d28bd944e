import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { buildWorker, run } from "./watched-drill.ts"

const day = 86_400_000
const folder = mkdtempSync(join(tmpdir(), "media-pipeline-watched-build-"))
let bundle: string
beforeAll(() => {
  bundle = buildWorker(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("scenario 20: watched, leaving soon, killed at a point and run again", { timeout: 300_000 }, () => {
  it("in the run that retires what was announced, at every third point", async () => {
    const { falls, found } = await run(bundle, {
      settings: { leavingSoon: { countdown: "1 day" } },
      ahead: 2 * day,
      prepare: (_, before) => before(0),
      choose: (points) => points.filter((_, at) => at % 3 === 0)
    })
    assert.deepStrictEqual(found, [])
    assert.isAtLeast(falls.length, 9)
  })
})
