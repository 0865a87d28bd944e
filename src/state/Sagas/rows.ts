import { Schema } from "effect"
import * as Fence from "../../domain/fence.ts"
import type {
  Origin,
  Saga,
  SagaBlob,
  SagaEntry,
  SagaKind,
  SagaState,
  SagaTorrent,
  Verdict
} from "../../domain/sagas.ts"
import { fromBytes, toBytes } from "../../platform/BytePath.ts"

// The tables are STRICT and only we write to them.
export interface SagaRow {
  readonly id: number
  readonly kind: SagaKind
  readonly subject: string
  readonly state: SagaState
  readonly reached: SagaState
  readonly reason: string | null
  readonly verdict: Verdict | null
  readonly began_at: number
  readonly changed_at: number
  readonly quarantine_until: number | null
  readonly promised: number
  readonly from_fsid: string
  readonly to_fsid: string
}

export const toSaga = (row: SagaRow): Saga => ({
  id: row.id,
  kind: row.kind,
  subject: row.subject,
  state: row.state,
  reached: row.reached,
  reason: row.reason,
  verdict: row.verdict,
  beganAt: row.began_at,
  changedAt: row.changed_at,
  quarantineUntil: row.quarantine_until,
  promisedBytes: row.promised,
  fromFsid: row.from_fsid,
  toFsid: row.to_fsid
})

export interface TorrentRow {
  readonly hash: string
  readonly name: string
  readonly save_path: Uint8Array
  readonly folder: Uint8Array
  readonly target: Uint8Array
  readonly category: string
  readonly auto_managed: number
  readonly download_path: Uint8Array | null
  readonly ran: number
  readonly forced: number
  readonly files: string
  readonly metainfo: Uint8Array
  readonly repointed: number
}

// JSON escapes what is no UTF-8 in a name, so the bytes survive in a text column.
const Files = Schema.fromJsonString(
  Schema.Array(
    Schema.Struct({
      index: Schema.Int,
      path: Schema.String,
      size: Schema.Finite,
      wanted: Schema.Boolean,
      blob: Schema.NullOr(Schema.Int)
    })
  )
)
const decodeFiles = Schema.decodeUnknownSync(Files)

const OriginText = Schema.fromJsonString(
  Schema.Union([
    Schema.Struct({ kind: Schema.Literals(["copy", "empty"]) }),
    Schema.Struct({ kind: Schema.Literal("link"), path: Schema.String }),
    Schema.Struct({ kind: Schema.Literal("same"), blob: Schema.Int })
  ])
)
const decodeOrigin = Schema.decodeUnknownSync(OriginText)

export const pathOrNull = (bytes: Uint8Array | null): string | null => (bytes === null ? null : fromBytes(bytes))

export const toTorrent = (row: TorrentRow): SagaTorrent => ({
  hash: row.hash,
  name: row.name,
  savePath: fromBytes(row.save_path),
  folder: fromBytes(row.folder),
  target: fromBytes(row.target),
  category: row.category,
  autoManaged: row.auto_managed === 1,
  downloadPath: pathOrNull(row.download_path),
  ran: row.ran === 1,
  forced: row.forced === 1,
  files: decodeFiles(row.files),
  metainfo: row.metainfo,
  repointed: row.repointed === 1
})

export const fromTorrent = (id: number, torrent: SagaTorrent) => ({
  saga_id: id,
  hash: torrent.hash,
  name: torrent.name,
  save_path: toBytes(torrent.savePath),
  folder: toBytes(torrent.folder),
  target: toBytes(torrent.target),
  category: torrent.category,
  auto_managed: torrent.autoManaged ? 1 : 0,
  download_path: torrent.downloadPath === null ? null : toBytes(torrent.downloadPath),
  ran: torrent.ran ? 1 : 0,
  forced: torrent.forced ? 1 : 0,
  files: JSON.stringify(torrent.files),
  metainfo: torrent.metainfo,
  repointed: torrent.repointed ? 1 : 0
})

export interface BlobRow {
  readonly number: number
  readonly size: number
  readonly wanted: number
  readonly fence: string
  readonly links: number
  readonly origin: string
  readonly source_id: string | null
  readonly content_id: string | null
  readonly target: string | null
  readonly proven: string | null
  readonly aside: string | null
}

// A fence that cannot be parsed equals no file, so nothing can be concluded from it.
const noFence: Fence.Fence = { dev: 0n, ino: 0n, size: -1n, mtimeNs: 0n, ctimeNs: 0n }
const fenceOf = (text: string): Fence.Fence => Fence.parse(text) ?? noFence
const fenceOrNull = (text: string | null): Fence.Fence | null => (text === null ? null : fenceOf(text))
const printed = (fence: Fence.Fence | null): string | null => (fence === null ? null : Fence.print(fence))

export const toBlob = (row: BlobRow): SagaBlob => ({
  number: row.number,
  size: row.size,
  wanted: row.wanted === 1,
  fence: fenceOf(row.fence),
  links: row.links,
  origin: decodeOrigin(row.origin),
  sourceId: row.source_id,
  contentId: row.content_id,
  target: fenceOrNull(row.target),
  proven: fenceOrNull(row.proven),
  aside: fenceOrNull(row.aside)
})

export const fromBlob = (id: number, blob: SagaBlob) => ({
  saga_id: id,
  number: blob.number,
  size: blob.size,
  wanted: blob.wanted ? 1 : 0,
  fence: Fence.print(blob.fence),
  links: blob.links,
  origin: JSON.stringify(blob.origin satisfies Origin),
  source_id: blob.sourceId,
  content_id: blob.contentId,
  target: printed(blob.target),
  proven: printed(blob.proven),
  aside: printed(blob.aside)
})

export interface EntryRow {
  readonly blob: number
  readonly source: Uint8Array
  readonly target: Uint8Array
  readonly from_dir: Uint8Array
  readonly to_dir: Uint8Array
  readonly existed: number
}

export const toEntry = (row: EntryRow): SagaEntry => ({
  blob: row.blob,
  source: fromBytes(row.source),
  target: fromBytes(row.target),
  from: fromBytes(row.from_dir),
  to: fromBytes(row.to_dir),
  existed: row.existed === 1
})

export const fromEntry = (id: number, entry: SagaEntry) => ({
  saga_id: id,
  blob: entry.blob,
  source: toBytes(entry.source),
  target: toBytes(entry.target),
  from_dir: toBytes(entry.from),
  to_dir: toBytes(entry.to),
  existed: entry.existed ? 1 : 0
})
