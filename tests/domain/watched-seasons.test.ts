import { assert, describe, it } from "@effect/vitest"
import { ago, day, Home, keyOf, mediaId, now, policy, seasonKey, titles, unmet } from "./watched-rig.ts"

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

describe("scenario 23: seasons", () => {
  it("go as a whole, with every file and every episode", () => {
    const { home, series, judged } = show()
    assert.deepStrictEqual(titles(home.plan().goes), ["Andor, season 1", "Andor, season 2"])
    const { target } = judged(1)
    const first = series.episodes.filter(({ season }) => season === 1)
    assert.deepStrictEqual(
      target.episodeIds,
      first.map(({ id }) => id)
    )
    assert.deepStrictEqual(
      target.files.map(({ id }) => id),
      first.map(({ fileId }) => fileId)
    )
    assert.deepStrictEqual(home.plan().episodes, { watched: 6, eligible: 6, skipped: {} })
  })

  it("Maintainerr #2798: a half-watched season stays, and is said to be partly watched", () => {
    const { home, judged } = show()
    home.viewings.get("u1")?.delete("Andor S1E3@sonarr")
    assert.strictEqual(judged(1).conditions[0]?.value, "2 of 3 by admin")
    assert.deepStrictEqual(titles(home.plan().goes), ["Andor, season 2"])
    assert.deepStrictEqual(home.plan().episodes.skipped, { "partly watched": 2 })
  })

  it("stay until the last episode is past its grace", () => {
    const { home, judged } = show()
    home.watch("Andor S1E2@sonarr", ago(1))
    assert.deepStrictEqual([unmet(judged(1)), judged(1).eligibleAt], [["grace period"], ago(1) + policy.grace])
  })

  it("stay where an episode is unaired, has no date, or is missing", () => {
    for (const over of [
      { airsAt: now + day, missing: true },
      { airsAt: null, missing: true },
      { airsAt: now + 1 },
      { airsAt: null },
      { missing: true }
    ]) {
      const { home, series, judged } = show()
      home.episode(series, 1, 4, over)
      home.watchSeason(series, 1)
      assert.deepStrictEqual(unmet(judged(1)), ["season complete"], JSON.stringify(over))
      assert.isTrue(judged(2).eligible)
    }
  })

  it("stay where the arr names a file that it does not list", () => {
    const { series, judged } = show()
    series.files.splice(0, 1)
    assert.deepStrictEqual(unmet(judged(1)), ["season complete"])
  })

  it("gaining an episode after planning stay", () => {
    const { home, series, judged } = show()
    assert.isTrue(judged(1).eligible)
    home.episode(series, 1, 4)
    assert.deepStrictEqual(unmet(judged(1)), ["watched"])
  })

  it("the latest of a series that goes on stays; one that flips from ended to continuing too", () => {
    for (const status of ["continuing", "upcoming"] as const) {
      assert.deepStrictEqual([unmet(show(status).judged(1)), unmet(show(status).judged(2))], [[], ["latest season"]])
    }
    assert.isTrue(show("deleted").judged(2).eligible)
    const { series, judged } = show("ended")
    assert.isTrue(judged(2).eligible)
    series.status = "continuing"
    assert.deepStrictEqual(unmet(judged(2)), ["latest season"])
  })

  it("are not the latest once a later one is announced", () => {
    const { home, series, judged } = show("continuing")
    home.episode(series, 3, 1, { airsAt: null, missing: true })
    assert.isTrue(judged(2).eligible)
  })

  it("Maintainerr #3415: a missing season index maps by path only, and never to another season", () => {
    const { home, judged } = show()
    for (const item of home.items) item.season = null
    assert.deepStrictEqual([judged(1).target.mapping, judged(1).eligible], [{ by: "path" }, true])
    for (const item of home.items) item.paths = []
    assert.deepStrictEqual([unmet(judged(1))[0], judged(1).target.mapping], ["mapping", null])
    assert.deepStrictEqual(home.plan().goes, [])
  })

  it("specials one by one, whatever else the series does", () => {
    const { home, series } = show("continuing")
    home.season(series, 0, 3)
    home.watch(mediaId(series, 0, 2))
    const { goes } = home.plan()
    assert.deepStrictEqual(titles(goes), ["Andor, season 1", 'Andor, special 2 "S0E2"'])
    assert.strictEqual(goes[1]?.target.files.length, 1)
  })

  it("a file of two specials goes with both, or not at all", () => {
    const { home, series } = show()
    home.episode(series, 0, 1, { item: { lastEpisode: 2 } })
    home.episode(series, 0, 2, { sharesWith: 1 })
    assert.notInclude(titles(home.plan().goes), "Andor, specials 1 and 2")
    home.watch(mediaId(series, 0, 1))
    const special = home.plan().goes.find(({ target }) => target.kind === "special")
    assert.deepStrictEqual([special?.target.title, special?.target.episodeIds.length], ["Andor, specials 1 and 2", 2])
  })

  it("a file that two seasons share keeps both", () => {
    const { series, judged } = show()
    const [first, last] = [series.episodes[0], series.episodes.at(-1)]
    if (first !== undefined && last !== undefined) last.fileId = first.fileId
    assert.deepStrictEqual([judged(1).eligible, judged(2).eligible], [false, false])
    assert.include(unmet(judged(1)), "files")
  })
})

describe("scenario 24: doubtful watching", () => {
  it("re-downloaded or upgraded after it was watched, by either side's date, or by none", () => {
    for (const [file, item] of [
      [ago(9), ago(100)],
      [ago(100), ago(9)],
      [null, null]
    ] as const) {
      const home = new Home()
      const movie = home.movie("Dune", { addedAt: file, item: { addedAt: item } })
      home.watch("Dune@radarr")
      assert.deepStrictEqual(unmet(home.one(keyOf(movie))), ["same file"])
    }
  })

  it("with each of several who count, all must have watched this file", () => {
    const home = new Home()
    const movie = home.movie("Dune", { addedAt: ago(15) })
    home.watch("Dune@radarr", ago(20), "u2")
    home.watch("Dune@radarr", ago(10))
    assert.isTrue(home.one(keyOf(movie), { watchedBy: "any" }).eligible)
    assert.deepStrictEqual(unmet(home.one(keyOf(movie), { watchedBy: "all" })), ["same file"])
  })

  it("played without a date, and unknown runtime", () => {
    const undated = seen()
    undated.home.watch("Dune@radarr", null)
    assert.strictEqual(unmet(undated.judged())[0], "play date")
    for (const runtime of [null, 0]) {
      const home = new Home()
      const movie = home.movie("Dune", { item: { runtime } })
      home.watch("Dune@radarr")
      assert.deepStrictEqual(unmet(home.one(keyOf(movie))), ["runtime"])
    }
  })

  it("one doubtful episode holds its season", () => {
    const { home, judged } = show()
    home.watch("Andor S1E2@sonarr", null)
    assert.deepStrictEqual(unmet(judged(1)), ["play date", "same file"])
    assert.isTrue(judged(2).eligible)
  })
})
