import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Marker from "../../src/domain/marker.ts"
import * as Lock from "../../src/platform/Lock.ts"
import { Items } from "../../src/state/Items.ts"
import { Spool } from "../../src/state/Spool.ts"
import { upload } from "../../src/workflows/upload.ts"
import { seeding, wanted } from "../fakes/memory-torrents.ts"
import { B2World, checkFolder, known, outcomes, reasons, tree, uploadAt } from "./upload-rig.ts"
import { World } from "./world.ts"

const hour = 3_600_000

describe("25: two runs, and a clock that jumps", () => {
  it("scenario 25: two runs at once: the second does nothing and says who is at work", async () => {
    using world = new World()
    for (let index = 0; index < 20; index++) {
      world.file(`item-${index}.txt`)
      world.torrent(`item-${index}.txt`)
    }
    const lock = join(world.config.stateDir, "lock")
    const guarded = () => world.run(Effect.scoped(Effect.andThen(Lock.hold(lock), upload([]))))
    const both = await Promise.allSettled([guarded(), guarded()])
    const [done] = both.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
    const [refused] = both.flatMap((one) => (one.status === "rejected" ? [one.reason] : []))
    assert.strictEqual(done?.items.filter((item) => item.outcome === "uploaded").length, 20)
    assert.include(String(refused), "still at work")
    await checkFolder(world)
    assert.strictEqual((await guarded()).unchanged, 20)
  })

  it("scenario 25: the clock jumps to 1970 and to 2100: nothing is lost, doubled or taken for new", async () => {
    using world = new World()
    world.file("Film.mkv", "film")
    world.torrent("Film.mkv")
    world.file("by-hand.txt", "by hand")
    const back = await uploadAt(world, -50 * 365 * 24 * hour)
    assert.deepStrictEqual(outcomes(back), { "Film.mkv": "uploaded", "by-hand.txt": "deferred" }, reasons(back))
    const ahead = await uploadAt(world, 70 * 365 * 24 * hour)
    assert.deepStrictEqual([outcomes(ahead), ahead.unchanged], [{ "by-hand.txt": "uploaded" }, 1])
    assert.deepStrictEqual([(await world.upload()).unchanged, world.markers().length], [2, 2])
    await checkFolder(world)
  })
})

describe("what no torrent claims", () => {
  it("by hand: it must have been still for a minute, however old its mtime says it is", async () => {
    using world = new World()
    World.age(world.file("old.txt", "an old mtime, a new ctime"))
    assert.deepStrictEqual(outcomes(await world.upload()), { "old.txt": "deferred" })
    assert.deepStrictEqual(outcomes(await uploadAt(world, 59_000)), { "old.txt": "deferred" })
    assert.deepStrictEqual(outcomes(await uploadAt(world, 62_000)), { "old.txt": "uploaded" })
  })

  it("a folder in which a torrent still downloads is left alone, also if it was an item before", async () => {
    using world = new World()
    world.file("Pack/done.mkv", "done")
    await uploadAt(world, hour)
    world.file("Pack/sub/half.mkv", "half of it")
    world.torrents.add(
      seeding("c".repeat(40), join(world.completed, "Pack/sub"), { state: "stalledDL", progress: 0.5 })
    )
    const report = await uploadAt(world, hour)
    assert.deepStrictEqual(report.items, [])
    assert.match(report.left.map(({ why }) => why).join(), /still downloading/)
    assert.deepStrictEqual(tree(world.remoteDir), ["downloads/Pack/done.mkv"])
  })

  it("a list that shrank beyond belief makes nobody an item of ours", async () => {
    const cleanup = { mode: "untracked", maxListShrink: 0.5, maxDeletesPerRun: 100 } as const
    using world = new World()
    Object.assign(world.config, { cleanup })
    for (let index = 0; index < 10; index++) {
      world.file(`item-${index}.mkv`, "half")
      world.torrent(`item-${index}.mkv`, { state: "stalledDL", progress: 0.5 })
    }
    await uploadAt(world, hour)
    const [kept] = world.torrents.held
    world.torrents.held.clear()
    if (kept !== undefined) world.torrents.held.set(...kept)
    for (let run = 0; run < 2; run++) {
      const report = await uploadAt(world, hour)
      assert.deepStrictEqual(report.items, [])
      assert.match(report.left.map(({ why }) => why).join(), /left alone/)
    }
    assert.deepStrictEqual(tree(world.remoteDir), [])
  })
})

