import { writeFileSync } from "node:fs"
import { crc32, deflateRawSync } from "node:zlib"
import { type Content, nameBytes, wholeContent } from "./members.ts"

export interface ZipEntry {
  readonly name: string | Buffer
  readonly content: Content
  /** Size that the headers are to declare, where it is to lie. */
  readonly declaredSize?: number
  readonly deflate?: boolean
  /** Whether the name is flagged as UTF-8; without it readers guess (Shift-JIS, CP437 …). */
  readonly utf8?: boolean
  /** Unix mode, with file type bits: 0o120777 makes a symlink of which the content is the target. */
  readonly mode?: number
}

const fields = (...parts: ReadonlyArray<readonly [width: 2 | 4, value: number]>) =>
  Buffer.concat(
    parts.map(([width, value]) => {
      const out = Buffer.alloc(width)
      out.writeUIntLE(width === 4 ? value >>> 0 : value, 0, width)
      return out
    })
  )

export interface ZipOptions {
  /** Cuts the zip into `.z01`, `.z02` …, `.zip` of this many bytes; the headers of each must fit in one volume. */
  readonly volumeBytes?: number
}

/** Writes zips that zip programs would not: lying sizes, unflagged encodings, repeated names, links. */
export const writeZip = (
  path: string,
  entries: ReadonlyArray<ZipEntry>,
  { volumeBytes }: ZipOptions = {}
): ReadonlyArray<string> => {
  const central: Array<Buffer> = []
  const parts: Array<Buffer> = volumeBytes === undefined ? [] : [fields([4, 0x08074b50])]
  let position = parts.length * 4
  const disk = (at: number) => (volumeBytes === undefined ? 0 : Math.floor(at / volumeBytes))
  const put = (data: Buffer) => {
    parts.push(data)
    position += data.length
  }
  for (const entry of entries) {
    const name = nameBytes(entry.name)
    const raw = wholeContent(entry.content)
    const packed = entry.deflate === true ? deflateRawSync(raw) : raw
    const common = fields(
      [2, 20],
      [2, entry.utf8 === true ? 0x0800 : 0],
      [2, entry.deflate === true ? 8 : 0],
      [2, 0],
      [2, 0x5821],
      [4, crc32(raw)],
      [4, packed.length],
      [4, entry.declaredSize ?? raw.length],
      [2, name.length],
      [2, 0]
    )
    const start = position
    put(Buffer.concat([fields([4, 0x04034b50]), common, name]))
    put(packed)
    central.push(
      fields([4, 0x02014b50], [2, 0x0314]),
      common,
      fields(
        [2, 0],
        [2, disk(start)],
        [2, 0],
        [4, (entry.mode ?? 0o100644) * 0x10000],
        [4, start - disk(start) * (volumeBytes ?? 0)]
      ),
      name
    )
  }
  const directory = Buffer.concat(central)
  const start = position
  put(directory)
  const last = disk(position)
  put(
    fields(
      [4, 0x06054b50],
      [2, last],
      [2, disk(start)],
      [2, entries.length],
      [2, entries.length],
      [4, directory.length],
      [4, start - disk(start) * (volumeBytes ?? 0)],
      [2, 0]
    )
  )
  const whole = Buffer.concat(parts)
  if (volumeBytes === undefined) {
    writeFileSync(path, whole)
    return [path]
  }
  return Array.from({ length: last + 1 }, (_, volume) => {
    const name = volume === last ? path : path.replace(/zip$/, `z${String(volume + 1).padStart(2, "0")}`)
    writeFileSync(
      name,
      whole.subarray(volume * volumeBytes, volume === last ? whole.length : (volume + 1) * volumeBytes)
    )
    return name
  })
}
