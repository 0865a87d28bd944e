import { Context, type Effect } from "effect"
import type { Fence } from "../domain/fence.ts"
import type { Metainfo } from "../domain/metainfo.ts"

/** A torrent and where its files lie. */
export interface View {
  readonly hash: string
  readonly metainfo: Metainfo
  /** A configured folder: every place lies below it and is reached from it without following a symlink. */
  readonly anchor: string
  /** Absolute host path by the client's index of each file; null where the client does not want it and has not got it. */
  readonly places: ReadonlyArray<string | null>
  /** Indexes of files that have a place though the client does not want them: they may be incomplete. */
  readonly unwanted?: ReadonlySet<number>
}

/**
 * `absent`: its folder is there, it is not. `odd`: a symlink (or one above it), a FIFO, a folder. `changed`: somebody
 * wrote to it, or put another file there, while it was read. `unreadable`: everything else, from which nothing may be
 * concluded.
 */
export type Trouble = "absent" | "odd" | "changed" | "unreadable"

export type FileState =
  | { readonly _tag: "read"; readonly fence: Fence; readonly size: number; readonly contentId: string }
  | { readonly _tag: Trouble; readonly why: string }

export interface FileProof {
  /** The client's. */
  readonly index: number
  readonly path: string
  readonly wanted: boolean
  readonly state: FileState
}

/** Consecutive pieces of the same files. v1 pieces are numbered through the torrent, v2 pieces through their one file. */
export interface PieceRange {
  readonly half: "v1" | "v2"
  readonly first: number
  readonly last: number
  /** The client's indexes of the files with bytes in them. */
  readonly files: ReadonlyArray<number>
}

/** `edge`: it shares a piece with a file that the client does not want, whose bytes it keeps elsewhere, if at all. */
export interface UnprovenRange extends PieceRange {
  readonly why: Trouble | "edge"
}

export interface Proof {
  readonly hash: string
  /**
   * `wrong`: bytes on the disk are not the torrent's, or a file is longer or shorter than it. `unproven`: nothing is
   * wrong, but something could not be read or compared. `proven`: every byte of every wanted file.
   */
  readonly verdict: "proven" | "wrong" | "unproven"
  readonly wrong: ReadonlyArray<PieceRange>
  readonly unproven: ReadonlyArray<UnprovenRange>
  /** Wanted files whose size is not the torrent's, in bytes. A client's recheck passes those that are too long. */
  readonly sizes: ReadonlyArray<{ readonly index: number; readonly expected: number; readonly found: number }>
  /** Those that have a place, in the order of their indexes. */
  readonly files: ReadonlyArray<FileProof>
}

/** Proves what is on the disk by the torrents' own piece hashes. */
export class Prover extends Context.Service<
  Prover,
  {
    /**
     * One proof for each view, in order. Each inode is read once from its start to its end, however many of the views
     * and paths lead to it. What is wrong with a file is in the answer. `onBytes` gets the bytes read so far and all
     * that there are to read.
     */
    prove(
      views: ReadonlyArray<View>,
      onBytes?: (done: number, total: number) => void
    ): Effect.Effect<ReadonlyArray<Proof>>
  }
>()("media-pipeline/Prover") {}
