import { Effect, Layer, Option, Semaphore, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { Migrator, SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite"

/** SQL over node:sqlite. One connection; SYNC=FULL, so a committed row is on the disk. */
export interface Options {
  readonly filename: string
  readonly readOnly?: boolean
  /** Milliseconds to wait for another process's lock. Blocks the event loop: keep it short. */
  readonly busyTimeout?: number
}

/** Integers come as bigint. */
export type Row = ReadonlyArray<SQLOutputValue>

/** A statement without an effect around it: for a hundred thousand rows. */
export interface Prepared {
  run(...params: ReadonlyArray<SQLInputValue>): void
  get(...params: ReadonlyArray<SQLInputValue>): Row | undefined
  all(...params: ReadonlyArray<SQLInputValue>): ReadonlyArray<Row>
  /** One row at a time; the statement must not be used for anything else meanwhile. */
  each(...params: ReadonlyArray<SQLInputValue>): Iterable<Row>
}

/** The way for many rows through the connection of a client that was made here. `work` must not wait for anything. */
export interface Bulk {
  /** In one transaction: all of it is written, or nothing. Keep it short: nobody else can write meanwhile. */
  write<A>(work: (prepare: (text: string) => Prepared) => A): Effect.Effect<A, SqlError.SqlError>
  /** On one state of the database, also while another process writes. */
  read<A>(work: (prepare: (text: string) => Prepared) => A): Effect.Effect<A, SqlError.SqlError>
}

type Transform = (<A extends object>(rows: ReadonlyArray<A>) => ReadonlyArray<A>) | undefined
type Mode = "rows" | "arrays" | "raw"

const isInput = (value: unknown): value is SQLInputValue =>
  value === null ||
  typeof value === "string" ||
  typeof value === "number" ||
  typeof value === "bigint" ||
  ArrayBuffer.isView(value)

const bind = (params: ReadonlyArray<unknown>): Array<SQLInputValue> =>
  params.map((value) => {
    if (typeof value === "boolean") return value ? 1 : 0
    if (isInput(value)) return value
    throw new TypeError(`SQLite cannot store a ${typeof value}`)
  })

// node:sqlite puts the extended code into `errcode`; the classifier reads `errno`.
const classify = (message: string, operation: string) => (cause: unknown) => {
  if (cause instanceof Error && "errcode" in cause) Object.assign(cause, { errno: cause.errcode })
  return new SqlError.SqlError({ reason: SqlError.classifySqliteError(cause, { message, operation }) })
}

const runStatement = (statement: () => StatementSync, params: ReadonlyArray<unknown>, mode: Mode) =>
  Effect.try({
    try: (): ReadonlyArray<object> => {
      const prepared = statement()
      prepared.setReturnArrays(mode === "arrays")
      if (prepared.columns().length > 0) return prepared.all(...bind(params))
      const result = prepared.run(...bind(params))
      return mode === "raw" ? [result] : []
    },
    catch: classify("Failed to execute statement", "execute")
  })

const open = (options: Options) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const db = new DatabaseSync(options.filename, {
          readOnly: options.readOnly ?? false,
          timeout: options.busyTimeout ?? 5000
        })
        if (options.readOnly !== true) db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        db.exec("PRAGMA foreign_keys = ON")
        return db
      },
      catch: classify(`Failed to open ${options.filename}`, "open")
    }),
    (db) => Effect.sync(() => db.close())
  )

const prepareRows = (db: DatabaseSync): ((text: string) => Prepared) => {
  const cache = new Map<string, Prepared>()
  return (text) => {
    const found = cache.get(text)
    if (found !== undefined) return found
    const statement = db.prepare(text)
    statement.setReadBigInts(true)
    statement.setReturnArrays(true)
    const rowOf = (row: unknown): Row | undefined => (Array.isArray(row) ? row : undefined)
    const prepared: Prepared = {
      run: (...params) => void statement.run(...params),
      get: (...params) => rowOf(statement.get(...params)),
      all: (...params) => {
        const rows: ReadonlyArray<unknown> = statement.all(...params)
        return rows.filter((row) => Array.isArray(row))
      },
      *each(...params) {
        const rows: Iterable<unknown> = statement.iterate(...params)
        for (const row of rows) if (Array.isArray(row)) yield row
      }
    }
    cache.set(text, prepared)
    return prepared
  }
}

