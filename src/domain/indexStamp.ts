import { createHash } from "node:crypto"
import { toBytes } from "../platform/BytePath.ts"

/** A file as lstat shows it; also a directory. Times in nanoseconds since the epoch. */
export interface Facts {
  readonly ino: bigint
  /** 0 where the filesystem does not know. */
  readonly birthtimeNs: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly nlink: bigint
}

/** A directory that was read completely: all its names were there together at one moment. */
export interface Listing {
  /** Absolute, as is every path here. */
  readonly path: string
  readonly facts: Facts
  /** Inode of the directory that it lies in; null for the root itself. */
  readonly parent: bigint | null
  readonly names: ReadonlyArray<string>
  /** Of the regular files, in the order of `names`: `packed` numbers each. An object each would be ten times as much. */
  readonly files: BigInt64Array
  readonly directories: ReadonlyArray<{ readonly name: string; readonly facts: Facts }>
  /** How much there is that is neither: symlinks, sockets, places where something is mounted. */
  readonly others: number
}

/** Numbers that a file has in a listing: inode, birth, size, mtime, ctime, links, in this order. */
export const packed = 6

export const pack = (into: BigInt64Array, index: number, file: Facts): void => {
  const at = index * packed
  into[at] = file.ino
  into[at + 1] = file.birthtimeNs
  into[at + 2] = file.size
  into[at + 3] = file.mtimeNs
  into[at + 4] = file.ctimeNs
  into[at + 5] = file.nlink
}

export const unpack = (from: BigInt64Array, index: number): Facts => {
  const at = index * packed
  return {
    ino: BigInt.asUintN(64, from[at] ?? 0n),
    birthtimeNs: from[at + 1] ?? 0n,
    size: from[at + 2] ?? 0n,
    mtimeNs: from[at + 3] ?? 0n,
    ctimeNs: from[at + 4] ?? 0n,
    nlink: from[at + 5] ?? 0n
  }
}

/** A digest of everything in a listing that the cache keeps: equal stamps, equal rows. */
export const stampOf = ({ directories, facts, files, names, others, parent, path }: Listing): Buffer => {
  const numbers = [
    facts.birthtimeNs,
    parent ?? -1n,
    BigInt(others),
    BigInt(names.length),
    ...directories.flatMap(({ facts: child }) => [child.ino, child.birthtimeNs])
  ]
  const text = [path, ...names, ...directories.map(({ name }) => name)].join("\0")
  return createHash("sha256").update(BigInt64Array.from(numbers)).update(files).update(toBytes(text)).digest()
}
