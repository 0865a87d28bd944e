import type { SQLOutputValue } from "node:sqlite"
import { algorithm, contentPrefix, emptyContent, type Grade, gradeOf } from "../../domain/indexGrade.ts"

/** What a column has to hold; anything else is a damaged database. */
export const integer = (value: SQLOutputValue | undefined): bigint => {
  if (typeof value === "bigint") return value
  throw new TypeError(`the hash cache holds ${String(value)} where an integer was expected`)
}
export const integerOrNull = (value: SQLOutputValue | undefined): bigint | null =>
  value === null ? null : integer(value)
export const blob = (value: SQLOutputValue | undefined): Uint8Array => {
  if (value instanceof Uint8Array) return value
  throw new TypeError(`the hash cache holds ${String(value)} where bytes were expected`)
}
export const text = (value: SQLOutputValue | undefined): string => {
  if (typeof value === "string") return value
  throw new TypeError(`the hash cache holds ${String(value)} where text was expected`)
}
export const blobOrNull = (value: SQLOutputValue | undefined): Uint8Array | null =>
  value === null ? null : blob(value)

/** SQLite's integers have a sign, inode numbers have none. */
export const signed = (ino: bigint): bigint => BigInt.asIntN(64, ino)
export const unsigned = (ino: bigint): bigint => BigInt.asUintN(64, ino)

export const contentIdOf = (digest: Uint8Array): string =>
  `${contentPrefix}${Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString("hex")}`

/** The digest in a content id; undefined for what is none. */
export const digestOf = (contentId: string): Buffer | undefined => {
  const hex = contentId.startsWith(contentPrefix) ? contentId.slice(contentPrefix.length) : contentId
  return /^[0-9a-f]{64}$/i.test(hex) ? Buffer.from(hex, "hex") : undefined
}

/** An inode as the last look at it left it. Times in nanoseconds since the epoch. */
export interface Inode {
  readonly fsid: string
  readonly ino: bigint
  /** 0 where the filesystem does not know. */
  readonly birthNs: bigint
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  /** Names that it had on its filesystem, wherever they are. */
  readonly links: number
  /** Null exactly where `grade` is "none". */
  readonly contentId: string | null
  readonly grade: Grade
  /** Milliseconds since the epoch; null where it was not read. */
  readonly hashedAt: number | null
}

export const inodeColumns =
  "i.ino, i.birth, i.size, i.mtime, i.ctime, i.nlink, i.content, i.content_ctime, i.hashed_at, i.algorithm"
/** How many columns that are. */
export const inodeWidth = 10

export const inodeOf = (fsid: string, row: ReadonlyArray<SQLOutputValue>): Inode => {
  const times = { mtimeNs: integer(row[3]), ctimeNs: integer(row[4]) }
  const size = Number(integer(row[2]))
  const content = blobOrNull(row[6] ?? null)
  const facts = {
    fsid,
    ino: unsigned(integer(row[0])),
    birthNs: integer(row[1]),
    size,
    ...times,
    links: Number(integer(row[5]))
  }
  if (size === 0) return { ...facts, contentId: emptyContent, grade: "stable", hashedAt: null }
  if (content === null || row[9] !== algorithm) return { ...facts, contentId: null, grade: "none", hashedAt: null }
  const at = Number(integer(row[8]))
  const grade = gradeOf(times, { ctimeNs: integer(row[7]), at })
  return { ...facts, contentId: contentIdOf(content), grade, hashedAt: at }
}
