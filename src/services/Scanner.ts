import { Context, type Effect } from "effect"
import type { Listing } from "../domain/indexStamp.ts"

/** A directory to walk through, with all that lies below it on the same filesystem. */
export interface Start {
  readonly path: string
  /** The filesystem's st_dev of this boot. */
  readonly device: bigint
  /** Inode of the directory that it lies in; null for a root. */
  readonly parent: bigint | null
  /** Paths at which something is mounted; none of them is entered. */
  readonly mountPoints: ReadonlySet<string>
}

export type Seen =
  | { readonly _tag: "Listed"; readonly listing: Listing }
  /** It and all below it were not looked at: nothing may be concluded from what is missing there. */
  | { readonly _tag: "Unread"; readonly path: string; readonly why: string }
  /** Another filesystem begins there, or the same one once more; it was not entered. */
  | { readonly _tag: "Foreign"; readonly path: string }

/** A walk under way. Synchronous: as fast as `find`. */
export interface Walk {
  /** What it sees in about so many milliseconds; empty at the end. Never throws. */
  next(milliseconds: number): ReadonlyArray<Seen>
}

/** A file to read, with the facts that it must still have. Times in nanoseconds since the epoch. */
export interface Wanted {
  readonly path: string
  readonly ino: bigint
  readonly birthNs: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

export type Reading =
  | {
      readonly _tag: "Read"
      /** SHA-256 of the bytes, in lower-case hex. */
      readonly sha256: string
      /** When reading began, in milliseconds since the epoch. */
      readonly at: number
    }
  /** It is not the file that was wanted any more, or somebody wrote to it meanwhile. */
  | { readonly _tag: "Changed"; readonly why: string }
  | { readonly _tag: "Unreadable"; readonly why: string }

/** Reads directories and files in bulk, and changes nothing, not even a time (where the mount or the owner allows it). */
export class Scanner extends Context.Service<
  Scanner,
  {
    walk(start: Start): Walk
    /**
     * Reads files of one filesystem (`device` is its st_dev) one after the other, in the order given. `onRead` gets each
     * result at once, `onBytes` the bytes read since it was last called.
     */
    read<File extends Wanted>(
      files: ReadonlyArray<File>,
      device: bigint,
      onRead: (file: File, reading: Reading) => void,
      onBytes: (count: number) => void
    ): Effect.Effect<void>
  }
>()("media-pipeline/Scanner") {}
