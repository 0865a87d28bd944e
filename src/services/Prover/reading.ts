import { createHash } from "node:crypto"
import { fstatSync, read, readSync } from "node:fs"
import { promisify } from "node:util"
import { compare } from "../../domain/fence.ts"
import type { Entry } from "../Disk.ts"
import { entryOf, whyOf } from "../Disk/stats.ts"
import type { FileState } from "../Prover.ts"
import type { ContentHash } from "./contentHash.ts"
import { isOfSystem, troubled } from "./places.ts"
import type { Sink } from "./sink.ts"

const readAsync = promisify(read)

const feed = (bytes: Buffer, at: number, sinks: ReadonlyArray<Sink>) => {
  for (const sink of sinks) sink.update(bytes, at)
}

/** A small file is over before an asynchronous read has begun. Both stop behind `size`: it grows while it is read. */
const readSmall = (fd: number, size: number, buffer: Buffer, consume: (bytes: Buffer, at: number) => void): number => {
  for (let done = 0; ;) {
    const count = readSync(fd, buffer, 0, buffer.length, done)
    if (count === 0 || done > size) return done
    consume(buffer.subarray(0, count), done)
    done += count
  }
}

/** The next buffer is filled while this one is hashed. */
const readLarge = async (
  fd: number,
  size: number,
  content: ContentHash,
  consume: (bytes: Buffer, at: number) => void,
  signal: AbortSignal
): Promise<number> => {
  const readInto = (slot: number, at: number) => {
    const buffer = content.buffers[slot] ?? Buffer.alloc(0)
    return readAsync(fd, buffer, 0, buffer.length, at)
  }
  let slot = await content.take()
  let pending = readInto(slot, 0)
  try {
    for (let done = 0; ;) {
      const { buffer, bytesRead } = await pending
      if (bytesRead === 0 || done > size) return done
      signal.throwIfAborted()
      // Before this buffer is pushed: it may be given back, and must not be filled again before it was consumed.
      const next = await content.take()
      const read = slot
      slot = next
      pending = readInto(next, done + bytesRead)
      content.push(read, bytesRead)
      consume(buffer.subarray(0, bytesRead), done)
      done += bytesRead
    }
  } finally {
    // The descriptor is closed and the buffer used again after this.
    await pending.catch(() => undefined)
    content.give(slot)
  }
}

/**
 * Reads an open file once and feeds all that wait for its bytes; its fence is taken before and after on the same
 * descriptor. Rejects only when aborted.
 */
export const readInode = async (
  fd: number,
  before: Entry,
  sinks: ReadonlyArray<Sink>,
  content: ContentHash,
  onBytes: (count: number) => void,
  signal: AbortSignal
): Promise<FileState> => {
  const consume = (bytes: Buffer, at: number) => {
    feed(bytes, at, sinks)
    onBytes(bytes.length)
  }
  const size = Number(before.fence.size)
  const [first = Buffer.alloc(0)] = content.buffers
  let done: number
  let digest: string
  try {
    if (size < first.length) {
      const sha256 = createHash("sha256")
      done = readSmall(fd, size, first, (bytes, at) => {
        sha256.update(bytes)
        consume(bytes, at)
      })
      digest = sha256.digest("hex")
    } else {
      try {
        done = await readLarge(fd, size, content, consume, signal)
      } finally {
        // Also of what was not read to its end, or the next file would go on from there.
        digest = await content.digest()
      }
    }
  } catch (cause) {
    if (!isOfSystem(cause)) throw cause
    return troubled("unreadable", whyOf(cause))
  }
  const after = entryOf(fstatSync(fd, { bigint: true }))
  if (compare(before.fence, after.fence) !== "same" || BigInt(done) !== after.fence.size) {
    return troubled("changed", "it changed while it was read")
  }
  return { _tag: "read", fence: after.fence, size: done, contentId: `sha256:${digest}` }
}
