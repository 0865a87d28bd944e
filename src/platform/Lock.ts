import { Clock, Effect, Schema, type Scope } from "effect"
import { existsSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"

/** Another process has it. Exit code 75. */
export class LockHeld extends Schema.TaggedError<LockHeld>()("LockHeld", {
  file: Schema.String,
  pid: Schema.NullOr(Schema.Int),
  command: Schema.NullOr(Schema.String),
  /** Milliseconds since the epoch. */
  since: Schema.NullOr(Schema.Int)
}) {
  override get message() {
    const who = this.pid === null ? "another run" : `"${this.command ?? "another run"}" (process ${this.pid})`
    return `${who} is still at work and holds ${this.file}: wait until it ends. Nothing was changed.`
  }
}

/** The lock file itself cannot be used: no such directory, no permission, no space. */
export class LockUnusable extends Schema.TaggedError<LockUnusable>()("LockUnusable", {
  file: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `the lock ${this.file} cannot be taken (${this.why}): make sure that stateDir exists, has room, and is writable for this user. Nothing was changed.`
  }
}

const Holder = Schema.Struct({ pid: Schema.Int, command: Schema.String, since: Schema.Int })
const isHolder = Schema.is(Holder)

const isBusy = (cause: unknown): boolean =>
  cause instanceof Error && "errcode" in cause && typeof cause.errcode === "number" && (cause.errcode & 0xff) === 5

const held = (file: string, db: DatabaseSync): LockHeld => {
  try {
    const row = db.prepare("SELECT pid, command, since FROM holder").get()
    if (isHolder(row)) return new LockHeld({ file, ...row })
  } catch {
    // The holder is writing its name at this moment.
  }
  return new LockHeld({ file, pid: null, command: null, since: null })
}

const take = (file: string, since: number): DatabaseSync => {
  const db = new DatabaseSync(file, { timeout: 200 })
  try {
    db.exec("BEGIN IMMEDIATE")
    db.exec("CREATE TABLE IF NOT EXISTS holder (pid INTEGER, command TEXT, since INTEGER); DELETE FROM holder")
    db.prepare("INSERT INTO holder VALUES (?, ?, ?)").run(process.pid, process.argv.slice(2).join(" "), since)
    db.exec("COMMIT")
    // A reserved lock keeps other writers out and still lets them read who we are.
    db.exec("BEGIN IMMEDIATE")
    return db
  } catch (cause) {
    const error = isBusy(cause) ? held(file, db) : cause
    db.close()
    throw error
  }
}

/**
 * Holds `file` until the scope ends. The kernel drops the lock with the process, so a killed one leaves none behind.
 * Never waits: a second process fails at once.
 */
export const hold = (file: string): Effect.Effect<void, LockHeld | LockUnusable, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.try({
          try: () => take(file, now),
          catch: (cause) =>
            cause instanceof LockHeld
              ? cause
              : new LockUnusable({ file, why: cause instanceof Error ? cause.message : String(cause) })
        })
      ),
      (db) => Effect.sync(() => db.close())
    )
  )

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM"
  }
}

/** For a user who may not write there: whoever wrote the last name, if that process still lives. */
const lastHolder = (file: string): LockHeld | undefined => {
  try {
    const db = new DatabaseSync(file, { readOnly: true })
    try {
      const found = held(file, db)
      return found.pid !== null && isAlive(found.pid) ? found : undefined
    } finally {
      db.close()
    }
  } catch {
    return undefined
  }
}

/** Who holds `file` now, without taking it; undefined when nobody does. Never creates it. */
export const holder = (file: string): Effect.Effect<LockHeld | undefined> =>
  Effect.sync(() => {
    let db: DatabaseSync
    try {
      // An immediate transaction needs a writable handle; a file that is not there must stay so.
      db = new DatabaseSync(`${pathToFileURL(file).href}?mode=rw`, { timeout: 0 })
    } catch {
      return existsSync(file) ? lastHolder(file) : undefined
    }
    try {
      db.exec("BEGIN IMMEDIATE")
      return undefined
    } catch (cause) {
      return isBusy(cause) ? held(file, db) : lastHolder(file)
    } finally {
      db.close()
    }
  })
