import { createHash } from "node:crypto"
import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { compare } from "../../domain/fence.ts"
import { toBytes } from "../../platform/BytePath.ts"
import type { Hashed } from "../Disk.ts"
import type { HashKind } from "../Remote.ts"
import { entryOf } from "./stats.ts"

const chunk = 1024 * 1024

/** Carries the code that the adapter turns into the class `changed`. */
export class Changed extends Error {
  readonly code = "ECHANGED"
}

export const fenceOf = async (handle: FileHandle) => {
  const entry = entryOf(await handle.stat({ bigint: true }))
  if (entry.kind !== "file") throw new Error(`it is a ${entry.kind}, not a file`)
  return entry.fence
}

/**
 * Reads an open file once; rejects with `Changed` when its fence moved meanwhile. The next chunk is read while this one
 * is hashed: two buffers, whatever the size of the file.
 */
export const hashHandle = async (
  handle: FileHandle,
  also: HashKind | null,
  onBytes: (done: number) => void,
  signal: AbortSignal
): Promise<Hashed> => {
  let pending: Promise<unknown> = Promise.resolve()
  try {
    const before = await fenceOf(handle)
    const sha1 = createHash("sha1")
    const other = also === null || also === "sha1" ? null : createHash(also)
    const length = Math.min(chunk, Number(before.size) + 1)
    const buffers = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)] as const
    const read = (turn: number, position: number) => {
      const next = handle.read(buffers[turn % 2 === 0 ? 0 : 1], 0, length, position)
      pending = next
      return next
    }
    let done = 0
    let next = read(0, 0)
    for (let turn = 1; ; turn++) {
      const { bytesRead, buffer } = await next
      if (bytesRead === 0) break
      signal.throwIfAborted()
      done += bytesRead
      next = read(turn, done)
      const bytes = buffer.subarray(0, bytesRead)
      sha1.update(bytes)
      other?.update(bytes)
      onBytes(done)
    }
    const after = await fenceOf(handle)
    if (compare(before, after) !== "same" || BigInt(done) !== after.size)
      throw new Changed("it changed while it was read")
    return { sha1: sha1.digest("hex"), hash: other === null ? null : other.digest("hex"), fence: after }
  } finally {
    await pending.catch(() => undefined)
  }
}

export const hashFile = async (
  path: string,
  also: HashKind | null,
  onBytes: (done: number) => void,
  signal: AbortSignal
): Promise<Hashed> => {
  // O_NONBLOCK: opening a FIFO that was put in its place must not wait for a writer.
  const handle = await open(toBytes(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    return await hashHandle(handle, also, onBytes, signal)
  } finally {
    await handle.close()
  }
}
