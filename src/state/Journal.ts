import { Clock, Context, Effect, Exit, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { fromBytes, toBytes } from "../platform/BytePath.ts"

/** Each act that a crash must not leave half known. What one leaves open, the next run settles by looking. */
export const steps = [
  "upload.extract",
  "upload.send",
  "upload.verify",
  "upload.mark",
  "upload.discard",
  "upload.cancel",
  "cleanup.export",
  "cleanup.torrent",
  "cleanup.release",
  "cleanup.quarantine",
  "cleanup.purge",
  "cleanup.marker",
  "cleanup.remote",
  "restore.fetch",
  "restore.return",
  "relocate.copy",
  "relocate.prove",
  "relocate.stage",
  "relocate.publish",
  "relocate.repoint",
  "relocate.start",
  "relocate.quarantine",
  "relocate.release",
  "relocate.tidy",
  "relocate.back",
  "watched.unmonitor",
  "watched.delete",
  "watched.restore",
  "watched.close"
] as const
export type Step = (typeof steps)[number]

export interface Entry {
  readonly id: number
  readonly step: Step
  readonly subject: string
  readonly detail: string | null
  readonly begunAt: number
  readonly endedAt: number | null
  readonly outcome: string | null
}

/** Intent is written before an act and its outcome after it; an entry without an end is a crash. */
export class Journal extends Context.Service<
  Journal,
  {
    /** Runs `act` between the two entries. `subject` is a path or an infohash; `detail` is for people. */
    step<A, E, R>(step: Step, subject: string, detail: string, act: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
    /** Entries that were begun and never ended, oldest first. */
    open(step?: Step): Effect.Effect<ReadonlyArray<Entry>>
    /** Ends an entry that a crash left open. */
    settle(id: number, outcome: string): Effect.Effect<void>
    /** The last entries about a subject, newest first. */
    history(subject: string, limit: number): Effect.Effect<ReadonlyArray<Entry>>
  }
>()("media-pipeline/Journal") {
  static readonly layer = Layer.effect(
    Journal,
    Effect.suspend(() => make)
  )
}

const Row = Schema.Struct({
  id: Schema.Int,
  step: Schema.Literals(steps),
  subject: Schema.Uint8Array,
  detail: Schema.NullOr(Schema.String),
  begun_at: Schema.Int,
  ended_at: Schema.NullOr(Schema.Int),
  outcome: Schema.NullOr(Schema.String)
})
const decode = Schema.decodeUnknownEffect(Schema.Array(Row))
const toEntry = (row: typeof Row.Type): Entry => ({
  id: row.id,
  step: row.step,
  subject: fromBytes(row.subject),
  detail: row.detail,
  begunAt: row.begun_at,
  endedAt: row.ended_at,
  outcome: row.outcome
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const settle = Effect.fnUntraced(function* (id: number, outcome: string) {
    yield* sql`UPDATE journal SET ended_at = ${yield* Clock.currentTimeMillis}, outcome = ${outcome} WHERE id = ${id}`
  }, Effect.orDie)
  const begin = Effect.fnUntraced(function* (step: Step, subject: string, detail: string) {
    const rows = yield* sql`INSERT INTO journal (run_id, step, subject, detail, begun_at)
      VALUES ((SELECT max(id) FROM runs), ${step}, ${toBytes(subject)}, ${detail}, ${yield* Clock.currentTimeMillis})
      RETURNING *`
    return yield* Effect.fromNullishOr((yield* decode(rows))[0])
  }, Effect.orDie)
  const read = (rows: Effect.Effect<ReadonlyArray<object>, unknown>) =>
    rows.pipe(
      Effect.flatMap(decode),
      Effect.map((all) => all.map(toEntry)),
      Effect.orDie
    )
  return Journal.of({
    step: (step, subject, detail, act) =>
      Effect.flatMap(begin(step, subject, detail), ({ id }) =>
        Effect.onExit(act, (exit) => settle(id, Exit.isSuccess(exit) ? "done" : "failed"))
      ),
    open: (step) =>
      read(
        step === undefined
          ? sql`SELECT * FROM journal WHERE ended_at IS NULL ORDER BY id`
          : sql`SELECT * FROM journal WHERE ended_at IS NULL AND step = ${step} ORDER BY id`
      ),
    settle,
    history: (subject, limit) =>
      read(sql`SELECT * FROM journal WHERE subject = ${toBytes(subject)} ORDER BY id DESC LIMIT ${limit}`)
  })
})
