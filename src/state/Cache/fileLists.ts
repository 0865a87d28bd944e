import type { Prepare } from "./paths.ts"
import { text } from "./rows.ts"

/** A file of a torrent, as the client named it. */
export interface ListedFile {
  /** Relative to the save path. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly wanted: boolean
}

export interface FileList {
  readonly hash: string
  /** What else the client said of the torrent: where it differs now, the list counts for nothing. */
  readonly stamp: string
  /** In milliseconds since the epoch. */
  readonly readAt: number
  readonly files: ReadonlyArray<ListedFile>
}

/** Path, size and choice in turn. A name that is not UTF-8 is kept as JSON escapes it. */
const printed = (files: ReadonlyArray<ListedFile>): string =>
  JSON.stringify(files.flatMap(({ path, size, wanted }) => [path, size, wanted]))

/** Undefined for what is no list of files: it is read again. */
const parsed = (json: string): ReadonlyArray<ListedFile> | undefined => {
  const fields: unknown = JSON.parse(json)
  if (!Array.isArray(fields)) return undefined
  const files: Array<ListedFile> = []
  for (let at = 0; at < fields.length; at += 3) {
    const path: unknown = fields[at]
    const size: unknown = fields[at + 1]
    const wanted: unknown = fields[at + 2]
    if (typeof path !== "string" || typeof size !== "number" || typeof wanted !== "boolean") return undefined
    files.push({ path, size, wanted })
  }
  return files
}

/** Those that were read since `since` when the client said the same of their torrents as it does now, by infohash. */
export const fileLists = (
  prepare: Prepare,
  stamps: ReadonlyMap<string, string>,
  since: number
): ReadonlyMap<string, ReadonlyArray<ListedFile>> => {
  const found = new Map<string, ReadonlyArray<ListedFile>>()
  for (const row of prepare("SELECT hash, stamp, files FROM cache_file_lists WHERE read_at >= ?").each(since)) {
    const hash = text(row[0])
    if (stamps.get(hash) !== row[1]) continue
    const files = parsed(text(row[2]))
    if (files !== undefined) found.set(hash, files)
  }
  return found
}

/** Keeps these, and forgets those of torrents that are not `listed` any more. */
export const keepFileLists = (prepare: Prepare, lists: ReadonlyArray<FileList>, listed: ReadonlySet<string>): void => {
  const remove = prepare("DELETE FROM cache_file_lists WHERE hash = ?")
  for (const [hash] of prepare("SELECT hash FROM cache_file_lists").all()) {
    if (!listed.has(text(hash))) remove.run(text(hash))
  }
  const put = prepare("INSERT OR REPLACE INTO cache_file_lists (hash, stamp, read_at, files) VALUES (?, ?, ?, ?)")
  for (const { files, hash, readAt, stamp } of lists) put.run(hash, stamp, readAt, printed(files))
}
