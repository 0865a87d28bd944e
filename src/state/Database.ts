import { Effect, Layer, Schema } from "effect"
import { type SqlClient, SqlError } from "effect/sql"
import { AppConfig } from "../config/AppConfig.ts"
import * as Sqlite from "../platform/SqliteClient.ts"
import { join } from "../platform/BytePath.ts"
import { closeSync, mkdirSync, openSync, statSync } from "node:fs"
import { migrations } from "./migrations.ts"

/** `$stateDir` or its database cannot be used. Exit code 75. */
export class StateUnusable extends Schema.TaggedError<StateUnusable>()("StateUnusable", {
  file: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `${this.file} cannot be used (${this.why}): make sure that stateDir exists, has room, and is writable for this user (run as the service's user). Nothing was changed.`
  }
}

const reasonOf = (cause: unknown): string => {
  if (cause instanceof SqlError.SqlError) return reasonOf(cause.reason.cause)
  return cause instanceof Error ? cause.message : String(cause)
}

const fileOf = Effect.map(AppConfig, ({ stateDir }) => join(stateDir, "state.db"))

const unusable = (file: string, cause: unknown): Layer.Layer<SqlClient.SqlClient, StateUnusable> =>
  Layer.unwrap(Effect.fail(new StateUnusable({ file, why: reasonOf(cause) })))

/** `stateDir`, made if it is missing, for this user and its group. */
export const ensureDirectory = (stateDir: string): Effect.Effect<void, StateUnusable> =>
  Effect.try({
    try: () => void mkdirSync(stateDir, { recursive: true, mode: 0o770 }),
    catch: (cause) => new StateUnusable({ file: stateDir, why: reasonOf(cause) })
  })

/** For reading and writing: made, for this user alone, and brought up to date if need be. */
export const layer: Layer.Layer<SqlClient.SqlClient, StateUnusable, AppConfig> = Layer.unwrap(
  Effect.gen(function* () {
    const { stateDir } = yield* AppConfig
    const file = yield* fileOf
    yield* ensureDirectory(stateDir)
    yield* Effect.try({
      try: () => closeSync(openSync(file, "a", 0o600)),
      catch: (cause) => new StateUnusable({ file, why: reasonOf(cause) })
    })
    return Sqlite.layerMigrated({ filename: file }, migrations).pipe(Layer.catch((cause) => unusable(file, cause)))
  })
)

const hasContent = (file: string): boolean => {
  try {
    return statSync(file).size > 0
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return false
    throw cause
  }
}

/** For looking only, also while a run writes. Before the first run there is no database: it looks empty then. */
export const layerReadOnly: Layer.Layer<SqlClient.SqlClient, StateUnusable, AppConfig> = Layer.unwrap(
  Effect.gen(function* () {
    const file = yield* fileOf
    const exists = yield* Effect.try({
      try: () => hasContent(file),
      catch: (cause) => new StateUnusable({ file, why: reasonOf(cause) })
    })
    return (
      exists
        ? Sqlite.layer({ filename: file, readOnly: true })
        : Sqlite.layerMigrated({ filename: ":memory:" }, migrations)
    ).pipe(Layer.catch((cause) => unusable(file, cause)))
  })
)
