import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { call } from "./media/client.ts"
import { startWorld, type World } from "./media/world.ts"
import type { MovieHandle, SeriesHandle } from "./media/specs.ts"
import { contractOf, hasDocuments } from "./openapi-documents.ts"

/*
 * Every route of the fakes, asked once, held against the official documents. These are not part of the repository:
 * they lie in ../shared/specs, or where MEDIA_PIPELINE_SPECS says; elsewhere this is skipped.
 */

describe.skipIf(!hasDocuments())("the official OpenAPI documents (skipped without ../shared/specs)", () => {
  let world: World
  let film: MovieHandle
  let show: SeriesHandle
  beforeAll(async () => {
    world = await startWorld({ users: ["admin", "bob"] })
    const watchedBy = { admin: Date.now() - 1000, bob: null }
    film = world.movie({ title: "Film", imdb: "tt1", tags: ["keep"], watchedBy, requestedBy: "bob" })
    world.movie({ title: "Raw", file: { mediaInfo: false, hash: null }, runtime: null, created: null })
    world.movie({ title: "Wanted", file: null, inJellyfin: false, queued: true })
    show = world.series({
      title: "Show",
      imdb: "tt2",
      status: "continuing",
      requestedBy: "admin",
      favouriteOf: ["bob"],
      seasons: {
        0: 1,
        1: { episodes: [{ episode: 1, last: 2, queued: true }, { episode: 3 }], watchedBy },
        2: {
          episodes: [{ episode: 1 }, { episode: 2, file: null, airs: null }, { episode: 3, file: null, airs: 4e12 }]
        }
      }
    })
    world.play(show.episode(2, 1).item, "bob", ["admin"])
  })
  afterAll(() => world.close())

  it("allow every route of every fake, as it is asked and as it answers", async () => {
    const [user = ""] = world.state.jellyfin.users.keys()
    const [media = 0] = world.state.seerr.media.keys()
    const [request = 0] = world.state.seerr.requests.keys()
    const { item, movie, file } = film
    const { series } = show
    const [first, , third] = show.season(1).episodes
    const special = show.episode(0, 1)
    const jellyfin: ReadonlyArray<string> = [
      "GET /System/Info/Public",
      "GET /System/Info",
      "GET /Users?isDisabled=false",
      "GET /Users/Me",
      `GET /Users/${user}`,
      `GET /Items?userId=${user}&recursive=true&includeItemTypes=Movie,Episode,Season,Series&fields=Path,ProviderIds,DateCreated,MediaSources,ParentId,SortName&startIndex=0&limit=50&sortBy=DateCreated,SortName&sortOrder=Descending&enableUserData=true`,
      "GET /Items?recursive=true",
      `GET /Items?userId=${user}`,
      `GET /Items?userId=${user}&recursive=true&isPlayed=true&isFavorite=false&includeItemTypes=Movie&enableImages=false`,
      `GET /Items?userId=${user}&ids=${item?.id},${show.item?.id}`,
      `GET /Items/${item?.id}?userId=${user}`,
      `GET /UserItems/${item?.id}/UserData?userId=${user}`,
      `GET /Shows/NextUp?userId=${user}&limit=10&enableResumable=true`,
      "GET /Sessions?activeWithinSeconds=960",
      `POST /Collections?name=Leaving&ids=${item?.id}`
    ]
    for (const route of jellyfin) await call(world.jellyfin, route)
    const set = [...world.state.jellyfin.items.values()].find(({ type }) => type === "BoxSet")?.id
    await call(world.jellyfin, `POST /Collections/${set}/Items?ids=${show.item?.id}`)
    await call(world.jellyfin, `DELETE /Collections/${set}/Items?ids=${show.item?.id}`)
    await call(world.jellyfin, `DELETE /Items/${set}`)

    for (const server of [world.radarr, world.sonarr]) {
      for (const route of ["system/status", "tag", "rootfolder", "rootfolder/1", "health"]) {
        await call(server, `GET /api/v3/${route}`)
      }
      await call(server, "GET /api/v3/queue?page=1&pageSize=1000&sortKey=timeleft&sortDirection=ascending")
      await call(server, "GET /api/v3/history?page=1&pageSize=1000&sortKey=date&sortDirection=descending&eventType=3")
    }
    const radarr: ReadonlyArray<readonly [string, unknown?]> = [
      ["GET movie?excludeLocalCovers=true"],
      [`GET movie/${movie?.id}`],
      [`GET queue/details?movieId=${movie?.id}&includeMovie=false`],
      [`GET history/movie?movieId=${movie?.id}&eventType=grabbed`],
      ["PUT movie/editor", { movieIds: [movie?.id], monitored: false }],
      [`GET moviefile?movieId=${movie?.id}`],
      [`GET moviefile/${file?.id}`],
      ["DELETE moviefile/bulk", { movieFileIds: [file?.id] }],
      [`DELETE moviefile/${world.movie({ title: "Gone" }).file?.id}`],
      [`GET movie/${movie?.id}`],
      [`GET history/movie?movieId=${movie?.id}`],
      [`DELETE movie/${movie?.id}?deleteFiles=true&addImportExclusion=false`]
    ]
    for (const [route, body] of radarr) await call(world.radarr, route.replace(" ", " /api/v3/"), body)
    const sonarr: ReadonlyArray<readonly [string, unknown?]> = [
      ["GET series?includeSeasonImages=false"],
      [`GET series/${series?.id}`],
      [`GET episode?seriesId=${series?.id}&includeEpisodeFile=true`],
      [`GET episode?seriesId=${series?.id}&seasonNumber=1`],
      [`GET episode/${first?.episode?.id}`],
      [`GET queue/details?seriesId=${series?.id}`],
      [`GET history/series?seriesId=${series?.id}&seasonNumber=1&eventType=downloadFolderImported`],
      ["PUT episode/monitor", { episodeIds: [first?.episode?.id, third?.episode?.id], monitored: false }],
      [`GET episodefile?seriesId=${series?.id}`],
      [`GET episodefile?episodeFileIds=${first?.file?.id}&episodeFileIds=${third?.file?.id}`],
      [`GET episodefile/${first?.file?.id}`],
      ["DELETE episodefile/bulk", { episodeFileIds: [first?.file?.id, third?.file?.id] }],
      [`DELETE episodefile/${special.file?.id}`],
      [`GET history/series?seriesId=${series?.id}`],
      [`DELETE series/${series?.id}?deleteFiles=false&addImportListExclusion=false`]
    ]
    for (const [route, body] of sonarr) await call(world.sonarr, route.replace(" ", " /api/v3/"), body)
    const seerr: ReadonlyArray<string> = [
      "GET /status",
      "GET /auth/me",
      "GET /user?take=50&skip=0",
      "GET /request?take=50&skip=0&filter=all&sort=added&sortDirection=asc",
      `GET /request/${request}`,
      `DELETE /request/${request}`,
      "GET /media?take=50&filter=all",
      `DELETE /media/${media}/file?is4k=false`,
      `DELETE /media/${media}`
    ]
    for (const route of seerr) await call(world.seerr, route.replace(" ", " /api/v1"))

    assert.deepStrictEqual(world.violations(), [])
    for (const server of world.servers.values()) {
      const asked = new Set(server.calls.map(({ route }) => route))
      assert.deepStrictEqual(
        server.routes.filter((route) => !asked.has(route)),
        []
      )
      const refused = server.calls.filter(({ route, status }) => status >= 400 && route !== "GET /Users/Me")
      assert.deepStrictEqual(
        refused.map(({ path, status }) => `${status} ${path}`),
        []
      )
    }
  })

  it("do not allow what is asked or answered amiss, and `close` says so", async () => {
    const other = await startWorld({ validates: true })
    await call(other.jellyfin, "GET /Items?UserId=1")
    await call(other.sonarr, "PUT /api/v3/episode/monitor", { episodes: [1], monitored: false })
    await call(other.radarr, "DELETE /api/v3/moviefile/0/all")
    await call(other.seerr, "GET /api/v1/request?take=many")
    assert.deepStrictEqual(
      new Set(other.violations().map((one) => one.slice(one.indexOf(": ") + 2))),
      new Set([
        "there is no parameter UserId",
        "body must NOT have additional properties: episodes",
        "there is no such route",
        "parameter take must be number"
      ])
    )
    assert.isTrue(
      await other.close().then(
        () => false,
        (cause: unknown) => String(cause).includes("not as documented")
      )
    )
  })

  it("know a typing error in an answer of ours", () => {
    const asked = { method: "GET", path: "/api/v3/tag", query: new URLSearchParams() }
    const sonarr = contractOf("sonarr4k")
    assert.deepStrictEqual(sonarr?.response({ ...asked, status: 200, body: '[{"id":1,"label":"keep"}]' }), [])
    assert.deepStrictEqual(sonarr?.response({ ...asked, status: 200, body: '[{"id":1,"lable":"keep"}]' }), [
      "answer 200/0 must NOT have additional properties: lable"
    ])
  })
})

describe.skipIf(hasDocuments())("without the official OpenAPI documents", () => {
  it("the fakes are held against nothing", async () => {
    const world = await startWorld()
    await call(world.jellyfin, "GET /Items?UserId=1")
    assert.deepStrictEqual(world.violations(), [])
    await world.close()
  })
})
