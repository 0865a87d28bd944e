import { assert, describe, it } from "@effect/vitest"
import { renderRelocation } from "../../src/cli/RenderRelocation.ts"
import { type Course, type RelocationReport, reportOf } from "../../src/domain/relocationReport.ts"
import { width } from "../../src/platform/Text.ts"
import { gib, hash, seed } from "../domain/relocation-rig.ts"
import { Simulator } from "../domain/relocation-simulator.ts"

const course: Course = {
  dryRun: true,
  outcomes: new Map(),
  resumed: [],
  stopped: null,
  alarming: false,
  milliseconds: 812,
  details: false
}
const report = (world: Simulator, over: Partial<Course> = {}): RelocationReport =>
  reportOf(world.world(), world.plan(), { ...course, ...over })
const text = (one: RelocationReport, columns = 100, colour = false): string =>
  renderRelocation(one, { columns, colour, now: 0 }).join("\n")

const library = () => {
  const world = new Simulator()
  world.free = { stash: 0, pool: 700 * gib }
  world.reserve = 100 * gib
  seed(world, "a", "stash", "film", 40 * gib, { name: "Nordic.Noir.S01.1080p", tags: ["~noHL"] })
  world.link("/stash/seeding/cat/a/f.mkv", "/stash/seeding/cross/sibling.mkv")
  world.seed(hash("b"), "/stash/seeding/cross", ["sibling.mkv"])
  seed(world, "c", "pool", "movie", 58 * gib, { name: "映画.1999" })
  world.write("/stash/movies/映画.mkv", "movie", 58 * gib)
  seed(world, "d", "stash", "pinned", 9 * gib, { name: "Pinned", tags: ["~noHL"] })
  world.link("/stash/seeding/cat/d/f.mkv", "/stash/movies/Pinned.mkv")
  seed(world, "e", "stash", "huge", 900 * gib, { name: "Huge.Pack" })
  seed(world, "f", "stash", "lost", 5 * gib, { name: "Line\nBreak" })
  world.entries.delete("/stash/seeding/cat/f/f.mkv")
  seed(world, "g", "pool", "seeded", 7 * gib, { name: "Seeded" })
  world.seed(hash("9"), "/elsewhere", ["x"])
  return world
}

