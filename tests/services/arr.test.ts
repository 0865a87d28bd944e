import { existsSync, renameSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Trouble } from "../fakes/media/server.ts"
import { adapters, fileWith, need, serving, worldWith } from "./watchedRig.ts"

const hash = "0123456789abcdef0123456789abcdef01234567"

describe("Radarr", () => {
  it.live("shows movies with file, tags and queue, and one of them", () =>
    Effect.gen(function* () {
      const { arr, world } = yield* worldWith({ seenAs: { radarr: "/data" } })
      const film = world.movie({
        title: "Film",
        tmdb: 5,
        imdb: "tt5",
        tags: ["keep"],
        file: { size: 77, hash, resolution: 2160 }
      })
      world.movie({ title: "Waiting", file: null, queued: true })
      const [listed, second] = yield* arr.movies("radarr")
      const first = need(listed)
      assert.deepStrictEqual(first.ids, { tmdb: "5", imdb: "tt5" })
      assert.deepStrictEqual(
        [first.title, first.file?.path, first.file?.size, first.file?.resolution],
        ["Film", film.path, 77, 2160]
      )
      assert.deepStrictEqual(first.tags._tag === "Known" ? first.tags.value : first.tags, ["keep"])
      assert.deepStrictEqual([first.queued, second?.queued, second?.file], [false, true, null])
      const ref = { arr: "radarr", id: first.id } as const
      assert.strictEqual((yield* arr.movie(ref))?.id, first.id)
      assert.isNull(yield* arr.movie({ arr: "radarr", id: 99_999 }))
      assert.deepStrictEqual(yield* arr.tags("radarr"), ["keep"])
      assert.deepStrictEqual([...(yield* arr.origins(ref))], [[need(first.file).id, [hash]]])
      assert.deepStrictEqual(arr.configured, ["radarr", "sonarr"])
      assert.isNull(yield* arr.trouble("radarr"))
    })
  )

  it.live("a tag that is not in the list makes the tags of its title unreadable, and of no other", () =>
    Effect.gen(function* () {
      const { arr, world } = yield* worldWith()
      const film = world.movie({ title: "Film" })
      world.movie({ title: "Other", tags: ["keep"] })
      need(film.movie).tags = [4711]
      const [first, other] = yield* arr.movies("radarr")
      assert.strictEqual(first?.tags._tag, "Unreadable")
      assert.strictEqual(other?.tags._tag, "Known")
    })
  )

  it.live("unmonitors, deletes, and says what it refuses", () =>
    Effect.gen(function* () {
      const { arr, world } = yield* worldWith()
      const film = world.movie({ title: "Film" })
      const other = world.movie({ title: "Other" })
      const ref = { arr: "radarr", id: need(film.movie).id } as const
      yield* arr.setMonitored(ref, null, false)
      assert.isFalse((yield* arr.movie(ref))?.monitored)
      assert.strictEqual((yield* Effect.flip(arr.deleteFiles(ref, [])))._tag, "ArrRefused")
      const strange = yield* Effect.flip(arr.deleteFiles(ref, [need(film.file).id, need(other.file).id]))
      assert.match(strange.message, /none of movie/)
      assert.ok(existsSync(need(film.path)))
      yield* arr.deleteFiles(ref, [need(film.file).id])
      assert.isFalse(existsSync(need(film.path)))
      assert.isNull((yield* arr.movie(ref))?.file)
      assert.ok(existsSync(need(other.path)))
    })
  )

  it.live("a lost root folder is refused with what to do, and told by trouble", () =>
    Effect.gen(function* () {
      const { arr, world } = yield* worldWith()
      const film = world.movie({ title: "Film" })
      const root = need(world.state.arrs.get("radarr")).rootFolder
      renameSync(root, `${root}-away`)
      const error = yield* Effect.flip(
        arr.deleteFiles({ arr: "radarr", id: need(film.movie).id }, [need(film.file).id])
      )
      assert.strictEqual(error._tag, "ArrRefused")
      assert.match(error.message, /409.*root folder.*mount/)
      assert.match((yield* arr.trouble("radarr")) ?? "", /not accessible/)
      renameSync(`${root}-away`, root)
    })
  )

  const troubles: ReadonlyArray<readonly [string, Trouble]> = [
    ["an HTML page", { kind: "html" }],
    ["nothing", { kind: "empty" }],
    ["a closed connection", { kind: "refused" }],
    ["half an answer", { kind: "cut" }],
    ["500", { kind: "status", status: 500 }],
    ["a proxy's 404", { kind: "status", status: 404, body: "404 page not found" }],
    ["401", { kind: "status", status: 401 }]
  ]
  it.live.each(troubles)("%s is unreadable, and never absent", ([, trouble]) =>
    Effect.gen(function* () {
      const { arr, world } = yield* worldWith({ validates: false })
      const ref = { arr: "radarr", id: need(world.movie({ title: "Film" }).movie).id } as const
      for (const route of ["GET /api/v3/movie", "GET /api/v3/tag", "GET /api/v3/queue"]) {
        world.radarr.fail(trouble, { route, times: 3 })
        const error = yield* Effect.flip(arr.movies("radarr"))
        assert.strictEqual(error._tag, "ArrUnreadable", route)
        assert.notInclude(JSON.stringify(error) + error.message, world.radarr.key)
        world.radarr.heal()
      }
      world.radarr.fail(trouble, { route: "GET /api/v3/movie/{id}", times: 3 })
      assert.strictEqual((yield* Effect.flip(arr.movie(ref)))._tag, "ArrUnreadable")
    })
  )

  it.live("a change is sent once, whatever comes of it", () =>
    Effect.gen(function* () {
      const { arr, world } = yield* worldWith({ validates: false })
      const film = world.movie({ title: "Film" })
      const ref = { arr: "radarr", id: need(film.movie).id } as const
      world.radarr.fail({ kind: "lost" }, { route: "PUT /api/v3/movie/editor" })
      assert.strictEqual((yield* Effect.flip(arr.setMonitored(ref, null, false)))._tag, "ArrUnreadable")
      world.radarr.fail({ kind: "status", status: 503 }, { route: "DELETE /api/v3/moviefile/{id}" })
      assert.strictEqual((yield* Effect.flip(arr.deleteFiles(ref, [need(film.file).id])))._tag, "ArrUnreadable")
      assert.strictEqual(world.radarr.changes().length, 2)
    })
  )

  it.live("a queue whose pages do not agree is unreadable", () =>
    Effect.gen(function* () {
      const { arr, world } = yield* worldWith({ validates: false })
      world.movie({ title: "Film", queued: true })
      world.radarr.onPage("GET /api/v3/queue", (page) => ({ ...page, items: [] }), { times: 9 })
      assert.match((yield* Effect.flip(arr.movies("radarr"))).message, /paging changed/)
    })
  )

  it.live("another program at that address is told", () =>
    Effect.gen(function* () {
      const server = yield* serving((_, response) => response.end('{"appName":"Sonarr"}'))
      const apiKeyFile = yield* fileWith("key\n")
      const { arr } = yield* adapters({
        jellyfin: { url: server.url, apiKeyFile },
        radarr: { url: server.url, apiKeyFile }
      })
      assert.strictEqual(yield* arr.trouble("radarr"), "that is Sonarr, and no Radarr")
      assert.strictEqual(server.calls[0]?.headers["x-api-key"], "key")
      assert.strictEqual(server.calls[0]?.url.search, "")
    })
  )
})

