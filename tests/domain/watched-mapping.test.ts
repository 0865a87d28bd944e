import { assert, describe, it } from "@effect/vitest"
import { ago, Home, keyOf, mediaId, seasonKey, titles, unmet } from "./watched-rig.ts"

const watchedMovie = (over: Parameters<Home["movie"]>[1] = {}) => {
  const home = new Home()
  const movie = home.movie("Dune", over)
  home.watch("Dune@radarr")
  return { home, movie, judged: () => home.one(keyOf(movie)) }
}
const watchedShow = () => {
  const home = new Home()
  const series = home.show("Andor")
  home.season(series, 1, 2)
  home.watchSeason(series, 1)
  const [first, second] = home.items
  if (first === undefined || second === undefined) throw new Error("there are not two items")
  return { home, series, first, second, judged: () => home.one(seasonKey(series, 1)) }
}

describe("a movie and its media item", () => {
  it("are matched by ids and path, by ids, or by path; both are recorded", () => {
    assert.deepStrictEqual(watchedMovie().judged().target.mapping, { by: "ids and path" })
    const other = watchedMovie({ item: { paths: ["/elsewhere.mkv"] } }).judged()
    assert.deepStrictEqual([other.target.mapping, other.eligible], [{ by: "ids" }, true])
    for (const ids of [{}, { tmdb: "" }, { tmdb: "0" }, { imdb: "tt1" }]) {
      const judged = watchedMovie({ item: { ids } }).judged()
      assert.deepStrictEqual([judged.target.mapping, judged.eligible], [{ by: "path" }, true])
    }
  })

  it("that are not to be found stay, and are reported", () => {
    const { home, judged } = watchedMovie({ item: { ids: {}, paths: ["/elsewhere.mkv"] } })
    assert.deepStrictEqual(
      [unmet(judged())[0], home.plan().unclear.map(({ trouble }) => trouble)],
      ["mapping", ["unmapped"]]
    )
  })

  it("that disagree are ambiguous: another id at the path, or one shared id and one that differs", () => {
    for (const [ours, theirs] of [
      [{ tmdb: "1" }, { tmdb: "2" }],
      [
        { tmdb: "1", imdb: "tt1" },
        { tmdb: "1", imdb: "tt2" }
      ]
    ]) {
      const { home, movie, judged } = watchedMovie({ item: { ids: theirs ?? {} } })
      movie.ids = ours ?? {}
      assert.deepStrictEqual([judged().eligible, judged().target.mapping], [false, null])
      assert.deepStrictEqual(
        home.plan().unclear.map(({ trouble }) => trouble),
        ["ambiguous"]
      )
    }
  })

  it("whose path is one item's and whose ids are another's are ambiguous", () => {
    const { home, judged } = watchedMovie({ item: { ids: {} } })
    home.item({ id: "other", kind: "movie", ids: { tmdb: "Dune-tmdb" }, paths: ["/other.mkv"] })
    home.watch("other")
    assert.strictEqual(unmet(judged())[0], "mapping")
  })

  it("of which one arr has two titles are ambiguous, by ids or by the paths of the item; of two arrs they are not", () => {
    const twice = watchedMovie()
    const rival = twice.home.movie("Rival", { item: null })
    rival.ids = { tmdb: "Dune-tmdb" }
    rival.file = null
    assert.strictEqual(unmet(twice.judged())[0], "mapping")
    rival.arr = "radarr4k"
    assert.isTrue(twice.judged().eligible)

    const { home, movie } = watchedMovie()
    const second = home.movie("Second", { item: null })
    const [item] = home.items
    if (item !== undefined && second.file !== null) item.paths = [...item.paths, second.file.path]
    assert.strictEqual(unmet(home.one(keyOf(movie)))[0], "mapping")
    assert.strictEqual(unmet(home.one(keyOf(second)))[0], "mapping")
  })

  it("of two items by ids: the path tells which; without it they have to agree", () => {
    const { home, judged } = watchedMovie()
    const [item] = home.items
    home.item({ id: "4k", kind: "movie", ids: { tmdb: "Dune-tmdb" }, paths: ["/4k.mkv"] })
    assert.deepStrictEqual([judged().eligible, judged().target.mediaIds], [true, ["Dune@radarr"]])
    home.favourites.set("4k", ["anna"])
    assert.deepStrictEqual(unmet(judged()), ["favourite"])
    home.favourites.clear()
    if (item !== undefined) item.paths = ["/moved.mkv"]
    assert.include(judged().conditions[0]?.value ?? "", "disagree")
    home.watch("4k")
    assert.deepStrictEqual([judged().eligible, judged().target.mediaIds], [true, ["4k", "Dune@radarr"]])
  })

  it("whose path another arr has too keep it", () => {
    const { home, movie, judged } = watchedMovie()
    const copy = home.movie("Dune", { arr: "radarr4k", item: null })
    copy.file = movie.file === null ? null : { ...movie.file }
    assert.deepStrictEqual([unmet(judged()), home.plan().goes], [["files"], []])
  })
})

