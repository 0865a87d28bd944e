import { createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TorrentClient } from "../../src/services/TorrentClient.ts"
import { clientLayer, film, trusted, whyOf } from "../fakes/qbittorrent-client.ts"
import { type TorrentSpec } from "../fakes/qbittorrent-torrents.ts"
import { fakeQbittorrent, type Trouble } from "../fakes/qbittorrent.ts"

describe("what cannot be read is unreadable, never an empty list", () => {
  const cases: ReadonlyArray<readonly [string, Trouble, RegExp, number]> = [
    ["a 404", { kind: "status", status: 404, body: "Not Found" }, /answered 404: Not Found/, 1],
    ["a 401 of a host name check", { kind: "status", status: 401 }, /Server domains/, 1],
    ["a redirect", { kind: "status", status: 302 }, /redirect/, 1],
    ["a 500", { kind: "status", status: 500 }, /answered 500/, 4],
    ["a 503 with a page", { kind: "status", status: 503, body: "<html>" }, /answered 503$/, 4],
    ["HTML with 200", { kind: "html" }, /HTML page/, 1],
    ["an empty body", { kind: "empty" }, /empty/, 1],
    ["half of the JSON as a whole answer", { kind: "truncated" }, /not JSON, or ends half-way/, 1],
    ["a body that is cut off", { kind: "cut" }, /closed before the answer was complete/, 4],
    ["a dropped connection", { kind: "refused" }, /closed before the answer was complete/, 4],
    ["JSON of another shape", { kind: "status", status: 200, body: '[{"hash":1}]' }, /another shape/, 1],
    ["an object for a list", { kind: "status", status: 200, body: "{}" }, /another shape/, 1]
  ]
  it.live.each(cases)("%s", ([, trouble, expected, calls]) =>
    Effect.gen(function* () {
      const { fake, client } = yield* trusted([film])
      fake.fail(trouble, { times: 10 })
      const error = yield* Effect.flip(client.torrents)
      assert.strictEqual(error._tag, "TorrentClientUnreadable")
      assert.match(error.why, expected)
      assert.isBelow(error.why.length, 300)
      assert.strictEqual(fake.calls.length, calls)
      fake.heal()
      assert.strictEqual((yield* client.torrents).length, 1)
    })
  )

  it.live("an endless silence, before the headers and in the middle of the body", () =>
    Effect.gen(function* () {
      for (const kind of ["silent", "stalled"] as const) {
        const fake = yield* fakeQbittorrent({ bypassLocalhost: true, torrents: [film] })
        fake.fail({ kind })
        const client = yield* TorrentClient.pipe(
          Effect.provide(clientLayer(fake.url, {}, "200 millis"), { local: true })
        )
        assert.strictEqual(
          whyOf(yield* Effect.flip(client.torrents)),
          "TorrentClientUnreadable: no complete answer within 200ms"
        )
      }
    })
  )

  it.live("nobody there, and a port that speaks something else", () =>
    Effect.gen(function* () {
      const fake = yield* fakeQbittorrent()
      yield* Effect.promise(() => fake.stop())
      const nobody = yield* TorrentClient.pipe(Effect.provide(clientLayer(fake.url), { local: true }))
      assert.strictEqual(whyOf(yield* Effect.flip(nobody.torrents)), "TorrentClientUnreadable: connection refused")
      const port = yield* Effect.acquireRelease(
        Effect.callback<{ readonly number: number; readonly close: () => void }>((resume) => {
          const server = createServer((socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n"))
          server.listen(0, "127.0.0.1", () => {
            const address = server.address()
            const number = typeof address === "object" && address !== null ? address.port : 0
            resume(Effect.succeed({ number, close: () => void server.close() }))
          })
        }),
        ({ close }) => Effect.sync(close)
      )
      const other = yield* TorrentClient.pipe(
        Effect.provide(clientLayer(`http://127.0.0.1:${port.number}`), { local: true })
      )
      const error = yield* Effect.flip(other.torrents)
      assert.strictEqual(whyOf(error), "TorrentClientUnreadable: what answers there does not speak HTTP")
    })
  )

  it.live("a failure that passes is repeated a few times, and then is none", () =>
    Effect.gen(function* () {
      const { fake, client } = yield* trusted([film])
      fake.fail({ kind: "status", status: 503 }, { times: 2 })
      fake.fail({ kind: "cut" })
      assert.strictEqual((yield* client.torrents).length, 1)
      assert.strictEqual(fake.calls.length, 4)
    })
  )

  it.live("an answer that is no version, and an empty list that really is one", () =>
    Effect.gen(function* () {
      const { fake, client } = yield* trusted([film])
      fake.fail({ kind: "html" })
      assert.match((yield* Effect.flip(client.version)).why, /no version number/)
      fake.set({ emptyList: true })
      assert.deepStrictEqual(yield* client.torrents, [])
    })
  )

  it.live("one row that makes no sense spoils the list: a hole would hide a claim", () =>
    Effect.gen(function* () {
      const rows: ReadonlyArray<Partial<TorrentSpec>> = [
        { contentPath: "/downloads/../etc" },
        { contentPath: "C:\\downloads\\Film.mkv" },
        { contentPath: "/downloads/a\0b" },
        { savePath: "downloads" },
        { hash: "all" },
        { hash: "zz".repeat(20) }
      ]
      for (const row of rows) {
        const { client } = yield* trusted([film, { ...film, sourceTag: "x", ...row }])
        assert.match(whyOf(yield* Effect.flip(client.torrents)), /^TorrentClientUnreadable: .*Film\.mkv/)
      }
    })
  )
})
