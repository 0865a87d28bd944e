import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, type Scope } from "effect"
import { isComplete } from "../../src/domain/torrents.ts"
import { TorrentClient } from "../../src/services/TorrentClient.ts"
import { layer } from "../../src/services/TorrentClient/qbittorrent.ts"
import { configLayer, type Keys } from "../fakes/qbittorrent-client.ts"
import { fakeQbittorrent } from "../fakes/qbittorrent.ts"
import type { Dialect, FileSpec } from "../fakes/qbittorrent-torrents.ts"
import { send } from "../real/qbittorrent-api.ts"
import { hasQbittorrent, startQbittorrent } from "../real/qbittorrent.ts"
import { createTorrent, type Torrent } from "../real/torrent.ts"
import { addComplete } from "../real/transfer.ts"

interface Entry {
  readonly torrent: Torrent
  readonly savePath: string
  /** Names and sizes as the torrent has them, relative to the save path. */
  readonly files: ReadonlyArray<FileSpec>
  readonly contentPath: string
  readonly category?: string
  readonly tags?: string
  readonly rootless?: boolean
  readonly autoManaged?: boolean
  readonly trackers?: ReadonlyArray<string>
}

interface Access {
  readonly password?: string
  readonly apiKey?: string
  readonly bypassLocalhost?: boolean
}

interface Subject {
  readonly name: string
  readonly available: boolean
  readonly knowsKeys: boolean
  readonly version: RegExp
  /** A client that holds these torrents, complete, and answers at this URL. */
  readonly start: (
    access: Access,
    folder: string,
    entries: ReadonlyArray<Entry>
  ) => Effect.Effect<string, unknown, Scope.Scope>
}

const categories = (folder: string) => ({ "tv-sonarr": `${folder}/tv`, relative: "sub", plain: "" })

const fake = (dialect: Dialect, version: RegExp): Subject => ({
  name: `the fake, ${dialect}`,
  available: true,
  knowsKeys: dialect === "5.2",
  version,
  start: (access, folder, entries) =>
    Effect.map(
      fakeQbittorrent({
        ...access,
        dialect,
        defaultSavePath: folder,
        categories: categories(folder),
        torrents: entries.map((entry) => ({
          name: entry.torrent.name.toString(),
          savePath: entry.savePath,
          hash: entry.torrent.infohash,
          metainfo: entry.torrent.bytes.toString("base64"),
          files: entry.files,
          category: entry.category ?? "",
          tags: entry.tags?.split(",") ?? [],
          trackers: entry.trackers ?? [],
          autoManaged: entry.autoManaged ?? false
        }))
      }),
      ({ url }) => url
    )
})

const real = (major: 4 | 5, version: RegExp): Subject => ({
  name: `qBittorrent ${major}`,
  available: hasQbittorrent(major),
  knowsKeys: major === 5,
  version,
  start: (access, folder, entries) =>
    Effect.gen(function* () {
      const instance = yield* startQbittorrent({
        ...access,
        version: major,
        savePath: folder,
        categories: categories(folder)
      })
      yield* Effect.forEach(
        entries,
        ({ autoManaged, torrent, savePath, category, tags, rootless }) =>
          Effect.andThen(
            addComplete(instance, torrent, savePath, {
              ...(category === undefined ? {} : { category }),
              ...(tags === undefined ? {} : { tags }),
              ...(rootless === true ? { contentLayout: "NoSubfolder" as const } : {})
            }),
            autoManaged === true
              ? instance.api.post("torrents/setAutoManagement", { hashes: torrent.infohash, enable: "true" })
              : Effect.void
          ),
        { concurrency: "unbounded" }
      )
      return instance.url
    })
})

const folderOf = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "torrent-contract-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const write = (folder: string, name: string, text: string) => {
  const path = join(folder, name)
  mkdirSync(join(path, ".."), { recursive: true })
  writeFileSync(path, text)
  return path
}

