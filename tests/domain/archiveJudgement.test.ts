import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import {
  allowedBytes,
  collisions,
  extractorOrder,
  judgeOutput,
  placement,
  stagingPath,
  Taken
} from "../../src/domain/archiveJudgement.ts"
import type { ArchiveEntry, EntryKind } from "../../src/domain/archives.ts"
import { basename, dirname } from "../../src/platform/BytePath.ts"

const entry = (path: string, size: number | undefined = 1, kind: EntryKind = "file"): ArchiveEntry => ({
  path,
  kind,
  size,
  crc32: undefined,
  encrypted: false,
  rarCompressed: false,
  index: 0
})

describe("the extractor", () => {
  it("is 7-Zip but for RAR's own compression and zips with names that are no text", () => {
    assert.deepStrictEqual(extractorOrder([entry("a")], true), ["7zz", "unar"])
    assert.deepStrictEqual(extractorOrder([entry("a"), { ...entry("b"), rarCompressed: true }], false), ["unar", "7zz"])
    assert.deepStrictEqual(extractorOrder([entry("\udc83a")], true), ["unar", "7zz"])
    assert.deepStrictEqual(extractorOrder([entry("\udc83a")], false), ["7zz", "unar"])
  })

  it("may write what was declared and a little more", () => {
    assert.strictEqual(allowedBytes(0), 16 * 1024 ** 2)
    assert.isTrue(allowedBytes(2 ** 40) < 1.03 * 2 ** 40)
  })
})

describe("collisions", () => {
  it("are names twice, and files above files; not names that differ in case or form", () => {
    assert.deepStrictEqual(
      collisions([entry("a"), entry("b/a"), entry("A"), entry("é"), entry("é".normalize("NFD"))]),
      []
    )
    assert.deepStrictEqual(collisions([entry("a"), entry("./a")]), ["a"])
    assert.deepStrictEqual(collisions([entry("a"), entry("../a")]), ["a"])
    assert.deepStrictEqual(collisions([entry("a/b/c"), entry("a")]), ["a"])
    assert.deepStrictEqual(collisions([entry("a", 1, "directory"), entry("a/b"), entry("a/c", 1, "symlink")]), [])
  })
})

const PathText = Schema.String.check(Schema.isPattern(/^[abc]{1,2}(\/[abc]{1,2}){0,2}$/))
const Entries = Arbitrary.array(
  Arbitrary.schema(
    Schema.Struct({ path: PathText, size: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 })) })
  )
).pipe(
  Arbitrary.map((all) => [...new Map(all.map((one) => [one.path, one])).values()]),
  Arbitrary.map((all) => all.map(({ path, size }) => entry(path, size)))
)
const filesOf = (entries: ReadonlyArray<ArchiveEntry>) => entries.map(({ path, size }) => ({ path, size: size ?? 0 }))

describe("what came out against what was declared", () => {
  it.prop("all there: everything is kept", [Entries], ([entries]) => {
    const verdict = judgeOutput(entries, filesOf(entries).toReversed())
    assert.deepStrictEqual([verdict.wanting, verdict.unexplained], [[], []])
    assert.deepStrictEqual(
      verdict.kept.map(({ file }) => file.path).toSorted(),
      entries.map(({ path }) => path).toSorted()
    )
  })

  it.prop("any one file missing, added or of another size is noticed", [Entries, Schema.Natural], ([entries, seed]) => {
    const files = filesOf(entries)
    const extra = judgeOutput(entries, [...files, { path: "zz", size: seed % 5 }])
    assert.strictEqual(extra.unexplained.length + extra.wanting.length, 1)
    if (entries.length === 0) return
    const at = seed % entries.length
    assert.strictEqual(judgeOutput(entries, files.toSpliced(at, 1)).wanting.length, 1)
    const grown = files.map((file, index) => (index === at ? { ...file, size: 1000 } : file))
    const verdict = judgeOutput(entries, grown)
    assert.deepStrictEqual([verdict.wanting.length, verdict.unexplained.length], [1, 1])
  })

  it("a name that the extractor had to change is known by its size, once", () => {
    const entries = [entry("../up", 5), entry("b\udcff", 7)]
    assert.strictEqual(
      judgeOutput(entries, [
        { path: "__Parent__/up", size: 5 },
        { path: "bÿ", size: 7 }
      ]).kept.length,
      2
    )
    const twice = judgeOutput([entry("x\udcff", 7), entry("y\udcff", 7)], [{ path: "xÿ", size: 7 }])
    assert.deepStrictEqual([twice.kept.length, twice.wanting.length], [1, 1])
  })

  it("what stands for a link or a FIFO is not kept, and an absolute name is where it was put", () => {
    const verdict = judgeOutput(
      [entry("pipe", 0, "fifo"), entry("/etc/passwd", 3), entry("new\nline", 2)],
      [
        { path: "pipe", size: 0 },
        { path: "etc/passwd", size: 3 },
        { path: "new_line", size: 2 }
      ]
    )
    assert.deepStrictEqual(
      verdict.kept.map(({ file }) => file.path),
      ["etc/passwd", "new_line"]
    )
    assert.deepStrictEqual([verdict.wanting, verdict.unexplained], [[], []])
  })
})

describe("places", () => {
  const at = (taken: ReadonlyArray<string>, directory: string, name: string, ...members: ReadonlyArray<string>) =>
    placement(
      new Taken(taken),
      directory,
      name,
      members.map((path) => ({ path, size: 1 }))
    )

  it("are beside the volumes unless a name there is taken", () => {
    assert.strictEqual(at([], "", "x", "a", "b/c"), "")
    assert.strictEqual(at(["d/x.rar"], "d", "x", "a"), "d")
    assert.strictEqual(at(["a"], "", "x", "a"), "x")
    assert.strictEqual(at(["a", "x/a"], "", "x", "a"), "x (2)")
    assert.strictEqual(at(["a"], "", "x", "a/b"), "x")
    assert.strictEqual(at(["a/b"], "", "x", "a"), "x")
    assert.strictEqual(at(["a", "x"], "", "x", "a"), "x (2)")
    assert.strictEqual(at(["a"], "", "..", "a"), "archive")
  })

  it.prop(
    "never take a path that is taken, nor lie above or below one",
    [Schema.Array(PathText), Schema.NonEmptyArray(PathText), PathText],
    ([taken, members, directory]) => {
      const place = at(taken, directory, "x", ...members)
      for (const member of members) {
        const path = `${place}/${member}`
        for (const other of taken)
          assert.isFalse(path === other || path.startsWith(`${other}/`) || other.startsWith(`${path}/`))
      }
    }
  )

  it("staging lies beside the tree under a name that is plain and never the tree's own", () => {
    assert.strictEqual(stagingPath("/x/Some.Show (2020) [1080p]"), "/x/Some.Show (2020) [1080p].partial")
    const odd = ["new\nline", "\udcff", "-x$(y)", "é", "a".repeat(250), "item.partial", "*"]
    for (const name of odd) {
      const staging = stagingPath(`/x/${name}`)
      assert.match(basename(staging), /^[0-9a-f]{40}\.partial$/)
      assert.strictEqual(dirname(staging), "/x")
    }
    assert.strictEqual(new Set(odd.map((name) => stagingPath(`/x/${name}`))).size, odd.length)
  })
})
