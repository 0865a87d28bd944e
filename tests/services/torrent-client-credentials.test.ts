import { tmpdir } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { film, filmHash, guarded, secretFile, trusted, whyOf } from "../fakes/qbittorrent-client.ts"

describe("credentials", () => {
  it.live("a host that is trusted is never sent a password", () =>
    Effect.gen(function* () {
      const { fake, client } = yield* trusted([film], {}, { passwordFile: "/does/not/exist" })
      yield* client.torrents
      assert.deepStrictEqual(
        fake.calls.map((call) => call.path),
        ["/torrents/info"]
      )
      fake.set({ bypassLocalhost: false })
      yield* client.torrents
      assert.strictEqual(fake.calls.at(-1)?.as, "cookie")
    })
  )

  it.live.each(["4.5", "5.1", "5.2"] as const)("%s: calls made together log in once", (dialect) =>
    Effect.gen(function* () {
      const passwordFile = yield* secretFile("päss wörd&=+%\n")
      const { client, fake, logins } = yield* guarded(
        { dialect, password: "päss wörd&=+%", torrents: [film] },
        { passwordFile }
      )
      const lists = yield* Effect.all([client.torrents, client.torrents, client.torrents], { concurrency: 3 })
      assert.deepStrictEqual(
        lists.map((list) => list.length),
        [1, 1, 1]
      )
      assert.strictEqual(logins(), 1)
      fake.expireSessions()
      yield* Effect.all([client.torrents, client.version, client.files(filmHash)], { concurrency: 3 })
      assert.strictEqual(logins(), 2)
    })
  )

  it.live.each(["4.5", "5.1", "5.2"] as const)("%s: a wrong password is tried once, however often we ask", (dialect) =>
    Effect.gen(function* () {
      const passwordFile = yield* secretFile("wrong-secret")
      const { client, logins } = yield* guarded({ dialect }, { passwordFile })
      const errors = yield* Effect.all(
        [client.torrents, client.version, client.remove(filmHash), client.torrents].map(Effect.flip),
        { concurrency: 4 }
      )
      for (const error of errors) {
        assert.strictEqual(whyOf(error), "TorrentClientRefused: the password of admin is not accepted")
        assert.notInclude(JSON.stringify(error) + error.message, "wrong-secret")
      }
      assert.match(whyOf(yield* Effect.flip(client.torrents)), /^TorrentClientRefused/)
      assert.strictEqual(logins(), 1)
    })
  )

  it.live("a ban is told as a ban", () =>
    Effect.gen(function* () {
      const { client, fake, logins } = yield* guarded({}, { passwordFile: yield* secretFile("adminadmin") })
      fake.set({ banned: true })
      assert.match(whyOf(yield* Effect.flip(client.torrents)), /^TorrentClientRefused: .*banned.*wait an hour/)
      yield* Effect.flip(client.torrents)
      assert.strictEqual(logins(), 1)
    })
  )

  it.live("a log-in that is accepted and does not help is not repeated", () =>
    Effect.gen(function* () {
      const { client, fake, logins } = yield* guarded({}, { passwordFile: yield* secretFile("adminadmin") })
      fake.fail({ kind: "status", status: 403 }, { times: 9, path: "/torrents" })
      assert.match(whyOf(yield* Effect.flip(client.torrents)), /^TorrentClientRefused: .*still answers 403/)
      yield* Effect.flip(client.torrents)
      assert.strictEqual(logins(), 1)
    })
  )

  it.live("nor is it when what came after it was lost before it could help", () =>
    Effect.gen(function* () {
      const { client, fake, logins } = yield* guarded({}, { passwordFile: yield* secretFile("adminadmin") })
      fake.fail({ kind: "status", status: 403 }, { path: "/torrents" })
      fake.fail({ kind: "refused" }, { path: "/torrents" })
      fake.fail({ kind: "status", status: 403 }, { times: 9, path: "/torrents" })
      assert.match(whyOf(yield* Effect.flip(client.torrents)), /^TorrentClientRefused: .*still answers 403/)
      assert.strictEqual(logins(), 1)
    })
  )

  it.live("a log-in without an answer is not repeated either, and says nothing about the password", () =>
    Effect.gen(function* () {
      for (const trouble of [{ kind: "lost" }, { kind: "html" }, { kind: "status", status: 502 }] as const) {
        const { client, fake, logins } = yield* guarded({}, { passwordFile: yield* secretFile("adminadmin") })
        fake.fail(trouble, { path: "/auth" })
        for (let call = 0; call < 2; call++) {
          assert.match(whyOf(yield* Effect.flip(client.torrents)), /^TorrentClientUnreadable: no answer to the log-in/)
        }
        assert.strictEqual(logins(), 1)
      }
    })
  )

  it.live("files of secrets that are missing, forbidden, empty or more than a secret", () =>
    Effect.gen(function* () {
      const none = yield* guarded({}, {})
      assert.match((yield* Effect.flip(none.client.torrents)).why, /neither passwordFile nor apiKeyFile is set/)
      const missing = yield* guarded({}, { passwordFile: "/does/not/exist" })
      assert.strictEqual(
        whyOf(yield* Effect.flip(missing.client.torrents)),
        "TorrentClientRefused: passwordFile /does/not/exist cannot be read (it does not exist)"
      )
      const folder = yield* guarded({}, { apiKeyFile: tmpdir() })
      assert.match((yield* Effect.flip(folder.client.torrents)).why, /apiKeyFile .* cannot be read \(EISDIR\)/)
      const empty = yield* guarded({}, { apiKeyFile: yield* secretFile("\n") })
      assert.match((yield* Effect.flip(empty.client.torrents)).why, /apiKeyFile .* is empty/)
      const two = yield* guarded({}, { apiKeyFile: yield* secretFile("one-secret\ntwo") })
      const error = yield* Effect.flip(two.client.torrents)
      assert.match(error.why, /on one line/)
      assert.notInclude(error.message, "one-secret")
      for (const { logins } of [none, missing, folder, empty, two]) assert.strictEqual(logins(), 0)
    })
  )

  it.live("an API key goes with each call, and no log-in is made", () =>
    Effect.gen(function* () {
      const apiKey = `qbt_${"k".repeat(28)}`
      const { client, fake } = yield* guarded(
        { apiKey, torrents: [film] },
        { apiKeyFile: yield* secretFile(`${apiKey}\n`) }
      )
      yield* client.torrents
      yield* client.files(filmHash)
      assert.deepStrictEqual(
        fake.calls.map((call) => call.as),
        ["key", "key"]
      )
    })
  )

  it.live("an API key that is not known: the password if there is one, else a refusal", () =>
    Effect.gen(function* () {
      const apiKeyFile = yield* secretFile("qbt_unknown")
      const passwordFile = yield* secretFile("adminadmin")
      for (const dialect of ["4.5", "5.2"] as const) {
        const both = yield* guarded({ dialect, torrents: [film] }, { apiKeyFile, passwordFile })
        assert.strictEqual((yield* both.client.torrents).length, 1)
        assert.strictEqual(both.logins(), 1)
        const only = yield* guarded({ dialect }, { apiKeyFile })
        assert.match(whyOf(yield* Effect.flip(only.client.torrents)), /^TorrentClientRefused: .*API key/)
        yield* Effect.flip(only.client.torrents)
        assert.strictEqual(only.fake.calls.length, 1)
      }
    })
  )
})
