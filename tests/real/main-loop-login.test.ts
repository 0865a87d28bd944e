import { assert, describe, it } from "@effect/vitest"
import { Effect, Scope } from "effect"
import { rmSync, writeFileSync } from "node:fs"
import { hasQbittorrent, startQbittorrent } from "./qbittorrent.ts"
import { createTorrent } from "./torrent.ts"
import { addComplete } from "./transfer.ts"
import { digest, files, plant } from "./worker-disk.ts"
import { proxy } from "./worker-proxy.ts"
import { Cleaned, Doctored, Explained, Failed, Status, Uploaded } from "./worker-reports.ts"
import { access, host } from "./worker.ts"

const apiKey = `qbt_${"k".repeat(28)}`

describe.each([4, 5] as const)("logging in to qBittorrent %i", (version) => {
  describe.skipIf(!hasQbittorrent(version))("as a run does", () => {
    it.live("takes the localhost bypass without any credentials", () =>
      Effect.gen(function* () {
        const { at, configure, json } = yield* host
        plant(at("completed"), { "film.mkv": 10_000 })
        const client = yield* startQbittorrent({ version, savePath: at("completed"), bypassLocalhost: true })
        yield* addComplete(client, createTorrent({ source: at("completed/film.mkv") }), at("completed"))
        configure(client, { qbittorrent: { url: client.url } })
        assert.lengthOf((yield* json(Uploaded, ["upload"])).items, 1)
        assert.deepStrictEqual(files(at("remote")), ["downloads/film.mkv"])
      })
    )

    it.live("tries a wrong password once, changes nothing, and is not banned", () =>
      Effect.gen(function* () {
        const { at, configure, json, passwordFile, run } = yield* host
        plant(at("completed"), { "film.mkv": 10_000 })
        const client = yield* startQbittorrent({ version, savePath: at("completed") })
        yield* addComplete(client, createTorrent({ source: at("completed/film.mkv") }), at("completed"))
        // The second failure would ban this address.
        const preferences = { web_ui_max_auth_fail_count: 2, web_ui_ban_duration: 3600 }
        yield* client.api.post("app/setPreferences", { json: JSON.stringify(preferences) })
        configure(client, { cleanup: {} })
        writeFileSync(passwordFile, "wrong\n")
        const before = digest(at("."), ["state"])
        const refused = yield* run(["upload"])
        assert.strictEqual(refused.code, 78)
        assert.strictEqual(refused.stdout, "")
        assert.include(refused.stderr, "the password of admin is not accepted")
        assert.include(refused.stderr, "Check qbittorrent.username and passwordFile")
        assert.notInclude(refused.stderr, "wrong\n")
        writeFileSync(passwordFile, `${client.password}\n`)
        assert.lengthOf((yield* json(Uploaded, ["upload"])).items, 1)
        writeFileSync(passwordFile, "wrong\n")
        const doubted = yield* json(Failed, ["cleanup"], 78)
        assert.strictEqual(doubted.error.tag, "TorrentClientRefused")
        rmSync(at("completed/film.mkv.uploaded"))
        rmSync(at("remote/downloads"), { recursive: true })
        assert.deepStrictEqual(digest(at("."), ["state"]), { ...before, password: digest(at("."))["password"] ?? "" })
      })
    )

    it.live("says what is wrong while the client is down, and goes on once it is back", () =>
      Effect.gen(function* () {
        const { at, configure, json, run } = yield* host
        plant(at("completed"), { "film.mkv": 10_000, "other.mkv": 10_000 })
        const options = { version, savePath: at("completed"), profileDir: at("profile") }
        const client = yield* startQbittorrent(options)
        const torrent = createTorrent({ source: at("completed/film.mkv") })
        yield* addComplete(client, torrent, at("completed"))
        configure(client, { cleanup: {} })
        yield* json(Uploaded, ["upload"])
        yield* client.stop
        const look = () => [digest(at("completed")), digest(at("remote"))]
        const before = look()
        const down = yield* run(["upload"])
        assert.strictEqual(down.code, 75, down.stderr)
        assert.include(down.stderr, "connection refused")
        assert.include(down.stderr, "Is it running, and is qbittorrent.url right?")
        assert.strictEqual((yield* json(Failed, ["cleanup"], 75)).error.exitCode, 75)
        assert.deepStrictEqual(look(), before)
        const explained = yield* json(Explained, ["explain", torrent.infohash])
        const open = explained.conditions.find(({ met }) => !met)
        assert.include(open?.value, "connection refused")
        assert.strictEqual((yield* json(Status, ["status"])).runs[0]?.outcome, "failed")
        const { checks } = yield* json(Doctored, ["doctor"], 1)
        const problems = checks.filter(({ outcome }) => outcome === "problem")
        assert.deepStrictEqual(
          problems.map(({ area, name }) => [area, name]),
          [["qBittorrent", "log-in"]]
        )
        const back = yield* startQbittorrent(options)
        yield* addComplete(back, createTorrent({ source: at("completed/other.mkv") }), at("completed"))
        configure(back, { cleanup: {} })
        const { items, unchanged } = yield* json(Uploaded, ["upload"])
        assert.deepStrictEqual([items.length, unchanged], [1, 1])
      })
    )

    it.live("survives a client that restarts, or goes, between two looks of a cleanup", () =>
      Effect.gen(function* () {
        const { at, configure, json, passwordFile } = yield* host
        plant(at("completed"), { "film.mkv": 10_000, "show/1.mkv": 10_000, "stays.mkv": 1_000 })
        const options = {
          version,
          savePath: at("completed"),
          profileDir: at("profile"),
          password: "the same over restarts"
        }
        const client = yield* startQbittorrent(options)
        const torrents = ["film.mkv", "show", "stays.mkv"].map((name) =>
          createTorrent({ source: at("completed", name) })
        )
        for (const torrent of torrents) yield* addComplete(client, torrent, at("completed"))
        const between = yield* proxy(client.url)
        configure(client, { cleanup: {}, qbittorrent: { ...access(client, passwordFile), url: between.url } })
        assert.lengthOf((yield* json(Uploaded, ["upload"])).items, 3)
        for (const torrent of torrents.slice(0, 2)) yield* client.api.remove(torrent.infohash, false)

        // The first is refused and repeated after the log-in.
        const revalidation = 3
        let looks = 0
        between.before = async (path) => {
          if (path !== "/api/v2/torrents/info" || ++looks !== revalidation) return
          await Effect.runPromise(client.kill)
          between.target = undefined
        }
        const before = digest(at("completed"))
        assert.strictEqual((yield* json(Failed, ["cleanup"], 75)).error.tag, "TorrentClientUnreadable")
        assert.deepStrictEqual(digest(at("completed")), before)

        const second = yield* startQbittorrent(options)
        between.target = second.url
        looks = 0
        const scope = yield* Effect.scope
        between.before = async (path) => {
          if (path !== "/api/v2/torrents/info" || ++looks !== revalidation) return
          await Effect.runPromise(second.kill)
          const third = await Effect.runPromise(Scope.provide(startQbittorrent(options), scope))
          between.target = third.url
        }
        const { items } = yield* json(Cleaned, ["cleanup"])
        assert.deepStrictEqual(items.map(({ outcome }) => outcome).toSorted(), ["kept", "released", "released"])
        assert.deepStrictEqual(Object.keys(digest(at("completed"))), ["stays.mkv", "stays.mkv.uploaded"])
      })
    )
  })
})

