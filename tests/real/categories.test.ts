import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { existsSync } from "node:fs"
import { hasQbittorrent, startQbittorrent } from "./qbittorrent.ts"
import { createTorrent } from "./torrent.ts"
import { addComplete, waitForTorrent } from "./transfer.ts"
import { plant } from "./worker-disk.ts"
import { Failed } from "./worker-reports.ts"
import { host } from "./worker.ts"

const Settled = Schema.Struct({
  dryRun: Schema.Boolean,
  categories: Schema.Array(
    Schema.Struct({ name: Schema.String, outcome: Schema.String, reason: Schema.NullOr(Schema.String) })
  )
})

const outcomes = (report: typeof Settled.Type) =>
  Object.fromEntries(report.categories.map(({ name, outcome }) => [name, outcome]))

const Rows = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Struct({ savePath: Schema.String })))

describe.each([4, 5] as const)("the categories of qBittorrent %i", (version) => {
  describe.skipIf(!hasQbittorrent(version))("by the worker", () => {
    it.live("are made and corrected, once, and what is added to them is saved in completedDir", () =>
      Effect.gen(function* () {
        const { at, configure, json, run } = yield* host
        const completed = at("completed")
        plant(at("."), { "completed/film.mkv": 10_000, "old/old.mkv": 10_000 })
        const client = yield* startQbittorrent({
          version,
          savePath: at("default"),
          categories: { elsewhere: at("old"), own: at("completed/own"), mine: at("mine"), empty: "" }
        })
        yield* addComplete(client, createTorrent({ source: at("old/old.mkv") }), at("old"), { category: "elsewhere" })
        const names = ["tv ü/hd", "tv ü", "elsewhere", "own", "empty"]
        configure(client, { categories: Object.fromEntries(names.map((name) => [name, "x"])) })
        const would = outcomes(yield* json(Settled, ["categories", "--dry-run"]))
        const first = outcomes(yield* json(Settled, ["categories"]))
        assert.deepStrictEqual(first, {
          elsewhere: "corrected",
          empty: "corrected",
          own: "unchanged",
          "tv ü": "created",
          "tv ü/hd": "created"
        })
        assert.deepStrictEqual(would, {
          elsewhere: "would-correct",
          empty: "would-correct",
          own: "unchanged",
          "tv ü": "would-create",
          "tv ü/hd": "would-create"
        })
        const rows = yield* Schema.decodeUnknownEffect(Rows)((yield* client.api.get("torrents/categories")).text)
        assert.deepStrictEqual(
          Object.fromEntries(Object.entries(rows).map(([name, { savePath }]) => [name, savePath])),
          {
            elsewhere: completed,
            empty: completed,
            mine: at("mine"),
            own: at("completed/own"),
            "tv ü": completed,
            "tv ü/hd": completed
          }
        )
        const again = yield* run(["categories"])
        assert.deepStrictEqual([again.code, again.stdout.trim()], [0, "nothing to do: 5 categories are as configured"])

        // Managed by hand, so it stays where it is.
        assert.isTrue(existsSync(at("old/old.mkv")))
        const film = createTorrent({ source: at("completed/film.mkv") })
        yield* addComplete(client, film, completed, { category: "tv ü/hd" })
        yield* client.api.post("torrents/setAutoManagement", { hashes: film.infohash, enable: "true" })
        const managed = yield* waitForTorrent(client, film.infohash, "rest", ({ state }) => state !== "moving")
        assert.strictEqual(managed.content_path, at("completed/film.mkv"))
      })
    )

    it.live("are left alone where an edit would move files, as it does by hand", () =>
      Effect.gen(function* () {
        const { at, configure, json } = yield* host
        plant(at("."), { "old/film.mkv": 10_000 })
        const client = yield* startQbittorrent({
          version,
          savePath: at("completed"),
          categories: { radarr: at("old") }
        })
        const film = createTorrent({ source: at("old/film.mkv") })
        yield* addComplete(client, film, at("old"), { category: "radarr" })
        yield* client.api.post("torrents/setAutoManagement", { hashes: film.infohash, enable: "true" })
        const preferences = { category_changed_tmm_enabled: true }
        yield* client.api.post("app/setPreferences", { json: JSON.stringify(preferences) })
        configure(client, { categories: { radarr: "movies" } })
        const report = yield* json(Settled, ["categories"])
        assert.deepStrictEqual(outcomes(report), { radarr: "left" })
        assert.include(report.categories[0]?.reason, "1 torrent in it is under automatic management")
        yield* Effect.sleep("1 second")
        assert.strictEqual((yield* client.api.torrent(film.infohash))?.content_path, at("old/film.mkv"))
        assert.isTrue(existsSync(at("old/film.mkv")))

        // What the report warns of, by hand: the file moves.
        yield* client.api.post("torrents/editCategory", { category: "radarr", savePath: at("completed") })
        yield* waitForTorrent(client, film.infohash, "the move", () => existsSync(at("completed/film.mkv")))
        assert.isFalse(existsSync(at("old/film.mkv")))
        assert.deepStrictEqual(outcomes(yield* json(Settled, ["categories"])), { radarr: "unchanged" })
      })
    )

    it.live("wait for a client that is down with exit code 75", () =>
      Effect.gen(function* () {
        const { at, configure, json } = yield* host
        const client = yield* startQbittorrent({ version, savePath: at("completed") })
        configure(client, { categories: { radarr: "movies" } })
        yield* client.stop
        assert.strictEqual((yield* json(Failed, ["categories"], 75)).error.tag, "TorrentClientUnreadable")
      })
    )
  })
})
