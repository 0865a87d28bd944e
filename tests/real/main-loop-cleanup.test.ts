import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, linkSync, mkdirSync, readFileSync } from "node:fs"
import { basename } from "node:path"
import { hasQbittorrent, startQbittorrent } from "./qbittorrent.ts"
import type { TorrentInfo } from "./qbittorrent-api.ts"
import { createTorrent } from "./torrent.ts"
import { addComplete, waitForTorrent } from "./transfer.ts"
import { digest, files, plant } from "./worker-disk.ts"
import { Cleaned, Explained, Restored, Status, Uploaded } from "./worker-reports.ts"
import { host } from "./worker.ts"

const day = 86_400_000

const outcomes = (report: typeof Cleaned.Type) =>
  Object.fromEntries(report.items.map(({ outcome, path }) => [basename(path), outcome]))
const reasons = (report: typeof Cleaned.Type) =>
  Object.fromEntries(report.items.map(({ path, reason }) => [basename(path), reason]))

describe.each([4, 5] as const)("cleanup beside qBittorrent %i", (version) => {
  describe.skipIf(!hasQbittorrent(version))("on a folder as the remote", () => {
    it.live("untracked: only what no torrent needs by path or by inode, and a dry run changes nothing", () =>
      Effect.gen(function* () {
        const { at, configure, json, run } = yield* host
        const completed = at("completed")
        plant(completed, { "Show/e1.mkv": 5_000, "Show/e2.mkv": 5_000, "film.mkv": 5_000, "kept.mkv": 400 })
        const client = yield* startQbittorrent({ version, savePath: completed, bypassLocalhost: true })
        const add = (name: string, folder = completed) => {
          const torrent = createTorrent({ source: `${folder}/${name}`, sourceTag: folder })
          return Effect.as(addComplete(client, torrent, folder), torrent.infohash)
        }
        const show = yield* add("Show")
        const film = yield* add("film.mkv")
        const kept = yield* add("kept.mkv")
        configure(client, {
          qbittorrent: { url: client.url },
          cleanup: { neverDelete: [`${completed}/kept*`] }
        })
        yield* json(Uploaded, ["upload"])
        // A cross-seed elsewhere, by hardlinks.
        mkdirSync(at("elsewhere/Other name"), { recursive: true })
        linkSync(at("completed/Show/e1.mkv"), at("elsewhere/Other name/first.mkv"))
        plant(at("elsewhere/Other name"), { "second.mkv": 100 })
        const cross = yield* add("Other name", at("elsewhere"))
        for (const hash of [show, film, kept]) yield* client.api.remove(hash, false)
        // Those a dry run may touch.
        const own = ["state/lock", "state/lock.cleanup", "state/metrics.prom"]
        const before = digest(at("."), own)
        const dry = yield* json(Cleaned, ["cleanup", "--dry-run"])
        assert.deepStrictEqual(outcomes(dry), { Show: "kept", "film.mkv": "would-release", "kept.mkv": "kept" })
        assert.deepStrictEqual(digest(at("."), own), before)
        const cleaned = yield* json(Cleaned, ["cleanup"])
        assert.deepStrictEqual(outcomes(cleaned), { Show: "kept", "film.mkv": "released", "kept.mkv": "kept" })
        assert.strictEqual(
          reasons(cleaned)["Show"],
          `a torrent in qBittorrent needs it, Other name (${cross.slice(0, 8)}): a file in ${at("elsewhere/Other name")} is a hardlink of it`
        )
        assert.strictEqual(
          reasons(cleaned)["kept.mkv"],
          `${completed}/kept.mkv is protected by ${completed}/kept* (cleanup.neverDelete)`
        )
        const lines = (yield* run(["cleanup"])).stdout
        assert.notMatch(lines, /1 files|must be no torrent/)
        yield* client.api.remove(cross, false)
        assert.deepStrictEqual(outcomes(yield* json(Cleaned, ["cleanup", "--apply"])), {
          Show: "released",
          "kept.mkv": "kept"
        })
        assert.deepStrictEqual(files(completed), ["kept.mkv"])
        assert.lengthOf(files(at("remote")), 4)
        assert.deepStrictEqual(files(at("elsewhere")), ["Other name/first.mkv", "Other name/second.mkv"])
      })
    )

    it.live("managed: not before the time of every tracker and every cross-seed, then all in one run", () =>
      Effect.gen(function* () {
        const { at, configure, json } = yield* host
        const completed = at("completed")
        plant(completed, { "Show/e1.mkv": 5_000, "film.mkv": 5_000, "owed.mkv": 5_000 })
        const client = yield* startQbittorrent({ version, savePath: completed, bypassLocalhost: true })
        const tracker = "http://127.0.0.1:9/announce"
        const make = (name: string, more: { readonly sourceTag?: string; readonly trackers?: ReadonlyArray<string> }) =>
          createTorrent({ source: at("completed", name), private: true, ...more })
        const torrents = {
          show: make("Show", {}),
          cross: make("Show", { sourceTag: "x", trackers: [tracker] }),
          film: make("film.mkv", {}),
          owed: make("owed.mkv", { trackers: [tracker] })
        }
        for (const torrent of Object.values(torrents)) yield* addComplete(client, torrent, completed)
        const base = { mode: "managed", minSeedTime: "1 second", minRatio: 0 }
        const trackers = { "127.0.0.1": { minSeedTime: "10 days" } }
        const qbittorrent = { url: client.url }
        configure(client, { qbittorrent, cleanup: { ...base, minSeedTime: "1 hour" } })
        yield* json(Uploaded, ["upload"])
        const early = yield* json(Cleaned, ["cleanup"])
        assert.deepStrictEqual(new Set(Object.values(outcomes(early))), new Set(["kept"]))
        assert.lengthOf(yield* client.api.torrents, 4)

        // qBittorrent tells the time anew only of torrents to which something happens.
        const nudge = Effect.gen(function* () {
          yield* Effect.sleep("2200 millis")
          for (const { infohash } of Object.values(torrents)) yield* client.api.stop(infohash)
          yield* Effect.sleep("500 millis")
          for (const { infohash } of Object.values(torrents)) yield* client.api.start(infohash)
          yield* Effect.sleep("500 millis")
        })
        for (const { infohash } of Object.values(torrents)) {
          const seeded = ({ seeding_time, state }: TorrentInfo) => seeding_time >= 2 && state === "stalledUP"
          const now = yield* client.api.torrent(infohash)
          if (now !== undefined && seeded(now)) continue
          yield* waitForTorrent(client, infohash, "2 s of seeding", seeded, { between: nudge })
        }
        configure(client, { qbittorrent, cleanup: { ...base, trackers } })
        const begun = Date.now()
        const told = yield* json(Explained, ["explain", "owed.mkv"])
        const inDays = ((told.earliest ?? 0) - begun) / day
        assert.isTrue(inDays > 9.9 && inDays < 10, String(inDays))
        assert.match(
          told.summary,
          /because the seed time of owed\.mkv \(.{8}\) is \d s and must be 10 days \(cleanup\.trackers\."127\.0\.0\.1"\.minSeedTime\), says qBittorrent/
        )
        const first = yield* json(Cleaned, ["cleanup"])
        assert.deepStrictEqual(outcomes(first), { Show: "kept", "film.mkv": "released", "owed.mkv": "kept" })
        assert.include(reasons(first)["Show"], torrents.cross.infohash.slice(0, 8))
        assert.deepStrictEqual(
          first.torrents.map(({ hash, outcome }) => [hash, outcome]),
          [[torrents.film.infohash, "removed"]]
        )
        const kept = at("state/torrents", `${torrents.film.infohash}.torrent`)
        assert.isTrue(readFileSync(kept).includes(torrents.film.info))

        configure(client, { qbittorrent, cleanup: base })
        const all = yield* json(Cleaned, ["cleanup"])
        assert.deepStrictEqual(reasons(all), { Show: null, "owed.mkv": null })
        assert.deepStrictEqual(outcomes(all), { Show: "released", "owed.mkv": "released" })
        assert.lengthOf(all.torrents, 3)
        assert.deepStrictEqual(yield* client.api.torrents, [])
        assert.deepStrictEqual(digest(completed), {})
        for (const { info, infohash } of Object.values(torrents)) {
          assert.isTrue(readFileSync(at("state/torrents", `${infohash}.torrent`)).includes(info))
        }
        assert.lengthOf(files(at("remote")), 3)
        const last = yield* json(Cleaned, ["cleanup"])
        assert.deepStrictEqual([last.items, last.torrents, last.stopped], [[], [], null])
      })
    )

    it.live("quarantined, restored from there and from the remote, and kept for a week then", () =>
      Effect.gen(function* () {
        const { at, configure, json, run } = yield* host
        const completed = at("completed")
        const name = "A film, it's 'odd'.mkv"
        plant(completed, { [`${name}`]: 300_000, "Show/e1.mkv": 50_000, "Show/Subs/e1.srt": 10 })
        const client = yield* startQbittorrent({ version, savePath: completed, bypassLocalhost: true })
        const [film, show] = [
          createTorrent({ source: at("completed", name) }),
          createTorrent({ source: at("completed/Show") })
        ]
        yield* addComplete(client, film, completed)
        yield* addComplete(client, show, completed)
        const qbittorrent = { url: client.url }
        configure(client, { qbittorrent, cleanup: { quarantineFor: "1 hour" } })
        yield* json(Uploaded, ["upload"])
        const content = () =>
          Object.fromEntries(Object.entries(digest(completed)).filter(([path]) => !path.endsWith(".uploaded")))
        const before = content()
        for (const { infohash } of [film, show]) yield* client.api.remove(infohash, false)
        const cleaned = yield* json(Cleaned, ["cleanup", "--apply"])
        assert.deepStrictEqual(outcomes(cleaned), { [name]: "quarantined", Show: "quarantined" })
        assert.isFalse(existsSync(at("completed", name)))
        assert.deepStrictEqual(
          (yield* json(Status, ["status"])).items.map(({ items, state }) => [state, items]),
          [["quarantined", 2]]
        )
        const waiting = yield* json(Explained, ["explain", "Show"])
        assert.match(
          waiting.summary,
          /^It lies in the quarantine \(.*\); cleanup removes it once its time is over\. media-pipeline restore brings it back\.$/
        )
        assert.isTrue((waiting.earliest ?? 0) > Date.now() + 3_000_000)

        // Back from the quarantine, and from the remote what has been purged from it.
        assert.strictEqual((yield* json(Restored, ["restore", "Show"])).from, "quarantine")
        assert.strictEqual((yield* json(Restored, ["restore", at("completed/Show/")])).from, "here")
        for (const ahead of [7_200_000, 7_300_000]) yield* json(Cleaned, ["cleanup"], 0, { ahead })
        assert.isFalse(existsSync(at("completed/.media-pipeline-quarantine", name)))
        const { from } = yield* json(Restored, ["restore", film.infohash])
        assert.strictEqual(from, "remote")
        assert.deepStrictEqual(
          Object.fromEntries(Object.entries(content()).filter(([path]) => !path.startsWith(".media-pipeline"))),
          before
        )
        for (const torrent of [film, show]) {
          const { progress } = yield* addComplete(client, torrent, completed)
          assert.strictEqual(progress, 1)
          yield* client.api.recheck(torrent.infohash)
          yield* waitForTorrent(
            client,
            torrent.infohash,
            "the recheck",
            (info) => info.progress === 1 && info.state === "stalledUP"
          )
          yield* client.api.remove(torrent.infohash, false)
        }
        const kept = yield* json(Cleaned, ["cleanup", "--apply"])
        assert.deepStrictEqual(outcomes(kept), { [name]: "kept", Show: "kept" })
        for (const reason of Object.values(reasons(kept))) {
          assert.match(reason ?? "", /^somebody restored it, and it stays for 7 days after that$/)
        }
        const quiet = yield* run(["upload"])
        assert.strictEqual(quiet.stdout, "nothing new: 2 items are uploaded and unchanged\n")
        const released = yield* json(Cleaned, ["cleanup", "--apply"], 0, { ahead: 8 * day })
        assert.deepStrictEqual(outcomes(released), { [name]: "quarantined", Show: "quarantined" })
        const unknown = yield* run(["restore", "nothing of the kind"])
        assert.strictEqual(unknown.code, 64, unknown.stderr)
      })
    )
  })
})
