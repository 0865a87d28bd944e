import { renameSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { toBytes } from "../../src/platform/BytePath.ts"
import { bytes, noise, wholeContent } from "../fakes/archives/members.ts"
import { writeRar } from "../fakes/archives/rar.ts"
import { writeTar } from "../fakes/archives/tar.ts"
import { writeZip } from "../fakes/archives/zip.ts"
import { leftovers, pack, plainFiles, sha1, walk, workbench } from "./archive-workbench.ts"

const film = noise(3_500_000, "film")
const members = [
  { name: "a b.txt", content: bytes("hello") },
  { name: "Sub/movie.mkv", content: film },
  { name: "end.nfo", content: bytes("the end") }
]

describe("stored RAR", () => {
  for (const version of [4, 5] as const) {
    for (const naming of ["single", "part", "old"] as const) {
      for (const extractor of ["7zz", "unar", "auto"] as const) {
        it.live(`RAR ${version}, ${naming}, by ${extractor}`, () =>
          Effect.gen(function* () {
            const bench = yield* workbench()
            const volumes = writeRar(bench.item, "show", members, { version, naming })
            assert.strictEqual(volumes.length, naming === "single" ? 1 : 4)
            const result = yield* bench.extract({ extractor })
            assert.deepStrictEqual(result.failures, [])
            assert.deepStrictEqual(result.files, [
              { path: "Sub/movie.mkv", size: film.size },
              { path: "a b.txt", size: 5 },
              { path: "end.nfo", size: 7 }
            ])
            assert.deepStrictEqual(walk(bench.into), ["Sub/movie.mkv", "a b.txt", "end.nfo"])
            assert.strictEqual(sha1(bench.read("Sub/movie.mkv")), sha1(wholeContent(film)))
            assert.deepStrictEqual(
              result.unpacked.map((one) => [one.archive.slice(0, 4), one.extractor, one.placed, one.files]),
              [["show", extractor === "auto" ? "7zz" : extractor, "", 3]]
            )
            assert.deepStrictEqual(leftovers(bench), [])
          }).pipe(Effect.scoped)
        )
      }
    }
  }

  it.live("more than a hundred volumes, in both namings", () =>
    Effect.gen(function* () {
      for (const naming of ["part", "old"] as const) {
        const bench = yield* workbench()
        const content = noise(120_000, naming)
        const volumes = writeRar(bench.item, "show", [{ name: "x.mkv", content }], {
          version: 4,
          naming,
          volumeData: 1000
        })
        assert.strictEqual(volumes.length, 120)
        const result = yield* bench.extract()
        assert.deepStrictEqual(result.failures, [])
        assert.strictEqual(sha1(bench.read("x.mkv")), sha1(wholeContent(content)))
      }
    }).pipe(Effect.scoped)
  )
})

describe("RAR that free 7-Zip cannot read", () => {
  for (const version of [4, 5] as const) {
    for (const naming of ["single", "part", "old"] as const) {
      it.live(`compressed RAR ${version}, ${naming}: auto hands it to unar`, () =>
        Effect.gen(function* () {
          const bench = yield* workbench()
          writeRar(bench.item, "show", members, { version, naming, compress: true })
          const result = yield* bench.extract()
          assert.deepStrictEqual(result.failures, [])
          assert.deepStrictEqual(walk(bench.into), ["Sub/movie.mkv", "a b.txt", "end.nfo"])
          assert.strictEqual(sha1(bench.read("Sub/movie.mkv")), sha1(wholeContent(film)))
          assert.strictEqual(result.unpacked[0]?.extractor, "unar")
          assert.deepStrictEqual(leftovers(bench), [])
        }).pipe(Effect.scoped)
      )
    }
  }

  it.live("says what to install, and what 7zz alone cannot do", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeRar(bench.item, "show", members, { version: 5, naming: "single", compress: true })
      const missing = yield* bench.extract({ programs: { unar: "no-such-unar", lsar: "no-such-lsar" } })
      assert.deepStrictEqual(
        missing.failures.map(({ reason }) => reason._tag),
        ["ProgramMissing"]
      )
      const alone = yield* bench.extract({ extractor: "7zz" })
      assert.include(alone.failures[0]?.message, "Unsupported Method")
      assert.deepStrictEqual(leftovers(bench), [])
    }).pipe(Effect.scoped)
  )

  it.live("a 7-Zip that was built without RAR leaves stored RAR to unar too", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeRar(bench.item, "show", members, { version: 4, naming: "part" })
      const stripped = `${plainFiles(bench)}/7zz`
      writeFileSync(stripped, "#!/bin/sh\necho 'ERROR: x : Cannot open the file as archive' >&2\nexit 2\n", {
        mode: 0o755
      })
      const result = yield* bench.extract({ programs: { "7zz": stripped } })
      assert.deepStrictEqual(result.failures, [])
      assert.strictEqual(result.unpacked[0]?.extractor, "unar")
    }).pipe(Effect.scoped)
  )

  it.live("unrar, where it is chosen, is called as it wants to be and checked like the others", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeRar(bench.item, "show", members, { version: 5, naming: "part", compress: true })
      const stand = `${plainFiles(bench)}/unrar`
      const script = (body: string) =>
        writeFileSync(
          stand,
          `#!/bin/sh\n[ "$1 $2 $3 $4 $5 $6 $7" = "x -idq -y -o+ -ol- -p- --" ] || exit 7\n${body}\n`,
          { mode: 0o755 }
        )
      script('exec unar -q -D -o "$9" "$8"')
      const result = yield* bench.extract({ extractor: "unrar", programs: { unrar: stand } })
      assert.deepStrictEqual(result.failures, [])
      assert.strictEqual(sha1(bench.read("Sub/movie.mkv")), sha1(wholeContent(film)))
      assert.strictEqual(result.unpacked[0]?.extractor, "unrar")
      renameSync(bench.into, `${plainFiles(bench)}/done`)
      script('unar -q -D -o "$9" "$8"; printf HELLO > "$9/a b.txt"')
      const damaged = yield* bench.extract({ extractor: "unrar", programs: { unrar: stand } })
      assert.include(damaged.failures[0]?.message, "a b.txt has a wrong checksum")
      for (const [code, tag] of [
        [11, "PasswordNeeded"],
        [3, "Damaged"]
      ] as const) {
        script(`exit ${code}`)
        const failed = yield* bench.extract({ extractor: "unrar", programs: { unrar: stand } })
        assert.strictEqual(failed.failures[0]?.reason._tag, tag)
      }
    }).pipe(Effect.scoped)
  )
})

