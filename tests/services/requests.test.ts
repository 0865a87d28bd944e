import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { adapters, fileWith, serving, worldWith } from "./watchedRig.ts"

describe("Seerr", () => {
  it.live("shows who asked for what, and closes it once and for all", () =>
    Effect.gen(function* () {
      const { requests, world } = yield* worldWith({ users: ["admin", "bea"] })
      const film = world.movie({ title: "Film", tmdb: 9, requestedBy: "bea" })
      const show = world.series({ title: "Show", tvdb: 10, tmdb: 12, seasons: { 1: 1, 2: 1 } })
      world.request(show, null, [2])
      const all = yield* requests.all
      const bea = [...world.state.jellyfin.users.values()].find(({ name }) => name === "bea")
      const movie = all.find(({ kind }) => kind === "movie")
      assert.deepStrictEqual([movie?.ids.tmdb, movie?.requester], ["9", { name: "bea", viewerId: bea?.id ?? null }])
      const tv = all.find(({ kind }) => kind === "tv")
      assert.deepStrictEqual([tv?.ids.tvdb, tv?.seasons, tv?.requester], ["10", [2], null])
      assert.isNull(yield* requests.trouble)
      if (movie === undefined) return assert.fail("no request")
      yield* requests.close(movie.mediaId)
      yield* requests.close(movie.mediaId)
      assert.deepStrictEqual(
        (yield* requests.all).map(({ kind }) => kind),
        ["tv"]
      )
      assert.ok(film.file !== null && world.state.arrs.get("radarr")?.files.has(film.file.id))
    })
  )

  it.live("reads all pages, and believes none that do not agree", () =>
    Effect.gen(function* () {
      const { requests, world } = yield* worldWith({ validates: false, writesFiles: false })
      for (let at = 0; at < 450; at += 1) world.movie({ title: `Film ${at}`, requestedBy: "admin" })
      assert.strictEqual((yield* requests.all).length, 450)
      world.seerr.onPage("GET /request", (page) => (page.start > 0 ? { ...page, items: [] } : page), { times: 99 })
      const error = yield* Effect.flip(requests.all)
      assert.match(error.why, /paging changed/)
      assert.notInclude(JSON.stringify(error), world.seerr.key)
    })
  )

  it.live("a page, a 5xx and a proxy's 404 are no answers", () =>
    Effect.gen(function* () {
      const { requests, world } = yield* worldWith({ validates: false })
      world.seerr.fail({ kind: "html" }, { times: 9 })
      assert.match((yield* Effect.flip(requests.all)).why, /HTML/)
      world.seerr.heal()
      world.seerr.fail({ kind: "status", status: 404, body: "<html>no</html>" }, { times: 9 })
      assert.match((yield* Effect.flip(requests.close(1))).why, /not as the service does/)
      world.seerr.heal()
      world.seerr.fail({ kind: "status", status: 500 })
      assert.match((yield* Effect.flip(requests.close(1))).why, /answered 500/)
    })
  )

  it.live("leaves out what was declined, and says when a key may do too little", () =>
    Effect.gen(function* () {
      const row = (id: number, status: number) => ({
        id,
        status,
        type: "movie",
        media: { id: id + 10, tmdbId: id },
        seasons: []
      })
      const server = yield* serving(({ url }, response) =>
        response.end(
          JSON.stringify(
            url.pathname.endsWith("/me")
              ? { id: 1, permissions: 32 }
              : { pageInfo: { results: 2 }, results: [row(1, 2), row(2, 3)] }
          )
        )
      )
      const service = { url: server.url, apiKeyFile: yield* fileWith("key\n") }
      const { requests } = yield* adapters({ jellyfin: service, seerr: service })
      assert.deepStrictEqual(
        (yield* requests.all).map(({ mediaId }) => mediaId),
        [11]
      )
      assert.match((yield* requests.trouble) ?? "", /may not manage requests/)
    })
  )
})
