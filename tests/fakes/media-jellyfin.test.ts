import { existsSync } from "node:fs"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { at, call, names, rows } from "./media/client.ts"
import { startWorld, type World } from "./media/world.ts"

const watchedAt = Date.UTC(2026, 0, 1, 12)

describe("the fake Jellyfin", () => {
  let world: World
  const id = (name: string) => [...world.state.jellyfin.users.values()].find((user) => user.name === name)?.id ?? ""
  const items = (user: string, more: string) =>
    call(world.jellyfin, `GET /Items?userId=${id(user)}&recursive=true&${more}`)

  beforeEach(async () => {
    world = await startWorld({ users: ["admin", "bob"], seerr: false })
  })
  afterEach(() => world.close())

  it("refuses a wrong key, and the ways of giving one that 12 has dropped", async () => {
    const token = (value: string) => ({ authorization: value })
    const { key } = world.jellyfin
    assert.strictEqual(
      (await call(world.jellyfin, "GET /Users", undefined, token('MediaBrowser Token="no"'))).status,
      401
    )
    assert.strictEqual((await call(world.jellyfin, "GET /Users", undefined, { "x-emby-token": key })).status, 401)
    assert.strictEqual((await call(world.jellyfin, "GET /Users", undefined, {})).status, 401)
    const long = token(`MediaBrowser Client="x", Token="${key}"`)
    assert.strictEqual((await call(world.jellyfin, "GET /Users", undefined, long)).status, 200)
    assert.strictEqual((await call(world.jellyfin, "GET /System/Info/Public", undefined, {})).status, 200)
  })

  it("shows what a user did, and nothing without a user", async () => {
    world.movie({ title: "Seen", watchedBy: { admin: watchedAt } })
    world.movie({ title: "Undated", watchedBy: { admin: null }, favouriteOf: ["bob"] })
    const played = await items("admin", "includeItemTypes=Movie&isPlayed=true")
    assert.deepStrictEqual(names(played), ["Seen", "Undated"])
    assert.strictEqual(at(played.value, "Items", 0, "UserData", "LastPlayedDate"), "2026-01-01T12:00:00.0000000Z")
    assert.strictEqual(at(played.value, "Items", 1, "UserData", "LastPlayedDate"), undefined)
    assert.deepStrictEqual(names(await items("bob", "isPlayed=true&includeItemTypes=Movie")), [])
    assert.deepStrictEqual(names(await items("bob", "filters=IsFavorite")), ["Undated"])
    const nobody = await call(world.jellyfin, "GET /Items?recursive=true&includeItemTypes=Movie")
    assert.deepStrictEqual(names(nobody), ["Seen", "Undated"])
    assert.strictEqual(at(nobody.value, "Items", 0, "UserData"), undefined)
  })

  it("knows no user that was deleted; up to 10.10 it took one for nobody", async () => {
    world.movie({ title: "Film" })
    const stranger = `GET /Items?userId=${"a".repeat(32)}&recursive=true&includeItemTypes=Movie`
    assert.strictEqual((await call(world.jellyfin, stranger)).status, 404)
    world.state.jellyfin.keyHasNoUser = true
    const answer = await call(world.jellyfin, stranger)
    assert.deepStrictEqual(names(answer), ["Film"])
    assert.strictEqual(at(answer.value, "Items", 0, "UserData"), undefined)
  })

  it("pages with a total, which holds what comes in between", async () => {
    for (let index = 0; index < 5; index += 1) world.movie({ title: `Film ${index}` })
    const page = (start: number) => items("admin", `includeItemTypes=Movie&startIndex=${start}&limit=2`)
    world.jellyfin.onRequest("GET /Items", () => void world.movie({ title: "New" }), { after: 1 })
    assert.deepStrictEqual(names(await page(0)), ["Film 0", "Film 1"])
    const second = await page(2)
    assert.deepStrictEqual(names(second), ["Film 2", "Film 3"])
    assert.strictEqual(at(second.value, "TotalRecordCount"), 6)
    assert.deepStrictEqual(names(await page(4)), ["Film 4", "New"])
  })

  it("gives paths and provider ids only where they are asked for, as it sees them", async () => {
    await world.close()
    world = await startWorld({ seerr: false, seenAs: { jellyfin: "/data" } })
    world.movie({ title: "Film", year: 1999, tmdb: 7 })
    const bare = await items("admin", "includeItemTypes=Movie")
    assert.strictEqual(at(bare.value, "Items", 0, "Path"), undefined)
    const full = await items("admin", "includeItemTypes=Movie&fields=Path,ProviderIds,DateCreated")
    assert.strictEqual(at(full.value, "Items", 0, "Path"), "/data/movies/Film (1999)/Film (1999).mkv")
    assert.strictEqual(at(full.value, "Items", 0, "ProviderIds", "Tmdb"), "7")
    const { pathMap } = { pathMap: at(world.config(), "jellyfin", "pathMap") }
    assert.deepStrictEqual(pathMap, { "/data": world.folder })
  })

  it("shows libraries, no titles, where it is not told to look below", async () => {
    world.movie({ title: "Film" })
    assert.deepStrictEqual(names(await call(world.jellyfin, `GET /Items?userId=${id("admin")}`)), ["Movies", "Shows"])
  })

  it("has next what follows the last episode played, no special, and nothing of a series never begun", async () => {
    const show = world.series({
      title: "Show",
      seasons: { 0: 2, 1: { episodes: 2, watchedBy: { admin: watchedAt } }, 2: { episodes: 2 } }
    })
    world.series({ title: "Unseen", seasons: { 1: 2 } })
    const next = (user: string) => call(world.jellyfin, `GET /Shows/NextUp?userId=${id(user)}`)
    const first = await next("admin")
    assert.deepStrictEqual(at(first.value, "Items", 0, "Id"), show.episode(2, 1).item?.id)
    assert.strictEqual(at(first.value, "TotalRecordCount"), 1)
    world.watch(show.episode(2, 1).item, "admin", watchedAt)
    world.watch(show.episode(2, 2).item, "admin", watchedAt)
    assert.deepStrictEqual(names(await next("admin")), [])
    assert.deepStrictEqual(names(await next("bob")), [])
  })

  it("has a season played when all of it is, double episodes with both numbers, and seasons without a number", async () => {
    const show = world.series({
      title: "Show",
      favouriteOf: ["bob"],
      seasons: {
        1: { episodes: [{ episode: 1, last: 2 }, { episode: 3 }], watchedBy: { admin: watchedAt }, jellyfinIndex: null }
      }
    })
    const season = await items("admin", "includeItemTypes=Season&isPlayed=true")
    assert.strictEqual(at(season.value, "Items", 0, "IndexNumber"), undefined)
    assert.strictEqual(at(season.value, "Items", 0, "UserData", "UnplayedItemCount"), 0)
    world.set(show.episode(1, 3).item, "admin", { played: false })
    assert.deepStrictEqual(names(await items("admin", "includeItemTypes=Season&isPlayed=true")), [])
    const double = await items("admin", "includeItemTypes=Episode&isPlayed=true")
    assert.strictEqual(at(double.value, "Items", 0, "IndexNumber"), 1)
    assert.strictEqual(at(double.value, "Items", 0, "IndexNumberEnd"), 2)
    assert.deepStrictEqual(names(await items("bob", "isFavorite=true&includeItemTypes=Series")), ["Show"])
  })

  it("tells who plays what, beside a session that plays nothing", async () => {
    const { item } = world.movie({ title: "Film" })
    const end = world.play(item, "bob", ["admin"])
    const during = rows((await call(world.jellyfin, "GET /Sessions")).value)
    assert.deepStrictEqual(
      during.map((row) => at(row, "NowPlayingItem", "Name")),
      ["Film", undefined]
    )
    assert.strictEqual(at(during, 0, "AdditionalUsers", 0, "UserId"), id("admin"))
    end()
    assert.strictEqual(rows((await call(world.jellyfin, "GET /Sessions")).value).length, 1)
  })

  it("keeps a collection, and deletes the files of a title that is deleted itself", async () => {
    const one = world.movie({ title: "One" })
    const two = world.movie({ title: "Two" })
    const made = await call(world.jellyfin, `POST /Collections?name=Leaving&ids=${one.item?.id}`)
    const set = String(at(made.value, "Id"))
    const inside = async () => names(await call(world.jellyfin, `GET /Items?userId=${id("admin")}&parentId=${set}`))
    assert.deepStrictEqual(await inside(), ["One"])
    assert.strictEqual((await call(world.jellyfin, `POST /Collections/${set}/Items?ids=${two.item?.id}`)).status, 204)
    await call(world.jellyfin, `DELETE /Collections/${set}/Items?ids=${one.item?.id}`)
    assert.deepStrictEqual(await inside(), ["Two"])
    assert.deepStrictEqual(names(await items("admin", "includeItemTypes=BoxSet")), ["Leaving"])
    await call(world.jellyfin, `DELETE /Items/${set}`)
    assert.deepStrictEqual(names(await items("admin", "includeItemTypes=BoxSet")), [])
    assert.isTrue(existsSync(two.path ?? ""))
    await call(world.jellyfin, `DELETE /Items/${two.item?.id}`)
    assert.isFalse(existsSync(two.path ?? ""))
  })

  it("takes no request line beyond 8 KiB", async () => {
    const ids = Array.from({ length: 250 }, () => "a".repeat(32)).join(",")
    assert.strictEqual((await items("admin", `ids=${ids}`)).status, 414)
  })
})
