import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { authorize, type Evidence } from "../../src/domain/deletion.ts"
import type { RetiredFile, RetiredPayload, RetiredTorrent } from "../../src/domain/deletionRetiredPayload.ts"
import type { RetiredRemote } from "../../src/domain/deletionRetiredRemote.ts"
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

const hash = "a".repeat(40)
const sha1 = "b".repeat(40)
const met = { name: "ratio", met: true, value: "v", threshold: "t", source: "s", metAt: null }
const fenceOf = (index: number, size: number): Fence => ({
  dev: 1n,
  ino: BigInt(index + 1),
  size: BigInt(size),
  mtimeNs: 5n,
  ctimeNs: 6n,
  birthNs: 4n
})
const retirements = (all: Numbers) => [{ id: 1, title: "Andor, season 1", endedAt: now - all.age }]
const filesOf = (all: Numbers): ReadonlyArray<RetiredFile> =>
  all.files.map(({ age, links, size }, index) => ({
    names: Array.from({ length: links }, (_, name) => `/stash/seeding/Show/${index}.${name}`),
    fence: fenceOf(index, size),
    links,
    found: known({ fence: fenceOf(index, size), links, names: links }, "disk", now - age)
  }))

const payload = (all: Numbers): RetiredPayload => ({
  _tag: "RetiredPayload",
  subject: "/stash/seeding/Show",
  retirements: retirements(all),
  roots: ["/stash/seeding", "/pool/seeding"],
  torrents: [{ hash, name: "Show", exported: `/state/torrents/${hash}.torrent`, removed: true }],
  files: filesOf(all),
  folders: ["/stash/seeding/Show"],
  claims: known([], "qBittorrent", now - all.age),
  conditions: [met]
})

const torrent = (all: Numbers): RetiredTorrent => ({
  _tag: "RetiredTorrent",
  hash,
  exported: `/state/torrents/${hash}.torrent`,
  retirements: retirements(all),
  roots: ["/stash/seeding"],
  recorded: true,
  files: filesOf(all),
  conditions: [met]
})

const remote = (all: Numbers): RetiredRemote => ({
  _tag: "RetiredRemote",
  item: "/done/Show",
  mode: "hide",
  state: "released",
  retirements: retirements(all),
  files: all.files.map(({ age, size }, index) => ({
    path: `tv/Show/${index}`,
    size,
    hash: sha1,
    proof: "hash",
    replica: known({ path: `tv/Show/${index}`, size, hash: sha1 }, "remote", now - age)
  })),
  shared: [],
  here: known([], "disk", now - all.age),
  claims: known([], "qBittorrent", now - all.age),
  conditions: [met]
})

type Weaken<A> = readonly [what: string, weaken: (evidence: A, pick: number) => A]

/** One of its files, changed. */
const oneFile =
  <A extends { readonly files: ReadonlyArray<F> }, F>(change: (file: F) => F) =>
  (evidence: A, pick: number): A => ({
    ...evidence,
    files: evidence.files.map((file, index) => (index === pick % evidence.files.length ? change(file) : file))
  })

const bad = <A>(value: A): ReadonlyArray<readonly [string, Fact<A>]> => [
  ["unreadable", unreadable("s", now, "EIO")],
  ["too old", known(value, "s", now - freshFor - 1)],
  ["of the future", known(value, "s", now + 1)],
  ["of no time", known(value, "s", Number.NaN)]
]

const foundChanged = (change: (found: { fence: Fence; links: number; names: number }) => object) =>
  ((file: RetiredFile) =>
    file.found._tag === "Known"
      ? { ...file, found: { ...file.found, value: { ...file.found.value, ...change(file.found.value) } } }
      : file) satisfies (file: RetiredFile) => RetiredFile

