import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import {
  activityOf,
  holdingsOf,
  isComplete,
  type TorrentContent,
  type TorrentSettings
} from "../../src/domain/torrents.ts"
import { TorrentClient } from "../../src/services/TorrentClient.ts"
import { layerWith } from "../../src/services/TorrentClient/qbittorrent.ts"
import { MemoryTorrents, seeding, wanted } from "../fakes/memory-torrents.ts"
import { configLayer, film, filmHash, type Keys } from "../fakes/qbittorrent-client.ts"
import type { FakeOptions } from "../fakes/qbittorrent-state.ts"
import { fakeQbittorrent } from "../fakes/qbittorrent.ts"
import { temporaryFolder } from "./torrent-client-relocation-rig.ts"

const steered = (options: FakeOptions = {}, keys: Keys = {}) =>
  Effect.gen(function* () {
    const torrents = [{ ...film, savePath: "/tmp" }]
    const fake = yield* fakeQbittorrent({ bypassLocalhost: true, torrents, ...options })
    const patience = { timeout: "2 seconds", firstRetry: 2, look: 2, change: 100, stall: 100 } as const
    const client = yield* TorrentClient.pipe(
      Effect.provide(Layer.provide(layerWith(patience), configLayer(fake.url, keys)), { local: true })
    )
    const elsewhere = yield* temporaryFolder
    const asked = (path: string) => fake.calls.filter((call) => call.path === path).length
    return { fake, client, asked, elsewhere }
  })

describe("a call is sent once, and judged by what is to be seen", () => {
  it.live("an answer that is lost, of what was carried out", () =>
    Effect.gen(function* () {
      const { asked, client, elsewhere, fake } = yield* steered()
      fake.fail({ kind: "lost" }, { path: "/torrents/stop" })
      assert.strictEqual((yield* client.stop(filmHash)).state, "stoppedUP")
      fake.fail({ kind: "lost" }, { path: "/torrents/setLocation" })
      yield* client.setLocation(filmHash, elsewhere)
      assert.strictEqual((yield* client.settled(filmHash)).savePath, elsewhere)
      fake.fail({ kind: "lost" }, { path: "/torrents/start" })
      assert.strictEqual((yield* client.start(filmHash)).state, "stalledUP")
      for (const path of ["/torrents/stop", "/torrents/setLocation", "/torrents/start"]) {
        assert.strictEqual(asked(path), 1, path)
      }
    })
  )

  it.live("one that never arrived, or was answered with something else", () =>
    Effect.gen(function* () {
      const { client, elsewhere, fake } = yield* steered()
      fake.fail({ kind: "refused" }, { path: "/torrents/stop" })
      const unseen = yield* Effect.flip(client.stop(filmHash))
      assert.strictEqual(unseen._tag, "TorrentClientUnreadable")
      assert.match(unseen.message, /stop: the connection was closed/)
      yield* client.stop(filmHash)
      fake.fail({ kind: "status", status: 503 }, { path: "/torrents/setLocation" })
      assert.match((yield* Effect.flip(client.setLocation(filmHash, elsewhere))).message, /503/)
      assert.strictEqual((yield* client.settings(filmHash))?.savePath, "/tmp")
      fake.fail({ kind: "lost" }, { path: "/torrents/recheck" })
      assert.strictEqual((yield* Effect.flip(client.recheck(filmHash)))._tag, "TorrentClientUnreadable")
      fake.fail({ kind: "html" }, { path: "/torrents/pieceStates" })
      assert.strictEqual((yield* Effect.flip(client.holdings(filmHash)))._tag, "TorrentClientUnreadable")
      fake.fail({ kind: "truncated" }, { path: "/torrents/info", times: 9 })
      assert.strictEqual((yield* Effect.flip(client.settings(filmHash)))._tag, "TorrentClientUnreadable")
    })
  )

  it.live("one that is taken and then not done is stuck, and says what is shown", () =>
    Effect.gen(function* () {
      const { client, fake } = yield* steered({ checkMillis: 5000 })
      fake.fail({ kind: "empty" }, { path: "/torrents/stop" })
      const unstopped = yield* Effect.flip(client.stop(filmHash))
      assert.strictEqual(unstopped._tag, "SteeringStuck")
      assert.match(unstopped.message, /shows stalledUP at 100 %, save path \/tmp/)
      yield* client.stop(filmHash)
      const unchecked = yield* Effect.flip(client.recheck(filmHash))
      assert.strictEqual(unchecked._tag, "SteeringStuck")
      assert.match(unchecked.message, /shows checkingUP at 0 %/)
    })
  )
})

