import { assert, describe, it } from "@effect/vitest"
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { errors } from "../fakes/b2/faults.ts"
import { MemoryRemote } from "../fakes/memory-remote.ts"
import { seeding } from "../fakes/memory-torrents.ts"
import { B2World, checkFolder, outcomes, reasons, tree } from "./upload-rig.ts"
import { World } from "./world.ts"

describe("19: two items for one place on the remote", () => {
  const twins = (world: World, one: string, other: string) => {
    world.file("Film.mkv", one)
    world.torrent("Film.mkv")
    world.file("second/Film.mkv", other)
    world.torrents.add(seeding("b".repeat(40), join(world.completed, "second/Film.mkv")))
  }

  it("scenario 19: different content: the first stays, the second is refused and says who is there", async () => {
    await using host = await B2World.start()
    twins(host, "one", "two")
    const first = await host.upload()
    assert.deepStrictEqual(
      first.items.map((item) => item.outcome),
      ["uploaded", "deferred"],
      reasons(first)
    )
    const second = await host.upload()
    assert.deepStrictEqual(
      second.items.map((item) => item.outcome),
      ["blocked"],
      reasons(second)
    )
    assert.include(reasons(second), join(host.completed, "Film.mkv"))
    assert.strictEqual((await host.b2.bytesOf("downloads/Film.mkv")).toString(), "one")
    assert.deepStrictEqual(host.markers(), ["Film.mkv.uploaded"])
    await host.checkProven()
  })

  it("scenario 19: the same content (a cross-seed): one copy proves both", async () => {
    await using host = await B2World.start()
    twins(host, "same", "same")
    await host.upload()
    const second = await host.upload()
    assert.deepStrictEqual(
      second.items.map((item) => item.outcome),
      ["uploaded"],
      reasons(second)
    )
    assert.strictEqual(host.b2.versions().length, 1)
    await host.checkSettled(2)
  })

  it("scenario 19: one that failed while nothing was there never goes over what the other has put there since", async () => {
    await using host = await B2World.start()
    twins(host, "the first", "the other")
    const fault = host.b2.fail({ on: "b2_upload_file", ...errors.capExceeded, times: Infinity })
    await host.upload()
    fault.cancel()
    // The first is out of the way for a run, and the other takes the place.
    const mine = [...host.torrents.held.values()].find(({ torrent }) =>
      torrent.contentPath.endsWith("completed/Film.mkv")
    )
    assert.isDefined(mine)
    host.torrents.add({ ...mine.torrent, state: "checkingUP" })
    const between = await host.upload()
    assert.deepStrictEqual(
      between.items.map((item) => item.outcome),
      ["uploaded"],
      reasons(between)
    )
    host.torrents.add(mine.torrent)
    const after = await host.upload()
    assert.deepStrictEqual(
      after.items.map((item) => item.outcome),
      ["blocked"],
      reasons(after)
    )
    assert.strictEqual((await host.b2.bytesOf("downloads/Film.mkv")).toString(), "the other")
    await host.checkProven()
  })

  it("scenario 19: what somebody else put there is neither overwritten nor claimed", async () => {
    await using host = await B2World.start()
    host.b2.tamper.put("downloads/Film.mkv", Buffer.from("theirs"))
    host.b2.tamper.put("downloads/Same.mkv", Buffer.from("same"))
    host.file("Film.mkv", "ours")
    host.file("Same.mkv", "same")
    host.torrent("Film.mkv")
    host.torrent("Same.mkv")
    const report = await host.upload()
    assert.deepStrictEqual(outcomes(report), { "Film.mkv": "blocked", "Same.mkv": "uploaded" })
    assert.strictEqual(host.b2.ledger.of("b2_upload_file").length, 0)
    await host.checkProven()
    // Asked for by name it is looked at again; with the other gone it goes.
    assert.deepStrictEqual(outcomes(await host.upload("Film.mkv")), { "Film.mkv": "blocked" })
    host.b2.tamper.delete("downloads/Film.mkv")
    assert.deepStrictEqual(outcomes(await host.upload("Film.mkv")), { "Film.mkv": "uploaded" })
    await host.checkSettled(2)
  })

  it("scenario 19: a remote without hashes: the same size is not taken for the same content, nor written over", async () => {
    const remote = new MemoryRemote()
    remote.hash = null
    remote.put("downloads/Film.mkv", "theirs")
    using world = new World({ remote })
    world.file("Film.mkv", "ours!!")
    world.torrent("Film.mkv")
    for (let run = 0; run < 3; run++) {
      const report = await world.upload("Film.mkv")
      assert.notInclude(["uploaded"], report.items[0]?.outcome, reasons(report))
      assert.strictEqual(new TextDecoder().decode(remote.files.get("downloads/Film.mkv")?.bytes), "theirs")
    }
    assert.deepStrictEqual(world.markers(), [])
  })

  it("scenario 19: a refused item whose category changes goes to the other place, over nothing", async () => {
    await using host = await B2World.start()
    host.b2.tamper.put("downloads/Film.mkv", Buffer.from("theirs"))
    host.b2.tamper.put("movies/Other.mkv", Buffer.from("theirs too"))
    for (const name of ["Film.mkv", "Other.mkv"]) {
      host.file(name, "ours")
      host.torrent(name)
    }
    await host.upload()
    host.torrent("Film.mkv", { category: "radarr" })
    host.torrent("Other.mkv", { category: "radarr" })
    await host.upload("Film.mkv", "Other.mkv")
    assert.strictEqual((await host.b2.bytesOf("downloads/Film.mkv")).toString(), "theirs")
    assert.strictEqual((await host.b2.bytesOf("movies/Film.mkv")).toString(), "ours")
    assert.strictEqual((await host.b2.bytesOf("movies/Other.mkv")).toString(), "theirs too")
    assert.strictEqual((await host.b2.bytesOf("downloads/Other.mkv")).toString(), "ours")
    await host.checkProven()
  })

  it("scenario 19: an item keeps its place when its category changes, and looks there before it sends anything", async () => {
    await using host = await B2World.start()
    host.file("Show/one.mkv", "one")
    host.torrent("Show")
    await host.upload()
    host.b2.tamper.put("downloads/Show/two.mkv", Buffer.from("theirs"))
    host.file("Show/two.mkv", "ours")
    host.torrent("Show", { category: "radarr" })
    const report = await host.upload()
    assert.deepStrictEqual(
      report.items.map(({ destination, outcome }) => [outcome, destination]),
      [["blocked", "downloads/Show"]]
    )
    assert.strictEqual((await host.b2.bytesOf("downloads/Show/two.mkv")).toString(), "theirs")
    host.b2.tamper.delete("downloads/Show/two.mkv")
    await host.upload("Show")
    assert.deepStrictEqual(host.names(), ["downloads/Show/one.mkv", "downloads/Show/two.mkv"])
    await host.checkSettled(1)
  })
})