describe("a plan on the screen", () => {
  it("says what moves and why, what it costs and frees, what is blocked by what, and what stays", () => {
    const page = text(report(library()))
    assert.match(page, /^Plan\n +payload +torrents +files +copied +freed$/m)
    assert.match(
      page,
      /^ {2}demote +Nordic\.Noir\.S01\.1080p +2 +1 +40\.0 GiB +40\.0 GiB\n {4}all 2 names of it lie in/m
    )
    assert.match(
      page,
      /^ {2}promote +映画\.1999 +1 +1 +nothing +58\.0 GiB\n {4}the stash holds all of it already, such as/m
    )
    assert.match(page, /^ {2}there is not enough room: 1 torrent\n {4}Huge\.Pack +900 GiB\n {6}it needs 900 GiB/m)
    assert.match(page, /^ {4}→ make room there/m)
    assert.match(page, /Line\\nBreak +0 B\n {6}\/stash\/seeding\/cat\/f\/f\.mkv is missing/)
    assert.match(page, /^ {2}on the stash +1 torrent +9\.00 GiB +linked from outside/m)
    assert.match(page, /^ {4}Pinned stays although it is tagged: 1 of 2 names/m)
    assert.match(page, /^ {2}on the pool +1 torrent +7\.00 GiB +only seeded/m)
    assert.match(page, /1 torrent with nothing in a seeding directory left alone/)
    assert.match(page, /^Room\n {2}on the pool +700 GiB free, 40\.0 GiB for this plan, 100 GiB stay free$/m)
    assert.match(
      page.replaceAll("\n", " "),
      /dry run, nothing was changed: 2 torrents would be demoted \(40\.0 GiB copied to the pool, 40\.0 GiB free again on the stash\), 1 torrent would be promoted \(58\.0 GiB free again on the pool\), 2 blocked, 2 where they belong, in 812 ms$/
    )
  })

  it("keeps within the page, in colour and without, and says the same in both", () => {
    const one = report(library())
    for (const columns of [72, 80, 100, 160]) {
      for (const line of text(one, columns, true).split("\n")) assert.isAtMost(width(line), columns, line)
    }
    assert.strictEqual(text(one, 100, true).replaceAll(/\u001b\[[0-9;]*m/g, ""), text(one, 100, false))
  })

  it("says what came of each step, and why a run ended", () => {
    const world = library()
    const page = text(
      report(world, {
        dryRun: false,
        outcomes: new Map([
          [hash("a"), { outcome: "failed", reason: "piece 3 is wrong" }],
          [hash("c"), { outcome: "moved", reason: null }]
        ]),
        stopped: "the pool is not mounted any more",
        alarming: true
      })
    )
    assert.match(page, /^ {2}failed +Nordic.*\n {4}piece 3 is wrong\n/m)
    assert.match(page, /^ {2}promoted +映画/m)
    assert.match(page, /^ {2}nothing further is moved: the pool is not mounted any more$/m)
    assert.match(page, /1 torrent promoted \(58\.0 GiB to come free on the pool\), 2 failed, 2 blocked/)
    assert.notMatch(page, /dry run|demoted/)
    const untouched = text(report(world, { dryRun: false, stopped: "stopped" }))
    assert.match(untouched, /^ {2}waits +Nordic/m)
    assert.match(untouched, /^3 waiting, 2 blocked/m)
  })

  it("tells of relocations that an earlier run left open", () => {
    const saga = { saga: 3, kind: "demotion", subject: "Bad\tFilm", freedBytes: 0 } as const
    const page = text(
      report(new Simulator(), {
        resumed: [
          { ...saga, state: "aborted", outcome: "undone", reason: "piece 17 is not what its torrent says" },
          { ...saga, saga: 4, state: "done", outcome: "done", reason: null, freedBytes: gib }
        ]
      })
    )
    assert.match(page, /^Under way\n {2}undone +Bad\\tFilm +demotion, ended, nothing was moved\n {4}piece 17 is not/)
    assert.match(page, /^ {2}finished +Bad\\tFilm +demotion, done, 1\.00 GiB freed$/m)
  })

  it("says in one line that there is nothing to do, or why nothing can be", () => {
    assert.strictEqual(text(report(new Simulator())), "dry run, nothing was changed: nothing to move, in 812 ms")
    const world = library()
    world.dirs = world.dirs.map((dir) => ({ ...dir, fsid: "one" }))
    const one = report(world)
    assert.isTrue(one.alarming)
    assert.match(text(one), /^ {2}nothing further is moved: \/stash\/seeding of the stash lies on the filesystem/)
  })

  it("names the largest of many that are blocked, and a remedy that all have in common once", () => {
    const world = new Simulator()
    for (const [index, letter] of [..."abcdefgh"].entries()) {
      seed(world, letter, "stash", letter, (index + 1) * gib)
      world.link(`/stash/seeding/cat/${letter}/f.mkv`, `/stash/seeding/left/${letter}`)
    }
    const page = text(report(world))
    assert.match(page, /^ {2}a name of it belongs to no torrent: 8 torrents\n {4}h +8\.00 GiB/m)
    assert.match(page, /and 3 more \(all with --json\)/)
    assert.strictEqual(page.split("→").length, 2)
  })
})

describe("a plan as data", () => {
  it("has these keys and no others, survives JSON, and spells out inodes where it is asked to", () => {
    const full = report(library(), { details: true })
    const parsed = JSON.parse(JSON.stringify(full))
    assert.deepStrictEqual(parsed, full)
    assert.deepStrictEqual(Object.keys(parsed).toSorted(), [
      "alarming",
      "blocked",
      "dryRun",
      "ignored",
      "milliseconds",
      "reserveBytes",
      "resumed",
      "rooms",
      "stays",
      "steps",
      "stopped"
    ])
    const common = ["bytes", "duplicateBytes", "files", "id", "side", "tagged", "torrents", "twins", "why"]
    const keys = (one: object, more: ReadonlyArray<string>) =>
      assert.deepStrictEqual(Object.keys(one).toSorted(), [...common, ...more].toSorted())
    const step = ["action", "after", "copyBytes", "detail", "freesBytes", "how", "outcome", "reason", "to", "unproven"]
    for (const one of parsed.steps) keys(one, [...step, "views"])
    for (const one of parsed.blocked) keys(one, ["by", "remedy"])
    for (const one of parsed.stays) keys(one, ["reason"])
    assert.deepStrictEqual(
      parsed.steps.map(({ detail, id }: RelocationReport["steps"][number]) => [
        id[0],
        detail?.fsid,
        detail?.contents[0]?.views[0]?.target
      ]),
      [
        ["a", "pool", "/pool/seeding/cat/a/f.mkv"],
        ["c", "stash", "/stash/seeding/cat/c/f.mkv"]
      ]
    )
    assert.isNull(report(library()).steps[0]?.detail)
  })
})
