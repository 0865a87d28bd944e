import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Grade } from "../../src/domain/indexGrade.ts"
import { type DirectoryNode, identityOf, payloadId, treeId } from "../../src/domain/indexIdentity.ts"

const id = (letter: string) => `sha256:${letter.repeat(64)}`
const Content = Schema.Struct({
  size: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 })),
  contentId: Schema.Literals([id("a"), id("b"), id("c")])
})

const directory = (name: string, over: Partial<DirectoryNode> = {}): DirectoryNode => ({
  name,
  files: [],
  directories: [],
  whole: true,
  ...over
})
const file = (name: string, letter: string, size = 1, grade: Grade = "stable") => ({
  name,
  size,
  contentId: id(letter),
  grade
})

describe("payload identity", () => {
  it.prop("does not depend on order, names or empty files", [Schema.Array(Content)], ([contents]) => {
    const expected = payloadId(contents)
    assert.strictEqual(payloadId(contents.toReversed()), expected)
    assert.strictEqual(payloadId([...contents, { size: 0, contentId: id("d") }]), expected)
  })

  it.prop(
    "is that of a multiset: one more, one less or another is another",
    [Schema.Array(Content), Content],
    ([all, one]) => {
      if (one.size === 0) return
      assert.notStrictEqual(payloadId([...all, one]), payloadId(all))
      assert.notStrictEqual(payloadId([...all, one, one]), payloadId([...all, one]))
      assert.notStrictEqual(payloadId([...all, one]), payloadId([...all, { ...one, size: one.size + 10 }]))
    }
  )

  it("nothing is no payload", () => {
    assert.isUndefined(payloadId([]))
    assert.isUndefined(payloadId([{ size: 0, contentId: id("a") }]))
  })
})

describe("subtree identity", () => {
  it("names, layout and kinds count; order does not", () => {
    const entries = [
      { name: "a", kind: "file", id: id("a") },
      { name: "b", kind: "directory", id: "tree:1" }
    ] as const
    assert.strictEqual(treeId(entries), treeId(entries.toReversed()))
    assert.notStrictEqual(treeId(entries), treeId([{ ...entries[0], name: "A" }, entries[1]]))
    assert.notStrictEqual(treeId(entries), treeId([{ ...entries[0], kind: "directory" }, entries[1]]))
    assert.notStrictEqual(
      treeId([{ name: "\udcff", kind: "file", id: "1" }]),
      treeId([{ name: "\ufffd", kind: "file", id: "1" }])
    )
  })

  it("the same contents in another layout are the same payload and another tree", () => {
    const flat = directory("x", { files: [file("a", "a"), file("b", "b")] })
    const deep = directory("y", { directories: [directory("in", { files: [file("1", "b"), file("2", "a")] })] })
    const [one, other] = [identityOf(flat), identityOf(deep)]
    assert.strictEqual(one?.payload, other?.payload)
    assert.notStrictEqual(one?.tree, other?.tree)
    assert.deepInclude(other, { files: 2, bytes: 2, grade: "stable" })
    assert.strictEqual(identityOf({ ...flat, name: "renamed" })?.tree, one?.tree, "its own name is not part of it")
  })

  it("there is none where anything below is not known, and the grade is that of the worst", () => {
    const below = (over: Partial<DirectoryNode>) => directory("top", { directories: [directory("in", over)] })
    assert.isUndefined(identityOf(below({ files: [file("a", "a", 1, "none")] })))
    assert.isUndefined(identityOf(below({ whole: false })))
    assert.strictEqual(identityOf(below({ files: [file("a", "a", 1, "suspect")] }))?.grade, "suspect")
    const noted: Array<string> = []
    const mixed = directory("top", { directories: [directory("good"), directory("bad", { whole: false })] })
    assert.isUndefined(identityOf(mixed, ({ name }) => void noted.push(name)))
    assert.deepStrictEqual(noted, ["good"], "what is known beside it is told all the same")
  })
})
