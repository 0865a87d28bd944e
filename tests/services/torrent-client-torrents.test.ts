import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { isTorrentOf } from "../../src/services/TorrentClient/metainfo.ts"
import { canonical, makePathMapper, relative } from "../../src/services/TorrentClient/paths.ts"
import { film, filmHash, trusted, whyOf } from "../fakes/qbittorrent-client.ts"
import { makeTorrent, manyTorrents, type TorrentSpec } from "../fakes/qbittorrent-torrents.ts"

describe("torrents", () => {
  it.live("numbers and names that stand for something else", () =>
    Effect.gen(function* () {
      for (const dialect of ["4.5", "5.1", "5.2"] as const) {
        const { client } = yield* trusted(
          [
            {
              ...film,
              tags: ["keep", "two words"],
              category: "tv",
              ratio: -1,
              seedingTime: 90,
              completedOn: 1_700_000_001,
              addedOn: 1_600_000_000
            },
            { ...film, sourceTag: "a", progress: 0.5, contentPath: "/tmp/Film.mkv.!qB", completedOn: null },
            { ...film, sourceTag: "b", contentPath: "/downloads//Film.mkv/", savePath: "/downloads/" },
            { name: "magnet", savePath: "/downloads", files: [], contentPath: "", state: "metaDL", progress: 0 },
            { ...film, hash: "AB".repeat(20), state: "fromTheFuture" }
          ],
          { dialect }
        )
        const [done, half, slashes, magnet, upper] = yield* client.torrents
        assert.deepStrictEqual(done, {
          hash: filmHash,
          name: "Film.mkv",
          category: "tv",
          tags: ["keep", "two words"],
          v2Only: false,
          state: "stalledUP",
          contentPath: "/downloads/Film.mkv",
          savePath: "/downloads",
          progress: 1,
          amountLeft: 0,
          ratio: Infinity,
          seedingTime: 90,
          completedAt: 1_700_000_001_000,
          addedAt: 1_600_000_000_000,
          size: 7
        })
        assert.strictEqual(half?.contentPath, "/tmp/Film.mkv")
        assert.strictEqual(half?.completedAt, null)
        assert.strictEqual(slashes?.contentPath, "/downloads/Film.mkv")
        assert.strictEqual(slashes?.savePath, "/downloads")
        assert.strictEqual(magnet?.contentPath, "")
        assert.strictEqual(upper?.hash, "ab".repeat(20))
        assert.strictEqual(upper?.state, "fromTheFuture")
      }
    })
  )

  it.live("paths are those of this host", () =>
    Effect.gen(function* () {
      const { client } = yield* trusted(
        [film, { ...film, savePath: "/downloads2", sourceTag: "x" }],
        { defaultSavePath: "/downloads/", categories: { tv: "/downloads/tv", rel: "sub/rel", none: "" } },
        { pathMap: { "/downloads": "/srv/qb" } }
      )
      assert.deepStrictEqual(
        (yield* client.torrents).map((torrent) => torrent.contentPath),
        ["/srv/qb/Film.mkv", "/downloads2/Film.mkv"]
      )
      assert.deepStrictEqual(
        [...(yield* client.categories)],
        [
          ["tv", "/srv/qb/tv"],
          ["rel", "/srv/qb/sub/rel"],
          ["none", ""]
        ]
      )
    })
  )

  it.live("a thousand, in the time of a breath", () =>
    Effect.gen(function* () {
      const { client } = yield* trusted(manyTorrents(1000, "/downloads"), {}, { pathMap: { "/downloads": "/srv" } })
      yield* client.torrents
      const start = performance.now()
      const torrents = yield* client.torrents
      const millis = performance.now() - start
      assert.strictEqual(torrents.length, 1000)
      assert.strictEqual(new Set(torrents.map((torrent) => torrent.hash)).size, 1000)
      assert.isTrue(torrents.every((torrent) => torrent.contentPath.startsWith("/srv/Some.Title.")))
      // 15–40 ms here, the fake's own work included; an order of magnitude above it says that something is quadratic.
      assert.isBelow(millis, 500)
    })
  )

  it.live("files: without .!qB, deselected ones marked, none outside the torrent", () =>
    Effect.gen(function* () {
      const spec: TorrentSpec = {
        name: "Pack",
        savePath: "/downloads",
        files: [
          { name: "Pack/a 'b'.mkv", size: 3 },
          { name: "Pack/half.mkv.!qB", size: 4, progress: 0.5 },
          { name: "Pack/really.!qB", size: 4 },
          { name: "Pack/no.nfo", size: 5, priority: 0 }
        ]
      }
      const { client, fake } = yield* trusted([spec])
      assert.deepStrictEqual(yield* client.files(makeTorrent(spec).hash), [
        { path: "Pack/a 'b'.mkv", size: 3, progress: 1, wanted: true },
        { path: "Pack/half.mkv", size: 4, progress: 0.5, wanted: true },
        { path: "Pack/really.!qB", size: 4, progress: 1, wanted: true },
        { path: "Pack/no.nfo", size: 5, progress: 1, wanted: false }
      ])
      for (const name of ["../x", "/etc/passwd", "a/../../x", "a//b", ".", "a/./b", "a/", "", "a\0b"]) {
        const { hash } = fake.add({ ...film, files: [{ name, size: 1 }], hash: "1".repeat(40) })
        assert.match(whyOf(yield* Effect.flip(client.files(hash))), /Unreadable: .*does not stay inside/, name)
      }
      assert.match(whyOf(yield* Effect.flip(client.files("2".repeat(40)))), /Unreadable: answered 404/)
    })
  )

  it.live("trackers: hosts only, each once", () =>
    Effect.gen(function* () {
      const trackers = [
        "https://Tracker.Example:443/passkey/announce",
        "udp://tracker.example:1/x",
        "http://[::1]:80/a"
      ]
      const { client } = yield* trusted([{ ...film, trackers }])
      assert.deepStrictEqual(yield* client.trackers(filmHash), ["tracker.example", "[::1]"])
    })
  )

  it.live("export: the .torrent file of that infohash, and nothing else", () =>
    Effect.gen(function* () {
      const { client, fake } = yield* trusted([film, { ...film, sourceTag: "x" }])
      const bytes = yield* client.export(filmHash)
      assert.deepStrictEqual(Buffer.from(bytes), makeTorrent(film).bytes)
      assert.isFalse(isTorrentOf(bytes, makeTorrent({ ...film, sourceTag: "x" }).hash))
      assert.isTrue(isTorrentOf(new Uint8Array(bytes), filmHash))
      for (let length = 0; length < bytes.length - 1; length++) {
        assert.isFalse(isTorrentOf(bytes.subarray(0, length), filmHash), String(length))
      }
      assert.isFalse(isTorrentOf(Buffer.from(`d${"l".repeat(1_000_000)}`), filmHash))
      for (const kind of ["html", "empty", "truncated"] as const) {
        fake.fail({ kind })
        assert.match(whyOf(yield* Effect.flip(client.export(filmHash))), /Unreadable: .*not the \.torrent/)
      }
      const { hash } = fake.add({ ...film, hash: "3".repeat(40) })
      assert.match(whyOf(yield* Effect.flip(client.export(hash))), /Missing metadata/)
    })
  )
})

