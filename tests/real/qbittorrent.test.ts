import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { apiKeyCredentials, login, makeApi, send } from "./qbittorrent-api.ts"
import { hasQbittorrent, startQbittorrent } from "./qbittorrent.ts"
import { createTorrent } from "./torrent.ts"
import { addComplete, seedTo, waitForTorrent } from "./transfer.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "qbittorrent-test-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const writeFiles = (folder: string, files: Readonly<Record<string, Buffer>>) => {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

const showName = `A "Show" it's S01`
const showFiles = {
  "one two.mkv": randomBytes(300_001),
  "-lead 'quote'.mkv": randomBytes(70_000),
  "Subs/new_line.srt": Buffer.from("text"),
  "Subs/ü.srt": Buffer.from("")
}
// The client turns the newline back into the underscore that is on the seeder's disk.
const withNewline = (name: Buffer) => Buffer.from(name.toString("latin1").replace("_", "\n"), "latin1")

const readShow = (folder: string) =>
  Object.fromEntries(Object.keys(showFiles).map((name) => [name, readFileSync(join(folder, name))]))

describe.each([4, 5] as const)("qbittorrent-nox %i", (version) => {
  describe.skipIf(!hasQbittorrent(version))("on loopback", () => {
    it.live("starts, takes the password and refuses a wrong one", () =>
      Effect.gen(function* () {
        const savePath = yield* temporaryFolder
        const instance = yield* startQbittorrent({ version, savePath, username: `ü"ser\\`, password: 'päss w"ord' })
        assert.match((yield* instance.api.get("app/version")).text, new RegExp(`^v${version}\\.`))
        assert.strictEqual((yield* send(instance.url, "torrents/info")).status, 403)
        const refused = yield* Effect.flip(login(instance.url, instance.username, "wrong"))
        assert.deepStrictEqual([refused.status, refused.body], version === 4 ? [200, "Fails."] : [401, "Unauthorized"])
      })
    )

    it.live("listens on 127.0.0.1 alone and looks for nobody", () =>
      Effect.gen(function* () {
        const savePath = yield* temporaryFolder
        const instance = yield* startQbittorrent({ version, savePath })
        const preferences: unknown = JSON.parse((yield* instance.api.get("app/preferences")).text)
        assert.containsSubset(preferences, {
          current_interface_address: "127.0.0.1",
          web_ui_address: "127.0.0.1",
          listen_port: instance.peerPort,
          dht: false,
          pex: false,
          lsd: false,
          upnp: false,
          resolve_peer_countries: false
        })
      })
    )

    it.live("needs no login from localhost when told so", () =>
      Effect.gen(function* () {
        const savePath = yield* temporaryFolder
        const instance = yield* startQbittorrent({ version, savePath, bypassLocalhost: true })
        assert.deepStrictEqual(JSON.parse((yield* send(instance.url, "torrents/info")).text), [])
      })
    )

    it.live("fetches a season from another instance, names and bytes", () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const seederSavePath = join(folder, "seeder")
        const savePath = join(folder, "down, 'load' ü")
        writeFiles(join(seederSavePath, showName), showFiles)
        const seeder = yield* startQbittorrent({ version, savePath: seederSavePath })
        const downloader = yield* startQbittorrent({
          version,
          savePath,
          tempPath: join(folder, "incomplete"),
          categories: { "tv-sonarr": join(savePath, "tv") },
          autorun: `touch "${folder}/done-%I"`
        })
        const torrent = createTorrent({ source: join(seederSavePath, showName), rename: withNewline, private: true })
        const info = yield* seedTo({
          seeder,
          downloader,
          torrent,
          seederSavePath,
          add: { category: "tv-sonarr", savePath: join(savePath, "tv"), tags: "keep,x" }
        })
        assert.strictEqual(info.content_path, join(savePath, "tv", showName))
        assert.strictEqual(info.category, "tv-sonarr")
        assert.strictEqual(info.tags, "keep, x")
        assert.deepStrictEqual(readShow(info.content_path), showFiles)
        const names = (yield* downloader.api.files(torrent.infohash)).map((file) => file.name)
        assert.sameMembers(
          names,
          Object.keys(showFiles).map((name) => `${showName}/${name}`)
        )
        yield* waitForTorrent(downloader, torrent.infohash, "the autorun program", () =>
          existsSync(join(folder, `done-${torrent.infohash}`))
        )
      })
    )

    it.live("tells the content path of a file, a folder and a torrent without a root", () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const savePath = join(folder, "rootless")
        writeFiles(folder, { "film one.mkv": randomBytes(100) })
        writeFiles(join(folder, showName), showFiles)
        writeFiles(savePath, showFiles)
        const instance = yield* startQbittorrent({ version, savePath: folder })
        const film = createTorrent({ source: join(folder, "film one.mkv") })
        const show = createTorrent({ source: join(folder, showName) })
        const rootless = createTorrent({ source: join(folder, showName), sourceTag: "another tracker" })
        assert.strictEqual((yield* addComplete(instance, film, folder)).content_path, join(folder, "film one.mkv"))
        assert.strictEqual((yield* addComplete(instance, show, folder)).content_path, join(folder, showName))
        const flat = yield* addComplete(instance, rootless, savePath, { contentLayout: "NoSubfolder" })
        assert.strictEqual(flat.content_path, savePath)
        assert.strictEqual((yield* instance.api.torrents).length, 3)
      })
    )

    it.live("seeds without a check when told so, exports, stops, starts and forgets without touching the data", () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        writeFiles(join(folder, showName), showFiles)
        const trackers = ["http://127.0.0.1:9/announce", "http://127.0.0.1:10/announce"]
        const torrent = createTorrent({ source: join(folder, showName), trackers })
        const instance = yield* startQbittorrent({ version, savePath: folder })
        yield* addComplete(instance, torrent, folder, { skipChecking: true })
        const exported = yield* instance.api.export(torrent.infohash)
        assert.isTrue(exported.includes(torrent.info))
        for (const tracker of trackers) assert.isTrue(exported.includes(tracker))
        yield* instance.api.stop(torrent.infohash)
        const stopped = version === 4 ? "pausedUP" : "stoppedUP"
        yield* waitForTorrent(instance, torrent.infohash, stopped, (info) => info.state === stopped)
        yield* instance.api.start(torrent.infohash)
        yield* waitForTorrent(instance, torrent.infohash, "stalledUP", (info) => info.state === "stalledUP")
        const twice = yield* Effect.flip(instance.api.add(torrent, { savePath: folder }))
        assert.deepStrictEqual([twice.status, twice.body], version === 4 ? [200, "Fails."] : [409, "Conflict"])
        yield* instance.api.remove(torrent.infohash, false)
        assert.deepStrictEqual(yield* instance.api.torrents, [])
        assert.deepStrictEqual(readShow(join(folder, showName)), showFiles)
      })
    )

    it.live("keeps its torrents over a stop and over a kill", () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const profileDir = join(folder, "profile")
        writeFiles(folder, { "film.mkv": randomBytes(100) })
        const torrent = createTorrent({ source: join(folder, "film.mkv") })
        const options = { version, savePath: folder, profileDir }
        const first = yield* startQbittorrent(options)
        yield* addComplete(first, torrent, folder)
        yield* first.stop
        assert.strictEqual((yield* Effect.flip(first.api.torrents)).status, 0)
        const second = yield* startQbittorrent(options)
        yield* waitForTorrent(second, torrent.infohash, "seeding again", (info) => info.state === "stalledUP")
        yield* second.kill
        const third = yield* startQbittorrent(options)
        yield* waitForTorrent(third, torrent.infohash, "seeding again", (info) => info.state === "stalledUP")
      })
    )

    it.live("puts an underscore for what its names may not hold", () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        writeFiles(join(folder, "show"), { film: Buffer.from("x") })
        const name = Buffer.concat([Buffer.from("tab\tdel\x7f back\\slash "), Buffer.from([0xff]), Buffer.from(".mkv")])
        const torrent = createTorrent({ source: join(folder, "show"), rename: () => name })
        const instance = yield* startQbittorrent({ version, savePath: folder })
        yield* instance.api.add(torrent, { stopped: true })
        yield* waitForTorrent(instance, torrent.infohash, "being listed", () => true)
        const [file] = yield* instance.api.files(torrent.infohash)
        assert.strictEqual(file?.name, "show/tab_del\x7f backslash _.mkv")
      })
    )

    it.live("renames a folder to a name with a newline in version 4 only", () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        writeFiles(join(folder, showName), showFiles)
        const torrent = createTorrent({ source: join(folder, showName) })
        const instance = yield* startQbittorrent({ version, savePath: folder })
        yield* addComplete(instance, torrent, folder)
        const rename = instance.api.renameFolder(torrent.infohash, showName, "new\nline")
        if (version === 5) {
          assert.strictEqual((yield* Effect.flip(rename)).status, 409)
          assert.deepStrictEqual(readShow(join(folder, showName)), showFiles)
          return
        }
        yield* rename
        yield* waitForTorrent(
          instance,
          torrent.infohash,
          "the new name",
          (info) => info.content_path === join(folder, "new\nline")
        )
        assert.deepStrictEqual(readShow(join(folder, "new\nline")), showFiles)
      })
    )
  })
})

