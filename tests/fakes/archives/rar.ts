import { closeSync, openSync, truncateSync, writeSync } from "node:fs"
import { crc32 } from "node:zlib"
import { bytes, type Member, nameBytes, wholeContent } from "./members.ts"
import { packRar } from "./rar-pack.ts"

/**
 * Writes RAR sets in store mode, as scene releases are packed. No free program writes RAR. Layout after the formats'
 * public descriptions (RAR 5.0 archive format; technote of RAR 4).
 */
export interface RarOptions {
  readonly version: 4 | 5
  /** `part`: name.part01.rar; `old`: name.rar, name.r00; `single`: one name.rar whatever its size. */
  readonly naming: "single" | "part" | "old"
  /** Bytes of member data a volume holds. Members are cut at this boundary. */
  readonly volumeData?: number
  /** Members' sizes as the headers are to declare them, where they are to lie. */
  readonly declaredSizes?: Readonly<Record<number, number>>
  /** By a method of RAR's own, of which free 7-Zip knows nothing. Such members are held in memory. */
  readonly compress?: boolean
}

const vint = (value: number): Buffer => {
  const out: Array<number> = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    out.push(rest > 0 ? low | 0x80 : low)
  } while (rest > 0)
  return Buffer.from(out)
}

const u16 = (value: number) => {
  const out = Buffer.alloc(2)
  out.writeUInt16LE(value)
  return out
}

const u32 = (value: number) => {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value >>> 0)
  return out
}

const block4 = (type: number, flags: number, rest: Buffer) => {
  const body = Buffer.concat([Buffer.of(type), u16(flags), u16(7 + rest.length), rest])
  return Buffer.concat([u16(crc32(body) & 0xffff), body])
}

const block5 = (...fields: ReadonlyArray<Buffer>) => {
  const body = Buffer.concat([...fields])
  const sized = Buffer.concat([vint(body.length), body])
  return Buffer.concat([u32(crc32(sized)), sized])
}

interface Piece {
  readonly name: Buffer
  readonly packed: number
  readonly unpacked: number
  readonly crc: number
  readonly before: boolean
  readonly after: boolean
  readonly compressed: boolean
}

interface Dialect {
  readonly open: (volume: number, options: RarOptions) => Buffer
  /** Always as long for the same name and sizes, whatever the checksum: it is written before and after the data. */
  readonly file: (piece: Piece) => Buffer
  readonly close: (last: boolean) => Buffer
}

const dialects: Readonly<Record<4 | 5, Dialect>> = {
  4: {
    open: (volume, { naming }) =>
      Buffer.concat([
        Buffer.from("526172211a0700", "hex"),
        block4(
          0x73,
          naming === "single" ? 0 : 0x0001 | (naming === "part" ? 0x0010 : 0) | (volume === 0 ? 0x0100 : 0),
          Buffer.alloc(6)
        )
      ]),
    file: ({ name, packed, unpacked, crc, before, after, compressed }) =>
      block4(
        0x74,
        0x8000 | 0x0100 | (before ? 1 : 0) | (after ? 2 : 0),
        Buffer.concat([
          u32(packed),
          u32(unpacked),
          Buffer.of(3),
          u32(crc),
          u32(0x58214000),
          Buffer.of(compressed ? 29 : 20, compressed ? 0x33 : 0x30),
          u16(name.length),
          u32(0o100644),
          u32(Math.floor(packed / 2 ** 32)),
          u32(Math.floor(unpacked / 2 ** 32)),
          name
        ])
      ),
    close: (last) => block4(0x7b, 0x4000 | (last ? 0 : 1), Buffer.alloc(0))
  },
  5: {
    open: (volume, { naming }) =>
      Buffer.concat([
        Buffer.from("526172211a070100", "hex"),
        naming === "single"
          ? block5(vint(1), vint(0), vint(0))
          : volume === 0
            ? block5(vint(1), vint(0), vint(1))
            : block5(vint(1), vint(0), vint(3), vint(volume))
      ]),
    file: ({ name, packed, unpacked, crc, before, after, compressed }) =>
      block5(
        vint(2),
        vint(0x02 | (before ? 0x08 : 0) | (after ? 0x10 : 0)),
        vint(packed),
        vint(0x06),
        vint(unpacked),
        vint(0o100644),
        u32(1400000000),
        u32(crc),
        vint(compressed ? 3 << 7 : 0),
        vint(1),
        vint(name.length),
        name
      ),
    close: (last) => block5(vint(5), vint(0), vint(last ? 0 : 1))
  }
}

export const volumeName = (base: string, naming: RarOptions["naming"], volume: number): string =>
  naming === "single" || (naming === "old" && volume === 0)
    ? `${base}.rar`
    : naming === "old"
      ? `${base}.${String.fromCharCode(114 + Math.floor((volume - 1) / 100))}${String((volume - 1) % 100).padStart(2, "0")}`
      : `${base}.part${String(volume + 1).padStart(2, "0")}.rar`

/** Writes the set into `directory`, a mebibyte at a time. Returns the volumes' paths, first first. */
export const writeRar = (
  directory: string,
  base: string,
  members: ReadonlyArray<Member>,
  options: RarOptions
): ReadonlyArray<string> => {
  const dialect = dialects[options.version]
  // RAR 4 keeps directories apart by backslashes.
  const stored = (name: Buffer) =>
    options.version === 4 ? Buffer.from(name.map((byte) => (byte === 0x2f ? 0x5c : byte))) : name
  const capacity = options.naming === "single" ? Number.POSITIVE_INFINITY : (options.volumeData ?? 1 << 20)
  const chunk = Buffer.alloc(1 << 20)
  const paths: Array<string> = []
  let file = -1
  let position = 0
  let room = 0
  const put = (data: Buffer, at = position) => {
    writeSync(file, data, 0, data.length, at)
    if (at === position) position += data.length
  }
  const nextVolume = () => {
    if (file >= 0) {
      put(dialect.close(false))
      closeSync(file)
    }
    const path = `${directory}/${volumeName(base, options.naming, paths.length)}`
    file = openSync(path, "w")
    position = 0
    room = capacity
    put(dialect.open(paths.length, options))
    paths.push(path)
  }
  nextVolume()
  for (const [index, { name, content: plain }] of members.entries()) {
    const compressed = options.compress === true
    const content = compressed ? bytes(packRar(options.version, wholeContent(plain))) : plain
    let whole = 0
    let done = 0
    do {
      if (room === 0) nextVolume()
      const packed = Math.min(room, content.size - done)
      const piece = {
        name: stored(nameBytes(name)),
        packed,
        unpacked: options.declaredSizes?.[index] ?? plain.size,
        before: done > 0,
        after: done + packed < content.size,
        compressed
      }
      const header = position
      put(dialect.file({ ...piece, crc: 0 }))
      let own = 0
      for (let at = 0; at < packed; at += chunk.length) {
        const part = chunk.subarray(0, Math.min(chunk.length, packed - at))
        content.read(done + at, part)
        own = crc32(part, own)
        whole = crc32(part, whole)
        put(part)
      }
      // A piece that goes on in the next volume carries its own checksum, the last one that of the whole member.
      put(dialect.file({ ...piece, crc: piece.after ? own : compressed ? crc32(wholeContent(plain)) : whole }), header)
      done += packed
      room -= packed
    } while (done < content.size)
  }
  put(dialect.close(true))
  closeSync(file)
  return paths
}

/** As a client leaves a volume that it has preallocated and not yet received: right size, no content. */
export const zeroFill = (path: string, size: number) => {
  truncateSync(path, 0)
  truncateSync(path, size)
}