describe("Sonarr", () => {
  it.live("shows series, their seasons, episodes, files and queue", () =>
    Effect.gen(function* () {
      const { arr, world } = yield* worldWith({ seenAs: { sonarr: "/tv" } })
      const show = world.series({
        title: "Show",
        tvdb: 7,
        tags: ["keep"],
        status: "ended",
        seasons: {
          1: {
            episodes: [
              { episode: 1, last: 2, file: { hash } },
              { episode: 3, file: null, airs: null, queued: true }
            ]
          },
          2: 2
        }
      })
      const [summary] = yield* arr.seriesList("sonarr")
      assert.deepStrictEqual([summary?.title, summary?.ids.tvdb, summary?.status], ["Show", "7", "ended"])
      assert.deepStrictEqual(
        summary?.seasons.filter(({ season }) => season > 0).map(({ files }) => files),
        [2, 2]
      )
      const ref = { arr: "sonarr", id: need(summary).id } as const
      const series = need(yield* arr.series(ref))
      assert.strictEqual(series.episodes.length, 5)
      assert.strictEqual(series.files.length, 3)
      const [one, two, three] = series.episodes
      assert.strictEqual(one?.fileId, two?.fileId)
      assert.deepStrictEqual([three?.fileId, three?.airsAt], [null, null])
      assert.deepStrictEqual([...series.queued], [need(three).id])
      const file = need(series.files.find(({ id }) => id === one?.fileId))
      assert.strictEqual(file.path, show.episode(1, 1).path)
      assert.deepStrictEqual((yield* arr.origins(ref)).get(file.id), [hash])
      assert.isNull(yield* arr.series({ arr: "sonarr", id: 99_999 }))
      assert.isNull(yield* arr.trouble("sonarr"))
    })
  )

  it.live("unmonitors episodes, deletes a season in one call, and never files of two series", () =>
    Effect.gen(function* () {
      const { arr, world } = yield* worldWith()
      const show = world.series({ title: "Show", seasons: { 1: 2, 2: 1 } })
      const other = world.series({ title: "Other", seasons: { 1: 1 } })
      const ref = { arr: "sonarr", id: need(show.series).id } as const
      const season = show.season(1).episodes
      const episodes = season.map(({ episode }) => need(episode).id)
      const files = season.map(({ file }) => need(file).id)
      yield* arr.setMonitored(ref, episodes, false)
      assert.deepStrictEqual(
        need(yield* arr.series(ref)).episodes.map(({ monitored }) => monitored),
        [false, false, true]
      )
      const mixed = yield* Effect.flip(arr.deleteFiles(ref, [...files, need(other.episode(1, 1).file).id]))
      assert.match(mixed.message, /none of series/)
      for (const none of [[], null])
        assert.strictEqual((yield* Effect.flip(arr.setMonitored(ref, none, false)))._tag, "ArrRefused")
      assert.strictEqual((yield* Effect.flip(arr.deleteFiles(ref, [])))._tag, "ArrRefused")
      yield* arr.deleteFiles(ref, files)
      assert.deepStrictEqual(
        need(yield* arr.series(ref)).files.map(({ id }) => id),
        [need(show.episode(2, 1).file).id]
      )
      assert.ok(existsSync(need(other.episode(1, 1).path)))
      assert.strictEqual(world.sonarr.changes().filter(({ method }) => method === "DELETE").length, 1)
    })
  )

  it.live("history of other versions and other ways: by path, by the grab, and not at all", () =>
    Effect.gen(function* () {
      const file = (id: number) => ({ id, path: `/tv/${id}.mkv`, size: 1, seriesId: 1 })
      const v2 = "ab".repeat(32)
      const server = yield* serving(({ url }, response) =>
        response.end(
          JSON.stringify(
            url.pathname.endsWith("/episodefile")
              ? [file(1), file(2), file(3), file(4)]
              : [
                  {
                    eventType: "downloadFolderImported",
                    downloadId: hash.toUpperCase(),
                    data: { importedPath: "/tv/1.mkv" }
                  },
                  { eventType: "grabbed", downloadId: "task-7", data: { torrentInfoHash: v2.toUpperCase() } },
                  { eventType: "downloadFolderImported", downloadId: "task-7", data: { FileId: "2" } },
                  { eventType: "downloadFolderImported", downloadId: "SABnzbd_nzo_x", data: { fileId: "3" } },
                  { eventType: "downloadFolderImported", data: { fileId: "4" } },
                  { eventType: "downloadFailed", downloadId: hash, data: { fileId: "4" } }
                ]
          )
        )
      )
      const apiKeyFile = yield* fileWith("key\n")
      const { arr } = yield* adapters({
        jellyfin: { url: server.url, apiKeyFile },
        sonarr: { url: server.url, apiKeyFile }
      })
      assert.deepStrictEqual(
        [...(yield* arr.origins({ arr: "sonarr", id: 1 }))],
        [
          [1, [hash]],
          [2, [v2]]
        ]
      )
    })
  )
})
