import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { quarantineFolder } from "../../src/domain/evidence.ts"
import { isWithin } from "../../src/platform/BytePath.ts"
import type { Disks } from "./relocation-disks.ts"
import { type Expected, family } from "./relocation-family.ts"
import { type Host, makeHost } from "./relocation-host.ts"
import { broken, duplicates, leftovers } from "./relocation-invariant.ts"
import { digest, dump, filesBelow, has, inode, listing } from "./relocation-look.ts"
import { built, type Report } from "./relocation-worker.ts"
import { hasQbittorrent } from "./qbittorrent.ts"

/* The life of payloads between two real filesystems, with a real client and the worker as it is shipped. Needs root. */

const homeOf = (host: Host, { side }: Expected) => (side === "stash" ? host.seeds : host.pooled)

/** Where each torrent is, by the client and on the disk. */
const misplaced = (host: Host, all: ReadonlyArray<Expected>) =>
  Effect.gen(function* () {
    const found: Array<string> = []
    for (const one of all) {
      const { content_path, progress, save_path, state } = yield* host.torrent(one.hash)
      const home = homeOf(host, one)
      if (!isWithin(save_path, home) || !isWithin(content_path, home)) found.push(`${one.name} is in ${save_path}`)
      if (progress < 1 || !/^(?:stalledUP|uploading|stoppedUP|pausedUP)$/.test(state))
        found.push(`${one.name}: ${state}`)
    }
    return found
  })

const names = ({ steps }: Report, action: string) =>
  steps
    .filter((step) => step.action === action)
    .flatMap(({ torrents }) => torrents.map(({ name }) => name))
    .toSorted()

const seen = (host: Host) =>
  Effect.map(host.torrents, (all) => ({
    stash: listing(host.stash),
    pool: listing(host.pool),
    client: all,
    database: dump(join(host.root, "state/state.db"))
  }))

/** Inodes of a tree. */
const inodes = (folder: string) => new Set(filesBelow(folder).map(inode))

const life = (disks: Disks, version: 4 | 5) =>
  Effect.gen(function* () {
    const bundle = yield* built("shipped")
    const host = yield* makeHost({ disks, version, bundle })
    const all = yield* family(host)
    const hash = (name: string) => all.find((one) => one.name === name)?.hash ?? ""
    assert.deepStrictEqual(yield* broken(host), [], "before anything is done")
    yield* host.index()

    // A dry run is the default, and changes nothing. Where nobody asked for it, that it ran is noted, and what it read is cached.
    const before = yield* seen(host)
    const planned = yield* host.relocate("--dry-run")
    assert.deepStrictEqual(yield* seen(host), before, "a dry run has changed something")
    const byDefault = yield* host.relocate(null)
    assert.deepStrictEqual({ ...byDefault, milliseconds: 0 }, { ...planned, milliseconds: 0 })
    const { database, ...after } = yield* seen(host)
    const { database: unchanged, ...outside } = before
    const noted = { runs: [], observations: [], cache_file_lists: [] }
    assert.deepStrictEqual({ ...after, ...database, ...noted }, { ...outside, ...unchanged, ...noted })
    assert.isTrue(planned.dryRun)
    const demoted = [
      "Chosen",
      "Doubled",
      "Film (2024) [other root]",
      "Film.2024",
      "Gone.S01",
      "Gone.S01E01.mkv",
      "Gone.S01E02.mkv",
      "Solo.2024.mkv",
      "film.mkv"
    ]
    assert.deepStrictEqual(names(planned, "demote"), demoted)
    assert.deepStrictEqual(names(planned, "promote"), ["Promoted.2022"])
    assert.strictEqual(planned.steps[0]?.torrents[0]?.name, "Solo.2024.mkv", "the tag puts it first")

    const poolBefore = inodes(host.pool)
    const moved = yield* host.relocate()
    assert.deepStrictEqual(
      moved.steps.map(({ outcome, reason }) => [outcome, reason]),
      moved.steps.map(() => ["moved", null])
    )
    assert.deepStrictEqual(names(moved, "demote"), demoted)
    assert.deepStrictEqual(yield* misplaced(host, all), [])

    // Eight inodes were copied, whatever the number of their names; nothing that was there already.
    const copied = [...inodes(host.pooled)].filter((one) => !poolBefore.has(one))
    const quarantined = [...inodes(join(host.pooled, quarantineFolder))]
    assert.strictEqual(
      copied.length - quarantined.filter((one) => !poolBefore.has(one)).length,
      1 + 3 + 3 + 1,
      "each inode once"
    )
    const onPool = (path: string) => join(host.pooled, path)
    assert.strictEqual(inode(onPool("Doubled/a.mkv")), inode(onPool("old/Doubled.On.Pool/deep/a.mkv")))
    assert.strictEqual(inode(onPool("movies/Film.2024/film.mkv")), inode(onPool("cross-seed/third/film.mkv")))
    assert.strictEqual(
      inode(join(host.seeds, "movies/Promoted.2022/Promoted.mkv")),
      inode(join(host.library, "Promoted (2022)/promoted.mkv"))
    )
    const wanted = [hash("film.mkv")]
    for (const one of wanted)
      assert.match((yield* host.torrent(one)).state, /^(?:stopped|paused)UP$/, "stopped, as it was")
    assert.isTrue(has(join(host.seeds, quarantineFolder)))
    assert.deepStrictEqual(yield* broken(host), [], "after the run")

    // Once more: nothing is left to be done but to wait.
    const between = yield* seen(host)
    const again = yield* host.relocate()
    assert.deepStrictEqual(again.steps, [])
    assert.deepStrictEqual(
      new Set(again.resumed.map(({ outcome, state }) => `${outcome} ${state}`)),
      new Set(["open quarantined"])
    )
    const { database: _, ...same } = yield* seen(host)
    const { database: __, ...was } = between
    assert.deepStrictEqual(same, was, "a second run has changed something")

    yield* host.later()
    assert.deepStrictEqual(leftovers(host), [])
    assert.deepStrictEqual(duplicates(host), [], "no payload is on both sides")
    assert.deepStrictEqual(yield* misplaced(host, all), [])
    assert.deepStrictEqual(yield* broken(host), [], "after the quarantine")
    assert.isFalse(has(join(host.seeds, "Solo.2024.mkv")))
    assert.isFalse(has(join(host.seeds, "cross-seed")), "folders that held nothing else are gone")
    const idle = yield* host.tick()
    assert.deepStrictEqual([idle.steps, idle.resumed], [[], []])

    // There and back: a library takes what was demoted.
    const film = onPool("movies/Film.2024/film.mkv")
    const hashBefore = digest(film)
    const imported = join(host.library, "Film (2024).mkv")
    yield* Effect.promise(async () => (await import("node:fs")).copyFileSync(film, imported))
    host.watch(imported)
    yield* host.tick()
    assert.strictEqual(digest(imported), hashBefore)
    assert.deepStrictEqual(yield* broken(host), [], "with one file of a component on the stash")
    rmSync(join(host.root, "state/lock.relocate"), { force: true })
  })

describe("relocation on real filesystems with a real client", { concurrent: true, timeout: 400_000 }, () => {
  const worlds: ReadonlyArray<readonly [Disks, 4 | 5]> = [
    ["two ZFS pools", 5],
    ["two ZFS pools", 4],
    ["ext4 and ext4", 5],
    ["btrfs and ext4", 4]
  ]
  for (const [disks, version] of worlds) {
    it.live.skipIf(!hasQbittorrent(version))(
      `${disks}, qBittorrent ${version}: plan, move, wait, release, nothing`,
      () => life(disks, version)
    )
  }
})
