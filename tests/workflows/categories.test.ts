import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { AppConfig } from "../../src/config/AppConfig.ts"
import { parse } from "../../src/config/load.ts"
import { width } from "../../src/platform/Text.ts"
import { TorrentClientRefused } from "../../src/services/TorrentClient.ts"
import { categories } from "../../src/workflows/categories.ts"
import { withTerminal } from "../cli/terminal.ts"
import { clientLayer } from "../fakes/qbittorrent-client.ts"
import type { FakeOptions } from "../fakes/qbittorrent-state.ts"
import type { FakeQbittorrent } from "../fakes/qbittorrent.ts"
import { fakeQbittorrent } from "../fakes/qbittorrent.ts"

const completedDir = "/var/lib/qBittorrent/completed"
const wanted = { "tv-sonarr": { remotePath: "tv" }, radarr: { remotePath: "movies" } }

/** A fake with these options, the real adapter, and the command on them. */
const rig = (
  options: FakeOptions,
  over: { readonly categories?: object; readonly pathMap?: Readonly<Record<string, string>> } = {}
) =>
  Effect.gen(function* () {
    const fake = yield* fakeQbittorrent({ bypassLocalhost: true, ...options })
    const pathMap = over.pathMap ?? {}
    const config = yield* parse(
      "c.json",
      Buffer.from(
        JSON.stringify({
          stateDir: "/s",
          completedDir,
          upload: { remote: "r:" },
          qbittorrent: { url: fake.url, pathMap },
          categories: over.categories ?? wanted
        })
      )
    )
    const layer = Layer.merge(clientLayer(fake.url, { pathMap }), Layer.succeed(AppConfig, config))
    const run = (dryRun = false) => categories(dryRun).pipe(Effect.provide(layer, { local: true }))
    return { fake, run }
  })

const outcomes = (report: Effect.Success<ReturnType<typeof categories>>) =>
  Object.fromEntries(report.categories.map(({ name, outcome }) => [name, outcome]))

const writes = (fake: FakeQbittorrent) =>
  fake.calls.filter(({ method }) => method === "POST").map(({ fields, path }) => [path, fields])

const listed = (fake: FakeQbittorrent) =>
  Effect.promise(async () => {
    const response = await fetch(`${fake.url}/api/v2/torrents/categories`)
    const rows: unknown = await response.json()
    return rows
  })

describe.each(["4.5", "5.1", "5.2"] as const)("the categories of a client, %s", (dialect) => {
  it.live("are made once, and then there is nothing to do", () =>
    Effect.gen(function* () {
      const { fake, run } = yield* rig({ dialect, categories: { mine: "/elsewhere" } })
      const dry = yield* run(true)
      assert.deepStrictEqual(outcomes(dry), { radarr: "would-create", "tv-sonarr": "would-create" })
      assert.deepStrictEqual(writes(fake), [])
      const first = yield* run()
      assert.deepStrictEqual(outcomes(first), { radarr: "created", "tv-sonarr": "created" })
      assert.containsSubset(yield* listed(fake), {
        mine: { savePath: "/elsewhere" },
        radarr: { savePath: completedDir },
        "tv-sonarr": { savePath: completedDir }
      })
      const before = writes(fake).length
      assert.deepStrictEqual(outcomes(yield* run()), { radarr: "unchanged", "tv-sonarr": "unchanged" })
      assert.strictEqual(writes(fake).length, before)
    })
  )

  it.live("are corrected where they lie elsewhere or nowhere, and left in a folder inside completedDir", () =>
    Effect.gen(function* () {
      const { fake, run } = yield* rig(
        { dialect, categories: { empty: "", away: "/old", near: `${completedDir}-other`, own: `${completedDir}/own` } },
        { categories: Object.fromEntries(["empty", "away", "near", "own"].map((name) => [name, { remotePath: name }])) }
      )
      const report = yield* run()
      assert.deepStrictEqual(outcomes(report), {
        away: "corrected",
        empty: "corrected",
        near: "corrected",
        own: "unchanged"
      })
      assert.deepInclude(report.categories[0], { name: "away", before: "/old", after: completedDir, reason: null })
      assert.containsSubset(yield* listed(fake), {
        away: { savePath: completedDir },
        empty: { savePath: completedDir },
        near: { savePath: completedDir },
        own: { savePath: `${completedDir}/own` }
      })
    })
  )

  it.live("are left alone while a torrent under automatic management would be moved, and mended afterwards", () =>
    Effect.gen(function* () {
      const torrent = { name: "Film.mkv", savePath: "/old", category: "radarr", autoManaged: true }
      const below = { name: "Show.mkv", savePath: "/old/hd", category: "tv-sonarr/hd", autoManaged: true }
      const beside = { name: "Other.mkv", savePath: "/old", category: "tv-sonarr-2", autoManaged: true }
      const { fake, run } = yield* rig({
        dialect,
        categories: { radarr: "/old", "tv-sonarr": "/old", "tv-sonarr/hd": "", "tv-sonarr-2": "/old" },
        torrents: [torrent, below, beside]
      })
      const report = yield* run()
      assert.deepStrictEqual(outcomes(report), { radarr: "left", "tv-sonarr": "left" })
      assert.match(report.categories[0]?.reason ?? "", /save path is \/old, and 1 torrent .* automatic management/)
      assert.deepStrictEqual(writes(fake), [])
      for (const [hash, { name }] of fake.torrents) if (name !== "Other.mkv") fake.drop(hash)
      assert.deepStrictEqual(outcomes(yield* run()), { radarr: "corrected", "tv-sonarr": "corrected" })
      assert.deepStrictEqual(
        [...fake.torrents.values()].map(({ savePath }) => savePath),
        ["/old"]
      )
    })
  )

  it.live("save where the client sees completedDir", () =>
    Effect.gen(function* () {
      const pathMap = { "/downloads": "/var/lib/qBittorrent", "/": "/srv/container" }
      const { fake, run } = yield* rig({ dialect, categories: { radarr: "/downloads/completed/films" } }, { pathMap })
      assert.deepStrictEqual(outcomes(yield* run()), { radarr: "unchanged", "tv-sonarr": "created" })
      assert.containsSubset(yield* listed(fake), { "tv-sonarr": { savePath: "/downloads/completed" } })
    })
  )

  it.live("that the client does not take are named, and the others are made", () =>
    Effect.gen(function* () {
      const { run } = yield* rig({ dialect }, { categories: { "a//b": { remotePath: "x" }, ...wanted } })
      const report = yield* run()
      assert.deepStrictEqual(outcomes(report), { "a//b": "failed", radarr: "created", "tv-sonarr": "created" })
      assert.match(report.categories[0]?.reason ?? "", /Incorrect category name/)
    })
  )

  it.live("above and below each other are made in that order", () =>
    Effect.gen(function* () {
      const names = ["tv/hd", "tv", "constructor", "__proto__x"]
      const { run } = yield* rig(
        { dialect },
        { categories: Object.fromEntries(names.map((name) => [name, { remotePath: "x" }])) }
      )
      assert.sameMembers(
        Object.values(outcomes(yield* run())),
        names.map(() => "created")
      )
      assert.sameMembers(
        Object.values(outcomes(yield* run())),
        names.map(() => "unchanged")
      )
    })
  )

  it.live("are looked for when the answer to their making is lost, and not believed in when they are not there", () =>
    Effect.gen(function* () {
      const { fake, run } = yield* rig({ dialect })
      fake.fail({ kind: "lost" }, { path: "/torrents/createCategory" })
      assert.deepStrictEqual(outcomes(yield* run()), { radarr: "created", "tv-sonarr": "created" })
      const other = yield* rig({ dialect })
      other.fake.fail({ kind: "empty" }, { path: "/torrents/createCategory" })
      const error = yield* Effect.flip(other.run())
      assert.strictEqual(error._tag, "TorrentClientUnreadable")
      assert.match(error.message, /category radarr is still not as it was set/)
      assert.lengthOf(writes(other.fake), 1)
    })
  )
})

