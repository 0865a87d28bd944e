import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { type Facts, type Listing, pack, packed, stampOf, unpack } from "../../src/domain/indexStamp.ts"

const facts: Facts = {
  ino: 2n ** 64n - 1n,
  birthtimeNs: 1n,
  size: 60_000_000_000n,
  mtimeNs: -1n,
  ctimeNs: 1_700_000_000_123_456_789n,
  nlink: 2n
}

const listing = (files: ReadonlyArray<readonly [string, Facts]>, over: Partial<Listing> = {}): Listing => {
  const numbers = new BigInt64Array(files.length * packed)
  for (const [index, [, one]] of files.entries()) pack(numbers, index, one)
  return {
    path: "/p",
    facts,
    parent: 5n,
    names: files.map(([name]) => name),
    files: numbers,
    directories: [],
    others: 0,
    ...over
  }
}

const hex = (one: Listing) => stampOf(one).toString("hex")

describe("a directory's stamp", () => {
  it("keeps every number exactly", () => {
    assert.deepStrictEqual(unpack(listing([["a", facts]]).files, 0), facts)
  })

  it("tells the smallest difference in any fact of any file", () => {
    const base = hex(listing([["a", facts]]))
    for (const key of ["ino", "birthtimeNs", "size", "mtimeNs", "ctimeNs", "nlink"] as const) {
      assert.notStrictEqual(hex(listing([["a", { ...facts, [key]: facts[key] - 1n }]])), base, key)
    }
    assert.notStrictEqual(hex(listing([["b", facts]])), base)
    const child = { name: "d", facts }
    for (const over of [
      { path: "/q" },
      { parent: null },
      { others: 1 },
      { facts: { ...facts, birthtimeNs: 2n } },
      { directories: [child] }
    ]) {
      assert.notStrictEqual(hex(listing([["a", facts]], over)), base, JSON.stringify(Object.keys(over)))
    }
    assert.strictEqual(
      hex(listing([["a", facts]], { facts: { ...facts, mtimeNs: 9n } })),
      base,
      "its own times are not kept"
    )
  })

  const Name = Schema.String.check(Schema.isPattern(/^[^/\0]{1,6}$/))
  it.prop("different names are different stamps", [Schema.Array(Name), Schema.Array(Name)], ([one, other]) => {
    const of = (names: ReadonlyArray<string>) => hex(listing(names.map((name) => [name, facts])))
    assert.strictEqual(
      of(one) === of(other),
      one.length === other.length && one.every((name, at) => name === other[at])
    )
  })
})
