import { assert, describe, it } from "@effect/vitest"
import { absent, known, unreadable } from "../../src/domain/fact.ts"
import { withoutKeepTag } from "../../src/domain/watchedProtections.ts"
import { ago, day, Home, keyOf, now, policy, seasonKey, titles, unmet } from "./watched-rig.ts"

/** A movie that the primary user watched ten days ago. */
const seen = () => {
  const home = new Home()
  const movie = home.movie("Dune")
  home.watch("Dune@radarr")
  return { home, movie, judged: () => home.one(keyOf(movie)) }
}
/** Two seasons of three, watched ten days ago; the series has ended. */
const show = (status: "ended" | "continuing" | "upcoming" | "deleted" = "ended") => {
  const home = new Home()
  const series = home.show("Andor", { status })
  for (const season of [1, 2]) {
    home.season(series, season, 3)
    home.watchSeason(series, season)
  }
  return { home, series, judged: (season: number) => home.one(seasonKey(series, season)) }
}

describe("a movie that was watched", () => {
  it("goes once its grace period is over, by the arr's own file", () => {
    const { home, movie, judged } = seen()
    const { goes, stays, stopped, share, movies } = home.plan()
    assert.deepStrictEqual([titles(goes), titles(stays), stopped], [["Dune (2020)"], [], []])
    assert.deepStrictEqual(goes[0]?.target.files, movie.file === null ? [] : [movie.file])
    assert.deepStrictEqual(goes[0]?.target.mediaIds, ["Dune@radarr"])
    assert.deepStrictEqual([judged().rule, judged().eligibleAt, judged().bytes], ["watched", ago(5), 1000])
    assert.isTrue(judged().conditions.every(({ met }) => met))
    assert.deepStrictEqual(share, { eligible: 1, of: 1 })
    assert.deepStrictEqual(movies, { watched: 1, eligible: 1, skipped: {} })
  })

  it("waits for the end of its grace period to the millisecond, and says when that is", () => {
    const { home, movie } = seen()
    const end = ago(10) + policy.grace
    const before = home.one(keyOf(movie), {}, end - 1)
    assert.deepStrictEqual([before.eligible, unmet(before), before.eligibleAt], [false, ["grace period"], end])
    assert.isTrue(home.one(keyOf(movie), {}, end).eligible)
    assert.deepStrictEqual(home.plan({}, end - 1).movies.skipped, { "grace period": 1 })
  })

  it("starts its grace period again when it is watched again", () => {
    const { home, judged } = seen()
    home.watch("Dune@radarr", ago(1))
    assert.deepStrictEqual(unmet(judged()), ["grace period"])
  })

  it("is explained when nobody has watched it", () => {
    const home = new Home()
    const movie = home.movie("Dune")
    const judged = home.one(keyOf(movie))
    assert.deepStrictEqual([judged.rule, judged.eligible, judged.eligibleAt], [null, false, null])
    assert.strictEqual(judged.conditions[0]?.value, "never by admin")
    assert.deepStrictEqual(home.plan().stays, [])
  })

  it("is no matter of ours without a file", () => {
    const { home, movie } = seen()
    movie.file = null
    assert.deepStrictEqual(home.all(), [])
  })
})

describe("scenario 19: the clock jumps", () => {
  it("backwards: what was watched in the future stays, and nothing goes early", () => {
    const { home, movie } = seen()
    const judged = home.one(keyOf(movie), {}, ago(4000))
    assert.isFalse(judged.eligible)
    assert.include(unmet(judged), "play date")
  })

  it("forwards by years: every season at once is for the fuse, and a date in the future is kept for ever", () => {
    const { home, judged } = seen()
    home.watch("Dune@radarr", now + 4000 * day)
    assert.deepStrictEqual(unmet(judged()), ["play date", "grace period"])
    home.watch("Dune@radarr", Number.NaN)
    assert.include(unmet(judged()), "play date")
  })

  it("a summer's hour more or less does not count: periods are milliseconds", () => {
    const at = Date.UTC(2026, 2, 28, 3)
    const home = new Home()
    const movie = home.movie("Dune", { addedAt: at - 1, item: { addedAt: at - 1 } })
    home.watch("Dune@radarr", at)
    assert.strictEqual(home.one(keyOf(movie), {}, at + 5 * day).eligibleAt, at + 5 * day)
    assert.deepStrictEqual(unmet(home.one(keyOf(movie), {}, at + 5 * day - 1)), ["grace period"])
  })
})

