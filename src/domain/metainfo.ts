import { createHash } from "node:crypto"
import { display, fromBytes } from "../platform/BytePath.ts"
import { decode, type Dictionary, isBytes, isDictionary } from "./bencode.ts"
import { type Listed, listV1, listV2, Malformed, numberOf, textOf } from "./metainfoFiles.ts"
import { blockLength, levelOf, nodeLength, rootOf } from "./piecesMerkle.ts"

export interface MetainfoFile {
  /** Among all files, pad files too. */
  readonly position: number
  /** As the client's API numbers its files; null for a pad file, which the API leaves out. */
  readonly index: number | null
  /** A relative BytePath; below the root's name if the torrent is of a folder. The client may have renamed it. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Where it begins in the byte stream that the v1 pieces cut up; null without a v1 half. */
  readonly offset: number | null
  /** BEP 47: zeros that put the next file at the start of a piece, nothing on the disk. */
  readonly pad: boolean
  /** BEP 52: the root of its merkle tree, in hex; null without a v2 half and for an empty file. */
  readonly piecesRoot: string | null
}

/** What a torrent says of its content, in v1 (BEP 3, 47), v2 (BEP 52) or both. */
export interface Metainfo {
  /** Lower-case hex, 40 digits. */
  readonly infohashV1: string | null
  /** Lower-case hex, 64 digits. */
  readonly infohashV2: string | null
  /** One name, not a path: of the root folder; of the only file, unless a v2 half names that otherwise. */
  readonly name: string
  readonly multiFile: boolean
  /** Bytes. */
  readonly pieceLength: number
  readonly files: ReadonlyArray<MetainfoFile>
  /** The SHA-1 of each v1 piece, 20 bytes each. */
  readonly pieces: Uint8Array | null
  /**
   * For each pieces root of a file longer than a piece: the SHA-256 node of each of its pieces, 32 bytes each. Checked
   * against the root. A client that had only a magnet link may not have one.
   */
  readonly pieceLayers: ReadonlyMap<string, Uint8Array>
}

/** Larger than any client makes, small enough that what is kept for one piece stays small. */
const maxPieceLength = 1024 ** 3

const hashesOf = (bytes: Uint8Array, info: Dictionary) => {
  const raw = bytes.subarray(info.from, info.end)
  return {
    v1: createHash("sha1").update(raw).digest("hex"),
    v2: createHash("sha256").update(raw).digest("hex")
  }
}

const topOf = (bytes: Uint8Array): { readonly top: Dictionary; readonly info: Dictionary } => {
  const decoded = decode(bytes)
  if ("why" in decoded) throw new Malformed(decoded.why)
  const top = decoded.value
  const info = isDictionary(top) ? top.entries.get("info") : undefined
  if (!isDictionary(top) || !isDictionary(info)) throw new Malformed("it has no info dictionary")
  return { top, info }
}

/** Both infohashes that the bytes of a `.torrent` file can have, in hex; undefined if they are no such file. */
export const infohashesOf = (bytes: Uint8Array): { readonly v1: string; readonly v2: string } | undefined => {
  try {
    return hashesOf(bytes, topOf(bytes).info)
  } catch (cause) {
    if (cause instanceof Malformed) return undefined
    throw cause
  }
}

const pieceLengthOf = (info: Dictionary, v2: boolean): number => {
  const length = numberOf(info, "piece length")
  if (length === undefined || length < 1 || length > maxPieceLength) throw new Malformed("its piece length is not one")
  if (v2 && (length < blockLength || !Number.isInteger(Math.log2(length)))) {
    throw new Malformed("its piece length is not a power of two of 16 KiB or more")
  }
  return length
}

const refuseClashes = (files: ReadonlyArray<Listed>) => {
  const paths = new Set<string>()
  const folders = new Set<string>()
  for (const { pad, path } of files) {
    if (pad) continue
    if (paths.has(path)) throw new Malformed(`two of its files have the path ${display(path)}`)
    paths.add(path)
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) folders.add(path.slice(0, at))
  }
  for (const path of paths) if (folders.has(path)) throw new Malformed(`${display(path)} is a file and a folder`)
}

