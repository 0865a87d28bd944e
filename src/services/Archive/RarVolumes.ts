import { type FileHandle, open } from "node:fs/promises"

/**
 * What RAR volumes say of themselves, read from their headers without unpacking anything: a few small reads a volume.
 * It is needed because unar 1.10.8 takes a RAR 4 set whose last volumes are missing at a file's boundary for whole
 * (exit code 0, `XADVolumeScanningFailed` absent), and because volumes are looked for by a scheme that the header, not
 * the name, decides. Layouts: RAR 5.0 archive format; RAR 4 technical note.
 */
export interface RarFacts {
  /** undefined: not a RAR, or one behind a self-extractor. */
  readonly version: 4 | 5 | undefined
  /** Whether RAR 4 looks for `.partNN.rar` rather than `.r00`. RAR 5 always may. */
  readonly partNaming: boolean
  /** Position in the list of a volume without a RAR header: not downloaded, or zero-filled. */
  readonly headless: ReadonlyArray<number>
  /** The first volume given is not the archive's first. */
  readonly startsLate: boolean
  /** The last volume given says that another one follows. */
  readonly endsEarly: boolean
}

const marker4 = Buffer.from("526172211a0700", "hex")
const marker5 = Buffer.from("526172211a070100", "hex")
const headerBytes = 4096
const maxBlocks = 200_000

const readAt = async (file: FileHandle, position: number, length: number) => {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

const versionOf = (head: Buffer) =>
  head.subarray(0, 8).equals(marker5) ? 5 : head.subarray(0, 7).equals(marker4) ? 4 : undefined

/** RAR 5's variable-length integers. */
const vints = (bytes: Buffer, from: number) => {
  let at = from
  return () => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * factor
      if (byte < 0x80 || factor > 2 ** 49) return value
    }
  }
}

const startsLate4 = (head: Buffer) => {
  const flags = head.length < 12 ? 0 : head.readUInt16LE(10)
  // Volumes of RAR 2 have no "first" flag; those that also have the new naming do.
  return { late: (flags & 0x0111) === 0x0011, part: (flags & 0x0010) !== 0 }
}

const startsLate5 = (head: Buffer) => {
  const next = vints(head, 12)
  next()
  const type = next()
  const headerFlags = next()
  if (type !== 1) return false
  if ((headerFlags & 1) !== 0) next()
  const archiveFlags = next()
  return (archiveFlags & 2) !== 0 && next() > 0
}

const endsEarly4 = async (file: FileHandle, size: number) => {
  let splitAfter = false
  let position = 7
  for (let block = 0; block < maxBlocks && position + 7 <= size; block++) {
    const head = await readAt(file, position, 40)
    if (head.length < 7) break
    const type = head[2] ?? 0
    const flags = head.readUInt16LE(3)
    const length = head.readUInt16LE(5)
    if (length < 7 || (type === 0x73 && (flags & 0x0080) !== 0)) return false
    if (type === 0x7b) return (flags & 1) !== 0
    const isFile = type === 0x74 || type === 0x7a
    if (isFile) splitAfter = (flags & 2) !== 0
    const low = (isFile || (flags & 0x8000) !== 0) && head.length >= 11 ? head.readUInt32LE(7) : 0
    const high = isFile && (flags & 0x0100) !== 0 && head.length >= 36 ? head.readUInt32LE(32) : 0
    position += length + low + high * 2 ** 32
  }
  return splitAfter
}

const endsEarly5 = async (file: FileHandle, size: number) => {
  let splitAfter = false
  let position = 8
  for (let block = 0; block < maxBlocks && position + 7 <= size; block++) {
    const head = await readAt(file, position, headerBytes)
    const next = vints(head, 4)
    const length = next()
    const fields = 4 + (length < 0x80 ? 1 : length < 0x4000 ? 2 : 3)
    const type = next()
    const flags = next()
    if (length === 0 || type === 4) return false
    if ((flags & 1) !== 0) next()
    const data = (flags & 2) !== 0 ? next() : 0
    if (type === 5) return (next() & 1) !== 0
    if (type === 2 || type === 3) splitAfter = (flags & 0x10) !== 0
    position += fields + length + data
  }
  return splitAfter
}

const withFile = async <A>(path: Buffer, use: (file: FileHandle) => Promise<A>): Promise<A> => {
  const file = await open(path, "r")
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Reads the volumes in their order. Rejects when one cannot be read. */
export const readRarFacts = async (volumes: ReadonlyArray<Buffer>): Promise<RarFacts> => {
  const heads: Array<Buffer> = []
  for (const volume of volumes) heads.push(await withFile(volume, (file) => readAt(file, 0, 64)))
  const [first = Buffer.alloc(0)] = heads
  const version = versionOf(first)
  const last = volumes.at(-1)
  if (version === undefined || last === undefined)
    return { version: undefined, partNaming: false, headless: [], startsLate: false, endsEarly: false }
  const headless = heads.flatMap((head, index) => (versionOf(head) === undefined ? [index] : []))
  const { late, part } = version === 4 ? startsLate4(first) : { late: startsLate5(first), part: true }
  const endsEarly = headless.includes(volumes.length - 1)
    ? false
    : await withFile(last, async (file) => {
        const { size } = await file.stat()
        return version === 4 ? endsEarly4(file, size) : endsEarly5(file, size)
      })
  return { version, partNaming: part, headless, startsLate: late, endsEarly }
}
