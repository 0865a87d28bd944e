import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Fiber, Schema } from "effect"
import { createHash } from "node:crypto"
import { appendFileSync, linkSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs"
import type { PieceRange, View } from "../../src/services/Prover.ts"
import { dirname, join } from "../../src/platform/BytePath.ts"
import { type Content, type MetainfoOptions, noise } from "../fakes/metainfo.ts"
import {
  contentIdOf,
  prove,
  proveOne,
  proveOnTwoThreads,
  proveTightly,
  states,
  viewOf,
  withProverRig
} from "./prover-rig.ts"

const versions = ["v1", "v2", "hybrid"] as const
const episodes: ReadonlyArray<Content> = ["e1", "e2", "e3"].map((name) => ({
  path: `${name}.mkv`,
  bytes: noise(1_500_000 + name.charCodeAt(1), name)
}))

/** Links the given files below another folder; answers with their places there. */
const relink = (from: ReadonlyArray<string>, folder: string, names: ReadonlyArray<string>) =>
  names.map((name, at) => {
    const to = join(folder, name)
    mkdirSync(dirname(to), { recursive: true })
    linkSync(from[at] ?? "", to)
    return to
  })

/** Bytes that this process has read, by the kernel's count. */
const readByUs = () => Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1] ?? Number.NaN)

describe("siblings", () => {
  it.live("k siblings of every kind, cut and named differently, are proven with one read", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay, root }) {
        const first = lay("s0", { version: "v1", name: "Show", files: episodes, pieceLength: 65_536 })
        const views: Array<View> = [first.view]
        for (const [at, pieceLength] of [65_536, 32_768, 131_072, 65_536].entries()) {
          for (const version of versions) {
            const options = { version, name: `Show ${at}`, files: episodes, pieceLength, sourceTag: `tracker ${at}` }
            const places = relink(first.places, join(root, `${version}${at}`), ["x/1", "2", "y/z/3"])
            views.push(viewOf(root, options, places))
          }
        }
        const unique = episodes.reduce((sum, { bytes }) => sum + bytes.length, 0)
        let seen = [0, 0]
        const before = readByUs()
        const proofs = yield* prove(views, (done, total) => {
          seen = [done, total]
        })
        const read = readByUs() - before
        assert.lengthOf(proofs, 13)
        assert.deepStrictEqual(
          proofs.map(({ hash, verdict }) => [hash, verdict]),
          views.map(({ hash }) => [hash, "proven"])
        )
        assert.deepStrictEqual(seen, [unique, unique])
        assert.isAtLeast(read, unique)
        assert.isBelow(read, unique * 1.2)
        const ids = new Set(
          proofs.flatMap(({ files }) => files.map(({ state }) => (state._tag === "read" ? state.contentId : "")))
        )
        assert.deepStrictEqual(
          [...ids],
          episodes.map(({ bytes }) => contentIdOf(bytes))
        )
        assert.deepStrictEqual(yield* proveOnTwoThreads(views), proofs)
      })
    )
  )

  it.live("24 a season pack and singles: each is judged for itself", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay, root }) {
        const pack = { version: "v1", name: "Season", files: episodes, pieceLength: 262_144 } as const
        const { places, view } = lay("pack", pack)
        const singles = episodes.map(({ bytes, path }, at) => {
          const options = { version: versions[at] ?? "v1", name: path, files: bytes } as const
          return viewOf(root, options, relink([places[at] ?? ""], join(root, "singles"), [path]))
        })
        const rotten = readFileSync(places[1] ?? "")
        rotten[1_000_000] = (rotten[1_000_000] ?? 0) ^ 1
        writeFileSync(places[1] ?? "", rotten)
        const proofs = yield* prove([...singles, view])
        assert.deepStrictEqual(
          proofs.map(({ verdict }) => verdict),
          ["proven", "wrong", "proven", "wrong"]
        )
        const piece = Math.floor((1_500_049 + 1_000_000) / 262_144)
        assert.deepStrictEqual(proofs[3]?.wrong, [{ half: "v1", first: piece, last: piece, files: [1] }])
        assert.deepStrictEqual(proofs[1]?.wrong, [{ half: "v2", first: 61, last: 61, files: [0] }])
      })
    )
  )

  it.live("one path of an inode gone, another left: the file is read, and only the one place is told", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay, root }) {
        const options = { version: "hybrid", name: "S", files: episodes } as const
        const { places, view } = lay("a", options)
        const others = relink(places, join(root, "b"), ["1", "2", "3"])
        const [one, other] = yield* prove([viewOf(root, options, [join(root, "b/none"), ...others.slice(1)]), view])
        assert.deepStrictEqual(one && [one.verdict, states(one)], ["unproven", ["absent", "read", "read"]])
        assert.deepStrictEqual(other && [other.verdict, states(other)], ["proven", ["read", "read", "read"]])
      })
    )
  )

  it.live("an edit is seen on two threads too, and the next file is hashed for itself", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay }) {
        const { places, view } = lay("a", { version: "v2", name: "S", files: episodes, pieceLength: 1_048_576 })
        let isEdited = false
        const [proof] = yield* proveOnTwoThreads([view], () => {
          if (!isEdited) appendFileSync(places[0] ?? "", noise(5_000_000, "more"))
          isEdited = true
        })
        assert.deepStrictEqual(proof && states(proof), ["changed", "read", "read"])
        assert.deepStrictEqual(
          proof?.files.map(({ state }) => (state._tag === "read" ? state.contentId : null)),
          [null, ...episodes.slice(1).map(({ bytes }) => contentIdOf(bytes))]
        )
        assert.deepStrictEqual(proof?.unproven, [{ half: "v2", first: 0, last: 1, files: [0], why: "changed" }])
      })
    )
  )

  it.live("a file that stands three times in a torrent may be one inode", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ root }) {
        const bytes = noise(100_000, "twice")
        const files = ["a", "b", "c"].map((path) => ({ path, bytes }))
        writeFileSync(join(root, "a"), bytes)
        const places = [join(root, "a"), ...relink(Array(2).fill(join(root, "a")), root, ["b", "c"])]
        const views = versions.map((version) => viewOf(root, { version, name: "T", files }, places))
        for (const proofs of [yield* prove(views), yield* proveTightly(views)]) {
          assert.deepStrictEqual(
            proofs.map(({ verdict }) => verdict),
            ["proven", "proven", "proven"]
          )
        }
      })
    )
  )
})

