import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { basename, dirname, display, fromBytes, isText, isWithin, join, toBytes } from "../../src/platform/BytePath.ts"

const Bytes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))
/** Bytes that are often near UTF-8: whole characters, cut ones, overlong ones, surrogates. */
const pieces = ["a", "é", "e\u0301", "漢", "😀", "/", "\n", "'", "-", " "].map((text) => [...Buffer.from(text)])
const Pieces = Schema.Array(
  Schema.Literals(
    [
      ...pieces,
      [0xff],
      [0xc3],
      [0xe2, 0x82],
      [0xf0, 0x9f, 0x98],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xed, 0xb2, 0x80]
    ].map((bytes) => bytes.join(","))
  )
)
const piecesToBytes = (list: ReadonlyArray<string>) =>
  Buffer.from(list.flatMap((piece) => piece.split(",").map(Number)))

describe("names are bytes", () => {
  it.prop("any bytes survive the round trip", [Bytes], ([bytes]) => {
    assert.deepStrictEqual([...toBytes(fromBytes(Uint8Array.from(bytes)))], [...bytes])
  })

  it.prop("so do bytes that are nearly text", [Pieces], ([list]) => {
    const bytes = piecesToBytes(list)
    assert.strictEqual(toBytes(fromBytes(bytes)).toString("hex"), bytes.toString("hex"))
  })

  it.prop("different bytes are different strings", [Pieces, Pieces], ([one, other]) => {
    const [a, b] = [piecesToBytes(one), piecesToBytes(other)]
    assert.strictEqual(fromBytes(a) === fromBytes(b), a.equals(b))
  })

  it.prop("text stays the text it is, and only text is text", [Pieces], ([list]) => {
    const bytes = piecesToBytes(list)
    const valid = Buffer.from(bytes.toString("utf8")).equals(bytes)
    assert.strictEqual(isText(fromBytes(bytes)), valid)
    if (valid) assert.strictEqual(fromBytes(bytes), bytes.toString("utf8"))
  })

  it.prop("what is shown is one line without control characters", [Bytes], ([bytes]) => {
    assert.notMatch(display(fromBytes(Uint8Array.from(bytes))), /[\u0000-\u001f\u007f-\u009f\uD800-\uDFFF]/u)
  })
})

describe("paths", () => {
  const Name = Schema.String.check(Schema.isPattern(/^[a-z. ]{1,8}$/))

  it.prop("dirname and basename undo join", [Name, Name], ([directory, name]) => {
    const path = join(`/${directory}`, name)
    assert.deepStrictEqual([dirname(path), basename(path)], [`/${directory}`, name])
    assert.isTrue(isWithin(path, `/${directory}`))
  })

  it("a neighbour with a longer name is not within", () => {
    assert.isFalse(isWithin("/a/bc", "/a/b"))
    assert.isTrue(isWithin("/a/b/c", "/a/b"))
    assert.isTrue(isWithin("/a", "/"))
    assert.strictEqual(join("/", "a"), "/a")
    assert.strictEqual(dirname("/a"), "/")
  })

  it("NFC and NFD stay two names", () => {
    assert.notStrictEqual(fromBytes(Buffer.from("é")), fromBytes(Buffer.from("e\u0301")))
  })
})
