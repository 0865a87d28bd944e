import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { known, unreadable } from "../../src/domain/fact.ts"
import { duration, obligations, owedTo, type Policy, type Seeded } from "../../src/domain/obligations.ts"

const day = 86_400
const now = 1_800_000_000_000
const policy: Policy = {
  minSeedSeconds: 7 * day,
  minRatio: 1,
  trackers: {
    "tracker.example": { minSeedSeconds: 10 * day },
    "strict.tracker.example": { minSeedSeconds: 14 * day, minRatio: 2 },
    "lax.example": { minSeedSeconds: 3600, minRatio: 0 }
  }
}
const seeded = (over: Partial<Seeded> = {}): Seeded => ({
  hash: "h",
  name: "Show",
  present: true,
  settled: true,
  state: "stalledUP",
  seedingTime: 30 * day,
  ratio: 3,
  ...over
})
const hosts = (...all: ReadonlyArray<string>) => known(all, "qBittorrent", now)
const open = (torrent: Seeded, ...trackers: ReadonlyArray<string>) =>
  obligations(policy, torrent, hosts(...trackers), now).filter(({ met }) => !met)

describe("what is owed", () => {
  const cases: ReadonlyArray<readonly [string, number, number]> = [
    ["", 7 * day, 1],
    ["unknown.example", 7 * day, 1],
    ["tracker.example", 10 * day, 1],
    ["A.Tracker.Example", 10 * day, 1],
    ["nottracker.example", 7 * day, 1],
    ["strict.tracker.example", 14 * day, 2],
    ["lax.example", 3600, 0]
  ]
  it.each(cases)("to %s", (host, minSeedSeconds, minRatio) => {
    const owed = owedTo(policy, host === "" ? [] : [host])
    assert.deepStrictEqual([owed.minSeedSeconds, owed.minRatio], [minSeedSeconds, minRatio])
  })

  const Host = Schema.Literals(["tracker.example", "strict.tracker.example", "lax.example", "unknown.example"])
  it.prop("the strictest of all trackers, in any order", [Arbitrary.schema(Schema.Array(Host))], ([all]) => {
    const owed = owedTo(policy, all)
    const each = (all.length === 0 ? [""] : all).map((host) => owedTo(policy, host === "" ? [] : [host]))
    assert.strictEqual(owed.minSeedSeconds, Math.max(...each.map((one) => one.minSeedSeconds)))
    assert.strictEqual(owed.minRatio, Math.max(...each.map((one) => one.minRatio)))
    const turned = owedTo(policy, all.toReversed())
    assert.deepStrictEqual([turned.minSeedSeconds, turned.minRatio], [owed.minSeedSeconds, owed.minRatio])
  })
})

describe("what is met", () => {
  const Seconds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 * day }))
  const Ratio = Schema.Literals([0, 0.5, 0.999, 1, 1.5, 2, 3])
  it.prop(
    "both the time and the ratio, or it is not",
    [Arbitrary.schema(Seconds), Arbitrary.schema(Ratio)],
    ([seedingTime, ratio]) => {
      const unmet = open(seeded({ seedingTime, ratio }), "tracker.example")
      assert.strictEqual(unmet.length === 0, seedingTime >= 10 * day && ratio >= 1)
      for (const { name, source, threshold, value } of unmet) {
        assert.isTrue([name, value, threshold, source].every((text) => text !== ""))
      }
      // Nothing may look met before it is.
      assert.isTrue(unmet.every(({ threshold, value }) => value !== threshold.split(" (")[0]))
    }
  )

  it("says when time alone will do, and only while it runs", () => {
    const short = { seedingTime: 6 * day }
    assert.deepStrictEqual(
      open(seeded(short)).map(({ metAt }) => metAt),
      [now + day * 1000]
    )
    assert.deepStrictEqual(
      open(seeded({ ...short, state: "stoppedUP" })).map(({ metAt }) => metAt),
      [null]
    )
    assert.deepStrictEqual(
      open(seeded({ ...short, present: false })).map(({ metAt }) => metAt),
      [null]
    )
    assert.deepStrictEqual(
      open(seeded({ ratio: 0 })).map(({ metAt }) => metAt),
      [null]
    )
  })

  it("an unbounded ratio is enough, one that is no number is not", () => {
    assert.lengthOf(open(seeded({ ratio: Infinity })), 0)
    assert.lengthOf(open(seeded({ ratio: Number.NaN })), 1)
  })

  it("a torrent that is not at rest, or whose trackers cannot be read, blocks", () => {
    assert.lengthOf(open(seeded({ settled: false, state: "checkingUP" })), 1)
    assert.lengthOf(open(seeded({ present: false, settled: false })), 0)
    const blind = obligations(policy, seeded(), unreadable("qBittorrent", now, "502"), now)
    assert.isTrue(blind.some(({ met }) => !met))
  })

  it("a duration is rounded down", () => {
    assert.deepStrictEqual([59, 119, 7199, 172_799, 7 * day - 1, 7 * day].map(duration), [
      "59 s",
      "119 s",
      "119.9 min",
      "47.9 h",
      "6.9 days",
      "7 days"
    ])
  })
})
