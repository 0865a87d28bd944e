import { assert, describe, it } from "@effect/vitest"
import { blocked, demotion, gib, hash, of, seed, stay } from "./relocation-rig.ts"
import { Simulator } from "./relocation-simulator.ts"

describe("demotion", () => {
  it("copies each inode once for all its siblings, and keeps every path below the seeding directory", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "film")
    world.link("/stash/seeding/cat/a/f.mkv", "/stash/seeding/cross/deep/Other Name.mkv")
    world.seed(hash("b"), "/stash/seeding/cross", ["deep/Other Name.mkv"])
    const step = demotion(world, "a")
    assert.deepStrictEqual([step.how, step.copies, step.copyBytes, step.freesBytes], ["move", 1, gib, gib])
    const { contents, torrents } = step.detail()
    assert.deepStrictEqual(
      torrents.map(({ from, to }) => [from, to]),
      [
        ["/stash/seeding/cat", "/pool/seeding/cat"],
        ["/stash/seeding/cross", "/pool/seeding/cross"]
      ]
    )
    assert.deepStrictEqual(contents[0]?.views, [
      {
        source: "/stash/seeding/cat/a/f.mkv",
        target: "/pool/seeding/cat/a/f.mkv",
        from: "/stash/seeding",
        to: "/pool/seeding"
      },
      {
        source: "/stash/seeding/cross/deep/Other Name.mkv",
        target: "/pool/seeding/cross/deep/Other Name.mkv",
        from: "/stash/seeding",
        to: "/pool/seeding"
      }
    ])
    assert.deepStrictEqual(contents[0]?.source, {
      fsid: "stash",
      fence: `1:1000:${gib}:5:6:4`,
      size: gib,
      links: 2,
      names: ["/stash/seeding/cat/a/f.mkv", "/stash/seeding/cross/deep/Other Name.mkv"],
      outside: [],
      content: "sha256:film",
      grade: "stable"
    })
    world.apply(world.plan())
    assert.strictEqual(world.names(world.at("/pool/seeding/cat/a/f.mkv")).length, 2)
  })

  it("takes the seeding directory that answers to its own, and makes a path that two torrents share once", () => {
    const world = new Simulator()
    world.dirs = [
      ...world.dirs,
      { side: "stash", path: "/stash/music", fsid: "stash" },
      { side: "pool", path: "/pool/music", fsid: "pool" }
    ]
    world.write("/stash/music/cat/a/f.flac", "song", gib)
    world.seed(hash("a"), "/stash/music/cat", ["a/f.flac"])
    world.seed(hash("b"), "/stash/music/cat/a", ["f.flac"])
    const { contents, torrents } = demotion(world, "a").detail()
    assert.deepStrictEqual(
      contents.flatMap(({ views }) => views.map(({ target }) => target)),
      ["/pool/music/cat/a/f.flac"]
    )
    assert.deepStrictEqual(
      torrents.map(({ to }) => to),
      ["/pool/music/cat", "/pool/music/cat/a"]
    )
    world.apply(world.plan())
  })

  it("copies nothing where the pool holds it, in another layout, and says how sure that is", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "film")
    seed(world, "b", "pool", "film")
    assert.deepStrictEqual([demotion(world, "a").how, demotion(world, "a").copyBytes], ["views", 0])
    const [content] = demotion(world, "a").detail().contents
    assert.strictEqual(content?.target.kind, "existing")
    assert.deepInclude(content?.target, { path: "/pool/seeding/cat/b/f.mkv", evidence: "stable" })
    assert.notMatch(demotion(world, "a").why, /proven/)
    world.at("/pool/seeding/cat/b/f.mkv").grade = "suspect"
    assert.strictEqual(demotion(world, "a").unproven, 1)
    assert.match(demotion(world, "a").why, /not certain .* proven by reading first/)
    assert.deepStrictEqual(of(world, "a").twins, [1])
  })

  it("takes a v2 root for a claim, unless both were read and differ", () => {
    const world = new Simulator()
    const root = "ab".repeat(32)
    for (const [letter, side] of [
      ["a", "stash"],
      ["b", "pool"]
    ] as const) {
      seed(world, letter, side, "film").files = [{ path: `${letter}/f.mkv`, size: gib, wanted: true, piecesRoot: root }]
    }
    world.at("/stash/seeding/cat/a/f.mkv").grade = null
    const [claimed] = demotion(world, "a").detail().contents
    assert.deepInclude(claimed?.target, { kind: "existing", evidence: "claimed" })
    world.entries.delete("/stash/seeding/cat/a/f.mkv")
    world.write("/stash/seeding/cat/a/f.mkv", "wrong bytes", gib)
    assert.strictEqual(demotion(world, "a").how, "move")
  })

  it("15: the same size is not the same content", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "one")
    seed(world, "b", "pool", "another")
    assert.strictEqual(demotion(world, "a").how, "move")
  })

  it("links what it brings itself: the second of two equal payloads waits for the first", () => {
    const world = new Simulator()
    seed(world, "b", "stash", "film")
    seed(world, "a", "stash", "film", gib, { tags: ["~noHL"] })
    assert.deepStrictEqual([demotion(world, "a").copyBytes, demotion(world, "b").copyBytes], [gib, 0])
    assert.deepStrictEqual(demotion(world, "b").after, [hash("a")])
    assert.match(demotion(world, "b").why, /a step before puts it on the pool/)
    world.apply(world.plan())
  })

  it("does not tie torrents together by a small file that many have", () => {
    const world = new Simulator()
    for (const [letter, side] of [
      ["a", "stash"],
      ["b", "stash"],
      ["c", "pool"]
    ] as const) {
      seed(world, letter, side, `film ${letter}`)
      world.write(`/${side}/seeding/cat/${letter}/group.txt`, "text", 30)
      world.torrents.pop()
      world.seed(hash(letter), `/${side}/seeding/cat`, [`${letter}/f.mkv`, `${letter}/group.txt`])
    }
    world.apply(world.plan())
    assert.strictEqual(world.plan().placements.length, 3, "they move apart from each other")
    assert.strictEqual(world.names(world.at("/pool/seeding/cat/c/group.txt")).length, 1)
  })

  it("24: moves whole or not at all: one pinned episode keeps the pack and all singles", () => {
    const world = new Simulator()
    const episodes = [1, 2, 3].map((number) => `Pack/E${number}.mkv`)
    for (const path of episodes) world.write(`/stash/seeding/${path}`, path, gib)
    world.link("/stash/seeding/Pack/E1.mkv", "/stash/seeding/Single.mkv")
    world.link("/stash/seeding/Pack/E3.mkv", "/stash/tv/E3.mkv")
    world.seed(hash("a"), "/stash/seeding", episodes)
    world.seed(hash("b"), "/stash/seeding", ["Single.mkv"])
    assert.strictEqual(stay(world, "a").reason, "pinned")
    assert.match(stay(world, "a").why, /1 of 2 names of .*E3\.mkv lies outside .*: \/stash\/tv\/E3\.mkv$/)
    world.entries.delete("/stash/tv/E3.mkv")
    assert.strictEqual(demotion(world, "a").copyBytes, 3 * gib)
  })

  it("24: what is pinned is pinned even where a sibling is still downloading", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "film", gib, { state: "moving" })
    assert.strictEqual(blocked(world, "a").by, "unknown")
    world.link("/stash/seeding/cat/a/f.mkv", "/stash/movies/f.mkv")
    assert.strictEqual(stay(world, "a").reason, "pinned")
  })

  it("19: stops at a name that no torrent has, and goes on when its torrent appears", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "film")
    world.link("/stash/seeding/cat/a/f.mkv", "/stash/seeding/links/new.mkv")
    assert.strictEqual(blocked(world, "a").by, "stranger")
    assert.match(blocked(world, "a").why, /^\/stash\/seeding\/links\/new\.mkv is a name of it/)
    world.seed(hash("b"), "/stash/seeding/links", ["new.mkv"])
    assert.strictEqual(demotion(world, "a").copies, 1)
  })

  it("takes along what is not wanted but there, and leaves what is there in part", () => {
    const world = new Simulator()
    const torrent = seed(world, "a", "stash", "film")
    world.write("/stash/seeding/cat/a/extra.mkv", "extra", 7)
    world.write("/stash/seeding/cat/a/part.mkv", "part", 3)
    torrent.files = [
      { path: "a/f.mkv", size: gib, wanted: true },
      { path: "a/extra.mkv", size: 7, wanted: false },
      { path: "a/part.mkv", size: 9, wanted: false },
      { path: "a/none.mkv", size: 9, wanted: false }
    ]
    assert.deepStrictEqual(
      demotion(world, "a")
        .detail()
        .contents.map(({ source, wanted }) => [source.content, wanted]),
      [
        ["sha256:film", true],
        ["sha256:extra", false]
      ]
    )
    world.apply(world.plan())
    assert.isTrue(world.entries.has("/stash/seeding/cat/a/part.mkv"))
  })

  it("asks for hashes only where a file of the same size could be a copy", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "film")
    world.at("/stash/seeding/cat/a/f.mkv").grade = null
    assert.strictEqual(demotion(world, "a").how, "move")
    seed(world, "b", "pool", "film")
    assert.strictEqual(blocked(world, "a").by, "unhashed")
    assert.deepStrictEqual(world.plan().unhashedSizes, [gib])
    world.at("/stash/seeding/cat/a/f.mkv").grade = "stable"
    assert.strictEqual(demotion(world, "a").how, "views")
    assert.deepStrictEqual(world.plan().unhashedSizes, [])
  })

  it("leaves alone what a library has as a copy of its own: on the pool it would be wanted back at once", () => {
    const world = new Simulator()
    seed(world, "a", "stash", "film")
    world.write("/stash/movies/film.mkv", "film", gib)
    assert.strictEqual(stay(world, "a").reason, "duplicate")
    assert.match(stay(world, "a").why, /\/stash\/movies\/film\.mkv/)
  })
})
