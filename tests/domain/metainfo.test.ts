import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { createHash } from "node:crypto"
import { type Metainfo, parse } from "../../src/domain/metainfo.ts"
import { fromBytes } from "../../src/platform/BytePath.ts"
import { makeMetainfo, type MetainfoOptions, noise } from "../fakes/metainfo.ts"
import { type Bencode, encode } from "../real/bencode.ts"

const parsed = (bytes: Uint8Array): Metainfo => {
  const result = parse(bytes)
  if ("why" in result) throw new Error(result.why)
  return result.metainfo
}
const whyOf = (bytes: Uint8Array): string => {
  const result = parse(bytes)
  return "why" in result ? result.why : ""
}

const versions = ["v1", "v2", "hybrid"] as const
const odd = fromBytes(Buffer.from([0x78, 0xff, 0x0a]))
const show: MetainfoOptions = {
  version: "hybrid",
  name: "Show",
  files: [
    { path: "a.mkv", bytes: noise(40_000, "a") },
    { path: "b/c.srt", bytes: noise(100, "c") },
    { path: "b/empty", bytes: new Uint8Array() },
    { path: odd, bytes: noise(16_384, "odd") }
  ]
}

const v1 = (info: Readonly<Record<string, Bencode>>) =>
  encode({ info: { name: "n", "piece length": 16_384, pieces: Buffer.alloc(20), ...info } })
const list = (...paths: ReadonlyArray<ReadonlyArray<string>>) =>
  v1({ files: paths.map((path) => ({ length: 1, path })) })

