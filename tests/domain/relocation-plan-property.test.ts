import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import type { Plan } from "../../src/domain/relocation.ts"
import type { Side } from "../../src/domain/relocationWorld.ts"
import { join } from "../../src/platform/BytePath.ts"
import { Simulator } from "./relocation-simulator.ts"

const megabyte = 1024 ** 2
/** Contents by number: empty, small, of equal sizes, large. */
const sizes = [0, 10, 10, 2000, megabyte, megabyte, 3 * megabyte, 5 * megabyte]

const File = Schema.Struct({
  content: Schema.Literals([0, 1, 2, 3, 4, 5, 6, 7]),
  /** A file of its own, or a link to one of that content that is there already. */
  linked: Schema.Boolean,
  library: Schema.Literals(["none", "none", "none", "link", "copy", "unknown link", "stranger"]),
  grade: Schema.Literals(["stable", "stable", "stable", "suspect", "none"]),
  wanted: Schema.Literals([true, true, true, false])
})
const Payload = Schema.Struct({
  side: Schema.Literals(["stash", "pool"]),
  /** Torrents of one folder meet in their names. */
  folder: Schema.Literals(["own", "own", "own", "shared"]),
  tagged: Schema.Boolean,
  state: Schema.Literals(["stalledUP", "stalledUP", "stalledUP", "stalledUP", "stalledDL"]),
  files: Schema.Array(File).check(Schema.isBetweenLength(1, 4))
})
const Spec = Schema.Array(Payload).check(Schema.isBetweenLength(1, 7))
type Spec = typeof Spec.Type

const build = (spec: Spec): Simulator => {
  const world = new Simulator()
  let libraries = 0
  const library = (side: Side) => `/${side}/library/${libraries++}.mkv`
  for (const [number, payload] of spec.entries()) {
    const savePath = `/${payload.side}/seeding/cat`
    const root = payload.folder === "own" ? `T${number}` : "shared"
    const files = payload.files.map((file, index) => {
      const path = `${root}/f${payload.folder === "own" ? index : file.content}`
      const size = sizes[file.content] ?? 0
      const at = join(savePath, path)
      const bytes = `c${file.content}`
      if (!world.entries.has(at)) {
        const grade = file.grade === "none" ? null : file.grade
        const before = [...world.entries.values()].find((one) => one.side === payload.side && one.bytes === bytes)
        if (file.linked && before !== undefined) world.link(before, at)
        else world.write(at, bytes, size, grade)
        if (file.library === "copy") world.write(library("stash"), bytes, size, grade)
        else if (file.library === "stranger") world.link(at, `/${payload.side}/seeding/left/${world.entries.size}`)
        else if (file.library !== "none") {
          const name = library(payload.side)
          world.link(at, name)
          if (file.library === "unknown link") world.unknownPaths.add(name)
        }
      }
      return { path, size, wanted: file.wanted }
    })
    const seen = new Map(files.map((file) => [file.path, file]))
    const done = payload.state === "stalledUP"
    world.seed(String(number).padStart(40, "0"), savePath, [...seen.keys()], {
      tags: payload.tagged ? ["~noHL"] : [],
      state: payload.state,
      ...(done ? {} : { progress: 0.5, amountLeft: 1 })
    }).files = [...seen.values()]
  }
  return world
}

const steps = (plan: Plan) =>
  plan.placements.flatMap(({ component, decision }) =>
    decision.kind === "demote" || decision.kind === "promote" ? [{ id: component.id, component, decision }] : []
  )
const sideNow = (world: Simulator, torrent: number): Side =>
  world.sideOf(world.torrents[torrent]?.torrent.savePath ?? "")

