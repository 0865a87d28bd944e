import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { appendFileSync, lstatSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { toBytes } from "../../src/platform/BytePath.ts"
import type { View } from "../../src/services/Prover.ts"
import { noise } from "../fakes/metainfo.ts"
import {
  contentIdOf,
  contents,
  flip,
  overwrite,
  place,
  proveOne,
  show,
  states,
  versions,
  viewOf,
  withProverRig
} from "./prover-rig.ts"

describe("a torrent's content is proven by its own pieces", () => {
  for (const version of versions) {
    it.live(`${version}: every file is read, with its fence and its content id`, () =>
      withProverRig(
        Effect.fnUntraced(function* ({ lay }) {
          const { places, view } = lay("x", show(version))
          const progress: Array<readonly [number, number]> = []
          const proof = yield* proveOne(view, (done, total) => progress.push([done, total]))
          assert.deepInclude(proof, { hash: view.hash, verdict: "proven", wrong: [], unproven: [], sizes: [] })
          assert.deepStrictEqual(
            proof.files.map(({ index, path, state, wanted }) => [
              index,
              path,
              wanted,
              state._tag === "read" && state.contentId,
              state._tag === "read" && [state.fence.ino, BigInt(state.size)]
            ]),
            contents.map(({ bytes }, index) => {
              const path = place(places, index)
              const { ino } = lstatSync(toBytes(path), { bigint: true })
              return [index, path, true, contentIdOf(bytes), [ino, BigInt(bytes.length)]]
            })
          )
          assert.deepStrictEqual(progress.at(-1), [285_637, 285_637])
        })
      )
    )

    it.live(`14 ${version}: wrong bytes behind a client's 100 % are told, with their pieces and files`, () =>
      withProverRig(
        Effect.fnUntraced(function* ({ lay }) {
          const { places, view } = lay("x", show(version))
          flip(place(places, 0), 70_000)
          flip(place(places, 0), 199_999)
          const proof = yield* proveOne(view)
          assert.strictEqual(proof.verdict, "wrong")
          assert.deepStrictEqual(states(proof), ["read", "read", "read", "read", "read"])
          // In the plain v1 torrent the end of the first file shares its piece with three more.
          const last = version === "v1" ? [0, 1, 2, 4] : [0]
          const expected = (half: "v1" | "v2") => [
            { half, first: 2, last: 2, files: [0] },
            { half, first: 6, last: 6, files: half === "v1" ? last : [0] }
          ]
          assert.deepStrictEqual(proof.wrong, [
            ...(version === "v2" ? [] : expected("v1")),
            ...(version === "v1" ? [] : expected("v2"))
          ])
        })
      )
    )

    it.live(`15 ${version}: the same size and another content is wrong from the first piece to the last`, () =>
      withProverRig(
        Effect.fnUntraced(function* ({ lay }) {
          const { places, view } = lay("x", { version, name: "f", pieceLength: 32_768, files: noise(100_000, "f") })
          writeFileSync(place(places, 0), noise(100_000, "g"))
          const proof = yield* proveOne(view)
          assert.strictEqual(proof.verdict, "wrong")
          for (const range of proof.wrong) assert.deepInclude(range, { first: 0, last: 3, files: [0] })
          assert.lengthOf(proof.wrong, version === "hybrid" ? 2 : 1)
        })
      )
    )

    it.live(`${version}: a file that is too long or too short is wrong, though a recheck may pass it`, () =>
      withProverRig(
        Effect.fnUntraced(function* ({ lay }) {
          const { places, view } = lay("x", show(version))
          appendFileSync(place(places, 2), "more")
          const long = yield* proveOne(view)
          assert.strictEqual(long.verdict, "wrong")
          assert.deepStrictEqual(long.sizes, [{ index: 2, expected: 20_000, found: 20_004 }])
          assert.deepStrictEqual(long.wrong, [], "its pieces are right")
          truncateSync(place(places, 2), 20_000)
          assert.strictEqual((yield* proveOne(view)).verdict, "proven")
          truncateSync(place(places, 0), 190_000)
          const short = yield* proveOne(view)
          assert.strictEqual(short.verdict, "wrong")
          assert.deepStrictEqual(short.sizes, [{ index: 0, expected: 200_001, found: 190_000 }])
          assert.isTrue(short.wrong.every(({ files, first, last }) => files[0] === 0 && first >= 5 && last <= 6))
          assert.isAbove(short.wrong.length, 0)
          truncateSync(place(places, 0), 0)
          const empty = yield* proveOne(view)
          assert.isTrue(empty.wrong.some(({ files, first }) => files[0] === 0 && first === 0))
        })
      )
    )
  }

  it.live("sparse files and empty ones are what they read as", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay }) {
        for (const version of versions) {
          const bytes = new Uint8Array(3_000_000)
          bytes.set(noise(50_000, "middle"), 1_500_000)
          const files = [
            { path: "sparse", bytes },
            { path: "zero", bytes: new Uint8Array() }
          ]
          const { places, view } = lay(version, { version, name: "S", files })
          writeFileSync(place(places, 0), "")
          truncateSync(place(places, 0), 3_000_000)
          overwrite(place(places, 0), 1_500_000, noise(50_000, "middle"))
          assert.isBelow(lstatSync(place(places, 0)).blocks * 512, 1_000_000)
          const proof = yield* proveOne(view)
          assert.strictEqual(proof.verdict, "proven")
          const [sparse] = proof.files
          assert.strictEqual(sparse?.state._tag === "read" && sparse.state.contentId, contentIdOf(bytes))
          appendFileSync(place(places, 1), "x")
          assert.deepInclude(yield* proveOne(view), {
            verdict: "wrong",
            sizes: [{ index: 1, expected: 0, found: 1 }]
          })
        }
      })
    )
  )

  it.live("11 pad files: nothing on the disk, zeros in the pieces, no number of their own", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay, root }) {
        const { places, view } = lay("x", show("v1", { pads: true }))
        assert.isTrue(view.metainfo.files.some(({ pad }) => pad))
        assert.strictEqual((yield* proveOne(view)).verdict, "proven")
        flip(place(places, 1), 5)
        assert.deepStrictEqual((yield* proveOne(view)).wrong, [{ half: "v1", first: 7, last: 7, files: [1] }])
        // As clients made them before there were pad files: a file like any other, which nobody wants.
        const files = [
          { path: "a", bytes: noise(10_000, "a") },
          { path: "_____padding_file_0_a", bytes: new Uint8Array(22_768) },
          { path: "b", bytes: noise(10_000, "b") }
        ]
        const old = show("v1", { files })
        const laid = lay("old", old)
        const without = viewOf(root, old, [place(laid.places, 0), null, place(laid.places, 2)])
        assert.strictEqual((yield* proveOne(without)).verdict, "proven")
        flip(place(laid.places, 0), 1)
        const proof = yield* proveOne(without)
        assert.strictEqual(proof.verdict, "unproven", "it may have been filled with something else")
        assert.deepStrictEqual(proof.unproven, [{ half: "v1", first: 0, last: 0, files: [0, 1], why: "edge" }])
      })
    )
  )

  it.live("12 an unselected file that is absent leaves the pieces at its edges unproven, and v2 has no edges", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay, root }) {
        for (const version of versions) {
          const options = show(version)
          const { places } = lay(version, options)
          rmSync(place(places, 2))
          const without = places.map((path, index) => (index === 2 ? null : path))
          const proof = yield* proveOne(viewOf(root, options, without))
          assert.deepStrictEqual(
            proof.files.map(({ index }) => index),
            [0, 1, 3, 4]
          )
          assert.deepStrictEqual(proof.wrong, [])
          assert.strictEqual(proof.verdict, version === "v1" ? "unproven" : "proven")
          assert.deepStrictEqual(
            proof.unproven,
            version === "v1" ? [{ half: "v1", first: 6, last: 6, files: [0, 1, 2, 4], why: "edge" }] : []
          )
        }
      })
    )
  )

  it.live("12 what is there of an unselected file helps where it is right and harms nothing where it is not", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay }) {
        const { places, view } = lay("x", show("v1"))
        const unselected: View = { ...view, unwanted: new Set([4]) }
        assert.strictEqual((yield* proveOne(unselected)).verdict, "proven")
        flip(place(places, 4), 60_000)
        assert.strictEqual((yield* proveOne(unselected)).verdict, "proven", "a piece of its own")
        flip(place(places, 4), 3)
        assert.deepInclude(yield* proveOne(unselected), {
          verdict: "unproven",
          wrong: [],
          unproven: [{ half: "v1", first: 6, last: 6, files: [0, 1, 2, 4], why: "edge" }]
        })
        const { places: own, view: hybrid } = lay("h", show("hybrid"))
        flip(place(own, 4), 3)
        truncateSync(toBytes(place(own, 4)), 10)
        assert.strictEqual((yield* proveOne({ ...hybrid, unwanted: new Set([4]) })).verdict, "proven")
        assert.strictEqual((yield* proveOne(hybrid)).verdict, "wrong")
      })
    )
  )

  it.live("13 an incomplete file is absent under its own name, wrong where it is preallocated", () =>
    withProverRig(
      Effect.fnUntraced(function* ({ lay }) {
        const { places, view } = lay("x", show("v1"))
        renameSync(place(places, 0), `${place(places, 0)}.!qB`)
        const proof = yield* proveOne(view)
        assert.strictEqual(proof.verdict, "unproven")
        assert.deepStrictEqual(states(proof), ["absent", "read", "read", "read", "read"])
        assert.deepStrictEqual(proof.unproven, [
          { half: "v1", first: 0, last: 5, files: [0], why: "absent" },
          { half: "v1", first: 6, last: 6, files: [0, 1, 2, 4], why: "absent" }
        ])
        writeFileSync(place(places, 0), noise(200_001, "a").fill(0, 100_000))
        const holes = yield* proveOne(view)
        assert.deepInclude(holes, { verdict: "wrong", unproven: [] })
        assert.deepStrictEqual(holes.wrong[0], { half: "v1", first: 3, last: 5, files: [0] })
      })
    )
  )
})
