import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { Items } from "../../src/state/Items.ts"
import { bytes } from "../fakes/archives/members.ts"
import { writeZip } from "../fakes/archives/zip.ts"
import { MemoryRemote } from "../fakes/memory-remote.ts"
import { known, outcomes, reasons } from "../workflows/upload-rig.ts"
import { World } from "../workflows/world.ts"

const fold = (name: string) => name.normalize("NFC").toLowerCase()

/** Does not tell case or normal form, and shows the name that came first. */
class Folding<V> extends Map<string, V> {
  #key(name: string) {
    for (const key of this.keys()) if (fold(key) === fold(name)) return key
    return name
  }
  override get(name: string) {
    return super.get(this.#key(name))
  }
  override has(name: string) {
    return super.has(this.#key(name))
  }
  override set(name: string, value: V) {
    return super.set(this.#key(name), value)
  }
}

class FoldingRemote extends MemoryRemote {
  override readonly files: MemoryRemote["files"] = new Folding()
}

const text = (remote: MemoryRemote, path: string) => new TextDecoder().decode(remote.files.get(path)?.bytes)

/** Its only copy is on the remote. */
const release = async (world: World, name: string) => {
  const found = (await known(world)).find(({ item }) => item.path === join(world.completed, name))
  assert.isDefined(found)
  await world.run(Effect.flatMap(Items, (items) => items.update(found.item.id, { state: "released", releasedAt: 1 })))
  rmSync(join(world.completed, name), { recursive: true })
  world.torrents.held.clear()
}

describe("a remote that takes two names for one", () => {
  for (const [what, first, second] of [
    ["case", "Show", "show"],
    ["normal form", "Caf\u00e9", "Cafe\u0301"]
  ] as const) {
    it(`the twin of a released item, by ${what}, does not go over it`, async () => {
      const remote = new FoldingRemote()
      using world = new World({ remote })
      world.file(`${first}/a.mkv`, "the first")
      world.torrent(first)
      await world.upload()
      await release(world, first)
      world.file(`${second}/a.mkv`, "the other")
      world.torrent(second)
      // So many that their folder is listed, which shows only the first name.
      for (const name of ["1", "2", "3"]) {
        world.file(name)
        world.torrent(name)
      }
      const report = await world.upload()
      assert.strictEqual(text(remote, `downloads/${first}/a.mkv`), "the first")
      assert.deepStrictEqual(
        outcomes(report),
        { 1: "uploaded", 2: "uploaded", 3: "uploaded", [second]: "blocked" },
        reasons(report)
      )
      for (const name of ["1", "2", "3"]) world.file(name, `${name}, and again`)
      await world.upload(second, "1", "2", "3")
      assert.strictEqual(text(remote, `downloads/${first}/a.mkv`), "the first")
    })
  }

  it("nor does the twin of a member of an archive", async () => {
    const remote = new FoldingRemote()
    using world = new World({ remote })
    world.file("Show/A.mkv", "the first")
    world.torrent("Show")
    await world.upload()
    await release(world, "Show")
    world.file("Show/readme.txt")
    writeZip(join(world.completed, "Show", "x.zip"), [{ name: "a.mkv", content: bytes("the member") }])
    world.torrent("Show")
    await world.upload()
    assert.strictEqual(text(remote, "downloads/Show/A.mkv"), "the first")
  })
})

describe("a remote without hashes", () => {
  it("a file rewritten with its size unchanged is not called uploaded before all of it was compared", async () => {
    const remote = new MemoryRemote()
    remote.hash = null
    using world = new World({ remote })
    const content = new Uint8Array(4_000_000).fill(1)
    world.file("Film.mkv", content)
    world.torrent("Film.mkv")
    await world.upload()
    content[2_000_001] = 2
    world.file("Film.mkv", content)
    for (let run = 0; run < 3; run++) await world.upload()
    assert.deepStrictEqual(
      (await known(world)).map(({ item }) => item.state),
      ["uploaded"]
    )
    assert.isTrue(Buffer.from(content).equals(Buffer.from(remote.files.get("downloads/Film.mkv")?.bytes ?? [])))
  })
})
