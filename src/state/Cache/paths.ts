import { fromBytes, isWithin, join, toBytes } from "../../platform/BytePath.ts"
import type { Prepared } from "../../platform/SqliteClient.ts"
import { blob, integer, integerOrNull } from "./rows.ts"

export type Prepare = (text: string) => Prepared

export interface Root {
  readonly id: bigint
  readonly path: string
  readonly fs: bigint
  readonly ino: bigint
  readonly files: number
  readonly bytes: number
  readonly generation: bigint
  /** Milliseconds since the epoch; null before the first. */
  readonly lookedAt: number | null
  readonly completeAt: number | null
  readonly settled: boolean
}

const numberOrNull = (value: bigint | null) => (value === null ? null : Number(value))

export const roots = (prepare: Prepare): ReadonlyArray<Root> =>
  prepare(
    "SELECT id, path, fs, ino, files, bytes, generation, looked_at, complete_at, settled FROM cache_roots ORDER BY path"
  )
    .all()
    .map((row) => ({
      id: integer(row[0]),
      path: fromBytes(blob(row[1])),
      fs: integer(row[2]),
      ino: integer(row[3]),
      files: Number(integer(row[4])),
      bytes: Number(integer(row[5])),
      generation: integer(row[6]),
      lookedAt: numberOrNull(integerOrNull(row[7] ?? null)),
      completeAt: numberOrNull(integerOrNull(row[8] ?? null)),
      settled: row[9] === 1n
    }))

/** Where directories are, remembered for the time of one query. */
export class Paths {
  readonly #prepare: Prepare
  readonly #known = new Map<string, string | null>()

  constructor(prepare: Prepare) {
    this.#prepare = prepare
  }

  /** The path of a directory; undefined where the chain to a root is broken. */
  of(fs: bigint, ino: bigint): string | undefined {
    const key = `${fs}:${ino}`
    const known = this.#known.get(key)
    if (known !== undefined) return known ?? undefined
    // Against a loop, which only a rename between two looks could have left.
    this.#known.set(key, null)
    const row = this.#prepare("SELECT parent, name FROM cache_directories WHERE fs = ? AND ino = ?").get(fs, ino)
    if (row === undefined) return undefined
    const parent = integerOrNull(row[0] ?? null)
    const name = fromBytes(blob(row[1]))
    const above = parent === null ? "" : this.of(fs, parent)
    if (above === undefined) return undefined
    const path = parent === null ? name : join(above, name)
    this.#known.set(key, path)
    return path
  }

  /** The directory that the cache knows at `path`. */
  find(path: string): { readonly fs: bigint; readonly ino: bigint; readonly root: Root } | undefined {
    const root = roots(this.#prepare)
      .filter((one) => isWithin(path, one.path))
      .toSorted((one, other) => other.path.length - one.path.length)[0]
    if (root === undefined) return undefined
    const rest = path.slice(root.path.length).split("/")
    let ino = root.ino
    for (const name of rest.filter((part) => part !== "")) {
      const row = this.#prepare("SELECT ino FROM cache_directories WHERE fs = ? AND parent = ? AND name = ?").get(
        root.fs,
        ino,
        toBytes(name)
      )
      if (row === undefined) return undefined
      ino = integer(row[0])
    }
    return { fs: root.fs, ino, root }
  }
}

/** Inodes of all directories below one, itself included. */
export const directoriesBelow = (prepare: Prepare, fs: bigint, ino: bigint): ReadonlyArray<bigint> => {
  const all = [ino]
  const seen = new Set(all)
  const children = prepare("SELECT ino FROM cache_directories WHERE fs = ? AND parent = ?")
  for (const at of all) {
    for (const row of children.all(fs, at)) {
      const child = integer(row[0])
      if (!seen.has(child)) {
        seen.add(child)
        all.push(child)
      }
    }
  }
  return all
}
