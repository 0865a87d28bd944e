import type { Fact } from "./fact.ts"
import type { Inventory } from "./relocationInventory.ts"
import type { Torrent } from "./torrents.ts"

/** `stash` holds the libraries and what they link to, `pool` what is only seeded. */
export type Side = "stash" | "pool"

export const otherSide = (side: Side): Side => (side === "stash" ? "pool" : "stash")

/**
 * How good a cached content id is. `stable`: nothing touched the inode since it was hashed. `suspect`: its ctime moved
 * (a link, a chmod, or a write whose mtime was put back): good enough to plan with, never to delete.
 */
export type Grade = "stable" | "suspect"

export interface SeedingDir {
  readonly side: Side
  /** Canonical host path. */
  readonly path: string
  /** The filesystem that it lies on; null when that could not be read. */
  readonly fsid: string | null
}

export interface Volume {
  readonly fsid: string
  readonly side: Side
  /** Bytes free to us (statfs, or less where a quota says so); null when that could not be read. */
  readonly freeBytes: number | null
  /** Bytes that relocations already under way have still to write here. */
  readonly promisedBytes: number
}

/** A file of a torrent, pad files left out. */
export interface PayloadFile {
  /** Relative to the save path, as the client names it now. */
  readonly path: string
  readonly size: number
  readonly wanted: boolean
  /** Root of its v2 pieces (hex), from the torrent: what it *should* hold. */
  readonly piecesRoot?: string | null
}

export interface Member {
  /** Its paths on this host, canonical. */
  readonly torrent: Torrent
  readonly files: Fact<ReadonlyArray<PayloadFile>>
  /** Which relocation of it is already under way, in words ("demotion, proven"); null when none is. */
  readonly lease: string | null
  /** What an earlier relocation found wrong with its bytes, which have not changed since; null when nothing. */
  readonly refused: string | null
}

/** Everything that a plan is made from: walked, listed and looked up in this run. */
export interface World {
  /** Every entry below the seeding directories, and the copies elsewhere that the hash cache knows. */
  readonly inventory: Inventory
  /** All torrents of the client, or there is no plan. */
  readonly members: ReadonlyArray<Member>
  readonly seedingDirs: ReadonlyArray<SeedingDir>
  readonly volumes: ReadonlyArray<Volume>
  /** Why nothing may be concluded of a side (not mounted, another filesystem than before, not readable); null when it is fine. */
  readonly unavailable: Readonly<Record<Side, string | null>>
  /**
   * Sizes that several files have of which at least one has no content id, wherever they lie: of these it cannot be said
   * whether there is a copy.
   */
  readonly undecidedSizes: ReadonlySet<number>
  readonly seedOnlyTag: string
  /** Bytes that stay free on the filesystem that is moved to. */
  readonly reserveBytes: number
}
