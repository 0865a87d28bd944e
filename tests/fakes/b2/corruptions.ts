import { execFileSync } from "node:child_process"
import { closeSync, openSync, readSync, statSync, truncateSync, writeSync } from "node:fs"
import path from "node:path"
import type { CallName } from "./calls.ts"
import type { CallEvent, When } from "./hooks.ts"

/** Of `B2Emulator` only what is needed, so that the corruption also works against a stand-in. */
interface Hookable {
  on(call: CallName, run: (event: CallEvent) => void, when?: When): () => void
}

export interface Corruption {
  /** Whether the source was changed: a test must assert it, or it may have proven nothing. */
  readonly done: boolean
  /** Whether it is as it was before. */
  readonly restored: boolean
}

/** To the nanosecond, which `utimes` with its floating-point seconds cannot do. */
const setMtime = (file: string, nanoseconds: bigint): void => {
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, "0")
  execFileSync("touch", ["-m", "-d", `@${nanoseconds / 1_000_000_000n}.${fraction}`, "--", file])
}

const readAt = (file: string, offset: number, length: number): Buffer => {
  const descriptor = openSync(file, "r")
  const bytes = Buffer.alloc(length)
  readSync(descriptor, bytes, 0, length, offset)
  closeSync(descriptor)
  return bytes
}

const writeAt = (file: string, offset: number, bytes: Uint8Array): void => {
  const descriptor = openSync(file, "r+")
  writeSync(descriptor, bytes, 0, bytes.length, offset)
  closeSync(descriptor)
}

/**
 * Seven bytes near the end of the source are others from the start of the multi-part upload (rclone has hashed the file
 * and read no part of it) until all parts have arrived; then content and mtime are what they were.
 */
export const changeAndRestore = (b2: Hookable, localFile: string): Corruption => {
  const state = { done: false, restored: false }
  const mine = (event: CallEvent): boolean => path.posix.basename(event.name) === path.basename(localFile)
  let original: Uint8Array = Buffer.alloc(0)
  let offset = 0
  let mtimeNs = 0n
  b2.on("b2_start_large_file", (event) => {
    if (state.done || !mine(event)) return
    const stat = statSync(localFile, { bigint: true })
    mtimeNs = stat.mtimeNs
    offset = Number(stat.size) - 1000
    original = readAt(localFile, offset, 7)
    writeAt(
      localFile,
      offset,
      original.map((byte) => byte ^ 0xff)
    )
    setMtime(localFile, mtimeNs)
    state.done = true
  })
  b2.on("b2_finish_large_file", (event) => {
    if (!state.done || state.restored || !mine(event)) return
    writeAt(localFile, offset, original)
    setMtime(localFile, mtimeNs)
    state.restored = true
  })
  return state
}

/** The source is cut to `size` bytes when the first part of its multi-part upload arrives. */
export const truncateMidUpload = (b2: Hookable, localFile: string, size: number): Corruption => {
  const state = { done: false, restored: false }
  b2.on("b2_upload_part", (event) => {
    if (state.done || path.posix.basename(event.name) !== path.basename(localFile)) return
    truncateSync(localFile, size)
    state.done = true
  })
  return state
}
