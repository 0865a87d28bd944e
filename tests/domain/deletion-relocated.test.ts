import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { authorize, type Evidence } from "../../src/domain/deletion.ts"
import type { Relocated, RelocatedFile, Staged, StagedFile } from "../../src/domain/deletionRelocated.ts"
import { freshFor } from "../../src/domain/evidence.ts"
import { absent, type Fact, known, unreadable } from "../../src/domain/fact.ts"
import type { Fence } from "../../src/domain/fence.ts"

const now = 1_800_000_000_000

interface Numbers {
  readonly files: ReadonlyArray<{ readonly size: number; readonly links: number; readonly age: number }>
  readonly age: number
  /** Which file is weakened. */
  readonly pick: number
}

const Age = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: freshFor }))
const numbers: Arbitrary.Arbitrary<Numbers> = Arbitrary.schema(
  Schema.Struct({
    files: Schema.Array(
      Schema.Struct({
        size: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 40 })),
        links: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })),
        age: Age
      })
    ).check(Schema.isBetweenLength(1, 4)),
    age: Age,
    pick: Schema.Natural.check(Schema.isLessThanOrEqualTo(1000))
  })
)

const fenceOn = (dev: bigint, index: number, size: number): Fence => ({
  dev,
  ino: BigInt(index + 1),
  size: BigInt(size),
  mtimeNs: 5n,
  ctimeNs: 6n,
  birthNs: 4n
})

const home = "/stash/seeding/.media-pipeline-quarantine/saga-7"

const relocated = (all: Numbers): Relocated => ({
  _tag: "Relocated",
  subject: "Show",
  roots: ["/stash/seeding"],
  folder: "saga-7",
  until: now - all.age,
  files: all.files.map(({ age, links, size }, index): RelocatedFile => {
    const [here, there] = [fenceOn(1n, index, size), fenceOn(2n, index, size)]
    return {
      names: Array.from({ length: links }, (_, name) => `${home}/Show/${index}.${name}`),
      fence: here,
      links,
      found: known({ fence: here, links }, "disk", now - age),
      replica: known({ path: `/pool/seeding/Show/${index}`, fence: there }, "disk", now - age),
      proven: there,
      proof: index % 2 === 0 ? "pieces" : "content"
    }
  }),
  folders: ["/stash/seeding/Show"],
  claims: known([], "qBittorrent", now - all.age),
  siblings: known([{ name: "Show", trouble: null }], "qBittorrent", now - all.age),
  conditions: [{ name: "quarantine", met: true, value: "v", threshold: "t", source: "s", metAt: null }]
})

const staged = (all: Numbers): Staged => ({
  _tag: "Staged",
  subject: "Show",
  roots: ["/pool/seeding"],
  folder: "saga-7",
  files: all.files.map(({ age, size }, index): StagedFile => {
    const source = fenceOn(1n, index, size)
    return {
      path: `/pool/seeding/Show/${index}`,
      fence: fenceOn(2n, index, size),
      stays: known({ path: `/stash/seeding/Show/${index}`, expected: source, fence: source }, "disk", now - age)
    }
  }),
  folders: ["/pool/seeding/Show"],
  claims: known([], "qBittorrent", now - all.age)
})

type Weaken<A> = (value: A) => A
type Weakenings<A> = Record<string, (evidence: A, pick: number) => A>

const at = <A>(all: ReadonlyArray<A>, pick: number, change: Weaken<A>): ReadonlyArray<A> =>
  all.map((value, index) => (index === pick % all.length ? change(value) : value))
const inFact = <A>(fact: Fact<A>, change: Weaken<A>): Fact<A> =>
  fact._tag === "Known" ? { ...fact, value: change(fact.value) } : fact
const touched = (fence: Fence): Fence => ({ ...fence, ctimeNs: fence.ctimeNs + 1n })
const edited = (fence: Fence): Fence => ({ ...fence, mtimeNs: fence.mtimeNs + 1n })
const another = (fence: Fence): Fence => ({ ...fence, ino: fence.ino + 100n })
const longer = (fence: Fence): Fence => ({ ...fence, size: fence.size + 1n })

