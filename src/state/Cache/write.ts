import type { SQLInputValue } from "node:sqlite"
import { type Facts, type Listing, packed, stampOf } from "../../domain/indexStamp.ts"
import { algorithm } from "../../domain/indexGrade.ts"
import { basename, fromBytes, toBytes } from "../../platform/BytePath.ts"
import { directoriesBelow, type Prepare } from "./paths.ts"
import { blob, blobOrNull, integer, signed, unsigned } from "./rows.ts"

/** Where a scan writes to. */
export interface Scan {
  readonly fs: bigint
  readonly root: bigint
  readonly generation: bigint
}

/** What a listing changed: names. */
export interface Absorbed {
  readonly added: number
  readonly gone: number
  /** Whether any row of a file was written. */
  readonly changed: boolean
}

const unchanged: Absorbed = { added: 0, gone: 0, changed: false }

/** Rows that go into one statement: the call costs as much as a row. */
const together = 8

/** `INSERT … VALUES` for one row and for several; takes the values of all rows one after the other. */
const inserting = (into: string, width: number, conflict: string) => {
  const row = `(${Array<string>(width).fill("?").join(", ")})`
  const one = `${into} VALUES ${row} ${conflict}`
  const several = `${into} VALUES ${Array<string>(together).fill(row).join(", ")} ${conflict}`
  const stride = width * together
  return (prepare: Prepare, values: ReadonlyArray<SQLInputValue>): void => {
    let at = 0
    for (; at + stride <= values.length; at += stride) prepare(several).run(...values.slice(at, at + stride))
    for (; at < values.length; at += width) prepare(one).run(...values.slice(at, at + width))
  }
}

// The content id stays while size, mtime and birth do; ctime is compared when somebody asks.
const putRows = inserting(
  "INSERT INTO cache_inodes (fs, ino, birth, size, mtime, ctime, nlink, root)",
  8,
  `ON CONFLICT (fs, ino) DO UPDATE SET
    content = CASE WHEN birth = excluded.birth AND size = excluded.size AND mtime = excluded.mtime THEN content END,
    birth = excluded.birth, size = excluded.size, mtime = excluded.mtime, ctime = excluded.ctime,
    nlink = excluded.nlink, root = CASE WHEN excluded.root = 0 THEN root ELSE excluded.root END`
)

const putEntries = inserting(
  "INSERT INTO cache_entries (fs, parent, name, ino)",
  4,
  "ON CONFLICT (fs, parent, name) DO UPDATE SET ino = excluded.ino"
)

const upsertDirectory = `INSERT INTO cache_directories (fs, ino, birth, parent, name, others, generation, stamp)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (fs, ino) DO UPDATE SET birth = excluded.birth, parent = excluded.parent, name = excluded.name,
    others = excluded.others, generation = excluded.generation, stamp = excluded.stamp`

const orphan = "INSERT OR IGNORE INTO cache_orphans (fs, ino) VALUES (?, ?)"

/** `root` is 0 for those that were met outside of a scan. */
export const putInodes = (prepare: Prepare, fs: bigint, root: bigint, files: ReadonlyArray<Facts>): void =>
  putRows(
    prepare,
    files.flatMap((file) => [
      fs,
      signed(file.ino),
      file.birthtimeNs,
      file.size,
      file.mtimeNs,
      file.ctimeNs,
      file.nlink,
      root
    ])
  )

/** Those of a listing, as they lie there. */
const putListed = (prepare: Prepare, { fs, root }: Scan, files: BigInt64Array): void => {
  const values: Array<SQLInputValue> = []
  for (let at = 0; at < files.length; at += packed) {
    values.push(fs)
    for (let column = 0; column < packed; column++) values.push(files[at + column] ?? 0n)
    values.push(root)
  }
  putRows(prepare, values)
}

/** Names are keyed by their bytes: text that only looks the same is another name. */
const known = (prepare: Prepare, fs: bigint, directory: bigint): Map<string, bigint> =>
  new Map(
    prepare("SELECT name, ino FROM cache_entries WHERE fs = ? AND parent = ?")
      .all(fs, directory)
      .map((row) => [fromBytes(blob(row[0])), integer(row[1])])
  )

/**
 * Takes in a directory that was read completely: what it does not name any more is not there. Where nothing changed,
 * nothing is written.
 */
