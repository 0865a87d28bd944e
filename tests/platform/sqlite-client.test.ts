import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Sqlite from "../../src/platform/SqliteClient.ts"

const migrations = {
  "0001_things": SqlClient.SqlClient.use((sql) =>
    Effect.asVoid(sql`CREATE TABLE things (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, size INTEGER) STRICT`)
  )
}

const inTemporary = <A, E>(use: (file: string) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "sqlite-"))),
    (directory) => use(join(directory, "state.db")),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
  )

const open = (file: string) => Sqlite.layerMigrated({ filename: file }, migrations)
const count = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT id FROM things`).pipe(
  Effect.map((rows) => rows.length)
)
const insert = (name: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`INSERT INTO things (name) VALUES (${Buffer.from(name)})`)

it.live("migrates once and keeps what is written", () =>
  inTemporary((file) =>
    Effect.gen(function* () {
      yield* insert("one").pipe(Effect.provide(open(file), { local: true }))
      assert.strictEqual(yield* count.pipe(Effect.provide(open(file), { local: true })), 1)
    })
  )
)

it.live("a transaction that fails, or is interrupted, leaves nothing", () =>
  inTemporary((file) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const failed = yield* Effect.exit(sql.withTransaction(Effect.andThen(insert("lost"), Effect.fail("no"))))
      assert.isTrue(Exit.isFailure(failed))
      const fiber = yield* Effect.forkChild(sql.withTransaction(Effect.andThen(insert("lost"), Effect.never)), {
        startImmediately: true
      })
      yield* Effect.sleep("20 millis")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* count, 0)
      yield* sql.withTransaction(insert("kept"))
      assert.strictEqual(yield* count, 1)
    }).pipe(Effect.provide(open(file), { local: true }))
  )
)

it.live("a taken name is a UniqueViolation, a locked file is retryable", () =>
  inTemporary((file) =>
    Effect.gen(function* () {
      yield* insert("one")
      const clash = yield* Effect.flip(insert("one"))
      assert.strictEqual(clash.reason._tag, "UniqueViolation")
      const sql = yield* SqlClient.SqlClient
      const second = Sqlite.layer({ filename: file, busyTimeout: 0 })
      const locked = yield* sql.withTransaction(
        Effect.andThen(insert("two"), Effect.flip(insert("three").pipe(Effect.provide(second, { local: true }))))
      )
      assert.isTrue("isRetryable" in locked && locked.isRetryable)
    }).pipe(Effect.provide(open(file), { local: true }))
  )
)

it.live("a reader reads while a writer writes, and cannot write", () =>
  inTemporary((file) =>
    Effect.gen(function* () {
      yield* insert("one")
      const sql = yield* SqlClient.SqlClient
      const reader = Sqlite.layer({ filename: file, readOnly: true })
      const seen = yield* sql.withTransaction(
        Effect.andThen(insert("two"), count.pipe(Effect.provide(reader, { local: true })))
      )
      assert.strictEqual(seen, 1)
      const refused = yield* Effect.exit(insert("three").pipe(Effect.provide(reader, { local: true })))
      assert.isTrue(Exit.isFailure(refused))
      assert.strictEqual(yield* count, 2)
    }).pipe(Effect.provide(open(file), { local: true }))
  )
)

it.live("bulk work is all or nothing, joins the transaction that it is in, and waits for others", () =>
  inTemporary((file) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { read, write } = yield* Sqlite.bulk
      const put = (prepare: (text: string) => Sqlite.Prepared, id: bigint) =>
        prepare("INSERT INTO things (id, name) VALUES (?, ?)").run(id, Buffer.from(`${id}`))
      const failed = yield* Effect.exit(
        write((prepare) => {
          put(prepare, 1n)
          throw new Error("no")
        })
      )
      assert.isTrue(Exit.isFailure(failed))
      assert.strictEqual(yield* count, 0)
      yield* Effect.exit(
        sql.withTransaction(
          Effect.andThen(
            write((prepare) => put(prepare, 1n)),
            Effect.fail("rolled back with the rest")
          )
        )
      )
      assert.strictEqual(yield* count, 0)
      const slow = yield* Effect.forkChild(
        sql.withTransaction(Effect.andThen(insert("slow"), Effect.sleep("30 millis"))),
        {
          startImmediately: true
        }
      )
      yield* write((prepare) => put(prepare, 2n ** 62n))
      yield* Fiber.join(slow)
      const ids = yield* read((prepare) => prepare("SELECT id FROM things ORDER BY id").all())
      assert.deepStrictEqual(
        ids.map(([id]) => id),
        [1n, 2n ** 62n]
      )
      const each = yield* read((prepare) => [...prepare("SELECT id FROM things WHERE id > ?").each(1n)])
      assert.deepStrictEqual(each, [[2n ** 62n]])
    }).pipe(Effect.provide(open(file), { local: true }))
  )
)

it.live("blobs and large integers come back as they went in", () =>
  inTemporary((file) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const name = Buffer.from([0x66, 0xff, 0x0a, 0x00, 0xc3, 0x28])
      yield* sql`INSERT INTO things (name, size) VALUES (${name}, ${Number.MAX_SAFE_INTEGER})`
      const rows = yield* sql`SELECT name, size FROM things`.values
      assert.deepStrictEqual(rows, [[new Uint8Array(name), Number.MAX_SAFE_INTEGER]])
    }).pipe(Effect.provide(open(file), { local: true }))
  )
)