/** A film, a pack with awkward names, the same pack as a cross-seed, and the same without its folder. */
const makeEntries = (folder: string) => {
  const film = write(folder, "Film 'é' –.mkv", "film")
  const names = ["-e01.mkv", "Sub dir/e\"02'.mkv", "e03 %20&+=.mkv"]
  for (const name of names) {
    write(folder, `Pack/${name}`, name)
    write(folder, `bare/${name}`, name)
  }
  const sizes = (prefix: string) => names.map((name) => ({ name: prefix + name, size: Buffer.byteLength(name) }))
  const pack = { source: join(folder, "Pack") }
  const trackers = ["http://127.0.0.1:9/passkey/announce", "udp://LOCALHOST:9/announce"]
  return {
    film: {
      torrent: createTorrent({ source: film, trackers, private: true }),
      savePath: folder,
      files: [{ name: "Film 'é' –.mkv", size: 4 }],
      contentPath: film,
      category: "tv-sonarr",
      tags: "keep,two words",
      trackers
    },
    pack: {
      torrent: createTorrent(pack),
      savePath: folder,
      files: sizes("Pack/"),
      contentPath: join(folder, "Pack")
    },
    cross: {
      torrent: createTorrent({ ...pack, sourceTag: "other" }),
      savePath: folder,
      files: sizes("Pack/"),
      contentPath: join(folder, "Pack")
    },
    bare: {
      torrent: createTorrent({ ...pack, sourceTag: "bare" }),
      savePath: join(folder, "bare"),
      files: sizes(""),
      contentPath: join(folder, "bare"),
      rootless: true
    }
  } satisfies Record<string, Entry>
}

const connect = (url: string, keys: Keys) =>
  TorrentClient.pipe(Effect.provide(Layer.provide(layer, configLayer(url, keys)), { local: true }))

const subjects: ReadonlyArray<Subject> = [
  fake("4.5", /^v4\.5\./),
  fake("5.1", /^v5\.1\./),
  fake("5.2", /^v5\.2\./),
  real(4, /^v4\.\d+\.\d+/),
  real(5, /^v5\.\d+\.\d+/)
]

const decodeRows = Schema.decodeSync(
  Schema.fromJsonString(Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown)))
)

const password = "pass wörd&+%"
const apiKey = `qbt_${"Ab3".repeat(9)}z`

