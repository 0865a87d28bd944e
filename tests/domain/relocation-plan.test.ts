import { assert, describe, it } from "@effect/vitest"
import { gib, order, seed, stay } from "./relocation-rig.ts"
import { Simulator } from "./relocation-simulator.ts"

describe("the order", () => {
  it("is the tagged first, then what frees most; the tag decides nothing else", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "one", 1 * gib)
    seed(world, "b", "stash", "two", 3 * gib)
    const tagged = seed(world, "c", "stash", "three", 2 * gib)
    seed(world, "d", "pool", "four", 5 * gib)
    world.write("/stash/movies/four.mkv", "four", 5 * gib)
    const pinned = seed(world, "e", "stash", "five", 9 * gib)
    world.link("/stash/seeding/cat/e/f.mkv", "/stash/movies/five.mkv")
    assert.strictEqual(order(world), "dbca")
    for (const one of [tagged, pinned]) one.torrent = { ...one.torrent, tags: ["other", "~noHL"] }
    assert.strictEqual(order(world), "cdba")
    assert.strictEqual(stay(world, "e").reason, "pinned")
  })

  it("does nothing to a world that is as it should be", () => {
    const world = new Simulator()
    seed(world, "a", "pool", "one")
    seed(world, "b", "stash", "two")
    world.link("/stash/seeding/cat/b/f.mkv", "/stash/movies/two.mkv")
    assert.strictEqual(order(world), "")
  })
})
