import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  appendFileSync,
  closeSync,
  openSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { join } from "../../src/platform/BytePath.ts"
import { onAnotherThread, onThisThread } from "../../src/services/Prover/contentHash.ts"
import { readInode } from "../../src/services/Prover/reading.ts"
import { entryOf } from "../../src/services/Disk/stats.ts"
import { type MetainfoOptions, noise } from "../fakes/metainfo.ts"
import {
  contentIdOf,
  flip,
  overwrite,
  place,
  prove,
  proveOne,
  show,
  states,
  versions,
  withProverRig
} from "./prover-rig.ts"

describe("what stands in a file's place", () => {
  it.live("16 below a folder that is gone nothing is absent", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay, root }) {
        const { view } = lay("mnt", show("hybrid"))
        rmSync(join(root, "mnt"), { recursive: true })
        mkdirSync(join(root, "mnt"))
        const proof = yield* proveOne(view)
        assert.strictEqual(proof.verdict, "unproven")
        assert.isTrue(states(proof).every((state) => state === "unreadable"))
        assert.isTrue(proof.unproven.every(({ why }) => why === "unreadable"))
        assert.deepStrictEqual(
          states(yield* proveOne({ ...view, anchor: join(root, "mnt") })),
          states(proof),
          "whatever the anchor"
        )
      })
    )
  )

  it.live("22 a symlink is never followed, neither as the file nor as a folder above it", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay, root }) {
        for (const version of versions) {
          const { places, view } = lay(version, show(version))
          const target = join(root, `${version}-elsewhere`)
          renameSync(place(places, 0), target)
          symlinkSync(target, place(places, 0))
          const folder = join(root, `${version}/Show/b`)
          renameSync(folder, `${folder}2`)
          symlinkSync(`${folder}2`, folder)
          const proof = yield* proveOne(view)
          assert.deepStrictEqual(states(proof), ["odd", "odd", "odd", "odd", "read"])
          assert.strictEqual(proof.verdict, "unproven")
          assert.isTrue(proof.unproven.some(({ files, why }) => files.includes(0) && why === "odd"))
        }
      })
    )
  )

  it.live("a file that gives an error when it is read is unreadable, and the others are read all the same", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay }) {
        const { view } = lay("x", { version: "hybrid", name: "f", files: noise(100_000, "f") })
        // A regular file of which the first byte gives EIO: nothing is mapped at address 0.
        const proc = `/proc/${process.pid}`
        const [broken, good] = yield* prove([{ ...view, anchor: proc, places: [`${proc}/mem`] }, view])
        assert.deepStrictEqual(broken && states(broken), ["unreadable"])
        assert.deepInclude(broken, { verdict: "unproven", wrong: [], sizes: [] })
        assert.isTrue(broken?.unproven.every(({ why }) => why === "unreadable"))
        assert.strictEqual(good?.verdict, "proven")
      })
    )
  )

  it.live("an error in the middle of a large file does not reach the content id of the next", () =>
    withProverRig(({ root }) =>
      Effect.promise(async () => {
        const bytes = noise(3_000_000, "large")
        writeFileSync(join(root, "f"), bytes)
        const { signal } = new AbortController()
        for (const content of [onThisThread(), onAnotherThread()]) {
          const read = async (onBytes: (fd: number) => void) => {
            const fd = openSync(join(root, "f"), "r")
            const entry = entryOf(lstatSync(join(root, "f"), { bigint: true }))
            return readInode(fd, entry, [], content, () => onBytes(fd), signal)
          }
          let isClosed = false
          const failed = await read((fd) => {
            if (!isClosed) closeSync(fd)
            isClosed = true
          })
          assert.strictEqual(failed._tag, "unreadable")
          const whole = await read(() => undefined)
          assert.strictEqual(whole._tag === "read" && whole.contentId, contentIdOf(bytes))
          await content.close()
        }
      })
    )
  )

  it.live("FIFOs, folders and places outside the anchor are told and not opened", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay, root }) {
        const { places, view } = lay("x", show("v2"))
        rmSync(place(places, 0))
        mkdirSync(place(places, 0))
        const proof = yield* proveOne(view)
        assert.deepStrictEqual(states(proof), ["odd", "read", "read", "read", "read"])
        const outside = [`${root}/x/../x/Show/a.mkv`, `${root}2/a.mkv`, "/etc/passwd", root, "relative"]
        assert.deepStrictEqual(states(yield* proveOne({ ...view, places: outside })), [
          "unreadable",
          "unreadable",
          "unreadable",
          "unreadable",
          "unreadable"
        ])
      })
    )
  )
})

