import { assert, describe, it } from "@effect/vitest"
import type { Placement } from "../../src/domain/relocation.ts"
import { pinText, residencyOf } from "../../src/domain/residency.ts"
import { Simulator } from "./relocation-simulator.ts"

const film = () => {
  const world = new Simulator()
  world.write("/stash/seeding/cat/Film/film.mkv", "film", 10)
  const torrent = world.seed("a".repeat(40), "/stash/seeding/cat", ["Film/film.mkv"], { name: "Film" })
  return { world, torrent }
}
const only = (world: Simulator): Placement => {
  const [one, ...others] = world.plan().placements
  if (one === undefined || others.length > 0) throw new Error("there is not exactly one component")
  return one
}
const verdict = (world: Simulator) => only(world).residency.verdict
const cause = (world: Simulator) => {
  const { residency } = only(world)
  assert.strictEqual(residency.verdict, "unknown")
  return residency.causes[0]?.why ?? ""
}

describe("residency", () => {
  it("is internal while every name lies in the seeding directories, siblings or not", () => {
    const { world } = film()
    assert.strictEqual(verdict(world), "internal")
    world.link("/stash/seeding/cat/Film/film.mkv", "/stash/seeding/cross/Sibling.mkv")
    world.seed("b".repeat(40), "/stash/seeding/cross", ["Sibling.mkv"])
    assert.strictEqual(verdict(world), "internal")
  })

  it("is external by one name elsewhere, and says how many there are and which one is known", () => {
    const { world } = film()
    world.link("/stash/seeding/cat/Film/film.mkv", "/stash/movies/Film.mkv")
    world.link("/stash/seeding/cat/Film/film.mkv", "/stash/movies/other.mkv")
    world.unknownPaths.add("/stash/movies/other.mkv")
    const { residency } = only(world)
    assert.strictEqual(residency.verdict, "external")
    assert.strictEqual(
      residency.pins.map(pinText)[0],
      "2 of 3 names of /stash/seeding/cat/Film/film.mkv lie outside of the seeding directories: /stash/movies/Film.mkv"
    )
  })

  it("7: a bind alias adds no name: the folder counts once, by its inode", () => {
    const { world } = film()
    world.link("/stash/seeding/cat/Film/film.mkv", "/stash/movies/Film.mkv")
    world.aliases.set("/stash/seeding/alias/Film", "/stash/seeding/cat/Film")
    assert.strictEqual(verdict(world), "external", "two paths of one entry are not two names")
    world.seed("b".repeat(40), "/stash/seeding/alias", ["Film/film.mkv"]).files = [
      { path: "Film/film.mkv", size: 10, wanted: true }
    ]
    assert.deepStrictEqual(only(world).component.torrents, [0, 1], "both paths lead to the file")
  })

  it("8: equal inode numbers on two filesystems are two files", () => {
    const { world } = film()
    const inode = world.at("/stash/seeding/cat/Film/film.mkv")
    world.entries.set("/pool/seeding/cat/Other.mkv", { ...inode, side: "pool", fsid: "pool", bytes: "other" })
    world.seed("b".repeat(40), "/pool/seeding/cat", ["Other.mkv"])
    const { placements } = world.plan()
    assert.strictEqual(placements.length, 2)
    assert.deepStrictEqual(
      placements.map(({ residency }) => residency.verdict),
      ["internal", "internal"]
    )
  })

  it("6: a file that changed between two looks at it, or has more names than links, has to be looked at again", () => {
    const { inventory } = film().world.world()
    const folder = inventory.folder("stash", "stash", 77n, "/stash/seeding/late")
    const fence = inventory.fence(0)
    const judged = () => residencyOf(inventory, "stash", [0], []).causes.map(({ kind }) => kind)
    assert.deepStrictEqual(judged(), [])
    inventory.file(folder, "late.mkv", fence, 1)
    assert.deepStrictEqual(judged(), ["race"], "two names, one link")

    const linked = film().world
    linked.link("/stash/seeding/cat/Film/film.mkv", "/stash/movies/Film.mkv")
    const other = linked.world().inventory
    other.file(other.folder("stash", "stash", 77n, "/stash/seeding/late"), "late.mkv", { ...fence, ctimeNs: 7n }, 2)
    assert.deepStrictEqual(
      residencyOf(other, "stash", [0], []).causes.map(({ kind }) => kind),
      ["race"]
    )
  })

  it("is unknown with what is missing, unfinished, of another size, a symlink or unreadable", () => {
    const size = film()
    size.torrent.files = [{ path: "Film/film.mkv", size: 11, wanted: true }]
    assert.match(cause(size.world), /has 10 bytes, its torrent says 11/)

    const unfinished = film().world
    const inode = unfinished.at("/stash/seeding/cat/Film/film.mkv")
    unfinished.entries.delete("/stash/seeding/cat/Film/film.mkv")
    assert.match(cause(unfinished), /film\.mkv is missing/)
    unfinished.link(inode, "/stash/seeding/cat/Film/film.mkv.!qB")
    assert.match(cause(unfinished), /still ends in \.!qB/)

    const symlink = film().world
    symlink.entries.delete("/stash/seeding/cat/Film/film.mkv")
    symlink.obstacles.set("/stash/seeding/cat/Film", "a symlink")
    assert.match(cause(symlink), /^\/stash\/seeding\/cat\/Film is a symlink/)

    const unread = film().world
    unread.entries.delete("/stash/seeding/cat/Film/film.mkv")
    unread.unreadable.push({ side: "stash", path: "/stash/seeding/cat" })
    assert.match(cause(unread), /^\/stash\/seeding\/cat cannot be read: EACCES/)
  })

  it("takes no name for an outside one while a folder of that side could not be read", () => {
    const { world } = film()
    world.link("/stash/seeding/cat/Film/film.mkv", "/stash/movies/Film.mkv")
    world.unreadable.push({ side: "stash", path: "/stash/seeding/secret" })
    assert.match(cause(world), /1 of 2 names .* were not found, and \/stash\/seeding\/secret cannot be read/)
    world.unreadable.length = 0
    world.unreadable.push({ side: "pool", path: "/pool/seeding/secret" })
    assert.strictEqual(verdict(world), "external")
  })

  it("13: is unknown while a torrent is not complete and at rest", () => {
    for (const [over, words] of [
      [{ state: "stalledDL", progress: 0.9999, amountLeft: 1 }, /not complete: 99\.9 %/],
      [{ state: "moving" }, /it is moving/],
      [{ state: "checkingUP" }, /it is checkingUP/],
      [{ state: "missingFiles" }, /the client says missingFiles/],
      [{ state: "error" }, /the client says error/],
      [{ state: "newWord" }, /newWord is none that is known/],
      [{ contentPath: "" }, /no metadata/]
    ] as const) {
      const { torrent, world } = film()
      torrent.torrent = { ...torrent.torrent, ...over }
      assert.match(cause(world), words)
    }
  })

  it("is unknown where the client contradicts itself, or was not asked for the files", () => {
    const lying = film()
    lying.torrent.torrent = { ...lying.torrent.torrent, contentPath: "/stash/seeding/old/Film" }
    assert.match(cause(lying.world), /lies at \/stash\/seeding\/old\/Film, which is not where its save path/)
    const silent = film()
    silent.torrent.files = null
    assert.match(cause(silent.world), /its files are not known/)
    const outside = film()
    outside.torrent.torrent = { ...outside.torrent.torrent, savePath: "/stash", contentPath: "/stash/seeding/cat/Film" }
    outside.torrent.files = [{ path: "seeding/cat/Film/film.mkv", size: 10, wanted: true }]
    assert.match(cause(outside.world), /its save path \/stash lies outside/)
  })

  it("16: says only that the side is gone when it is", () => {
    const { world } = film()
    world.entries.clear()
    world.unavailable = { stash: "/stash is not mounted", pool: null }
    const { residency } = only(world)
    assert.deepStrictEqual(
      residency.causes.map(({ why }) => why),
      ["/stash is not mounted"]
    )
  })

  it("12: does not miss a file that is not wanted, nor an empty one", () => {
    const { torrent, world } = film()
    torrent.files = [
      { path: "Film/film.mkv", size: 10, wanted: true },
      { path: "Film/sample.mkv", size: 5, wanted: false },
      { path: "Film/empty.nfo", size: 0, wanted: true }
    ]
    assert.strictEqual(verdict(world), "internal")
  })

  it("9: names are bytes: NFC and NFD are two files", () => {
    const world = new Simulator()
    world.write("/stash/seeding/cat/caf\u00e9\udcff.mkv", "nfc", 10)
    world.write("/stash/seeding/cat/cafe\u0301\udcff.mkv", "nfd", 10)
    world.link("/stash/seeding/cat/cafe\u0301\udcff.mkv", "/stash/movies/x.mkv")
    world.seed("a".repeat(40), "/stash/seeding/cat", ["caf\u00e9\udcff.mkv"])
    assert.strictEqual(verdict(world), "internal")
  })
})
