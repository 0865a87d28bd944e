import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { type Facts, type Listing, pack, packed } from "../../src/domain/indexStamp.ts"
import * as Sqlite from "../../src/platform/SqliteClient.ts"
import { Cache } from "../../src/state/Cache.ts"
import { migrations } from "../../src/state/migrations.ts"

const memory = Cache.layer.pipe(Layer.provide(Sqlite.layerMigrated({ filename: ":memory:" }, migrations)))
const using = <A, E>(use: (cache: Cache["Service"]) => Effect.Effect<A, E>) =>
  Cache.use(use).pipe(Effect.provide(memory, { local: true }))

const born = 1_700_000_000_000_000_000n
const factsOf = (ino: bigint, over: Partial<Facts> = {}): Facts => ({
  ino,
  birthtimeNs: born,
  size: 10n,
  mtimeNs: born,
  ctimeNs: born,
  nlink: 1n,
  ...over
})

const listing = (
  path: string,
  ino: bigint,
  parent: bigint | null,
  files: Readonly<Record<string, Facts>>,
  directories: ReadonlyArray<string> = []
): Listing => {
  const numbers = new BigInt64Array(Object.keys(files).length * packed)
  for (const [index, facts] of Object.values(files).entries()) pack(numbers, index, facts)
  return {
    path,
    facts: factsOf(ino),
    parent,
    names: Object.keys(files),
    files: numbers,
    directories: directories.map((name) => ({ name, facts: factsOf(ino + 1n) })),
    others: 0
  }
}

const root = { path: "/stash", fsid: "zfs:1", ino: 1n }
const at = 1_700_000_100_000
const sha = (letter: string) => letter.repeat(64)
const digest = (file: Facts, letter: string) => ({
  file: { ...file, birthNs: file.birthtimeNs },
  sha256: sha(letter),
  at
})

const Change = Schema.Literals(["birthtimeNs", "size", "mtimeNs", "ctimeNs", "nlink"])

