import { createHash } from "node:crypto"
import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { compare, type Fence } from "../../domain/fence.ts"
import { codeOf, entryOf } from "../Disk/stats.ts"
import { inside } from "../Gate/descend.ts"
import type { CopiedFile } from "../Views.ts"
import { Refused } from "./refused.ts"

const chunk = 2 * 1024 * 1024
const zeros = Buffer.alloc(chunk)

/** O_NONBLOCK: opening a FIFO that was put in its place must not wait for a writer. */
const openSource = (fd: number, name: string) =>
  open(inside(fd, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)

/** A new file; or the one that a crash left, which is nobody else's: it has no other name. */
const openPart = async (fd: number, name: string): Promise<FileHandle> => {
  try {
    return await open(inside(fd, name), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  }
  const handle = await open(inside(fd, name), constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const entry = entryOf(await handle.stat({ bigint: true }))
    if (entry.kind !== "file" || entry.links !== 1)
      throw new Refused("exists", `${name} is not what an earlier run left`)
    await handle.truncate(0)
    return handle
  } catch (cause) {
    await handle.close()
    throw cause
  }
}

const isBlank = (bytes: Buffer): boolean =>
  bytes.equals(bytes.length === chunk ? zeros : zeros.subarray(0, bytes.length))

const writeAll = async (handle: FileHandle, bytes: Buffer, position: number) => {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

/** The next chunk is read while this one is hashed and written. */
const transfer = async (
  source: FileHandle,
  target: FileHandle,
  sparse: boolean,
  onBytes: (done: number) => void,
  signal: AbortSignal
): Promise<{ readonly length: number; readonly digest: string }> => {
  const hash = createHash("sha256")
  const buffers = [Buffer.allocUnsafe(chunk), Buffer.allocUnsafe(chunk)] as const
  let done = 0
  let pending = source.read(buffers[0], 0, chunk, 0)
  let writing: Promise<void> = Promise.resolve()
  try {
    for (let turn = 1; ; turn += 1) {
      const { buffer, bytesRead } = await pending
      // The other buffer is free only when it has been written.
      await writing
      if (bytesRead === 0) break
      signal.throwIfAborted()
      const at = done
      done += bytesRead
      pending = source.read(buffers[turn % 2 === 0 ? 0 : 1], 0, chunk, done)
      const bytes = buffer.subarray(0, bytesRead)
      writing = sparse && isBlank(bytes) ? Promise.resolve() : writeAll(target, bytes, at)
      writing.catch(() => undefined)
      hash.update(bytes)
      onBytes(done)
    }
  } finally {
    await Promise.allSettled([pending, writing])
  }
  if (sparse) await target.truncate(done)
  return { length: done, digest: hash.digest("hex") }
}

const seconds = (nanoseconds: bigint): number =>
  Number(nanoseconds / 1_000_000_000n) + Number(nanoseconds % 1_000_000_000n) / 1e9

/** Owner and mode as far as they are ours to give; only root can give a file away. */
const likeSource = async (source: FileHandle, target: FileHandle) => {
  const stats = await source.stat({ bigint: true })
  try {
    await target.chown(Number(stats.uid), Number(stats.gid))
  } catch (cause) {
    if (codeOf(cause) !== "EPERM" && codeOf(cause) !== "EINVAL") throw cause
  }
  await target.chmod(Number(stats.mode) & 0o777)
  await target.utimes(seconds(stats.atimeNs), seconds(stats.mtimeNs))
}

/** Writes `<name>.part` in the folder `to`, flushed, and as the source is. */
export const copyInto = async (
  from: { readonly fd: number; readonly name: string },
  fence: Fence,
  to: { readonly fd: number; readonly name: string },
  onBytes: (done: number) => void,
  signal: AbortSignal
): Promise<CopiedFile> => {
  const source = await openSource(from.fd, from.name)
  try {
    const stats = await source.stat({ bigint: true })
    const before = entryOf(stats)
    if (before.kind !== "file" || compare(fence, before.fence) !== "same") {
      throw new Refused("changed", "it is not the file any more that was to be copied")
    }
    const target = await openPart(to.fd, `${to.name}.part`)
    try {
      const sparse = stats.blocks * 512n < stats.size
      const { digest, length } = await transfer(source, target, sparse, onBytes, signal)
      const after = entryOf(await source.stat({ bigint: true }))
      if (compare(fence, after.fence) !== "same" || BigInt(length) !== after.fence.size) {
        throw new Refused("changed", "it changed while it was copied")
      }
      await likeSource(source, target)
      await target.sync()
      const copied = entryOf(await target.stat({ bigint: true }))
      return { fence: copied.fence, contentId: `sha256:${digest}` }
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}
