import { assert, describe, it } from "@effect/vitest"
import type { ItemFile } from "../../src/domain/items.ts"
import {
  clash,
  destination,
  digestOf,
  memberDestination,
  planExtracted,
  planOriginals,
  stampOf
} from "../../src/domain/manifest.ts"
import { fromBytes } from "../../src/platform/BytePath.ts"

const fence = { dev: 1n, ino: 2n, size: 3n, mtimeNs: 4n, ctimeNs: 5n }
const file = (path: string, over: Partial<typeof fence> = {}) => ({ path, fence: { ...fence, ...over } })
const at = (path: string, remote = "downloads") => ({ path: `/completed/${path}`, remote })

describe("where things go", () => {
  it("a single file to its own name, what is in a folder below it", () => {
    assert.strictEqual(destination(at("Film.mkv")), "downloads/Film.mkv")
    const item = at("Show", "tv")
    assert.deepStrictEqual(
      planOriginals(item, [file("one.mkv"), file("Season 1/new\nline")]).map(({ remote, size }) => [remote, size]),
      [
        ["tv/Show/one.mkv", 3],
        ["tv/Show/Season 1/new\u240aline", 3]
      ]
    )
    assert.deepStrictEqual(planOriginals(at("Film.mkv"), [file("")])[0]?.remote, "downloads/Film.mkv")
    assert.strictEqual(destination(at("X", "")), "X")
  })

  it("members of a folder's archives beside its files; those of a single archive in a folder of its name", () => {
    const members = (path: string, kind: "file" | "directory") =>
      planExtracted({ ...at(path), kind }, [file("film.mkv")])[0]?.remote
    assert.strictEqual(members("Show", "directory"), "downloads/Show/film.mkv")
    for (const [name, folder] of [
      ["Film.rar", "Film"],
      ["Film.part01.rar", "Film"],
      ["Film.tar.gz", "Film"],
      ["Film.7z", "Film"],
      ["Film.2024.zip", "Film.2024"],
      ["noext", "noext (extracted)"],
      [".zip", ".zip (extracted)"]
    ] as const) {
      assert.strictEqual(members(name, "file"), `downloads/${folder}/film.mkv`, name)
      assert.notStrictEqual(memberDestination({ ...at(name), kind: "file" }), destination(at(name)))
    }
  })
})

describe("what is one manifest", () => {
  it("names that would meet on the remote are told with the place where they meet", () => {
    const plan = planOriginals(at("Show"), [file("a\u2401"), file("a%E2%90%81"), file("b")])
    assert.include(clash(plan), "downloads/Show/a%E2%90%81")
    assert.isUndefined(clash(planOriginals(at("Show"), [file("A"), file("a"), file("caf\u00e9"), file("cafe\u0301")])))
  })

  it("the stamp moves with a name, an inode, a size, an mtime, a file more or less, and not with a hardlink", () => {
    const stamp = stampOf([file("a"), file("b")])
    assert.strictEqual(stampOf([file("a", { ctimeNs: 99n }), file("b")]), stamp)
    assert.strictEqual(stampOf([file("a", { dev: 9n }), file("b", { dev: 9n })]), stamp, "another boot")
    const others = [
      [file("a")],
      [file("a"), file("b"), file("c")],
      [file("a"), file("B")],
      [file("a", { ino: 9n }), file("b")],
      [file("a", { size: 9n }), file("b")],
      [file("a", { mtimeNs: 9n }), file("b")],
      [file(fromBytes(Buffer.from([0xff]))), file("b")],
      [file(fromBytes(Buffer.from([0xfe]))), file("b")]
    ].map(stampOf)
    assert.strictEqual(new Set([stamp, ...others]).size, others.length + 1)
  })

  it("names cannot be shifted between each other to give the same stamp", () => {
    assert.notStrictEqual(stampOf([file("a\n1"), file("b")]), stampOf([file("a"), file("1\nb")]))
  })

  it("the digest knows place, size and hash of every file, and no order", () => {
    const sent = (remote: string, over: Partial<ItemFile> = {}): ItemFile => ({
      itemId: 1,
      path: remote,
      origin: "original",
      size: 3,
      fence,
      remote,
      sha1: "s",
      hash: null,
      state: "verified",
      proof: "hash",
      verifiedAt: 1,
      ...over
    })
    const digest = digestOf([sent("a"), sent("b")])
    assert.strictEqual(
      digestOf([sent("b"), sent("a", { verifiedAt: 9, proof: "claim", fence: { ...fence, ino: 9n } })]),
      digest
    )
    const others = [
      [sent("a")],
      [sent("a"), sent("c")],
      [sent("a", { size: 4 }), sent("b")],
      [sent("a", { sha1: "t" }), sent("b")],
      [sent("a", { sha1: null }), sent("b")]
    ].map(digestOf)
    assert.strictEqual(new Set([digest, ...others]).size, others.length + 1)
  })
})
