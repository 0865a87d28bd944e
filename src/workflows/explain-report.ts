import type { Explanation } from "../domain/reports.ts"
import type { TorrentName } from "../domain/relocationReport.ts"
import type { Side } from "../domain/relocationWorld.ts"
import type { Residency } from "../domain/residency.ts"
import type { SagaKind, SagaState } from "../domain/sagas.ts"
import type { FoundDirectory, FoundFile } from "./index-cache/find.ts"

/** Plain data, printed as it is with --json. Sizes in bytes, times in milliseconds since the epoch. */

export interface SagaStory {
  readonly saga: number
  readonly kind: SagaKind
  readonly subject: string
  readonly state: SagaState
  readonly began: number
  readonly changed: number
  /** Why it goes back, ended without having moved anything, or is held; null when nothing is in its way. */
  readonly reason: string | null
  readonly quarantineUntil: number | null
  readonly files: number
  readonly bytes: number
  /** What has to happen before it goes on; null when it is over. */
  readonly waitsFor: string | null
}

/** What the plan of this moment would do with some torrents that move together, and why. */
export interface PlanStory {
  readonly action: "demote" | "promote" | "stay" | "blocked"
  readonly why: string
  /** Bytes that are copied to the other side, and that come free on this one. */
  readonly copyBytes: number
  readonly freesBytes: number
  /** What must happen before it moves. */
  readonly next: string
}

/** Torrents that share an inode and so move together, or not at all. */
export interface ResidencyStory {
  readonly torrents: ReadonlyArray<TorrentName>
  readonly side: Side
  readonly files: number
  readonly bytes: number
  readonly tagged: boolean
  readonly verdict: Residency["verdict"]
  /** Which links pin it, or what is not known of it. */
  readonly because: ReadonlyArray<string>
  readonly plan: PlanStory
}

export interface RelocationStory {
  /** Why nothing can be said of the places; null when it can. */
  readonly blind: string | null
  readonly residencies: ReadonlyArray<ResidencyStory>
  /** Those under way first, then the newest. */
  readonly sagas: ReadonlyArray<SagaStory>
}

export interface FullExplanation extends Explanation {
  /** Null where it is no matter of stash and pool. */
  readonly relocation: RelocationStory | null
  /** What the hash cache knows of a path that is no torrent's; null for everything else. */
  readonly cached: FoundFile | FoundDirectory | null
}
