import { createHash } from "node:crypto"
import { type BigIntStats, constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { toBytes } from "../../platform/BytePath.ts"
import type { Reading, Wanted } from "../Scanner.ts"

const largest = 2 * 1024 ** 2

// O_NONBLOCK: opening a FIFO that was put in its place must not wait for a writer.
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const O_NOATIME = 0o1000000

const isRefused = (cause: unknown): boolean => cause instanceof Error && "code" in cause && cause.code === "EPERM"

const unreadable = (cause: unknown): Reading => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  const why = cause instanceof Error ? cause.message : String(cause)
  return code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP"
    ? { _tag: "Changed", why: "it is not there any more" }
    : { _tag: "Unreadable", why }
}

/** The facts were taken before it was opened; these are taken after the last byte, on the same descriptor. */
const isStill = (wanted: Wanted, device: bigint, now: BigIntStats): boolean =>
  now.dev === device &&
  now.ino === wanted.ino &&
  now.birthtimeNs === wanted.birthNs &&
  now.size === wanted.size &&
  now.mtimeNs === wanted.mtimeNs &&
  now.ctimeNs === wanted.ctimeNs

export const changed: Reading = { _tag: "Changed", why: "it was changed since it was listed" }

const readHandle = async (
  handle: FileHandle,
  wanted: Wanted,
  device: bigint,
  at: number,
  onBytes: (count: number) => void,
  signal: AbortSignal
): Promise<Reading> => {
  const sha256 = createHash("sha256")
  const chunk = Math.min(largest, Number(wanted.size) + 1)
  const pair = [Buffer.allocUnsafeSlow(chunk), Buffer.allocUnsafeSlow(chunk)] as const
  let pending: Promise<unknown> = Promise.resolve()
  try {
    // The next chunk is read while this one is hashed.
    const read = (turn: number, position: number) => {
      const next = handle.read(pair[turn % 2 === 0 ? 0 : 1], 0, chunk, position)
      pending = next
      return next
    }
    let done = 0
    let next = read(0, 0)
    for (let turn = 1; ; turn++) {
      const { buffer, bytesRead } = await next
      if (bytesRead === 0) break
      signal.throwIfAborted()
      done += bytesRead
      next = read(turn, done)
      sha256.update(buffer.subarray(0, bytesRead))
      onBytes(bytesRead)
    }
    if (BigInt(done) !== wanted.size || !isStill(wanted, device, await handle.stat({ bigint: true }))) return changed
    return { _tag: "Read", sha256: sha256.digest("hex"), at }
  } finally {
    await pending.catch(() => undefined)
  }
}

const openLarge = async (path: string): Promise<FileHandle> => {
  try {
    return await open(toBytes(path), flags | O_NOATIME)
  } catch (cause) {
    if (!isRefused(cause)) throw cause
    return await open(toBytes(path), flags)
  }
}

/** Rejects only when `signal` is aborted. */
export const readLarge = async (
  wanted: Wanted,
  device: bigint,
  at: number,
  onBytes: (count: number) => void,
  signal: AbortSignal
): Promise<Reading> => {
  try {
    const handle = await openLarge(wanted.path)
    try {
      return await readHandle(handle, wanted, device, at, onBytes, signal)
    } finally {
      await handle.close()
    }
  } catch (cause) {
    signal.throwIfAborted()
    return unreadable(cause)
  }
}
