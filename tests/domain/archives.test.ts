import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { archiveSets } from "../../src/domain/archives.ts"
import { basename, join } from "../../src/platform/BytePath.ts"

const brief = (paths: ReadonlyArray<string>) =>
  archiveSets(paths).map((set) => [set.format, set.numbering, set.name, set.first, set.volumes.length, set.missing])

describe("archive sets by name", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>, ReadonlyArray<unknown>]> = [
    [
      "single files",
      ["a.zip", "b.RAR", "c.7z", "d.tar", "e.txt"],
      [
        ["zip", "single", "a", "a.zip", 1, []],
        ["rar", "single", "b", "b.RAR", 1, []],
        ["7z", "single", "c", "c.7z", 1, []],
        ["tar", "single", "d", "d.tar", 1, []]
      ]
    ],
    [
      "compressed tars",
      ["a.tar.gz", "b.tgz", "c.TAR.XZ", "d.tar.zst", "e.tbz2"],
      [
        ["tar", "single", "a", "a.tar.gz", 1, []],
        ["tar", "single", "b", "b.tgz", 1, []],
        ["tar", "single", "c", "c.TAR.XZ", 1, []],
        ["tar", "single", "d", "d.tar.zst", 1, []],
        ["tar", "single", "e", "e.tbz2", 1, []]
      ]
    ],
    ["a compressed file that is no tar", ["a.gz", "film.mkv.xz"], []],
    [
      ".partNN.rar",
      ["s.part02.rar", "s.part01.rar", "s.part10.rar"],
      [["rar", "part", "s", "s.part01.rar", 3, [3, 4, 5, 6, 7, 8, 9].map((n) => `s.part0${n}.rar`)]]
    ],
    [
      ".part1 to .part10 without leading zeros",
      Array.from({ length: 10 }, (_, i) => `s.part${i + 1}.rar`),
      [["rar", "part", "s", "s.part1.rar", 10, []]]
    ],
    ["the first part is missing", ["s.part02.rar"], [["rar", "part", "s", "s.part02.rar", 1, ["s.part01.rar"]]]],
    [
      ".rar, .r00 and on into .s00",
      ["s.rar", ...Array.from({ length: 100 }, (_, i) => `s.r${String(i).padStart(2, "0")}`), "s.s00"],
      [["rar", "old", "s", "s.rar", 102, []]]
    ],
    ["a gap in .rNN", ["s.rar", "s.r00", "s.r02"], [["rar", "old", "s", "s.rar", 3, ["s.r01"]]]],
    ["volumes without their .rar", ["s.r00", "s.r01"], [["rar", "old", "s", "s.r00", 2, ["s.rar"]]]],
    ["an extension that only looks like a volume", ["film.x264", "Show.S01", "notes.r12"], []],
    [
      "two sets side by side, and one below",
      ["a.rar", "a.r00", "b.rar", "d/a.r00", "d/a.rar"],
      [
        ["rar", "old", "a", "a.rar", 2, []],
        ["rar", "single", "b", "b.rar", 1, []],
        ["rar", "old", "a", "d/a.rar", 2, []]
      ]
    ],
    [".zNN with .zip", ["f.zip", "f.z02", "f.z01"], [["zip", "z", "f", "f.zip", 3, []]]],
    [".zNN without .zip", ["f.z01", "f.z03"], [["zip", "z", "f", "f.z03", 2, ["f.z02", "f.zip"]]]],
    [
      ".001 of an archive, of a file, of nothing",
      ["a.7z.001", "a.7z.002", "b.mkv.001", "b.mkv.002", "c.mkv.001", "d.2019"],
      [
        ["split", "digits", "a", "a.7z.001", 2, []],
        ["split", "digits", "b.mkv", "b.mkv.001", 2, []]
      ]
    ],
    [
      "a split tar.gz whose middle is missing",
      ["a.tar.gz.001", "a.tar.gz.003"],
      [["tar", "digits", "a", "a.tar.gz.001", 2, ["a.tar.gz.002"]]]
    ],
    ["mixed case", ["Show.PART1.RAR", "show.part2.rar"], [["rar", "part", "Show", "Show.PART1.RAR", 2, []]]],
    [
      "names that differ only in case are different sets",
      ["S.rar", "S.r00", "s.rar", "s.r00"],
      [
        ["rar", "old", "S", "S.rar", 2, []],
        ["rar", "old", "s", "s.rar", 2, []]
      ]
    ],
    [
      "odd names",
      ["-rf.zip", "new\nline.rar", "\udcff.7z", " .zip"],
      [
        ["zip", "single", " ", " .zip", 1, []],
        ["zip", "single", "-rf", "-rf.zip", 1, []],
        ["rar", "single", "new\nline", "new\nline.rar", 1, []],
        ["7z", "single", "\udcff", "\udcff.7z", 1, []]
      ]
    ],
    [
      "an enormous number is no reason to list what is missing for ever",
      ["s.part99999.rar"],
      [
        [
          "rar",
          "part",
          "s",
          "s.part99999.rar",
          1,
          Array.from({ length: 100 }, (_, i) => `s.part${String(i + 1).padStart(5, "0")}.rar`)
        ]
      ]
    ]
  ]
  for (const [title, paths, expected] of cases) {
    it(`groups ${title}`, () =>
      assert.deepStrictEqual(
        brief(paths),
        expected.map((one) => [...(Array.isArray(one) ? one : [])])
      ))
  }
})

