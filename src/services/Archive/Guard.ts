import { lstat, readdir, statfs } from "node:fs/promises"
import { Clock, Effect } from "effect"
import { allowedBytes } from "../../domain/archiveJudgement.ts"
import { fromBytes, join, toBytes } from "../../platform/BytePath.ts"
import { type ArchiveIo, Bomb, Damaged, NoSpace } from "../Archive.ts"
import { io } from "./io.ts"

/** An extractor that has written nothing new for so long waits for something that will not come. */
const stallMillis = 30 * 60_000
const pollMillis = 250

/** Bytes that an unprivileged process may still write on the filesystem of `directory`. */
export const freeBytes = (directory: string) =>
  Effect.map(
    io("asking for free space", () => statfs(toBytes(directory))),
    ({ bavail, bsize }) => bavail * bsize
  )

export const ensureRoom = Effect.fnUntraced(function* (directory: string, neededBytes: number, reserveBytes: number) {
  const free = yield* freeBytes(directory)
  if (neededBytes + reserveBytes > free) return yield* new NoSpace({ neededBytes, freeBytes: free, reserveBytes })
})

/** Bytes of the regular files below `directory`; what vanishes while we look counts nothing. */
const writtenBytes = async (directory: string): Promise<number> => {
  let sum = 0
  const pending = [directory]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const entries = await readdir(toBytes(at), { withFileTypes: true, encoding: "buffer" }).catch(() => [])
    for (const entry of entries) {
      const path = join(at, fromBytes(entry.name))
      if (entry.isDirectory()) pending.push(path)
      else if (entry.isFile())
        sum += await lstat(toBytes(path)).then(
          ({ size }) => size,
          () => 0
        )
    }
  }
  return sum
}

/**
 * Fails when what is written below `directory` outgrows what was declared, when the disk falls below the reserve, or
 * when nothing moves. Never succeeds: it is raced against the extractor. Bytes.
 */
export const watchdog = (
  directory: string,
  declared: number | undefined,
  reserveBytes: number
): Effect.Effect<never, Bomb | NoSpace | Damaged | ArchiveIo> =>
  Effect.gen(function* () {
    const allowed = declared === undefined ? Number.POSITIVE_INFINITY : allowedBytes(declared)
    let seen = -1
    let movedAt = yield* Clock.currentTimeMillis
    for (;;) {
      const started = yield* Clock.currentTimeMillis
      const written = yield* Effect.promise(() => writtenBytes(directory))
      if (written > allowed)
        return yield* new Bomb({
          detail: "it unpacks to more than it declares",
          allowedBytes: allowed,
          seenBytes: written
        })
      const free = yield* freeBytes(directory)
      if (free < reserveBytes) {
        const neededBytes = Math.max(0, (declared ?? written) - written)
        return yield* new NoSpace({ neededBytes, freeBytes: free, reserveBytes })
      }
      const now = yield* Clock.currentTimeMillis
      if (written !== seen) movedAt = now
      else if (now - movedAt > stallMillis)
        return yield* new Damaged({ detail: "its extractor wrote nothing for 30 minutes" })
      seen = written
      // A tree of very many files is looked at less often, not all the time.
      yield* Effect.sleep(Math.max(pollMillis, 10 * (now - started)))
    }
  })
