import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { Torrent } from "../domain/torrents.ts"
import { fromBytes, toBytes } from "../platform/BytePath.ts"

export interface LedgerEntry {
  readonly hash: string
  readonly name: string
  readonly category: string
  readonly contentPath: string
  readonly trackers: ReadonlyArray<string>
  readonly ratio: number
  /** Seconds. */
  readonly seedingTime: number
  readonly firstSeen: number
  readonly lastSeen: number
  readonly goneAt: number | null
  readonly removedByUs: boolean
  readonly exported: string | null
}

/** Every torrent that we ever saw and what it had seeded, kept after it has left the client. */
export class Torrents extends Context.Service<
  Torrents,
  {
    /** Takes a whole list: what is on it was seen now, what is not has gone. */
    see(torrents: ReadonlyArray<Torrent>, now: number): Effect.Effect<void>
    readonly all: Effect.Effect<ReadonlyArray<LedgerEntry>>
    /** How many were in the client when it was last read. */
    readonly present: Effect.Effect<number>
    setTrackers(hash: string, trackers: ReadonlyArray<string>): Effect.Effect<void>
    setExported(hash: string, file: string): Effect.Effect<void>
    setRemovedByUs(hash: string): Effect.Effect<void>
  }
>()("media-pipeline/Torrents") {
  static readonly layer = Layer.effect(
    Torrents,
    Effect.suspend(() => make)
  )
}

const Row = Schema.Struct({
  hash: Schema.String,
  name: Schema.String,
  category: Schema.String,
  content_path: Schema.Uint8Array,
  trackers: Schema.fromJsonString(Schema.Array(Schema.String)),
  ratio: Schema.NullOr(Schema.Finite),
  seeding_seconds: Schema.Int,
  first_seen: Schema.Int,
  last_seen: Schema.Int,
  gone_at: Schema.NullOr(Schema.Int),
  removed_by_us: Schema.Int,
  exported: Schema.NullOr(Schema.String)
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return Torrents.of({
    see: Effect.fn("Torrents.see")(
      function* (torrents: ReadonlyArray<Torrent>, now: number) {
        const rows = torrents.map((torrent) => ({
          hash: torrent.hash,
          name: torrent.name.toWellFormed(),
          category: torrent.category,
          path: toBytes(torrent.contentPath).toString("hex"),
          ratio: Number.isFinite(torrent.ratio) ? torrent.ratio : null,
          seconds: torrent.seedingTime
        }))
        // One statement for a list of thousands: statement by statement it is most of an idle run's time.
        yield* sql`INSERT INTO torrents (hash, name, category, content_path, ratio, seeding_seconds, first_seen, last_seen)
        SELECT value ->> 'hash', value ->> 'name', value ->> 'category', unhex(value ->> 'path'),
          CAST(value ->> 'ratio' AS REAL), value ->> 'seconds', ${now}, ${now}
        FROM json_each(${JSON.stringify(rows)}) WHERE true
        ON CONFLICT (hash) DO UPDATE SET name = excluded.name, category = excluded.category,
          content_path = excluded.content_path, ratio = excluded.ratio, seeding_seconds = excluded.seeding_seconds,
          last_seen = excluded.last_seen, gone_at = NULL, removed_by_us = 0`
        yield* sql`UPDATE torrents SET gone_at = ${now} WHERE gone_at IS NULL AND last_seen < ${now}`
      },
      sql.withTransaction,
      Effect.orDie
    ),
    all: sql`SELECT * FROM torrents ORDER BY first_seen, hash`.pipe(
      Effect.flatMap(Schema.decodeUnknownEffect(Schema.Array(Row))),
      Effect.map((rows) =>
        rows.map((row) => ({
          hash: row.hash,
          name: row.name,
          category: row.category,
          contentPath: fromBytes(row.content_path),
          trackers: row.trackers,
          ratio: row.ratio ?? Infinity,
          seedingTime: row.seeding_seconds,
          firstSeen: row.first_seen,
          lastSeen: row.last_seen,
          goneAt: row.gone_at,
          removedByUs: row.removed_by_us === 1,
          exported: row.exported
        }))
      ),
      Effect.orDie
    ),
    present: sql`SELECT count(*) AS n FROM torrents WHERE gone_at IS NULL`.pipe(
      Effect.flatMap(Schema.decodeUnknownEffect(Schema.Tuple([Schema.Struct({ n: Schema.Int })]))),
      Effect.map(([row]) => row.n),
      Effect.orDie
    ),
    setTrackers: (hash, trackers) =>
      sql`UPDATE torrents SET trackers = ${JSON.stringify(trackers)} WHERE hash = ${hash}`.pipe(
        Effect.asVoid,
        Effect.orDie
      ),
    setExported: (hash, file) =>
      sql`UPDATE torrents SET exported = ${file} WHERE hash = ${hash}`.pipe(Effect.asVoid, Effect.orDie),
    setRemovedByUs: (hash) =>
      sql`UPDATE torrents SET removed_by_us = 1 WHERE hash = ${hash}`.pipe(Effect.asVoid, Effect.orDie)
  })
})