describe.skipIf(!hasQbittorrent(5))("API keys of qbittorrent-nox 5", () => {
  const apiKey = `qbt_${"k".repeat(28)}`

  it.live("a configured key opens the API and another does not", () =>
    Effect.gen(function* () {
      const savePath = yield* temporaryFolder
      const instance = yield* startQbittorrent({ version: 5, savePath, apiKey })
      assert.deepStrictEqual(yield* makeApi(instance.url, apiKeyCredentials(apiKey)).torrents, [])
      const wrong = makeApi(instance.url, apiKeyCredentials(`qbt_${"x".repeat(28)}`))
      assert.strictEqual((yield* Effect.flip(wrong.torrents)).status, 403)
    })
  )

  it.live("rotating gives a new key and ends the old one", () =>
    Effect.gen(function* () {
      const savePath = yield* temporaryFolder
      const instance = yield* startQbittorrent({ version: 5, savePath, apiKey })
      const [rotated] = /qbt_\w{28}/.exec((yield* instance.api.post("app/rotateAPIKey")).text) ?? [""]
      assert.deepStrictEqual(yield* makeApi(instance.url, apiKeyCredentials(rotated)).torrents, [])
      const old = makeApi(instance.url, apiKeyCredentials(apiKey))
      assert.strictEqual((yield* Effect.flip(old.torrents)).status, 403)
    })
  )
})