const ofFiles = <A extends { readonly files: ReadonlyArray<RetiredFile> }>(): ReadonlyArray<Weaken<A>> => {
  const file = (what: string, change: (file: RetiredFile) => RetiredFile): Weaken<A> => [
    what,
    oneFile<A, RetiredFile>(change)
  ]
  return [
    ["no file", (evidence) => ({ ...evidence, files: [] })],
    file("a file without names", (one) => ({ ...one, names: [] })),
    file("a name that is not of its torrents, before", (one) => ({ ...one, links: one.links + 1 })),
    file(
      "a name that is not ours, now",
      foundChanged(({ links }) => ({ links: links + 1 }))
    ),
    file(
      "fewer of our names than it has",
      foundChanged(({ names }) => ({ names: names - 1 }))
    ),
    file(
      "more of our names than there were",
      foundChanged(({ links, names }) => ({ links: links + 1, names: names + 1 }))
    ),
    file(
      "another inode",
      foundChanged(({ fence }) => ({ fence: { ...fence, ino: fence.ino + 99n } }))
    ),
    file(
      "an inode that was made anew",
      foundChanged(({ fence }) => ({ fence: { ...fence, birthNs: 9n } }))
    ),
    file(
      "another size",
      foundChanged(({ fence }) => ({ fence: { ...fence, size: fence.size + 1n } }))
    ),
    file(
      "another mtime",
      foundChanged(({ fence }) => ({ fence: { ...fence, mtimeNs: 1n } }))
    ),
    file(
      "another ctime, with all of its names",
      foundChanged(({ fence }) => ({ fence: { ...fence, ctimeNs: 7n } }))
    ),
    file("a name outside", (one) => ({ ...one, names: ["/library/x", ...one.names.slice(1)] })),
    file("a name with ..", (one) => ({ ...one, names: ["/stash/seeding/../x", ...one.names.slice(1)] })),
    file("a root itself", (one) => ({ ...one, names: ["/stash/seeding", ...one.names.slice(1)] })),
    file("what holds a root", (one) => ({ ...one, names: ["/stash", ...one.names.slice(1)] })),
    file("a name twice", (one) => ({ ...one, names: [...one.names, one.names[0] ?? ""], links: one.links + 1 })),
    ...bad({ fence: fenceOf(0, 0), links: 1, names: 1 }).map(([what, fact]) =>
      file(`a file ${what}`, (one) => ({ ...one, found: fact }))
    ),
    file("an absence that is too old", (one) => ({ ...one, found: absent("s", now - freshFor - 1) })),
    file("an absence of the future", (one) => ({ ...one, found: absent("s", now + 1) }))
  ]
}
const common = <A extends RetiredPayload | RetiredTorrent | RetiredRemote>(): ReadonlyArray<Weaken<A>> => [
  ["no retirement", (evidence) => ({ ...evidence, retirements: [] })],
  [
    "a retirement of the future",
    (evidence) => ({ ...evidence, retirements: [{ id: 1, title: "x", endedAt: now + 1 }] })
  ],
  [
    "a retirement of no time",
    (evidence) => ({ ...evidence, retirements: [{ id: 1, title: "x", endedAt: Number.NaN }] })
  ],
  ["no condition", (evidence) => ({ ...evidence, conditions: [] })],
  ["a condition that is not met", (evidence) => ({ ...evidence, conditions: [met, { ...met, met: false }] })]
]
const claimed = <A extends RetiredPayload | RetiredRemote>(): ReadonlyArray<Weaken<A>> => [
  ["a torrent that claims it", (evidence) => ({ ...evidence, claims: known([hash], "s", now) })],
  ["no list", (evidence) => ({ ...evidence, claims: absent("s", now) })],
  ...bad<ReadonlyArray<string>>([]).map(([what, fact]): Weaken<A> => [
    `a list ${what}`,
    (evidence) => ({ ...evidence, claims: fact })
  ])
]

const rooted = <A extends RetiredPayload | RetiredTorrent>(): ReadonlyArray<Weaken<A>> => [
  ["no root", (evidence) => ({ ...evidence, roots: [] })],
  ["the root of everything", (evidence) => ({ ...evidence, roots: ["/"] })]
]

const ofPayload: ReadonlyArray<Weaken<RetiredPayload>> = [
  ...common<RetiredPayload>(),
  ...claimed<RetiredPayload>(),
  ...rooted<RetiredPayload>(),
  ...ofFiles<RetiredPayload>(),
  ["no torrent", (evidence) => ({ ...evidence, torrents: [] })],
  ["a folder that is a root", (evidence) => ({ ...evidence, folders: ["/pool/seeding"] })],
  ["a folder outside", (evidence) => ({ ...evidence, folders: ["/library"] })],
  ...[{ exported: null }, { removed: false }, { hash: "all" }].map((change): Weaken<RetiredPayload> => [
    `a torrent with ${JSON.stringify(change)}`,
    (evidence) => ({ ...evidence, torrents: evidence.torrents.map((one) => ({ ...one, ...change })) })
  ])
]
const ofTorrent: ReadonlyArray<Weaken<RetiredTorrent>> = [
  ...common<RetiredTorrent>(),
  ...rooted<RetiredTorrent>(),
  ...ofFiles<RetiredTorrent>(),
  ["a payload that nobody wrote down", (evidence) => ({ ...evidence, recorded: false })],
  ["all hashes", (evidence) => ({ ...evidence, hash: "all" })],
  ["no export", (evidence) => ({ ...evidence, exported: null })]
]
type RemoteFile = RetiredRemote["files"][number]
const remoteFile = (what: string, change: (file: RemoteFile) => RemoteFile): Weaken<RetiredRemote> => [
  what,
  oneFile<RetiredRemote, RemoteFile>(change)
]
const replica = (change: object) => (file: RemoteFile) =>
  file.replica._tag === "Known"
    ? { ...file, replica: { ...file.replica, value: { ...file.replica.value, ...change } } }
    : file