describe("scenario 21: whose watching counts", () => {
  const cases = [
    ["primary", ["u1"], true],
    ["primary", ["u2"], false],
    ["any", ["u2"], true],
    ["any", [], false],
    ["all", ["u1"], false],
    ["all", ["u1", "u2"], true],
    [["anna"], ["u1"], false],
    [["Anna"], ["u2"], true],
    [["admin", "anna"], ["u2"], false]
  ] as const
  it.each(cases)("%s, watched by %s: %s", (watchedBy, by, goes) => {
    const home = new Home()
    const movie = home.movie("Dune")
    for (const viewer of by) home.watch("Dune@radarr", ago(10), viewer)
    assert.strictEqual(home.one(keyOf(movie), { watchedBy }).eligible, goes)
  })

  it("an unknown user stops the run: the primary one renamed, a named one deleted, no user at all", () => {
    const { home } = seen()
    for (const over of [{ primaryUser: "root" }, { watchedBy: ["admin", "ben"] }]) {
      const { goes, stopped, share } = home.plan(over)
      assert.deepStrictEqual([goes.length, stopped.length, share.eligible], [0, 1, 0])
    }
    home.viewers = []
    for (const watchedBy of ["all", "any"] as const) {
      const { goes, stopped, share } = home.plan({ watchedBy })
      assert.deepStrictEqual([goes.length, stopped, share.eligible], [0, ["Jellyfin lists no user"], 0])
    }
  })

  it("a user whose viewings were not read stops the run", () => {
    const { home } = seen()
    home.viewings.delete("u2")
    assert.deepStrictEqual([home.plan().stopped, home.plan().goes], [['what "anna" has watched is not known'], []])
  })

  it("the grace period is that of the last of those who count", () => {
    const { home, movie } = seen()
    home.watch("Dune@radarr", ago(2), "u2")
    assert.isTrue(home.one(keyOf(movie)).eligible)
    for (const watchedBy of ["any", "all", ["admin", "anna"]] as const) {
      assert.deepStrictEqual(unmet(home.one(keyOf(movie), { watchedBy })), ["grace period"])
    }
  })

  it("somebody plays it now, at the level of the item or of its series", () => {
    const { home, judged } = seen()
    home.playing.set("Dune@radarr", ["anna"])
    assert.deepStrictEqual(unmet(judged()), ["playing now"])
    const tv = show()
    tv.home.playing.set("Andor", ["anna"])
    assert.deepStrictEqual([unmet(tv.judged(1)), unmet(tv.judged(2))], [["playing now"], ["playing now"]])
  })

  it("a favourite of anyone keeps an item, its season, or all seasons of its series", () => {
    const { home, judged } = seen()
    home.favourites.set("Dune@radarr", ["anna"])
    assert.deepStrictEqual(unmet(judged()), ["favourite"])
    for (const [id, kept] of [
      ["Andor S1E2@sonarr", [1]],
      ["Andor S2", [2]],
      ["Andor", [1, 2]]
    ] as const) {
      const tv = show()
      tv.home.favourites.set(id, [])
      const stays = [1, 2].filter((season) => unmet(tv.judged(season))[0] === "favourite")
      assert.deepStrictEqual(stays, [...kept])
    }
  })

  it("who asked for it has not seen it, or is not known", () => {
    for (const who of ["u2", "u9", null]) {
      const { home, movie } = seen()
      home.request("movie", movie.ids, who)
      assert.deepStrictEqual(unmet(home.one(keyOf(movie))), ["request"])
      assert.isTrue(home.one(keyOf(movie), { requesterFirst: false }).eligible)
      home.watch("Dune@radarr", ago(7), "u2")
      assert.strictEqual(home.one(keyOf(movie)).eligible, who === "u2")
    }
    const other = seen()
    other.home.items.forEach((item) => Object.assign(item, { ids: { tmdb: "Dune-tmdb", imdb: "tt1" } }))
    other.home.request("movie", { imdb: "TT1" }, "u2")
    assert.deepStrictEqual(unmet(other.judged()), ["request"])
    const tv = show()
    tv.home.request("tv", tv.series.ids, "u2", [2])
    assert.deepStrictEqual([unmet(tv.judged(1)), unmet(tv.judged(2))], [[], ["request"]])
    assert.strictEqual(tv.judged(2).target.requestIds.length, 1)
  })

  it("what is next for somebody keeps its season only", () => {
    const { home, judged } = show()
    home.nextUp.set("Andor S2E1@sonarr", ["anna"])
    assert.deepStrictEqual([unmet(judged(1)), unmet(judged(2))], [[], ["next up"]])
  })
})

describe("scenario 25: tags and the queue", () => {
  it("the keep tag keeps, in any capitals, and decides before all else", () => {
    const { movie, judged } = seen()
    movie.tags = known(["Other", "KEEP"], "Radarr", now)
    assert.deepStrictEqual(unmet(judged()), ["keep tag"])
    movie.tags = known(["keeper"], "Radarr", now)
    assert.isTrue(judged().eligible)
  })

  it("tags that cannot be read, or are not there, stop the run", () => {
    for (const tags of [unreadable<ReadonlyArray<string>>("Radarr", now, "500"), absent("Radarr", now)]) {
      const { home, movie } = seen()
      home.movie("Other")
      home.watch("Other@radarr")
      movie.tags = tags
      assert.deepStrictEqual([home.plan().goes, home.plan().stopped.length], [[], 1])
      assert.strictEqual(unmet(home.one(keyOf(movie)))[0], "keep tag")
    }
  })

  it("a keep tag that was renamed or removed is missed in each arr that lacks it", () => {
    const labels = new Map([
      ["radarr", ["hd", "Keep"]],
      ["sonarr", ["kept"]],
      ["sonarr4k", []]
    ] as const)
    assert.deepStrictEqual(withoutKeepTag(labels, "keep"), ["sonarr", "sonarr4k"])
  })

  it("what is in the queue stays: the movie, or the season of the episode", () => {
    const { movie, judged } = seen()
    movie.queued = true
    assert.deepStrictEqual(unmet(judged()), ["download queue"])
    const tv = show()
    tv.series.queued.add(tv.series.episodes[1]?.id ?? -1)
    assert.deepStrictEqual([unmet(tv.judged(1)), unmet(tv.judged(2))], [["download queue"], []])
  })
})
