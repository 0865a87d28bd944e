import { createHash } from "node:crypto"
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, statSync, writeSync } from "node:fs"
import { dirname, join } from "node:path"
import { type Metainfo, parse } from "../../src/domain/metainfo.ts"
import { toBytes } from "../../src/platform/BytePath.ts"

interface NamedFile {
  readonly name: string
  readonly size: number
  readonly priority?: number
  /** Of the file's right bytes, in hex; for a torrent whose pieces are not known. */
  readonly sha256?: string
}

interface Segment {
  /** Index in `files`; undefined for a pad file. */
  readonly file: number | undefined
  readonly from: number
  readonly length: number
}

interface Piece {
  /** Undefined: any bytes are taken for the right ones. */
  readonly sha1: string | undefined
  readonly segments: ReadonlyArray<Segment>
}

export interface Layout {
  readonly pieces: ReadonlyArray<Piece>
  /** First and last piece of each file. */
  readonly ranges: ReadonlyArray<readonly [number, number]>
}

export const metainfoOf = (base64: string): Metainfo => {
  const parsed = parse(Buffer.from(base64, "base64"))
  if ("why" in parsed) throw new Error(`no torrent: ${parsed.why}`)
  return parsed.metainfo
}

/** Pieces by offset; without a v1 half, of 16 MiB and without hashes. */
export const makeLayout = (files: ReadonlyArray<NamedFile>, metainfo: Metainfo | undefined): Layout => {
  const hashes = metainfo?.pieces ?? undefined
  const length = hashes === undefined ? 2 ** 24 : (metainfo?.pieceLength ?? 2 ** 24)
  const stream = metainfo?.files.map(({ index, size }) => ({ file: index ?? undefined, size }))
  const parts = stream ?? files.map(({ size }, file) => ({ file, size }))
  const pieces: Array<{ sha1: string | undefined; segments: Array<Segment> }> = []
  const ranges: Array<readonly [number, number]> = files.map(() => [0, 0])
  let at = 0
  for (const { file, size } of parts) {
    const first = Math.floor(at / length)
    for (let from = 0; from < size;) {
      const number = Math.floor(at / length)
      const take = Math.min(size - from, length - (at % length))
      const sha1 = hashes && Buffer.from(hashes.subarray(number * 20, number * 20 + 20)).toString("hex")
      const piece = (pieces[number] ??= { sha1, segments: [] })
      piece.segments.push({ file, from, length: take })
      from += take
      at += take
    }
    if (file !== undefined) ranges[file] = [first, Math.max(first, Math.floor((at - 1) / length))]
  }
  return { pieces, ranges }
}

const isFile = (path: Buffer): boolean => existsSync(path) && statSync(path).isFile()

const readAt = (path: Buffer, from: number, length: number): Buffer | undefined => {
  if (!isFile(path)) return undefined
  const file = openSync(path, "r")
  try {
    const bytes = Buffer.alloc(length)
    return readSync(file, bytes, 0, length, from) === length ? bytes : undefined
  } finally {
    closeSync(file)
  }
}

export const pathOf = (folder: string, name: string): Buffer => toBytes(join(folder, name))

/**
 * Which pieces are right, read from the disk. What an unwanted file has of a piece is taken as right while the client's
 * `.parts` file is there, since that holds it.
 */
export const verify = (
  files: ReadonlyArray<NamedFile>,
  { pieces }: Layout,
  folder: string,
  hash: string
): ReadonlyArray<boolean> => {
  const parts = existsSync(pathOf(folder, `.${hash}.parts`))
  const good = files.map(({ name, priority, sha256, size }) => {
    const path = pathOf(folder, name)
    if (!isFile(path)) return priority === 0
    if (statSync(path).size < size) return false
    return sha256 === undefined || createHash("sha256").update(readFileSync(path)).digest("hex") === sha256
  })
  return pieces.map(({ segments, sha1 }) => {
    if (sha1 === undefined) return segments.every(({ file }) => file === undefined || good[file] === true)
    const digest = createHash("sha1")
    let inParts = false
    for (const { file, from, length } of segments) {
      const entry = file === undefined ? undefined : files[file]
      const bytes = entry === undefined ? Buffer.alloc(length) : readAt(pathOf(folder, entry.name), from, length)
      if (bytes !== undefined) digest.update(bytes)
      else if (entry?.priority === 0 && parts) inParts = true
      else return false
    }
    return inParts
      ? segments.some(({ file }) => file !== undefined && files[file]?.priority !== 0)
      : digest.digest("hex") === sha1
  })
}

/** Writes what is missing into the files as they are, as a client does that downloads: nothing is put in their place. */
export const download = (
  files: ReadonlyArray<NamedFile>,
  { pieces }: Layout,
  have: ReadonlyArray<boolean>,
  from: string,
  folder: string
): void => {
  for (const [number, piece] of pieces.entries()) {
    if (have[number] === true) continue
    for (const segment of piece.segments) {
      const entry = segment.file === undefined ? undefined : files[segment.file]
      if (entry === undefined || entry.priority === 0) continue
      const bytes = readAt(pathOf(from, entry.name), segment.from, segment.length)
      if (bytes === undefined) continue
      const path = pathOf(folder, entry.name)
      mkdirSync(dirname(join(folder, entry.name)), { recursive: true })
      const file = openSync(path, existsSync(path) ? "r+" : "w")
      writeSync(file, bytes, 0, bytes.length, segment.from)
      closeSync(file)
    }
  }
}
