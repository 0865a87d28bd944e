import { algorithm, racyWindow } from "../../domain/indexGrade.ts"
import { fromBytes, isWithin, join } from "../../platform/BytePath.ts"
import { Paths, type Prepare } from "./paths.ts"
import { blob, integer, unsigned } from "./rows.ts"

/** A file that has to be read. Times in nanoseconds since the epoch. */
export interface Pending {
  readonly path: string
  readonly ino: bigint
  readonly birthNs: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/**
 * `all`: everything that is not stable. Or the files of these sizes, as far as they were never read, or were so young
 * then that nothing can rest on it.
 */
export type Extent = "all" | ReadonlySet<bigint>

/** Sizes that occur in more than one root: what the roots have in common is among them. */
export const meetingSizes = (prepare: Prepare): ReadonlySet<bigint> =>
  new Set(
    prepare("SELECT size FROM cache_inodes WHERE size > 0 GROUP BY size HAVING min(root) <> max(root)")
      .all()
      .map((row) => integer(row[0]))
  )

/** Inode numbers are signed in the database: this is below all of them. */
export const lowest = -(2n ** 63n)

const unread = `(i.content IS NULL OR i.algorithm <> ${algorithm})`
// As isRacy says it.
const racy = `(abs(i.mtime / 1000000 - i.hashed_at) <= ${racyWindow} OR abs(i.ctime / 1000000 - i.hashed_at) <= ${racyWindow})`
const touched = "i.content_ctime <> i.ctime"

/** Takes the sizes of the extent as parameter 2. */
const conditionOf = (extent: Extent): string =>
  extent === "all"
    ? `i.size > 0 AND ?2 IS NOT NULL AND (${unread} OR ${racy} OR ${touched})`
    : `i.size IN (SELECT value FROM json_each(?2)) AND (${unread} OR ${racy})`
const sizesOf = (extent: Extent): string => (extent === "all" ? "[]" : `[${[...extent].join()}]`)

/** Directories below which files are wanted; undefined is everywhere. */
export type Within = ReadonlyArray<string> | undefined

const lies = (path: string, within: Within): boolean => within?.some((directory) => isWithin(path, directory)) ?? true

export interface Page {
  readonly files: ReadonlyArray<Pending>
  /** Where it ended; undefined at the end of all. */
  readonly last: bigint | undefined
}

/** The next of them in the order of their inodes, each once, however many names it has. */
export const page = (
  prepare: Prepare,
  fs: bigint,
  extent: Extent,
  within: Within,
  after: bigint,
  limit: number
): Page => {
  const paths = new Paths(prepare)
  const rows = prepare(
    `WITH wanted AS MATERIALIZED (
       SELECT i.ino, i.birth, i.size, i.mtime, i.ctime FROM cache_inodes i
         WHERE i.fs = ?1 AND ${conditionOf(extent)} AND i.ino > ?3 ORDER BY i.ino LIMIT ?4)
     SELECT w.ino, w.birth, w.size, w.mtime, w.ctime, e.parent, e.name FROM wanted w
       LEFT JOIN cache_entries e ON e.fs = ?1 AND e.ino = w.ino ORDER BY w.ino`
  ).all(fs, sizesOf(extent), after, BigInt(limit))
  const files: Array<Pending> = []
  let before: bigint | undefined
  for (const row of rows) {
    const ino = integer(row[0])
    if (ino === before || row[5] === null) continue
    const directory = paths.of(fs, integer(row[5]))
    if (directory === undefined) continue
    const path = join(directory, fromBytes(blob(row[6])))
    if (!lies(path, within)) continue
    before = ino
    files.push({
      path,
      ino: unsigned(ino),
      birthNs: integer(row[1]),
      size: integer(row[2]),
      mtimeNs: integer(row[3]),
      ctimeNs: integer(row[4])
    })
  }
  const last = rows.at(-1)
  return { files, last: last === undefined ? undefined : integer(last[0]) }
}

/** What has to be read on one filesystem: how many files, how many bytes. */
export const amount = (prepare: Prepare, fs: bigint, extent: Extent, within: Within) => {
  if (within !== undefined) {
    const { files } = page(prepare, fs, extent, within, lowest, Number.MAX_SAFE_INTEGER)
    return { files: files.length, bytes: files.reduce((sum, { size }) => sum + Number(size), 0) }
  }
  const row = prepare(
    `SELECT count(*), coalesce(sum(i.size), 0) FROM cache_inodes i WHERE i.fs = ?1 AND ${conditionOf(extent)}`
  ).get(fs, sizesOf(extent))
  return { files: Number(integer(row?.[0])), bytes: Number(integer(row?.[1])) }
}
