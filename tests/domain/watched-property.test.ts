import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { known, unreadable } from "../../src/domain/fact.ts"
import type { Judged } from "../../src/domain/watchedTarget.ts"
import { build, policyOf, Spec } from "./watched-homes.ts"
import { day, type Home, keyOf, now, policy } from "./watched-rig.ts"

const planned = (home: Home, spec: Spec, when = now) => home.plan(policyOf(spec), when)
const keys = (all: ReadonlyArray<Judged>) => new Set(all.map(({ target }) => target.key))

/** By the plainest reading: has everyone who counts played this item, long enough ago, with a date? */
const seen = (home: Home, spec: Spec, id: string): boolean => {
  const one = (viewer: string) => {
    const viewing = home.viewings.get(viewer)?.get(id)
    return viewing?.played === true && viewing.at !== null && viewing.at <= now - policy.grace
  }
  const played = (viewer: string) => home.viewings.get(viewer)?.get(id)?.played === true
  return {
    primary: one("u1"),
    anna: one("u2"),
    all: one("u1") && one("u2"),
    any: ["u1", "u2"].some(played) && ["u1", "u2"].every((viewer) => !played(viewer) || one(viewer))
  }[spec.watchedBy]
}

/** Each makes something of a title that has to keep it; false where it has no such thing. */
const protections: Readonly<Record<string, (home: Home, judged: Judged) => boolean>> = {
  "keep tag": (home, { target }) => tagged(home, target, known(["keep"], "arr", now)),
  "unreadable tags": (home, { target }) => tagged(home, target, unreadable("arr", now, "500")),
  favourite: (home, { target }) => marked(target.mediaIds, (id) => (home.favourites = new Map([[id, ["anna"]]]))),
  "favourite season": (home, { target }) =>
    marked(placesOf(home, target.mediaIds, "season"), (id) => (home.favourites = new Map([[id, []]]))),
  "favourite series": (home, { target }) =>
    marked(placesOf(home, target.mediaIds, "series"), (id) => (home.favourites = new Map([[id, []]]))),
  playing: (home, { target }) => marked(target.mediaIds, (id) => (home.playing = new Map([[id, ["ben"]]]))),
  "next up": (home, { target }) => marked(target.mediaIds, (id) => (home.nextUp = new Map([[id, ["ben"]]]))),
  queue: (home, { target }) => {
    for (const movie of home.movies) if (keyOf(movie) === target.key) movie.queued = true
    for (const one of home.series)
      if (one.arr === target.ref.arr) for (const id of target.episodeIds) one.queued.add(id)
    return true
  },
  request: (home, { target }) => {
    const movie = home.movies.find((one) => keyOf(one) === target.key)
    const series = home.series.find(({ arr, id }) => arr === target.ref.arr && id === target.ref.id)
    home.request(movie === undefined ? "tv" : "movie", movie?.ids ?? series?.ids ?? {}, null)
    return true
  },
  "another title of the same ids": (home, { target }) => {
    const movie = home.movies.find((one) => keyOf(one) === target.key)
    const named = home.items.some(({ id, ids }) => target.mediaIds.includes(id) && ids.tmdb !== undefined)
    if (movie === undefined || !named) return false
    home.movies.push({ ...movie, id: home.next(), file: null })
    return true
  },
  "an unaired episode": (home, { target }) => {
    const series = home.series.find(({ arr, id }) => arr === target.ref.arr && id === target.ref.id)
    if (series === undefined || target.kind !== "season") return false
    home.episode(series, target.season ?? 1, 99, { airsAt: now + day, missing: true })
    return true
  },
  "lost items": (home) => {
    home.items = []
    return true
  }
}

function tagged(home: Home, target: Judged["target"], tags: Home["movies"][number]["tags"]): boolean {
  for (const movie of home.movies) if (keyOf(movie) === target.key) movie.tags = tags
  for (const one of home.series) if (one.arr === target.ref.arr && one.id === target.ref.id) one.tags = tags
  return true
}
function marked(ids: ReadonlyArray<string>, mark: (id: string) => void): boolean {
  const id = ids[0]
  if (id !== undefined) mark(id)
  return id !== undefined
}
function placesOf(home: Home, ids: ReadonlyArray<string>, level: "season" | "series"): ReadonlyArray<string> {
  return home.items.flatMap(({ id, seasonId, series }) => {
    const place = level === "season" ? seasonId : series?.id
    return ids.includes(id) && place != null ? [place] : []
  })
}