describe("a torrent's metainfo", () => {
  it("v1: the files in their order, with where they begin in the stream", () => {
    const torrent = makeMetainfo({ ...show, version: "v1" })
    const metainfo = parsed(torrent.bytes)
    assert.deepStrictEqual(
      metainfo.files.map(({ index, offset, pad, path, piecesRoot, size }) => [
        path,
        size,
        offset,
        index,
        pad,
        piecesRoot
      ]),
      [
        ["a.mkv", 40_000, 0, 0, false, null],
        ["b/c.srt", 100, 40_000, 1, false, null],
        ["b/empty", 0, 40_100, 2, false, null],
        [odd, 16_384, 40_100, 3, false, null]
      ]
    )
    assert.deepInclude(metainfo, { name: "Show", multiFile: true, pieceLength: 16_384, infohashV2: null })
    assert.strictEqual(metainfo.infohashV1, torrent.infohash)
    assert.strictEqual(metainfo.pieces?.length, Math.ceil(56_484 / 16_384) * 20)
  })

  it("v2: the tree's files, no stream, a layer for what is longer than a piece", () => {
    const torrent = makeMetainfo({ ...show, version: "v2" })
    const metainfo = parsed(torrent.bytes)
    assert.deepStrictEqual(
      metainfo.files.map(({ offset, path, piecesRoot, size }) => [path, size, offset, piecesRoot?.length]),
      [
        ["a.mkv", 40_000, null, 64],
        ["b/c.srt", 100, null, 64],
        ["b/empty", 0, null, undefined],
        [odd, 16_384, null, 64]
      ]
    )
    assert.deepInclude(metainfo, { infohashV1: null, infohashV2: torrent.infohashV2, pieces: null })
    assert.deepStrictEqual([...metainfo.pieceLayers.keys()], [metainfo.files[0]?.piecesRoot])
    assert.strictEqual(metainfo.files[1]?.piecesRoot, createHash("sha256").update(noise(100, "c")).digest("hex"))
  })

  it("11 pad files: in the list, not in the client's numbers, and the next file starts a piece", () => {
    const metainfo = parsed(makeMetainfo(show).bytes)
    assert.deepStrictEqual(
      metainfo.files.map(({ index, pad, path, position }) => [position, index, pad, path]),
      [
        [0, 0, false, "a.mkv"],
        [1, null, true, ".pad/9152"],
        [2, 1, false, "b/c.srt"],
        [3, null, true, ".pad/16284"],
        [4, 2, false, "b/empty"],
        [5, 3, false, odd]
      ]
    )
    assert.isTrue(metainfo.files.every(({ offset, pad }) => pad || (offset ?? 1) % 16_384 === 0))
    assert.isNotNull(metainfo.infohashV1)
    assert.isNotNull(metainfo.infohashV2)
  })

  it("a torrent of one file has its name; a folder that holds one file is none in v2 alone", () => {
    for (const version of versions) {
      const alone = parsed(makeMetainfo({ version, name: "f.bin", files: noise(20_000, "f") }).bytes)
      assert.deepInclude(alone, { name: "f.bin", multiFile: false })
      assert.strictEqual(alone.files[0]?.path, "f.bin")
    }
    const folder = { name: "f", files: [{ path: "f.bin", bytes: noise(20_000, "f") }] }
    const [v1, v2, hybrid] = versions.map((version) => parsed(makeMetainfo({ ...folder, version }).bytes))
    assert.deepStrictEqual([v1?.multiFile, v1?.name, v1?.files[0]?.path], [true, "f", "f.bin"])
    assert.deepStrictEqual([hybrid?.multiFile, hybrid?.name, hybrid?.files[0]?.path], [true, "f", "f.bin"])
    // As clients do: a v2 tree alone cannot say it.
    assert.deepStrictEqual([v2?.multiFile, v2?.name, v2?.files[0]?.path], [false, "f", "f.bin"])
  })

  it("a piece layer that a client does not have is left out; one that does not add up is refused", () => {
    const torrent = makeMetainfo({ ...show, version: "v2" })
    const at = torrent.bytes.indexOf("12:piece layers")
    const without = Buffer.concat([torrent.bytes.subarray(0, at), Buffer.from("12:piece layersdee")])
    assert.strictEqual(parsed(without).pieceLayers.size, 0)
    const wrong = Buffer.from(torrent.bytes)
    wrong[wrong.length - 5] = (wrong[wrong.length - 5] ?? 0) ^ 1
    assert.match(whyOf(wrong), /does not add up/)
  })

  it("paths that lead elsewhere, name nothing, meet, or are links are refused", () => {
    const refused: ReadonlyArray<readonly [Buffer, RegExp]> = [
      [list([".."]), /not the name/],
      [list(["a", "..", "b"]), /not the name/],
      [list(["."]), /not the name/],
      [list([""]), /not the name/],
      [list(["/etc/passwd"]), /not the name/],
      [list(["a/b"]), /not the name/],
      [list(["a\0b"]), /not the name/],
      [list([]), /no path/],
      [list(["a"], ["a"]), /two of its files/],
      [list(["a"], ["a", "b"]), /a file and a folder/],
      [v1({ name: "..", length: 1 }), /not the name/],
      [v1({ name: "", length: 1 }), /not the name/],
      [v1({ files: [{ length: 0, path: ["a"], attr: "l", "symlink path": ["b"] }] }), /symlinks/]
    ]
    for (const [bytes, why] of refused) assert.match(whyOf(bytes), why)
    assert.strictEqual(whyOf(list(["a", "...", " "], ["A"], ["a ", "b"])), "")
  })

  it("lengths that are not, or that do not fit together, are refused", () => {
    const refused: ReadonlyArray<readonly [Buffer, RegExp]> = [
      [v1({ length: -1 }), /no length/],
      [v1({}), /no length/],
      [v1({ length: 1, "piece length": 0 }), /piece length/],
      [v1({ length: 1, "piece length": 2 ** 31 }), /piece length/],
      [v1({ length: 16_385 }), /one SHA-1/],
      [v1({ length: 0, pieces: Buffer.alloc(0) }), /no bytes/],
      [v1({ length: 1, files: [] }), /list of files/],
      [
        v1({ files: Array.from({ length: 3 }, () => ({ length: 2 ** 52, path: ["a"] })) }),
        /longer than can be counted/
      ],
      [Buffer.from("d4:infod6:lengthi99999999999999999999e4:name1:n12:piece lengthi1e6:pieces0:ee"), /no length/],
      [v1({ length: 1, "meta version": 3 }), /version/],
      [v1({ length: 1, "meta version": 2 }), /no file tree/],
      [encode({ info: { name: "n", "piece length": 16_384 } }), /no pieces/],
      [encode({ nothing: 1 }), /no info/],
      [encode([1]), /no info/]
    ]
    for (const [bytes, why] of refused) assert.match(whyOf(bytes), why)
  })

  it("halves of a hybrid that name different files are refused", () => {
    const one = makeMetainfo(show).bytes.toString("latin1")
    for (const [from, to] of [
      ["5:a.mkv", "5:b.mkv"],
      ["6:lengthi100e", "6:lengthi101e"]
    ] as const) {
      assert.match(whyOf(Buffer.from(one.replace(from, to), "latin1")), /do not list the same files/)
    }
    const root = { "": { length: 9, "pieces root": Buffer.alloc(32) } }
    const files = ["a", "b"].map((name) => ({ length: 9, path: [name] }))
    const unpadded = v1({ "meta version": 2, files, "file tree": { a: root, b: root } })
    assert.match(whyOf(unpadded), /not at the start of a piece/)
  })

  it("bytes that are no torrent are told so, however deep, long or short", () => {
    for (const text of ["", "d", "i1", "1:", "<html>", "d1:ai1e1:ai2ee", "99999999999:x", "i--1e", "d4:infodee "]) {
      assert.notStrictEqual(whyOf(Buffer.from(text)), "", text)
    }
    for (const one of ["l", "d1:a", "d4:info"]) {
      assert.match(whyOf(Buffer.from(one.repeat(1_000_000))), /nested/)
    }
    const { bytes } = makeMetainfo(show)
    for (let length = 0; length < bytes.length; length += 7) {
      assert.notStrictEqual(whyOf(bytes.subarray(0, length)), "", String(length))
    }
  })

  it.prop(
    "no change of a few bytes makes it throw",
    [Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))))],
    ([changes]) => {
      const bytes = Buffer.from(makeMetainfo(show).bytes)
      for (const change of changes) bytes[(change * 31) % bytes.length] = change & 0xff
      const result = parse(bytes)
      assert.isTrue("why" in result || result.metainfo.files.length > 0)
    },
    { arbitrary: { runs: 300 } }
  )
})
