import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import type { ExtractionState, FileState, Item, ItemFile, ItemKind, ItemState, Origin } from "../domain/items.ts"
import * as Fence from "../domain/fence.ts"
import { fromBytes, toBytes } from "../platform/BytePath.ts"

export interface NewItem {
  readonly path: string
  readonly kind: ItemKind
  readonly category: string | null
  readonly remote: string
  readonly hashes: ReadonlyArray<string>
  readonly now: number
}

export interface ItemChange {
  readonly state?: ItemState
  readonly reason?: string | null
  readonly errorClass?: string | null
  readonly attempts?: number
  readonly extraction?: ExtractionState
  readonly extractionReason?: string | null
  readonly digest?: string | null
  readonly hashes?: ReadonlyArray<string>
  readonly stamp?: string | null
  readonly uploadedAt?: number | null
  readonly releasedAt?: number | null
  readonly quarantinePath?: string | null
  readonly quarantineUntil?: number | null
}

/** What we know of every item and every file of it: the database is the truth, `.uploaded` only a sign. */
export class Items extends Context.Service<
  Items,
  {
    readonly all: Effect.Effect<ReadonlyArray<Item>>
    find(path: string): Effect.Effect<Option.Option<Item>>
    /** A new item, or a released one that has come again, begins as `discovered`. */
    add(item: NewItem): Effect.Effect<Item>
    update(id: number, change: ItemChange): Effect.Effect<void>
    /** The same where it is in one of these states; false where another run has taken it up meanwhile. */
    updateFrom(states: ReadonlyArray<ItemState>, id: number, change: ItemChange): Effect.Effect<boolean>
    /** Several changes as one: all of them or none. Nothing slow inside, others wait for it. */
    atomically<A, R>(effect: Effect.Effect<A, never, R>): Effect.Effect<A, never, R>
    files(id: number): Effect.Effect<ReadonlyArray<ItemFile>>
    /** Replaces the item's manifest in one transaction. */
    setFiles(id: number, files: ReadonlyArray<ItemFile>): Effect.Effect<void>
    /** Several at once, in one transaction. */
    putFiles(files: ReadonlyArray<ItemFile>): Effect.Effect<void>
    /** Which items other than this one own a file at these remote paths. */
    ownersOf(remotes: ReadonlyArray<string>, except: number): Effect.Effect<ReadonlyMap<string, string>>
    /** Number and bytes of original files by the state of their item. */
    readonly totals: Effect.Effect<ReadonlyMap<ItemState, { readonly items: number; readonly bytes: number }>>
  }
>()("media-pipeline/Items") {
  static readonly layer = Layer.effect(
    Items,
    Effect.suspend(() => make)
  )
}

// The tables are STRICT and only we write to them: a schema over thousands of rows would be most of an idle run's time.
interface ItemRow {
  readonly id: number
  readonly path: Uint8Array
  readonly kind: ItemKind
  readonly category: string | null
  readonly remote: string
  readonly state: ItemState
  readonly reason: string | null
  readonly error_class: string | null
  readonly attempts: number
  readonly extraction: ExtractionState
  readonly extraction_reason: string | null
  readonly digest: string | null
  readonly hashes: string
  readonly stamp: string | null
  readonly discovered_at: number
  readonly uploaded_at: number | null
  readonly released_at: number | null
  readonly quarantine_path: Uint8Array | null
  readonly quarantine_until: number | null
}
interface FileRow {
  readonly item_id: number
  readonly path: Uint8Array
  readonly origin: Origin
  readonly size: number
  readonly fence: string
  readonly sha1: string | null
  readonly hash: string | null
  readonly remote: string
  readonly state: FileState
  readonly proof: string | null
  readonly verified_at: number | null
}
interface TotalRow {
  readonly state: ItemState
  readonly items: number
  readonly bytes: number
}
interface OwnerRow {
  readonly remote: string
  readonly path: Uint8Array
}

/** Infohashes in one column, a space between. */
const splitHashes = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.split(" "))

const toItem = (row: ItemRow): Item => ({
  id: row.id,
  path: fromBytes(row.path),
  kind: row.kind,
  category: row.category,
  remote: row.remote,
  state: row.state,
  reason: row.reason,
  errorClass: row.error_class,
  attempts: row.attempts,
  extraction: row.extraction,
  extractionReason: row.extraction_reason,
  digest: row.digest,
  hashes: splitHashes(row.hashes),
  stamp: row.stamp,
  discoveredAt: row.discovered_at,
  uploadedAt: row.uploaded_at,
  releasedAt: row.released_at,
  quarantinePath: row.quarantine_path === null ? null : fromBytes(row.quarantine_path),
  quarantineUntil: row.quarantine_until
})

const noFence: Fence.Fence = { dev: 0n, ino: 0n, size: 0n, mtimeNs: 0n, ctimeNs: 0n }

const toFile = (row: FileRow): ItemFile => ({
  itemId: row.item_id,
  path: fromBytes(row.path),
  origin: row.origin,
  size: row.size,
  // A fence that cannot be parsed equals no file, so nothing can be concluded from it.
  fence: Fence.parse(row.fence) ?? noFence,
  sha1: row.sha1,
  hash: row.hash,
  remote: row.remote,
  state: row.state,
  proof: row.proof,
  verifiedAt: row.verified_at
})

