import { existsSync } from "node:fs"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { at, call, names, rows } from "./media/client.ts"
import { startWorld, type World } from "./media/world.ts"

describe("a world that a test steers", () => {
  let world: World
  beforeEach(async () => {
    world = await startWorld({ seerr: false })
  })
  afterEach(() => world.close())
  const list = () => call(world.jellyfin, "GET /Items?recursive=true&includeItemTypes=Movie")

  it("goes wrong for the calls that are aimed at, and is well after", async () => {
    world.movie({ title: "Film" })
    world.jellyfin.fail({ kind: "status", status: 503, body: "starting" }, { route: "GET /Items", after: 1, times: 2 })
    assert.deepStrictEqual(names(await list()), ["Film"])
    assert.strictEqual((await call(world.jellyfin, "GET /Users")).status, 200)
    assert.deepStrictEqual([(await list()).status, (await list()).text], [503, "starting"])
    assert.strictEqual((await list()).status, 200)
    world.jellyfin.fail({ kind: "html" })
    const page = await list()
    assert.deepStrictEqual([page.status, page.value], [200, undefined])
    world.jellyfin.fail({ kind: "empty" })
    assert.strictEqual((await list()).text, "")
    world.jellyfin.fail({ kind: "cut" }, { times: 9 })
    assert.isTrue(
      await list().then(
        () => false,
        () => true
      )
    )
    world.jellyfin.heal()
    assert.strictEqual((await list()).status, 200)
  })

  it("can hang, and be given up", async () => {
    world.radarr.fail({ kind: "hang" })
    const headers = { "x-api-key": world.radarr.key }
    const hung = fetch(`${world.radarr.url}/api/v3/tag`, { headers, signal: AbortSignal.timeout(100) })
    const outcome = await hung.then(
      () => "answered",
      (cause: unknown) => (cause instanceof Error ? cause.name : "")
    )
    assert.strictEqual(outcome, "TimeoutError")
    assert.strictEqual((await call(world.radarr, "GET /api/v3/tag")).status, 200)
  })

  it("can do what it then denies to have done", async () => {
    const one = world.movie({ title: "One" })
    const two = world.movie({ title: "Two" })
    world.radarr.fail({ kind: "refusedAfter" })
    assert.strictEqual((await call(world.radarr, `DELETE /api/v3/moviefile/${one.file?.id}`)).status, 500)
    assert.isFalse(existsSync(one.path ?? ""))
    world.radarr.fail({ kind: "lost" })
    const lost = call(world.radarr, `DELETE /api/v3/moviefile/${two.file?.id}`)
    assert.isTrue(
      await lost.then(
        () => false,
        () => true
      )
    )
    assert.isFalse(existsSync(two.path ?? ""))
  })

  it("lies about pages and totals", async () => {
    world.movie({ title: "Film" })
    world.jellyfin.onPage("GET /Items", (page) => ({ ...page, items: [] }))
    world.jellyfin.onPage("GET /Items", (page) => ({ ...page, total: 0 }))
    const empty = await list()
    assert.deepStrictEqual([rows(at(empty.value, "Items")).length, at(empty.value, "TotalRecordCount")], [0, 1])
    const lie = await list()
    assert.deepStrictEqual([rows(at(lie.value, "Items")).length, at(lie.value, "TotalRecordCount")], [1, 0])
  })

  it("changes between two calls, and remembers them", async () => {
    const film = world.movie({ title: "Film" })
    world.radarr.onRequest("PUT /api/v3/movie/editor", () => world.watch(film.item, "admin", null))
    await call(world.radarr, "PUT /api/v3/movie/editor", { movieIds: [film.movie?.id], monitored: false })
    assert.isTrue([...(film.item?.data.values() ?? [])][0]?.played)
    const [change] = world.radarr.changes()
    assert.deepStrictEqual([change?.route, change?.status], ["PUT /api/v3/movie/editor", 202])
    assert.deepStrictEqual(change?.body, { movieIds: [film.movie?.id], monitored: false })
  })

  it("loses in Jellyfin what has no file any more, once it has scanned", async () => {
    const film = world.movie({ title: "Film" })
    await call(world.radarr, `DELETE /api/v3/moviefile/${film.file?.id}`)
    assert.deepStrictEqual(names(await list()), ["Film"])
    world.scan()
    assert.deepStrictEqual(names(await list()), [])
  })

  it("is as large as a bench wants it, at once, and changes all the same", async () => {
    const began = performance.now()
    world.populate({ movies: 500, episodes: 2000 })
    assert.isBelow(performance.now() - began, 3000)
    await world.warm()
    assert.deepStrictEqual(
      [...world.servers.values()].flatMap(({ calls }) => calls),
      []
    )
    const [user = ""] = world.state.jellyfin.users.keys()
    const query = `GET /Items?userId=${user}&recursive=true&includeItemTypes=Movie,Episode&isPlayed=true`
    const before = await call(world.jellyfin, `${query}&limit=1`)
    assert.strictEqual(at(before.value, "TotalRecordCount"), 50 + 200)
    const film = world.movie({ title: "Film", file: null })
    assert.isNull(film.item)
    const seen = world.movie({ title: "Seen", watchedBy: { admin: Date.now() } })
    assert.strictEqual(at((await call(world.jellyfin, `${query}&limit=1`)).value, "TotalRecordCount"), 251)
    await call(world.radarr, `DELETE /api/v3/moviefile/${seen.file?.id}`)
    const now = await call(world.radarr, `GET /api/v3/movie/${seen.movie?.id}`)
    assert.strictEqual(at(now.value, "hasFile"), false)
  })
})
