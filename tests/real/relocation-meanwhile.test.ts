import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { quarantineFolder } from "../../src/domain/evidence.ts"
import { makeMetainfo, noise } from "../fakes/metainfo.ts"
import type { Disks } from "./relocation-disks.ts"
import { type Host, makeHost } from "./relocation-host.ts"
import { breaches, broken, duplicates, leftovers } from "./relocation-invariant.ts"
import { below, digest, filesBelow, has, inode, listing } from "./relocation-look.ts"
import { build, unbuild } from "./relocation-worker.ts"
import { hasQbittorrent, startQbittorrent } from "./qbittorrent.ts"
import { addComplete, waitForTorrent } from "./transfer.ts"

/*
 * Scenarios of the research in which something else happens while a relocation is under way: a person, a library,
 * cross-seed, the client or a disk. Needs root.
 */

/** They run beside each other, and wait for a place first. */
const waiting = 400_000

let bundle: string
beforeAll(() => {
  bundle = build("points")
})
afterAll(() => unbuild(bundle))

const tool = (name: string) =>
  join(
    execFileSync("sh", [join(import.meta.dirname, "../../scripts/tools/filesystems.sh")], { encoding: "utf8" }).trim(),
    name
  )

const datasetAt = (path: string): string =>
  readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .find(([, at]) => at === path)?.[0] ?? ""

type Body = (host: Host) => Effect.Effect<void, unknown, Scope.Scope>

const scenario = (name: string, disks: Disks, version: 4 | 5, body: Body) =>
  it.live.skipIf(!hasQbittorrent(version))(
    `${name} (${disks}, qBittorrent ${version})`,
    () =>
      Effect.flatMap(
        makeHost({ disks, version, bundle, categories: { elsewhere: "elsewhere", "cross-seed": "cross-seed" } }),
        body
      ),
    waiting
  )
const both = (name: string, disks: Disks, body: Body) => {
  for (const version of [4, 5] as const) scenario(name, disks, version, body)
}

const show = [
  { path: "e01.mkv", bytes: noise(150_000, "show e01") },
  { path: "e02.mkv", bytes: noise(90_000, "show e02") }
]
const add = (host: Host) => host.add({ name: "Show", files: show, folder: "tv" })
const placeOf = (host: Host, hash: string) => Effect.map(host.torrent(hash), ({ save_path }) => save_path)

/** All is as if nothing had been begun: the torrent where it was, its files in place, nothing of ours left. */
const asBefore = (host: Host, hash: string, files: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    assert.strictEqual(yield* placeOf(host, hash), join(host.seeds, "tv"))
    for (const path of files) assert.isTrue(has(path), path)
    assert.deepStrictEqual([filesBelow(host.pool), leftovers(host)], [[], []])
    assert.deepStrictEqual(yield* broken(host), [])
  })