/** The v1 list, each file with the root that the v2 tree has for it. */
const joined = (v1: ReadonlyArray<Listed>, v2: ReadonlyArray<Listed>, pieceLength: number): ReadonlyArray<Listed> => {
  const rest = v2.values()
  const both = v1.map((file) => {
    if (file.pad) return file
    const twin = rest.next().value
    if (twin?.path !== file.path || twin.size !== file.size) {
      throw new Malformed("its v1 and v2 halves do not list the same files")
    }
    if (file.size > 0 && (file.offset ?? 0) % pieceLength !== 0) {
      throw new Malformed(`its v1 half has ${display(file.path)} not at the start of a piece`)
    }
    return { ...file, piecesRoot: twin.piecesRoot }
  })
  if (rest.next().done !== true) throw new Malformed("its v1 and v2 halves do not list the same files")
  return both
}

const piecesOf = (info: Dictionary, files: ReadonlyArray<Listed>, pieceLength: number): Uint8Array => {
  const pieces = info.entries.get("pieces")
  const total = files.reduce((sum, { size }) => sum + size, 0)
  if (!isBytes(pieces) || pieces.length !== Math.ceil(total / pieceLength) * 20) {
    throw new Malformed("it has not one SHA-1 for each piece")
  }
  return pieces
}

const layersOf = (top: Dictionary, files: ReadonlyArray<Listed>, pieceLength: number) => {
  const layers = new Map<string, Uint8Array>()
  const given = top.entries.get("piece layers")
  if (!isDictionary(given)) return layers
  for (const { piecesRoot, size } of files) {
    if (piecesRoot === null || size <= pieceLength || layers.has(piecesRoot)) continue
    const layer = given.entries.get(Buffer.from(piecesRoot, "hex").toString("latin1"))
    if (layer === undefined) continue
    if (!isBytes(layer) || layer.length !== Math.ceil(size / pieceLength) * nodeLength) {
      throw new Malformed("a piece layer has not one hash for each piece")
    }
    if (Buffer.from(rootOf(layer, levelOf(pieceLength))).toString("hex") !== piecesRoot) {
      throw new Malformed("a piece layer does not add up to its root")
    }
    layers.set(piecesRoot, layer)
  }
  return layers
}

const read = (bytes: Uint8Array): Metainfo => {
  const { info, top } = topOf(bytes)
  const version = info.entries.get("meta version")
  if (version !== undefined && version !== 1 && version !== 2) throw new Malformed("its version is not known to us")
  const v2 = version === 2
  const v1 = info.entries.has("pieces")
  if (!v1 && !v2) throw new Malformed("it has no pieces")
  const pieceLength = pieceLengthOf(info, v2)
  const name = textOf(info.entries.get("name.utf-8") ?? info.entries.get("name"), "its name")
  const ofV1 = v1 ? listV1(info, name) : undefined
  const ofV2 = v2 ? listV2(info) : undefined
  const listed = ofV1 !== undefined && ofV2 !== undefined ? joined(ofV1, ofV2, pieceLength) : (ofV1 ?? ofV2 ?? [])
  if (!listed.some(({ size }) => size > 0)) throw new Malformed("it holds no bytes")
  refuseClashes(listed)
  const hashes = hashesOf(bytes, info)
  let index = 0
  return {
    infohashV1: v1 ? hashes.v1 : null,
    infohashV2: v2 ? hashes.v2 : null,
    name: fromBytes(name),
    multiFile: !(listed.length === 1 && listed[0]?.alone === true),
    pieceLength,
    files: listed.map(({ offset, pad, path, piecesRoot, size }, position) => ({
      position,
      index: pad ? null : index++,
      path,
      size,
      offset,
      pad,
      piecesRoot
    })),
    pieces: v1 ? piecesOf(info, listed, pieceLength) : null,
    pieceLayers: v2 ? layersOf(top, listed, pieceLength) : new Map()
  }
}

/**
 * Reads the bytes of a `.torrent` file, as a client exports them. Its author may be hostile: whatever is malformed,
 * ambiguous or leads out of its folder is answered with why, in words, and nothing is thrown.
 */
export const parse = (bytes: Uint8Array): { readonly metainfo: Metainfo } | { readonly why: string } => {
  try {
    return { metainfo: read(bytes) }
  } catch (cause) {
    if (cause instanceof Malformed) return { why: cause.message }
    throw cause
  }
}