describe("what cannot mean what it should never leaves this program", () => {
  it.live("infohashes that are syntax", () =>
    Effect.gen(function* () {
      const { client, fake } = yield* steered()
      for (const hash of ["all", `${filmHash}|${filmHash}`, filmHash.toUpperCase(), ""]) {
        const calls = [
          client.settings(hash),
          client.stop(hash),
          client.start(hash),
          client.recheck(hash),
          client.setLocation(hash, "/tmp/x"),
          client.setAutoManagement(hash, true),
          client.setDownloadPath(hash, "")
        ]
        for (const call of calls) assert.match((yield* Effect.flip(Effect.asVoid(call))).message, /no infohash/)
      }
      assert.strictEqual(fake.calls.length, 0)
    })
  )

  it.live("paths that are none, or that the client has no word for", () =>
    Effect.gen(function* () {
      const { asked, client } = yield* steered(
        {},
        { pathMap: { "/a": "/tmp/x", "/a/b": "/elsewhere", "/tmp": "/host" } }
      )
      yield* client.stop(filmHash)
      for (const path of ["", "x", "/tmp/../x", "/tmp/x/", "/tmp//x", "/tmp/a\0b"]) {
        assert.match((yield* Effect.flip(client.setLocation(filmHash, path))).message, /no plain absolute path/)
      }
      assert.match((yield* Effect.flip(client.setLocation(filmHash, "/tmp/\udcff"))).message, /not UTF-8/)
      const hidden = yield* Effect.flip(client.setLocation(filmHash, "/tmp/x/b"))
      assert.strictEqual(hidden._tag, "NoClientPath")
      assert.strictEqual(asked("/torrents/setLocation"), 0)
    })
  )

  it.live("a start of what is not complete, by each sign", () =>
    Effect.gen(function* () {
      for (const over of [{ progress: 0.9 }, { amountLeft: 1 }, { state: "missingFiles" }, { state: "error" }]) {
        const { asked, client } = yield* steered({
          torrents: [{ ...film, savePath: "/tmp", state: "stoppedUP", ...over }]
        })
        assert.strictEqual((yield* Effect.flip(client.start(filmHash)))._tag, "SteeringRefused")
        assert.strictEqual(asked("/torrents/start"), 0)
      }
    })
  )
})

describe("the words and numbers", () => {
  const settings: TorrentSettings = {
    hash: filmHash,
    name: "Film",
    autoManaged: false,
    category: "",
    tags: [],
    savePath: "/s",
    downloadPath: null,
    contentPath: "/s/Film",
    state: "stoppedUP",
    progress: 1,
    amountLeft: 0
  }
  const file = (over: Partial<TorrentContent>): TorrentContent => {
    return {
      path: "a",
      size: 9,
      progress: 1,
      wanted: true,
      index: 0,
      priority: 1,
      firstPiece: 0,
      lastPiece: 1,
      ...over
    }
  }

  it("only what is certain to do nothing is stopped, and an unknown word is unknown", () => {
    for (const state of ["stoppedUP", "pausedDL"]) assert.strictEqual(activityOf(state), "stopped")
    for (const state of ["moving", "checkingResumeData", "missingFiles", "error", "stalledDL", "toString", ""]) {
      assert.notStrictEqual(activityOf(state), "stopped")
    }
    assert.strictEqual(activityOf("fromTheFuture"), "unknown")
    for (const state of ["uploading", "stalledUP", "queuedUP", "forcedUP", "stoppedUP", "pausedUP"]) {
      assert.isTrue(isComplete(seeding(filmHash, "/s/Film", { state })))
      assert.include(["running", "stopped"], activityOf(state))
    }
  })

  it("complete is every piece of every wanted file, and no other", () => {
    const lacks = (contents: ReadonlyArray<TorrentContent>, pieces: ReadonlyArray<number>) => {
      const { complete, lacking } = holdingsOf(settings, contents, pieces)
      return [complete, lacking]
    }
    assert.deepStrictEqual(lacks([file({})], [2, 2]), [true, 0])
    assert.deepStrictEqual(lacks([file({})], [2, 1]), [false, 1])
    assert.deepStrictEqual(lacks([file({})], []), [false, 2])
    assert.deepStrictEqual(lacks([file({ progress: 0.5 })], [2, 2]), [false, 0])
    assert.deepStrictEqual(lacks([], []), [false, 0])
    const unwanted = file({ wanted: false, firstPiece: 1, lastPiece: 3, progress: 0 })
    assert.deepStrictEqual(lacks([file({}), unwanted], [2, 2, 0, 0]), [true, 0])
    assert.deepStrictEqual(lacks([file({}), file({ size: 0, firstPiece: 9, lastPiece: 3 })], [2, 2]), [true, 0])
    for (const over of [{ progress: 0.999 }, { amountLeft: 1 }]) {
      assert.isFalse(holdingsOf({ ...settings, ...over }, [file({})], [2, 2]).complete)
    }
  })
})

describe("in memory", () => {
  it.live("the same refusals", () =>
    Effect.gen(function* () {
      const memory = new MemoryTorrents()
      memory.add(seeding(filmHash, "/s/Film.mkv"), wanted("Film.mkv"))
      memory.filings.set(filmHash, { autoManaged: true, downloadPath: "/inc" })
      const client = yield* TorrentClient.pipe(Effect.provide(memory.layer))
      const refused = (call: Effect.Effect<unknown, { readonly _tag: string }>) =>
        Effect.map(Effect.flip(call), ({ _tag }) => _tag)
      assert.strictEqual(yield* refused(client.setLocation(filmHash, "/p")), "SteeringRefused")
      yield* client.stop(filmHash)
      assert.strictEqual(yield* refused(client.setLocation(filmHash, "/p")), "SteeringRefused")
      assert.strictEqual(yield* refused(client.setDownloadPath(filmHash, "")), "SteeringRefused")
      yield* client.setAutoManagement(filmHash, false)
      assert.strictEqual(yield* refused(client.recheck(filmHash)), "SteeringRefused")
      yield* client.setDownloadPath(filmHash, "")
      yield* client.setLocation(filmHash, "/p")
      assert.strictEqual((yield* client.settled(filmHash)).contentPath, "/p/Film.mkv")
      assert.isTrue((yield* client.recheck(filmHash)).complete)
      assert.strictEqual((yield* client.start(filmHash)).state, "stalledUP")
      assert.strictEqual(yield* refused(client.stop("0".repeat(40))), "TorrentGone")
    })
  )
})