describe("the hash cache", () => {
  it.effect.prop(
    "a content id outlives a change of ctime or links, as suspect, and no other",
    [Schema.Array(Change)],
    ([changes]) =>
      using(
        Effect.fnUntraced(function* (cache) {
          const scan = yield* cache.begin(root)
          const before = factsOf(7n)
          yield* cache.absorb(scan, [listing("/stash", 1n, null, { film: before })])
          yield* cache.keep(scan.fs, [digest(before, "a")])
          const after = Object.assign({}, before)
          for (const key of changes) Object.assign(after, { [key]: after[key] + 1n })
          yield* cache.absorb(scan, [listing("/stash", 1n, null, { film: after })])
          const [found] = yield* cache.entriesBelow("/stash")
          const lost = changes.some((key) => key === "birthtimeNs" || key === "size" || key === "mtimeNs")
          const touched = changes.includes("ctimeNs")
          assert.strictEqual(found?.inode.grade, lost ? "none" : touched ? "suspect" : "stable")
          assert.strictEqual(found?.inode.contentId, lost ? null : `sha256:${sha("a")}`)
          const [evidence] = yield* cache.evidence([{ ...after, birthNs: after.birthtimeNs, fsid: "zfs:1" }])
          assert.strictEqual(evidence?.grade, lost ? undefined : touched ? "suspect" : "stable")
        })
      )
  )

  it.effect("inode numbers of all 64 bits, and thousands of them at once", () =>
    using(
      Effect.fnUntraced(function* (cache) {
        const scan = yield* cache.begin(root)
        const files = Array.from({ length: 3000 }, (_, index) =>
          factsOf(2n ** 64n - 1500n + BigInt(index) * (index % 2 === 0 ? 1n : -1n))
        )
        const odd = [
          ...new Map(
            files.map((file) => [BigInt.asUintN(64, file.ino), { ...file, ino: BigInt.asUintN(64, file.ino) }])
          ).values()
        ]
        const names = Object.fromEntries(odd.map((file, index) => [`file ${index}`, file]))
        yield* cache.absorb(scan, [listing("/stash", 1n, null, names)])
        const hashed = odd.filter((_, index) => index % 3 !== 0)
        yield* cache.keep(
          scan.fs,
          hashed.map((file) => digest(file, "b"))
        )
        const fresh = odd.map((file) => ({ ...file, birthNs: file.birthtimeNs, fsid: "zfs:1" }))
        const all = yield* cache.evidence([...fresh, ...fresh.slice(1, 2).map((one) => ({ ...one, fsid: "zfs:2" }))])
        assert.deepStrictEqual(
          all.map((one) => one?.grade),
          [...odd.map((_, index) => (index % 3 === 0 ? undefined : "stable")), undefined]
        )
        assert.deepStrictEqual((yield* cache.evidence(fresh.slice(0, 10))).length, 10)
        assert.deepStrictEqual(yield* cache.evidence(fresh.slice(0, 10)), all.slice(0, 10), "few and many agree")
        const last = 2n ** 64n - 1500n
        assert.strictEqual((yield* cache.byContent(sha("b"))).length, hashed.length)
        assert.isTrue((yield* cache.inodesOfSize(10)).some(({ inode }) => inode.ino === last))
      })
    )
  )

  it.effect(
    "absence counts in a clean end only; a directory that is gone takes its names, an inode goes with its last",
    () =>
      using(
        Effect.fnUntraced(function* (cache) {
          const film = factsOf(7n, { nlink: 2n })
          const scan = yield* cache.begin(root)
          yield* cache.absorb(scan, [
            listing("/stash", 1n, null, {}, ["a"]),
            listing("/stash/a", 2n, 1n, { film }),
            listing("/stash/b", 3n, 1n, { film, other: factsOf(8n) })
          ])
          yield* cache.keep(scan.fs, [digest(film, "a"), digest(factsOf(8n), "b")])
          const ending = { start: 1n, at, totals: { files: 3, bytes: 20 } }
          yield* cache.end(scan, { ...ending, clean: true, visited: new Set([1n, 2n, 3n]) })
          const names = (letter: string) =>
            Effect.map(cache.byContent(sha(letter)), (found) => found.flatMap(({ entries }) => entries))

          const second = yield* cache.begin(root)
          yield* cache.absorb(second, [listing("/stash", 1n, null, {}, ["a"])])
          yield* cache.end(second, { ...ending, clean: false, visited: new Set([1n, 2n]) })
          assert.deepStrictEqual(yield* names("a"), [
            { path: "/stash/a/film", current: true },
            { path: "/stash/b/film", current: false }
          ])
          const third = yield* cache.begin(root)
          assert.strictEqual(yield* cache.end(third, { ...ending, clean: true, visited: new Set([1n, 2n]) }), 2)
          assert.deepStrictEqual(yield* names("a"), [{ path: "/stash/a/film", current: true }])
          assert.deepStrictEqual(yield* names("b"), [])
          assert.deepStrictEqual([...(yield* cache.undecidedSizes)], [])
        })
      )
  )

  it.effect("a digest of facts that are not the inode's any more is dropped", () =>
    using(
      Effect.fnUntraced(function* (cache) {
        const scan = yield* cache.begin(root)
        yield* cache.absorb(scan, [listing("/stash", 1n, null, { film: factsOf(7n, { ctimeNs: born + 1n }) })])
        yield* cache.keep(scan.fs, [digest(factsOf(7n), "a")])
        assert.deepStrictEqual(yield* cache.byContent(sha("a")), [])
      })
    )
  )
})

describe("lists of files", () => {
  const hash = "a".repeat(40)
  const files = [
    { path: "Folder/\udcff é\n.mkv", size: 2 ** 40, wanted: true },
    { path: "Folder/left out", size: 0, wanted: false }
  ]

  it.effect("come back as they were, while their stamp and their age allow it, and go with their torrent", () =>
    using(
      Effect.fnUntraced(function* (cache) {
        const other = "b".repeat(40)
        const all = new Set([hash, other])
        yield* cache.keepFileLists([{ hash, stamp: "one", readAt: at, files }], all)
        yield* cache.keepFileLists([{ hash: other, stamp: "one", readAt: at, files: [] }], all)
        const now = new Map([
          [hash, "one"],
          [other, "two"]
        ])
        assert.deepStrictEqual(yield* cache.fileLists(now, at), new Map([[hash, files]]))
        assert.strictEqual((yield* cache.fileLists(now, at + 1)).size, 0)
        yield* cache.keepFileLists([{ hash: other, stamp: "two", readAt: at + 1, files: [] }], new Set([other]))
        assert.deepStrictEqual(yield* cache.fileLists(now, at), new Map([[other, []]]))
      })
    )
  )
})
