import { existsSync } from "node:fs"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { at, call, rows } from "./media/client.ts"
import { startWorld, type World } from "./media/world.ts"

describe("the fake Seerr", () => {
  let world: World
  beforeEach(async () => {
    world = await startWorld({ users: ["admin", "bob"] })
  })
  afterEach(() => world.close())

  it("answers 401 without a key and 403 with a wrong one", async () => {
    assert.strictEqual((await call(world.seerr, "GET /api/v1/request", undefined, {})).status, 401)
    assert.strictEqual((await call(world.seerr, "GET /api/v1/request", undefined, { "x-api-key": "no" })).status, 403)
    assert.strictEqual((await call(world.seerr, "GET /api/v1/status", undefined, {})).status, 200)
  })

  it("lists who asked for what, ten at a time, the newest first", async () => {
    const show = world.series({ title: "Show", tvdb: 5, tmdb: 6, requestedBy: "bob", seasons: { 0: 1, 1: 1, 2: 1 } })
    for (let index = 0; index < 11; index += 1) world.movie({ title: `Film ${index}`, requestedBy: "admin" })
    const first = await call(world.seerr, "GET /api/v1/request")
    assert.strictEqual(at(first.value, "pageInfo", "results"), 12)
    assert.strictEqual(rows(at(first.value, "results")).length, 10)
    const last = await call(world.seerr, "GET /api/v1/request?take=10&skip=10")
    const oldest = rows(at(last.value, "results"))[1]
    assert.deepStrictEqual([at(oldest, "type"), at(oldest, "media", "tvdbId")], ["tv", 5])
    assert.deepStrictEqual(
      rows(at(oldest, "seasons")).map((row) => at(row, "seasonNumber")),
      [1, 2]
    )
    const bob = [...world.state.jellyfin.users.values()][1]
    assert.strictEqual(at(oldest, "requestedBy", "jellyfinUserId"), bob?.id)
    assert.strictEqual(at(oldest, "media", "jellyfinMediaId"), show.item?.id)
  })

  it("forgets a title with its requests and leaves its file; of /file it does not", async () => {
    const one = world.movie({ title: "One", requestedBy: "bob" })
    const two = world.movie({ title: "Two", requestedBy: "bob" })
    const [first, second] = [...world.state.seerr.media.keys()]
    assert.strictEqual((await call(world.seerr, `DELETE /api/v1/media/${first}`)).status, 204)
    assert.strictEqual((await call(world.seerr, `DELETE /api/v1/media/${first}`)).status, 404)
    assert.strictEqual(world.state.seerr.requests.size, 1)
    assert.isTrue(existsSync(one.path ?? ""))
    assert.strictEqual((await call(world.seerr, `DELETE /api/v1/media/${second}/file`)).status, 204)
    assert.isFalse(existsSync(two.path ?? ""))
    assert.strictEqual((await call(world.radarr, `GET /api/v3/movie/${two.movie?.id}`)).status, 404)
  })
})
