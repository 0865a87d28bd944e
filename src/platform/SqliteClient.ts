import { Effect, Layer, Semaphore, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { Migrator, SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"

/** SQL over node:sqlite. One connection; SYNC=FULL, so a committed row is on the disk. */
export interface Options {
  readonly filename: string
  readonly readOnly?: boolean
  /** Milliseconds to wait for another process's lock. Blocks the event loop: keep it short. */
  readonly busyTimeout?: number
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

const make = (options: Options) =>
  Effect.gen(function* () {
    const db = yield* open(options)
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
    return yield* SqlClient.make({
      ...SqlClient.makeSqliteAcquirers({
        connection: Effect.succeed(connection),
        semaphore: yield* Semaphore.make(1),
        isTransaction: () => db.isTransaction
      }),
      compiler: Statement.makeCompilerSqlite(),
      driver: "node:sqlite",
      // A deferred transaction that turns into a writer gets SQLITE_BUSY at once, whatever the time-out.
      beginTransaction: options.readOnly === true ? "BEGIN" : "BEGIN IMMEDIATE",
      spanAttributes: [["db.system.name", "sqlite"]]
    })
  })

export const layer = (options: Options) =>
  Layer.effect(SqlClient.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))

/** Migrations are keyed `NNNN_name`; each runs once, in order, all pending ones in one transaction. */
export const layerMigrated = (options: Options, migrations: Migrations) =>
  Layer.effectDiscard(Migrator.make({})({ loader: Migrator.fromRecord(migrations) })).pipe(
    Layer.provideMerge(layer(options))
  )

export type Migrations = Record<string, Effect.Effect<void, unknown, SqlClient.SqlClient>>
