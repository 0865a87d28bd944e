import { assert, describe, it } from "@effect/vitest"
import { demotion, gib, hash, of, promotion, seed, stay } from "./relocation-rig.ts"
import { Simulator } from "./relocation-simulator.ts"

describe("promotion", () => {
  const world = (library = "/stash/movies/film.mkv") => {
    const made = new Simulator()
    seed(made, "a", "pool", "film")
    made.write(library, "film", gib)
    return made
  }

  it("follows a link on the stash, copies nothing, and has no way to", () => {
    const one = world()
    const step = promotion(one, "a")
    assert.deepStrictEqual([step.how, step.freesBytes, step.from, step.to], ["views", gib, "pool", "stash"])
    assert.deepInclude(step.detail().contents[0]?.target, { kind: "existing", path: "/stash/movies/film.mkv" })
    one.apply(one.plan())
    assert.strictEqual(stay(one, "a").reason, "pinned")
  })

  it("needs every wanted file there; until then it says how many are", () => {
    const one = world()
    one.write("/pool/seeding/cat/a/g.mkv", "more", gib)
    one.torrents.pop()
    one.seed(hash("a"), "/pool/seeding/cat", ["a/f.mkv", "a/g.mkv"])
    assert.match(stay(one, "a").why, /the stash holds 1 of its 2 files/)
    assert.strictEqual(of(one, "a").duplicateBytes, gib)
    one.torrents.pop()
    one.seed(hash("a"), "/pool/seeding/cat", ["a/f.mkv", "a/g.mkv"]).files = [
      { path: "a/f.mkv", size: gib, wanted: true },
      { path: "a/g.mkv", size: gib, wanted: false }
    ]
    assert.deepStrictEqual(
      promotion(one, "a")
        .detail()
        .contents.map(({ target, views }) => [target.kind, views.length]),
      [
        ["existing", 1],
        ["left", 0]
      ]
    )
    assert.strictEqual(promotion(one, "a").freesBytes, gib)
  })

  it("is not asked for by what is only seeded on the stash, or only left over there", () => {
    const one = new Simulator()
    seed(one, "a", "pool", "film")
    seed(one, "b", "stash", "film")
    assert.strictEqual(stay(one, "a").reason, "seed-only")
    assert.strictEqual(demotion(one, "b").how, "views")
    const left = new Simulator()
    seed(left, "a", "pool", "film")
    left.write("/stash/seeding/left.mkv", "film", gib)
    assert.strictEqual(stay(left, "a").reason, "seed-only")
  })

  it("is asked for by all of a pinned component, but not while a torrent of it may write", () => {
    const one = new Simulator()
    for (const path of ["S/1.mkv", "S/2.mkv"]) one.write(`/stash/seeding/cat/${path}`, path, gib)
    one.link("/stash/seeding/cat/S/1.mkv", "/stash/tv/1.mkv")
    const pack = one.seed(hash("b"), "/stash/seeding/cat", ["S/1.mkv", "S/2.mkv"])
    seed(one, "a", "pool", "S/2.mkv")
    assert.match(promotion(one, "a").why, /such as \/stash\/seeding\/cat\/S\/2\.mkv/)
    const rest = pack.torrent
    pack.torrent = { ...rest, state: "stalledDL", progress: 0.5, amountLeft: 1 }
    assert.strictEqual(stay(one, "a").reason, "seed-only")
    pack.torrent = rest
    pack.refused = "piece 3 of 2.mkv is wrong"
    assert.strictEqual(stay(one, "a").reason, "seed-only")
  })

  it("is not asked for by a torrent's own files outside of the seeding directories", () => {
    const one = world("/stash/downloads/film.mkv")
    one.seed(hash("d"), "/stash/downloads", ["film.mkv"])
    assert.strictEqual(stay(one, "a").reason, "seed-only")
    one.link("/stash/downloads/film.mkv", "/stash/movies/film.mkv")
    assert.strictEqual(promotion(one, "a").freesBytes, gib)
    const [, download] = one.torrents
    if (download !== undefined) download.torrent = { ...download.torrent, state: "downloading", progress: 0.5 }
    assert.strictEqual(stay(one, "a").reason, "seed-only", "somebody writes to it")
  })

  it("takes nothing for a library's while some torrent's files are not known", () => {
    const one = world()
    one.seed(hash("d"), "/stash/seeding/cat", ["x"]).files = null
    assert.strictEqual(stay(one, "a").reason, "seed-only")
  })

  it("never links across the filesystems of one side", () => {
    const one = world("/stash/movies/film.mkv")
    const library = one.at("/stash/movies/film.mkv")
    one.entries.set("/stash/movies/film.mkv", { ...library, fsid: "stash/movies" })
    assert.match(stay(one, "a").why, /lies on another filesystem than the seeding directories there/)
    const two = new Simulator()
    seed(two, "a", "stash", "film")
    two.write("/pool/archive/film.mkv", "film", gib)
    assert.strictEqual(demotion(two, "a").how, "views")
    two.entries.set("/pool/archive/film.mkv", { ...two.at("/pool/archive/film.mkv"), fsid: "pool/archive" })
    assert.strictEqual(demotion(two, "a").how, "move")
  })

  it("says of suspect ids that they will be proven", () => {
    const one = world()
    one.at("/stash/movies/film.mkv").grade = "suspect"
    assert.strictEqual(promotion(one, "a").unproven, 1)
    assert.match(promotion(one, "a").why, /will be proven by reading first/)
  })

  it("waits for hashes where all that is missing could still be there", () => {
    const one = world()
    one.at("/stash/movies/film.mkv").grade = null
    one.at("/pool/seeding/cat/a/f.mkv").grade = null
    assert.match(stay(one, "a").why, /cannot be said before 1 file/)
    assert.deepStrictEqual(one.plan().unhashedSizes, [gib])
  })
})
