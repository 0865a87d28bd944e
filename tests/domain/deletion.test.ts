import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { authorize, type Condition, type Evidence, type FileEvidence, freshFor } from "../../src/domain/deletion.ts"
import { absent, type Fact, known, unreadable } from "../../src/domain/fact.ts"

const now = 1_800_000_000_000

interface Numbers {
  readonly files: ReadonlyArray<{ readonly size: number; readonly age: number; readonly proof: string }>
  readonly conditions: number
  readonly age: number
  /** Which file, and which condition, is weakened. */
  readonly pick: number
}

const Age = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: freshFor }))
const Small = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 4 }))
const numbers: Arbitrary.Arbitrary<Numbers> = Arbitrary.schema(
  Schema.Struct({
    files: Schema.Array(
      Schema.Struct({
        size: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 40 })),
        age: Age,
        proof: Schema.Literals(["hash", "claim+samples", "claim+readback", "size+readback"])
      })
    ).check(Schema.isBetweenLength(1, 4)),
    conditions: Small,
    age: Age,
    pick: Schema.Natural.check(Schema.isLessThanOrEqualTo(1000))
  })
)

const sha1 = "a".repeat(40)
const filesOf = (root: string, { files }: Numbers): ReadonlyArray<FileEvidence> =>
  files.map(({ age, proof, size }, index) => ({
    path: `${root}/${index}`,
    fence: { dev: 1n, ino: BigInt(index + 1), size: BigInt(size), mtimeNs: 1n, ctimeNs: 1n },
    size,
    hash: sha1,
    sha1,
    proof,
    // What was read back whole needs no word of the remote.
    replica: known({ path: `r/${index}`, size, hash: proof === "size+readback" ? null : sha1 }, "remote", now - age)
  }))
const conditionsOf = (all: Numbers): ReadonlyArray<Condition> =>
  Array.from({ length: all.conditions }, (_, index) => ({
    name: `c${index}`,
    met: true,
    value: "v",
    threshold: "t",
    source: "s",
    metAt: null
  }))

type Of<Tag extends Evidence["_tag"]> = Extract<Evidence, { _tag: Tag }>
const localCopy = (all: Numbers): Of<"LocalCopy"> => ({
  _tag: "LocalCopy",
  item: "/done/Show",
  root: "/done/Show",
  rootless: false,
  roots: ["/done", "/done/tv"],
  files: filesOf("/done/Show", all),
  claims: known([], "qBittorrent", now - all.age),
  conditions: conditionsOf(all),
  quarantine: null
})
const torrent = (all: Numbers): Of<"Torrent"> => ({
  _tag: "Torrent",
  hash: sha1,
  exported: "/state/torrents/a.torrent",
  files: filesOf("/done/Show", all),
  conditions: conditionsOf(all)
})
const quarantined = (all: Numbers): Of<"Quarantined"> => ({
  _tag: "Quarantined",
  path: "/done/q/1",
  within: "/done/q",
  until: now - all.age,
  files: filesOf("/done/q/1", all)
})

type Weaken<A> = (value: A) => A
const replica =
  (change: (fact: FileEvidence["replica"]) => FileEvidence["replica"]): Weaken<FileEvidence> =>
  (file) => ({
    ...file,
    replica: change(file.replica)
  })
const known1 = <A>(fact: Fact<A>, change: (value: A) => A): Fact<A> =>
  fact._tag === "Known" ? { ...fact, value: change(fact.value) } : fact

const weakerFile: Record<string, Weaken<FileEvidence>> = {
  "no proof": (file) => ({ ...file, proof: null }),
  "an empty proof": (file) => ({ ...file, proof: "" }),
  "an unreadable replica": replica(() => unreadable("remote", now, "502")),
  "an absent replica": replica(() => absent("remote", now)),
  "an old replica": replica((fact) => ({ ...fact, readAt: now - freshFor - 1 })),
  "a replica of the future": replica((fact) => ({ ...fact, readAt: now + 1 })),
  "a replica read at no time": replica((fact) => ({ ...fact, readAt: Number.NaN })),
  "a shorter replica": replica((fact) => known1(fact, (value) => ({ ...value, size: value.size - 1 }))),
  "another hash there": replica((fact) => known1(fact, (value) => ({ ...value, hash: "b".repeat(40) }))),
  "no hash there and not read back": (file) =>
    replica((fact) => known1(fact, (value) => ({ ...value, hash: null })))({ ...file, proof: "size+samples" }),
  "no hash of ours": (file) =>
    replica((fact) => known1(fact, (value) => ({ ...value, hash: sha1 })))({ ...file, hash: null }),
  "another size when hashed": (file) => ({ ...file, fence: { ...file.fence, size: file.fence.size + 1n } }),
  "no place on the remote": replica((fact) => known1(fact, (value) => ({ ...value, path: "" })))
}

const at = <A>(all: ReadonlyArray<A>, pick: number, change: Weaken<A>): ReadonlyArray<A> =>
  all.map((value, index) => (index === pick % all.length ? change(value) : value))

const unmet: Weaken<Condition> = (condition) => ({ ...condition, met: false })

type Weakenings<A> = Record<string, (evidence: A, pick: number) => A>
const ofFiles = <A extends { readonly files: ReadonlyArray<FileEvidence> }>(): Weakenings<A> => ({
  ...Object.fromEntries(
    Object.entries(weakerFile).map(([name, change]) => [
      name,
      (evidence: A, pick: number): A => ({ ...evidence, files: at(evidence.files, pick, change) })
    ])
  ),
  "no file": (evidence) => ({ ...evidence, files: [] }),
  "a file that is elsewhere": (evidence, pick) => ({
    ...evidence,
    files: at(evidence.files, pick, (file) => ({ ...file, path: "/done/../etc/passwd" }))
  })
})
const ofConditions = <A extends { readonly conditions: ReadonlyArray<Condition> }>(): Weakenings<A> => ({
  "a condition that is not met": (evidence, pick) => ({
    ...evidence,
    conditions: at(evidence.conditions, pick, unmet)
  }),
  "no condition": (evidence) => ({ ...evidence, conditions: [] })
})