describe("meanwhile", { concurrent: true }, () => {
  scenario(
    "3 and 5: a source that is written to in the middle of its copy, its time put back",
    "two ZFS pools",
    5,
    (host) =>
      Effect.gen(function* () {
        const { hash, paths } = yield* host.add({
          name: "Edited.mkv",
          files: noise(5_000_000, "edited"),
          promised: false
        })
        const [path = ""] = paths
        yield* host.index()
        const edit = `touch -r '${path}' '${host.root}/time'
        printf x | dd of='${path}' bs=1 seek=4000000 conv=notrunc status=none; touch -r '${host.root}/time' '${path}'`
        const ended = yield* host.run(["relocate", "--apply"], { env: { CRASH_MIDWAY: edit } })
        assert.strictEqual(ended.code, 1)
        assert.match(ended.stdout, /changed while it was copied/)
        assert.deepStrictEqual([yield* placeOf(host, hash), has(path)], [host.seeds, true])
        assert.deepStrictEqual([filesBelow(host.pool), leftovers(host)], [[], []])
      })
  )

  scenario("6: a library that takes a file between plan and quarantine gets to keep it", "ext4 and ext4", 5, (host) =>
    Effect.gen(function* () {
      const { hash, paths } = yield* add(host)
      yield* host.index()
      yield* host.fall("Sagas.move live after")
      host.shelve(paths[0] ?? "", "Show/E01.mkv")
      const { resumed, stays } = yield* host.relocate()
      assert.deepStrictEqual(
        resumed.map(({ outcome }) => outcome),
        ["undone"]
      )
      assert.deepStrictEqual(
        stays.map(({ reason }) => reason),
        ["pinned"]
      )
      yield* asBefore(host, hash, paths)
    })
  )

  both("6: the same in the middle of the quarantine: what waits there comes back", "two ZFS pools", (host) =>
    Effect.gen(function* () {
      const { hash, paths } = yield* add(host)
      yield* host.index()
      yield* host.fall(`rename stash/media/torrents/seeding/${quarantineFolder}/saga-1/tv/Show/e01.mkv`)
      const [moved = "", left = ""] = paths
      assert.deepStrictEqual([has(moved), has(left)], [false, true])
      host.shelve(left, "Show/E02.mkv")
      const { resumed } = yield* host.relocate()
      assert.deepStrictEqual(
        resumed.map(({ outcome }) => outcome),
        ["undone"]
      )
      yield* asBefore(host, hash, paths)
    })
  )

  scenario(
    "12: the edges of a file that nobody selected are in .parts: it stays, until it is selected",
    "ext4 and ext4",
    5,
    (host) =>
      Effect.gen(function* () {
        const options = {
          version: "v1",
          name: "Chosen",
          pieceLength: 32768,
          files: [
            { path: "1 wanted.mkv", bytes: noise(100_001, "wanted") },
            { path: "2 not.mkv", bytes: noise(70_000, "not wanted") },
            { path: "3 wanted.mkv", bytes: noise(50_000, "wanted too") }
          ]
        } as const
        const torrent = makeMetainfo(options)
        const from = join(host.root, "seeder")
        for (const { bytes, path } of options.files) {
          mkdirSync(join(from, "Chosen"), { recursive: true })
          writeFileSync(join(from, "Chosen", path), bytes)
        }
        const seeder = yield* startQbittorrent({ version: 5, savePath: from, bypassLocalhost: true })
        yield* addComplete(seeder, torrent, from)
        const { api } = host.client
        const { infohash: hash } = torrent
        yield* api.add(torrent, { savePath: host.seeds, stopped: true })
        yield* host.until(hash, () => true)
        yield* api.post("torrents/filePrio", { hash, id: "1", priority: "0" })
        yield* api.start(hash)
        const introduce = Effect.ignore(api.addPeers(hash, [`127.0.0.1:${seeder.peerPort}`])).pipe(
          Effect.delay("200 millis")
        )
        yield* waitForTorrent(
          host.client,
          hash,
          "the download",
          ({ progress, state }) => progress === 1 && state.endsWith("UP"),
          { between: introduce }
        )
        host.promise(hash, options, [1])
        assert.isTrue(below(host.seeds).some((path) => path.endsWith(`${hash}.parts`)))
        const { steps } = yield* host.tick(1)
        assert.match(steps[0]?.reason ?? "", /shares a piece with a file that Chosen leaves out.*select that file/)
        assert.deepStrictEqual([filesBelow(host.pool), leftovers(host)], [[], []])
        assert.deepStrictEqual(yield* broken(host), [])
        const again = yield* host.tick()
        assert.deepStrictEqual([again.steps, again.blocked.map(({ by }) => by)], [[], ["refused"]])

        // A peer is not asked again within a minute, so that it comes by another way.
        yield* api.stop(hash)
        copyFileSync(join(from, "Chosen/2 not.mkv"), join(host.seeds, "Chosen/2 not.mkv"))
        yield* api.post("torrents/filePrio", { hash, id: "1", priority: "1" })
        yield* api.recheck(hash)
        yield* host.until(hash, ({ progress, state }) => progress === 1 && state === "stoppedUP")
        yield* api.start(hash)
        yield* host.until(hash, ({ state }) => /^(?:stalledUP|uploading)$/.test(state))
        yield* host.tick()
        assert.strictEqual(yield* placeOf(host, hash), host.pooled)
        assert.deepStrictEqual(yield* broken(host), [])
      })
  )

  scenario("16: a pool that is not mounted, or read-only", "ext4 and ext4", 5, (host) =>
    Effect.gen(function* () {
      const { hash, paths } = yield* add(host)
      yield* host.index()
      const before = listing(host.stash)
      yield* host.disk.unmount
      const stopped = yield* host.relocate("--apply", 75)
      assert.match(stopped.stopped ?? "", /pool.*(?:mounted|No such file|ENOENT)/)
      assert.deepStrictEqual([filesBelow(host.pool), listing(host.stash)], [[], before])
      yield* host.disk.mount
      execFileSync("mount", ["-o", "remount,ro", host.pool])
      const { steps } = yield* host.relocate("--apply", 1)
      assert.match(steps[0]?.reason ?? "", /EROFS|[Rr]ead-only/)
      yield* asBefore(host, hash, paths)
      execFileSync("mount", ["-o", "remount,rw", host.pool])
      yield* host.tick()
      assert.strictEqual(yield* placeOf(host, hash), join(host.pooled, "tv"))
      // And where it had been seen before, and waits in the quarantine.
      yield* host.disk.unmount
      host.ahead += 4 * 86_400_000
      for (const _ of [1, 2]) assert.isNotNull((yield* host.relocate("--apply", 75)).stopped)
      yield* host.disk.mount
      assert.isTrue(has(join(host.seeds, quarantineFolder, "saga-2/tv/Show/e01.mkv")))
      assert.deepStrictEqual(yield* broken(host), [])
    })
  )

  const full = (name: string, disks: Disks, fill: (host: Host) => string, free: (host: Host) => void) =>
    scenario(name, disks, 5, (host) =>
      Effect.gen(function* () {
        const { hash, paths } = yield* host.add({ name: "Large.mkv", files: noise(12_000_000, "large"), folder: "tv" })
        yield* host.index()
        const ended = yield* host.run(["relocate", "--apply"], { env: { CRASH_MIDWAY: fill(host) } })
        assert.strictEqual(ended.code, 1, ended.stderr)
        assert.match(ended.stdout, /ENOSPC|EDQUOT|no space|quota/i)
        free(host)
        yield* asBefore(host, hash, paths)
        const { blocked } = yield* host.tick()
        assert.deepStrictEqual(blocked, [])
        assert.strictEqual(yield* placeOf(host, hash), join(host.pooled, "tv"))
        assert.deepStrictEqual(yield* broken(host), [])
      })
    )
  full(
    "17: a pool that fills up in the middle of a copy",
    "btrfs and ext4",
    (host) => `dd if=/dev/zero of='${host.pool}/filler' bs=1M status=none || true`,
    (host) => rmSync(join(host.pool, "filler"))
  )
  full(
    "17: a quota that is reached in the middle of a copy",
    "two ZFS pools",
    (host) => `'${tool("zfs")}' set quota=4M ${datasetAt(host.pool)}`,
    (host) => execFileSync(tool("zfs"), ["set", "quota=none", datasetAt(host.pool)])
  )

  scenario("18: a person who moves the torrent meanwhile is not overruled", "ext4 and ext4", 5, (host) =>
    Effect.gen(function* () {
      const { hash } = yield* add(host)
      yield* host.index()
      yield* host.fall("Sagas.move staged after")
      const place = join(host.seeds, "mine")
      yield* host.client.api.post("torrents/setLocation", { hashes: hash, location: place })
      yield* host.until(hash, ({ content_path, state }) => content_path.startsWith(place) && state.endsWith("UP"))
      const { resumed, steps } = yield* host.relocate()
      assert.deepStrictEqual(
        resumed.map(({ outcome }) => outcome),
        ["undone"]
      )
      assert.deepStrictEqual(
        steps.map(({ outcome }) => outcome),
        ["moved"],
        "from where it is now"
      )
      assert.strictEqual(yield* placeOf(host, hash), join(host.pooled, "mine"))
      yield* host.later()
      assert.deepStrictEqual([duplicates(host), leftovers(host)], [[], []])
      assert.deepStrictEqual(yield* broken(host), [])
    })
  )

  both(
    "19: a torrent that cross-seed injects meanwhile keeps its files, and moves with the others",
    "ext4 and ext4",
    (host) =>
      Effect.gen(function* () {
        const { hash, paths } = yield* add(host)
        yield* host.index()
        yield* host.fall("Sagas.move repointed after")
        const injected = yield* host.add({
          name: "Show.Injected",
          files: show,
          folder: "cross-seed",
          pieceLength: 65536,
          from: (path) => paths.find((one) => one.endsWith(path)) ?? "",
          add: { category: "cross-seed", skipChecking: true }
        })
        const { resumed } = yield* host.relocate()
        assert.deepStrictEqual(
          resumed.map(({ outcome }) => outcome),
          ["undone"]
        )
        assert.deepStrictEqual(yield* broken(host), [])
        yield* host.tick()
        for (const one of [hash, injected.hash]) assert.isTrue((yield* placeOf(host, one)).startsWith(host.pooled))
        const [here, there] = ["tv/Show/e01.mkv", "cross-seed/Show.Injected/e01.mkv"].map((name) =>
          inode(join(host.pooled, name))
        )
        assert.strictEqual(here, there)
        // Another one, which comes while the source is in the quarantine and is linked to what is there.
        const late = yield* host.add({
          name: "Show.Late",
          files: show,
          folder: "cross-seed",
          from: (path) => filesBelow(join(host.seeds, quarantineFolder)).find((one) => one.endsWith(path)) ?? "",
          add: { category: "cross-seed" }
        })
        host.ahead += 4 * 86_400_000
        yield* host.relocate("--apply")
        yield* host.run(["relocate", "--apply"])
        assert.isTrue(has(late.paths[0] ?? ""))
        assert.deepStrictEqual(yield* broken(host), [])
      })
  )

  both("20: automatic management that is turned on meanwhile loses nothing", "ext4 and ext4", (host) =>
    Effect.gen(function* () {
      const { hash } = yield* add(host)
      yield* host.index()
      yield* host.fall("Sagas.move published after")
      yield* host.client.api.post("torrents/setCategory", { hashes: hash, category: "elsewhere" })
      yield* host.client.api.post("torrents/setAutoManagement", { hashes: hash, enable: "true" })
      yield* host.until(hash, ({ content_path, state }) => content_path.includes("/elsewhere/") && state.endsWith("UP"))
      yield* host.run(["relocate", "--apply"])
      assert.deepStrictEqual(yield* broken(host), [])
      yield* host.run(["index"])
      yield* host.run(["relocate", "--apply"])
      assert.deepStrictEqual(yield* broken(host), [])
      yield* host.later()
      assert.deepStrictEqual([yield* broken(host), leftovers(host), duplicates(host)], [[], [], []])
      assert.strictEqual((yield* host.torrent(hash)).category, "elsewhere")
    })
  )

  both(
    "21: bytes that go bad on the pool before the client reads them do not come back over the source",
    "ext4 and ext4",
    (host) =>
      Effect.gen(function* () {
        const { hash, paths } = yield* add(host)
        const place = join(host.root, "stash/media/incomplete")
        mkdirSync(place, { recursive: true })
        yield* host.client.api.post("torrents/setDownloadPath", { id: hash, path: place })
        yield* host.until(hash, ({ download_path }) => download_path === place)
        yield* host.index()
        const before = paths.map((path) => [inode(path), digest(path)])
        const ended = yield* host.run(["relocate", "--apply"], {
          env: { CRASH_SPOIL: join(host.pooled, "tv/Show/e01.mkv") }
        })
        assert.strictEqual(ended.code, 1)
        assert.match(ended.stdout, /pieces are missing/)
        assert.deepStrictEqual(
          paths.map((path) => [inode(path), digest(path)]),
          before
        )
        const { download_path, progress, save_path, state } = yield* host.torrent(hash)
        assert.deepStrictEqual([save_path, download_path, progress], [join(host.seeds, "tv"), place, 1])
        assert.match(state, /^(?:stalledUP|uploading)$/)
        yield* host.client.api.post("torrents/setDownloadPath", { id: hash, path: "" })
        yield* host.until(hash, ({ download_path }) => download_path === "")
        yield* asBefore(host, hash, paths)
      })
  )

  scenario("a client that is gone in the middle ends the run; the next one goes on", "ext4 and ext4", 5, (host) =>
    Effect.gen(function* () {
      const { hash } = yield* add(host)
      yield* host.index()
      const running = host.begin(["relocate", "--apply"])
      while (!running.passed().includes("TorrentClient.setLocation before")) yield* Effect.sleep("5 millis")
      yield* host.crashClient
      const ended = yield* Effect.promise(() => running.ended)
      assert.strictEqual(ended.code, 75, ended.stderr)
      assert.deepStrictEqual(yield* breaches(host), [])
      yield* host.relocate()
      assert.strictEqual(yield* placeOf(host, hash), join(host.pooled, "tv"))
      yield* host.later()
      assert.deepStrictEqual([yield* broken(host), leftovers(host), duplicates(host)], [[], [], []])
    })
  )
})