describe("formats that other programs write", () => {
  const formats: ReadonlyArray<readonly [string, string, ReadonlyArray<string>]> = [
    ["zip", "7zz", ["a", "-tzip", "{item}/x.zip", "."]],
    ["7z", "7zz", ["a", "{item}/x.7z", "."]],
    ["7z split", "7zz", ["a", "-v100k", "-mx0", "{item}/x.7z", "."]],
    ["zip split", "7zz", ["a", "-tzip", "-v100k", "-mx0", "{item}/x.zip", "."]],
    ["tar", "tar", ["-cf", "{item}/x.tar", "."]],
    ["tar.gz", "tar", ["-czf", "{item}/x.tar.gz", "."]],
    ["tgz", "tar", ["-czf", "{item}/x.tgz", "."]],
    ["tar.bz2", "tar", ["--bzip2", "-cf", "{item}/X.TAR.BZ2", "."]],
    ["tar.xz", "tar", ["--xz", "-cf", "{item}/x.tar.xz", "."]],
    ["tar.zst", "tar", ["--zstd", "-cf", "{item}/x.tar.zst", "."]]
  ]
  for (const [title, program, args] of formats) {
    for (const extractor of title === "tar.zst" ? (["auto"] as const) : (["auto", "unar"] as const)) {
      it.live(`${title}, by ${extractor}`, () =>
        Effect.gen(function* () {
          const bench = yield* workbench()
          pack(plainFiles(bench), program, ...args.map((arg) => arg.replace("{item}", bench.item)))
          const result = yield* bench.extract({ extractor })
          assert.deepStrictEqual(result.failures, [])
          assert.deepStrictEqual(walk(bench.into), ["Sub/movie.mkv", "a b.txt"])
          assert.deepStrictEqual(bench.read("Sub/movie.mkv"), Buffer.alloc(300_000, "movie!"))
          assert.deepStrictEqual(
            result.unpacked.map((one) => one.extractor),
            [extractor === "auto" ? "7zz" : extractor]
          )
          assert.deepStrictEqual(leftovers(bench), [])
        }).pipe(Effect.scoped)
      )
    }
  }

  it.live("a compressed tar that was split", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      pack(plainFiles(bench), "tar", "-cf", `${bench.root}/plain/../completed/whole`, "Sub", "a b.txt")
      pack(`${bench.root}/completed`, "gzip", "whole")
      pack(bench.item, "split", "-b", "200", "-d", "-a3", "--numeric-suffixes=1", "../whole.gz", "x.tar.gz.")
      assert.include(walk(bench.item), "x.tar.gz.002")
      const result = yield* bench.extract()
      assert.deepStrictEqual(result.failures, [])
      assert.deepStrictEqual(walk(bench.into), ["Sub/movie.mkv", "a b.txt"])
    }).pipe(Effect.scoped)
  )

  it.live("a plain file that was cut in pieces", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      const content = wholeContent(noise(250_000, "cut"))
      for (const [index, suffix] of ["001", "002", "003"].entries())
        writeFileSync(`${bench.item}/some film.mkv.${suffix}`, content.subarray(index * 100_000, (index + 1) * 100_000))
      const result = yield* bench.extract()
      assert.deepStrictEqual(result.files, [{ path: "some film.mkv", size: 250_000 }])
      assert.strictEqual(sha1(bench.read("some film.mkv")), sha1(content))
    }).pipe(Effect.scoped)
  )

  it.live("a zip in volumes .z01, .z02, .zip", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      const content = noise(250_000, "z")
      const names = writeZip(`${bench.item}/film.zip`, [{ name: "film.mkv", content }], { volumeBytes: 100_000 })
      assert.deepStrictEqual(walk(bench.item), ["film.z01", "film.z02", "film.zip"])
      assert.strictEqual(names.length, 3)
      const result = yield* bench.extract()
      assert.deepStrictEqual(result.failures, [])
      assert.strictEqual(sha1(bench.read("film.mkv")), sha1(wholeContent(content)))
    }).pipe(Effect.scoped)
  )
})