describe("what changes while it is read", () => {
  const large: MetainfoOptions = {
    version: "hybrid",
    name: "L",
    pieceLength: 65_536,
    files: [
      { path: "a", bytes: noise(3_000_000, "a") },
      { path: "b", bytes: noise(500_000, "b") }
    ]
  }
  /** Runs `change` once, when the first bytes have been read. */
  const once = (change: () => void) => {
    let isDone = false
    return () => {
      if (!isDone) change()
      isDone = true
    }
  }

  it.live("3 a file edited during hashing is changed, wherever the edit lies, large or small", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay }) {
        for (const [index, at] of [
          [0, 10],
          [0, 2_999_999],
          [0, 3_000_000]
        ] as const) {
          const { places, view } = lay(`x${at}`, large)
          const proof = yield* proveOne(
            view,
            once(() => overwrite(place(places, index), at, Buffer.of(1)))
          )
          assert.deepStrictEqual(states(proof), ["changed", "read"])
          assert.strictEqual(proof.verdict, "unproven")
          assert.deepStrictEqual(
            proof.unproven.map(({ files, half, why }) => [half, files, why]),
            [
              ["v1", [0], "changed"],
              ["v2", [0], "changed"]
            ]
          )
        }
        const { places, view } = lay("small", show("v1"))
        const proof = yield* proveOne(
          view,
          once(() => appendFileSync(place(places, 0), "x"))
        )
        assert.deepStrictEqual(states(proof), ["changed", "read", "read", "read", "read"])
      })
    )
  )

  it.live("3 a file that was read and then edited while others were is changed", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay }) {
        const { places, view } = lay("x", large)
        const proof = yield* proveOne(view, (done, total) => {
          if (done === total) appendFileSync(place(places, 0), "x")
        })
        assert.deepStrictEqual(states(proof), ["changed", "read"])
        assert.strictEqual(proof.verdict, "unproven")
      })
    )
  )

  it.live("5 an edit whose mtime is put back is seen by its ctime", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay }) {
        const { places, view } = lay("x", large)
        const path = place(places, 0)
        const then = new Date("2020-01-01T00:00:00Z")
        utimesSync(path, then, then)
        const before = lstatSync(path, { bigint: true })
        const proof = yield* proveOne(
          view,
          once(() => {
            flip(path, 2_900_000)
            utimesSync(path, then, then)
          })
        )
        const after = lstatSync(path, { bigint: true })
        assert.deepStrictEqual([after.mtimeNs, after.size, after.ino], [before.mtimeNs, before.size, before.ino])
        assert.deepStrictEqual(states(proof), ["changed", "read"])
      })
    )
  )

  it.live("4 another file put in the place of one that was seen is not taken for it", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay, root }) {
        const { places, view } = lay("x", large)
        const proof = yield* proveOne(
          view,
          once(() => {
            writeFileSync(join(root, "new"), noise(500_000, "b"))
            renameSync(join(root, "new"), place(places, 1))
          })
        )
        assert.deepStrictEqual(states(proof), ["read", "changed"])
        assert.strictEqual(proof.verdict, "unproven")
        assert.strictEqual((yield* proveOne(view)).verdict, "proven", "and the next run proves it")
      })
    )
  )
})