const check = (world: Simulator) => {
  const libraries = [...world.entries].filter(([path]) => !world.isSeeding(path))
  const contents = new Set([...world.entries.values()].map(({ bytes }) => bytes))
  const pinned = new Set(libraries.filter(([, { side }]) => side === "stash").map(([, inode]) => inode))
  const held = world.torrents.map(({ files, torrent }) =>
    (files ?? []).map(({ path }) => world.entries.get(join(torrent.savePath, path)))
  )
  const bytesOnStash = new Set([...pinned].map(({ bytes }) => bytes))

  const plan = world.plan()
  const unknown = new Set([...world.entries.values()].flatMap(({ bytes, grade }) => (grade === null ? [bytes] : [])))
  // What may serve: of a torrent at rest on the pool that does not go back itself, or of none.
  const serving = plan.placements.filter(
    ({ component: { side }, decision }) => side === "pool" && decision.kind === "stay"
  )
  const onPool = new Set(
    serving
      .flatMap(({ component }) => component.torrents.flatMap((torrent) => held[torrent] ?? []))
      .map((one) => one?.bytes)
  )
  const inodesBefore = new Set(world.entries.values())
  const planned = steps(plan)
  world.apply(plan)

  for (const [path, inode] of libraries) assert.strictEqual(world.entries.get(path), inode, `the library lost ${path}`)
  for (const bytes of contents) {
    assert.isTrue(
      [...world.entries.values()].some((one) => one.bytes === bytes),
      `nothing holds ${bytes} any more`
    )
  }
  for (const [number, { files, torrent }] of world.torrents.entries()) {
    for (const [index, file] of (files ?? []).entries()) {
      const before = held[number]?.[index]
      const now = world.entries.get(join(torrent.savePath, file.path))
      if (file.wanted && before !== undefined)
        assert.strictEqual(now?.bytes, before.bytes, `${torrent.hash} lost a file`)
    }
    if (torrent.state !== "stalledUP")
      assert.isFalse(planned.some(({ component }) => component.torrents.includes(number)))
  }
  for (const { component, decision } of planned) {
    for (const torrent of component.torrents) assert.strictEqual(sideNow(world, torrent), decision.to, "not whole")
    const inodes = component.torrents.flatMap((torrent) => held[torrent] ?? [])
    if (decision.kind === "demote") {
      assert.isFalse(
        inodes.some((inode) => inode !== undefined && pinned.has(inode)),
        "something pinned was demoted"
      )
      for (const inode of inodes) {
        if (inode !== undefined) assert.strictEqual(world.names(inode).length, 0, "it lies on both sides")
      }
    } else {
      const now = component.torrents.flatMap((torrent) =>
        (world.torrents[torrent]?.files ?? []).flatMap(({ path }) => {
          const inode = world.entries.get(join(world.torrents[torrent]?.torrent.savePath ?? "", path))
          return inode === undefined || inode.size === 0 ? [] : [inode]
        })
      )
      for (const inode of now) assert.isTrue(inodesBefore.has(inode), "a promotion copied something")
      assert.isTrue(bytesOnStash.size > 0, "nothing on the stash asked for it")
    }
  }
  // Two new inodes with one content that was known before: it was copied twice.
  const made = [...new Set(world.entries.values())].filter((inode) => !inodesBefore.has(inode))
  for (const [bytes, all] of Map.groupBy(made, (inode) => inode.bytes)) {
    const large = (all[0]?.size ?? 0) >= megabyte
    if (large && !unknown.has(bytes)) assert.strictEqual(all.length, 1, `${bytes} was copied more than once`)
    if (large && !unknown.has(bytes)) assert.isFalse(onPool.has(bytes), `${bytes} was on the pool already`)
  }
  for (const first of planned) {
    for (const second of planned) {
      if (first === second) continue
      assert.isFalse(
        first.component.inodes.some((inode) => second.component.inodes.includes(inode)),
        "an inode of two"
      )
    }
  }

  // What only stood in its own way, or was not hashed yet, may find its way now.
  const again = steps(world.plan())
  const excused = new Set(
    plan.placements.flatMap(({ component, decision }) =>
      decision.kind === "blocked" && (decision.by === "occupied" || decision.by === "unhashed")
        ? component.torrents
        : []
    )
  )
  for (const { component, decision } of again) {
    assert.isTrue(
      component.torrents.some((torrent) => excused.has(torrent)),
      `a second plan would ${decision.kind} ${component.id}: ${decision.why}`
    )
  }
  return planned.length
}

describe("a plan of any world", () => {
  const kinds = new Map<string, number>()
  it.prop(
    "keeps every content, every library link and every component whole, copies nothing back, and leaves nothing to do",
    [Arbitrary.schema(Spec)],
    ([spec]) => {
      const world = build(spec)
      for (const { decision } of world.plan().placements) {
        const kind =
          decision.kind === "demote"
            ? `demote by ${decision.how}`
            : decision.kind === "blocked"
              ? decision.by
              : decision.kind === "stay"
                ? decision.reason
                : decision.kind
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      }
      check(world)
    },
    { arbitrary: { runs: 6000 } }
  )

  it("has met everything that can be decided", () => {
    for (const kind of [
      "demote by views",
      "demote by move",
      "promote",
      "stranger",
      "pinned",
      "seed-only",
      "duplicate",
      "unknown",
      "unhashed",
      "occupied"
    ]) {
      assert.isAbove(kinds.get(kind) ?? 0, 0, `${kind} never came: ${JSON.stringify([...kinds])}`)
    }
  })
})
