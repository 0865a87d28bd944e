import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Page, Trouble } from "../fakes/media/server.ts"
import { adapters, fileWith, need, serving, worldWith } from "./watchedRig.ts"

const watchedAt = Date.UTC(2024, 4, 1, 20)
const long = { timeout: 30_000 }

describe("Jellyfin", () => {
  it.live("lists films and episodes with their versions, series and what one viewer did", () =>
    Effect.gen(function* () {
      const { media, world } = yield* worldWith({ users: ["admin", "bea"], seenAs: { jellyfin: "/media" } })
      const film = world.movie({
        title: "Fïlm",
        tmdb: 11,
        imdb: "tt11",
        watchedBy: { admin: watchedAt },
        favouriteOf: ["bea"]
      })
      world.movie({ title: "Fïlm", tmdb: 11, versionOf: film, file: { name: "other.mkv" } })
      const show = world.series({
        title: "Show",
        tvdb: 22,
        seasons: {
          1: {
            episodes: [
              { episode: 1, last: 2, watchedBy: { admin: null } },
              { episode: 3, file: null }
            ]
          }
        }
      })
      const viewers = yield* media.viewers
      assert.deepStrictEqual(
        viewers.map(({ name }) => name),
        ["admin", "bea"]
      )
      const [admin, bea] = viewers
      if (admin === undefined || bea === undefined) return assert.fail("no viewers")
      const library = yield* media.library(admin)
      const movie = need(library.find(({ item }) => item.kind === "movie"))
      assert.deepStrictEqual(movie.viewing, { played: true, at: watchedAt, favourite: false })
      assert.deepStrictEqual(movie.item.ids, { tmdb: "11", imdb: "tt11" })
      assert.strictEqual(movie.item.runtime, 5_400_000)
      assert.strictEqual(movie.item.paths.length, 2)
      assert.ok(movie.item.paths.every((path) => path.startsWith(`${world.folder}/`)))
      const episodes = library.filter(({ item }) => item.kind === "episode")
      assert.strictEqual(episodes.length, 1)
      const double = need(episodes[0])
      assert.deepStrictEqual(
        [double.item.season, double.item.episode, double.item.lastEpisode, double.item.series?.ids.tvdb],
        [1, 1, 2, "22"]
      )
      assert.deepStrictEqual(double.viewing, { played: true, at: null, favourite: false })
      assert.deepStrictEqual(
        [...(yield* media.played(admin)).keys()].toSorted(),
        library.map(({ item }) => item.id).toSorted()
      )
      assert.strictEqual((yield* media.played(bea)).size, 0)
      assert.deepStrictEqual(yield* media.favourites(bea), [need(film.item).id])
      assert.deepStrictEqual(yield* media.favourites(admin), [])
      const gone = "f".repeat(32)
      const some = yield* media.items(bea, [double.item.id, gone])
      assert.deepStrictEqual(
        some.map(({ item, viewing }) => [item.id, item.series?.ids.tvdb, viewing.played]),
        [[double.item.id, "22", false]]
      )
      const end = world.play(film.item, "bea", ["admin"])
      assert.deepStrictEqual((yield* media.playing).get(movie.item.id), ["bea", "admin"])
      end()
      assert.strictEqual((yield* media.playing).size, 0)
      assert.ok(show.series)
      assert.isNull(yield* media.trouble)
      for (const { method, query, route } of world.jellyfin.calls) {
        if (route === "GET /Items" || route === "GET /Shows/NextUp")
          assert.ok(query.get("userId"), `${method} ${route}`)
      }
    })
  )

  it.live("knows what is next up", () =>
    Effect.gen(function* () {
      const { media, world } = yield* worldWith()
      const show = world.series({
        title: "Show",
        seasons: { 1: { episodes: [{ episode: 1, watchedBy: { admin: watchedAt } }, { episode: 2 }] } }
      })
      const [admin] = yield* media.viewers
      if (admin === undefined) return assert.fail("no viewer")
      assert.deepStrictEqual(yield* media.nextUp(admin), [need(show.episode(1, 2).item).id])
    })
  )

  it.live("makes a collection, changes it, and empties it", () =>
    Effect.gen(function* () {
      const { media, world } = yield* worldWith()
      const ids = Array.from({ length: 120 }, (_, at) => world.movie({ title: `Film ${at}` }).item?.id ?? "")
      const shown = () =>
        [...world.state.jellyfin.items.values()]
          .filter(({ type }) => type === "BoxSet")
          .map(({ children }) => children.toSorted())
      yield* media.showLeaving("Leaving Soon", [])
      assert.deepStrictEqual(shown(), [])
      for (const wanted of [ids, ids.slice(0, 3), ids.slice(2, 118), []]) {
        yield* media.showLeaving("Leaving Soon", wanted)
        assert.deepStrictEqual(shown(), [wanted.toSorted()])
      }
    })
  )

  const troubles: ReadonlyArray<readonly [string, Trouble, RegExp]> = [
    ["an HTML page", { kind: "html" }, /HTML page/],
    ["nothing", { kind: "empty" }, /is empty/],
    ["a closed connection", { kind: "refused" }, /closed|connection/],
    ["half an answer", { kind: "cut" }, /closed|complete/],
    ["503", { kind: "status", status: 503 }, /answered 503/],
    ["302", { kind: "status", status: 302 }, /redirect/],
    ["silence", { kind: "hang" }, /no complete answer within 2/]
  ]
  it.live.each(troubles)(
    "%s is unreadable",
    ([, trouble, why]) =>
      Effect.gen(function* () {
        const { media, world } = yield* worldWith({ validates: false })
        world.movie({ title: "Film" })
        const [admin] = yield* media.viewers
        if (admin === undefined) return assert.fail("no viewer")
        world.jellyfin.fail(trouble, { route: "GET /Items", times: 99 })
        const error = yield* Effect.flip(media.library(admin))
        assert.strictEqual(error._tag, "MediaServerUnreadable")
        assert.match(error.why, why)
        assert.notInclude(JSON.stringify(error) + error.message, world.jellyfin.key)
      }),
    long
  )

  it.live("a 5xx that passes does no harm", () =>
    Effect.gen(function* () {
      const { media, world } = yield* worldWith({ validates: false })
      world.movie({ title: "Film" })
      const [admin] = yield* media.viewers
      if (admin === undefined) return assert.fail("no viewer")
      world.jellyfin.fail({ kind: "status", status: 502 }, { route: "GET /Items", times: 2 })
      assert.strictEqual((yield* media.library(admin)).length, 1)
    })
  )

  const lies: ReadonlyArray<readonly [string, (page: Page) => Page]> = [
    ["an empty page before the total", (page) => (page.start > 0 ? { ...page, items: [] } : page)],
    ["a short page", (page) => (page.start > 0 ? { ...page, items: page.items.slice(1) } : page)],
    [
      "a row twice",
      (page) =>
        page.start > 0
          ? { ...page, items: page.items.map((row, at) => (at === 0 ? (page.items[1] ?? row) : row)) }
          : page
    ],
    ["a total that changes between pages", (page) => (page.start > 0 ? { ...page, total: page.total - 1 } : page)],
    ["a total that is too small", (page) => ({ ...page, total: 5 })],
    ["a total of nothing", (page) => ({ ...page, total: 0 })]
  ]
  it.live.each(lies)("%s: read again, and unreadable when it stays", ([, lie]) =>
    Effect.gen(function* () {
      const { media, world } = yield* worldWith({ validates: false, writesFiles: false })
      world.populate({ movies: 1500, episodes: 0 })
      const [admin] = yield* media.viewers
      if (admin === undefined) return assert.fail("no viewer")
      const before = world.jellyfin.calls.length
      world.jellyfin.onPage("GET /Items", lie, { times: 99 })
      const error = yield* Effect.flip(media.library(admin))
      assert.match(error.why, /paging changed/)
      assert.isAtLeast(world.jellyfin.calls.length - before, 3)
      world.jellyfin.heal()
      assert.strictEqual((yield* media.library(admin)).length, 1500)
    })
  )

  it.live("a change of one reading is forgiven", () =>
    Effect.gen(function* () {
      const { media, world } = yield* worldWith({ validates: false, writesFiles: false })
      world.populate({ movies: 1500, episodes: 0 })
      const [admin] = yield* media.viewers
      if (admin === undefined) return assert.fail("no viewer")
      yield* media.played(admin)
      world.jellyfin.onPage("GET /Items", (page) => (page.start > 0 ? { ...page, items: [] } : page), { times: 3 })
      assert.strictEqual((yield* media.library(admin)).length, 1500)
    })
  )

  it.live("a key that counts for no user shows no viewing, and is unreadable", () =>
    Effect.gen(function* () {
      const { media, world } = yield* worldWith()
      world.movie({ title: "Film", watchedBy: { admin: watchedAt } })
      const [admin] = yield* media.viewers
      if (admin === undefined) return assert.fail("no viewer")
      world.state.jellyfin.keyHasNoUser = true
      assert.match((yield* Effect.flip(media.library(admin))).why, /no data of the user/)
      assert.match((yield* Effect.flip(media.played(admin))).why, /no data of the user/)
    })
  )

  it.live("an unknown user is unreadable", () =>
    Effect.gen(function* () {
      const { media, world } = yield* worldWith()
      world.movie({ title: "Film" })
      assert.match((yield* Effect.flip(media.library({ id: "a".repeat(32), name: "gone" }))).why, /answered 404/)
    })
  )

  it.live("a wrong key is told, and never shown", () =>
    Effect.gen(function* () {
      const server = yield* serving((_, response) => response.writeHead(401).end())
      const { media } = yield* adapters({ jellyfin: { url: server.url, apiKeyFile: yield* fileWith("hunter2\n") } })
      assert.match((yield* media.trouble) ?? "", /not accepted/)
      const error = yield* Effect.flip(media.viewers)
      assert.match(error.why, /401/)
      assert.notInclude(JSON.stringify(error) + error.message, "hunter2")
      assert.strictEqual(server.calls[0]?.headers.authorization, 'MediaBrowser Token="hunter2"')
    })
  )

  it.live("an empty or missing key file is told by its option", () =>
    Effect.gen(function* () {
      const jellyfin = { url: "http://127.0.0.1:1", apiKeyFile: yield* fileWith("\n") }
      const { media } = yield* adapters({ jellyfin })
      assert.match((yield* Effect.flip(media.viewers)).why, /watched\.jellyfin\.apiKeyFile .* is empty/)
    })
  )

  it.live("without watched everything is there, and says so", () =>
    Effect.gen(function* () {
      const { arr, media, notifier, requests } = yield* adapters(undefined)
      assert.match((yield* Effect.flip(media.viewers)).why, /not configured/)
      assert.deepStrictEqual(arr.configured, [])
      assert.match((yield* Effect.flip(arr.movies("radarr"))).message, /watched\.radarr is not configured/)
      assert.isFalse(requests.configured)
      assert.match((yield* Effect.flip(requests.all)).message, /not configured/)
      assert.deepStrictEqual(yield* notifier.send({ kind: "fuse", title: "t", lines: [] }), [])
    })
  )

  it.live(
    "45,000 titles are read without a call an item",
    () =>
      Effect.gen(function* () {
        const { media, world } = yield* worldWith({ validates: false, writesFiles: false })
        world.populate({ movies: 5000, episodes: 40_000 })
        const [admin] = yield* media.viewers
        if (admin === undefined) return assert.fail("no viewer")
        yield* Effect.promise(() => world.warm())
        world.jellyfin.forget()
        const begun = performance.now()
        const library = yield* media.library(admin)
        console.log(`45,000 titles: ${Math.round(performance.now() - begun)} ms with the fake in this process`)
        assert.strictEqual(library.length, 45_000)
        assert.isAtMost(world.jellyfin.calls.length, 50)
      }),
    60_000
  )
})