describe("names", () => {
  it.live("archives and items whose names no command line should see", () =>
    Effect.gen(function* () {
      for (const stem of [
        "-rf",
        "new\nline",
        "q'uo\"te $(x)",
        "caf\udce9",
        "a*?[b]",
        "é NFC",
        "é NFD".normalize("NFD")
      ]) {
        const bench = yield* workbench(stem)
        const [zip = ""] = writeZip(`${bench.root}/plain.zip`, [{ name: "inside.txt", content: bytes(stem) }])
        renameSync(zip, toBytes(`${bench.item}/${stem}.zip`))
        const result = yield* bench.extract()
        assert.deepStrictEqual(result.failures, [], JSON.stringify(stem))
        assert.deepStrictEqual(
          result.files.map(({ path }) => path),
          ["inside.txt"]
        )
        assert.deepStrictEqual(leftovers(bench), [])
      }
    }).pipe(Effect.scoped)
  )

  it.live("members keep their bytes: newline, quote, leading dash, invalid UTF-8, NFC next to NFD", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      const names = ["new\nline", "new_line", "q\"uo'te", "-dash", "back\\slash", "é", "é".normalize("NFD"), " sp ace "]
      const odd = Buffer.from("bad\xff\xfe", "latin1")
      const entries = [...names, odd].map((name, index) => ({
        name,
        content: bytes(`content ${index}`),
        utf8: name !== odd
      }))
      writeTar(`${bench.item}/names.tar`, entries)
      const result = yield* bench.extract()
      assert.deepStrictEqual(result.failures, [])
      assert.deepStrictEqual(walk(bench.into), [...names, "bad\udcff\udcfe"].toSorted())
      for (const [index, name] of names.entries()) assert.strictEqual(bench.read(name).toString(), `content ${index}`)
    }).pipe(Effect.scoped)
  )

  it.live("names in Shift-JIS are decoded", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeZip(`${bench.item}/x.zip`, [{ name: Buffer.from("8365835883672e747874", "hex"), content: bytes("test") }])
      const result = yield* bench.extract()
      assert.deepStrictEqual(result.files, [{ path: "テスト.txt", size: 4 }])
      assert.strictEqual(result.unpacked[0]?.extractor, "unar")
    }).pipe(Effect.scoped)
  )

  it.live("and kept as bytes where unar is not installed", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeZip(`${bench.item}/x.zip`, [{ name: Buffer.from("8365835883672e747874", "hex"), content: bytes("test") }])
      const result = yield* bench.extract({ programs: { unar: "no-such-program", lsar: "no-such-program" } })
      assert.deepStrictEqual(result.files, [{ path: "\udc83e\udc83X\udc83g.txt", size: 4 }])
    }).pipe(Effect.scoped)
  )
})

