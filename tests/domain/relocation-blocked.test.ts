import { assert, describe, it } from "@effect/vitest"
import { blocked, demotion, gib, hash, of, order, seed } from "./relocation-rig.ts"
import { Simulator } from "./relocation-simulator.ts"

describe("what is in the way", () => {
  it("another file at its new path, of a torrent or of nobody; the same content there is used", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "film")
    world.write("/pool/seeding/cat/a/f.mkv", "another", 5)
    assert.strictEqual(blocked(world, "a").by, "occupied")
    world.seed(hash("b"), "/pool/seeding/cat", ["a/f.mkv"], { name: "The Other" })
    assert.match(blocked(world, "a").why, /another file of The Other lies at/)
    world.torrents.pop()
    world.entries.delete("/pool/seeding/cat/a/f.mkv")
    world.write("/pool/seeding/cat/a/f.mkv", "film", gib)
    world.write("/pool/seeding/cat/z.mkv", "film", gib)
    assert.deepInclude(demotion(world, "a").detail().contents[0]?.target, { path: "/pool/seeding/cat/a/f.mkv" })
    world.apply(world.plan())

    const folder = new Simulator()
    seed(folder, "a", "stash", "film")
    folder.write("/pool/seeding/cat/a/f.mkv/x", "x", 1)
    assert.match(blocked(folder, "a").why, /there is a folder/)
    const file = new Simulator()
    seed(file, "a", "stash", "film")
    file.write("/pool/seeding/cat", "x", 1)
    assert.match(blocked(file, "a").why, /another file lies at \/pool\/seeding\/cat$/)
    const symlink = new Simulator()
    seed(symlink, "a", "stash", "film")
    symlink.obstacles.set("/pool/seeding/cat", "a symlink")
    assert.match(blocked(symlink, "a").why, /\/pool\/seeding\/cat is in the way: a symlink/)
  })

  it("two seeding directories that lead to one: their files may not meet", () => {
    const world = new Simulator()
    world.dirs = [...world.dirs, { side: "stash", path: "/stash/second", fsid: "stash" }]
    seed(world, "a", "stash", "one")
    world.write("/stash/second/cat/a/f.mkv", "two", gib)
    world.seed(hash("b"), "/stash/second/cat", ["a/f.mkv"])
    assert.deepStrictEqual([of(world, "a").decision.kind, of(world, "b").decision.kind], ["demote", "blocked"])
    assert.match(blocked(world, "b").why, /two files would lie at \/pool\/seeding\/cat\/a\/f\.mkv/)
  })

  it("17: too little room, with the reserve, what is promised and what the plan takes itself", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "one", 6 * gib)
    seed(world, "b", "stash", "two", 5 * gib)
    seed(world, "c", "stash", "three", 1 * gib)
    world.free = { stash: 0, pool: 20 * gib }
    world.reserve = 10 * gib
    assert.strictEqual(order(world), "ac", "the largest first, and what still fits")
    assert.strictEqual(
      blocked(world, "b").why,
      "it needs 5.00 GiB on the other side, and 20.0 GiB are free there, of which 10.0 GiB stay free, 6.00 GiB are taken by the steps before"
    )
    world.promised = 4 * gib
    assert.strictEqual(order(world), "a")
    world.promised = 4 * gib + 1
    assert.strictEqual(order(world), "b")
    world.free = { stash: 0, pool: null }
    assert.strictEqual(blocked(world, "a").by, "unavailable")
  })

  it("views need no room", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "film")
    seed(world, "b", "pool", "film")
    world.free = { stash: 0, pool: 0 }
    assert.strictEqual(demotion(world, "a").how, "views")
  })

  it("16: a side that cannot be used: nothing goes there, and nothing is concluded of what is there", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "film")
    seed(world, "b", "pool", "other")
    world.unavailable = { stash: null, pool: "/pool is not mounted" }
    assert.strictEqual(blocked(world, "a").why, "/pool is not mounted")
    assert.strictEqual(blocked(world, "b").by, "unknown")
  })

  it("one filesystem for both: there is nothing to move between", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "film")
    world.dirs = world.dirs.map((dir) => ({ ...dir, fsid: "one" }))
    assert.match(world.plan().stopped ?? "", /lies on the filesystem of the pool/)
    assert.deepStrictEqual(world.plan().placements, [])
  })

  it("files of one torrent on both filesystems", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "film")
    world.link("/stash/seeding/cat/a/f.mkv", "/stash/seeding/both/f.mkv")
    world.write("/pool/seeding/cat/x.mkv", "x", 5)
    world.seed(hash("b"), "/stash/seeding/both", ["f.mkv"])
    assert.strictEqual(of(world, "a").decision.kind, "demote")
    // Another dataset is mounted below the folder.
    world.dirs = [...world.dirs, { side: "stash", path: "/stash/seeding/both/sub", fsid: "pool2" }]
    world.entries.set("/stash/seeding/both/sub/x.mkv", { ...world.at("/pool/seeding/cat/x.mkv"), fsid: "pool2" })
    const both = world.torrents[1]
    if (both !== undefined) both.files = [...(both.files ?? []), { path: "sub/x.mkv", size: 5, wanted: true }]
    assert.strictEqual(blocked(world, "a").by, "spans")
    assert.strictEqual(blocked(world, "a").why, "its files lie on 2 filesystems")
  })

  it("a relocation under way, or one that found its bytes wrong", () => {
    const world = new Simulator()
    const torrent = seed(world, "a", "stash", "film")
    torrent.lease = "demotion, proven"
    assert.deepInclude(blocked(world, "a"), { by: "busy", why: "it is under way: demotion, proven" })
    delete torrent.lease
    torrent.refused = "piece 3 of f.mkv is wrong"
    assert.deepInclude(blocked(world, "a"), { by: "refused", why: "piece 3 of f.mkv is wrong" })
  })

  it("one file in a v2 torrent without a folder, and its siblings with it", () => {
    const world = new Simulator()
    world.write("/stash/seeding/f.mkv", "film", gib)
    const torrent = world.seed(hash("a"), "/stash/seeding", ["f.mkv"], { v2Only: true, name: "f.mkv" })
    seed(world, "b", "stash", "another")
    world.link("/stash/seeding/f.mkv", "/stash/seeding/cat/b/same.mkv")
    world.seed(hash("c"), "/stash/seeding/cat", ["b/same.mkv"])
    assert.strictEqual(blocked(world, "a").by, "immovable")
    assert.match(blocked(world, "a").why, /^f\.mkv is a v2 torrent of one file without a folder/)
    assert.deepStrictEqual(of(world, "a").component.torrents.length, 2)
    assert.strictEqual(order(world), "b")
    torrent.torrent = { ...torrent.torrent, v2Only: false }
    assert.strictEqual(demotion(world, "a").kind, "demote")
    const folder = new Simulator()
    seed(folder, "a", "stash", "film", gib, { v2Only: true })
    assert.strictEqual(demotion(folder, "a").kind, "demote")
  })
})