/** Inside a transaction of the calling fiber it takes part in that one; else it has one of its own. */
const makeBulk = (db: DatabaseSync, client: SqlClient.SqlClient, semaphore: Semaphore.Semaphore): Bulk => {
  const prepare = prepareRows(db)
  // Indexes whose keys come in no order touch all of their pages: those should fit.
  db.exec("PRAGMA cache_size = -16384")
  const within = <A>(begin: string, work: (prepare: (text: string) => Prepared) => A) =>
    Effect.try({
      try: () => {
        db.exec(begin)
        try {
          const result = work(prepare)
          db.exec("COMMIT")
          return result
        } finally {
          if (db.isTransaction) db.exec("ROLLBACK")
        }
      },
      catch: classify("Failed to execute a bulk transaction", "bulk")
    })
  const pass = <A>(begin: string, work: (prepare: (text: string) => Prepared) => A) =>
    Effect.flatMap(Effect.serviceOption(client.transactionService), (open) =>
      Option.isSome(open)
        ? Effect.try({ try: () => work(prepare), catch: classify("Failed to execute in bulk", "bulk") })
        : semaphore.withPermit(within(begin, work))
    )
  return { write: (work) => pass("BEGIN IMMEDIATE", work), read: (work) => pass("BEGIN", work) }
}

const bulks = new WeakMap<SqlClient.SqlClient, Bulk>()

/** Dies for a client that was not made here. */
export const bulk: Effect.Effect<Bulk, never, SqlClient.SqlClient> = SqlClient.SqlClient.use((client) =>
  Effect.orDie(Effect.fromNullishOr(bulks.get(client)))
)

const make = (options: Options) =>
  Effect.gen(function* () {
    const db = yield* open(options)
    const semaphore = yield* Semaphore.make(1)
    const cache = new Map<string, StatementSync>()
    const prepare = (text: string) => {
      const found = cache.get(text)
      if (found !== undefined) return found
      const prepared = db.prepare(text)
      if (cache.size < 200) cache.set(text, prepared)
      return prepared
    }
    const rows = (statement: () => StatementSync, params: ReadonlyArray<unknown>, transform: Transform) => {
      const result = runStatement(statement, params, "rows")
      return transform === undefined ? result : Effect.map(result, transform)
    }
    const values = (statement: () => StatementSync, params: ReadonlyArray<unknown>) =>
      Effect.map(runStatement(statement, params, "arrays"), (all) => all.filter((row) => Array.isArray(row)))
    const connection: SqlConnection.Connection = {
      execute: (text, params, transform) => rows(() => prepare(text), params, transform),
      executeUnprepared: (text, params, transform) => rows(() => db.prepare(text), params, transform),
      executeRaw: (text, params) =>
        Effect.map(
          runStatement(() => prepare(text), params, "raw"),
          (all) => all[0]
        ),
      executeValues: (text, params) => values(() => prepare(text), params),
      executeValuesUnprepared: (text, params) => values(() => db.prepare(text), params),
      executeStream: (text, params, transform) =>
        Stream.suspend(() => {
          const stream = Stream.fromIterable<object>(db.prepare(text).iterate(...bind(params)))
          return transform === undefined
            ? stream
            : Stream.flatMap(stream, (row) => Stream.fromIterable(transform([row])))
        })
    }
    const client = yield* SqlClient.make({
      ...SqlClient.makeSqliteAcquirers({
        connection: Effect.succeed(connection),
        semaphore,
        isTransaction: () => db.isTransaction
      }),
      compiler: Statement.makeCompilerSqlite(),
      driver: "node:sqlite",
      // A deferred transaction that turns into a writer gets SQLITE_BUSY at once, whatever the time-out.
      beginTransaction: options.readOnly === true ? "BEGIN" : "BEGIN IMMEDIATE",
      spanAttributes: [["db.system.name", "sqlite"]]
    })
    const bulkOf = Effect.try({
      try: () => makeBulk(db, client, semaphore),
      catch: classify("Failed to open the database", "openConnection")
    })
    bulks.set(client, yield* bulkOf)
    return client
  })

export const layer = (options: Options) =>
  Layer.effect(SqlClient.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))

/** Migrations are keyed `NNNN_name`; each runs once, in order, all pending ones in one transaction. */
export const layerMigrated = (options: Options, migrations: Migrations) =>
  Layer.effectDiscard(Migrator.make({})({ loader: Migrator.fromRecord(migrations) })).pipe(
    Layer.provideMerge(layer(options))
  )

export type Migrations = Record<string, Effect.Effect<void, unknown, SqlClient.SqlClient>>
