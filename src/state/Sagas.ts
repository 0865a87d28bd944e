import { Clock, Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Fence from "../domain/fence.ts"
import {
  hasReached,
  isOver,
  type Saga,
  type SagaKind,
  type SagaPlan,
  type SagaState,
  type Verdict
} from "../domain/sagas.ts"
import { fromBytes } from "../platform/BytePath.ts"
import {
  type BlobRow,
  type EntryRow,
  fromBlob,
  fromEntry,
  fromTorrent,
  type SagaRow,
  toBlob,
  toEntry,
  toSaga,
  toTorrent,
  type TorrentRow
} from "./Sagas/rows.ts"

export interface NewSaga {
  readonly kind: SagaKind
  readonly subject: string
  readonly fromFsid: string
  readonly toFsid: string
  readonly promisedBytes: number
  readonly plan: SagaPlan
}

export interface SagaChange {
  readonly reason?: string | null
  readonly verdict?: Verdict | null
  readonly quarantineUntil?: number | null
  readonly promisedBytes?: number
}

export interface BlobChange {
  readonly sourceId?: string
  readonly contentId?: string
  readonly target?: Fence.Fence
  readonly proven?: Fence.Fence
  readonly aside?: Fence.Fence
}

export interface BlobNote extends BlobChange {
  readonly number: number
}

/** A name of an earlier saga for what lies at the other side now. */
export interface Carried {
  readonly saga: number
  readonly state: SagaState
  readonly target: string
}

/** Every relocation, with all that it needs to go on, or back, after a crash. */
export class Sagas extends Context.Service<
  Sagas,
  {
    /** Newest first. */
    recent(limit: number): Effect.Effect<ReadonlyArray<Saga>>
    /** Neither done nor aborted, oldest first. */
    readonly open: Effect.Effect<ReadonlyArray<Saga>>
    find(id: number): Effect.Effect<Option.Option<Saga>>
    /** Those that a torrent was in, newest first. */
    ofTorrent(hash: string): Effect.Effect<ReadonlyArray<Saga>>
    /**
     * A new saga, `planned`, with a lease on each of its torrents and inodes until it is over; undefined, and nothing
     * written, when another saga has one of them.
     */
    begin(saga: NewSaga): Effect.Effect<Saga | undefined>
    plan(id: number): Effect.Effect<SagaPlan>
    /** From one of these states to the next; false where it is in another one by now. The last state ends its leases. */
    move(id: number, from: ReadonlyArray<SagaState>, to: SagaState, change?: SagaChange): Effect.Effect<boolean>
    note(id: number, change: SagaChange): Effect.Effect<void>
    noteBlob(id: number, number: number, change: BlobChange): Effect.Effect<void>
    /** Several at once, in one transaction. */
    noteBlobs(id: number, notes: ReadonlyArray<BlobNote>): Effect.Effect<void>
    setRepointed(id: number, hash: string, repointed: boolean): Effect.Effect<void>
    /** Open sagas by the infohashes that they have leased. */
    readonly leases: Effect.Effect<ReadonlyMap<string, Saga>>
    /** By infohash, the last saga of a torrent where that ended with a verdict on its bytes. */
    readonly verdicts: Effect.Effect<ReadonlyMap<string, Saga>>
    /** The newest name on the other side of what a saga moved there from the inode with this fence. */
    carried(fence: Fence.Fence): Effect.Effect<Carried | undefined>
  }
>()("media-pipeline/Sagas") {
  static readonly layer = Layer.effect(
    Sagas,
    Effect.suspend(() => make)
  )
}

/** What no second saga may have at the same time. An inode is named by what another boot shows too. */
const leasesOf = ({ fromFsid, plan }: NewSaga): ReadonlyArray<string> => [
  ...plan.torrents.map(({ hash }) => `torrent:${hash}`),
  ...plan.blobs.map(({ fence }) => `inode:${fromFsid}:${fence.ino}:${fence.birthNs ?? ""}`)
]

const changed = (change: SagaChange) => ({
  ...(change.reason === undefined ? {} : { reason: change.reason }),
  ...(change.verdict === undefined ? {} : { verdict: change.verdict }),
  ...(change.quarantineUntil === undefined ? {} : { quarantine_until: change.quarantineUntil }),
  ...(change.promisedBytes === undefined ? {} : { promised: change.promisedBytes })
})

const over = ["done", "aborted"]

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  const find = (id: number) =>
    sql<SagaRow>`SELECT * FROM sagas WHERE id = ${id}`.pipe(
      Effect.map((rows) => Option.map(Option.fromNullishOr(rows[0]), toSaga)),
      Effect.orDie
    )

  const update = (id: number, row: Record<string, string | number | null>) =>
    Object.keys(row).length === 0
      ? Effect.void
      : Effect.asVoid(sql`UPDATE sagas SET ${sql.update(row)} WHERE id = ${id}`)

  const updateBlob = Effect.fnUntraced(function* (id: number, number: number, change: BlobChange) {
    const row = {
      ...(change.sourceId === undefined ? {} : { source_id: change.sourceId }),
      ...(change.contentId === undefined ? {} : { content_id: change.contentId }),
      ...(change.target === undefined ? {} : { target: Fence.print(change.target) }),
      ...(change.proven === undefined ? {} : { proven: Fence.print(change.proven) }),
      ...(change.aside === undefined ? {} : { aside: Fence.print(change.aside) })
    }
    yield* sql`UPDATE saga_blobs SET ${sql.update(row)} WHERE saga_id = ${id} AND number = ${number}`
  })

  return Sagas.of({
    recent: (limit) =>
      sql<SagaRow>`SELECT * FROM sagas ORDER BY id DESC LIMIT ${limit}`.pipe(
        Effect.map((rows) => rows.map(toSaga)),
        Effect.orDie
      ),
    open: sql<SagaRow>`SELECT * FROM sagas WHERE state NOT IN ${sql.in(over)} ORDER BY id`.pipe(
      Effect.map((rows) => rows.map(toSaga)),
      Effect.orDie
    ),
    find,
    ofTorrent: (hash) =>
      sql<SagaRow>`SELECT s.* FROM sagas s JOIN saga_torrents t ON t.saga_id = s.id WHERE t.hash = ${hash}
        ORDER BY s.id DESC`.pipe(
        Effect.map((rows) => rows.map(toSaga)),
        Effect.orDie
      ),
    begin: Effect.fn("Sagas.begin")(
      function* (saga: NewSaga) {
        const now = yield* Clock.currentTimeMillis
        const keys = leasesOf(saga)
        for (let at = 0; at < keys.length; at += 500) {
          const taken = yield* sql`SELECT key FROM saga_leases WHERE key IN ${sql.in(keys.slice(at, at + 500))} LIMIT 1`
          if (taken.length > 0) return undefined
        }
        const [row] = yield* sql<SagaRow>`INSERT INTO sagas
          (kind, subject, state, reached, began_at, changed_at, promised, from_fsid, to_fsid)
          VALUES (${saga.kind}, ${saga.subject}, 'planned', 'planned', ${now}, ${now}, ${saga.promisedBytes},
            ${saga.fromFsid}, ${saga.toFsid}) RETURNING *`
        const begun = toSaga(yield* Effect.fromNullishOr(row))
        for (const key of keys) yield* sql`INSERT INTO saga_leases ${sql.insert({ key, saga_id: begun.id })}`
        const { blobs, entries, torrents } = saga.plan
        for (const torrent of torrents)
          yield* sql`INSERT INTO saga_torrents ${sql.insert(fromTorrent(begun.id, torrent))}`
        for (const blob of blobs) yield* sql`INSERT INTO saga_blobs ${sql.insert(fromBlob(begun.id, blob))}`
        for (const entry of entries) yield* sql`INSERT INTO saga_entries ${sql.insert(fromEntry(begun.id, entry))}`
        return begun
      },
      sql.withTransaction,
      Effect.orDie
    ),
    plan: Effect.fn("Sagas.plan")(function* (id: number) {
      const torrents = yield* sql<TorrentRow>`SELECT * FROM saga_torrents WHERE saga_id = ${id} ORDER BY hash`
      const blobs = yield* sql<BlobRow>`SELECT * FROM saga_blobs WHERE saga_id = ${id} ORDER BY number`
      const entries = yield* sql<EntryRow>`SELECT * FROM saga_entries WHERE saga_id = ${id} ORDER BY source`
      return { torrents: torrents.map(toTorrent), blobs: blobs.map(toBlob), entries: entries.map(toEntry) }
    }, Effect.orDie),
    move: Effect.fn("Sagas.move")(
      function* (id: number, from: ReadonlyArray<SagaState>, to: SagaState, change: SagaChange = {}) {
        const now = yield* Clock.currentTimeMillis
        const [before] = yield* sql<SagaRow>`SELECT * FROM sagas WHERE id = ${id} AND state IN ${sql.in(from)}`
        if (before === undefined) return false
        const reached = hasReached(to, toSaga(before).reached) ? to : before.reached
        yield* update(id, { ...changed(change), state: to, reached, changed_at: now })
        if (isOver(to)) {
          yield* sql`DELETE FROM saga_leases WHERE saga_id = ${id}`
          yield* sql`UPDATE saga_torrents SET metainfo = x'' WHERE saga_id = ${id}`
          yield* update(id, { promised: 0 })
        }
        return true
      },
      sql.withTransaction,
      Effect.orDie
    ),
    note: (id, change) => Effect.orDie(update(id, changed(change))),
    noteBlob: (id, number, change) => Effect.orDie(updateBlob(id, number, change)),
    noteBlobs: Effect.fn("Sagas.noteBlobs")(
      function* (id: number, notes: ReadonlyArray<BlobNote>) {
        for (const note of notes) yield* updateBlob(id, note.number, note)
      },
      sql.withTransaction,
      Effect.orDie
    ),
    setRepointed: (id, hash, repointed) =>
      sql`UPDATE saga_torrents SET repointed = ${repointed ? 1 : 0} WHERE saga_id = ${id} AND hash = ${hash}`.pipe(
        Effect.asVoid,
        Effect.orDie
      ),
    leases: sql<SagaRow & { readonly hash: string }>`SELECT s.*, t.hash FROM sagas s
        JOIN saga_torrents t ON t.saga_id = s.id WHERE s.state NOT IN ${sql.in(over)}`.pipe(
      Effect.map((rows) => new Map(rows.map((row) => [row.hash, toSaga(row)]))),
      Effect.orDie
    ),
    verdicts: sql<SagaRow & { readonly hash: string }>`SELECT s.*, t.hash FROM sagas s
        JOIN saga_torrents t ON t.saga_id = s.id WHERE s.state = 'aborted' AND s.verdict IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM saga_torrents l WHERE l.hash = t.hash AND l.saga_id > s.id)`.pipe(
      Effect.map((rows) => new Map(rows.map((row) => [row.hash, toSaga(row)]))),
      Effect.orDie
    ),
    carried: (fence) =>
      sql<CarriedRow>`SELECT s.id, s.state, e.target FROM saga_blobs b
          JOIN sagas s ON s.id = b.saga_id
          JOIN saga_entries e ON e.saga_id = b.saga_id AND e.blob = b.number
          WHERE b.fence = ${Fence.print(fence)} ORDER BY s.id DESC, e.source LIMIT 1`.pipe(
        Effect.map(([row]) => (row === undefined ? undefined : carriedOf(row))),
        Effect.orDie
      )
  })
})

interface CarriedRow {
  readonly id: number
  readonly state: SagaState
  readonly target: Uint8Array
}
const carriedOf = ({ id, state, target }: CarriedRow): Carried => ({ saga: id, state, target: fromBytes(target) })