const ofRemote: ReadonlyArray<Weaken<RetiredRemote>> = [
  ...common<RetiredRemote>(),
  ...claimed<RetiredRemote>(),
  ...["uploaded", "releasing", "quarantined", "discovered"].map((state): Weaken<RetiredRemote> => [
    `an item that is ${state}`,
    (evidence) => ({ ...evidence, state })
  ]),
  ["no file", (evidence) => ({ ...evidence, files: [] })],
  ["a file twice", (evidence) => ({ ...evidence, files: [...evidence.files, ...evidence.files] })],
  [
    "a path of another item",
    (evidence, pick) => ({ ...evidence, shared: [evidence.files[pick % evidence.files.length]?.path ?? ""] })
  ],
  ["something of it here", (evidence) => ({ ...evidence, here: known(["/done/Show"], "s", now) })],
  ["an absent place", (evidence) => ({ ...evidence, here: absent("s", now) })],
  ...bad<ReadonlyArray<string>>([]).map(([what, fact]): Weaken<RetiredRemote> => [
    `a place ${what}`,
    (evidence) => ({ ...evidence, here: fact })
  ]),
  remoteFile("no proof", (file) => ({ ...file, proof: null })),
  remoteFile("the root of the remote", (file) => ({ ...file, path: "" })),
  remoteFile("a path that leads out", (file) => ({ ...file, path: "../x" })),
  remoteFile("another path's replica", replica({ path: "tv/Other" })),
  remoteFile("another size", replica({ size: -1 })),
  remoteFile("another hash", replica({ hash: "c".repeat(40) })),
  ...bad({ path: "tv/Show/0", size: 0, hash: sha1 }).map(([what, fact]) =>
    remoteFile(`a replica ${what}`, (file) => ({ ...file, replica: fact }))
  ),
  remoteFile("an absence that is too old", (file) => ({ ...file, replica: absent("s", now - freshFor - 1) }))
]

const isAllowed = (evidence: Evidence) => authorize(evidence, now).allowed

const never = <A extends Evidence>(title: string, whole: (all: Numbers) => A, weakened: ReadonlyArray<Weaken<A>>) => {
  it.prop(`${title}: the whole evidence passes`, [numbers], ([all]) => {
    assert.deepStrictEqual(authorize(whole(all), now), { allowed: true })
  })
  it.prop(`${title}: never without one piece of it`, [numbers], ([all]) => {
    for (const [what, weaken] of weakened) assert.isFalse(isAllowed(weaken(whole(all), all.pick)), what)
  })
}

describe("the evidence of what was retired", () => {
  never("a torrent", torrent, ofTorrent)
  never("a payload", payload, ofPayload)
  never("a copy on the remote", remote, ofRemote)

  it.prop(
    "what a crash has left of an inode may go: the ctime that its unlink moved, one name fewer on both sides",
    [numbers],
    ([all]) => {
      const whole = payload({ ...all, files: all.files.map((file) => ({ ...file, links: file.links + 1 })) })
      const partly = oneFile<RetiredPayload, RetiredFile>(
        foundChanged(({ fence, links, names }) => ({
          fence: { ...fence, ctimeNs: 99n },
          links: links - 1,
          names: names - 1
        }))
      )(whole, all.pick)
      assert.isTrue(isAllowed(partly))
      const gone = oneFile<RetiredPayload, RetiredFile>((file) => ({ ...file, found: absent("s", now) }))(
        whole,
        all.pick
      )
      assert.isTrue(isAllowed(gone))
    }
  )

  it.prop("what has gone from the remote already needs no replica", [numbers], ([all]) => {
    const gone = oneFile<RetiredRemote, RemoteFile>((file) => ({ ...file, replica: absent("s", now) }))
    assert.isTrue(isAllowed(gone(remote(all), all.pick)))
  })
})
