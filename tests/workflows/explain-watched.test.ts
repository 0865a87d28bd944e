import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { seeding } from "../fakes/memory-torrents.ts"
import { withWatched, type WatchedTerminal } from "../cli/watched-terminal.ts"
import { acts, day } from "./watched-rig.ts"

const ask = (terminal: WatchedTerminal, target: string) =>
  Effect.map(terminal.run("explain", target, "--json"), ({ stdout }) => JSON.parse(stdout))

const told = (terminal: WatchedTerminal, target: string) =>
  Effect.map(terminal.run("explain", target), ({ stdout }) => stdout)

describe("explain a title", () => {
  it.live("by a part of its name, its whole name, its key, and the path of a file; and nothing is changed", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        for (const target of ["film 2", "Film 2 (2020)", "radarr/2", terminal.rig.path("Film 2.mkv")]) {
          const { kind, titles } = yield* ask(terminal, target)
          assert.deepStrictEqual([kind, titles.story?.key], ["title", "radarr/2"], target)
        }
        const text = yield* told(terminal, "film 2")
        assert.match(text, /^Film 2 \(2020\)\n {2}It stays, favourite: of admin, must be of nobody/)
        assert.match(text, /^ {2}not met {2}favourite: of admin\n? *\(must be of nobody; read from Jellyfin\)/m)
        assert.match(text, /^ {2}can go +not by time alone$/m)
        assert.match(text, /^Watched\n {2}admin: watched, .* \(10 d ago\); a favourite$/m)
        assert.deepStrictEqual(acts(terminal.rig), [])
      })
    )
  )

  it.live("lists those that could be meant, and how to name one", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        const { titles } = yield* ask(terminal, "show 1")
        assert.isNull(titles.story)
        assert.deepStrictEqual(
          titles.found.map(({ key, summary }: { key: string; summary: string }) => [key, summary.split(",")[0]]),
          [
            ["sonarr/1/season/1", "The next run retires it."],
            ["sonarr/1/season/2", "It stays"]
          ]
        )
        const text = yield* told(terminal, "show 1")
        assert.match(text, /2 titles could be meant/)
        assert.match(text, /such as: media-pipeline explain sonarr\/1\/season\/1$/)
        // The one of exactly that name is meant, whatever else has it in its own.
        terminal.rig.arr.changeMovie(3, { title: "Film 1 and more" })
        const exact = yield* ask(terminal, "Film 1")
        assert.deepStrictEqual([exact.titles.story.key, exact.titles.found.length], ["radarr/1", 2])
        assert.match(yield* told(terminal, "Film 1"), /^ {2}not: Film 1 and more \(2020\) \(radarr\/3\)$/m)
      })
    )
  )

  it.live("says what its torrent is waited for, and where the remote copy is", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        const hash = terminal.film("Film.1.mkv", "film")
        terminal.rig.arr.origins.set(1, [hash, "e".repeat(40)])
        yield* terminal.run("upload")
        const { titles } = yield* ask(terminal, "film 1")
        const [torrent, unseen] = titles.story.releases
        assert.deepInclude(torrent, { hash, name: "Film.1.mkv", present: true, waitsFor: [] })
        assert.match(torrent.item, /Film\.1\.mkv$/)
        assert.deepInclude(unseen, { name: null, present: false })
        const [item] = titles.story.items
        assert.deepInclude(item, { state: "uploaded", remote: "memory:bucket/downloads/Film.1.mkv" })
        assert.isAbove(item.waitsFor.length, 0)
        const text = yield* told(terminal, "film 1")
        assert.match(text, /^ {2}and 1 torrent never seen in qBittorrent$/m)
        assert.match(text, /^ {4}remote: memory:bucket\/downloads\/Film\.1\.mkv$/m)
      })
    )
  )

  it.live("of one that seeds elsewhere says what it owes", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        const hash = "d".repeat(40)
        terminal.torrents.add(seeding(hash, "/seeding/Film.1.mkv", { ratio: 0.2 }))
        terminal.rig.arr.origins.set(1, [hash])
        terminal.watch({}, { cleanup: { minRatio: 1, minSeedTime: "0 days" } })
        const { titles } = yield* ask(terminal, "film 1")
        const [torrent] = titles.story.releases
        assert.isNull(torrent.item)
        assert.deepStrictEqual(
          torrent.waitsFor.map(({ name }: { name: string }) => name),
          ["ratio of Film.1.mkv (dddddddd)"]
        )
        assert.match(yield* told(terminal, "film 1"), /cleanup waits for ratio of Film\.1\.mkv \(dddddddd\): 0\.2/)
      })
    )
  )

  it.live("tells what the database remembers where Jellyfin cannot be read, and takes nothing for absent", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        yield* terminal.run("watched")
        terminal.rig.media.fails = () => true
        const { kind, titles } = yield* ask(terminal, "film 1")
        assert.deepStrictEqual([kind, titles.story.judged], ["title", null])
        assert.match(titles.blind, /Jellyfin at http:\/\/memory cannot be read: 502/)
        assert.approximately(titles.story.retirements[0].dueAt, Date.now() + 3 * day, 60_000)
        const text = yield* told(terminal, "film 1")
        assert.match(text, /^Film 1 \(2020\)\n {2}It is leaving, on /)
        assert.match(text, /only what the database remembers: Jellyfin/)
        assert.match(text, /^ {2}library {2}radarr\/1, not looked at$/m)
        const unknown = yield* told(terminal, "film 2")
        assert.match(unknown, /titles are not looked for: Jellyfin at http:\/\/memory cannot be read/)
      }),
      { leavingSoon: {} }
    )
  )

  it.live("tells the same where watched is off, and of no title that was never retired", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        yield* terminal.run("watched")
        terminal.configure({})
        const { titles } = yield* ask(terminal, "film 1")
        assert.deepStrictEqual([titles.blind, titles.story.key], ["watched is not configured", "radarr/1"])
        assert.match(yield* told(terminal, "film 1"), /^Conditions, as they were read when it was decided$/m)
        const { kind, summary, titles: none } = yield* ask(terminal, "film 2")
        assert.deepStrictEqual([kind, none], ["unknown", null])
        assert.match(summary, /No item, torrent or title of that name/)
      })
    )
  )
})
