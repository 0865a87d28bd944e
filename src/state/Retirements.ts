import { Clock, Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { halfDone, type Retirement, type RetirementFile, type RetirementState } from "../domain/retirements.ts"
import { type Facts, fromFacts, fromFiles, type RetirementRow, toRetirement } from "./Retirements/rows.ts"

/** A title as it was judged just now; what lies in the database of it is replaced by this. */
export interface Begun extends Facts {
  readonly key: string
}

export interface Announced extends Begun {
  /** When it may go at the earliest. */
  readonly dueAt: number
}

export interface RetirementChange {
  readonly reason?: string | null
  readonly files?: ReadonlyArray<RetirementFile>
  readonly requests?: ReadonlyArray<number>
}

/** Every title that leaves or has left the library through its arr, with all that it takes to finish or undo it. */
export class Retirements extends Context.Service<
  Retirements,
  {
    /** Announced and waiting, the first due first. */
    readonly leaving: Effect.Effect<ReadonlyArray<Retirement>>
    /** Begun at an arr and neither finished nor undone, oldest first. */
    readonly halfDone: Effect.Effect<ReadonlyArray<Retirement>>
    /** Gone from the library, oldest first. */
    readonly retired: Effect.Effect<ReadonlyArray<Retirement & { readonly endedAt: number }>>
    /** Of one target, newest first. */
    ofKey(key: string): Effect.Effect<ReadonlyArray<Retirement>>
    /** Whose title has this in it, in capitals or not, or whose key it is; newest first. */
    named(text: string): Effect.Effect<ReadonlyArray<Retirement>>
    /** New rows in the state `leaving`, in one transaction; a title that leaves already is passed over. */
    announce(titles: ReadonlyArray<Announced>): Effect.Effect<void>
    /** `unmonitoring`: the row that was announced, with what is true now, or a new one. */
    begin(title: Begun): Effect.Effect<Retirement>
    /** From one of these states to another; false where it is in another one by now. */
    move(
      id: number,
      from: ReadonlyArray<RetirementState>,
      to: RetirementState,
      change?: RetirementChange
    ): Effect.Effect<boolean>
    /** Back to how it was: `leaving` on the same day as before where it was announced, else `undone`. */
    undo(id: number, reason: string): Effect.Effect<void>
    note(id: number, change: RetirementChange): Effect.Effect<void>
  }
>()("media-pipeline/Retirements") {
  static readonly layer = Layer.effect(
    Retirements,
    Effect.suspend(() => make)
  )
}

const over: ReadonlyArray<RetirementState> = ["retired", "undone"]

const changed = (change: RetirementChange) => ({
  ...(change.reason === undefined ? {} : { reason: change.reason }),
  ...(change.files === undefined ? {} : fromFiles(change.files)),
  ...(change.requests === undefined ? {} : { requests: JSON.stringify(change.requests) })
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const read = (rows: Effect.Effect<ReadonlyArray<RetirementRow>, unknown>) =>
    rows.pipe(
      Effect.map((all) => all.map(toRetirement)),
      Effect.orDie
    )
  const inState = (states: ReadonlyArray<RetirementState>) =>
    read(sql<RetirementRow>`SELECT * FROM retirements WHERE state IN ${sql.in(states)} ORDER BY id`)

  return Retirements.of({
    leaving: read(sql<RetirementRow>`SELECT * FROM retirements WHERE state = 'leaving' ORDER BY due_at, id`),
    halfDone: inState(halfDone),
    retired: Effect.map(inState(["retired"]), (all) =>
      all.flatMap(({ endedAt, ...rest }) => (endedAt === null ? [] : [{ ...rest, endedAt }]))
    ),
    ofKey: (key) => read(sql<RetirementRow>`SELECT * FROM retirements WHERE key = ${key} ORDER BY id DESC`),
    named: (text) =>
      Effect.map(read(sql<RetirementRow>`SELECT * FROM retirements ORDER BY id DESC`), (all) =>
        all.filter(({ key, title }) => key === text || title.toLowerCase().includes(text.toLowerCase()))
      ),
    announce: Effect.fn("Retirements.announce")(
      function* (titles: ReadonlyArray<Announced>) {
        const now = yield* Clock.currentTimeMillis
        for (const { dueAt, key, ...facts } of titles) {
          const taken = yield* sql`SELECT id FROM retirements WHERE key = ${key} AND state NOT IN ${sql.in(over)}`
          if (taken.length > 0) continue
          const row = { key, ...fromFacts(facts), state: "leaving", announced_at: now, due_at: dueAt, begun_at: now }
          yield* sql`INSERT INTO retirements ${sql.insert(row)}`
        }
      },
      sql.withTransaction,
      Effect.orDie
    ),
    begin: Effect.fn("Retirements.begin")(
      function* ({ key, ...facts }: Begun) {
        const now = yield* Clock.currentTimeMillis
        const row = { ...fromFacts(facts), state: "unmonitoring", begun_at: now, reason: null }
        const updated = yield* sql<RetirementRow>`UPDATE retirements SET ${sql.update(row)}
          WHERE key = ${key} AND state = 'leaving' RETURNING *`
        const inserted =
          updated.length > 0
            ? updated
            : yield* sql<RetirementRow>`INSERT INTO retirements ${sql.insert({ key, ...row })} RETURNING *`
        return toRetirement(yield* Effect.fromNullishOr(inserted[0]))
      },
      sql.withTransaction,
      Effect.orDie
    ),
    move: Effect.fn("Retirements.move")(function* (
      id: number,
      from: ReadonlyArray<RetirementState>,
      to: RetirementState,
      change: RetirementChange = {}
    ) {
      const ended = over.includes(to) ? { ended_at: yield* Clock.currentTimeMillis } : {}
      const row = { state: to, ...ended, ...changed(change) }
      const rows = yield* sql`UPDATE retirements SET ${sql.update(row)} WHERE id = ${id} AND state IN ${sql.in(from)}
        RETURNING id`
      return rows.length > 0
    }, Effect.orDie),
    undo: Effect.fn("Retirements.undo")(function* (id: number, reason: string) {
      const now = yield* Clock.currentTimeMillis
      yield* sql`UPDATE retirements SET reason = ${reason},
        state = CASE WHEN announced_at IS NULL THEN 'undone' ELSE 'leaving' END,
        ended_at = CASE WHEN announced_at IS NULL THEN ${now} END
        WHERE id = ${id} AND state IN ${sql.in(halfDone)}`
    }, Effect.orDie),
    note: Effect.fn("Retirements.note")(function* (id: number, change: RetirementChange) {
      const row = changed(change)
      if (Object.keys(row).length > 0) yield* sql`UPDATE retirements SET ${sql.update(row)} WHERE id = ${id}`
    }, Effect.orDie)
  })
})