export const absorb = (prepare: Prepare, scan: Scan, listing: Listing): Absorbed => {
  const { fs, generation } = scan
  const ino = signed(listing.facts.ino)
  const stamp = stampOf(listing)
  const before = prepare("SELECT stamp FROM cache_directories WHERE fs = ? AND ino = ?").get(fs, ino)
  const oldStamp = before === undefined ? null : blobOrNull(before[0] ?? null)
  if (oldStamp !== null && stamp.equals(oldStamp)) return unchanged
  const { files, names, parent } = listing
  const name = parent === null ? listing.path : basename(listing.path)
  prepare(upsertDirectory).run(
    fs,
    ino,
    listing.facts.birthtimeNs,
    parent === null ? null : signed(parent),
    toBytes(name),
    listing.others,
    generation,
    stamp
  )
  const old = before === undefined ? new Map<string, bigint>() : known(prepare, fs, ino)
  putListed(prepare, scan, files)
  const entries: Array<SQLInputValue> = []
  let added = 0
  for (const [index, fileName] of names.entries()) {
    const number = files[index * packed] ?? 0n
    const was = old.get(fileName)
    old.delete(fileName)
    if (was === number) continue
    entries.push(fs, ino, toBytes(fileName), number)
    if (was === undefined) added += 1
    else prepare(orphan).run(fs, was)
  }
  putEntries(prepare, entries)
  for (const [gone, number] of old) {
    prepare("DELETE FROM cache_entries WHERE fs = ? AND parent = ? AND name = ?").run(fs, ino, toBytes(gone))
    prepare(orphan).run(fs, number)
  }
  return { added, gone: old.size, changed: true }
}

const forgetDirectory = (prepare: Prepare, fs: bigint, ino: bigint): number => {
  const entries = prepare("SELECT ino FROM cache_entries WHERE fs = ? AND parent = ?").all(fs, ino)
  for (const row of entries) prepare(orphan).run(fs, integer(row[0]))
  prepare("DELETE FROM cache_entries WHERE fs = ? AND parent = ?").run(fs, ino)
  prepare("DELETE FROM cache_directories WHERE fs = ? AND ino = ?").run(fs, ino)
  return entries.length
}

/** Inodes that have lost their last name, and with them what was known of their content. */
const sweep = (prepare: Prepare, fs: bigint): void => {
  prepare(
    `DELETE FROM cache_inodes WHERE fs = ?1 AND ino IN (SELECT ino FROM cache_orphans WHERE fs = ?1)
       AND NOT EXISTS (SELECT 1 FROM cache_entries e WHERE e.fs = cache_inodes.fs AND e.ino = cache_inodes.ino)`
  ).run(fs)
  prepare("DELETE FROM cache_orphans WHERE fs = ?").run(fs)
}

/** Notes of directories that they were read completely in this scan. */
export const touch = (prepare: Prepare, { fs, generation }: Scan, visited: Iterable<bigint>): void => {
  const update = prepare("UPDATE cache_directories SET generation = ? WHERE fs = ? AND ino = ?")
  for (const ino of visited) update.run(generation, fs, signed(ino))
}

/**
 * After a scan of `start` that was complete and without an error, and only then: what lies below it and was not visited
 * is gone. Returns how many names went with it.
 */
export const prune = (prepare: Prepare, { fs }: Scan, start: bigint, visited: ReadonlySet<bigint>): number => {
  let gone = 0
  for (const ino of directoriesBelow(prepare, fs, signed(start))) {
    if (!visited.has(unsigned(ino))) gone += forgetDirectory(prepare, fs, ino)
  }
  sweep(prepare, fs)
  return gone
}

/** All that lies below a directory goes, and the directory with it. */
export const forget = (prepare: Prepare, fs: bigint, ino: bigint): void => {
  for (const at of directoriesBelow(prepare, fs, ino)) forgetDirectory(prepare, fs, at)
  sweep(prepare, fs)
}

/** What was read of an inode whose facts are still these; dropped where another look has found others since. */
export interface Digest {
  readonly file: {
    readonly ino: bigint
    readonly birthNs: bigint
    readonly size: bigint
    readonly mtimeNs: bigint
    readonly ctimeNs: bigint
  }
  /** In hex. */
  readonly sha256: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

export const keep = (prepare: Prepare, fs: bigint, { at, file, sha256 }: Digest): void =>
  prepare(
    `UPDATE cache_inodes SET content = unhex(?), content_ctime = ?, hashed_at = ?, algorithm = ?
       WHERE fs = ? AND ino = ? AND birth = ? AND size = ? AND mtime = ? AND ctime = ?`
  ).run(
    sha256,
    file.ctimeNs,
    BigInt(at),
    algorithm,
    fs,
    signed(file.ino),
    file.birthNs,
    file.size,
    file.mtimeNs,
    file.ctimeNs
  )
