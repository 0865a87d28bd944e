import type { Metainfo, MetainfoFile } from "./metainfo.ts"

/** Bytes `[from, from + length)` of the file at `position`. */
export interface Segment {
  readonly position: number
  readonly from: number
  readonly length: number
}

/** Whole v1 pieces that lie inside one file. `from`: where in the file the first of them begins. */
export interface InnerRun {
  readonly position: number
  readonly first: number
  readonly count: number
  readonly from: number
}

/** How the files make up the v1 pieces: each piece is in exactly one of the two. */
export interface Layout {
  readonly inner: ReadonlyArray<InnerRun>
  /** Pieces of several files, and the last one of the torrent where it is short. Segments are never empty. */
  readonly shared: ReadonlyArray<{ readonly piece: number; readonly segments: ReadonlyArray<Segment> }>
}

/** Undefined for a torrent without a v1 half. */
export const layoutOf = ({ files, pieceLength, pieces }: Metainfo): Layout | undefined => {
  if (pieces === null) return undefined
  const inner: Array<InnerRun> = []
  const shared: Array<{ piece: number; segments: ReadonlyArray<Segment> }> = []
  let open: Array<Segment> = []
  let piece = 0
  let filled = 0
  const close = () => {
    shared.push({ piece, segments: open })
    open = []
    piece += 1
    filled = 0
  }
  for (const { position, size } of files) {
    let from = 0
    while (from < size) {
      const count = filled === 0 ? Math.floor((size - from) / pieceLength) : 0
      if (count > 0) {
        inner.push({ position, first: piece, count, from })
        piece += count
        from += count * pieceLength
        continue
      }
      const length = Math.min(pieceLength - filled, size - from)
      open.push({ position, from, length })
      filled += length
      from += length
      if (filled === pieceLength) close()
    }
  }
  if (filled > 0) close()
  return { inner, shared }
}

/** Bytes that a torrent's own hashes say nothing of as long as some of its files are not on the disk. */
export interface Edge {
  readonly piece: number
  /** Parts of files that are there. */
  readonly present: ReadonlyArray<Segment>
  /** Parts of files that are not: a client keeps these bytes in its `.parts` file. */
  readonly missing: ReadonlyArray<Segment>
}

export interface Coverage {
  /** v1 pieces of which every byte is there. */
  readonly checkable: number
  /** v1 pieces of which only some bytes are there. */
  readonly edges: ReadonlyArray<Edge>
  /** Bytes of present files that neither a checkable v1 piece nor a v2 tree covers. */
  readonly unprovenBytes: number
}

/** What can be proven when the files at `present` are on the disk and the others are not. Pad files are always there. */
export const coverageOf = (metainfo: Metainfo, present: ReadonlySet<number>): Coverage => {
  const { files } = metainfo
  const isThere = ({ position }: { readonly position: number }) =>
    present.has(position) || files[position]?.pad === true
  const layout = layoutOf(metainfo)
  if (layout === undefined) return { checkable: 0, edges: [], unprovenBytes: 0 }
  const edges: Array<Edge> = []
  let checkable = layout.inner.filter(isThere).reduce((sum, { count }) => sum + count, 0)
  for (const { piece, segments } of layout.shared) {
    const missing = segments.filter((segment) => !isThere(segment))
    const there = segments.filter(isThere).filter(({ position }) => files[position]?.pad === false)
    if (missing.length === 0) checkable += 1
    else if (there.length > 0) edges.push({ piece, present: there, missing })
  }
  const unprovenBytes = edges
    .flatMap((edge) => edge.present)
    .filter(({ position }) => files[position]?.piecesRoot === null)
    .reduce((sum, { length }) => sum + length, 0)
  return { checkable, edges, unprovenBytes }
}

/**
 * `same`: it should be the same content, but for the ranges that no hash covered. `different`: it is not. `unknown`:
 * there are no hashes of the same bytes to compare. It tells what two torrents should hold, never what a disk holds.
 */
export type Identity =
  | { readonly _tag: "same"; readonly unproven: ReadonlyArray<{ readonly from: number; readonly to: number }> }
  | { readonly _tag: "different" }
  | { readonly _tag: "unknown" }

interface Hashed {
  readonly from: number
  readonly to: number
  /** Bytes, zeros of a pad file included. */
  readonly length: number
  readonly sha1: Buffer
}

/** The pieces that hold bytes of this file and zeros only, in order, by where in the file they begin. */
const piecesInside = ({ files, pieceLength, pieces }: Metainfo, file: MetainfoFile): ReadonlyMap<number, Hashed> => {
  const found = new Map<number, Hashed>()
  const { offset, size } = file
  if (pieces === null || offset === null) return found
  const add = (from: number, to: number, length: number) => {
    const at = ((offset + from) / pieceLength) * 20
    found.set(from, { from, to, length, sha1: Buffer.from(pieces.subarray(at, at + 20)) })
  }
  let from = (pieceLength - (offset % pieceLength)) % pieceLength
  for (; from + pieceLength <= size; from += pieceLength) add(from, from + pieceLength, pieceLength)
  if (from >= size) return found
  let length = size - from
  for (let at = file.position + 1; length < pieceLength; at += 1) {
    const next = files[at]
    if (next === undefined) break
    if (!next.pad && next.size > 0) return found
    length += Math.min(next.size, pieceLength - length)
  }
  add(from, size, length)
  return found
}

/** Compares a file of one torrent with a file of another by what the torrents say, without reading any data. */
export const identityOf = (
  one: { readonly metainfo: Metainfo; readonly file: MetainfoFile },
  other: { readonly metainfo: Metainfo; readonly file: MetainfoFile }
): Identity => {
  const { size } = one.file
  if (size !== other.file.size) return { _tag: "different" }
  if (size === 0) return { _tag: "same", unproven: [] }
  if (one.file.piecesRoot !== null && other.file.piecesRoot !== null) {
    return one.file.piecesRoot === other.file.piecesRoot ? { _tag: "same", unproven: [] } : { _tag: "different" }
  }
  // Else a short last piece, perhaps of zeros, would speak for all that comes before it.
  if (one.metainfo.pieceLength !== other.metainfo.pieceLength) return { _tag: "unknown" }
  const theirs = piecesInside(other.metainfo, other.file)
  const unproven: Array<{ from: number; to: number }> = []
  let reached = 0
  for (const piece of piecesInside(one.metainfo, one.file).values()) {
    const twin = theirs.get(piece.from)
    if (twin === undefined || twin.to !== piece.to || twin.length !== piece.length) continue
    if (!twin.sha1.equals(piece.sha1)) return { _tag: "different" }
    if (piece.from > reached) unproven.push({ from: reached, to: piece.from })
    reached = piece.to
  }
  if (reached === 0) return { _tag: "unknown" }
  if (reached < size) unproven.push({ from: reached, to: size })
  return { _tag: "same", unproven }
}
