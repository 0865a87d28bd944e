import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { buildWorker, run } from "./watched-drill.ts"

const folder = mkdtempSync(join(tmpdir(), "media-pipeline-watched-build-"))
let bundle: string
beforeAll(() => {
  bundle = buildWorker(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("scenario 20: watched, killed at a point and run again", { timeout: 300_000 }, () => {
  it("everywhere in a run that retires a film, a season and a special, and closes a request", async () => {
    const { falls, found } = await run(bundle, {})
    assert.deepStrictEqual(found, [])
    assert.isAtLeast(falls.length, 25)
  })
  it("scenario 25: on the way back from a delete that was refused, everywhere", async () => {
    const { falls, found } = await run(bundle, {
      trouble: ({ sonarr }) =>
        sonarr.fail({ kind: "status", status: 409 }, { route: "DELETE /api/v3/episodefile/bulk", times: 2 }),
      choose: (points) => points.slice(points.findIndex(({ label }) => label === "sonarr setMonitored true before"))
    })
    assert.deepStrictEqual(found, [])
    assert.isAtLeast(falls.length, 6)
  })
})