describe("torrents without a folder", () => {
  const rootless = (world: World, over: Parameters<typeof seeding>[2] = {}) => {
    const torrent = seeding("d".repeat(40), world.completed, { name: "Loose", savePath: world.completed, ...over })
    world.torrents.add(torrent, [
      ...wanted("one.mkv", "two.mkv"),
      { path: "deselected.mkv", size: 9, progress: 0.3, wanted: false }
    ])
    for (const name of ["one.mkv", "two.mkv", "deselected.mkv"]) world.file(name)
  }

  it("its files are one item, halves that were deselected are nobody's; once the torrent has gone it stays proven", async () => {
    using world = new World()
    rootless(world)
    const first = await uploadAt(world, hour)
    assert.deepStrictEqual(outcomes(first), { Loose: "uploaded" }, reasons(first))
    assert.deepStrictEqual(tree(world.remoteDir), ["downloads/Loose/one.mkv", "downloads/Loose/two.mkv"])
    await checkFolder(world)
    world.torrents.held.clear()
    rmSync(join(world.completed, "deselected.mkv"))
    const second = await world.upload()
    assert.notInclude(Object.keys(outcomes(second)), "Loose", reasons(second))
    const item = (await known(world)).find(({ item: one }) => one.path.endsWith("/Loose"))?.item
    assert.strictEqual(item?.state, "uploaded", "cleanup can release it")
    rmSync(join(world.completed, "one.mkv"))
    const third = await world.upload()
    assert.notInclude(Object.keys(outcomes(third)), "Loose")
    assert.isFalse(third.items.some((one) => one.outcome === "failed"))
  })

  it("while it downloads, neither it nor its files are anybody's item", async () => {
    using world = new World()
    rootless(world)
    await uploadAt(world, hour)
    rootless(world, { state: "checkingDL", progress: 0.2 })
    world.file("one.mkv", "written to")
    const report = await uploadAt(world, hour)
    assert.deepStrictEqual(report.items, [])
  })
})

describe("the sign beside an item", () => {
  it("never goes over somebody's file, and its failure never holds up another item", async () => {
    using world = new World()
    for (const name of ["A", "B", "C", "D"]) {
      world.file(`${name}/film.mkv`, name)
      world.torrent(name)
    }
    world.file("A.uploaded", "the payload of a torrent of this very name")
    world.torrent("A.uploaded")
    mkdirSync(join(world.completed, "B.uploaded"))
    world.file("B.uploaded/x", "a folder of somebody's")
    world.file("C.uploaded", "")
    const report = await world.upload()
    const states = Object.fromEntries((await known(world)).map(({ item }) => [item.path.slice(-2), item.state]))
    assert.deepStrictEqual(
      [states["/A"], states["/B"], states["/C"], states["/D"]],
      ["uploaded", "uploaded", "uploaded", "uploaded"],
      reasons(report)
    )
    assert.strictEqual(
      readFileSync(join(world.completed, "A.uploaded"), "utf8"),
      "the payload of a torrent of this very name"
    )
    assert.isDefined(Marker.parse(readFileSync(join(world.completed, "C.uploaded"), "utf8")), "an empty one is a sign")
    assert.isDefined(Marker.parse(readFileSync(join(world.completed, "D.uploaded"), "utf8")))
    assert.strictEqual((await world.upload()).unchanged, 5)
  })

  it("is put back when somebody removed it, and holds no key of the remote", async () => {
    await using host = await B2World.start()
    host.file("Film.mkv", "film")
    host.torrent("Film.mkv")
    await host.upload()
    const path = join(host.completed, "Film.mkv.uploaded")
    const before = readFileSync(path, "utf8")
    assert.strictEqual(Marker.parse(before)?.remote, ":b2:media/downloads/Film.mkv")
    assert.notInclude(before, host.b2.key)
    rmSync(path)
    await host.upload()
    assert.strictEqual(readFileSync(path, "utf8"), before)
  })
})

