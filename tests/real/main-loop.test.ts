import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { noise } from "../fakes/archives/members.ts"
import { writeRar } from "../fakes/archives/rar.ts"
import { writeZip } from "../fakes/archives/zip.ts"
import { B2Process } from "../fakes/b2/process.ts"
import { hasQbittorrent, startQbittorrent } from "./qbittorrent.ts"
import { createTorrent } from "./torrent.ts"
import { seedTo, waitForTorrent } from "./transfer.ts"
import { digest, files, plant } from "./worker-disk.ts"
import { Cleaned, Explained, Status, Uploaded } from "./worker-reports.ts"
import { host, program } from "./worker.ts"

const b2 = Effect.acquireRelease(
  Effect.promise(() => B2Process.start()),
  (emulator) => Effect.promise(() => emulator.stop())
)

const show = "The Show S01 (2026)"
const film = 'Film: it\'s "quoted" — ü.mkv'
const bonus = "-bonus disc"

const payloads = (folder: string) => {
  for (const episode of ["E01", "E02"]) {
    mkdirSync(`${folder}/${show}/${episode}`, { recursive: true })
    const member = { name: `The Show S01${episode}.mkv`, content: noise(1_200_000, episode) }
    const options = { version: 5, naming: "part", volumeData: 400_000 } as const
    writeRar(`${folder}/${show}/${episode}`, `the.show.${episode}`, [member], options)
    plant(`${folder}/${show}/${episode}`, { [`${episode}.nfo`]: 100 })
  }
  plant(folder, { [film]: 3_000_000, [`${bonus}/read me.txt`]: 1_000 })
  writeZip(`${folder}/${bonus}/making of.zip`, [{ name: "making\nof.mkv", content: noise(500_000), utf8: true }])
}