const fromFile = (file: ItemFile) => ({
  item_id: file.itemId,
  path: toBytes(file.path),
  origin: file.origin,
  size: file.size,
  fence: Fence.print(file.fence),
  sha1: file.sha1,
  hash: file.hash,
  remote: file.remote,
  state: file.state,
  proof: file.proof,
  verified_at: file.verifiedAt
})

const columns: Record<keyof ItemChange, string> = {
  state: "state",
  reason: "reason",
  errorClass: "error_class",
  attempts: "attempts",
  extraction: "extraction",
  extractionReason: "extraction_reason",
  digest: "digest",
  hashes: "hashes",
  stamp: "stamp",
  uploadedAt: "uploaded_at",
  releasedAt: "released_at",
  quarantinePath: "quarantine_path",
  quarantineUntil: "quarantine_until"
}
const isColumn = (key: string): key is keyof ItemChange => key in columns

const rowOf = (change: ItemChange) =>
  Object.fromEntries(
    Object.entries(change).flatMap(([key, value]) => (isColumn(key) ? [[columns[key], stored(key, value)]] : []))
  )

const stored = (key: keyof ItemChange, value: unknown): unknown => {
  if (key === "hashes" && Array.isArray(value)) return value.join(" ")
  return key === "quarantinePath" && typeof value === "string" ? toBytes(value) : value
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  const find = (path: string) =>
    sql<ItemRow>`SELECT * FROM items WHERE path = ${toBytes(path)}`.pipe(
      Effect.map((rows) => Option.map(Option.fromNullishOr(rows[0]), toItem)),
      Effect.orDie
    )

  const putFile = (file: ItemFile) => sql`INSERT OR REPLACE INTO files ${sql.insert(fromFile(file))}`

  return Items.of({
    all: sql<ItemRow>`SELECT * FROM items ORDER BY id`.pipe(
      Effect.map((rows) => rows.map(toItem)),
      Effect.orDie
    ),
    find,
    add: Effect.fn("Items.add")(function* (item: NewItem) {
      yield* sql`INSERT INTO items (path, kind, category, remote, state, hashes, discovered_at)
        VALUES (${toBytes(item.path)}, ${item.kind}, ${item.category}, ${item.remote}, 'discovered',
          ${item.hashes.join(" ")}, ${item.now})
        ON CONFLICT (path) DO UPDATE SET kind = excluded.kind, category = excluded.category, remote = excluded.remote,
          state = 'discovered', reason = NULL, error_class = NULL, attempts = 0, extraction = 'none',
          extraction_reason = NULL, digest = NULL, hashes = excluded.hashes, stamp = NULL,
          discovered_at = excluded.discovered_at, uploaded_at = NULL, released_at = NULL, quarantine_path = NULL,
          quarantine_until = NULL`
      return yield* Effect.flatMap(find(item.path), Effect.fromOption)
    }, Effect.orDie),
    update: Effect.fn("Items.update")(function* (id: number, change: ItemChange) {
      const row = rowOf(change)
      if (Object.keys(row).length > 0) yield* sql`UPDATE items SET ${sql.update(row)} WHERE id = ${id}`
    }, Effect.orDie),
    updateFrom: Effect.fn("Items.updateFrom")(function* (
      states: ReadonlyArray<ItemState>,
      id: number,
      change: ItemChange
    ) {
      const rows =
        yield* sql`UPDATE items SET ${sql.update(rowOf(change))} WHERE id = ${id} AND state IN ${sql.in(states)}
        RETURNING id`
      return rows.length > 0
    }, Effect.orDie),
    atomically: (effect) => Effect.orDie(sql.withTransaction(effect)),
    files: (id) =>
      sql<FileRow>`SELECT * FROM files WHERE item_id = ${id} ORDER BY origin, path`.pipe(
        Effect.map((rows) => rows.map(toFile)),
        Effect.orDie
      ),
    setFiles: Effect.fn("Items.setFiles")(
      function* (id: number, files: ReadonlyArray<ItemFile>) {
        yield* sql`DELETE FROM files WHERE item_id = ${id}`
        yield* Effect.forEach(files, putFile, { discard: true })
      },
      sql.withTransaction,
      Effect.orDie
    ),
    putFiles: Effect.fn("Items.putFiles")(
      function* (files: ReadonlyArray<ItemFile>) {
        yield* Effect.forEach(files, putFile, { discard: true })
      },
      sql.withTransaction,
      Effect.orDie
    ),
    ownersOf: Effect.fn("Items.ownersOf")(function* (remotes: ReadonlyArray<string>, except: number) {
      const owners = new Map<string, string>()
      for (let at = 0; at < remotes.length; at += 500) {
        const rows = yield* sql<OwnerRow>`SELECT f.remote, i.path FROM files f JOIN items i ON i.id = f.item_id
          WHERE f.remote IN ${sql.in(remotes.slice(at, at + 500))} AND f.item_id <> ${except} AND f.state <> 'pending'`
        for (const row of rows) owners.set(row.remote, fromBytes(row.path))
      }
      return owners
    }, Effect.orDie),
    totals: sql<TotalRow>`SELECT i.state, count(DISTINCT i.id) AS items, coalesce(sum(f.size), 0) AS bytes
        FROM items i LEFT JOIN files f ON f.item_id = i.id AND f.origin = 'original' GROUP BY i.state`.pipe(
      Effect.map((rows) => new Map(rows.map((row) => [row.state, { items: row.items, bytes: row.bytes }]))),
      Effect.orDie
    )
  })
})