describe("paths", () => {
  const Part = Schema.Literals(["a", "b", "ab", "a b", "é"])
  const Path = Schema.Array(Part).check(Schema.isMaxLength(4))
  const Rules = Schema.Array(Schema.Tuple([Path, Path])).check(Schema.isMaxLength(4))
  const write = (parts: ReadonlyArray<string>) => `/${parts.join("/")}`

  it.prop(
    "the longest rule by whole components wins, and the rest stays as it is",
    [Rules, Path],
    ([rules, path]) => {
      const byParts = new Map(rules.map(([from, to]) => [write(from), write(to)]))
      let expected = write(path)
      for (let length = path.length; length >= 0; length--) {
        const host = byParts.get(write(path.slice(0, length)))
        if (host === undefined) continue
        expected = write([...host.split("/").filter((part) => part !== ""), ...path.slice(length)])
        break
      }
      assert.strictEqual(makePathMapper(Object.fromEntries(byParts))(write(path)), expected)
    },
    { arbitrary: { runs: 500 } }
  )

  const Messy = Schema.Array(Schema.Literals(["a", "..", ".", "", "b.mkv", "...", "\0"])).check(Schema.isMaxLength(6))

  it.prop(
    "no spelling leads out of where it says",
    [Messy],
    ([parts]) => {
      const name = relative(parts.join("/"))
      if (name !== undefined) assert.strictEqual(new URL(`file:///save/${name}`).pathname, `/save/${name}`)
      const path = canonical(`/${parts.join("/")}`)
      if (parts.some((part) => part === ".." || part === "\0")) assert.isUndefined(path)
      else assert.strictEqual(path, `/${parts.filter((part) => part !== "" && part !== ".").join("/")}`)
    },
    { arbitrary: { runs: 500 } }
  )
})
