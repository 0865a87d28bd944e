import { createHash } from "node:crypto"
import { basename, dirname, join, toBytes } from "../platform/BytePath.ts"
import type { Fence } from "./fence.ts"

/**
 * An item is what completes, uploads and is released as one: a torrent's payload, or something dropped by hand.
 * `rootless`: a torrent of several files without a folder of its own; `path` is then a name only, and its files lie
 * beside it.
 */
export type ItemKind = "file" | "directory" | "rootless"

/**
 * `discovered` → `uploading` → `uploaded` → `releasing` → `released`, or → `quarantined` → `released`.
 * `failed` is tried again in the next run, `blocked` only when it is asked for by name or has changed.
 */
export type ItemState =
  | "discovered"
  | "uploading"
  | "uploaded"
  | "failed"
  | "blocked"
  | "releasing"
  | "quarantined"
  | "released"

export type ExtractionState = "none" | "done" | "failed"

export interface Item {
  readonly id: number
  /** Absolute host path (BytePath). */
  readonly path: string
  readonly kind: ItemKind
  readonly category: string | null
  /** Folder on the remote, below its root, that the item lies in: `tv`, `downloads`. rclone's standard encoding. */
  readonly remote: string
  readonly state: ItemState
  /** Why it is `failed`, `blocked` or was sent back to `discovered`. */
  readonly reason: string | null
  readonly errorClass: string | null
  readonly attempts: number
  readonly extraction: ExtractionState
  readonly extractionReason: string | null
  /** SHA-256 of its manifest, once it is uploaded. */
  readonly digest: string | null
  /** Infohashes of the torrents that were seen to claim it. */
  readonly hashes: ReadonlyArray<string>
  /** What the disk looked like when it was uploaded, so that an unchanged item costs one stat. */
  readonly stamp: string | null
  readonly discoveredAt: number
  readonly uploadedAt: number | null
  readonly releasedAt: number | null
  readonly quarantinePath: string | null
  readonly quarantineUntil: number | null
}

export type Origin = "original" | "extracted"

/** `pending` → `sent` (the transfer ended, or may have) → `verified` (present on the remote with our size and hash). */
export type FileState = "pending" | "sent" | "verified"

export interface ItemFile {
  readonly itemId: number
  /** Relative to the item's path; "" is the item itself. For rootless items relative to its parent directory. */
  readonly path: string
  readonly origin: Origin
  readonly size: number
  readonly fence: Fence
  /** Lower-case hex, of the bytes on the disk; null until it was read. */
  readonly sha1: string | null
  /** The same bytes' hash in the kind that the remote reports, where that is not SHA-1. */
  readonly hash: string | null
  /** Path on the remote, below its root, in rclone's standard encoding. */
  readonly remote: string
  readonly state: FileState
  /** How it was proven: "hash", "claim+samples", "claim+readback", "readback", "claim". */
  readonly proof: string | null
  readonly verifiedAt: number | null
}

/** What we know of a file's bytes in the kind of hash that the remote reports; null where it reports none. */
export const hashIn = (
  file: { readonly sha1: string | null; readonly hash: string | null },
  kind: string | null
): string | null => (kind === null ? null : kind === "sha1" ? file.sha1 : file.hash)

/** Absolute host path of an original file of an item. */
export const hostPath = (item: { readonly path: string; readonly kind: ItemKind }, file: { readonly path: string }) => {
  const base = item.kind === "rootless" ? item.path.slice(0, item.path.lastIndexOf("/")) : item.path
  return file.path === "" ? base : `${base}/${file.path}`
}

const longestMarked = 255 - ".uploaded".length

/**
 * The sign for people beside an item. A name of up to 255 bytes may leave no room for the suffix: then it is cut short
 * and told apart by a hash.
 */
export const markerOf = (item: { readonly path: string }): string => {
  const name = toBytes(basename(item.path))
  if (name.length <= longestMarked) return `${item.path}.uploaded`
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 12)
  // A character that was cut in the middle is dropped, so that the sign stays readable.
  const start = name
    .subarray(0, longestMarked - 13)
    .toString("utf8")
    .replace(/\uFFFD+/g, "")
  return join(dirname(item.path), `${start}~${hash}.uploaded`)
}
