import type { Effect } from "effect"
import type { ArchiveEntry } from "../../domain/archives.ts"
import type { ArchiveError } from "../Archive.ts"

export type Reason = ArchiveError["reason"]

/** An archive as the programs see it: links with plain names, in a directory of ours. */
export interface Target {
  /** Absolute path of the link to the volume that is to be opened. */
  readonly path: string
  /** Whether it is a compressed stream around a tar. */
  readonly compressedTar: boolean
  /** Names of the links by which the volumes are known to the programs, to their real names. */
  readonly realNames: ReadonlyMap<string, string>
}

export interface Extractor {
  readonly list: (target: Target, password: string | undefined) => Effect.Effect<ReadonlyArray<ArchiveEntry>, Reason>
  /** Writes the members into the empty directory `into`. */
  readonly extract: (
    target: Target,
    into: string,
    entries: ReadonlyArray<ArchiveEntry>,
    password: string | undefined
  ) => Effect.Effect<void, Reason>
}
