import { Clock, Context, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Fence from "../domain/fence.ts"
import { fromBytes, toBytes } from "../platform/BytePath.ts"

export interface PayloadTorrent {
  readonly hash: string
  readonly name: string
  readonly exported: string | null
  /** It has left the client by our doing. */
  readonly removed: boolean
}

export interface RecordedFile {
  /** Canonical. */
  readonly names: ReadonlyArray<string>
  readonly fence: Fence.Fence
  readonly links: number
}

/** A seeding directory, and the number of its inode: the mount point of a disk that is not there has another. */
export interface RecordedRoot {
  readonly path: string
  readonly ino: string
}

export interface RecordedTitle {
  readonly id: number
  readonly title: string
  readonly rule: string
  readonly endedAt: number
}

export interface NewPayload {
  /** Where it lies, for people. */
  readonly subject: string
  readonly titles: ReadonlyArray<RecordedTitle>
  readonly torrents: ReadonlyArray<PayloadTorrent>
  readonly roots: ReadonlyArray<RecordedRoot>
  readonly files: ReadonlyArray<RecordedFile>
  /** Folders of its own that it lies in. */
  readonly folders: ReadonlyArray<string>
}

export interface RecordedPayload extends NewPayload {
  readonly id: number
  readonly beganAt: number
}

/**
 * Payloads of retired titles whose torrents go, or have gone, from the client: what they are has to be known after it,
 * and after a crash.
 */
export class RetiredPayloads extends Context.Service<
  RetiredPayloads,
  {
    /** Begun and not over, oldest first. */
    readonly open: Effect.Effect<ReadonlyArray<RecordedPayload>>
    begin(payload: NewPayload): Effect.Effect<RecordedPayload>
    /** Everything of it but when it began is replaced. */
    note(payload: RecordedPayload): Effect.Effect<void>
    /** `kept`: it is not ours to remove any more. */
    end(id: number, outcome: "done" | "kept", reason: string | null): Effect.Effect<void>
  }
>()("media-pipeline/RetiredPayloads") {
  static readonly layer = Layer.effect(
    RetiredPayloads,
    Effect.suspend(() => make)
  )
}

// In JSON a name that is no UTF-8 keeps its bytes: BytePath has them as lone surrogates, which are escaped.
const Content = Schema.fromJsonString(
  Schema.Struct({
    titles: Schema.Array(
      Schema.Struct({ id: Schema.Int, title: Schema.String, rule: Schema.String, endedAt: Schema.Int })
    ),
    torrents: Schema.Array(
      Schema.Struct({
        hash: Schema.String,
        name: Schema.String,
        exported: Schema.NullOr(Schema.String),
        removed: Schema.Boolean
      })
    ),
    roots: Schema.Array(Schema.Struct({ path: Schema.String, ino: Schema.String })),
    files: Schema.Array(Schema.Struct({ names: Schema.Array(Schema.String), fence: Schema.String, links: Schema.Int })),
    folders: Schema.Array(Schema.String)
  })
)
const Row = Schema.Struct({
  id: Schema.Int,
  subject: Schema.Uint8Array,
  content: Content,
  began_at: Schema.Int
})
const decode = Schema.decodeUnknownEffect(Schema.Array(Row))

// A fence that cannot be parsed equals no file, so nothing can be concluded from it.
const noFence: Fence.Fence = { dev: 0n, ino: 0n, size: 0n, mtimeNs: 0n, ctimeNs: 0n }

const toPayload = ({ began_at, content, id, subject }: typeof Row.Type): RecordedPayload => ({
  ...content,
  id,
  subject: fromBytes(subject),
  files: content.files.map((file) => ({ ...file, fence: Fence.parse(file.fence) ?? noFence })),
  beganAt: began_at
})

const contentOf = ({ files, folders, roots, titles, torrents }: NewPayload): string =>
  JSON.stringify({
    titles: titles.map(({ endedAt, id, rule, title }) => ({ id, title, rule, endedAt })),
    torrents,
    roots,
    files: files.map((file) => ({ ...file, fence: Fence.print(file.fence) })),
    folders
  })

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return RetiredPayloads.of({
    open: sql`SELECT id, subject, content, began_at FROM retired_payloads WHERE ended_at IS NULL ORDER BY id`.pipe(
      Effect.flatMap(decode),
      Effect.map((rows) => rows.map(toPayload)),
      Effect.orDie
    ),
    begin: Effect.fn("RetiredPayloads.begin")(function* (payload: NewPayload) {
      const rows = yield* sql`INSERT INTO retired_payloads (subject, content, began_at)
        VALUES (${toBytes(payload.subject)}, ${contentOf(payload)}, ${yield* Clock.currentTimeMillis})
        RETURNING id, subject, content, began_at`
      return toPayload(yield* Effect.fromNullishOr((yield* decode(rows))[0]))
    }, Effect.orDie),
    note: (payload) =>
      sql`UPDATE retired_payloads SET content = ${contentOf(payload)} WHERE id = ${payload.id}`.pipe(
        Effect.asVoid,
        Effect.orDie
      ),
    end: Effect.fn("RetiredPayloads.end")(function* (id: number, outcome: "done" | "kept", reason: string | null) {
      yield* sql`UPDATE retired_payloads SET ended_at = ${yield* Clock.currentTimeMillis}, outcome = ${outcome},
        reason = ${reason} WHERE id = ${id}`
    }, Effect.orDie)
  })
})
