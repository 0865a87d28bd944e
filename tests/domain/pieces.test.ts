import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { createHash } from "node:crypto"
import { type Metainfo, type MetainfoFile, parse } from "../../src/domain/metainfo.ts"
import { coverageOf, type Identity, identityOf, layoutOf, type Segment } from "../../src/domain/pieces.ts"
import { type Content, makeMetainfo, type MetainfoOptions, noise } from "../fakes/metainfo.ts"

const metainfoOf = (options: MetainfoOptions): Metainfo => {
  const parsed = parse(makeMetainfo(options).bytes)
  if ("why" in parsed) throw new Error(parsed.why)
  return parsed.metainfo
}
const fileAt = (metainfo: Metainfo, index: number): { metainfo: Metainfo; file: MetainfoFile } => {
  const file = metainfo.files.find((one) => one.index === index)
  if (file === undefined) throw new Error(`no file ${index}`)
  return { metainfo, file }
}

const Sizes = Arbitrary.array(Arbitrary.schema(Schema.Literals([0, 1, 100, 16_383, 16_384, 16_385, 32_768, 50_000])))
const PieceLength = Arbitrary.schema(Schema.Literals([16_384, 32_768, 65_536]))
const Pads = Arbitrary.schema(Schema.Boolean)
const madeOf = (sizes: ReadonlyArray<number>): ReadonlyArray<Content> =>
  [...sizes.slice(0, 8), 7].map((size, at) => ({ path: `f${at}`, bytes: noise(size, `f${at}`) }))

describe("how files make up v1 pieces", () => {
  it.prop(
    "every piece is made of exactly the bytes that its hash was taken over, and every byte is in one piece",
    [Sizes, PieceLength, Pads],
    ([sizes, pieceLength, pads]) => {
      const files = madeOf(sizes)
      const metainfo = metainfoOf({ version: "v1", name: "P", files, pieceLength, pads })
      const layout = layoutOf(metainfo)
      const pieces = new Map<number, ReadonlyArray<Segment>>()
      for (const { count, first, from, position } of layout?.inner ?? []) {
        for (let at = 0; at < count; at += 1) {
          assert.isFalse(pieces.has(first + at))
          pieces.set(first + at, [{ position, from: from + at * pieceLength, length: pieceLength }])
        }
      }
      for (const { piece, segments } of layout?.shared ?? []) {
        assert.isFalse(pieces.has(piece))
        assert.isTrue(segments.every(({ length }) => length > 0))
        pieces.set(piece, segments)
      }
      const digests = Array.from({ length: pieces.size }, (_, piece) =>
        (pieces.get(piece) ?? []).reduce((hash, { from, length, position }) => {
          const file = metainfo.files[position]
          const bytes = file?.pad === false ? files[file.index ?? -1]?.bytes : new Uint8Array(file?.size ?? 0)
          return hash.update((bytes ?? new Uint8Array()).subarray(from, from + length))
        }, createHash("sha1"))
      )
      assert.deepStrictEqual(Buffer.concat(digests.map((hash) => hash.digest())), Buffer.from(metainfo.pieces ?? []))
    },
    { arbitrary: { runs: 150 } }
  )

  it.prop(
    "12 what is checkable and what is at an edge are all pieces that touch a present file",
    [Sizes, PieceLength, Pads, Arbitrary.array(Arbitrary.schema(Schema.Boolean))],
    ([sizes, pieceLength, pads, there]) => {
      const metainfo = metainfoOf({ version: "v1", name: "P", files: madeOf(sizes), pieceLength, pads })
      const present = new Set(metainfo.files.flatMap(({ position }) => (there[position] === false ? [] : [position])))
      const { checkable, edges, unprovenBytes } = coverageOf(metainfo, present)
      const touched = new Set<number>()
      const blocked = new Set<number>()
      const onlyPads = new Set(Array.from({ length: (metainfo.pieces?.length ?? 0) / 20 }, (_, piece) => piece))
      let bytesAtEdges = 0
      for (const { offset, pad, position, size } of metainfo.files) {
        for (let at = offset ?? 0; at < (offset ?? 0) + size; at += 1) {
          const piece = Math.floor(at / pieceLength)
          if (pad) continue
          onlyPads.delete(piece)
          if (present.has(position)) touched.add(piece)
          else blocked.add(piece)
        }
      }
      for (const { offset, pad, position, size } of metainfo.files) {
        if (pad || !present.has(position)) continue
        for (let at = offset ?? 0; at < (offset ?? 0) + size; at += 1) {
          if (blocked.has(Math.floor(at / pieceLength))) bytesAtEdges += 1
        }
      }
      const expected = [...touched].filter((piece) => blocked.has(piece)).toSorted((a, b) => a - b)
      assert.deepStrictEqual(
        edges.map(({ piece }) => piece),
        expected
      )
      assert.strictEqual(checkable, touched.size - expected.length + onlyPads.size)
      assert.strictEqual(unprovenBytes, bytesAtEdges)
    },
    { arbitrary: { runs: 40 } }
  )

  it("a v2 tree has no edges, and covers what a hybrid's v1 half does not", () => {
    const files = madeOf([100, 50_000])
    const v2 = metainfoOf({ version: "v2", name: "P", files })
    assert.isUndefined(layoutOf(v2))
    assert.deepStrictEqual(coverageOf(v2, new Set([0])), { checkable: 0, edges: [], unprovenBytes: 0 })
    const hybrid = metainfoOf({ version: "hybrid", name: "P", files })
    assert.deepInclude(coverageOf(hybrid, new Set([0])), { edges: [], unprovenBytes: 0 })
  })
})