describe("scenario 22: files and episodes that are not one to one", () => {
  const double = (item: object, second = false) => {
    const home = new Home()
    const series = home.show("Andor")
    home.episode(series, 1, 1, { item })
    home.episode(series, 1, 2, { sharesWith: 1 })
    if (second) {
      const [one] = home.items
      if (one !== undefined) home.item({ ...one, id: "second", episode: 2, lastEpisode: 2 })
    }
    return { home, judged: () => home.one(seasonKey(series, 1)), first: mediaId(series, 1, 1) }
  }

  it("one item for a double-episode file: watched is both, and it is one file", () => {
    for (const item of [{ lastEpisode: 2 }, { lastEpisode: 1 }, { lastEpisode: null }]) {
      const { home, judged, first } = double(item)
      assert.isFalse(judged().eligible)
      home.watch(first)
      assert.deepStrictEqual([judged().eligible, judged().target.files.length, judged().watched], [true, 1, 2])
    }
  })

  it("an item each for a double-episode file: half watched is not watched", () => {
    const { home, judged, first } = double({}, true)
    home.watch(first)
    assert.deepStrictEqual([unmet(judged()), judged().watched], [["watched"], 1])
    home.watch("second")
    assert.isTrue(judged().eligible)
  })

  it("two files for one episode: the one that the arr knows counts, and only that one goes", () => {
    const { home, series, first, judged } = watchedShow()
    home.item({ ...first, id: "second", paths: ["/Andor/S01E01.720p.mkv"] })
    assert.deepStrictEqual([judged().eligible, judged().target.files], [true, series.files])
    home.watch(first.id, ago(10), "u1", false)
    home.watch("second")
    assert.deepStrictEqual(unmet(judged()), ["watched"])
  })

  it("alternate versions are one watched state; one that the arr does not know is not ours", () => {
    const { home, series, first, judged } = watchedShow()
    first.paths = [...first.paths, "/Andor/S01E01 - 4K.mkv"]
    assert.deepStrictEqual([judged().eligible, judged().target.files], [true, series.files])
    const other = home.show("Andor", { arr: "sonarr4k" })
    home.season(other, 1, 2, { item: null })
    const [version] = other.files
    if (version !== undefined) version.path = "/Andor/S01E01 - 4K.mkv"
    assert.deepStrictEqual(titles(home.plan().goes), ["Andor, season 1", "Andor, season 1"])
    assert.deepStrictEqual(home.plan().goes[1]?.target.mapping, { by: "ids" })
  })

  it("versions that are two episodes of the arr are ambiguous", () => {
    const { home, first, second, judged } = watchedShow()
    first.paths = [...first.paths, ...second.paths]
    home.items = [first]
    assert.strictEqual(unmet(judged())[0], "mapping")
  })
})

describe("a season and its episodes", () => {
  it("are matched by the weakest of their episodes", () => {
    const { first, judged } = watchedShow()
    first.paths = []
    assert.deepStrictEqual([judged().target.mapping, judged().eligible], [{ by: "ids" }, true])
  })

  it("stay where one episode is not to be found, or another one lies at its path", () => {
    const lost = watchedShow()
    lost.home.items = [lost.first]
    assert.include(lost.judged().conditions[0]?.value ?? "", "unmapped: S01E02")
    for (const over of [{ episode: 7, lastEpisode: 7 }, { season: 2 }, { kind: "movie" as const }]) {
      const { home, first, judged } = watchedShow()
      home.items = home.items.map((item) => (item === first ? { ...first, ...over } : item))
      assert.include(judged().conditions[0]?.value ?? "", "ambiguous: S01E01", JSON.stringify(over))
    }
  })

  it("stay where its path is one episode's and its number another's", () => {
    const { home, first, judged } = watchedShow()
    home.item({ ...first, id: "numbered", paths: ["/x.mkv"] })
    home.watch("numbered")
    first.episode = null
    assert.include(judged().conditions[0]?.value ?? "", "ambiguous: S01E01")
  })

  it("stay where its series is another at that path, or one of two that the arr has", () => {
    const strange = watchedShow()
    for (const item of strange.home.items) item.series = { id: "x", name: "X", ids: { tvdb: "other" } }
    assert.strictEqual(unmet(strange.judged())[0], "mapping")
    const twice = watchedShow()
    const rival = twice.home.show("Rival")
    rival.ids = { tvdb: "Andor-tvdb" }
    assert.strictEqual(unmet(twice.judged())[0], "mapping")
    const both = watchedShow()
    both.series.ids = { tvdb: "Andor-tvdb", imdb: "tt1" }
    for (const item of both.home.items)
      item.series = { id: "Andor", name: "Andor", ids: { tvdb: "Andor-tvdb", imdb: "tt2" } }
    assert.strictEqual(unmet(both.judged())[0], "mapping")
  })

  it("are matched by path where the series has no ids", () => {
    const { home, judged } = watchedShow()
    for (const item of home.items) item.series = { id: "Andor", name: "Andor", ids: {} }
    assert.deepStrictEqual([judged().target.mapping, judged().eligible], [{ by: "path" }, true])
  })

  it("a range of episodes without a sensible end is its first", () => {
    const { first, judged } = watchedShow()
    first.lastEpisode = 1_000_000_000
    assert.isTrue(judged().eligible)
  })
})
