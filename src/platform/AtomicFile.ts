import { Effect, Schema } from "effect"
import { createHash } from "node:crypto"
import { constants } from "node:fs"
import { open, rename } from "node:fs/promises"
import { basename, dirname, display, join, toBytes } from "./BytePath.ts"

export class AtomicFileError extends Schema.TaggedError<AtomicFileError>()("AtomicFileError", {
  path: Schema.String,
  code: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `${display(this.path)} could not be written: ${this.why}`
  }
}

/** Names that begin so are ours and half-written: whoever scans a folder passes them over. */
export const temporaryPrefix = ".media-pipeline-"

// One name for one target: what a crash leaves is overwritten by the next try, so nothing here ever deletes. Of the
// target's name only a hash, because with anything added a name of 255 bytes would be too long.
const temporaryOf = (path: string) =>
  join(
    dirname(path),
    `${temporaryPrefix}${createHash("sha256")
      .update(toBytes(basename(path)))
      .digest("hex")
      .slice(0, 24)}.tmp`
  )

const write = async (path: string, content: Uint8Array, mode: number) => {
  const temporary = toBytes(temporaryOf(path))
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_RDONLY, O_DIRECTORY } = constants
  const file = await open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode)
  try {
    await file.chmod(mode)
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, toBytes(path))
  const directory = await open(toBytes(dirname(path)), O_RDONLY | O_DIRECTORY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/**
 * Readers see the old file or the new one, never half of one, also after a power cut: written beside the target, flushed,
 * renamed over it, its folder flushed. Absolute BytePath; `mode` is not subject to the umask.
 */
export const writeAtomic = (path: string, content: Uint8Array, mode = 0o644): Effect.Effect<void, AtomicFileError> =>
  Effect.tryPromise({
    try: () => write(path, content, mode),
    catch: (cause) =>
      new AtomicFileError({
        path,
        code: cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "EUNKNOWN",
        why: cause instanceof Error ? cause.message : String(cause)
      })
  }).pipe(Effect.uninterruptible)
