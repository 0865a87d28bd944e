import { createHash } from "node:crypto"
import { closeSync, openSync, readSync, readdirSync, statSync } from "node:fs"
import { basename } from "node:path"
import { type Bencode, encode } from "./bencode.ts"

export interface Torrent {
  readonly infohash: string
  /** The `.torrent` file. */
  readonly bytes: Buffer
  /** The bencoded info dictionary, of which the infohash is the SHA-1. */
  readonly info: Buffer
  readonly name: Buffer
  /** Total payload size in bytes. */
  readonly size: number
}

export interface TorrentOptions {
  /** A file, or a folder whose regular files are taken in bytewise order. */
  readonly source: string | Buffer
  /** The name inside the torrent; by default the source's own. */
  readonly name?: string | Buffer
  /**
   * The name inside the torrent of each file and folder below the root, where it is to differ from that on disk:
   * clients put `_` for control characters and for bytes that are not UTF-8, so a seeder's copy has such names.
   */
  readonly rename?: (onDisk: Buffer) => Buffer
  /** Bytes; a power of two. */
  readonly pieceLength?: number
  readonly private?: boolean
  readonly trackers?: ReadonlyArray<string>
  /** Makes another infohash of the same payload, as a cross-seed has. */
  readonly sourceTag?: string
}

interface Entry {
  readonly location: Buffer
  readonly path: ReadonlyArray<Buffer>
  readonly size: number
}

const separator = Buffer.from("/")

const walk = (folder: Buffer, parents: ReadonlyArray<Buffer>): ReadonlyArray<Entry> =>
  readdirSync(folder, { encoding: "buffer", withFileTypes: true })
    .toSorted((a, b) => Buffer.compare(a.name, b.name))
    .flatMap((child): ReadonlyArray<Entry> => {
      const location = Buffer.concat([folder, separator, child.name])
      const path = [...parents, child.name]
      if (child.isDirectory()) return walk(location, path)
      return child.isFile() ? [{ location, path, size: statSync(location).size }] : []
    })

const hashPieces = (entries: ReadonlyArray<Entry>, pieceLength: number): Buffer => {
  const digests: Array<Buffer> = []
  const piece = Buffer.alloc(pieceLength)
  let filled = 0
  const close = () => {
    digests.push(createHash("sha1").update(piece.subarray(0, filled)).digest())
    filled = 0
  }
  for (const entry of entries) {
    const file = openSync(entry.location, "r")
    try {
      for (;;) {
        const count = readSync(file, piece, filled, pieceLength - filled, null)
        if (count === 0) break
        filled += count
        if (filled === pieceLength) close()
      }
    } finally {
      closeSync(file)
    }
  }
  if (filled > 0) close()
  return Buffer.concat(digests)
}

/** A v1 torrent of what is on disk at `source`. */
export const createTorrent = (options: TorrentOptions): Torrent => {
  const source = Buffer.from(options.source)
  const pieceLength = options.pieceLength ?? 65536
  const isFolder = statSync(source).isDirectory()
  // latin1 maps bytes to characters one to one, so the name's bytes survive basename().
  const name = Buffer.from(options.name ?? Buffer.from(basename(source.toString("latin1")), "latin1"))
  const entries = isFolder ? walk(source, []) : [{ location: source, path: [], size: statSync(source).size }]
  const size = entries.reduce((sum, entry) => sum + entry.size, 0)
  const rename = options.rename ?? ((onDisk: Buffer) => onDisk)
  const files: { readonly [key: string]: Bencode } = isFolder
    ? { files: entries.map((entry) => ({ length: entry.size, path: entry.path.map(rename) })) }
    : { length: size }
  const info = encode({
    ...files,
    name,
    "piece length": pieceLength,
    pieces: hashPieces(entries, pieceLength),
    ...(options.private === true ? { private: 1 } : {}),
    ...(options.sourceTag === undefined ? {} : { source: options.sourceTag })
  })
  const [announce] = options.trackers ?? []
  const trackers: { readonly [key: string]: Bencode } =
    announce === undefined || options.trackers === undefined
      ? {}
      : { announce, "announce-list": options.trackers.map((tracker) => [tracker]) }
  return {
    infohash: createHash("sha1").update(info).digest("hex"),
    bytes: Buffer.concat([encode(trackers).subarray(0, -1), Buffer.from("4:info"), info, Buffer.from("e")]),
    info,
    name,
    size
  }
}
