import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { basename } from "node:path"
import { hasQbittorrent, type Qbittorrent, startQbittorrent } from "./qbittorrent.ts"
import { createTorrent, type TorrentOptions } from "./torrent.ts"
import { addComplete, waitForTorrent } from "./transfer.ts"
import { digest, files, plant } from "./worker-disk.ts"
import { Cleaned, Explained, Status, Uploaded } from "./worker-reports.ts"
import { host } from "./worker.ts"

type Add = Parameters<typeof addComplete>[3]

/** A torrent of what lies in a folder of the client's, added and checked. */
const seed = (
  client: Qbittorrent,
  folder: string,
  name: string,
  add: Add = {},
  options: Partial<TorrentOptions> = {}
) => {
  const torrent = createTorrent({ source: `${folder}/${name}`, ...options })
  return Effect.as(addComplete(client, torrent, folder, add), torrent.infohash)
}

describe.each([4, 5] as const)("layouts of qBittorrent %i", (version) => {
  describe.skipIf(!hasQbittorrent(version))("on a folder as the remote", () => {
    it.live(
      "categories with folders of their own, files in folders, no folder at all, other names, files not wanted",
      () =>
        Effect.gen(function* () {
          const { at, configure, json } = yield* host
          const completed = at("completed")
          plant(completed, {
            "tv/Show S01/e1.mkv": 5_000,
            "tv/Show S01/Subs/e1.srt": 50,
            "radarr/Film (2026)/film.mkv": 5_000,
            "music/one.flac": 2_000,
            "music/two.flac": 2_000,
            "Old name/old file.mkv": 3_000,
            "Old name/other.mkv": 30,
            "Pack/wanted.mkv": 70_000,
            "Pack/zz unwanted.mkv": 400_000
          })
          const client = yield* startQbittorrent({
            version,
            savePath: completed,
            bypassLocalhost: true,
            categories: { "tv-sonarr": at("completed/tv"), radarr: "", music: at("completed/music") }
          })
          const { api } = client
          const show = yield* seed(client, at("completed/tv"), "Show S01", { category: "tv-sonarr" })
          // The one file of a folder: the client calls the file its content.
          const film = yield* seed(client, at("completed/radarr"), "Film (2026)", { category: "radarr" })
          const album = createTorrent({ source: at("completed/music"), name: "An Album" })
          yield* addComplete(client, album, at("completed/music"), { category: "music", contentLayout: "NoSubfolder" })
          for (const hashes of [show, film, album.infohash]) {
            yield* api.post("torrents/setAutoManagement", { hashes, enable: "true" })
            yield* waitForTorrent(
              client,
              hashes,
              "its place",
              ({ progress, state }) => progress === 1 && state !== "moving"
            )
          }
          const renamed = yield* seed(client, completed, "Old name")
          const fileName = version === 4 ? "new\nfile.mkv" : "new 'file'.mkv"
          yield* api.renameFile(renamed, "Old name/old file.mkv", `Old name/${fileName}`)
          // The client answers before it is done, and a folder renamed meanwhile takes the file along under its old name.
          yield* waitForTorrent(client, renamed, "its file", () => existsSync(at("completed/Old name", fileName)))
          yield* api.renameFolder(renamed, "Old name", "New name")
          yield* waitForTorrent(client, renamed, "its new name", () => existsSync(at("completed/New name", fileName)))
          const pack = createTorrent({ source: at("completed/Pack"), pieceLength: 16_384 })
          // Its beginning is there: it shares a piece with what is wanted.
          const whole = readFileSync(at("completed/Pack/zz unwanted.mkv"))
          writeFileSync(at("completed/Pack/zz unwanted.mkv"), whole.fill(0, 100_000))
          yield* api.add(pack, { savePath: completed })
          yield* waitForTorrent(client, pack.infohash, "its check", ({ state }) => state === "stalledDL")
          yield* api.post("torrents/filePrio", { hash: pack.infohash, id: "1", priority: "0" })
          yield* waitForTorrent(client, pack.infohash, "what is wanted of it", ({ progress }) => progress === 1)

          configure(client, {
            qbittorrent: { url: client.url },
            categories: { "tv-sonarr": "tv", radarr: "movies/new" },
            cleanup: {}
          })
          const uploaded = yield* json(Uploaded, ["upload"])
          assert.deepStrictEqual(uploaded.left, [])
          const paths = uploaded.items.map(({ outcome, path }) => `${outcome} ${path.slice(completed.length + 1)}`)
          assert.sameMembers(paths, [
            "uploaded tv/Show S01",
            "uploaded radarr/Film (2026)",
            "uploaded music/An Album",
            "uploaded New name",
            "uploaded Pack"
          ])
          assert.deepStrictEqual(files(at("remote")), [
            "downloads/An Album/one.flac",
            "downloads/An Album/two.flac",
            `downloads/New name/${fileName}`,
            "downloads/New name/other.mkv",
            "downloads/Pack/wanted.mkv",
            "movies/new/Film (2026)/film.mkv",
            "tv/Show S01/Subs/e1.srt",
            "tv/Show S01/e1.mkv"
          ])
          assert.strictEqual((yield* json(Uploaded, ["upload"])).unchanged, 5)

          const before = digest(completed)
          assert.sameMembers(
            (yield* json(Cleaned, ["cleanup"])).items.map(({ reason }) => reason?.replace(/ \(.*$/s, "")),
            ["Show S01", "Film", "An Album", "Old name", "Pack"].map(
              (name) => `its torrent is still in qBittorrent: ${name}`
            )
          )
          assert.deepStrictEqual(digest(completed), before)
          const remote = digest(at("remote"))
          for (const { hash } of yield* api.torrents) yield* api.remove(hash, false)
          const cleaned = yield* json(Cleaned, ["cleanup", "--apply"])
          assert.deepStrictEqual(
            cleaned.items.flatMap(({ outcome, path, reason }) =>
              outcome === "released" ? [] : [[basename(path), reason]]
            ),
            []
          )
          assert.deepStrictEqual(files(completed), ["Pack/zz unwanted.mkv"])
          assert.deepStrictEqual(digest(at("remote")), remote)
        })
    )

    it.live("cross-seeds are one item, and torrents may come and go between runs", () =>
      Effect.gen(function* () {
        const { at, configure, json, run } = yield* host
        const completed = at("completed")
        plant(completed, { "Show/e1.mkv": 5_000, "Show/e2.mkv": 5_000 })
        const client = yield* startQbittorrent({ version, savePath: completed, bypassLocalhost: true })
        const { api } = client
        const first = yield* seed(client, completed, "Show")
        const second = yield* seed(client, completed, "Show", {}, { sourceTag: "another tracker" })
        assert.notStrictEqual(first, second)
        configure(client, { qbittorrent: { url: client.url }, cleanup: {} })
        const { items } = yield* json(Uploaded, ["upload"])
        assert.deepStrictEqual(
          items.map(({ files, path }) => [path, files]),
          [[at("completed/Show"), 2]]
        )
        const told = yield* json(Explained, ["explain", second])
        assert.sameMembers(
          told.torrents.map(({ hash }) => hash),
          [first, second]
        )
        const both = yield* json(Cleaned, ["cleanup"])
        assert.match(both.items[0]?.reason ?? "", /^2 torrents in qBittorrent need it: Show \(.{8}\), Show \(.{8}\)$/)

        yield* api.remove(first, false)
        plant(completed, { "film.mkv": 5_000 })
        const film = yield* seed(client, completed, "film.mkv")
        yield* json(Uploaded, ["upload"])
        const one = yield* json(Cleaned, ["cleanup"])
        assert.sameMembers(
          one.items.map(({ reason }) => reason),
          [
            `its torrent is still in qBittorrent: Show (${second.slice(0, 8)})`,
            `its torrent is still in qBittorrent: film.mkv (${film.slice(0, 8)})`
          ]
        )
        yield* api.remove(second, false)
        yield* api.remove(film, false)
        // Claimed again before anything happened to it.
        yield* seed(client, completed, "film.mkv", {}, { sourceTag: "a third tracker" })
        const { items: last } = yield* json(Cleaned, ["cleanup"])
        assert.deepStrictEqual(last.map(({ outcome }) => outcome).toSorted(), ["kept", "released"])
        assert.deepStrictEqual(files(completed), ["film.mkv"])
        assert.deepStrictEqual(files(at("remote")), [
          "downloads/Show/e1.mkv",
          "downloads/Show/e2.mkv",
          "downloads/film.mkv"
        ])
        const quiet = yield* run(["upload"])
        assert.strictEqual(quiet.stdout, "nothing new: 1 item is uploaded and unchanged\n")
        const [present] = yield* api.torrents
        const left = present?.hash ?? ""
        yield* api.renameFile(left, "film.mkv", "film, renamed.mkv")
        yield* waitForTorrent(client, left, "its new name", () => existsSync(at("completed/film, renamed.mkv")))
        assert.deepStrictEqual(
          (yield* json(Uploaded, ["upload"])).items.map(({ outcome, path }) => [outcome, basename(path)]),
          [["uploaded", "film, renamed.mkv"]]
        )
        const after = yield* json(Cleaned, ["cleanup"])
        assert.deepStrictEqual(Object.fromEntries(after.items.map(({ outcome, path }) => [basename(path), outcome])), {
          "film.mkv": "released",
          "film, renamed.mkv": "kept"
        })
        assert.deepStrictEqual(Object.keys(digest(completed)).toSorted(), [
          "film, renamed.mkv",
          "film, renamed.mkv.uploaded"
        ])
        assert.deepStrictEqual((yield* json(Status, ["status"])).problems, [])
      })
    )
  })
})
