import { algorithm } from "../../domain/indexGrade.ts"
import { fromBytes, join } from "../../platform/BytePath.ts"
import { Paths, type Prepare } from "./paths.ts"
import { blob, integer, signed, unsigned } from "./rows.ts"

/** An inode as the hash cache names it. */
export interface Known {
  readonly fsid: string
  readonly ino: bigint
}

/**
 * Inodes whose bytes another inode has too, wherever they lie; those that are `wanted`. The index alone tells which
 * bytes there are twice: content ids of another version among them do no harm.
 */
export const twins = (prepare: Prepare, wanted: (inode: Known) => boolean): ReadonlyArray<Known> => {
  const rows = prepare(
    `SELECT f.fsid, i.ino FROM cache_inodes i JOIN cache_filesystems f ON f.id = i.fs
       WHERE i.algorithm = ? AND i.content IN (SELECT content FROM cache_inodes
         WHERE content IS NOT NULL GROUP BY content HAVING count(*) > 1)`
  )
  const found: Array<Known> = []
  for (const row of rows.each(algorithm)) {
    const inode = { fsid: String(row[0]), ino: unsigned(integer(row[1])) }
    if (wanted(inode)) found.push(inode)
  }
  return found
}

/** The names of inodes that the last look has seen, in their order. Absolute, not sorted. */
export const namesOf = (prepare: Prepare, inodes: ReadonlyArray<Known>): ReadonlyArray<ReadonlyArray<string>> => {
  const paths = new Paths(prepare)
  const numbers = new Map(
    prepare("SELECT id, fsid FROM cache_filesystems")
      .all()
      .map((row) => [String(row[1]), integer(row[0])])
  )
  const entries = prepare("SELECT parent, name FROM cache_entries WHERE fs = ? AND ino = ?")
  return inodes.map(({ fsid, ino }) => {
    const fs = numbers.get(fsid)
    if (fs === undefined) return []
    return entries.all(fs, signed(ino)).flatMap((row) => {
      const folder = paths.of(fs, integer(row[0]))
      return folder === undefined ? [] : [join(folder, fromBytes(blob(row[1])))]
    })
  })
}
