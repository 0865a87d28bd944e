import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { type Claimant, claimsOn, type Footprint, type Place } from "../../src/domain/claims.ts"
import { absent, known, unreadable } from "../../src/domain/fact.ts"
import { protectedBy } from "../../src/domain/protection.ts"

const at = (path: string, id = `id of ${path}`, inside: ReadonlyArray<string> | null = []): Place => ({
  path,
  found: known({ path, id }, path, 0),
  inside: inside === null ? null : known(new Set(inside), path, 0)
})
const torrent = (contentPath: string, over: Partial<Claimant> = {}): Claimant => ({
  hash: "h",
  name: contentPath.slice(contentPath.lastIndexOf("/") + 1),
  contentPath,
  places: [at(contentPath)],
  rootless: false,
  settled: true,
  ...over
})
const item = (path: string, over: Partial<Footprint> = {}): Footprint => ({
  path,
  extents: [path],
  ids: new Set(["item"]),
  above: new Set(["above"]),
  linkedElsewhere: false,
  ...over
})
const claimed = (footprint: Footprint, claimant: Claimant) => claimsOn(footprint, [claimant]).claims.length > 0

const Name = Schema.Literals(["a", "ab", "b", "c"])
const path = Arbitrary.map(
  Arbitrary.schema(Schema.Array(Name).check(Schema.isBetweenLength(1, 5))),
  (names) => `/${names.join("/")}`
)
const component = (one: string, other: string) => {
  const [a, b] = [one.split("/"), other.split("/")]
  return a.every((name, index) => index >= b.length || b[index] === name)
}

describe("which torrents claim an item", () => {
  it.prop(
    "by path: exactly those on, above or below it, by whole components",
    [path, path],
    ([here, there]) => assert.strictEqual(claimed(item(here), torrent(there, { name: "-" })), component(here, there)),
    { arbitrary: { runs: 400 } }
  )

  it.prop(
    "by identity, wherever it is: itself, a file of it, a folder above it, a hardlink inside of the torrent",
    [path, Arbitrary.schema(Schema.Literals(["self", "above", "inside", "none"]))],
    ([there, how]) => {
      const places = {
        self: at(there, "item"),
        above: at(there, "above"),
        inside: at(there, "-", ["x", "item"]),
        none: at(there, "-", ["x"])
      }
      const claimant = torrent(there, { name: "-", places: [places[how]] })
      assert.strictEqual(claimed(item("/elsewhere/Z"), claimant), how !== "none")
    }
  )

  it.prop("a torrent that is not where the client says claims everything of its name", [path], ([there]) => {
    for (const found of [absent<never>(there, 0), unreadable<never>(there, 0, "EACCES")]) {
      const lost = torrent(there, { name: "-", places: [{ path: there, found, inside: null }] })
      assert.isTrue(claimed(item(`/elsewhere/${there.slice(there.lastIndexOf("/") + 1)}`), lost))
      assert.isFalse(claimed(item("/elsewhere/Z"), lost))
      assert.isTrue(claimed(item("/elsewhere/Z"), { ...lost, name: "Z" }))
    }
  })

  it("so does one that may be about to move, and one without metadata", () => {
    const moving = torrent("/old/Z", { settled: false })
    assert.isTrue(claimed(item("/new/Z"), moving))
    assert.isFalse(claimed(item("/new/Z"), { ...moving, settled: true }))
    assert.isTrue(claimed(item("/new/Z"), torrent("", { name: "Z", places: [] })))
    assert.isFalse(claimed(item("/new/Y"), torrent("", { name: "Z", places: [] })))
  })

  it("a rootless torrent claims its files and not their neighbours; not found, all of its folder", () => {
    const rootless = torrent("/done", {
      rootless: true,
      name: "Pack",
      places: [at("/done/a.mkv"), at("/done/x/b.srt")]
    })
    assert.isTrue(claimed(item("/done/a.mkv"), rootless))
    assert.isTrue(claimed(item("/done/x"), rootless))
    assert.isFalse(claimed(item("/done/c.mkv"), rootless))
    const lost = { ...rootless, places: [{ path: "/done/a.mkv", found: absent<never>("", 0), inside: null }] }
    assert.isTrue(claimed(item("/done/c.mkv"), lost))
    assert.isFalse(claimed(item("/other/c.mkv"), lost))
  })

  it("a rootless item is claimed by its files, wherever they lead", () => {
    const pack = item("/done/Pack", { extents: ["/done/a", "/real/a"] })
    assert.isTrue(claimed(pack, torrent("/real", { name: "-" })))
    assert.isFalse(claimed(pack, torrent("/done/b", { name: "-" })))
  })

  it("with hardlinks elsewhere, what nobody could look into leaves the question open", () => {
    const linked = item("/done/Z", { linkedElsewhere: true })
    const blind = [unreadable<never>("", 0, "EACCES"), null].map((inside) =>
      torrent("/cross/Y", { places: [{ ...at("/cross/Y"), inside }] })
    )
    for (const claimant of blind) assert.isNotNull(claimsOn(linked, [claimant]).unreadable)
    const unread = torrent("/cross/Y", {
      places: [{ path: "/cross/Y", found: unreadable("", 0, "EIO"), inside: null }]
    })
    assert.isNotNull(claimsOn(linked, [unread]).unreadable)
    assert.isNull(claimsOn(linked, [torrent("/cross/Y")]).unreadable)
    for (const claimant of blind) assert.isNull(claimsOn(item("/done/Z"), [claimant]).unreadable)
  })
})

describe("what is never deleted", () => {
  const protects = (pattern: string, at: string) => protectedBy([pattern], at) !== undefined
  it("is named literally, as a glob, or by a folder above it", () => {
    for (const [pattern, path] of [
      ["/a/b", "/a/b/c/d"],
      ["/a/b/", "/a/b"],
      ["/a/b/**", "/a/b"],
      ["/a/*/keep", "/a/.hidden/keep/x"],
      ["/a/**/keep", "/a/x/y/keep"],
      ["**/*.flac", "/a/.b/c\nd.flac"],
      ["/a/{x,y}", "/a/y/z"],
      ["/a/[xy]?", "/a/x1"],
      ["/a/[x]", "/a/[x]"],
      ["/a/b*", "/a/b\udc80"]
    ] as const) {
      assert.isTrue(protects(pattern, path), `${pattern} ${path}`)
    }
  })
  it("and nothing else is", () => {
    for (const [pattern, path] of [
      ["/a/b", "/a/bc"],
      ["/a/*/keep", "/a/x/y/keep"],
      ["/a/b.c", "/a/bxc"],
      ["/a/[!x]", "/a/x"],
      ["/a/b/c", "/a/b"],
      ["b", "/a/b"]
    ] as const) {
      assert.isFalse(protects(pattern, path), `${pattern} ${path}`)
    }
  })
})
