import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { upload } from "../../src/workflows/upload.ts"
import { MemoryRemote } from "../fakes/memory-remote.ts"
import { outcomes, known, reasons } from "../workflows/upload-rig.ts"
import { cleanupDefaults } from "../workflows/cleanup-rig.ts"
import { World } from "../workflows/world.ts"

/** The same host with another `upload.remote`: its disk, its client and its database are as they were. */
const elsewhere = async <A, E>(
  world: World,
  remote: MemoryRemote,
  effect: Effect.Effect<A, E, Layer.Success<World["layer"]>>
) => {
  const upload = { ...world.config.upload, remote: "memory:other" }
  const { torrents } = world
  class Elsewhere extends World {
    override readonly torrents = torrents
    override readonly config = { ...world.config, upload }
  }
  using other = new Elsewhere({ remote })
  return await other.run(effect)
}

describe("upload.remote is another one than before", () => {
  it("what lies there under our names is somebody's: it is not gone over", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote, config: { cleanup: cleanupDefaults } })
    world.file("Film.mkv", "our film")
    world.file("Same.mkv", "the same on both")
    world.torrent("Film.mkv")
    world.torrent("Same.mkv")
    await world.upload()
    const second = new MemoryRemote()
    second.put("downloads/Film.mkv", "what another host put there")
    second.put("downloads/Same.mkv", "the same on both")
    const report = await elsewhere(world, second, upload([]))
    assert.strictEqual(
      new TextDecoder().decode(second.files.get("downloads/Film.mkv")?.bytes),
      "what another host put there"
    )
    assert.deepStrictEqual(outcomes(report), { "Film.mkv": "blocked", "Same.mkv": "uploaded" }, reasons(report))
    // And back again: nothing is sent twice.
    remote.calls.length = 0
    const back = await world.upload("Film.mkv")
    assert.deepStrictEqual(outcomes(back), { "Film.mkv": "uploaded" })
    assert.deepStrictEqual(
      remote.calls.filter((call) => call.startsWith("upload")),
      []
    )
  })

  it("nothing is released by what was proven on the first, until an upload has looked", async () => {
    const remote = new MemoryRemote()
    remote.hash = null
    const options = { verify: "readback", config: { cleanup: cleanupDefaults } } as const
    using world = new World({ remote, ...options })
    world.file("Film.mkv", "our film")
    const hash = world.torrent("Film.mkv")
    await world.upload()
    world.torrents.held.delete(hash)
    // Of the same size, and its hash cannot be asked for.
    const second = new MemoryRemote()
    second.hash = null
    second.put("downloads/Film.mkv", "mangled!")
    const report = await elsewhere(world, second, cleanup({ dryRun: false }))
    assert.match(report.stopped ?? "", /memory:other.*media-pipeline upload/s)
    assert.isTrue(report.alarming)
    assert.strictEqual(readFileSync(join(world.completed, "Film.mkv"), "utf8"), "our film")
    assert.strictEqual((await known(world))[0]?.item.state, "uploaded")
  })
})

describe("a folder remote whose disk is not mounted any more", () => {
  it("is not filled again, and nothing is released by what it does not hold", async () => {
    using world = new World({ config: { cleanup: cleanupDefaults } })
    world.file("Film.mkv", "our film")
    world.torrent("Film.mkv")
    await world.upload()
    rmSync(world.remoteDir, { recursive: true })
    mkdirSync(world.remoteDir)
    world.file("New.mkv", "a new film")
    world.torrent("New.mkv")
    const failure = await world.run(Effect.flip(upload([])))
    assert.match(failure.message, /is empty.*mounted/)
    assert.deepStrictEqual(readdirSync(world.remoteDir), [])
    const report = await world.run(cleanup({ dryRun: false }))
    assert.match(report.stopped ?? "", /is empty.*mounted/)
    assert.deepStrictEqual(world.markers(), ["Film.mkv.uploaded"])
    // A new disk, as a person says.
    mkdirSync(join(world.remoteDir, "downloads"))
    assert.deepStrictEqual(outcomes(await world.upload()), { "New.mkv": "uploaded" })
  })
})
