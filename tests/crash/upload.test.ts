import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Schema } from "effect"
import { Drill, everywhere, pairs, type Scenario, stops } from "./drill.ts"
import type { Host } from "./host.ts"

const Report = Schema.fromJsonString(
  Schema.Struct({
    items: Schema.Array(Schema.Struct({ path: Schema.String, outcome: Schema.String })),
    unchanged: Schema.Int
  })
)

/** qBittorrent has told of every torrent, as it does on completion. */
const announce = async (host: Host) => {
  const [hash = ""] = await host.held()
  const { code, stderr } = await host.worker(["completed", hash])
  if (code !== 0) throw new Error(stderr)
}

const upload: Scenario = {
  setting: { kinds: ["film", "odd", "rar", "zip", "large", "rootless"] },
  prepare: announce,
  empty: true,
  torrents: "all",
  args: ["upload"],
  between: ["cleanup"],
  where: "here",
  excess: (output) => {
    const { items, unchanged } = Schema.decodeUnknownSync(Report)(output)
    return unchanged === 6 ? items.map(({ outcome, path }) => `${outcome} ${path}`) : [`${unchanged} are unchanged`]
  }
}

let drill: Drill
beforeAll(async () => {
  drill = await Drill.start()
})
afterAll(() => drill.stop())

describe("upload", () => {
  it("killed at every point (first and last of each name), and run again", { timeout: 600_000 }, async () => {
    const { falls, found } = await drill.run(upload, everywhere)
    assert.deepStrictEqual(found, [])
    assert.isAbove(falls.length, 80)
  })

  it("killed twice in a row at different points", { timeout: 300_000 }, async () => {
    const { falls, found } = await drill.run(upload, pairs(12, 2))
    assert.deepStrictEqual(found, [])
    assert.lengthOf(falls, 12)
  })

  it("asked to stop by SIGTERM: 143, nothing left running, and it goes on", { timeout: 300_000 }, async () => {
    const { falls, found } = await drill.run(upload, stops(10, /^Torrents\.see/, /upload\.mark .*intent written$/))
    assert.deepStrictEqual(found, [])
    assert.lengthOf(falls, 10)
  })
})
