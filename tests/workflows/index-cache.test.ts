import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { spawnSync } from "node:child_process"
import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { fromBytes } from "../../src/platform/BytePath.ts"
import { type IndexRig, sha256, withIndex } from "./index-rig.ts"

const twoRoots = ["stash", "pool"]

const known = (rig: IndexRig, path: string) =>
  Effect.map(
    rig.cache((cache) => cache.byPath(path)),
    Option.getOrUndefined
  )

const gradeOf = (rig: IndexRig, path: string) => Effect.map(known(rig, path), (found) => found?.inode.grade)
const contentOf = (rig: IndexRig, path: string) => Effect.map(known(rig, path), (found) => found?.inode.contentId)

describe("index", () => {
  it.live("reads what occurs in both roots, --full reads everything, and an unchanged run reads nothing", () =>
    withIndex(
      twoRoots,
      Effect.fnUntraced(function* (rig) {
        const [stash = "", pool = ""] = rig.roots
        rig.write(join(stash, "films/a.mkv"), "same size")
        rig.write(join(pool, "seeding/b.mkv"), "SAME SIZE")
        rig.write(join(pool, "seeding/alone.mkv"), "no other file is as long")
        rig.write(join(stash, "empty"), "")
        const { code, report } = yield* rig.index()
        assert.strictEqual(code, 0)
        assert.deepInclude(report.read, { files: 2, bytes: 18, changed: 0 })
        assert.deepStrictEqual(
          report.roots.map(({ added, bytes, files, gone, outcome }) => ({ added, bytes, files, gone, outcome })),
          [
            { added: 2, bytes: 9, files: 2, gone: 0, outcome: "complete" },
            { added: 2, bytes: 33, files: 2, gone: 0, outcome: "complete" }
          ]
        )
        assert.strictEqual(yield* contentOf(rig, join(stash, "films/a.mkv")), sha256("same size"))
        assert.strictEqual(yield* gradeOf(rig, join(stash, "films/a.mkv")), "stable")
        assert.strictEqual(yield* gradeOf(rig, join(pool, "seeding/alone.mkv")), "none")
        assert.strictEqual(yield* contentOf(rig, join(stash, "empty")), sha256(""))
        const again = yield* rig.index()
        assert.deepInclude(again.report.read, { files: 0, bytes: 0 })
        assert.isTrue(again.report.roots.every(({ added, gone }) => added === 0 && gone === 0))
        const full = yield* rig.index("--full")
        assert.deepInclude(full.report.read, { files: 1, bytes: 24 })
        assert.strictEqual(yield* contentOf(rig, join(pool, "seeding/alone.mkv")), sha256("no other file is as long"))
      })
    )
  )

  it.live("hardlinks are one inode with all its names, and read once", () =>
    withIndex(
      twoRoots,
      Effect.fnUntraced(function* (rig) {
        const [stash = "", pool = ""] = rig.roots
        const original = rig.write(join(stash, "seeding/film.mkv"), "film")
        mkdirSync(join(stash, "movies"))
        linkSync(original, join(stash, "movies/Film (2026).mkv"))
        linkSync(original, rig.path("outside.mkv"))
        rig.write(join(pool, "copy.mkv"), "film")
        const { report } = yield* rig.index()
        assert.strictEqual(report.read.files, 2)
        const copies = yield* rig.cache((cache) => cache.byContent(sha256("film")))
        assert.deepStrictEqual(
          copies.map(({ entries, inode }) => [inode.links, entries.map(({ path }) => path)]).toSorted(),
          [
            [1, [join(pool, "copy.mkv")]],
            [3, [join(stash, "movies/Film (2026).mkv"), original]]
          ]
        )
        const inside = yield* rig.cache((cache) => cache.inside([join(stash, "seeding"), join(stash, "movies")]))
        assert.deepStrictEqual(inside.map((one) => [one.path, one.inside, one.inode.links]).toSorted(), [
          [join(stash, "movies/Film (2026).mkv"), 2, 3],
          [original, 2, 3]
        ])
      })
    )
  )

  it.live("a renamed directory keeps its hashes, a gone one loses them", () =>
    withIndex(
      twoRoots,
      Effect.fnUntraced(function* (rig) {
        const [stash = ""] = rig.roots
        rig.write(join(stash, "before/deep/a"), "content a")
        rig.write(join(stash, "gone/deep/b"), "content b")
        yield* rig.index("--full")
        renameSync(join(stash, "before"), join(stash, "after"))
        rmSync(join(stash, "gone"), { recursive: true })
        const { report } = yield* rig.index("--full")
        assert.strictEqual(report.read.files, 0, "nothing is read again")
        assert.strictEqual(report.roots[0]?.gone, 1)
        assert.strictEqual(yield* contentOf(rig, join(stash, "after/deep/a")), sha256("content a"))
        assert.isUndefined(yield* known(rig, join(stash, "before/deep/a")))
        assert.deepStrictEqual(yield* rig.cache((cache) => cache.byContent(sha256("content b"))), [])
      })
    )
  )

  it.live("scenario 5: an edit that puts mtime back makes it suspect; --full reads it anew", () =>
    withIndex(
      twoRoots,
      Effect.fnUntraced(function* (rig) {
        const [stash = "", pool = ""] = rig.roots
        const file = rig.write(join(stash, "film"), "good")
        const untouched = rig.write(join(pool, "film"), "good")
        yield* rig.index()
        assert.strictEqual(yield* gradeOf(rig, file), "stable")
        spawnSync("cp", ["--preserve=timestamps", file, rig.path("times")])
        writeFileSync(file, "evil")
        spawnSync("touch", ["-r", rig.path("times"), file])
        yield* rig.index()
        assert.strictEqual(yield* gradeOf(rig, file), "suspect")
        assert.strictEqual(yield* contentOf(rig, file), sha256("good"), "a plan may still build on it")
        const { birthtimeNs: birthNs, ...facts } = lstatSync(file, { bigint: true })
        const fsid = (yield* known(rig, file))?.inode.fsid ?? ""
        const [evidence] = yield* rig.cache((cache) => cache.evidence([{ ...facts, birthNs, fsid }]))
        assert.strictEqual(evidence?.grade, "suspect")
        yield* rig.index("--full")
        assert.strictEqual(yield* contentOf(rig, file), sha256("evil"))
        assert.strictEqual(yield* gradeOf(rig, file), "stable")
        assert.strictEqual(yield* gradeOf(rig, untouched), "stable")
      })
    )
  )

  it.live("a link or a chmod makes it suspect, a write makes it unknown", () =>
    withIndex(
      twoRoots,
      Effect.fnUntraced(function* (rig) {
        const [stash = "", pool = ""] = rig.roots
        const linked = rig.write(join(stash, "linked"), "1234")
        const grown = rig.write(join(pool, "grown"), "1234")
        yield* rig.index()
        linkSync(linked, join(stash, "another"))
        appendFileSync(grown, "5")
        const fresh = (path: string) => {
          const { birthtimeNs: birthNs, ...facts } = lstatSync(path, { bigint: true })
          return { ...facts, birthNs }
        }
        const fsid = (yield* known(rig, linked))?.inode.fsid ?? ""
        const before = yield* rig.cache((cache) =>
          cache.evidence([linked, grown].map((path) => ({ ...fresh(path), fsid })))
        )
        assert.deepStrictEqual(
          before.map((one) => one?.grade),
          ["suspect", undefined],
          "judged by fresh facts, before any scan"
        )
        yield* rig.index()
        assert.strictEqual(yield* gradeOf(rig, linked), "suspect")
        assert.strictEqual(yield* gradeOf(rig, grown), "none")
      })
    )
  )

  it.live("what was just written is no more than suspect, and is read again when it is older", () =>
    withIndex(
      twoRoots,
      Effect.fnUntraced(function* (rig) {
        const [stash = "", pool = ""] = rig.roots
        const young = rig.write(join(stash, "a"), "young")
        rig.write(join(pool, "b"), "young")
        const first = yield* rig.terminal.run("index")
        assert.match(first.stdout, /2 files read/)
        assert.strictEqual(yield* gradeOf(rig, young), "suspect")
        assert.strictEqual((yield* rig.index()).report.read.files, 2)
        assert.strictEqual(yield* gradeOf(rig, young), "stable")
        assert.strictEqual((yield* rig.index()).report.read.files, 0)
      })
    )
  )

  it.live("scenario 9: names that only look the same, and those that are no text, are their own", () =>
    withIndex(
      twoRoots,
      Effect.fnUntraced(function* (rig) {
        const [stash = ""] = rig.roots
        const names = [
          "caf\u00e9",
          "cafe\u0301",
          "CAF\u00c9",
          "a\nb",
          "-rf",
          "\ufffd",
          "'\"$(x)",
          " ",
          fromBytes(Buffer.from([0x78, 0xff])),
          fromBytes(Buffer.from([0xc3, 0x28]))
        ]
        for (const [index, name] of names.entries()) {
          rig.write(join(stash, name), `file ${index}`)
          rig.write(`${stash}/directory ${name}/${name}`, `below ${index}`)
        }
        const { code, report } = yield* rig.index("--full")
        assert.strictEqual(code, 0)
        assert.strictEqual(report.roots[0]?.files, names.length * 2)
        assert.strictEqual(report.read.problems.length, 0)
        for (const [index, name] of names.entries()) {
          assert.strictEqual(yield* contentOf(rig, `${stash}/${name}`), sha256(`file ${index}`), JSON.stringify(name))
          assert.strictEqual(yield* contentOf(rig, `${stash}/directory ${name}/${name}`), sha256(`below ${index}`))
        }
        const below = yield* rig.cache((cache) => cache.entriesBelow(stash))
        assert.strictEqual(new Set(below.map(({ path }) => path)).size, names.length * 2)
        assert.strictEqual((yield* rig.index("--full")).report.read.files, 0)
      })
    )
  )

  it.live("scenario 10: a sparse file has the content of a dense one", () =>
    withIndex(
      twoRoots,
      Effect.fnUntraced(function* (rig) {
        const [stash = "", pool = ""] = rig.roots
        const size = 3 * 1024 ** 2 + 17
        const sparse = rig.write(join(stash, "sparse"), "")
        truncateSync(sparse, size)
        const dense = rig.write(join(pool, "dense"), Buffer.alloc(size))
        yield* rig.index()
        assert.strictEqual(yield* contentOf(rig, sparse), sha256(Buffer.alloc(size)))
        assert.strictEqual(yield* contentOf(rig, dense), sha256(Buffer.alloc(size)))
      })
    )
  )

  it.live("scenario 22: symlinks are not followed, and no directory that holds one has an identity", () =>
    withIndex(
      twoRoots,
      Effect.fnUntraced(function* (rig) {
        const [stash = "", pool = ""] = rig.roots
        rig.write(join(stash, "payload/a"), "aaa")
        rig.write(rig.path("elsewhere/secret"), "aaa")
        symlinkSync(rig.path("elsewhere"), join(stash, "payload/link"))
        symlinkSync("..", join(stash, "payload/up"))
        symlinkSync(join(stash, "payload/a"), join(stash, "payload/b"))
        rig.write(join(pool, "payload/a"), "aaa")
        spawnSync("mkfifo", [join(pool, "fifo")])
        const { code, report } = yield* rig.index()
        assert.strictEqual(code, 0)
        assert.deepStrictEqual(
          report.roots.map(({ files }) => files),
          [1, 1]
        )
        const identity = (path: string) => rig.cache((cache) => cache.identity(path))
        assert.isTrue(Option.isNone(yield* identity(join(stash, "payload"))))
        assert.isTrue(Option.isSome(yield* identity(join(pool, "payload"))))
        assert.isTrue(Option.isNone(yield* identity(pool)), "a FIFO is no file either")
      })
    )
  )

  it.live("a part of a root: only that is looked at, and nothing else counts as gone", () =>
    withIndex(
      twoRoots,
      Effect.fnUntraced(function* (rig) {
        const [stash = "", pool = ""] = rig.roots
        rig.write(join(stash, "one/a"), "a")
        rig.write(join(stash, "two/b"), "b")
        const first = yield* rig.index("--full", join(stash, "one"))
        assert.deepStrictEqual(
          first.report.roots.map(({ files, path, start }) => [path, start, files]),
          [[stash, join(stash, "one"), 1]]
        )
        assert.strictEqual(yield* contentOf(rig, join(stash, "one/a")), sha256("a"))
        yield* rig.index("--full")
        unlinkSync(join(stash, "one/a"))
        unlinkSync(join(stash, "two/b"))
        assert.strictEqual((yield* rig.index(join(stash, "one"))).report.roots[0]?.gone, 1)
        assert.isUndefined(yield* known(rig, join(stash, "one/a")))
        assert.isDefined(yield* known(rig, join(stash, "two/b")))
        const outside = yield* rig.terminal.run("index", rig.path("elsewhere"))
        assert.strictEqual(outside.code, 64)
        assert.include(outside.complaint, `${stash}, ${pool}`)
      })
    )
  )

  it.live("a root that the configuration names no more is forgotten, unless it is a part of another now", () =>
    withIndex(
      twoRoots,
      Effect.fnUntraced(function* (rig) {
        const [stash = "", pool = ""] = rig.roots
        rig.write(join(stash, "inner/a"), "a")
        rig.write(join(pool, "b"), "b")
        rig.terminal.configure({ hashCache: { roots: [join(stash, "inner"), pool] } })
        yield* rig.index("--full")
        rig.terminal.configure({ hashCache: { roots: [stash, join(stash, "inner")] } })
        const { report } = yield* rig.index("--full")
        assert.deepStrictEqual(
          report.roots.map(({ path }) => path),
          [stash],
          "a root inside another is a part of it"
        )
        assert.strictEqual(report.read.files, 0)
        assert.strictEqual(yield* contentOf(rig, join(stash, "inner/a")), sha256("a"))
        assert.isUndefined(yield* known(rig, join(pool, "b")))
        assert.strictEqual((yield* rig.cache((cache) => cache.roots)).length, 1)
      })
    )
  )

  it.live("without any root it is a mistake in the configuration", () =>
    withIndex(
      [],
      Effect.fnUntraced(function* (rig) {
        const { code, complaint } = yield* rig.terminal.run("index")
        assert.strictEqual(code, 78)
        assert.include(complaint, "hashCache.roots")
      })
    )
  )
})
