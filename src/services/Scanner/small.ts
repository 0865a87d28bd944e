/** Up to this a file is read and hashed in one go: waiting for it costs less than switching to something else. */
export const small = 256 * 1024

/** The SHA-256 in hex; or "changed"; or "!" and why it could not be read. */
export type Answer = string

/**
 * Reads small files. It names nothing from outside of itself, so that its text is all that a worker thread needs and the
 * program stays one file.
 */
export const smallReader = (limit: number) => {
  const { closeSync, constants, fstatSync, openSync, readSync } = process.getBuiltinModule("node:fs")
  const { hash } = process.getBuiltinModule("node:crypto")
  // O_NONBLOCK: opening a FIFO that was put in its place must not wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const O_NOATIME = 0o1000000
  const room = Buffer.allocUnsafeSlow(limit + 1)

  const codeOf = (cause: unknown) => (cause instanceof Error && "code" in cause ? cause.code : undefined)

  // Only the owner of a file may ask that its atime be left alone.
  const open = (path: string | Buffer): number => {
    try {
      return openSync(path, flags | O_NOATIME)
    } catch (cause) {
      if (codeOf(cause) !== "EPERM") throw cause
      return openSync(path, flags)
    }
  }

  /** `facts` are those of `packed` numbers from `at` on; they were taken before it is opened. */
  return (path: string | Buffer, device: bigint, facts: BigInt64Array, at: number): string => {
    try {
      const file = open(path)
      try {
        const size = Number(facts[at + 2])
        // One byte more than there should be: a file that grew is noticed without another call.
        let done = 0
        for (let count = -1; count !== 0 && done < size;) {
          count = readSync(file, room, done, size + 1 - done, null)
          done += count
        }
        const now = fstatSync(file, { bigint: true })
        const same =
          done === size &&
          now.dev === device &&
          BigInt.asIntN(64, now.ino) === facts[at] &&
          now.birthtimeNs === facts[at + 1] &&
          now.size === facts[at + 2] &&
          now.mtimeNs === facts[at + 3] &&
          now.ctimeNs === facts[at + 4]
        return same ? hash("sha256", room.subarray(0, done), "hex") : "changed"
      } finally {
        closeSync(file)
      }
    } catch (cause) {
      const code = codeOf(cause)
      if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return "changed"
      return `!${cause instanceof Error ? cause.message : String(cause)}`
    }
  }
}
