import { closeSync, constants } from "node:fs"
import { open } from "node:fs/promises"
import { compare, type Fence } from "../../domain/fence.ts"
import type { FileEvidence } from "../../domain/deletion.ts"
import { basename, dirname } from "../../platform/BytePath.ts"
import type { Hashed } from "../Disk.ts"
import { Changed, hashHandle } from "../Disk/hash.ts"
import { inside, isGone, isSwapped, look, openPath } from "./descend.ts"

/** `go`: it is what was proven, and this is its fence now. `gone`: nothing to do. `left`: it stays, and why. */
export type Verdict =
  | { readonly _tag: "go"; readonly file: FileEvidence; readonly fence: Fence }
  | { readonly _tag: "gone"; readonly file: FileEvidence }
  | { readonly _tag: "left"; readonly file: FileEvidence; readonly why: string }

/** Undefined when it changed while it was read. */
const readAgain = async (fd: number, name: string, signal: AbortSignal): Promise<Hashed | undefined> => {
  const handle = await open(inside(fd, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    return await hashHandle(handle, null, () => undefined, signal)
  } catch (cause) {
    if (cause instanceof Changed) return undefined
    throw cause
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
    const read = await readAgain(fd, name, signal)
    return read !== undefined && read.sha1 === file.sha1 && compare(entry.fence, read.fence) === "same"
      ? { _tag: "go", file, fence: read.fence }
      : left("its bytes are not those that were uploaded")
  } finally {
    closeSync(fd)
  }
}
