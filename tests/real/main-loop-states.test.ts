import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { encode } from "./bencode.ts"
import { hasQbittorrent, startQbittorrent } from "./qbittorrent.ts"
import { createTorrent, type Torrent } from "./torrent.ts"
import { addComplete, waitForTorrent } from "./transfer.ts"
import { digest, files, plant } from "./worker-disk.ts"
import { Cleaned, Explained, Failed, Uploaded } from "./worker-reports.ts"
import { host } from "./worker.ts"

const gibibyte = 1024 ** 3

/** A file of nothing but zeros, without reading it: checking it takes a client a while. */
const zeros = (name: string, size: number): Torrent => {
  const pieceLength = 16 * 1024 ** 2
  const piece = createHash("sha1").update(Buffer.alloc(pieceLength)).digest()
  const pieces = Buffer.concat(Array.from({ length: size / pieceLength }, () => piece))
  const info = encode({ length: size, name, "piece length": pieceLength, pieces })
  const infohash = createHash("sha1").update(info).digest("hex")
  const bytes = Buffer.concat([Buffer.from("d4:info"), info, Buffer.from("e")])
  return { infohash, bytes, info, name: Buffer.from(name), size }
}

describe.each([4, 5] as const)("torrents of qBittorrent %i", (version) => {
  describe.skipIf(!hasQbittorrent(version))("by name and by state", () => {
    it.live("uploads what is asked for by infohash, path or name, and leaves alone what is still on its way", () =>
      Effect.gen(function* () {
        const { at, configure, json, run } = yield* host
        plant(at("seeder"), { "Slow/a.mkv": 3_000_000, "Slow/b.mkv": 3_000_000 })
        plant(at("completed"), { "Show/e1.mkv": 500, "film.mkv": 500, "A b, c/1.mkv": 500, "rest.mkv": 500 })
        const seeder = yield* startQbittorrent({ version, savePath: at("seeder"), bypassLocalhost: true })
        const client = yield* startQbittorrent({ version, savePath: at("completed"), bypassLocalhost: true })
        const hashes: Array<string> = []
        for (const name of ["Show", "film.mkv", "A b, c", "rest.mkv"]) {
          const torrent = createTorrent({ source: at("completed", name) })
          yield* addComplete(client, torrent, at("completed"))
          hashes.push(torrent.infohash)
        }
        const slow = createTorrent({ source: at("seeder/Slow") })
        yield* addComplete(seeder, slow, at("seeder"))
        yield* seeder.api.post("torrents/setUploadLimit", { hashes: slow.infohash, limit: "400000" })
        yield* client.api.add(slow, {})
        const peers = client.api.addPeers(slow.infohash, [`127.0.0.1:${seeder.peerPort}`])
        yield* waitForTorrent(client, slow.infohash, "the middle", ({ progress }) => progress > 0.05, {
          between: Effect.andThen(Effect.ignore(peers), Effect.sleep("300 millis"))
        })
        yield* seeder.api.post("torrents/setUploadLimit", { hashes: slow.infohash, limit: "20000" })
        configure(client, { qbittorrent: { url: client.url }, cleanup: {} })

        const before = digest(at("completed"), ["Slow"])
        const missing = yield* json(Failed, ["upload", "no such film"], 64)
        assert.include(missing.error.message, 'no completed item is "no such film"')
        assert.strictEqual((yield* run(["upload", "a".repeat(40)])).code, 64)
        assert.strictEqual((yield* run(["upload", hashes[0] ?? "", at("completed/nope")])).code, 64)
        assert.deepStrictEqual(files(at("remote")), [])
        assert.deepStrictEqual(digest(at("completed"), ["Slow"]), before)

        for (const target of [slow.infohash, slow.infohash.toUpperCase(), "Slow", at("completed/Slow")]) {
          const { items, left } = yield* json(Uploaded, ["upload", target])
          assert.deepStrictEqual([items, left.map(({ path }) => path)], [[], [at("completed/Slow")]], target)
          assert.match(left[0]?.why ?? "", /^it is still downloading \(\d+ %\)$/)
        }
        const asked: ReadonlyArray<readonly [target: string, remote: string]> = [
          [hashes[0]?.toUpperCase() ?? "", "downloads/Show/e1.mkv"],
          [at("completed/film.mkv"), "downloads/film.mkv"],
          ["A b, c", "downloads/A b, c/1.mkv"]
        ]
        for (const [target, remote] of asked) {
          const { items, left } = yield* json(Uploaded, ["upload", target])
          assert.deepStrictEqual([items.map(({ outcome }) => outcome), left], [["uploaded"], []], target)
          assert.include(files(at("remote")), remote)
        }
        assert.lengthOf(files(at("remote")), 3)

        const text = (yield* run(["upload"])).stdout
        assert.match(text, /left alone, it is still downloading \(\d+ %\):\n\s+Slow\n/)
        assert.match(text, /^ {2}uploaded {2}rest\.mkv {2}1 file {2}500 B {2}→ downloads$/m)
        const told = yield* json(Explained, ["explain", "Slow"])
        assert.match(told.summary, /^It is left alone, because it is still downloading \(\d+ %\)\.$/)

        yield* seeder.api.post("torrents/setUploadLimit", { hashes: slow.infohash, limit: "0" })
        yield* waitForTorrent(
          client,
          slow.infohash,
          "its end",
          ({ progress, state }) => progress === 1 && state === "stalledUP",
          {
            between: Effect.andThen(Effect.ignore(peers), Effect.sleep("300 millis"))
          }
        )
        assert.lengthOf((yield* json(Uploaded, ["upload"])).items, 1)
        assert.lengthOf(files(at("remote")), 6)
      })
    )

    it.live("leaves alone what is checked or misses files, and cleanup keeps both", () =>
      Effect.gen(function* () {
        const { at, configure, json } = yield* host
        const completed = at("completed")
        plant(completed, { "Lost/e1.mkv": 5_000, "film.mkv": 500 })
        const options = { version, savePath: completed, bypassLocalhost: true, profileDir: at("profile") }
        const client = yield* startQbittorrent(options)
        const lost = createTorrent({ source: at("completed/Lost") })
        const film = createTorrent({ source: at("completed/film.mkv") })
        for (const torrent of [lost, film]) yield* addComplete(client, torrent, completed)
        configure(client, { qbittorrent: { url: client.url }, cleanup: {} })
        assert.lengthOf((yield* json(Uploaded, ["upload"])).items, 2)
        yield* client.stop
        const content = at("completed/Lost/e1.mkv")
        rmSync(content)

        const again = yield* startQbittorrent(options)
        yield* waitForTorrent(again, lost.infohash, "its loss", ({ state }) => state === "missingFiles")
        configure(again, { qbittorrent: { url: again.url }, cleanup: {} })
        writeFileSync(at("completed/zeros.mkv"), "")
        truncateSync(at("completed/zeros.mkv"), 32 * gibibyte)
        const checked = zeros("zeros.mkv", 32 * gibibyte)
        yield* again.api.add(checked, { savePath: completed })
        yield* waitForTorrent(again, checked.infohash, "its check", ({ state }) => state.startsWith("checking"))
        plant(completed, { "half.mkv": 200_000 })
        const half = createTorrent({ source: at("completed/half.mkv") })
        writeFileSync(at("completed/half.mkv"), readFileSync(at("completed/half.mkv")).fill(0, 100_000))
        yield* again.api.add(half, { savePath: completed, stopped: true })
        const { items, left, unchanged } = yield* json(Uploaded, ["upload"])
        assert.deepStrictEqual([items, unchanged], [[], 1])
        // A stopped torrent that was just added waits for its check, or has not begun to.
        const restless = new Set(["it is still downloading (0 %)", "qBittorrent is checking it"])
        const whyOf = new Map(left.map(({ path, why }) => [path, why]))
        assert.strictEqual(whyOf.size, 3)
        assert.strictEqual(whyOf.get(at("completed/Lost")), "qBittorrent misses files of it")
        assert.strictEqual(whyOf.get(at("completed/zeros.mkv")), "qBittorrent is checking it")
        assert.isTrue(restless.has(whyOf.get(at("completed/half.mkv")) ?? ""))
        assert.match((yield* json(Explained, ["explain", checked.infohash])).summary, /qBittorrent is checking it/)
        yield* again.api.remove(checked.infohash, false)
        rmSync(at("completed/zeros.mkv"))
        yield* again.api.recheck(half.infohash)
        yield* waitForTorrent(again, half.infohash, "its check", ({ progress }) => progress > 0.3)
        yield* waitForTorrent(again, half.infohash, "its rest", ({ state }) => !state.startsWith("checking"))
        const stopped = (yield* json(Uploaded, ["upload", "half.mkv"])).left[0]
        assert.match(stopped?.why ?? "", /^it is still downloading \(\d\d %\)$/)

        const before = digest(completed)
        const cleaned = yield* json(Cleaned, ["cleanup"])
        assert.deepStrictEqual(
          cleaned.items.map(({ outcome }) => outcome),
          ["kept", "kept"]
        )
        assert.deepStrictEqual(digest(completed), before)
        assert.lengthOf(files(at("remote")), 2)
      })
    )
  })
})
