import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { World } from "./world.ts"

describe("upload to a folder", () => {
  it("uploads, proves and marks; a second run does nothing", async () => {
    using world = new World()
    world.file("Film.mkv", "a film")
    world.file('Show/Season 1/it\'s "quoted"\n01.mkv', "one")
    world.file("Show/two.mkv", "two")
    world.torrent("Film.mkv")
    world.torrent("Show", { category: "tv-sonarr" })
    const first = await world.upload()
    assert.deepStrictEqual(
      first.items.map((item) => [item.outcome, item.destination, item.reason]),
      [
        ["uploaded", "downloads/Film.mkv", null],
        ["uploaded", "tv/Show", null]
      ]
    )
    assert.strictEqual(readFileSync(join(world.remoteDir, "downloads/Film.mkv"), "utf8"), "a film")
    assert.strictEqual(readFileSync(join(world.remoteDir, 'tv/Show/Season 1/it\'s "quoted"\n01.mkv'), "utf8"), "one")
    assert.deepStrictEqual(world.markers(), ["Film.mkv.uploaded", "Show.uploaded"])
    const second = await world.upload()
    assert.strictEqual(second.items.length, 0)
    assert.strictEqual(second.unchanged, 2)
    assert.isFalse(existsSync(join(world.root, "extracted", "item-1")))
  })
})
