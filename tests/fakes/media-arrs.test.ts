import { existsSync, renameSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { at, call, rows } from "./media/client.ts"
import { startWorld, type World } from "./media/world.ts"

const bulk = "DELETE /api/v3/episodefile/bulk"

describe("the fake Radarr and Sonarr", () => {
  let world: World
  beforeEach(async () => {
    world = await startWorld({ arrs: ["radarr", "sonarr", "sonarr4k"], seerr: false })
  })
  afterEach(() => world.close())

  it("refuse a wrong key", async () => {
    for (const server of [world.radarr, world.sonarr]) {
      assert.strictEqual((await call(server, "GET /api/v3/tag", undefined, { "x-api-key": "no" })).status, 401)
      assert.strictEqual((await call(server, `GET /api/v3/tag?apikey=${server.key}`, undefined, {})).status, 200)
    }
  })

  it("unmonitor a film, and delete its file from the disk and from the list", async () => {
    const film = world.movie({ title: "Film", tags: ["keep"] })
    const other = world.movie({ title: "Other" })
    const body = { movieIds: [film.movie?.id], monitored: false }
    const answer = await call(world.radarr, "PUT /api/v3/movie/editor", body)
    assert.strictEqual(answer.status, 202)
    assert.strictEqual(at(answer.value, 0, "monitored"), false)
    assert.strictEqual((await call(world.radarr, `DELETE /api/v3/moviefile/${film.file?.id}`)).status, 200)
    assert.isFalse(existsSync(film.path ?? ""))
    assert.isTrue(existsSync(other.path ?? ""))
    const now = await call(world.radarr, `GET /api/v3/movie/${film.movie?.id}`)
    assert.strictEqual(at(now.value, "hasFile"), false)
    assert.strictEqual(at(now.value, "movieFile"), undefined)
    assert.deepStrictEqual(at(now.value, "tags"), [world.tag("radarr", "keep")])
    assert.strictEqual((await call(world.radarr, `DELETE /api/v3/moviefile/${film.file?.id}`)).status, 404)
  })

  it("do not unmonitor what was deleted, unless set", async () => {
    const film = world.movie({ title: "Film" })
    await call(world.radarr, "DELETE /api/v3/moviefile/bulk", { movieFileIds: [film.file?.id] })
    assert.isTrue(film.movie?.monitored)
  })

  it("show no file of an episode unless asked", async () => {
    const show = world.series({ title: "Show", seasons: { 1: 2 } })
    const path = `GET /api/v3/episode?seriesId=${show.series?.id}`
    const bare = await call(world.sonarr, path)
    assert.strictEqual(at(bare.value, 0, "episodeFile"), undefined)
    assert.strictEqual(at(bare.value, 0, "hasFile"), true)
    const full = await call(world.sonarr, `${path}&includeEpisodeFile=true`)
    assert.strictEqual(at(full.value, 0, "episodeFile", "path"), show.episode(1, 1).path)
    assert.strictEqual((await call(world.sonarr, "GET /api/v3/episode")).status, 400)
    assert.deepStrictEqual((await call(world.sonarr, "GET /api/v3/episode?seriesId=987654")).value, [])
    assert.strictEqual((await call(world.sonarr, "GET /api/v3/episodefile?seriesId=987654")).status, 404)
  })

  it("delete a season in one call, and nothing else", async () => {
    const show = world.series({ title: "Show", seasons: { 1: { episodes: [{ episode: 1, last: 2 }] }, 2: 1 } })
    const [double] = show.season(1).episodes
    const ids = show.season(1).episodes.map(({ episode }) => episode?.id)
    const answer = await call(world.sonarr, "PUT /api/v3/episode/monitor", { episodeIds: ids, monitored: false })
    assert.strictEqual(answer.status, 202)
    assert.deepStrictEqual(
      rows(answer.value).map((row) => at(row, "monitored")),
      [false, false]
    )
    assert.strictEqual((await call(world.sonarr, bulk, { episodeFileIds: [double?.file?.id] })).status, 200)
    assert.isFalse(existsSync(double?.path ?? ""))
    assert.isTrue(existsSync(show.episode(2, 1).path ?? ""))
    assert.deepStrictEqual(
      show.season(1).episodes.map(({ episode }) => [episode?.fileId, episode?.monitored]),
      [
        [0, false],
        [0, false]
      ]
    )
    assert.isTrue(show.episode(2, 1).episode?.monitored)
  })

  it("throw on an empty list, and on an id that they do not have, before anything is deleted", async () => {
    const show = world.series({ title: "Show", seasons: { 1: 1 } })
    assert.strictEqual((await call(world.sonarr, bulk, { episodeFileIds: [] })).status, 500)
    const ids = [show.episode(1, 1).file?.id, 987_654]
    assert.strictEqual((await call(world.sonarr, bulk, { episodeFileIds: ids })).status, 500)
    assert.strictEqual((await call(world.radarr, "DELETE /api/v3/moviefile/bulk", { movieFileIds: [] })).status, 500)
    assert.isTrue(existsSync(show.episode(1, 1).path ?? ""))
  })

  it("take the series of the first file for all: the second's stays on the disk, and its record goes", async () => {
    const one = world.series({ title: "One", seasons: { 1: 1 } })
    const two = world.series({ title: "Two", seasons: { 1: 1 } })
    const ids = [two.episode(1, 1).file?.id, one.episode(1, 1).file?.id]
    assert.strictEqual((await call(world.sonarr, bulk, { episodeFileIds: ids })).status, 200)
    assert.isFalse(existsSync(one.episode(1, 1).path ?? ""))
    assert.isTrue(existsSync(two.episode(1, 1).path ?? ""))
    assert.strictEqual(two.episode(1, 1).episode?.fileId, 0)
  })

  it("refuse with 409 while the root folder is missing or empty, and believe a title's folder to be gone", async () => {
    const show = world.series({ title: "Show", seasons: { 1: 1 } })
    const root = join(world.folder, "tv")
    const ids = { episodeFileIds: [show.episode(1, 1).file?.id] }
    renameSync(root, `${root}-away`)
    assert.strictEqual((await call(world.sonarr, bulk, ids)).status, 409)
    const gone = await call(world.sonarr, "GET /api/v3/rootfolder")
    assert.deepStrictEqual([at(gone.value, 0, "accessible"), at(gone.value, 0, "freeSpace")], [false, undefined])
    renameSync(`${root}-away`, root)
    for (const name of readdirSync(root)) renameSync(join(root, name), join(world.folder, name))
    assert.strictEqual((await call(world.sonarr, bulk, ids)).status, 409)
    assert.notStrictEqual(show.episode(1, 1).episode?.fileId, 0)
    world.series({ title: "Another", seasons: { 1: 1 } })
    assert.strictEqual((await call(world.sonarr, bulk, ids)).status, 200)
    assert.strictEqual(show.episode(1, 1).episode?.fileId, 0)
    assert.isTrue(existsSync(join(world.folder, "Show/Season 01/Show S01E01.mkv")))
  })

  it("know what is being downloaded and what it came from", async () => {
    const hash = "ab".repeat(20)
    const film = world.movie({ title: "Film", file: { hash } })
    const show = world.series({ title: "Show", seasons: { 1: { episodes: 2, file: { hash } }, 2: 1 } })
    world.queue(film)
    world.queue(show, 2, 1)
    const queue = await call(world.radarr, "GET /api/v3/queue?page=1&pageSize=100")
    assert.strictEqual(at(queue.value, "records", 0, "movieId"), film.movie?.id)
    const details = await call(world.sonarr, `GET /api/v3/queue/details?seriesId=${show.series?.id}`)
    assert.strictEqual(at(details.value, 0, "episodeId"), show.episode(2, 1).episode?.id)
    const history = await call(world.radarr, `GET /api/v3/history/movie?movieId=${film.movie?.id}`)
    assert.strictEqual(at(history.value, 0, "downloadId"), hash.toUpperCase())
    assert.strictEqual(at(history.value, 0, "data", "fileId"), String(film.file?.id))
    const season = await call(
      world.sonarr,
      `GET /api/v3/history/series?seriesId=${show.series?.id}&seasonNumber=1&eventType=downloadFolderImported`
    )
    assert.deepStrictEqual(
      rows(season.value).map((row) => at(row, "downloadId")),
      [hash.toUpperCase(), hash.toUpperCase()]
    )
    const paged = await call(
      world.sonarr,
      "GET /api/v3/history?page=2&pageSize=4&sortKey=date&sortDirection=descending"
    )
    assert.strictEqual(at(paged.value, "totalRecords"), 6)
    assert.strictEqual(rows(at(paged.value, "records")).length, 2)
  })

  it("have another record of a file that came anew, which Jellyfin shows as watched all the same", async () => {
    const before = Date.UTC(2026, 0, 1)
    const film = world.movie({ title: "Film", watchedBy: { admin: before }, added: before - 1000 })
    world.replace(film, before + 1000)
    assert.notStrictEqual(film.movie?.fileId, film.file?.id)
    assert.strictEqual((await call(world.radarr, `GET /api/v3/moviefile/${film.file?.id}`)).status, 404)
    const now = await call(world.radarr, `GET /api/v3/moviefile?movieId=${film.movie?.id}`)
    assert.strictEqual(at(now.value, 0, "dateAdded"), "2026-01-01T00:00:01Z")
    assert.strictEqual(film.item?.created, before + 1000)
    assert.isTrue([...(film.item?.data.values() ?? [])][0]?.played)
  })

  it("count what a season has on the disk, and what is to come", async () => {
    const soon = Date.now() + 86_400_000
    world.series({
      title: "Show",
      status: "continuing",
      seasons: { 1: { episodes: [{ episode: 1 }, { episode: 2, file: null }, { episode: 3, file: null, airs: soon }] } }
    })
    const [series] = rows((await call(world.sonarr, "GET /api/v3/series")).value)
    const statistics = at(series, "seasons", 0, "statistics")
    assert.deepStrictEqual(
      ["episodeFileCount", "episodeCount", "totalEpisodeCount", "sizeOnDisk"].map((key) => at(statistics, key)),
      [1, 2, 3, 1_000_000]
    )
    assert.isString(at(statistics, "nextAiring"))
    assert.deepStrictEqual(rows((await call(world.arr("sonarr4k"), "GET /api/v3/series")).value), [])
  })
})