const weakFacts = <F, A>(fact: (evidence: A) => Fact<F>, put: (evidence: A, fact: Fact<F>) => A) => ({
  unreadable: (evidence: A) => put(evidence, unreadable("s", now, "EIO")),
  absent: (evidence: A) => put(evidence, absent("s", now)),
  old: (evidence: A) => put(evidence, { ...fact(evidence), readAt: now - freshFor - 1 }),
  "of the future": (evidence: A) => put(evidence, { ...fact(evidence), readAt: now + 1 }),
  "read at no time": (evidence: A) => put(evidence, { ...fact(evidence), readAt: Number.NaN })
})

const named = <A>(prefix: string, all: Record<string, Weaken<A>>): Record<string, Weaken<A>> =>
  Object.fromEntries(Object.entries(all).map(([name, weaken]) => [`${prefix} that is ${name}`, weaken]))

const ofFiles = <F, A extends { readonly files: ReadonlyArray<F> }>(all: Record<string, Weaken<F>>): Weakenings<A> =>
  Object.fromEntries(
    Object.entries(all).map(([name, weaken]) => [
      name,
      (evidence: A, pick: number): A => ({ ...evidence, files: at(evidence.files, pick, weaken) })
    ])
  )

const weakInodes: Record<string, Weaken<RelocatedFile>> = {
  ...named(
    "an inode",
    weakFacts(
      (file: RelocatedFile) => file.found,
      (file, found) => ({ ...file, found })
    )
  ),
  ...named(
    "a replica",
    weakFacts(
      (file: RelocatedFile) => file.replica,
      (file, replica) => ({ ...file, replica })
    )
  ),
  "a further link": (file) => ({
    ...file,
    found: inFact(file.found, (found) => ({ ...found, links: found.links + 1 }))
  }),
  "a link less": (file) => ({ ...file, found: inFact(file.found, (found) => ({ ...found, links: found.links - 1 })) }),
  "a touched source": (file) => ({
    ...file,
    found: inFact(file.found, (found) => ({ ...found, fence: touched(found.fence) }))
  }),
  "another source": (file) => ({
    ...file,
    found: inFact(file.found, (found) => ({ ...found, fence: another(found.fence) }))
  }),
  "more names than links": (file) => ({ ...file, names: [...file.names, ...file.names.map((name) => `${name}x`)] }),
  "no name": (file) => ({ ...file, names: [] }),
  "a name outside": (file) => ({ ...file, names: file.names.map(() => "/stash/seeding/Show/0") }),
  "a name in another saga's folder": (file) => ({
    ...file,
    names: file.names.map((name) => name.replace("saga-7", "saga-70"))
  }),
  "a name with ..": (file) => ({ ...file, names: file.names.map(() => `${home}/../../Show`) }),
  "a touched replica": (file) => ({
    ...file,
    replica: inFact(file.replica, (it) => ({ ...it, fence: touched(it.fence) }))
  }),
  "an edited replica": (file) => ({
    ...file,
    replica: inFact(file.replica, (it) => ({ ...it, fence: edited(it.fence) }))
  }),
  "another replica": (file) => ({
    ...file,
    replica: inFact(file.replica, (it) => ({ ...it, fence: another(it.fence) }))
  }),
  "a longer replica": (file) => ({
    ...file,
    proven: file.proven === null ? null : longer(file.proven),
    replica: inFact(file.replica, (it) => ({ ...it, fence: longer(it.fence) }))
  }),
  "a replica on the same filesystem": (file) => ({
    ...file,
    replica: inFact(file.replica, (it) => ({ ...it, fence: { ...it.fence, dev: 1n } }))
  }),
  "a replica that was never read": (file) => ({ ...file, proven: null }),
  "no proof": (file) => ({ ...file, proof: null })
}

