import { createHash } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join, toBytes } from "../../src/platform/BytePath.ts"
import { type Bencode, encode } from "../real/bencode.ts"
import type { Torrent } from "../real/torrent.ts"

export interface Content {
  /** A BytePath below the root folder. */
  readonly path: string
  readonly bytes: Uint8Array
}

export interface MetainfoOptions {
  readonly version: "v1" | "v2" | "hybrid"
  readonly name: string
  /** Of a folder; or the bytes of the only file, whose name is then `name`. */
  readonly files: ReadonlyArray<Content> | Uint8Array
  /** Bytes; 16 KiB by default. */
  readonly pieceLength?: number
  /** Pad files in a v1 torrent too. Hybrids have them always. */
  readonly pads?: boolean
  /** Another infohash of the same payload. */
  readonly sourceTag?: string
}

const block = 16384
const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest()
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest()

/** A dictionary whose keys are bytes and need not be text. */
const dictionary = (entries: ReadonlyArray<readonly [Buffer, Buffer]>): Buffer =>
  Buffer.concat([
    Buffer.from("d"),
    ...entries.toSorted(([one], [other]) => Buffer.compare(one, other)).flatMap(([key, value]) => [encode(key), value]),
    Buffer.from("e")
  ])

const fields = (values: Readonly<Record<string, Bencode>>): ReadonlyArray<readonly [Buffer, Buffer]> =>
  Object.entries(values).map(([key, value]) => [Buffer.from(key), encode(value)])

/** The root over exactly `width` (a power of two) blocks, those behind the end being zero hashes. */
const merkle = (bytes: Uint8Array, width: number): Buffer => {
  if (width === 1) return bytes.length === 0 ? Buffer.alloc(32) : sha256(bytes)
  const half = (width / 2) * block
  return sha256(Buffer.concat([merkle(bytes.subarray(0, half), width / 2), merkle(bytes.subarray(half), width / 2)]))
}

const powerOfTwo = (atLeast: number): number => 2 ** Math.ceil(Math.log2(atLeast))

const rootOf = (bytes: Uint8Array): Buffer => merkle(bytes, powerOfTwo(Math.ceil(bytes.length / block)))

const layerOf = (bytes: Uint8Array, pieceLength: number): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(bytes.length / pieceLength) }, (_, piece) =>
      merkle(bytes.subarray(piece * pieceLength, (piece + 1) * pieceLength), pieceLength / block)
    )
  )

interface Branch {
  readonly inside: Map<string, Branch>
  file: Uint8Array | undefined
}

const treeOf = (files: ReadonlyArray<Content>): Branch => {
  const root: Branch = { inside: new Map(), file: undefined }
  for (const { bytes, path } of files) {
    let at = root
    for (const name of path.split("/")) {
      const next = at.inside.get(name) ?? { inside: new Map(), file: undefined }
      at.inside.set(name, next)
      at = next
    }
    at.file = bytes
  }
  return root
}

const encodeTree = ({ file, inside }: Branch): Buffer =>
  file !== undefined
    ? dictionary([
        [
          Buffer.from(""),
          encode({ length: file.length, ...(file.length === 0 ? {} : { "pieces root": rootOf(file) }) })
        ]
      ])
    : dictionary([...inside].map(([name, branch]) => [toBytes(name), encodeTree(branch)]))

interface Stretch extends Content {
  readonly pad: boolean
}

const padded = (files: ReadonlyArray<Content>, pieceLength: number): ReadonlyArray<Stretch> =>
  files.flatMap(({ bytes, path }, at): ReadonlyArray<Stretch> => {
    const missing = at === files.length - 1 ? 0 : (pieceLength - (bytes.length % pieceLength)) % pieceLength
    const pad = { path: `.pad/${missing}`, bytes: new Uint8Array(missing), pad: true }
    return [{ bytes, path, pad: false }, ...(missing === 0 ? [] : [pad])]
  })