for (const subject of subjects) {
  describe.skipIf(!subject.available)(`${subject.name}`, () => {
    it.live("reads, exports and removes, with a password", () =>
      Effect.gen(function* () {
        const folder = yield* folderOf
        const entries = makeEntries(folder)
        const url = yield* subject.start({ password }, folder, Object.values(entries))
        const passwordFile = write(folder, "password", `${password}\n`)
        const client = yield* connect(url, { passwordFile, pathMap: { [`${folder}/bare`]: "/elsewhere" } })
        const { film, pack, cross, bare } = entries

        assert.match(yield* client.version, subject.version)

        const torrents = yield* client.torrents
        assert.deepStrictEqual(
          new Map(torrents.map((torrent) => [torrent.hash, torrent.contentPath])),
          new Map([
            [film.torrent.infohash, film.contentPath],
            [pack.torrent.infohash, pack.contentPath],
            [cross.torrent.infohash, cross.contentPath],
            [bare.torrent.infohash, "/elsewhere"]
          ])
        )
        for (const torrent of torrents) {
          assert.isTrue(isComplete(torrent), torrent.state)
          assert.strictEqual(torrent.progress, 1)
          assert.isAbove(torrent.addedAt ?? 0, Date.UTC(2020))
          assert.isAtLeast(torrent.ratio, 0)
          assert.isAtLeast(torrent.seedingTime, 0)
        }
        const seen = torrents.find((torrent) => torrent.hash === film.torrent.infohash)
        assert.strictEqual(seen?.name, "Film 'é' –.mkv")
        assert.strictEqual(seen?.category, "tv-sonarr")
        assert.deepStrictEqual(seen?.tags.toSorted(), ["keep", "two words"])
        assert.strictEqual(seen?.size, 4)

        assert.deepStrictEqual(
          new Map(yield* client.categories),
          new Map([
            ["tv-sonarr", `${folder}/tv`],
            ["relative", `${folder}/sub`],
            ["plain", ""]
          ])
        )

        for (const entry of [film, pack, bare]) {
          assert.deepStrictEqual(
            new Set(yield* client.files(entry.torrent.infohash)),
            new Set(entry.files.map(({ name, size }) => ({ path: name, size, progress: 1, wanted: true })))
          )
        }
        assert.deepStrictEqual(yield* client.trackers(film.torrent.infohash), ["127.0.0.1", "localhost"])
        assert.deepStrictEqual(yield* client.trackers(pack.torrent.infohash), [])

        const unknown = "1".repeat(40)
        assert.strictEqual((yield* Effect.flip(client.files(unknown)))._tag, "TorrentClientUnreadable")
        assert.strictEqual((yield* Effect.flip(client.export(unknown)))._tag, "TorrentClientUnreadable")
        yield* client.remove(unknown)

        // Checked against the infohash by the adapter itself.
        for (const entry of [film, pack, cross, bare]) {
          assert.isAbove((yield* client.export(entry.torrent.infohash)).length, 50)
        }

        yield* client.remove(pack.torrent.infohash)
        assert.deepStrictEqual(
          new Set((yield* client.torrents).map((torrent) => torrent.hash)),
          new Set([film.torrent.infohash, cross.torrent.infohash, bare.torrent.infohash])
        )
        assert.strictEqual(readFileSync(join(folder, "Pack/-e01.mkv"), "utf8"), "-e01.mkv")
      })
    )

    it.live("lets a wrong password be tried once, and a right one still works then", () =>
      Effect.gen(function* () {
        const folder = yield* folderOf
        const url = yield* subject.start({ password }, folder, [])
        for (let run = 0; run < 4; run++) {
          const wrong = yield* connect(url, { passwordFile: write(folder, "wrong", "nope") })
          for (let call = 0; call < 3; call++) {
            assert.deepInclude(yield* Effect.flip(wrong.torrents), {
              _tag: "TorrentClientRefused",
              why: "the password of admin is not accepted"
            })
          }
        }
        const right = yield* connect(url, { passwordFile: write(folder, "right", password) })
        assert.deepStrictEqual(yield* right.torrents, [])
        const none = yield* connect(url, {})
        assert.strictEqual((yield* Effect.flip(none.torrents))._tag, "TorrentClientRefused")
      })
    )

    it.live("tells a ban after five wrong passwords", () =>
      Effect.gen(function* () {
        const folder = yield* folderOf
        const url = yield* subject.start({ password }, folder, [])
        for (let run = 0; run < 5; run++) {
          const wrong = yield* connect(url, { passwordFile: write(folder, "wrong", "nope") })
          yield* Effect.flip(wrong.version)
        }
        const right = yield* connect(url, { passwordFile: write(folder, "right", password) })
        const error = yield* Effect.flip(right.version)
        assert.strictEqual(error._tag, "TorrentClientRefused")
        assert.match(error.why, /banned/)
      })
    )

    it.live("needs no credentials where this host is trusted", () =>
      Effect.gen(function* () {
        const folder = yield* folderOf
        const { film } = makeEntries(folder)
        const url = yield* subject.start({ bypassLocalhost: true }, folder, [film])
        const client = yield* connect(url, {})
        assert.strictEqual((yield* client.torrents).length, 1)
        yield* client.remove(film.torrent.infohash)
        assert.deepStrictEqual(yield* client.torrents, [])
      })
    )

    it.live(subject.knowsKeys ? "takes an API key" : "knows no API key: the password then", () =>
      Effect.gen(function* () {
        const folder = yield* folderOf
        const url = yield* subject.start(subject.knowsKeys ? { apiKey, password } : { password }, folder, [])
        const apiKeyFile = write(folder, "key", `${apiKey}\n`)
        const passwordFile = write(folder, "password", password)
        const keyOnly = yield* connect(url, { apiKeyFile })
        if (subject.knowsKeys) {
          assert.match(yield* keyOnly.version, subject.version)
        } else {
          assert.strictEqual((yield* Effect.flip(keyOnly.version))._tag, "TorrentClientRefused")
        }
        const wrongKey = yield* connect(url, { apiKeyFile: write(folder, "other", `qbt_${"x".repeat(28)}`) })
        assert.strictEqual((yield* Effect.flip(wrongKey.version))._tag, "TorrentClientRefused")
        const both = yield* connect(url, { apiKeyFile: join(folder, "other"), passwordFile })
        assert.match(yield* both.version, subject.version)
      })
    )

    it.live("creates and corrects categories, keeps their other options, and counts what they manage", () =>
      Effect.gen(function* () {
        const folder = yield* folderOf
        const film = write(folder, "tv/film.mkv", "film")
        const other = write(folder, "tv/other.mkv", "other")
        const entry = (source: string, autoManaged: boolean): Entry => ({
          torrent: createTorrent({ source }),
          savePath: join(folder, "tv"),
          files: [{ name: basename(source), size: basename(source).length - 4 }],
          contentPath: source,
          category: "tv-sonarr",
          autoManaged
        })
        const url = yield* subject.start({ bypassLocalhost: true }, folder, [entry(film, true), entry(other, false)])
        const client = yield* connect(url, { pathMap: { [`${folder}/in`]: "/host", [folder]: folder } })
        const row = (name: string) =>
          Effect.map(send(url, "torrents/categories"), ({ text }) => decodeRows(text)[name] ?? {})

        assert.deepStrictEqual(new Map(yield* client.autoManaged), new Map([["tv-sonarr", 1]]))

        yield* client.createCategory("new 'é'", "/host/new")
        assert.strictEqual((yield* row("new 'é'"))["savePath"], `${folder}/in/new`)
        yield* client.createCategory("new 'é'", "/host/new")
        const taken = yield* Effect.flip(client.createCategory("new 'é'", "/host/else"))
        assert.deepInclude(taken, { _tag: "CategoryRefused", why: "Unable to create category" })
        for (const wrong of ["", "/a", "a/", "a//b", "a\\b"]) {
          assert.strictEqual((yield* Effect.flip(client.createCategory(wrong, "/host")))._tag, "CategoryRefused", wrong)
        }
        const unmapped = yield* Effect.flip(client.createCategory("unmapped", `${folder}/in`))
        assert.strictEqual(unmapped._tag, "NoClientPath")

        yield* client.editCategory("plain", folder)
        yield* client.editCategory("plain", folder)
        assert.strictEqual((yield* client.categories).get("plain"), folder)
        assert.strictEqual((yield* Effect.flip(client.editCategory("none", folder)))._tag, "CategoryRefused")

        const options: ReadonlyArray<Readonly<Record<string, string>>> = [
          { downloadPathEnabled: "true", downloadPath: join(folder, "dl") },
          { downloadPathEnabled: "false" },
          ...(subject.knowsKeys
            ? [
                {
                  ratioLimit: "3.5",
                  seedingTimeLimit: "60",
                  inactiveSeedingTimeLimit: "-1",
                  shareLimitAction: "Stop",
                  shareLimitsMode: "MatchAll"
                }
              ]
            : [])
        ]
        for (const [index, option] of options.entries()) {
          const category = `options ${index}`
          const body = new URLSearchParams({ ...option, category, savePath: "/before" })
          assert.strictEqual((yield* send(url, "torrents/createCategory", { body })).status, 200)
          const before = yield* row(category)
          yield* client.editCategory(category, "/after")
          assert.deepStrictEqual(yield* row(category), { ...before, savePath: "/after" })
        }
      })
    )
  })
}