describe("on the command line", () => {
  const config = { categories: wanted }

  it.live("it says what was done, and then that there is nothing to do", () =>
    withTerminal(
      (terminal) =>
        Effect.gen(function* () {
          terminal.torrents.categories.set("radarr", "/old")
          const dry = yield* terminal.run("categories", "--dry-run")
          assert.match(dry.stdout, /would correct {2}radarr {5}→ .*completed \(was \/old\)/)
          assert.match(dry.stdout, /would create {3}tv-sonarr {2}→ .*completed/)
          assert.match(dry.stdout, /dry run, nothing was changed: 1 would be created, 1 would be corrected/)
          const first = yield* terminal.run("categories")
          assert.match(first.stdout, /\n1 created, 1 corrected$/)
          const second = yield* terminal.run("categories")
          assert.strictEqual(second.stdout, "nothing to do: 2 categories are as configured")
          const json: unknown = JSON.parse((yield* terminal.run("--json", "categories")).stdout)
          assert.containsSubset(json, { dryRun: false, categories: [{ name: "radarr", outcome: "unchanged" }, {}] })
          assert.deepStrictEqual([dry.code, first.code, second.code], [0, 0, 0])
        }),
      config
    )
  )

  it.live("what it leaves alone it explains within the page, and exits 0", () =>
    withTerminal(
      (terminal) =>
        Effect.gen(function* () {
          terminal.torrents.categories.set("radarr", "").set("tv-sonarr", "/old")
          terminal.torrents.autoManaged.set("radarr", 2)
          const { code, stdout } = yield* terminal.run("categories")
          assert.strictEqual(code, 0)
          assert.match(
            stdout,
            /left alone {2}radarr\n {4}it has no save path of its own, and 2 torrents in it are under/
          )
          assert.match(stdout, /1 corrected, 1 left alone$/)
          assert.strictEqual(terminal.torrents.categories.get("radarr"), "")
          for (const line of stdout.split("\n")) assert.isAtMost(width(line), 80, line)
        }),
      config
    )
  )

  it.live("a client that cannot be read is 75, one that refuses us is 78", () =>
    withTerminal(
      (terminal) =>
        Effect.gen(function* () {
          terminal.torrents.fail("connection refused")
          const down = yield* terminal.run("categories")
          assert.strictEqual(down.code, 75)
          assert.match(down.complaint, /connection refused/)
          terminal.torrents.error = new TorrentClientRefused({ url: "http://memory", why: "no" })
          assert.strictEqual((yield* terminal.run("categories")).code, 78)
        }),
      config
    )
  )

  it.live("without categories in the configuration the client is not even asked", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        terminal.torrents.fail()
        const answer = yield* terminal.run("categories")
        assert.strictEqual(answer.code, 0)
        assert.strictEqual(answer.stdout, "nothing to do: the configuration names no categories")
      })
    )
  )
})