const v1Fields = (stretches: ReadonlyArray<Stretch>, folder: boolean, pieceLength: number) => {
  const stream = Buffer.concat(stretches.map(({ bytes }) => bytes))
  const pieces = Array.from({ length: Math.ceil(stream.length / pieceLength) }, (_, piece) =>
    sha1(stream.subarray(piece * pieceLength, (piece + 1) * pieceLength))
  )
  const list = stretches.map(({ bytes, pad, path }) => ({
    ...(pad ? { attr: "p" } : {}),
    length: bytes.length,
    path: path.split("/").map((name) => toBytes(name))
  }))
  return fields({ pieces: Buffer.concat(pieces), ...(folder ? { files: list } : { length: stream.length }) })
}

/** In the order of a file tree, which a hybrid's v1 list must have too. */
const inTreeOrder = (files: ReadonlyArray<Content>): ReadonlyArray<Content> =>
  files.toSorted((one, other) => {
    const [ours, theirs] = [one.path.split("/"), other.path.split("/")]
    for (let at = 0; ; at += 1) {
      const order = Buffer.compare(toBytes(ours[at] ?? ""), toBytes(theirs[at] ?? ""))
      if (order !== 0 || at >= ours.length) return order
    }
  })

/** A torrent of files held in memory. `infohash` is what qBittorrent calls it: a hybrid too by its v2 hash, cut short. */
export const makeMetainfo = (options: MetainfoOptions): Torrent & { readonly infohashV2: string | null } => {
  const { name, version } = options
  const pieceLength = options.pieceLength ?? block
  const folder = !(options.files instanceof Uint8Array)
  const given = options.files instanceof Uint8Array ? [{ path: name, bytes: options.files }] : options.files
  const files = version === "v1" ? given : inTreeOrder(given)
  const stretches =
    version === "hybrid" || options.pads === true
      ? padded(files, pieceLength)
      : files.map((file) => ({ ...file, pad: false }))
  const tree: ReadonlyArray<readonly [Buffer, Buffer]> =
    version === "v1" ? [] : [[Buffer.from("file tree"), encodeTree(treeOf(files))], ...fields({ "meta version": 2 })]
  const info = dictionary([
    ...fields({ name: toBytes(name), "piece length": pieceLength }),
    ...fields(options.sourceTag === undefined ? {} : { source: options.sourceTag }),
    ...tree,
    ...(version === "v2" ? [] : v1Fields(stretches, folder, pieceLength))
  ])
  const layers = new Map(
    files
      .filter(({ bytes }) => bytes.length > pieceLength)
      .map(({ bytes }) => [rootOf(bytes).toString("hex"), encode(layerOf(bytes, pieceLength))])
  )
  const bytes = dictionary([
    [Buffer.from("info"), info],
    ...(version === "v1"
      ? []
      : ([
          [
            Buffer.from("piece layers"),
            dictionary([...layers].map(([root, layer]) => [Buffer.from(root, "hex"), layer]))
          ]
        ] as const))
  ])
  const infohashV2 = version === "v1" ? null : sha256(info).toString("hex")
  return {
    infohash: infohashV2 === null ? sha1(info).toString("hex") : infohashV2.slice(0, 40),
    infohashV2,
    bytes,
    info,
    name: toBytes(name),
    size: files.reduce((sum, file) => sum + file.bytes.length, 0)
  }
}

/** Writes the files below `folder` as a client lays them out. Answers with the paths, by the client's index. */
export const writeContent = (folder: string, options: MetainfoOptions): ReadonlyArray<string> => {
  const given = options.files instanceof Uint8Array ? [{ path: options.name, bytes: options.files }] : options.files
  const root = options.files instanceof Uint8Array ? folder : join(folder, options.name)
  const files = options.version === "v1" ? given : inTreeOrder(given)
  return files.map(({ bytes, path }) => {
    const place = join(root, path)
    mkdirSync(toBytes(dirname(place)), { recursive: true })
    writeFileSync(toBytes(place), bytes)
    return place
  })
}

/** Bytes that look like nothing else, the same for the same seed. */
export const noise = (length: number, seed: string): Buffer => {
  const parts: Array<Buffer> = []
  for (let at = 0; at * 32 < length; at += 1) parts.push(sha256(Buffer.from(`${seed}/${at}`)))
  return Buffer.concat(parts).subarray(0, length)
}
