import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { linkSync } from "node:fs"
import type { Retired, TitleFile } from "../../src/domain/deletionRetired.ts"
import { authorize } from "../../src/domain/deletion.ts"
import { absent, known, unreadable } from "../../src/domain/fact.ts"
import { Gate } from "../../src/services/Gate.ts"
import { type Rig, withRig } from "../workflows/watched-rig.ts"
import { met } from "./gate-rig.ts"

const filesOf = (rig: Rig, season: number): Retired["files"] => {
  const [first, ...rest] = rig.arr
    .oneSeries(1)
    .files.filter(({ id }) => Math.floor(id / 100) % 10 === season)
    .map(({ id, path, size }): TitleFile => ({ id, path, size }))
  assert.isDefined(first)
  return first === undefined ? [{ id: 0, path: "", size: 0 }] : [first, ...rest]
}

/** The first season of a series, unmonitored. */
const evidence = (rig: Rig, over: Partial<Retired> = {}): Retired => {
  rig.series(1, [2, 1], [1])
  const { episodes } = rig.arr.oneSeries(1)
  rig.arr.changeSeries(1, { episodes: episodes.map((one) => ({ ...one, monitored: one.season !== 1 })) })
  return {
    _tag: "Retired",
    subject: "Show 1, season 1",
    ref: { arr: "sonarr", id: 1 },
    episodes: [1101, 1102],
    files: filesOf(rig, 1),
    unmonitored: known(true, "sonarr", Date.now()),
    rule: known("watched", "the watched rules", Date.now()),
    conditions: [met],
    ...over
  }
}

const pass = (rig: Rig, given: Retired) => rig.run(Effect.result(Effect.flatMap(Gate, (gate) => gate.pass(given))))

const failure = (result: Result.Result<unknown, { readonly _tag: string; readonly message: string }>) =>
  Result.isFailure(result) ? `${result.failure._tag}: ${result.failure.message}` : "done"

const refused: Record<string, (rig: Rig) => Partial<Retired>> = {
  "it was not read whether the arr has let go of it": () => ({ unmonitored: unreadable("sonarr", Date.now(), "500") }),
  "nobody looked whether it has": () => ({ unmonitored: absent("sonarr", Date.now()) }),
  "the arr still monitors it": () => ({ unmonitored: known(false, "sonarr", Date.now()) }),
  "that was read long ago": () => ({ unmonitored: known(true, "sonarr", Date.now() - 600_000) }),
  "no rule has decided": () => ({ rule: known("", "rules", Date.now()) }),
  "the decision is old": () => ({ rule: known("watched", "rules", Date.now() - 600_000) }),
  "no condition was looked at": () => ({ conditions: [] }),
  "a condition is not met": () => ({ conditions: [met, { ...met, met: false }] }),
  "a file is named twice": (rig) => ({ files: [filesOf(rig, 1)[0], filesOf(rig, 1)[0]] }),
  "a path is not plain": (rig) => ({ files: [{ ...filesOf(rig, 1)[0], path: "/a/../b" }] }),
  "an id is none": (rig) => ({ files: [{ ...filesOf(rig, 1)[0], id: 0 }] }),
  "it names no episode": () => ({ episodes: [] })
}

describe("the gate, a retired title", () => {
  it.live("deletes in one call, and looks at the arr and at the disk", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const given = evidence(rig)
        linkSync(rig.path("Show 1/S01E02.mkv"), rig.path("torrent"))
        assert.deepStrictEqual(Result.getOrThrow(yield* pass(rig, given)), { files: 2, bytes: 1101, left: [] })
        assert.deepStrictEqual(
          rig.arr.of("deleteFiles").map(({ ids }) => ids),
          [[1101, 1102]]
        )
        assert.isFalse(rig.has("Show 1/S01E01.mkv"))
        assert.isTrue(rig.has("Show 1/S02E01.mkv") && rig.has("torrent"))
        // What is gone is not asked for again: an empty list is never sent.
        assert.deepStrictEqual(Result.getOrThrow(yield* pass(rig, given)).files, 0)
        assert.strictEqual(rig.arr.of("deleteFiles").length, 1)
      })
    )
  )

  for (const [what, over] of Object.entries(refused)) {
    it.live(`refuses where ${what}`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          const whole = evidence(rig)
          assert.match(failure(yield* pass(rig, { ...whole, ...over(rig) })), /^GateRefused/)
          assert.deepStrictEqual(rig.arr.calls, [])
        })
      )
    )
  }

  it("has no form for no file, nor for files of two series", () => {
    const now = Date.now()
    const one: Retired = {
      _tag: "Retired",
      subject: "x",
      ref: { arr: "sonarr", id: 1 },
      episodes: [1],
      // @ts-expect-error: at least one
      files: [],
      unmonitored: known(true, "sonarr", now),
      rule: known("watched", "", now),
      conditions: [met]
    }
    const authority = authorize(one, now)
    assert.deepStrictEqual(authority, { allowed: false, reasons: ["it names no file"] })
  })

  it.live("sends no file of another series, whatever the evidence says", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const given = evidence(rig)
        rig.series(2, [1], [1])
        const [other] = rig.arr.oneSeries(2).files
        assert.isDefined(other)
        if (other === undefined) return
        const mixed = {
          ...given,
          files: [given.files[0], { id: other.id, path: other.path, size: other.size }]
        } as const
        assert.match(failure(yield* pass(rig, mixed)), /^GateFailed.*on the disk there is still/)
        assert.deepStrictEqual(
          rig.arr.of("deleteFiles").map(({ ids }) => ids),
          [[1101]]
        )
        assert.isTrue(rig.has("Show 2/S01E01.mkv"))
      })
    )
  )

  const meanwhile: Record<string, (rig: Rig) => void> = {
    "is monitored again": (rig) => {
      const { episodes } = rig.arr.oneSeries(1)
      rig.arr.changeSeries(1, { episodes: episodes.map((one) => ({ ...one, monitored: true })) })
    },
    "has another file under the same id": (rig) => {
      const { files } = rig.arr.oneSeries(1)
      rig.arr.changeSeries(1, { files: files.map((file) => (file.id === 1101 ? { ...file, size: 5 } : file)) })
    },
    "shares a file with an episode that was not judged": (rig) => {
      const { episodes } = rig.arr.oneSeries(1)
      rig.arr.changeSeries(1, { episodes: episodes.map((one) => (one.season === 2 ? { ...one, fileId: 1101 } : one)) })
    }
  }
  for (const [what, change] of Object.entries(meanwhile)) {
    it.live(`refuses what ${what} in this moment`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          const given = evidence(rig)
          change(rig)
          assert.match(failure(yield* pass(rig, given)), /^GateRefused/)
          assert.deepStrictEqual(rig.arr.of("deleteFiles"), [])
        })
      )
    )
  }

  it.live(
    "says refused for what was refused, and failed for what may have happened",
    () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          const given = evidence(rig)
          const behaving = (behaviour: "refused" | "ignored" | "unreadable") => {
            rig.arr.behave = ({ operation }) => (operation === "deleteFiles" ? behaviour : undefined)
          }
          behaving("refused")
          assert.match(failure(yield* pass(rig, given)), /^GateRefused.*409/)
          behaving("ignored")
          assert.match(failure(yield* pass(rig, given)), /^GateFailed.*sonarr still lists/)
          behaving("unreadable")
          assert.match(failure(yield* pass(rig, given)), /^GateFailed/)
          assert.isTrue(rig.has("Show 1/S01E01.mkv"))
        })
      ),
    20_000
  )
})
