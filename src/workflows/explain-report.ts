import type { Condition } from "../domain/evidence.ts"
import type { Explanation } from "../domain/reports.ts"
import type { TorrentName } from "../domain/relocationReport.ts"
import type { Side } from "../domain/relocationWorld.ts"
import type { Residency } from "../domain/residency.ts"
import type { SagaKind, SagaState } from "../domain/sagas.ts"
import type { TitleStory } from "../domain/watchedReport.ts"
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

/** A torrent that a title's files came from, and what has to happen before it goes. */
export interface ReleaseStory {
  readonly hash: string
  readonly name: string | null
  /** Null: qBittorrent cannot be read. */
  readonly present: boolean | null
  readonly seedingSeconds: number | null
  readonly goneAt: number | null
  readonly removedByUs: boolean
  /** Of the item of ours that comes from it; null where there is none. */
  readonly item: string | null
  /** What it owes still, where it is no item of ours. */
  readonly waitsFor: ReadonlyArray<Condition>
  /** Milliseconds since the epoch at which time alone will have done it; null when it takes more, or nothing. */
  readonly earliest: number | null
}

/** An item of ours that came from a title's torrents. */
export interface ItemStory {
  readonly path: string
  readonly state: string
  readonly summary: string
  /** Its copy. */
  readonly remote: string | null
  /** What has to happen before it goes. */
  readonly waitsFor: ReadonlyArray<Condition>
  readonly earliest: number | null
}

export interface FullTitleStory extends TitleStory {
  readonly releases: ReadonlyArray<ReleaseStory>
  readonly items: ReadonlyArray<ItemStory>
}

export interface TitlesStory {
  /** One sentence. */
  readonly summary: string
  /** Why nothing but what the database remembers is told; null when all was read. */
  readonly blind: string | null
  /** All that have that in their name, with what is next for each. */
  readonly found: ReadonlyArray<{ readonly key: string; readonly title: string; readonly summary: string }>
  /** The one that is meant; null where there are several. */
  readonly story: FullTitleStory | null
}

export interface FullExplanation extends Omit<Explanation, "kind"> {
  readonly kind: Explanation["kind"] | "title"
  /** Null where it is an item, a torrent or a path of ours. */
  readonly titles: TitlesStory | null
  /** Null where it is no matter of stash and pool. */
  readonly relocation: RelocationStory | null
  /** What the hash cache knows of a path that is no torrent's; null for everything else. */
  readonly cached: FoundFile | FoundDirectory | null
}