describe("what holds up nothing else", () => {
  it("a vanished item and one outside: each says why, the others go", async () => {
    using world = new World()
    world.file("fine.txt")
    world.torrent("fine.txt")
    world.torrent("vanished.txt")
    world.torrents.add(seeding("e".repeat(40), "/somewhere/else/film.mkv"))
    const report = await world.upload()
    assert.deepStrictEqual(outcomes(report), { "fine.txt": "uploaded", "vanished.txt": "failed" })
    assert.match(reasons(report), /the disk does not/)
    assert.deepStrictEqual(
      report.left.map(({ path }) => path),
      ["/somewhere/else/film.mkv"]
    )
  })

  it("qBittorrent that cannot be read: nothing is changed", async () => {
    using world = new World()
    world.file("fine.txt")
    world.torrent("fine.txt")
    world.torrents.fail()
    const failure = await world.upload().then(
      () => undefined,
      (error: unknown) => String(error)
    )
    assert.include(failure ?? "", "502")
    assert.deepStrictEqual([tree(world.remoteDir), world.markers()], [[], []])
  })

  it("a folder remote that is not mounted is no empty remote", async () => {
    using world = new World()
    world.file("fine.txt")
    world.torrent("fine.txt")
    rmSync(world.remoteDir, { recursive: true })
    const report = await world.upload()
    assert.match(report.stopped ?? "", /its root does not exist/)
    assert.deepStrictEqual(outcomes(report), { "fine.txt": "deferred" })
    assert.notInclude(tree(world.root).join("\n"), "remote/")
    assert.deepStrictEqual(world.markers(), [])
    mkdirSync(world.remoteDir)
    assert.deepStrictEqual(outcomes(await world.upload()), { "fine.txt": "uploaded" })
  })

  it("what a crash left of an extraction is removed, a film called 1917 in the same folder is not", async () => {
    using world = new World()
    const extracted = join(world.root, "extracted")
    for (const name of ["1917", "item-7", "item-8.partial"]) {
      mkdirSync(join(extracted, name), { recursive: true })
      writeFileSync(join(extracted, name, "film.mkv"), "film")
    }
    await world.upload()
    assert.deepStrictEqual(tree(extracted), ["1917/film.mkv"])
  })

  it("tickets are taken whatever became of them; a second run with nothing new does nothing", async () => {
    using world = new World()
    world.file("fine.txt")
    const hash = world.torrent("fine.txt")
    await world.run(Effect.flatMap(Spool, (spool) => Effect.andThen(spool.drop(hash), spool.drop("f".repeat(40)))))
    await world.upload()
    assert.deepStrictEqual(await world.run(Effect.flatMap(Spool, (spool) => spool.peek)), [])
    const before = tree(world.root).filter((path) => !path.startsWith("state/"))
    const again = await world.upload()
    assert.deepStrictEqual([again.items, again.unchanged], [[], 1])
    assert.deepStrictEqual(
      tree(world.root).filter((path) => !path.startsWith("state/")),
      before
    )
  })

  it("a released item that comes back damaged stays released", async () => {
    using world = new World()
    world.file("Film.mkv", "film")
    world.torrent("Film.mkv")
    await world.upload()
    const [before] = await known(world)
    assert.isDefined(before)
    const release = { state: "released", releasedAt: 1 } as const
    await world.run(Effect.flatMap(Items, (items) => items.update(before.item.id, release)))
    rmSync(join(world.completed, "Film.mkv"))
    assert.deepStrictEqual(outcomes(await world.upload()), { "Film.mkv": "failed" })
    assert.strictEqual((await known(world))[0]?.item.state, "released", "where its only copy is stays known")
  })
})
