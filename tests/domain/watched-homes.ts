import { Schema } from "effect"
import type { WatchedPolicy } from "../../src/domain/watchedTarget.ts"
import { ago, day, Home, mediaId, now, policy } from "./watched-rig.ts"

/* Homes of any kind, for what has to be true of all. */

const Days = Schema.NullOr(Schema.Literals([-3, 1, 4, 6, 30, 30, 30, 300]))
const Play = Schema.Struct({
  /** By whom: one name is one user, two are both. */
  by: Schema.Literals(["", "u1", "u1", "u1", "u2", "u1 u2", "u1 u2"]),
  days: Days
})
const Where = Schema.Literals(["both", "both", "both", "both", "both", "both", "both", "ids", "path", "none"])
const Entry = Schema.Struct({
  play: Play,
  where: Where,
  added: Schema.Literals([100, 100, 100, 100, 100, 100, 5, "unknown"]),
  runtime: Schema.Literals([2_400_000, 2_400_000, 2_400_000, 2_400_000, 2_400_000, 2_400_000, 0]),
  resolution: Schema.Literals([720, 1080, 2160])
})
const Movie = Schema.Struct({ ...Entry.fields, arr: Schema.Literals(["radarr", "radarr4k"]), name: Schema.Int })
const Episode = Schema.Struct({
  ...Entry.fields,
  have: Schema.Literals([
    "file",
    "file",
    "file",
    "file",
    "file",
    "file",
    "file",
    "file",
    "with previous",
    "missing",
    "unaired"
  ])
})
const Season = Schema.Struct({
  /** Most are watched in the same way; otherwise hardly any season would ever go. */
  play: Play,
  alike: Schema.Literals([true, true, false]),
  episodes: Schema.Array(Episode).check(Schema.isBetweenLength(1, 4))
})
const Show = Schema.Struct({
  arr: Schema.Literals(["sonarr", "sonarr4k"]),
  status: Schema.Literals(["continuing", "ended", "ended", "upcoming", "deleted"]),
  /** Otherwise nobody has ever seen anything of it. */
  begun: Schema.Literals([true, true, false]),
  specials: Schema.Literals([true, false]),
  seasons: Schema.Array(Season).check(Schema.isBetweenLength(1, 3))
})
export const Spec = Schema.Struct({
  movies: Schema.Array(Movie).check(Schema.isBetweenLength(0, 5)),
  shows: Schema.Array(Show).check(Schema.isBetweenLength(0, 3)),
  watchedBy: Schema.Literals(["primary", "primary", "any", "all", "anna"]),
  stale: Schema.Literals([true, true, false]),
  best: Schema.Literals([false, true])
})
export type Spec = typeof Spec.Type

export const policyOf = ({ watchedBy, stale, best }: Spec): WatchedPolicy => ({
  ...policy,
  watchedBy: watchedBy === "anna" ? ["anna"] : watchedBy,
  staleAfter: stale ? 60 * day : null,
  keepBestQuality: best
})

const at = (days: number | "unknown" | null): number | null => (typeof days === "number" ? ago(days) : null)

const watch = (home: Home, id: string, { by, days }: typeof Play.Type) => {
  for (const viewer of by.split(" ")) home.watch(id, at(days), viewer)
}

const placed = ({ where, added, runtime }: typeof Entry.Type) => ({
  addedAt: at(added),
  runtime,
  ...(where === "ids" ? { paths: ["/elsewhere.mkv"] } : {})
})

export const build = (spec: Spec): Home => {
  const home = new Home()
  for (const [number, movie] of spec.movies.entries()) {
    const title = `M${Math.abs(movie.name) % 3}-${movie.arr}-${number}`
    const { resolution, added } = movie
    const ids = { tmdb: String((Math.abs(movie.name) % 3) + 1) }
    const item = { ...placed(movie), ids: movie.where === "path" ? {} : ids }
    const over = { arr: movie.arr, resolution, addedAt: at(added), item: movie.where === "none" ? null : item }
    home.movie(title, over).ids = ids
    watch(home, `${title}@${movie.arr}`, movie.play)
  }
  for (const [number, show] of spec.shows.entries()) {
    // The same series in both libraries, where they follow each other.
    const series = home.show(`Show ${show.arr === "sonarr" ? number : number - 1}`, show)
    for (const [index, season] of show.seasons.entries()) {
      const seasonNumber = show.specials && index === 0 ? 0 : index + 1
      let last = 0
      for (const [place, episode] of season.episodes.entries()) {
        const own = episode.have !== "with previous" || last === 0
        const item = { ...placed(episode), ...(episode.where === "path" ? { season: null, episode: null } : {}) }
        home.episode(series, seasonNumber, place + 1, {
          addedAt: at(episode.added),
          resolution: episode.resolution,
          item: episode.where === "none" ? null : item,
          ...(episode.have === "missing" ? { missing: true } : {}),
          ...(episode.have === "unaired" ? { airsAt: now + day } : {}),
          ...(own ? {} : { sharesWith: last })
        })
        if (episode.have === "missing") last = 0
        else if (own) last = place + 1
        if (show.begun) watch(home, mediaId(series, seasonNumber, place + 1), season.alike ? season.play : episode.play)
      }
    }
  }
  return home
}
