import { assert, describe, it } from "@effect/vitest"
import { renameSync, rmSync, writeFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { upload } from "../../src/workflows/upload.ts"
import { bytes } from "../fakes/archives/members.ts"
import { writeZip } from "../fakes/archives/zip.ts"
import { MemoryRemote } from "../fakes/memory-remote.ts"
import { seeding } from "../fakes/memory-torrents.ts"
import { later } from "../workflows/cleanup-rig.ts"
import { outcomes, reasons } from "../workflows/upload-rig.ts"
import { World } from "../workflows/world.ts"

const text = (remote: MemoryRemote, path: string) => new TextDecoder().decode(remote.files.get(path)?.bytes)

/** The torrent is removed with its files, as people do in the Web UI, and another one of the same name completes. */
const replaced = async (world: World, name: string, write: () => void) => {
  world.torrents.held.clear()
  rmSync(join(world.completed, name), { recursive: true })
  write()
  world.torrents.add(seeding("b".repeat(40), join(world.completed, name)))
  return await world.upload()
}

describe("another item of the same name never goes over what may be the only copy of the first", () => {
  it("a single file, removed by hand before any cleanup saw that", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote })
    world.file("Film.mkv", "the first film")
    world.torrent("Film.mkv")
    await world.upload()
    const report = await replaced(world, "Film.mkv", () => world.file("Film.mkv", "another film"))
    assert.strictEqual(text(remote, "downloads/Film.mkv"), "the first film")
    assert.deepStrictEqual(outcomes(report), { "Film.mkv": "blocked" }, reasons(report))
    assert.notInclude(world.markers(), "Film.mkv.uploaded")
    // Neither asked for by name, nor once it has changed again, does it go over anything.
    await world.upload("Film.mkv")
    writeFileSync(join(world.completed, "Film.mkv"), "another cut of the other film")
    await world.upload()
    assert.strictEqual(text(remote, "downloads/Film.mkv"), "the first film")
  })

  it("a folder of which some files are the same, some others, some new", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote })
    world.file("Season 1/e1.mkv", "one of the first show")
    world.file("Season 1/cover.jpg", "cover")
    world.torrent("Season 1")
    await world.upload()
    const report = await replaced(world, "Season 1", () => {
      world.file("Season 1/e1.mkv", "one of another show")
      world.file("Season 1/cover.jpg", "cover")
      world.file("Season 1/e2.mkv", "two of another show")
    })
    assert.strictEqual(text(remote, "downloads/Season 1/e1.mkv"), "one of the first show")
    assert.deepStrictEqual(outcomes(report), { "Season 1": "blocked" }, reasons(report))
    await world.upload("Season 1")
    assert.strictEqual(text(remote, "downloads/Season 1/e1.mkv"), "one of the first show")
  })

  it("one of two torrents that share a folder", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote })
    const file = world.file("Season 2/e1.mkv", "one of the first show")
    world.file("Season 2/other.mkv", "another torrent's, which stays")
    const torrent = (digit: string) => world.torrents.add(seeding(digit.repeat(40), join(world.completed, "Season 2")))
    torrent("a")
    torrent("b")
    await world.upload()
    world.torrents.held.delete("a".repeat(40))
    rmSync(file)
    world.file("Season 2/e1.mkv", "one of a third show")
    torrent("c")
    const report = await world.upload()
    assert.deepStrictEqual(outcomes(report), { "Season 2": "blocked" }, reasons(report))
    await world.upload("Season 2")
    assert.strictEqual(text(remote, "downloads/Season 2/e1.mkv"), "one of the first show")
  })

  it("members of archives", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote })
    const write = (name: string, content: string) => {
      world.file("Show/readme.txt", "the same")
      writeZip(join(world.completed, "Show", name), [{ name: "film.mkv", content: bytes(content) }])
    }
    write("a.zip", "the first film")
    world.torrent("Show")
    await world.upload()
    assert.strictEqual(text(remote, "downloads/Show/film.mkv"), "the first film")
    const report = await replaced(world, "Show", () => write("b.zip", "another film"))
    assert.match(report.items[0]?.extractionFailure ?? "", /already holds other content/)
    assert.strictEqual(text(remote, "downloads/Show/film.mkv"), "the first film")
    await world.upload("Show")
    assert.strictEqual(text(remote, "downloads/Show/film.mkv"), "the first film")
  })

  it("something dropped by hand where the torrent and its files have gone", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote })
    const path = world.file("Film.mkv", "the first film")
    world.torrent("Film.mkv")
    await world.upload()
    world.torrents.held.clear()
    // Written before the old one goes: it cannot get the same inode.
    renameSync(world.file("new", "another film"), path)
    const report = await world.run(later(120_000)(upload([])))
    assert.deepStrictEqual(outcomes(report), { "Film.mkv": "blocked" }, reasons(report))
    assert.strictEqual(text(remote, "downloads/Film.mkv"), "the first film")
  })

  it("something dropped by hand that was given the inode number of the one before", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote })
    const path = world.file("Film.mkv", "the first film")
    world.torrent("Film.mkv")
    await world.upload()
    world.torrents.held.clear()
    const { ino } = statSync(path)
    rmSync(path)
    world.file("Film.mkv", "another film")
    // Where the filesystem gives numbers again at once (ext4 does); elsewhere this is the test above.
    const report = await world.run(later(120_000)(upload([])))
    assert.deepStrictEqual(outcomes(report), { "Film.mkv": "blocked" }, `inode ${ino}, then ${statSync(path).ino}`)
    assert.strictEqual(text(remote, "downloads/Film.mkv"), "the first film")
  })

  it("but the same content again is proven and marked as ever, and what is rewritten in place by hand is replaced", async () => {
    const remote = new MemoryRemote()
    using world = new World({ remote })
    world.file("Film.mkv", "film")
    world.torrent("Film.mkv")
    await world.upload()
    const report = await replaced(world, "Film.mkv", () => world.file("Film.mkv", "film"))
    assert.deepStrictEqual(outcomes(report), { "Film.mkv": "uploaded" }, reasons(report))
    world.torrents.held.clear()
    world.file("Film.mkv", "a film in another cut")
    const edited = await world.run(later(120_000)(upload([])))
    assert.deepStrictEqual(outcomes(edited), { "Film.mkv": "uploaded" }, reasons(edited))
    assert.strictEqual(text(remote, "downloads/Film.mkv"), "a film in another cut")
  })
})
