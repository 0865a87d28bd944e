import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import { closeSync, mkdirSync, openSync, symlinkSync, utimesSync, writeFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { fromBytes } from "../../src/platform/BytePath.ts"
import { makeMetainfo, noise } from "../fakes/metainfo.ts"
import { bindMounted } from "./filesystems.ts"
import type { Disks } from "./relocation-disks.ts"
import { type Host, makeHost } from "./relocation-host.ts"
import { broken, duplicates, leftovers } from "./relocation-invariant.ts"
import { digest, filesBelow, has, inode, listing, stat } from "./relocation-look.ts"
import { build, unbuild } from "./relocation-worker.ts"
import { hasQbittorrent } from "./qbittorrent.ts"

/*
 * Scenarios of the research that are about what a payload is and where it lies, with a real client on real filesystems.
 * Needs root. Elsewhere: 4, 7 and 8 of the hash cache in index-filesystems.test.ts, 11 and 24 in relocation.test.ts,
 * 3, 5 and 15 in tests/services/prover*.test.ts and tests/workflows/relocate.
 */

/** They run beside each other, and wait for a place first. */
const waiting = 400_000

let bundle: string
beforeAll(() => {
  bundle = build("points")
})
afterAll(() => unbuild(bundle))

const scenario = (
  name: string,
  disks: Disks,
  version: 4 | 5,
  body: (host: Host) => Effect.Effect<void, unknown, Scope.Scope>
) =>
  it.live.skipIf(!hasQbittorrent(version))(
    `${name} (${disks}, qBittorrent ${version})`,
    () => Effect.flatMap(makeHost({ disks, version, bundle }), body),
    waiting
  )

const moved = (host: Host, hash: string) =>
  Effect.map(host.torrent(hash), ({ save_path, state }) => save_path.startsWith(host.pooled) && state.endsWith("UP"))

const both = (name: string, disks: Disks, body: (host: Host) => Effect.Effect<void, unknown, Scope.Scope>) => {
  for (const version of [4, 5] as const) scenario(name, disks, version, body)
}

describe("what a payload may be", { concurrent: true }, () => {
  scenario("7: save paths through a bind alias are the same place", "ext4 and ext4", 5, (host) =>
    Effect.gen(function* () {
      const alias = join(host.root, "alias")
      yield* bindMounted(host.stash, alias)
      const one = yield* host.add({ name: "Alias.mkv", folder: "a" })
      const other = yield* host.add({
        name: "Alias.Again.mkv",
        files: noise(100_000, "Alias.mkv"),
        folder: "b",
        from: () => one.paths[0] ?? "",
        clientPath: join(alias, "media/torrents/seeding/b")
      })
      const { steps } = yield* host.tick()
      assert.deepStrictEqual(
        steps.map(({ outcome, torrents }) => [outcome, torrents.length]),
        [["moved", 2]]
      )
      for (const { hash } of [one, other]) assert.isTrue(yield* moved(host, hash))
      yield* host.later()
      assert.deepStrictEqual([filesBelow(host.seeds), duplicates(host), leftovers(host)], [[], [], []])
      assert.deepStrictEqual(yield* broken(host), [])
    })
  )

  scenario("8: files with the same inode number on two pools are two files", "two ZFS pools", 5, (host) =>
    Effect.gen(function* () {
      const there = join(host.pooled, "x/There.mkv")
      mkdirSync(join(host.pooled, "x"))
      const here = join(host.seeds, "Here.mkv")
      writeFileSync(here, noise(100_000, "Here.mkv"))
      writeFileSync(there, noise(100_000, "There.mkv"))
      // Both pools count alike: the one that is behind catches up.
      for (let turn = 0; turn < 200; turn += 1) {
        const [one = 0n, other = 0n] = [stat(here)?.ino, stat(there)?.ino]
        if (one === other) break
        const [path, seed] = one < other ? [here, "Here.mkv"] : [there, "There.mkv"]
        execFileSync("rm", [path])
        writeFileSync(path, noise(100_000, seed))
      }
      assert.strictEqual(stat(here)?.ino, stat(there)?.ino)
      const when = new Date(Date.now() - 60_000)
      for (const path of [here, there]) utimesSync(path, when, when)
      const one = yield* host.add({ name: "Here.mkv", there: true })
      yield* host.add({ name: "There.mkv", side: "pool", folder: "x", there: true })
      const { steps } = yield* host.tick()
      assert.deepStrictEqual(
        steps.map(({ copyBytes, how, outcome }) => [how, outcome, copyBytes]),
        [["move", "moved", 100_000]]
      )
      assert.isTrue(yield* moved(host, one.hash))
      yield* host.later()
      assert.deepStrictEqual(yield* broken(host), [])
    })
  )

  both("9: names that differ by their form or by case only, and hostile ones", "two ZFS pools", (host) =>
    Effect.gen(function* () {
      const twins = yield* host.add({
        name: 'Café -- "it\'s" $(id) 🎬',
        files: [
          { path: "caf\u00e9.mkv", bytes: noise(30_000, "nfc") },
          { path: "cafe\u0301.mkv", bytes: noise(30_001, "nfd") },
          { path: "-rf 100%.nfo", bytes: noise(300, "dash") }
        ]
      })
      const upper = yield* host.add({ name: "CASE.mkv", files: noise(40_000, "upper") })
      const lower = yield* host.add({ name: "case.mkv", files: noise(40_001, "lower") })
      // A name that is no text, and no torrent's: it keeps its inode here.
      const kept = yield* host.add({ name: "Kept.mkv" })
      execFileSync("ln", [kept.paths[0] ?? "", join(host.seeds, "stranger")])
      const odd = `${host.seeds}/${fromBytes(Buffer.from([0x6e, 0xff, 0xfe]))}`
      execFileSync("sh", ["-c", `mv "$0/stranger" "$0/$(printf 'n\\377\\376')"`, host.seeds])
      assert.isTrue(has(odd))
      yield* host.index()
      const { blocked, steps } = yield* host.tick()
      assert.deepStrictEqual(
        steps.map(({ outcome, reason }) => [outcome, reason]),
        Array.from({ length: 3 }, () => ["moved", null])
      )
      assert.deepStrictEqual(
        blocked.map(({ by, torrents }) => [by, torrents[0]?.name]),
        [["stranger", "Kept.mkv"]]
      )
      for (const { hash } of [twins, upper, lower]) assert.isTrue(yield* moved(host, hash))
      yield* host.later()
      assert.deepStrictEqual(filesBelow(host.seeds).toSorted(), [...kept.paths, odd].toSorted())
      assert.deepStrictEqual(yield* broken(host), [])
    })
  )

  scenario("10: a sparse and a compressed source hold the same, and holes stay holes", "btrfs and ext4", 5, (host) =>
    Effect.gen(function* () {
      execFileSync("mount", ["-o", "remount,compress-force=zlib", host.stash])
      const sparse = Buffer.alloc(6_000_000)
      noise(50_000, "head").copy(sparse)
      noise(50_000, "tail").copy(sparse, 5_900_000)
      const squeezed = Buffer.alloc(3_000_000, "so it goes, and so on; ")
      const holes = openSync(join(host.seeds, "Holes.mkv"), "w")
      writeSync(holes, sparse, 0, 50_000, 0)
      writeSync(holes, sparse, 5_900_000, 100_000, 5_900_000)
      closeSync(holes)
      const one = yield* host.add({ name: "Holes.mkv", files: sparse, pieceLength: 65536, there: true })
      const other = yield* host.add({ name: "Squeezed.mkv", files: squeezed, pieceLength: 65536 })
      yield* host.tick()
      for (const { hash } of [one, other]) assert.isTrue(yield* moved(host, hash))
      const blocks = Number(stat(join(host.pooled, "Holes.mkv"))?.blocks ?? 0n) * 512
      assert.isBelow(blocks, 5_000_000)
      yield* host.later()
      assert.deepStrictEqual(yield* broken(host), [])
    })
  )

  scenario("13: what is incomplete, or ends in .!qB, stays", "ext4 and ext4", 5, (host) =>
    Effect.gen(function* () {
      yield* host.client.api.post("app/setPreferences", { json: JSON.stringify({ incomplete_files_ext: true }) })
      const bytes = noise(200_000, "half")
      const half = Buffer.from(bytes)
      half.fill(0, 100_000)
      writeFileSync(join(host.seeds, "Half.mkv"), half)
      const torrent = makeMetainfo({ version: "v1", name: "Half.mkv", files: bytes })
      yield* host.client.api.add(torrent, { savePath: host.seeds })
      yield* host.until(torrent.infohash, ({ progress, state }) => progress > 0.4 && state === "stalledDL")
      yield* host.index()
      const before = listing(host.stash)
      const { blocked, steps } = yield* host.tick()
      assert.deepStrictEqual([steps, blocked.map(({ by }) => by)], [[], ["unknown"]])
      assert.match(blocked[0]?.why ?? "", /not complete/)
      assert.deepStrictEqual(listing(host.stash), before)
    })
  )

  both("14: wrong bytes that were told not to be checked are never moved, and reported", "ext4 and ext4", (host) =>
    Effect.gen(function* () {
      const bytes = noise(200_000, "rotten")
      const wrong = Buffer.from(bytes)
      wrong[150_000] = (wrong[150_000] ?? 0) ^ 1
      const path = join(host.seeds, "Rotten.mkv")
      writeFileSync(path, wrong)
      const { hash } = yield* host.add({
        name: "Rotten.mkv",
        files: bytes,
        there: true,
        promised: false,
        add: { skipChecking: true }
      })
      const before = digest(path)
      const { steps } = yield* host.tick(1)
      assert.deepStrictEqual(
        steps.map(({ outcome }) => outcome),
        ["failed"]
      )
      assert.match(steps[0]?.reason ?? "", /Rotten\.mkv does not hold what the torrent Rotten\.mkv says/)
      assert.deepStrictEqual([digest(path), filesBelow(host.pool).length, leftovers(host)], [before, 0, []])
      assert.match((yield* host.torrent(hash)).save_path, /stash/)
      const again = yield* host.tick()
      assert.deepStrictEqual([again.steps, again.blocked.map(({ by }) => by)], [[], ["refused"]])
    })
  )

  scenario("22: a symlink inside a payload is not followed, and stays", "ext4 and ext4", 5, (host) =>
    Effect.gen(function* () {
      const bytes = noise(120_000, "linked")
      const shelf = join(host.library, "Linked.mkv")
      writeFileSync(shelf, bytes)
      host.watch(shelf)
      mkdirSync(join(host.seeds, "Linked"))
      symlinkSync(shelf, join(host.seeds, "Linked/a.mkv"))
      const { hash } = yield* host.add({ name: "Linked", files: [{ path: "a.mkv", bytes }], there: true })
      yield* host.index()
      const before = listing(host.stash)
      const { blocked, steps } = yield* host.tick()
      assert.deepStrictEqual([steps, blocked.map(({ why }) => /a\.mkv is a symlink/.test(why))], [[], [true]])
      assert.deepStrictEqual(listing(host.stash), before)
      assert.match((yield* host.torrent(hash)).save_path, /stash/)
    })
  )

  scenario("23: nested torrents, and two that share a folder, one of them pinned", "ext4 and ext4", 5, (host) =>
    Effect.gen(function* () {
      const outer = yield* host.add({ name: "Outer", files: [{ path: "a.mkv", bytes: noise(50_000, "outer") }] })
      const inner = yield* host.add({ name: "b.mkv", files: noise(60_000, "inner"), folder: "Outer" })
      const one = yield* host.add({ name: "Shared", files: [{ path: "1.mkv", bytes: noise(70_000, "one") }] })
      const two = yield* host.add({ name: "Shared", files: [{ path: "2.mkv", bytes: noise(80_000, "two") }] })
      host.shelve(two.paths[0] ?? "", "Two.mkv")
      const { stays, steps } = yield* host.tick()
      assert.deepStrictEqual(
        steps.map(({ outcome }) => outcome),
        ["moved", "moved", "moved"]
      )
      assert.deepStrictEqual(
        stays.map(({ reason }) => reason),
        ["pinned"]
      )
      for (const { hash } of [outer, inner, one]) assert.isTrue(yield* moved(host, hash))
      assert.isFalse(yield* moved(host, two.hash))
      yield* host.later()
      assert.deepStrictEqual(filesBelow(host.seeds), two.paths)
      assert.deepStrictEqual(yield* broken(host), [])
    })
  )

  scenario("25: a client that sees other paths than this host", "ext4 and ext4", 5, (host) =>
    Effect.gen(function* () {
      const box = join(host.root, "box")
      yield* bindMounted(host.stash, join(box, "data"))
      yield* bindMounted(host.pool, join(box, "cold"))
      host.configure({ qbittorrent: { pathMap: { [join(box, "data")]: host.stash, [join(box, "cold")]: host.pool } } })
      const one = yield* host.add({
        name: "Boxed",
        files: [{ path: "a.mkv", bytes: noise(90_000, "boxed") }],
        folder: "tv",
        clientPath: join(box, "data/media/torrents/seeding/tv")
      })
      const { steps } = yield* host.tick()
      assert.deepStrictEqual(
        steps.map(({ outcome, reason }) => [outcome, reason]),
        [["moved", null]]
      )
      assert.strictEqual((yield* host.torrent(one.hash)).save_path, join(box, "cold/media/torrents/seeding/tv"))
      assert.isTrue(has(join(host.pooled, "tv/Boxed/a.mkv")))
      yield* host.later()
      assert.deepStrictEqual([filesBelow(host.seeds), leftovers(host)], [[], []])
      assert.deepStrictEqual(yield* broken(host), [])
    })
  )

  scenario("files of one size, all of them on the stash, wait for nothing", "ext4 and ext4", 5, (host) =>
    Effect.gen(function* () {
      const one = yield* host.add({ name: "One.mkv", files: noise(100_000, "one of a size") })
      const other = yield* host.add({ name: "Other.mkv", files: noise(100_000, "other of a size") })
      const { blocked, steps } = yield* host.tick()
      assert.deepStrictEqual([blocked, steps.map(({ outcome }) => outcome)], [[], ["moved", "moved"]])
      for (const { hash } of [one, other]) assert.isTrue(yield* moved(host, hash))
    })
  )

  both("one file in a v2 torrent without a folder, which no client can move, is left alone", "ext4 and ext4", (host) =>
    Effect.gen(function* () {
      const { hash, paths } = yield* host.add({ name: "Alone.mkv", version: "v2" })
      yield* host.index()
      const before = listing(host.stash)
      const { blocked, steps } = yield* host.tick()
      assert.deepStrictEqual([steps, blocked.map(({ by }) => by)], [[], ["immovable"]])
      assert.match(blocked[0]?.why ?? "", /Alone\.mkv is a v2 torrent of one file without a folder/)
      assert.deepStrictEqual([listing(host.stash), inode(paths[0] ?? "")], [before, inode(paths[0] ?? "")])
      assert.deepStrictEqual([filesBelow(host.pool).length, leftovers(host)], [0, []])
      assert.match((yield* host.torrent(hash)).state, /UP$/)
    })
  )
})