const weakLocal: Weakenings<Of<"LocalCopy">> = {
  ...ofFiles<Of<"LocalCopy">>(),
  ...ofConditions<Of<"LocalCopy">>(),
  "a claim": (evidence) => ({ ...evidence, claims: known([sha1], "qBittorrent", now) }),
  "an unreadable list": (evidence) => ({ ...evidence, claims: unreadable("qBittorrent", now, "time-out") }),
  "an absent list": (evidence) => ({ ...evidence, claims: absent("qBittorrent", now) }),
  "an old list": (evidence) => ({ ...evidence, claims: { ...evidence.claims, readAt: now - freshFor - 1 } }),
  "a list of the future": (evidence) => ({ ...evidence, claims: { ...evidence.claims, readAt: now + 1 } }),
  "a configured root": (evidence) => ({ ...evidence, roots: ["/done", "/done/Show"] }),
  "an ancestor of a root": (evidence) => ({ ...evidence, roots: ["/done", "/done/Show/deep/er"] }),
  "nothing below a root": (evidence) => ({ ...evidence, roots: ["/other"] }),
  "no roots": (evidence) => ({ ...evidence, roots: [] }),
  "a sibling of a root by prefix": (evidence) => ({ ...evidence, roots: ["/don", "/done/Sho"] }),
  "a relative root": (evidence) => ({ ...evidence, root: "done/Show" }),
  "a root with ..": (evidence) => ({ ...evidence, root: "/done/Show/../Show" }),
  "a file beside the root": (evidence, pick) => ({
    ...evidence,
    files: at(evidence.files, pick, (file) => ({ ...file, path: "/done/Shows" }))
  }),
  "a quarantine inside of it": (evidence) => ({ ...evidence, quarantine: "/done/Show/q" }),
  "rootless, in no configured folder": (evidence) => ({ ...evidence, rootless: true, root: "/" })
}
const weakTorrent: Weakenings<Of<"Torrent">> = {
  ...ofFiles<Of<"Torrent">>(),
  ...ofConditions<Of<"Torrent">>(),
  "all torrents": (evidence) => ({ ...evidence, hash: "all" }),
  "two torrents": (evidence) => ({ ...evidence, hash: `${sha1}|${sha1}` }),
  "no hash": (evidence) => ({ ...evidence, hash: "" }),
  "no export": (evidence) => ({ ...evidence, exported: null }),
  "an export nowhere": (evidence) => ({ ...evidence, exported: "" })
}
const weakQuarantined: Weakenings<Of<"Quarantined">> = {
  ...ofFiles<Of<"Quarantined">>(),
  "not yet due": (evidence) => ({ ...evidence, until: now + 1 }),
  "no time": (evidence) => ({ ...evidence, until: Number.NaN }),
  "the quarantine itself": (evidence) => ({ ...evidence, path: evidence.within }),
  "a place outside": (evidence) => ({ ...evidence, path: "/done/qq/1" }),
  "within everything": (evidence) => ({ ...evidence, within: "/" })
}

const property = <A extends Evidence>(name: string, strong: (all: Numbers) => A, weakenings: Weakenings<A>) => {
  describe(`${name}`, () => {
    it.prop(
      "passes when everything holds",
      [numbers],
      ([all]) => assert.deepStrictEqual(authorize(strong(all), now), { allowed: true }),
      { arbitrary: { runs: 100 } }
    )
    for (const [weakening, weaken] of Object.entries(weakenings)) {
      it.prop(
        `does not pass with ${weakening}`,
        [numbers],
        ([all]) => {
          const authority = authorize(weaken(strong(all), all.pick), now)
          assert.isFalse(authority.allowed)
          assert.isTrue(!authority.allowed && authority.reasons.length > 0)
        },
        { arbitrary: { runs: 25 } }
      )
    }
  })
}

property("a local copy", localCopy, weakLocal)
property("a torrent", torrent, weakTorrent)
property("a quarantined copy", quarantined, weakQuarantined)

describe("what we made ourselves", () => {
  const derived = (path: string, within: string, from: string) =>
    authorize({ _tag: "Derived", path, within, from }, now).allowed
  it("goes strictly below its place, and never with what it was made from", () => {
    assert.isTrue(derived("/x/1", "/x", "/done/Show"))
    assert.isFalse(derived("/x", "/x", "/done/Show"))
    assert.isFalse(derived("/xy", "/x", "/done/Show"))
    assert.isFalse(derived("/x/../y", "/x", "/done/Show"))
    assert.isFalse(derived("/x/1", "/", "/done/Show"))
    assert.isFalse(derived("/x/1", "/x", "/x/1/archive.rar"))
    assert.isFalse(derived("/x/1", "/x", ""))
  })
  it("a rootless item's folder may be a configured one, its files never", () => {
    const all = { files: [{ size: 1, age: 0, proof: "hash" }], conditions: 1, age: 0, pick: 0 }
    const evidence: Evidence = { ...localCopy(all), root: "/done", rootless: true }
    assert.isTrue(authorize(evidence, now).allowed)
    const whole = { ...evidence, files: evidence.files.map((file) => ({ ...file, path: "/done/tv" })) }
    assert.isFalse(authorize(whole, now).allowed)
  })
})
