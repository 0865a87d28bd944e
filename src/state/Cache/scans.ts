import type { Facts, Listing } from "../../domain/indexStamp.ts"
import { toBytes } from "../../platform/BytePath.ts"
import type { Prepare, Root } from "./paths.ts"
import { integer, signed } from "./rows.ts"
import { absorb, type Absorbed, forget, prune, putInodes, type Scan, touch } from "./write.ts"

/** How a scan ended that reached its end. */
export interface Ending {
  /** Inode of the directory where it started. */
  readonly start: bigint
  /** Inodes of the directories that were read. */
  readonly visited: ReadonlySet<bigint>
  /** Nothing below the start was left unread. */
  readonly clean: boolean
  /** When it began, in milliseconds since the epoch. */
  readonly at: number
  /** What the root holds; null after a scan of a part of it. */
  readonly totals: { readonly files: number; readonly bytes: number } | null
}

export const ensureFs = (prepare: Prepare, fsid: string): bigint => {
  prepare("INSERT OR IGNORE INTO cache_filesystems (fsid) VALUES (?)").run(fsid)
  return integer(prepare("SELECT id FROM cache_filesystems WHERE fsid = ?").get(fsid)?.[0])
}

export const begin = (
  prepare: Prepare,
  { fsid, ino, path }: { readonly path: string; readonly fsid: string; readonly ino: bigint }
): Scan => {
  const fs = ensureFs(prepare, fsid)
  const generation = integer(prepare("SELECT coalesce(max(generation), 0) + 1 FROM cache_roots").get()?.[0])
  const row = prepare(
    `INSERT INTO cache_roots (path, fs, ino) VALUES (?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET fs = excluded.fs, ino = excluded.ino RETURNING id`
  ).get(toBytes(path), fs, signed(ino))
  return { fs, root: integer(row?.[0]), generation }
}

/** A directory on the way to where a scan starts. It was not read. */
export interface Step {
  readonly path: string
  /** Its own name; the whole path of a root. */
  readonly name: string
  readonly facts: Facts
  /** Inode of the directory that it lies in; null for a root. */
  readonly parent: bigint | null
}

export const lead = (prepare: Prepare, { fs }: Scan, steps: ReadonlyArray<Step>): void => {
  for (const { facts, name, parent } of steps) {
    prepare(
      `INSERT INTO cache_directories (fs, ino, birth, parent, name) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (fs, ino) DO UPDATE SET parent = excluded.parent, name = excluded.name`
    ).run(fs, signed(facts.ino), facts.birthtimeNs, parent === null ? null : signed(parent), toBytes(name))
  }
}

/** Returns how many names went with directories that are gone. */
export const end = (prepare: Prepare, scan: Scan, { at, clean, start, totals, visited }: Ending): number => {
  touch(prepare, scan, visited)
  const gone = clean ? prune(prepare, scan, start, visited) : 0
  if (totals === null) return gone
  prepare("UPDATE cache_roots SET generation = ?, looked_at = ?, files = ?, bytes = ? WHERE id = ?").run(
    scan.generation,
    BigInt(at),
    BigInt(totals.files),
    BigInt(totals.bytes),
    scan.root
  )
  if (clean) prepare("UPDATE cache_roots SET complete_at = ? WHERE id = ?").run(BigInt(at), scan.root)
  return gone
}

/** A root that is none any more. What has become a part of another root stays. */
export const drop = (prepare: Prepare, { fs, id, ino }: Root): void => {
  const row = prepare("SELECT parent FROM cache_directories WHERE fs = ? AND ino = ?").get(fs, ino)
  if (row?.[0] === null) forget(prepare, fs, ino)
  prepare("DELETE FROM cache_roots WHERE id = ?").run(id)
}

/** Without a name known it goes with the next scan, unless that finds one. */
export const put = (prepare: Prepare, fsid: string, files: ReadonlyArray<Facts>): bigint => {
  const fs = ensureFs(prepare, fsid)
  putInodes(prepare, fs, 0n, files)
  for (const file of files) {
    prepare("INSERT OR IGNORE INTO cache_orphans (fs, ino) VALUES (?, ?)").run(fs, signed(file.ino))
  }
  return fs
}

export const take = (prepare: Prepare, scan: Scan, listings: ReadonlyArray<Listing>): Absorbed => {
  let [added, gone, changed] = [0, 0, false]
  for (const listing of listings) {
    const one = absorb(prepare, scan, listing)
    added += one.added
    gone += one.gone
    changed ||= one.changed
  }
  // In the same transaction: a crash must not leave something unread that the next run takes for settled.
  if (changed) settle(prepare, scan.root, false)
  return { added, gone, changed }
}

export const settle = (prepare: Prepare, root: bigint, settled: boolean): void =>
  prepare("UPDATE cache_roots SET settled = ? WHERE id = ?").run(settled ? 1n : 0n, root)