const shuffled = <A>(all: ReadonlyArray<A>, seed: number): Array<A> => {
  const mixed = [...all]
  let state = seed
  for (let at = mixed.length - 1; at > 0; at--) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    const other = state % (at + 1)
    const [one, two] = [mixed[at], mixed[other]]
    if (one !== undefined && two !== undefined) [mixed[at], mixed[other]] = [two, one]
  }
  return mixed
}

const Seed = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 }))
const runs = { arbitrary: { runs: 600 } }

describe("a plan of any home", () => {
  const met = new Map<string, number>()
  const count = (what: string) => met.set(what, (met.get(what) ?? 0) + 1)

  it.prop(
    "lets go only what is wholly watched, or never begun, or there in a better copy that stays",
    [Arbitrary.schema(Spec)],
    ([spec]) => {
      const home = build(spec)
      const { goes } = planned(home, spec)
      const going = keys(goes)
      for (const { target, rule, conditions, parts, watched } of goes) {
        count(`${rule} ${target.kind}`)
        assert.isTrue(conditions.length > 0 && conditions.every(({ met }) => met))
        assert.isNotNull(target.mapping)
        assert.isAbove(target.files.length, 0)
        const series = home.series.find(({ arr, id }) => arr === target.ref.arr && id === target.ref.id)
        const episodes = series?.episodes.filter(({ season }) => season === target.season) ?? []
        if (target.kind === "season") {
          assert.deepStrictEqual(
            target.episodeIds,
            episodes.map(({ id }) => id).toSorted((one, other) => one - other)
          )
          assert.isTrue(episodes.every(({ fileId, airsAt }) => fileId !== null && airsAt !== null && airsAt <= now))
          const latest = Math.max(...(series?.episodes.map(({ season }) => season) ?? []))
          if (series?.status !== "ended" && series?.status !== "deleted") assert.isBelow(target.season ?? 0, latest)
        }
        if (target.kind !== "movie") {
          // Every episode of every file, in whichever season, is of this title.
          const files = new Set(target.files.map(({ id }) => id))
          for (const one of series?.episodes ?? []) {
            if (one.fileId !== null && files.has(one.fileId)) assert.include(target.episodeIds, one.id)
          }
        }
        if (rule === "watched") {
          assert.strictEqual(watched, parts)
          for (const id of target.mediaIds) assert.isTrue(seen(home, spec, id), `${id} was not watched`)
          for (const file of target.files) {
            const at = home.items.filter(({ paths }) => paths.includes(file.path))
            assert.isTrue(
              at.every(({ id }) => seen(home, spec, id)),
              `${file.path} was not watched`
            )
          }
        }
        if (rule === "stale") {
          for (const id of target.mediaIds)
            assert.isFalse(home.viewings.get("u1")?.has(id) || home.viewings.get("u2")?.has(id))
        }
        if (rule === "lesser-quality") {
          const best = Math.max(...target.files.map(({ resolution }) => resolution ?? 0))
          const ids = home.movies.find((one) => keyOf(one) === target.key)?.ids.tmdb
          const others = home.movies.filter((one) => one.arr !== target.ref.arr && one.ids.tmdb === ids)
          if (target.kind === "movie") {
            assert.isTrue(others.some((one) => (one.file?.resolution ?? 0) > best && !going.has(keyOf(one))))
          }
        }
      }
      const paths = goes.flatMap(({ target }) => target.files.map(({ path }) => path))
      assert.strictEqual(new Set(paths).size, paths.length, "a file of two titles")
    },
    { arbitrary: { runs: 1500 } }
  )

  it.prop(
    "no protection of a title ever makes it eligible, nor another; none is weaker than any rule",
    [Arbitrary.schema(Spec)],
    ([spec]) => {
      const eligible = build(spec)
        .all(policyOf(spec))
        .filter((one) => one.eligible)
      const was = keys(eligible)
      for (const chosen of eligible) {
        for (const [name, protect] of Object.entries(protections)) {
          const home = build(spec)
          if (!protect(home, chosen)) continue
          count(`protected by ${name}`)
          for (const { target, eligible, rule } of home.all(policyOf(spec))) {
            if (!eligible) continue
            assert.notStrictEqual(target.key, chosen.target.key, `it goes in spite of ${name}`)
            // A better copy that now stays is what the lesser one was waiting for.
            if (!was.has(target.key)) assert.strictEqual(rule, "lesser-quality", name)
          }
        }
      }
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop(
    "what has been watched, or was never, does not become less eligible by time",
    [Arbitrary.schema(Spec), Arbitrary.schema(Schema.Literals([1, 3, 5, 100]))],
    ([spec, days]) => {
      const home = build(spec)
      const later = keys(planned(home, spec, now + days * day).goes)
      for (const { rule, target } of planned(home, spec).goes) {
        if (rule !== "lesser-quality") assert.isTrue(later.has(target.key), `${target.key} stays later`)
      }
    },
    runs
  )

  it.prop(
    "a title that time alone holds goes at the moment that is named, and not before",
    [Arbitrary.schema(Spec)],
    ([spec]) => {
      const all = build(spec)
      for (const { eligible, eligibleAt, target, rule } of all.all(policyOf(spec))) {
        if (eligible || eligibleAt === null || rule === "lesser-quality") continue
        count("waited for")
        assert.isAbove(eligibleAt, now)
        assert.isTrue(all.one(target.key, policyOf(spec), eligibleAt).eligible, `${target.key} does not go in time`)
        const early = all.one(target.key, policyOf(spec), eligibleAt - 1)
        assert.isTrue(!early.eligible || early.rule === "lesser-quality", `${target.key} goes early`)
      }
    },
    runs
  )

  it.prop(
    "is the same in any order, and one title's judgement is the plan's",
    [Arbitrary.schema(Spec), Arbitrary.schema(Seed)],
    ([spec, seed]) => {
      const [one, other] = [build(spec), build(spec)]
      other.items = shuffled(other.items, seed)
      other.movies = shuffled(other.movies, seed + 1)
      other.series = shuffled(other.series, seed + 2)
      other.viewers = other.viewers.toReversed()
      for (const series of other.series) {
        series.episodes = shuffled(series.episodes, seed + 3)
        series.files = shuffled(series.files, seed + 4)
      }
      assert.deepStrictEqual(planned(other, spec), planned(one, spec))
      for (const judged of one.all(policyOf(spec))) {
        assert.deepStrictEqual(other.one(judged.target.key, policyOf(spec)), judged)
      }
    },
    runs
  )

  it.prop(
    "counts every title once: it goes, stays, or nothing of it was watched",
    [Arbitrary.schema(Spec)],
    ([spec]) => {
      const { goes, stays, movies, episodes, share } = planned(build(spec), spec)
      assert.strictEqual([...keys(goes)].filter((key) => keys(stays).has(key)).length, 0)
      assert.strictEqual(share.eligible, goes.length)
      for (const { conditions } of stays) assert.isFalse(conditions[0]?.met)
      for (const [tally, isMovie] of [
        [movies, true],
        [episodes, false]
      ] as const) {
        const of = goes.filter(({ target }) => (target.kind === "movie") === isMovie)
        assert.strictEqual(
          tally.watched,
          Object.values(tally.skipped).reduce((sum, skipped) => sum + skipped, 0) +
            of.reduce((sum, { watched }) => sum + watched, 0)
        )
      }
    },
    runs
  )

  it("has met everything that can be decided", () => {
    const wanted = [
      ...["watched", "stale"].flatMap((rule) => ["movie", "season", "special"].map((kind) => `${rule} ${kind}`)),
      "lesser-quality movie",
      "waited for",
      ...Object.keys(protections).map((name) => `protected by ${name}`)
    ]
    const never = wanted.filter((what) => !met.has(what))
    assert.deepStrictEqual(never, [], JSON.stringify([...met]))
  })
})