describe("identity without reading", () => {
  const film = noise(200_000, "film")
  const alone = (over: Partial<MetainfoOptions> = {}) =>
    fileAt(metainfoOf({ version: "v1", name: "film", files: film, ...over }), 0)
  const behind = (before: number, over: Partial<MetainfoOptions> = {}) => {
    const files = [
      { path: "a", bytes: noise(before, "a") },
      { path: "film", bytes: film },
      { path: "z", bytes: noise(10, "z") }
    ]
    return fileAt(metainfoOf({ version: "v1", name: "D", files, ...over }), 1)
  }

  it("equal single files of equal pieces are the same, to the last byte; others are not", () => {
    const same: Identity = { _tag: "same", unproven: [] }
    assert.deepStrictEqual<Identity>(identityOf(alone(), alone({ name: "other", sourceTag: "x" })), same)
    const rotten = Buffer.from(film)
    rotten[199_999] = (rotten[199_999] ?? 0) ^ 1
    assert.deepStrictEqual<Identity>(identityOf(alone(), alone({ files: rotten })), { _tag: "different" })
    assert.deepStrictEqual<Identity>(identityOf(alone(), alone({ files: film.subarray(1) })), { _tag: "different" })
    assert.deepStrictEqual<Identity>(identityOf(alone(), alone({ pieceLength: 32_768 })), { _tag: "unknown" })
    const empty = fileAt(
      metainfoOf({
        version: "v1",
        name: "e",
        files: [
          { path: "e", bytes: new Uint8Array() },
          { path: "f", bytes: film }
        ]
      }),
      0
    )
    assert.deepStrictEqual<Identity>(identityOf(empty, empty), same)
  })

  it("equal roots are the same content whatever the piece length, and other roots another one", () => {
    for (const version of ["v2", "hybrid"] as const) {
      const one = alone({ version })
      const other = behind(99, { version: "v2", pieceLength: 65_536 })
      assert.deepStrictEqual<Identity>(identityOf(one, other), { _tag: "same", unproven: [] })
      assert.deepStrictEqual<Identity>(identityOf(one, alone({ version, files: noise(200_000, "g") })), {
        _tag: "different"
      })
    }
    assert.deepStrictEqual<Identity>(identityOf(alone(), alone({ version: "v2" })), { _tag: "unknown" })
    assert.deepStrictEqual<Identity>(identityOf(alone(), alone({ version: "hybrid" })), { _tag: "same", unproven: [] })
  })

  it("v1 pieces count where they are cut alike; the edges stay unproven", () => {
    const tail = { from: 196_608, to: 200_000 }
    assert.deepStrictEqual<Identity>(identityOf(alone(), behind(16_384)), { _tag: "same", unproven: [tail] })
    assert.deepStrictEqual<Identity>(identityOf(alone(), behind(16_384, { pads: true })), {
      _tag: "same",
      unproven: [tail]
    })
    assert.deepStrictEqual<Identity>(identityOf(alone(), behind(16_385)), { _tag: "unknown" })
    assert.deepStrictEqual<Identity>(identityOf(behind(100), behind(16_484)), {
      _tag: "same",
      unproven: [
        { from: 0, to: 16_284 },
        { from: 196_508, to: 200_000 }
      ]
    })
    // Both end in zeros up to the next piece: the same bytes were hashed.
    assert.deepStrictEqual<Identity>(identityOf(behind(5, { pads: true }), behind(40_000, { version: "hybrid" })), {
      _tag: "same",
      unproven: []
    })
    const small = { version: "v1", name: "S", files: madeOf([100, 100]), pieceLength: 16_384 } as const
    assert.deepStrictEqual<Identity>(identityOf(fileAt(metainfoOf(small), 0), fileAt(metainfoOf(small), 0)), {
      _tag: "unknown"
    })
  })

  it.prop(
    "what is called the same is the same outside the unproven ranges, and what is called different differs",
    [
      PieceLength,
      Pads,
      Schema.Literals([0, 16_384, 32_768, 77]),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 199_999 })),
      Pads
    ],
    ([pieceLength, pads, before, at, isFlipped]) => {
      const other = Buffer.from(film)
      if (isFlipped) other[at] = (other[at] ?? 0) ^ 1
      const one = behind(16_384, { pieceLength, pads })
      const files = [
        { path: "x", bytes: noise(before, "x") },
        { path: "y", bytes: other }
      ]
      const identity = identityOf(one, fileAt(metainfoOf({ version: "v1", name: "O", files, pieceLength, pads }), 1))
      if (identity._tag === "different") assert.isTrue(isFlipped)
      if (identity._tag !== "same") return
      const left = Buffer.from(film)
      for (const { from, to } of identity.unproven) {
        left.fill(0, from, to)
        other.fill(0, from, to)
      }
      assert.isTrue(left.equals(other))
    },
    { arbitrary: { runs: 200 } }
  )
})