describe.each([4, 5] as const)("the whole job with qBittorrent %i", (version) => {
  describe.skipIf(!hasQbittorrent(version))("on a B2 remote", () => {
    it.live("from the completion hook to the released copy, and nothing done twice", () =>
      Effect.gen(function* () {
        const { at, configFile, configure, json, run } = yield* host
        payloads(at("seeder"))
        const emulator = yield* b2
        writeFileSync(at("rclone.conf"), emulator.rcloneConfig("b2"), { mode: 0o600 })
        const seeder = yield* startQbittorrent({ version, savePath: at("seeder"), bypassLocalhost: true })
        const client = yield* startQbittorrent({
          version,
          savePath: at("completed"),
          tempPath: at("downloading"),
          username: 'sóme "one"',
          password: "p&ss=w ö%rd",
          autorun: `"${program}" --config "${configFile}" completed %K`
        })
        const remote = `b2:${emulator.bucket}`
        const categories = { "tv-sonarr": "tv", radarr: "movies" }
        configure(client, { remote, rcloneConfigFile: at("rclone.conf"), categories, cleanup: {} })
        const downloads = [
          [show, "tv-sonarr"],
          [film, "radarr"],
          [bonus, ""]
        ] as const
        const hashes = yield* Effect.forEach(
          downloads,
          Effect.fnUntraced(function* ([name, category]) {
            const torrent = createTorrent({ source: at("seeder", name) })
            const add = { category }
            yield* seedTo({ seeder, downloader: client, torrent, seederSavePath: at("seeder"), add })
            return torrent.infohash
          }),
          { concurrency: 3 }
        )
        const [first = ""] = hashes
        const spooled = () =>
          existsSync(at("state/spool")) ? readdirSync(at("state/spool")).filter((name) => !name.startsWith(".")) : []
        yield* waitForTorrent(client, first, "three tickets", () => spooled().length === 3)
        assert.sameMembers(
          (yield* json(Status, ["status"])).tickets.map(({ hash }) => hash),
          hashes
        )

        const uploaded = yield* json(Uploaded, ["upload"])
        assert.deepStrictEqual(
          uploaded.items.map(({ destination, extracted, outcome }) => [outcome, destination, extracted?.files ?? 0]),
          [
            ["uploaded", `downloads/${bonus}`, 1],
            ["uploaded", `movies/${film}`, 0],
            ["uploaded", `tv/${show}`, 2]
          ]
        )
        assert.deepStrictEqual([uploaded.left, uploaded.stopped], [[], null])
        assert.deepStrictEqual(spooled(), [])
        const stored = (yield* Effect.promise(() => emulator.files())).map(({ name }) => name)
        const originals = files(at("seeder"))
        assert.lengthOf(originals, 11)
        assert.lengthOf(stored, 14)
        for (const name of [show, film, bonus]) assert.isTrue(existsSync(at("completed", `${name}.uploaded`)), name)
        for (const name of originals) {
          const folder = name.startsWith(show) ? "tv" : name.startsWith(film) ? "movies" : "downloads"
          const [is, was] = [
            yield* Effect.promise(() => emulator.bytesOf(`${folder}/${name}`)),
            readFileSync(at("seeder", name))
          ]
          assert.isTrue(is.equals(was), name)
        }
        assert.deepStrictEqual(existsSync(at("extracted")) ? files(at("extracted")) : [], [])

        // The other commands, as one JSON document each.
        const valid = yield* json(Schema.Struct({ file: Schema.String }), ["config", "check"])
        assert.strictEqual(valid.file, configFile)
        const form = yield* json(Schema.Struct({ properties: Schema.Json }), ["config", "schema"])
        assert.hasAnyKeys(form.properties, ["completedDir"])
        const hash = first.toUpperCase()
        assert.strictEqual((yield* json(Schema.Struct({ hash: Schema.String }), ["completed", hash])).hash, first)
        assert.deepStrictEqual(spooled(), [`${first}.json`])

        const disk = digest(at("completed"))
        yield* Effect.promise(emulator.resetLedger)
        const again = yield* run(["upload"])
        assert.strictEqual(again.code, 0, again.stderr)
        assert.strictEqual(again.stdout, "nothing new: 3 items are uploaded and unchanged\n")
        assert.strictEqual((yield* json(Uploaded, ["upload"])).unchanged, 3)
        assert.deepStrictEqual(spooled(), [])
        const calls = yield* Effect.promise(() => emulator.ledger())
        assert.deepStrictEqual(
          calls.calls.filter((call) => call.class !== "a"),
          []
        )

        const kept = yield* json(Cleaned, ["cleanup"])
        assert.deepStrictEqual(new Set(kept.items.map(({ outcome }) => outcome)), new Set(["kept"]))
        assert.deepStrictEqual(digest(at("completed")), disk)
        yield* client.api.remove(hashes[1] ?? "", false)
        const free = yield* json(Explained, ["explain", film])
        assert.deepStrictEqual(
          free.conditions.filter(({ met }) => !met),
          []
        )
        const cleaned = yield* json(Cleaned, ["cleanup"])
        assert.deepStrictEqual(
          cleaned.items.filter(({ outcome }) => outcome !== "kept").map(({ outcome, path }) => [outcome, path]),
          [["released", at("completed", film)]]
        )
        assert.strictEqual(cleaned.freedBytes, 3_000_000)
        const { [film]: _, [`${film}.uploaded`]: __, ...rest } = disk
        assert.deepStrictEqual(digest(at("completed")), rest)
        assert.deepStrictEqual(
          (yield* Effect.promise(() => emulator.files())).map(({ name }) => name),
          stored
        )
        const status = yield* json(Status, ["status"])
        assert.deepStrictEqual(
          status.items.map(({ items, state }) => [state, items]),
          [
            ["uploaded", 2],
            ["released", 1]
          ]
        )
        assert.deepStrictEqual(status.problems, [])
        const last = yield* run(["cleanup"])
        assert.strictEqual(last.code, 0)
        assert.match(last.stdout, /^2 kept, in /m)
      })
    )
  })
})
