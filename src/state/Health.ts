import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"

/** What can be said of the database itself. */
export class Health extends Context.Service<
  Health,
  {
    /** What SQLite finds wrong with the file; empty when it is sound. */
    readonly problems: Effect.Effect<ReadonlyArray<string>>
    /** The latest time that any row carries, in milliseconds since the epoch; 0 without rows. */
    readonly newest: Effect.Effect<number>
    /** Paths of items that are said to be uploaded although some file of theirs is not proven. */
    readonly unproven: Effect.Effect<number>
  }
>()("media-pipeline/Health") {
  static readonly layer = Layer.effect(
    Health,
    Effect.suspend(() => make)
  )
}

const Messages = Schema.Array(Schema.Struct({ integrity_check: Schema.String }))
const Newest = Schema.Tuple([Schema.Struct({ at: Schema.Int })])
const Unproven = Schema.Tuple([Schema.Struct({ items: Schema.Int })])

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return Health.of({
    problems: sql`PRAGMA integrity_check`.pipe(
      Effect.flatMap(Schema.decodeUnknownEffect(Messages)),
      Effect.map((rows) => rows.map((row) => row.integrity_check).filter((text) => text !== "ok")),
      Effect.orDie
    ),
    newest: sql`SELECT max(coalesce((SELECT max(coalesce(ended_at, begun_at)) FROM runs), 0),
        coalesce((SELECT max(coalesce(ended_at, begun_at)) FROM journal), 0),
        coalesce((SELECT max(last_seen) FROM torrents), 0)) AS at`.pipe(
      Effect.flatMap(Schema.decodeUnknownEffect(Newest)),
      Effect.map(([row]) => row.at),
      Effect.orDie
    ),
    unproven: sql`SELECT count(DISTINCT i.id) AS items FROM items i JOIN files f ON f.item_id = i.id
        WHERE i.state IN ('uploaded', 'releasing', 'quarantined') AND (f.state <> 'verified' OR f.proof IS NULL)`.pipe(
      Effect.flatMap(Schema.decodeUnknownEffect(Unproven)),
      Effect.map(([row]) => row.items),
      Effect.orDie
    )
  })
})
