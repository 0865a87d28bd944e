import { Schema } from "effect"

/* What may be said about a world in JSON: the specs of specs.ts without handles. */

const optional = Schema.optionalKey
const Arr = Schema.Literals(["radarr", "radarr4k", "sonarr", "sonarr4k"])
const Service = Schema.Literals(["radarr", "radarr4k", "sonarr", "sonarr4k", "jellyfin", "seerr"])
const WatchedBy = Schema.Record(Schema.String, Schema.NullOr(Schema.Finite))
const Names = Schema.Array(Schema.String)

const File = Schema.Struct({
  name: optional(Schema.String),
  size: optional(Schema.Natural),
  content: optional(Schema.String),
  hardlinkOf: optional(Schema.String),
  added: optional(Schema.Finite),
  resolution: optional(Schema.Natural),
  mediaInfo: optional(Schema.Boolean),
  hash: optional(Schema.NullOr(Schema.String))
})
const watched = {
  watchedBy: optional(WatchedBy),
  favouriteOf: optional(Names),
  runtime: optional(Schema.NullOr(Schema.Finite)),
  created: optional(Schema.NullOr(Schema.Finite)),
  inJellyfin: optional(Schema.Boolean)
}
const title = {
  title: Schema.String,
  year: optional(Schema.Natural),
  arr: optional(Arr),
  inArr: optional(Schema.Boolean),
  monitored: optional(Schema.Boolean),
  tags: optional(Names),
  added: optional(Schema.Finite),
  tmdb: optional(Schema.Natural),
  imdb: optional(Schema.String),
  requestedBy: optional(Schema.String)
}
export const MovieJson = Schema.Struct({
  ...title,
  ...watched,
  file: optional(Schema.NullOr(File)),
  queued: optional(Schema.Boolean)
})
const Episode = Schema.Struct({
  ...watched,
  episode: Schema.Natural,
  last: optional(Schema.Natural),
  title: optional(Schema.String),
  airs: optional(Schema.NullOr(Schema.Finite)),
  monitored: optional(Schema.Boolean),
  file: optional(Schema.NullOr(File)),
  queued: optional(Schema.Boolean)
})
const Season = Schema.Struct({
  episodes: Schema.Union([Schema.Natural, Schema.Array(Episode)]),
  watchedBy: optional(WatchedBy),
  airs: optional(Schema.NullOr(Schema.Finite)),
  monitored: optional(Schema.Boolean),
  file: optional(Schema.NullOr(File)),
  favouriteOf: optional(Names),
  jellyfinIndex: optional(Schema.NullOr(Schema.Natural))
})
export const SeriesJson = Schema.Struct({
  ...title,
  tvdb: optional(Schema.Natural),
  status: optional(Schema.Literals(["continuing", "ended", "upcoming", "deleted"])),
  seasons: Schema.Record(Schema.String, Schema.Union([Schema.Natural, Season])),
  watchedBy: optional(WatchedBy),
  favouriteOf: optional(Names),
  inJellyfin: optional(Schema.Boolean)
})
export const WorldJson = Schema.Struct({
  folder: optional(Schema.String),
  arrs: optional(Schema.Array(Arr)),
  seerr: optional(Schema.Boolean),
  users: optional(Names),
  tags: optional(Names),
  writesFiles: optional(Schema.Boolean),
  validates: optional(Schema.Boolean),
  movies: optional(Schema.Array(MovieJson)),
  series: optional(Schema.Array(SeriesJson)),
  populate: optional(
    Schema.Struct({
      movies: Schema.Natural,
      episodes: Schema.Natural,
      perSeason: optional(Schema.Natural),
      seasons: optional(Schema.Natural),
      watchedEach: optional(Schema.Natural)
    })
  )
})
export const FailJson = Schema.Struct({
  server: Service,
  trouble: Schema.Union([
    Schema.Struct({ kind: Schema.Literal("status"), status: Schema.Int, body: optional(Schema.String) }),
    Schema.Struct({ kind: Schema.Literals(["html", "empty", "refused", "lost", "refusedAfter", "cut", "hang"]) })
  ]),
  route: optional(Schema.String),
  times: optional(Schema.Natural),
  after: optional(Schema.Natural)
})
export const WatchJson = Schema.Struct({
  /** Jellyfin's id. */
  item: Schema.String,
  user: Schema.String,
  /** Null: without a date. */
  at: Schema.NullOr(Schema.Finite)
})