/** What a client's recheck would find, computed from bytes in memory. */
const wrongPieces = (view: View, disk: ReadonlyArray<Uint8Array>): ReadonlyArray<number> => {
  const { files, pieceLength, pieces } = view.metainfo
  const stream = Buffer.concat(
    files.map(({ index, size }) => Buffer.concat([disk[index ?? -1] ?? Buffer.alloc(size)]).subarray(0, size))
  )
  return Array.from({ length: (pieces?.length ?? 0) / 20 }, (_, piece) => piece).filter((piece) => {
    const bytes = stream.subarray(piece * pieceLength, (piece + 1) * pieceLength)
    return !createHash("sha1")
      .update(bytes)
      .digest()
      .equals((pieces ?? new Uint8Array()).subarray(piece * 20, piece * 20 + 20))
  })
}

const expand = (ranges: ReadonlyArray<PieceRange>, half: "v1" | "v2") =>
  ranges
    .filter((range) => range.half === half)
    .flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at))

const Size = Schema.Literals([0, 1, 99, 16_383, 16_384, 16_385, 40_000, 65_536, 100_000])
const Files = Arbitrary.array(Arbitrary.schema(Schema.Struct({ size: Size, flip: Schema.Boolean })))

describe("any torrent", () => {
  it.effect.prop(
    "the pieces found wrong are those of a recheck, in whatever order the files are read and with no room to keep any",
    [Files, Arbitrary.schema(Schema.Literals([16_384, 32_768, 131_072])), Arbitrary.schema(Schema.Literals(versions))],
    ([files, pieceLength, version]) => {
      const made = files.slice(0, 9).map(({ size }, at) => ({ path: `f${at}`, bytes: noise(size, `f${at}`) }))
      if (!made.some(({ bytes }) => bytes.length > 0)) return Effect.void
      const options: MetainfoOptions = { version, name: "P", files: made, pieceLength }
      return withProverRig(
        Effect.fnUntraced(function* ({ lay, root }) {
          const { places, view } = lay("p", options)
          const disk = made.map(({ bytes }, at) => {
            const bad = Buffer.from(bytes)
            if (files[at]?.flip === true && bad.length > 0) bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 1
            writeFileSync(places[at] ?? "", bad)
            return bad
          })
          // A sibling whose files come the other way round decides the order of reading.
          const reversed: MetainfoOptions = { version: "v1", name: "R", files: made.toReversed(), pieceLength: 32_768 }
          const views = [viewOf(root, reversed, places.toReversed()), view]
          const proofs = yield* prove(views)
          assert.deepStrictEqual(yield* proveTightly(views), proofs)
          const [backwards, proof] = proofs
          const expected = wrongPieces(view, disk)
          assert.deepStrictEqual(proof && expand(proof.wrong, "v1"), expected)
          const [other] = views
          assert.deepStrictEqual(
            backwards && other && expand(backwards.wrong, "v1"),
            other && wrongPieces(other, disk.toReversed())
          )
          const anyFlipped = disk.some((bytes, at) => !bytes.equals(made[at]?.bytes ?? Buffer.alloc(0)))
          assert.deepStrictEqual(
            proofs.map(({ verdict }) => verdict),
            anyFlipped ? ["wrong", "wrong"] : ["proven", "proven"]
          )
          if (version !== "v1") {
            const flipped = disk.flatMap((bytes, at) => (bytes.equals(made[at]?.bytes ?? bytes) ? [] : [at]))
            const told = (proof?.wrong ?? []).filter(({ half }) => half === "v2").map(({ files: [index] }) => index)
            assert.deepStrictEqual(told, flipped)
          }
        })
      )
    },
    { arbitrary: { runs: 60 } }
  )
})

describe("a run", () => {
  it.live("that is interrupted ends at once and leaves no file open", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay, root }) {
        const { places, view } = lay("x", { version: "v1", name: "f", files: noise(100, "f") })
        truncateSync(places[0] ?? "", 20_000_000_000)
        const open = () => readdirSync("/proc/self/fd").length
        const before = open()
        const progress = { read: 0 }
        const fiber = yield* Effect.forkChild(
          proveOne(view, (done) => {
            progress.read = done
          })
        )
        while (progress.read === 0) yield* Effect.sleep("5 millis")
        const started = performance.now()
        yield* Fiber.interrupt(fiber)
        assert.isBelow(performance.now() - started, 500)
        for (let tries = 0; tries < 100 && open() > before; tries++) yield* Effect.sleep("5 millis")
        assert.isAtMost(open(), before)
        const stopped = progress.read
        yield* Effect.sleep("50 millis")
        assert.strictEqual(progress.read, stopped)
        assert.isBelow(progress.read, 20_000_000_000)
        assert.deepStrictEqual(yield* prove([]), [], root)
      })
    )
  )
})