describe.skipIf(!hasQbittorrent(5))("an API key of qBittorrent 5", () => {
  it.live("opens it, and a wrong one or one for qBittorrent 4 is refused with the reason", () =>
    Effect.gen(function* () {
      const { at, configure, json, run } = yield* host
      plant(at("completed"), { "film.mkv": 10_000 })
      const client = yield* startQbittorrent({ version: 5, savePath: at("completed"), apiKey })
      yield* addComplete(client, createTorrent({ source: at("completed/film.mkv") }), at("completed"))
      const keyFile = at("key")
      configure(client, { qbittorrent: { url: client.url, apiKeyFile: keyFile } })
      writeFileSync(keyFile, `${apiKey}\n`, { mode: 0o600 })
      assert.lengthOf((yield* json(Uploaded, ["upload"])).items, 1)
      writeFileSync(keyFile, `qbt_${"x".repeat(28)}\n`)
      const wrong = yield* run(["upload"])
      assert.strictEqual(wrong.code, 78)
      assert.include(wrong.stderr, "it does not accept the API key")
      assert.notInclude(wrong.stderr, "xxxx")
      writeFileSync(keyFile, "")
      const empty = yield* json(Failed, ["upload"], 78)
      assert.include(empty.error.message, `apiKeyFile ${keyFile} is empty`)
    })
  )
})