const Stem = Schema.String.check(Schema.isPattern(/^[a-zA-Z0-9 ._\-\n'é]{1,12}$/)).check(Schema.isPattern(/[a-z]$/))
const Numbering = Schema.Literals(["part", "old", "z", "digits"])
const Count = Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 130 }))
const Seed = Schema.Natural

const volumesOf = (stem: string, numbering: typeof Numbering.Type, count: number): ReadonlyArray<string> => {
  const two = (n: number) => String(n).padStart(2, "0")
  const numbers = Array.from({ length: count }, (_, index) => index)
  if (numbering === "part") return numbers.map((n) => `${stem}.part${String(n + 1).padStart(3, "0")}.rar`)
  if (numbering === "digits") return numbers.map((n) => `${stem}.7z.${String(n + 1).padStart(3, "0")}`)
  if (numbering === "z") return [...numbers.slice(1).map((n) => `${stem}.z${two(n)}`), `${stem}.zip`]
  return numbers.map((n) =>
    n === 0 ? `${stem}.rar` : n <= 100 ? `${stem}.r${two(n - 1)}` : `${stem}.s${two(n - 101)}`
  )
}

const shuffled = <A>(items: ReadonlyArray<A>, seed: number): ReadonlyArray<A> => {
  const out = [...items]
  let state = seed + 1
  for (let at = out.length - 1; at > 0; at--) {
    state = (state * 48271) % 2147483647
    const other = state % (at + 1)
    const [a, b] = [out[at], out[other]]
    if (a !== undefined && b !== undefined) [out[at], out[other]] = [b, a]
  }
  return out
}

describe("properties of grouping", () => {
  it.prop(
    "whatever the order of the listing, a set is found whole and in order",
    [Stem, Numbering, Count, Seed],
    ([stem, numbering, count, seed]) => {
      const volumes = volumesOf(stem, numbering, count)
      const sets = archiveSets(shuffled([...volumes, "readme.nfo", "other/sample.mkv"], seed))
      assert.strictEqual(sets.length, 1)
      assert.deepStrictEqual(sets[0]?.volumes, volumes)
      assert.deepStrictEqual(sets[0]?.missing, [])
      assert.strictEqual(sets[0]?.name, stem)
      assert.strictEqual(sets[0]?.first, numbering === "z" ? volumes.at(-1) : volumes[0])
    }
  )

  it.prop(
    "a volume taken out of the middle is named as missing",
    [Stem, Numbering, Count, Seed],
    ([stem, numbering, count, seed]) => {
      const volumes = volumesOf(stem, numbering, count + 2)
      const gone = 1 + (seed % count)
      const missing = volumes[gone] ?? ""
      const sets = archiveSets(volumes.filter((path) => path !== missing))
      // Without the last .zNN only the .zip knows how many there were.
      const unseen = numbering === "z" && gone === volumes.length - 2
      assert.deepStrictEqual(
        sets.map((set) => set.missing),
        [unseen ? [] : [missing]]
      )
    }
  )

  const Paths = Arbitrary.array(
    Arbitrary.all([
      Arbitrary.schema(Schema.Literals(["a", "A", "b", "-c", "d e"])),
      Arbitrary.schema(
        Schema.Literals([
          ".rar",
          ".r00",
          ".r01",
          ".R02",
          ".part1.rar",
          ".part01.rar",
          ".Part2.rar",
          ".zip",
          ".z01",
          ".Z02",
          ".001",
          ".7z.001",
          ".7z.002",
          ".7z",
          ".tar.gz",
          ".tgz",
          ".mkv",
          "",
          ".x264",
          ".tar.gz.001"
        ])
      ),
      Arbitrary.schema(Schema.Literals(["", "d", "d/e"]))
    ]).pipe(Arbitrary.map(([stem, extension, directory]) => join(directory, stem + extension)))
  )

  it.prop(
    "each path is in one set at most, every set lies in one directory, and no missing path is there",
    [Paths],
    ([paths]) => {
      const sets = archiveSets(paths)
      const members = sets.flatMap((set) => set.volumes)
      assert.strictEqual(new Set(members).size, members.length)
      for (const set of sets) {
        assert.include(set.volumes, set.first)
        for (const path of set.volumes) {
          assert.include(paths, path)
          assert.strictEqual(path, join(set.directory, basename(path)))
        }
        for (const path of set.missing) assert.notInclude(set.volumes, path)
      }
      assert.deepStrictEqual(
        archiveSets(paths.toReversed())
          .map((set) => set.volumes.toSorted())
          .toSorted(),
        sets.map((set) => set.volumes.toSorted()).toSorted()
      )
    }
  )

  it.prop("no archive that stands alone is forgotten", [Paths], ([paths]) => {
    const members = new Set(archiveSets(paths).flatMap((set) => set.volumes))
    for (const path of paths) if (/\.(rar|zip|7z|tar\.gz|tgz)$/i.test(path)) assert.isTrue(members.has(path), path)
  })
})
