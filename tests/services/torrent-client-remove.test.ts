import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TorrentClient } from "../../src/services/TorrentClient.ts"
import { clientLayer, film, filmHash, secretFile, trusted, whyOf } from "../fakes/qbittorrent-client.ts"
import { makeTorrent } from "../fakes/qbittorrent-torrents.ts"

describe("remove", () => {
  const deletions = (fake: { readonly calls: ReadonlyArray<{ readonly path: string }> }) =>
    fake.calls.filter((call) => call.path === "/torrents/delete").length

  it.live("one torrent, never its files, and looks that it is gone", () =>
    Effect.gen(function* () {
      const { client, fake } = yield* trusted([film, { ...film, sourceTag: "x" }])
      yield* client.remove(filmHash)
      assert.deepStrictEqual([...fake.torrents.keys()], [makeTorrent({ ...film, sourceTag: "x" }).hash])
      assert.deepStrictEqual(fake.calls.find((call) => call.path === "/torrents/delete")?.fields, {
        hashes: filmHash,
        deleteFiles: "false"
      })
      assert.deepStrictEqual(fake.calls.at(-1)?.fields, { hashes: filmHash })
      yield* client.remove(filmHash)
    })
  )

  it.live("what is not one infohash never leaves this program", () =>
    Effect.gen(function* () {
      const { client, fake } = yield* trusted([film])
      const other = "4".repeat(40)
      for (const hash of ["all", "", `${filmHash}|${other}`, filmHash.toUpperCase(), `${filmHash}\n`, "%61ll", "a&b"]) {
        for (const call of [client.remove, client.files, client.trackers, client.export]) {
          assert.match(whyOf(yield* Effect.flip(Effect.asVoid(call(hash)))), /Unreadable: .*no infohash/)
        }
      }
      assert.strictEqual(fake.calls.length, 0)
    })
  )

  it.live("an answer that is lost is not asked for again: the list tells", () =>
    Effect.gen(function* () {
      const { client, fake } = yield* trusted([film])
      fake.fail({ kind: "lost" }, { path: "/torrents/delete" })
      yield* client.remove(filmHash)
      assert.strictEqual(deletions(fake), 1)
    })
  )

  it.live("a removal that did nothing, or cannot be observed, has failed", () =>
    Effect.gen(function* () {
      const { client, fake } = yield* trusted([film])
      const path = "/torrents/delete"
      fake.fail({ kind: "refused" }, { path })
      assert.match(whyOf(yield* Effect.flip(client.remove(filmHash))), /Unreadable: .*closed before/)
      fake.fail({ kind: "status", status: 503 }, { path })
      assert.match(whyOf(yield* Effect.flip(client.remove(filmHash))), /Unreadable: answered 503/)
      fake.fail({ kind: "empty" }, { path })
      assert.match(whyOf(yield* Effect.flip(client.remove(filmHash))), /Unreadable: it is still listed/)
      assert.strictEqual(deletions(fake), 3)
      assert.isTrue(fake.torrents.has(filmHash))
      fake.fail({ kind: "html" }, { times: 20, path: "/torrents/info" })
      assert.match(whyOf(yield* Effect.flip(client.remove(filmHash))), /Unreadable: .*HTML/)
    })
  )
})

describe("the fake as a process of its own", () => {
  const Started = Schema.fromJsonString(Schema.Struct({ url: Schema.String, control: Schema.String }))
  const program = join(import.meta.dirname, "../fakes/qbittorrent-main.ts")

  const start = (file: string) =>
    Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, [program, file], { stdio: ["ignore", "pipe", "inherit"] })),
      (child) => Effect.sync(() => void child.kill())
    ).pipe(
      Effect.flatMap((child) => Effect.promise(async () => String((await once(child.stdout, "data"))[0]))),
      Effect.flatMap(Schema.decodeEffect(Started))
    )

  it.live("takes its torrents from a file, and its dials over HTTP", () =>
    Effect.gen(function* () {
      const file = yield* secretFile(JSON.stringify({ bypassLocalhost: true, dialect: "4.5", torrents: [film] }))
      const { url, control } = yield* start(file)
      const client = yield* TorrentClient.pipe(Effect.provide(clientLayer(url), { local: true }))
      assert.deepStrictEqual(
        (yield* client.torrents).map((torrent) => torrent.hash),
        [filmHash]
      )
      const turn = (path: string, body: unknown) =>
        Effect.promise(() => fetch(`${control}/${path}`, { method: "POST", body: JSON.stringify(body) }))
      yield* turn("fail", { trouble: { kind: "html" }, times: 1, path: "/torrents" })
      assert.strictEqual((yield* Effect.flip(client.torrents))._tag, "TorrentClientUnreadable")
      yield* turn("set", { emptyList: true })
      assert.deepStrictEqual(yield* client.torrents, [])
      assert.strictEqual((yield* turn("set", { emptyLst: 1, banned: "no" })).status, 400)
    })
  )
})
