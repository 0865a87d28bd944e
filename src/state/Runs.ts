import { Cause, Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"

export interface Run {
  readonly id: number
  readonly command: string
  readonly begunAt: number
  readonly endedAt: number | null
  /** "done", "partial", or the tag of the error that ended it; null while it runs or after a crash. */
  readonly outcome: string | null
  readonly summary: string | null
}

/** How a run that did not end by itself is summed up. */
export const whyFailed = (cause: Cause.Cause<unknown>): string => {
  if (Cause.hasInterruptsOnly(cause)) return "stopped by a signal"
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
}

/** What ran when, and the few numbers that one run hands to the next. */
export class Runs extends Context.Service<
  Runs,
  {
    begin(command: string): Effect.Effect<number>
    end(id: number, outcome: string, summary: string): Effect.Effect<void>
    last(command: string): Effect.Effect<Option.Option<Run>>
    observe(key: string, value: string): Effect.Effect<void>
    observed(key: string): Effect.Effect<Option.Option<{ readonly value: string; readonly at: number }>>
  }
>()("media-pipeline/Runs") {
  static readonly layer = Layer.effect(
    Runs,
    Effect.suspend(() => make)
  )
}

const RunRow = Schema.Struct({
  id: Schema.Int,
  command: Schema.String,
  begunAt: Schema.Int,
  endedAt: Schema.NullOr(Schema.Int),
  outcome: Schema.NullOr(Schema.String),
  summary: Schema.NullOr(Schema.String)
})
const Observation = Schema.Struct({ value: Schema.String, at: Schema.Int })

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return Runs.of({
    begin: Effect.fn("Runs.begin")(function* (command: string) {
      const now = yield* Clock.currentTimeMillis
      const rows = yield* sql`INSERT INTO runs (command, begun_at) VALUES (${command}, ${now}) RETURNING id`
      const [row] = yield* Schema.decodeUnknownEffect(Schema.Tuple([Schema.Struct({ id: Schema.Int })]))(rows)
      return row.id
    }, Effect.orDie),
    end: Effect.fn("Runs.end")(function* (id: number, outcome: string, summary: string) {
      const now = yield* Clock.currentTimeMillis
      yield* sql`UPDATE runs SET ended_at = ${now}, outcome = ${outcome}, summary = ${summary} WHERE id = ${id}`
    }, Effect.orDie),
    last: (command) =>
      sql`SELECT id, command, begun_at AS begunAt, ended_at AS endedAt, outcome, summary FROM runs
          WHERE command = ${command} ORDER BY id DESC LIMIT 1`.pipe(
        Effect.flatMap(Schema.decodeUnknownEffect(Schema.Array(RunRow))),
        Effect.map((rows) => Option.fromNullishOr(rows[0])),
        Effect.orDie
      ),
    observe: Effect.fn("Runs.observe")(function* (key: string, value: string) {
      const now = yield* Clock.currentTimeMillis
      yield* sql`INSERT OR REPLACE INTO observations (key, value, at) VALUES (${key}, ${value}, ${now})`
    }, Effect.orDie),
    observed: (key) =>
      sql`SELECT value, at FROM observations WHERE key = ${key}`.pipe(
        Effect.flatMap(Schema.decodeUnknownEffect(Schema.Array(Observation))),
        Effect.map((rows) => Option.fromNullishOr(rows[0])),
        Effect.orDie
      )
  })
})
