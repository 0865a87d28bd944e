import { createHash } from "node:crypto"
import { closeSync, constants } from "node:fs"
import { open } from "node:fs/promises"
import { compare, type Fence } from "../../domain/fence.ts"
import type { FileEvidence } from "../../domain/deletion.ts"
import { basename, dirname } from "../../platform/BytePath.ts"
import { fenceOf } from "../Disk/hash.ts"
import { inside, isGone, isSwapped, look, openPath } from "./descend.ts"

/** `go`: it is what was proven, and this is its fence now. `gone`: nothing to do. `left`: it stays, and why. */
export type Verdict =
  | { readonly _tag: "go"; readonly file: FileEvidence; readonly fence: Fence }
  | { readonly _tag: "gone"; readonly file: FileEvidence }
  | { readonly _tag: "left"; readonly file: FileEvidence; readonly why: string }

const sha1Of = async (fd: number, name: string, signal: AbortSignal): Promise<{ sha1: string; fence: Fence }> => {
  const handle = await open(inside(fd, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const before = await fenceOf(handle)
    const sha1 = createHash("sha1")
    const buffer = Buffer.allocUnsafe(1024 * 1024)
    for (let at = 0; ;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) break
      signal.throwIfAborted()
      at += bytesRead
      sha1.update(buffer.subarray(0, bytesRead))
    }
    const after = await fenceOf(handle)
    return { sha1: compare(before, after) === "same" ? sha1.digest("hex") : "", fence: after }
  } finally {
    await handle.close()
  }
}

/** Looks at one file again; where only its ctime moved, reads its bytes again. */
export const verify = async (anchor: string, file: FileEvidence, signal: AbortSignal): Promise<Verdict> => {
  const left = (why: string): Verdict => ({ _tag: "left", file, why })
  let fd: number
  try {
    fd = openPath(anchor, dirname(file.path))
  } catch (cause) {
    if (isGone(cause)) return { _tag: "gone", file }
    if (isSwapped(cause)) return left("a folder above it was replaced by something that is not a folder")
    throw cause
  }
  try {
    const name = basename(file.path)
    const entry = look(fd, name)
    if (entry === undefined) return { _tag: "gone", file }
    if (entry.kind !== "file") return left(`it is a ${entry.kind} now`)
    const change = compare(file.fence, entry.fence)
    if (change === "same") return { _tag: "go", file, fence: entry.fence }
    if (change === "changed") return left("it is not the file that was uploaded")
    const read = await sha1Of(fd, name, signal)
    return file.sha1 !== null && read.sha1 === file.sha1 && compare(entry.fence, read.fence) === "same"
      ? { _tag: "go", file, fence: read.fence }
      : left("its bytes are not those that were uploaded")
  } finally {
    closeSync(fd)
  }
}