const weakRelocated: Weakenings<Relocated> = {
  ...ofFiles<RelocatedFile, Relocated>(weakInodes),
  ...named(
    "a list of torrents",
    weakFacts(
      (it: Relocated) => it.claims,
      (it, claims) => ({ ...it, claims })
    )
  ),
  ...named(
    "a state of the torrents",
    weakFacts(
      (it: Relocated) => it.siblings,
      (it, siblings) => ({ ...it, siblings })
    )
  ),
  "no file": (evidence) => ({ ...evidence, files: [] }),
  "a claim": (evidence) => ({ ...evidence, claims: known(["X"], "qBittorrent", now) }),
  "a torrent that is not well": (evidence) => ({
    ...evidence,
    siblings: known([{ name: "Show", trouble: "is not complete" }], "qBittorrent", now)
  }),
  "not yet due": (evidence) => ({ ...evidence, until: now + 1 }),
  "no time": (evidence) => ({ ...evidence, until: Number.NaN }),
  "a condition that is not met": (evidence) => ({
    ...evidence,
    conditions: evidence.conditions.map((one) => ({ ...one, met: false }))
  }),
  "no condition": (evidence) => ({ ...evidence, conditions: [] }),
  "no root": (evidence) => ({ ...evidence, roots: [] }),
  "everything as a root": (evidence) => ({ ...evidence, roots: ["/"] }),
  "another root": (evidence) => ({ ...evidence, roots: ["/stash/seed"] }),
  "a folder that is no saga's": (evidence) => ({ ...evidence, folder: ".." }),
  "a folder above the root": (evidence) => ({ ...evidence, folders: ["/stash"] }),
  "the root as a folder to go": (evidence) => ({ ...evidence, folders: ["/stash/seeding"] }),
  "a name twice": (evidence) => ({ ...evidence, files: [...evidence.files, ...evidence.files] })
}

const weakFiles: Record<string, Weaken<StagedFile>> = {
  ...named(
    "another copy",
    weakFacts(
      (file: StagedFile) => file.stays,
      (file, stays) => ({ ...file, stays })
    )
  ),
  "another copy that was edited": (file) => ({
    ...file,
    stays: inFact(file.stays, (it) => ({ ...it, fence: edited(it.fence) }))
  }),
  "another copy that is another file": (file) => ({
    ...file,
    stays: inFact(file.stays, (it) => ({ ...it, fence: another(it.fence) }))
  }),
  "itself as its other copy": (file) => ({ ...file, stays: inFact(file.stays, (it) => ({ ...it, path: file.path })) }),
  "another size than its other copy": (file) => ({ ...file, fence: file.fence === null ? null : longer(file.fence) }),
  "no inode of ours, outside of our own folder": (file) => ({ ...file, fence: null }),
  "a place outside": (file) => ({ ...file, path: "/pool/other/0" }),
  "a path with ..": (file) => ({ ...file, path: "/pool/seeding/../other" })
}

const weakStaged: Weakenings<Staged> = {
  ...ofFiles<StagedFile, Staged>(weakFiles),
  ...named(
    "a list of torrents",
    weakFacts(
      (it: Staged) => it.claims,
      (it, claims) => ({ ...it, claims })
    )
  ),
  "a claim": (evidence) => ({ ...evidence, claims: known(["X"], "qBittorrent", now) }),
  "two that vouch for each other": (evidence, pick) => ({
    ...evidence,
    files: [
      ...evidence.files,
      ...at(evidence.files, pick, (file) => ({
        ...file,
        path: `${file.path}-b`,
        stays: inFact(file.stays, (it) => ({ ...it, path: file.path }))
      }))
    ]
  }),
  "no root": (evidence) => ({ ...evidence, roots: [] }),
  "a folder that is no saga's": (evidence) => ({ ...evidence, folder: "saga-7/x" }),
  "the root as a folder to go": (evidence) => ({ ...evidence, folders: ["/pool/seeding"] })
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
          assert.isTrue(!authority.allowed && authority.reasons.length > 0)
        },
        { arbitrary: { runs: 25 } }
      )
    }
  })
}

property("the source of a relocation", relocated, weakRelocated)
property("what a relocation made", staged, weakStaged)

describe("what a relocation had not written to its end", () => {
  it("goes from our own folder without an inode that is known, as long as its source is there", () => {
    const all: Numbers = { files: [{ size: 3, links: 1, age: 0 }], age: 0, pick: 0 }
    const file = staged(all).files[0]
    assert.isDefined(file)
    const part = { ...file, fence: null, path: "/pool/seeding/.media-pipeline-staging/saga-7/blobs/0.part" }
    assert.isTrue(authorize({ ...staged(all), files: [part] }, now).allowed)
    const theirs = { ...part, path: "/pool/seeding/.media-pipeline-staging/saga-8/blobs/0.part" }
    assert.isFalse(authorize({ ...staged(all), files: [theirs] }, now).allowed)
    assert.isFalse(authorize({ ...staged(all), files: [{ ...part, stays: absent("s", now) }] }, now).allowed)
  })
})