describe("more than one archive", () => {
  it.live("a season pack: members beside their volumes, a taken name in a subfolder (scenario 20)", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      pack(bench.item, "mkdir", "S01E01", "S01E02")
      for (const episode of ["S01E01", "S01E02"])
        writeRar(`${bench.item}/${episode}`, "ep", [{ name: `${episode}.mkv`, content: noise(50_000, episode) }], {
          version: 5,
          naming: "part",
          volumeData: 20_000
        })
      writeZip(`${bench.item}/subs.zip`, [{ name: "readme.nfo", content: bytes("from the zip") }])
      writeZip(`${bench.item}/more.zip`, [{ name: "readme.nfo/deeper.txt", content: bytes("below a file") }])
      writeFileSync(`${bench.item}/readme.nfo`, "the original")
      const result = yield* bench.extract()
      assert.deepStrictEqual(result.failures, [])
      assert.deepStrictEqual(walk(bench.into), [
        "S01E01/S01E01.mkv",
        "S01E02/S01E02.mkv",
        "more/readme.nfo/deeper.txt",
        "subs/readme.nfo"
      ])
    }).pipe(Effect.scoped)
  )

  it.live("one that fails does not hold up the other", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeFileSync(`${bench.item}/bad.zip`, "this is no zip")
      writeZip(`${bench.item}/good.zip`, [{ name: "good.txt", content: bytes("good") }])
      const result = yield* bench.extract()
      assert.deepStrictEqual(result.files, [{ path: "good.txt", size: 4 }])
      assert.deepStrictEqual(
        result.failures.map((error) => [error.archive, error.reason._tag, error.temporary]),
        [["bad.zip", "Unsupported", false]]
      )
    }).pipe(Effect.scoped)
  )

  it.live("nested archives stay packed at depth 1 and are opened, once, at depth 2", () =>
    Effect.gen(function* () {
      for (const depth of [1, 2, 3]) {
        const bench = yield* workbench()
        const plain = plainFiles(bench)
        writeZip(`${plain}/innermost.zip`, [{ name: "deep.txt", content: bytes("deep") }])
        pack(plain, "7zz", "a", "-tzip", "inner.zip", "innermost.zip", "a b.txt")
        pack(plain, "7zz", "a", `${bench.item}/outer.7z`, "inner.zip")
        const result = yield* bench.extract({ depth })
        assert.deepStrictEqual(result.failures, [])
        assert.deepStrictEqual(
          result.files.map(({ path }) => path),
          depth === 1 ? ["inner.zip"] : depth === 2 ? ["a b.txt", "innermost.zip"] : ["a b.txt", "deep.txt"]
        )
        assert.deepStrictEqual(
          walk(bench.into),
          result.files.map(({ path }) => path)
        )
        assert.deepStrictEqual(leftovers(bench), [])
      }
    }).pipe(Effect.scoped)
  )
})
