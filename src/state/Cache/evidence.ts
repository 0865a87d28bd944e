import { algorithm, contentPrefix, type Grade, gradeOf } from "../../domain/indexGrade.ts"
import type { Row } from "../../platform/SqliteClient.ts"
import type { Prepare } from "./paths.ts"
import { fsOf } from "./read.ts"
import { integer, signed, text, unsigned } from "./rows.ts"

/** An inode as a fresh look shows it. Times in nanoseconds since the epoch. */
export interface Fresh {
  readonly fsid: string
  readonly ino: bigint
  /** 0 where the filesystem does not know. */
  readonly birthNs: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

export interface Evidence {
  readonly contentId: string
  readonly grade: Exclude<Grade, "none">
}

// The content id is made by SQLite: a buffer for each of many rows is the dearest part of them.
const columns = `ino, birth, size, mtime, '${contentPrefix}' || lower(hex(content)), content_ctime, hashed_at`

/** What a row is worth for these facts; undefined where it was of others. */
const judge = (row: Row, { birthNs, ctimeNs, mtimeNs, size }: Omit<Fresh, "fsid" | "ino">): Evidence | undefined => {
  if (row[1] !== birthNs || row[2] !== size || row[3] !== mtimeNs) return undefined
  const grade = gradeOf({ mtimeNs, ctimeNs }, { ctimeNs: integer(row[5]), at: Number(integer(row[6])) })
  return grade === "none" ? undefined : { contentId: text(row[4]), grade }
}

const known = `FROM cache_inodes WHERE fs = ? AND algorithm = ${algorithm} AND content IS NOT NULL`

/** What is known of an inode's bytes, if a fresh look shows it as this. */
export type Judge = (fresh: Omit<Fresh, "fsid" | "ino">) => Evidence | undefined

/** Passes all of a filesystem of which something is known, one after the other: nothing is held for each of them. */
export const passEvidence = (prepare: Prepare, fsid: string, visit: (ino: bigint, judge: Judge) => void): void => {
  const fs = fsOf(prepare, fsid)
  if (fs === undefined) return
  for (const row of prepare(`SELECT ${columns} ${known}`).each(fs)) {
    visit(unsigned(integer(row[0])), (fresh) => judge(row, fresh))
  }
}

/** From so many on it is cheaper to pass all rows of the filesystem. */
const many = 1000

export const evidence = (prepare: Prepare, inodes: ReadonlyArray<Fresh>): ReadonlyArray<Evidence | undefined> => {
  const found = Array<Evidence | undefined>(inodes.length).fill(undefined)
  for (const [fsid, indexes] of Map.groupBy(inodes.keys(), (index) => inodes[index]?.fsid ?? "")) {
    if (indexes.length >= many) {
      const byIno = Map.groupBy(indexes, (index) => inodes[index]?.ino)
      passEvidence(prepare, fsid, (ino, of) => {
        for (const index of byIno.get(ino) ?? []) {
          const fresh = inodes[index]
          if (fresh !== undefined) found[index] = of(fresh)
        }
      })
      continue
    }
    const fs = fsOf(prepare, fsid)
    if (fs === undefined) continue
    const select = prepare(`SELECT ${columns} ${known} AND ino = ?`)
    for (const index of indexes) {
      const fresh = inodes[index]
      const row = fresh === undefined ? undefined : select.get(fs, signed(fresh.ino))
      if (fresh !== undefined && row !== undefined) found[index] = judge(row, fresh)
    }
  }
  return found
}
