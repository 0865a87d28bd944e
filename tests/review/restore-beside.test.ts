import { assert, describe, it } from "@effect/vitest"
import { readFileSync, rmSync } from "node:fs"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { restore } from "../../src/workflows/restore.ts"
import { upload } from "../../src/workflows/upload.ts"
import { MemoryRemote } from "../fakes/memory-remote.ts"
import { cleanupDefaults, later, outcomes as cleaned } from "../workflows/cleanup-rig.ts"
import { outcomes, reasons } from "../workflows/upload-rig.ts"
import { World } from "../workflows/world.ts"

describe("restore", () => {
  it("of one file does not make what is new beside it look uploaded", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote, config: { cleanup: cleanupDefaults } })
    world.file("Show/a.mkv", "a")
    const b = world.file("Show/b.mkv", "b")
    world.torrent("Show")
    await world.upload()
    world.file("Show/new.srt", "new")
    rmSync(b)
    await world.run(restore("Show"))
    const report = await world.upload()
    assert.deepStrictEqual(outcomes(report), { Show: "uploaded" }, reasons(report))
    assert.isTrue(remote.files.has("downloads/Show/new.srt"))
  })

  it("brings back what somebody removed from a folder, also after an upload has noticed", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote, config: { cleanup: cleanupDefaults } })
    world.file("Show/a.mkv", "a")
    const b = world.file("Show/b.mkv", "b")
    world.torrent("Show")
    await world.upload()
    rmSync(b)
    world.file("Show/new.srt", "new")
    await world.upload()
    // Under its name comes something else: that is not the file which was uploaded, and does not go over it.
    world.file("Show/b.mkv", "something else")
    assert.deepStrictEqual(outcomes(await world.upload()), { Show: "blocked" })
    assert.strictEqual(new TextDecoder().decode(remote.files.get("downloads/Show/b.mkv")?.bytes), "b")
    rmSync(b)
    await world.upload()
  })

  it("brings back one file of many, and cleanup then takes the folder as it is", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote, config: { cleanup: cleanupDefaults } })
    world.file("Show/a.mkv", "a")
    const b = world.file("Show/b.mkv", "b")
    world.torrent("Show")
    await world.upload()
    rmSync(b)
    assert.deepStrictEqual(outcomes(await world.upload()), { Show: "uploaded" })
    assert.deepStrictEqual(outcomes(await world.upload()), {})
    const restored = await world.run(restore("Show"))
    assert.deepStrictEqual([restored.from, restored.files], ["remote", 1])
    assert.strictEqual(readFileSync(b, "utf8"), "b")
    rmSync(b)
    await world.upload()
    world.torrents.held.clear()
    // A week on, what was restored may go.
    const report = await world.run(later(8 * 86_400_000)(cleanup({ dryRun: false })))
    assert.deepStrictEqual(cleaned(report), { Show: "released" })
    await world.run(restore("Show"))
    assert.strictEqual(readFileSync(b, "utf8"), "b")
  })

  it("brings back a released folder of which something was left, or in which something new lies", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote, config: { cleanup: cleanupDefaults } })
    const a = world.file("Show/a.mkv", "a")
    world.torrent("Show")
    await world.upload()
    world.torrents.held.clear()
    assert.deepStrictEqual(cleaned(await world.run(cleanup({ dryRun: false }))), { Show: "released" })
    world.file("Show/new.srt", "new")
    assert.deepStrictEqual(outcomes(await world.run(later(120_000)(upload([])))), { Show: "uploaded" })
    await world.run(restore("Show"))
    assert.strictEqual(readFileSync(a, "utf8"), "a")
  })
})
