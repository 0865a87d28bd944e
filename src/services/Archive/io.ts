import { Effect } from "effect"
import { ArchiveIo, NoSpace } from "../Archive.ts"
import { codeOf } from "../Disk/stats.ts"

const isFull = (cause: unknown) => ["ENOSPC", "EDQUOT"].includes(codeOf(cause))

/** A call into the filesystem, its failure as a reason. */
export const io = <A>(operation: string, call: () => Promise<A>): Effect.Effect<A, ArchiveIo | NoSpace> =>
  Effect.tryPromise({
    try: call,
    catch: (cause) =>
      isFull(cause)
        ? new NoSpace({ neededBytes: 0, freeBytes: 0, reserveBytes: 0 })
        : new ArchiveIo({ operation, cause })
  })
