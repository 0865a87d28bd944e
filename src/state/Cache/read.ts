import type { SQLOutputValue } from "node:sqlite"
import { algorithm } from "../../domain/indexGrade.ts"
import { fromBytes, join, toBytes } from "../../platform/BytePath.ts"
import { directoriesBelow, Paths, type Prepare, type Root, roots } from "./paths.ts"
import { blob, digestOf, type Inode, inodeColumns, inodeOf, inodeWidth, integer, signed } from "./rows.ts"

/** A name of an inode. */
export interface Entry {
  readonly path: string
  /** Whether its directory was read in the last full scan of its root; else it may be gone by now. */
  readonly current: boolean
}

export interface Found {
  readonly inode: Inode
  /** Never empty. */
  readonly entries: ReadonlyArray<Entry>
}

type Cells = ReadonlyArray<SQLOutputValue>

export const fsOf = (prepare: Prepare, fsid: string): bigint | undefined => {
  const row = prepare("SELECT id FROM cache_filesystems WHERE fsid = ?").get(fsid)
  return row === undefined ? undefined : integer(row[0])
}

const fsids = (prepare: Prepare): ReadonlyMap<bigint, string> =>
  new Map(
    prepare("SELECT id, fsid FROM cache_filesystems")
      .all()
      .map((row) => [integer(row[0]), String(row[1])])
  )

/** One query's view of the database. */
export class Reader {
  readonly #prepare: Prepare
  readonly #paths: Paths
  readonly #fsids: ReadonlyMap<bigint, string>
  readonly #floor: ReadonlyMap<bigint, bigint>

  constructor(prepare: Prepare) {
    this.#prepare = prepare
    this.#paths = new Paths(prepare)
    this.#fsids = fsids(prepare)
    const floor = new Map<bigint, bigint>()
    for (const { fs, generation } of roots(prepare)) {
      const before = floor.get(fs)
      floor.set(fs, before === undefined || generation < before ? generation : before)
    }
    this.#floor = floor
  }

  fsid(fs: bigint): string {
    return this.#fsids.get(fs) ?? ""
  }

  entriesOf(fs: bigint, ino: bigint): ReadonlyArray<Entry> {
    return this.#prepare(
      `SELECT e.parent, e.name, d.generation FROM cache_entries e
         JOIN cache_directories d ON d.fs = e.fs AND d.ino = e.parent WHERE e.fs = ? AND e.ino = ?`
    )
      .all(fs, ino)
      .flatMap((row) => {
        const directory = this.#paths.of(fs, integer(row[0]))
        if (directory === undefined) return []
        return [{ path: join(directory, fromBytes(blob(row[1]))), current: this.isCurrent(fs, integer(row[2])) }]
      })
      .toSorted((one, other) => (one.path < other.path ? -1 : 1))
  }

  isCurrent(fs: bigint, generation: bigint): boolean {
    return generation >= (this.#floor.get(fs) ?? 0n)
  }

  /** Rows of `fs` and the columns of an inode. */
  #found(rows: ReadonlyArray<Cells>): ReadonlyArray<Found> {
    return rows.flatMap((row) => {
      const fs = integer(row[0])
      const inode = inodeOf(this.fsid(fs), row.slice(1))
      const entries = this.entriesOf(fs, signed(inode.ino))
      return entries.length === 0 ? [] : [{ inode, entries }]
    })
  }

  byContent(contentId: string): ReadonlyArray<Found> {
    const digest = digestOf(contentId)
    if (digest === undefined) return []
    return this.#found(
      this.#prepare(`SELECT i.fs, ${inodeColumns} FROM cache_inodes i WHERE i.content = ? AND i.algorithm = ?`).all(
        digest,
        algorithm
      )
    )
  }

  ofSize(size: number): ReadonlyArray<Found> {
    return this.#found(
      this.#prepare(`SELECT i.fs, ${inodeColumns} FROM cache_inodes i WHERE i.size = ?`).all(BigInt(size))
    )
  }

  byInode(fsid: string, ino: bigint): Found | undefined {
    const fs = fsOf(this.#prepare, fsid)
    if (fs === undefined) return undefined
    return this.#found(
      this.#prepare(`SELECT i.fs, ${inodeColumns} FROM cache_inodes i WHERE i.fs = ? AND i.ino = ?`).all(
        fs,
        signed(ino)
      )
    )[0]
  }

  byPath(path: string): Found | undefined {
    const at = path.lastIndexOf("/")
    const directory = this.#paths.find(at === 0 ? "/" : path.slice(0, at))
    if (directory === undefined) return undefined
    const row = this.#prepare("SELECT ino FROM cache_entries WHERE fs = ? AND parent = ? AND name = ?").get(
      directory.fs,
      directory.ino,
      nameOf(path)
    )
    return row === undefined ? undefined : this.byInode(this.fsid(directory.fs), integer(row[0]))
  }

  /** Every file below a directory, by name. */
  below(path: string): ReadonlyArray<{ readonly path: string; readonly inode: Inode }> {
    const top = this.#paths.find(path)
    if (top === undefined) return []
    const fsid = this.fsid(top.fs)
    const files = this.#prepare(
      `SELECT ${inodeColumns}, e.name FROM cache_entries e JOIN cache_inodes i ON i.fs = e.fs AND i.ino = e.ino
         WHERE e.fs = ? AND e.parent = ?`
    )
    return directoriesBelow(this.#prepare, top.fs, top.ino).flatMap((directory) => {
      const folder = this.#paths.of(top.fs, directory)
      if (folder === undefined) return []
      return files
        .all(top.fs, directory)
        .map((row) => ({ path: join(folder, fromBytes(blob(row[inodeWidth]))), inode: inodeOf(fsid, row) }))
    })
  }

  inside(directories: ReadonlyArray<string>) {
    const files = new Map(directories.flatMap((path) => this.below(path)).map((file) => [file.path, file.inode]))
    const counts = new Map<string, number>()
    const keyOf = ({ fsid, ino }: Inode) => `${ino}:${fsid}`
    for (const inode of files.values()) counts.set(keyOf(inode), (counts.get(keyOf(inode)) ?? 0) + 1)
    return [...files].map(([path, inode]) => ({ path, inode, inside: counts.get(keyOf(inode)) ?? 0 }))
  }

  roots(): ReadonlyArray<Root & { readonly fsid: string }> {
    return roots(this.#prepare).map((root) => ({ ...root, fsid: this.fsid(root.fs) }))
  }

  /** Sizes, in bytes, that occur in more than one root, of which at least one inode was not read: as `meetingSizes`. */
  undecidedSizes(): ReadonlySet<number> {
    return new Set(
      this.#prepare(
        `SELECT size FROM cache_inodes WHERE size > 0 GROUP BY size
           HAVING min(root) <> max(root) AND (count(content) < count(*) OR min(algorithm) <> ? OR max(algorithm) <> ?)`
      )
        .all(algorithm, algorithm)
        .map((row) => Number(integer(row[0])))
    )
  }
}

const nameOf = (path: string) => toBytes(path.slice(path.lastIndexOf("/") + 1))
