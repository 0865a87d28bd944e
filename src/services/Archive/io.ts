import { Effect } from "effect"
import { ArchiveIo, NoSpace } from "../Archive.ts"

const isFull = (cause: unknown) =>
  cause instanceof Error && "code" in cause && (cause.code === "ENOSPC" || cause.code === "EDQUOT")

/** A call into the filesystem, its failure as a reason. */
export const io = <A>(operation: string, call: () => Promise<A>): Effect.Effect<A, ArchiveIo | NoSpace> =>
  Effect.tryPromise({
    try: call,
    catch: (cause) =>
      isFull(cause)
        ? new NoSpace({ neededBytes: 0, freeBytes: 0, reserveBytes: 0 })
        : new ArchiveIo({ operation, cause })
  })