describe("22: the item is not where or what it was", () => {
  it("scenario 22: renamed, moved or gone between the scan and the upload: it fails, its neighbour goes", async () => {
    for (const what of ["renamed", "moved", "gone"] as const) {
      await using host = await B2World.start()
      const path = host.file("Film.mkv", "film")
      host.file("fine.txt")
      host.torrent("Film.mkv")
      host.torrent("fine.txt")
      host.b2.on("b2_authorize_account", () => {
        if (!existsSync(path)) return
        if (what === "gone") rmSync(path, { force: true })
        else if (what === "moved") renameSync(path, join(host.root, "elsewhere.mkv"))
        else renameSync(path, join(host.completed, "Film (2024).mkv"))
      })
      const report = await host.upload()
      assert.deepStrictEqual(
        outcomes(report),
        { "Film.mkv": "failed", "fine.txt": "uploaded" },
        `${what}: ${reasons(report)}`
      )
      assert.match(reasons(report), /is not there any more|not on the disk/)
      assert.deepStrictEqual(host.markers(), ["fine.txt.uploaded"])
      await host.checkProven()
    }
  })

  it("scenario 22: replaced by another file of the same size between the scan and the upload", async () => {
    await using host = await B2World.start()
    const path = host.file("Film.mkv", "film")
    host.torrent("Film.mkv")
    let done = false
    host.b2.on("b2_authorize_account", () => {
      if (done) return
      done = true
      writeFileSync(`${path}.new`, "FILM")
      renameSync(`${path}.new`, path)
    })
    assert.deepStrictEqual(outcomes(await host.upload()), { "Film.mkv": "failed" })
    assert.deepStrictEqual(outcomes(await host.upload()), { "Film.mkv": "uploaded" })
    assert.strictEqual((await host.b2.bytesOf("downloads/Film.mkv")).toString(), "FILM")
    await host.checkSettled(1)
  })

  it("scenario 22: the torrent is removed between the scan and the upload: its neighbours go", async () => {
    using world = new World()
    for (const name of ["Film.mkv", "fine.txt"]) {
      world.file(name)
      world.torrent(name)
    }
    const [first = ""] = world.torrents.held.keys()
    world.torrents.before = (operation) => {
      if (operation === "files") world.torrents.held.delete(first)
    }
    assert.deepStrictEqual(outcomes(await world.upload()), { "Film.mkv": "deferred", "fine.txt": "uploaded" })
    world.torrents.before = (operation) => {
      if (operation === "files") world.torrents.fail()
    }
    world.file("third.txt")
    world.torrent("third.txt")
    const failure = await world.upload().then(
      () => "",
      (error: unknown) => String(error)
    )
    assert.include(failure, "502", "a client that cannot be read is not one that has let go")
  })

  it("scenario 22: rechecked: while the client checks it, it is left alone", async () => {
    using world = new World()
    world.file("Film.mkv", "film")
    for (const state of [
      "checkingUP",
      "moving",
      "missingFiles",
      "error",
      "downloading",
      "stalledDL",
      "brandNewState"
    ]) {
      world.torrent("Film.mkv", { state })
      const report = await world.upload()
      assert.deepStrictEqual([report.items, report.left.length], [[], 1], state)
    }
    assert.deepStrictEqual([tree(world.remoteDir), world.markers()], [[], []])
    world.torrent("Film.mkv")
    assert.deepStrictEqual(outcomes(await world.upload()), { "Film.mkv": "uploaded" })
    await checkFolder(world)
  })
})
