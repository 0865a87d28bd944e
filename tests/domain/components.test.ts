import { assert, describe, it } from "@effect/vitest"
import { componentsOf, payloadsOf } from "../../src/domain/components.ts"
import { resolve } from "../../src/domain/residency.ts"
import { Simulator } from "./relocation-simulator.ts"

const hash = (letter: string) => letter.repeat(40)
const groups = (world: Simulator) => {
  const facts = world.world()
  return componentsOf(facts, resolve(facts))
    .map(({ torrents }) => torrents.map((torrent) => facts.members[torrent]?.torrent.hash[0]).join(""))
    .toSorted()
}
const payloads = (world: Simulator) => {
  const facts = world.world()
  const found = payloadsOf(facts, resolve(facts))
  return [...Map.groupBy(found.keys(), (torrent) => found.get(torrent)).values()]
    .map((all) => all.map((torrent) => facts.members[torrent]?.torrent.hash[0]).join(""))
    .toSorted()
}

describe("placement components", () => {
  it("24: a season pack and singles that share only some inodes are one, by any chain", () => {
    const world = new Simulator()
    const pack = [1, 2, 3].map((number) => `Pack/E${number}.mkv`)
    for (const [index, path] of pack.entries()) world.write(`/stash/seeding/${path}`, `e${index}`, 100 + index)
    world.link("/stash/seeding/Pack/E1.mkv", "/stash/seeding/Single1.mkv")
    world.link("/stash/seeding/Pack/E3.mkv", "/stash/seeding/Other/S3.mkv")
    world.write("/stash/seeding/Other/extra.nfo", "nfo", 3)
    world.link("/stash/seeding/Other/extra.nfo", "/stash/seeding/Last.nfo")
    world.seed(hash("a"), "/stash/seeding", pack)
    world.seed(hash("b"), "/stash/seeding", ["Single1.mkv"])
    world.seed(hash("c"), "/stash/seeding", ["Other/S3.mkv", "Other/extra.nfo"])
    world.seed(hash("d"), "/stash/seeding", ["Last.nfo"])
    world.write("/stash/seeding/Alone.mkv", "alone", 100)
    world.seed(hash("e"), "/stash/seeding", ["Alone.mkv"])
    assert.deepStrictEqual(groups(world), ["abcd", "e"])
  })

  it("23: a nested torrent, or one in the same folder, is another as long as it shares no file", () => {
    const world = new Simulator()
    world.write("/stash/seeding/Show/E1.mkv", "e1", 10)
    world.write("/stash/seeding/Show/Extras/X.mkv", "x", 10)
    world.write("/stash/seeding/Show/E2.mkv", "e2", 10)
    world.seed(hash("a"), "/stash/seeding", ["Show/E1.mkv"])
    world.seed(hash("b"), "/stash/seeding/Show", ["Extras/X.mkv"])
    world.seed(hash("c"), "/stash/seeding/Show", ["E2.mkv"])
    assert.deepStrictEqual(groups(world), ["a", "b", "c"])
    world.seed(hash("d"), "/stash/seeding", ["Show/E2.mkv", "Show/Extras/X.mkv"])
    assert.deepStrictEqual(groups(world), ["a", "bcd"], "the same path is the same file")
  })

  it("holds who may write to a shared file: an unfinished one under its own name too", () => {
    const world = new Simulator()
    world.write("/stash/seeding/Film.mkv", "film", 10)
    world.link("/stash/seeding/Film.mkv", "/stash/seeding/cross/Film.mkv.!qB")
    world.seed(hash("a"), "/stash/seeding", ["Film.mkv"])
    world.seed(hash("b"), "/stash/seeding/cross", [], { state: "stalledDL", progress: 0.9, amountLeft: 1 }).files = [
      { path: "Film.mkv", size: 10, wanted: true }
    ]
    assert.deepStrictEqual(groups(world), ["ab"])
  })

  it("takes no part in what lies elsewhere", () => {
    const world = new Simulator()
    world.write("/stash/downloads/x.mkv", "x", 10)
    world.seed(hash("a"), "/stash/downloads", ["x.mkv"])
    world.seed(hash("b"), "/mnt/third", ["y.mkv"])
    assert.deepStrictEqual(groups(world), [])
    assert.strictEqual(world.plan().ignored, 2)
  })
})

describe("the same payload", () => {
  it("is the same contents, whatever names and folders; empty and unwanted files have no say", () => {
    const world = new Simulator()
    world.write("/stash/seeding/A/one.mkv", "1", 10)
    world.write("/stash/seeding/A/two.mkv", "2", 20)
    world.write("/stash/seeding/A/empty", "", 0)
    world.write("/pool/seeding/B/II.mkv", "2", 20)
    world.write("/pool/seeding/B/sub/I.mkv", "1", 10)
    world.write("/pool/seeding/B/sample.mkv", "3", 5)
    world.write("/pool/seeding/C/one.mkv", "1", 10)
    world.seed(hash("a"), "/stash/seeding", ["A/one.mkv", "A/two.mkv", "A/empty"])
    world.seed(hash("b"), "/pool/seeding", ["B/II.mkv", "B/sub/I.mkv"]).files = [
      { path: "B/II.mkv", size: 20, wanted: true },
      { path: "B/sub/I.mkv", size: 10, wanted: true },
      { path: "B/sample.mkv", size: 5, wanted: false }
    ]
    world.seed(hash("c"), "/pool/seeding", ["C/one.mkv"])
    assert.deepStrictEqual(payloads(world), ["ab", "c"])
    world.at("/pool/seeding/B/II.mkv").grade = null
    assert.deepStrictEqual(payloads(world), ["a", "c"], "nothing is said of what was not hashed")
  })

  it("counts how often a content is in it", () => {
    const world = new Simulator()
    for (const path of ["A/1", "A/2", "B/1"]) world.write(`/stash/seeding/${path}`, "x", 10)
    world.seed(hash("a"), "/stash/seeding", ["A/1", "A/2"])
    world.seed(hash("b"), "/stash/seeding", ["B/1"])
    assert.deepStrictEqual(payloads(world), ["a", "b"])
  })
})
