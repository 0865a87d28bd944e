import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Trouble } from "../fakes/media/server.ts"
import type { ServiceName } from "../fakes/media/state.ts"
import { day, type HttpRig, isThere, outcomes, reasons, withRig } from "./watched-http-rig.ts"

const users = ["admin", "anna"]

/** A film and a season that may go, and enough that stays. */
const library = (rig: HttpRig) => {
  rig.others()
  const film = rig.film("Dune")
  const show = rig.show("Andor", 2, [1])
  rig.world.request(film, "admin")
  return { film, show, first: show.season(1).episodes, second: show.season(2).episodes }
}

const untouched = (rig: HttpRig, { film, first, second }: ReturnType<typeof library>) => {
  assert.deepStrictEqual(rig.changes(), [])
  for (const { path } of [film, ...first, ...second]) assert.isTrue(isThere(path))
}

describe("watched over HTTP, as documented", { timeout: 60_000 }, () => {
  it.live("retires, one call a series to delete, closes the request, and has nothing to do then", () =>
    withRig(
      { users },
      Effect.fnUntraced(function* (rig) {
        const { film, first, second } = library(rig)
        const other = rig.show("Severance", 1, [1])
        const report = yield* rig.retire()
        assert.deepStrictEqual(outcomes(report), {
          "Dune (2020)": "retired",
          "Andor, season 1": "retired",
          "Severance, season 1": "retired"
        })
        for (const { path } of [film, ...first, ...other.season(1).episodes]) assert.isFalse(isThere(path))
        for (const { path } of second) assert.isTrue(isThere(path))
        // Loss story: a bulk delete of mixed series takes the folder of the first one for all of them.
        const bulk = rig.changes().filter(({ route }) => route === "DELETE /api/v3/episodefile/bulk")
        assert.deepStrictEqual(
          bulk.map(({ body }) => JSON.stringify(body)).toSorted(),
          [first, other.season(1).episodes]
            .map((parts) => JSON.stringify({ episodeFileIds: parts.map(({ file }) => file?.id) }))
            .toSorted()
        )
        assert.strictEqual(rig.world.state.seerr.media.size, 0)
        assert.deepStrictEqual(outcomes(yield* rig.retire()), {})
      })
    )
  )

  const troubles: Readonly<Record<string, Trouble>> = {
    "scenario 1: 503": { kind: "status", status: 503 },
    "HTML instead of JSON": { kind: "html" },
    "200 with nothing": { kind: "empty" },
    "a connection that ends half-way": { kind: "cut" },
    "a wrong key": { kind: "status", status: 401 },
    "a 404 of a proxy": { kind: "status", status: 404, body: "<html>not found</html>" }
  }
  const reads: ReadonlyArray<readonly [ServiceName, string]> = [
    ["jellyfin", "GET /Users"],
    ["jellyfin", "GET /Items"],
    ["jellyfin", "GET /Shows/NextUp"],
    ["jellyfin", "GET /Sessions"],
    ["radarr", "GET /api/v3/movie"],
    ["radarr", "GET /api/v3/tag"],
    ["radarr", "GET /api/v3/queue"],
    ["sonarr", "GET /api/v3/series"],
    ["sonarr", "GET /api/v3/episode"],
    ["sonarr", "GET /api/v3/queue"],
    ["seerr", "GET /request"]
  ]
  for (const [what, trouble] of Object.entries(troubles)) {
    it.live(`${what} at any listing is unreadable, never absent: nothing goes`, () =>
      withRig(
        { users },
        Effect.fnUntraced(function* (rig) {
          const titles = library(rig)
          for (const [service, route] of reads) {
            rig.world.servers.get(service)?.fail(trouble, { route, times: 1000 })
            const error = yield* Effect.flip(rig.attempt())
            assert.match(String("message" in error ? error.message : error), /cannot be read/, `${service} ${route}`)
            for (const { key } of rig.world.servers.values()) assert.notInclude(JSON.stringify(error), key)
            untouched(rig, titles)
            for (const server of rig.world.servers.values()) server.heal()
          }
          assert.strictEqual(Object.values(outcomes(yield* rig.retire())).filter((one) => one === "retired").length, 2)
        })
      )
    )
  }

  it.live("a time-out is not 'not tracked' (Maintainerr 3125, 3128), and one that passes is got over", () =>
    withRig(
      { users },
      Effect.fnUntraced(function* (rig) {
        const titles = library(rig)
        yield* rig.retire(true)
        rig.patience = { timeout: "1 second", firstRetry: "5 millis" }
        for (const [service, route] of [
          ["sonarr", "GET /api/v3/episode"],
          ["jellyfin", "GET /Items"]
        ] as const) {
          rig.world.servers.get(service)?.fail({ kind: "hang" }, { route, times: 1000 })
          assert.match(String(yield* Effect.flip(rig.attempt())), /no complete answer within/)
          rig.world.servers.get(service)?.heal()
        }
        untouched(rig, titles)
        rig.patience = { timeout: "10 seconds", firstRetry: "5 millis" }
        rig.world.sonarr.fail({ kind: "status", status: 503 }, { route: "GET /api/v3/series" })
        assert.strictEqual((yield* rig.retire()).stopped, null)
        assert.isFalse(isThere(titles.film.path))
      })
    )
  )

  it.live("an empty page is not the end of a library (Maintainerr 3318), and pages that move are read again", () =>
    withRig(
      { users, writesFiles: false, validates: false },
      Effect.fnUntraced(function* (rig) {
        rig.world.populate({ movies: 2300, episodes: 0, watchedEach: 100 })
        const { jellyfin } = rig.world
        jellyfin.onPage("GET /Items", (page) => (page.start === 1000 ? { ...page, items: [] } : page), { times: 1000 })
        assert.match(String(yield* Effect.flip(rig.attempt(true))), /paging changed .* page before the end .* empty/)
        jellyfin.heal()
        jellyfin.onPage("GET /Items", (page) => ({ ...page, total: page.total - page.start / 1000 }), { times: 1000 })
        assert.match(String(yield* Effect.flip(rig.attempt(true))), /do not agree/)
        jellyfin.heal()
        // Once only: a title came while the pages were read.
        jellyfin.onPage("GET /Items", (page) => ({ ...page, items: page.items.slice(1) }), { after: 2 })
        assert.strictEqual((yield* rig.retire(true)).share.eligible, 23)
        // What was believed and is gone: 200 with an empty list.
        yield* rig.retire(undefined)
        jellyfin.onPage("GET /Items", (page) => ({ ...page, items: [], total: 0 }), { times: 1000 })
        const report = yield* rig.retire()
        assert.match(report.stopped ?? "", /Jellyfin lists 0 titles/)
      })
    )
  )

  it.live("scenario 21: an unknown primary user, a key without users, and users that are gone stop a run", () =>
    withRig(
      { users },
      Effect.fnUntraced(function* (rig) {
        const titles = library(rig)
        rig.settings = { primaryUser: "ghost" }
        assert.match((yield* rig.retire(false)).stopped ?? "", /Jellyfin has no user "ghost"/)
        rig.settings = {}
        rig.world.state.jellyfin.keyHasNoUser = true
        const error = yield* Effect.flip(rig.attempt())
        assert.match(String(error), /no data of the user/)
        rig.world.state.jellyfin.keyHasNoUser = false
        untouched(rig, titles)
        rig.world.jellyfin.onRequest("GET /Users", () => rig.world.state.jellyfin.users.clear(), { after: 1 })
        const gone = yield* rig.retire()
        assert.match(gone.stopped ?? "", /no user/)
        untouched(rig, titles)
      })
    )
  )

  it.live("scenario 25: 409, since the root folder is empty: undone, monitored again, and done in the next run", () =>
    withRig(
      { users },
      Effect.fnUntraced(function* (rig) {
        const { first } = library(rig)
        const root = join(rig.world.folder, "tv")
        const away = () => {
          renameSync(root, `${root}.away`)
          mkdirSync(root)
        }
        rig.world.sonarr.onRequest("DELETE /api/v3/episodefile/bulk", away)
        const report = yield* rig.retire()
        assert.match(reasons(report)["Andor, season 1"] ?? "", /root folder is missing or empty/)
        for (const { episode } of first) assert.isTrue(episode?.monitored)
        assert.strictEqual(outcomes(report)["Dune (2020)"], "retired")
        renameSync(`${root}.away`, `${root}.back`)
        yield* Effect.sync(() => renameSync(root, `${root}.empty`))
        renameSync(`${root}.back`, root)
        for (const { path } of first) assert.isTrue(isThere(path))
        assert.strictEqual(outcomes(yield* rig.retire())["Andor, season 1"], "retired")
      })
    )
  )

  for (const kind of ["lost", "refusedAfter"] as const) {
    it.live(`scenario 25: a delete that was carried out, and ${kind === "lost" ? "no answer came" : "500"}`, () =>
      withRig(
        { users },
        Effect.fnUntraced(function* (rig) {
          const { film } = library(rig)
          rig.world.radarr.fail({ kind }, { route: "DELETE /api/v3/moviefile/{id}" })
          yield* rig.retire()
          yield* rig.retire()
          assert.isFalse(isThere(film.path))
          assert.isFalse(film.movie?.monitored)
          const { open, retired } = yield* rig.rows()
          assert.deepStrictEqual(open, [])
          assert.strictEqual(retired.filter(({ title }) => title.startsWith("Dune")).length, 1)
        })
      )
    )
  }

  it.live("scenario 25: a library file that a torrent links goes, the torrent's own stays", () =>
    withRig(
      { users },
      Effect.fnUntraced(function* (rig) {
        rig.others()
        const payload = join(rig.world.folder, "payload.mkv")
        writeFileSync(payload, "seeding")
        const film = rig.world.movie({
          title: "Linked",
          watchedBy: { admin: rig.began - 10 * day },
          file: { hardlinkOf: payload, size: 7, hash: "c".repeat(40) }
        })
        const report = yield* rig.retire()
        assert.strictEqual(outcomes(report)["Linked (2020)"], "retired")
        assert.isFalse(isThere(film.path))
        assert.strictEqual(readFileSync(payload, "utf8"), "seeding")
        assert.deepStrictEqual((yield* rig.rows()).retired[0]?.hashes, ["c".repeat(40)])
        assert.strictEqual(report.freedBytes, 0)
      })
    )
  )
})
