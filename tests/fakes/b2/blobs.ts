import { createHash } from "node:crypto"
import { mkdir, mkdtemp, open, rm, unlink, type FileHandle } from "node:fs/promises"
import path from "node:path"

const readSize = 1 << 20

/** Bytes that never change once written; freed when nothing refers to them. */
export interface Blob {
  readonly size: number
  read(start: number, end: number): AsyncIterable<Buffer>
  retain(): void
  release(): void
}

/** A range of a blob. An object is a list of these, so finishing, copying and tampering move no bytes. */
export interface Segment {
  readonly blob: Blob
  readonly start: number
  readonly end: number
}

export interface BlobWriter {
  /** A promise only when the disk is behind. */
  write(chunk: Buffer): Promise<void> | undefined
  finish(): Promise<Blob>
  abort(): Promise<void>
}

class MemoryBlob implements Blob {
  readonly size: number
  readonly #chunks: ReadonlyArray<Buffer>

  constructor(chunks: ReadonlyArray<Buffer>) {
    this.#chunks = chunks
    this.size = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  async *read(start: number, end: number): AsyncIterable<Buffer> {
    let offset = 0
    for (const chunk of this.#chunks) {
      const from = Math.max(start - offset, 0)
      const to = Math.min(end - offset, chunk.length)
      if (from < to) yield chunk.subarray(from, to)
      offset += chunk.length
    }
  }

  retain(): void {}
  release(): void {}
}

class FileBlob implements Blob {
  readonly size: number
  readonly #path: string
  #references = 0

  constructor(file: string, size: number) {
    this.#path = file
    this.size = size
  }

  async *read(start: number, end: number): AsyncIterable<Buffer> {
    const handle = await open(this.#path)
    try {
      for (let offset = start; offset < end;) {
        const length = Math.min(readSize, end - offset)
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset)
        if (bytesRead === 0) throw new Error(`${this.#path} is shorter than it was written`)
        yield buffer.subarray(0, bytesRead)
        offset += bytesRead
      }
    } finally {
      await handle.close()
    }
  }

  retain(): void {
    this.#references++
  }

  release(): void {
    if (--this.#references === 0) void unlink(this.#path).catch(() => undefined)
  }
}

class MemoryWriter implements BlobWriter {
  #chunks: Array<Buffer> = []

  write(chunk: Buffer): undefined {
    this.#chunks.push(chunk)
  }

  async finish(): Promise<Blob> {
    return new MemoryBlob(this.#chunks)
  }

  async abort(): Promise<void> {
    this.#chunks = []
  }
}

/** Gathers what the socket hands out in small pieces; one write is under way while the next is gathered. */
class FileWriter implements BlobWriter {
  readonly #path: string
  readonly #handle: FileHandle
  #gathered: Array<Buffer> = []
  #gatheredBytes = 0
  #size = 0
  #underWay: Promise<unknown> = Promise.resolve()

  constructor(file: string, handle: FileHandle) {
    this.#path = file
    this.#handle = handle
  }

  write(chunk: Buffer): Promise<void> | undefined {
    this.#gathered.push(chunk)
    this.#gatheredBytes += chunk.length
    this.#size += chunk.length
    return this.#gatheredBytes >= readSize ? this.#flush() : undefined
  }

  async #flush(): Promise<void> {
    const buffers = this.#gathered
    const position = this.#size - this.#gatheredBytes
    this.#gathered = []
    this.#gatheredBytes = 0
    await this.#underWay
    this.#underWay = this.#handle.writev(buffers, position)
    this.#underWay.catch(() => undefined)
  }

  async finish(): Promise<Blob> {
    await this.#flush()
    await this.#underWay
    await this.#handle.close()
    return new FileBlob(this.#path, this.#size)
  }

  async abort(): Promise<void> {
    await this.#underWay.catch(() => undefined)
    await this.#handle.close()
    await unlink(this.#path)
  }
}

/** Where the bytes are: in memory, or in a folder of its own below `directory`. */
export class BlobStore {
  readonly #directory: string | undefined
  #next = 0

  private constructor(directory: string | undefined) {
    this.#directory = directory
  }

  static async open(directory: string | undefined): Promise<BlobStore> {
    if (directory === undefined) return new BlobStore(undefined)
    await mkdir(directory, { recursive: true })
    return new BlobStore(await mkdtemp(path.join(directory, "b2-")))
  }

  async writer(): Promise<BlobWriter> {
    if (this.#directory === undefined) return new MemoryWriter()
    const file = path.join(this.#directory, String(this.#next++))
    return new FileWriter(file, await open(file, "wx"))
  }

  async close(): Promise<void> {
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true })
  }
}

export const memoryBlob = (bytes: Uint8Array): Blob => new MemoryBlob([Buffer.from(bytes)])

export const whole = (blob: Blob): Segment => ({ blob, start: 0, end: blob.size })

/** The segments that make up bytes `start` to `end` (exclusive). */
export const slice = (segments: ReadonlyArray<Segment>, start: number, end: number): Array<Segment> => {
  const result: Array<Segment> = []
  let offset = 0
  for (const segment of segments) {
    const length = segment.end - segment.start
    const from = Math.max(start - offset, 0)
    const to = Math.min(end - offset, length)
    if (from < to) result.push({ blob: segment.blob, start: segment.start + from, end: segment.start + to })
    offset += length
  }
  return result
}

export async function* readSegments(segments: ReadonlyArray<Segment>): AsyncIterable<Buffer> {
  for (const { blob, start, end } of segments) yield* blob.read(start, end)
}

/** Hexadecimal. */
export const sha1OfSegments = async (segments: ReadonlyArray<Segment>): Promise<string> => {
  const hash = createHash("sha1")
  for await (const chunk of readSegments(segments)) hash.update(chunk)
  return hash.digest("hex")
}
