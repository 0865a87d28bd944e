import type { Component } from "./components.ts"
import type { Evidence } from "./relocationDonors.ts"
import type { Grade, Side } from "./relocationWorld.ts"
import type { Residency } from "./residency.ts"

/** An inode as it was when the plan was made. Before anything is done with it, it is looked at again. */
export interface InodeFacts {
  readonly fsid: string
  /** `dev:ino:size:mtimeNs:ctimeNs[:birthNs]` */
  readonly fence: string
  readonly size: number
  /** Number of its names; those in the seeding directories, and those elsewhere that are known. */
  readonly links: number
  readonly names: ReadonlyArray<string>
  readonly outside: ReadonlyArray<string>
  readonly content: string | null
  readonly grade: Grade | null
}

/** It is there already: nothing is copied, it gets further names. How far that is believed before it is proven. */
export interface Existing extends InodeFacts {
  readonly kind: "existing"
  /** A name of it to link from. */
  readonly path: string
  readonly evidence: Evidence
}

/** An empty file is made anew. */
export interface Empty {
  readonly kind: "empty"
}

/** Nobody wants it and it is not on the other side: it stays where it is. */
export interface Left {
  readonly kind: "left"
}

/** Copied once, for all its names. */
export interface Copied {
  readonly kind: "copy"
}

/** What this step, or the one named, copies from the inode with this fence. */
export interface Planned {
  readonly kind: "planned"
  readonly step: string
  readonly fence: string
  readonly evidence: Evidence
}

export type PromotionTarget = Existing | Empty | Left
export type DemotionTarget = Existing | Empty | Copied | Planned

/** Absolute paths, and the seeding directories that they lie in. */
export interface View {
  readonly source: string
  readonly target: string
  readonly from: string
  readonly to: string
}

/** One inode of a component: what becomes of it. */
export interface Content<Target> {
  readonly source: InodeFacts
  /** Some torrent wants it: its pieces prove it. What none wants has no proof but its content id. */
  readonly wanted: boolean
  readonly target: Target
  /** Its torrents' names of it and where they would be over there, each path once; none where it is left. */
  readonly views: ReadonlyArray<View>
}

export interface Detail<Target> {
  readonly fsid: string
  readonly torrents: ReadonlyArray<{
    readonly hash: string
    readonly name: string
    /** Save paths. */
    readonly from: string
    readonly to: string
  }>
  readonly contents: ReadonlyArray<Content<Target>>
}

interface Measures {
  readonly from: Side
  readonly to: Side
  /** Bytes that come free where it lies, once its quarantine is over. */
  readonly freesBytes: number
  /** Names that are made over there. */
  readonly views: number
  /** Contents whose copy is known by suspect or claimed evidence only: they are read and proven before they are linked. */
  readonly unproven: number
  readonly why: string
}

/** stash → pool. `views`: everything is on the pool already. `move`: some inodes are copied, each once. */
export interface Demotion extends Measures {
  readonly kind: "demote"
  readonly how: "views" | "move"
  readonly copies: number
  /** Bytes needed on the pool. */
  readonly copyBytes: number
  /** Steps that copy what this one only links. */
  readonly after: ReadonlyArray<string>
  /** Made on demand: there may be many of them. */
  readonly detail: () => Detail<DemotionTarget>
}

/** pool → stash, where everything is already. There is no copying in it. */
export interface Promotion extends Measures {
  readonly kind: "promote"
  readonly how: "views"
  readonly detail: () => Detail<PromotionTarget>
}

export interface Stay {
  readonly kind: "stay"
  /**
   * `pinned`: linked from outside of the seeding directories. `duplicate`: something pinned on the stash has the same
   * content, so that on the pool it would be wanted back at once. `seed-only`: it is on the pool, where it belongs.
   * `empty`: there is nothing to gain.
   */
  readonly reason: "pinned" | "duplicate" | "seed-only" | "empty"
  readonly why: string
}

export interface Blocked {
  readonly kind: "blocked"
  readonly by:
    | "unknown"
    | "refused"
    | "busy"
    | "spans"
    | "stranger"
    | "unhashed"
    | "occupied"
    | "room"
    | "unavailable"
    | "immovable"
  readonly why: string
  readonly remedy: string
}

export type Decision = Demotion | Promotion | Stay | Blocked

/** A component and what is to become of it. */
export interface Placement {
  readonly component: Component
  readonly residency: Residency
  readonly tagged: boolean
  readonly decision: Decision
  /** Bytes of it that lie on the other side too and stay there. */
  readonly duplicateBytes: number
  /** Torrents of other components with the same payload, by number. */
  readonly twins: ReadonlyArray<number>
}

export interface Room {
  readonly fsid: string
  readonly side: Side
  readonly freeBytes: number | null
  readonly promisedBytes: number
  /** Bytes that the plan copies to it. */
  readonly neededBytes: number
}

export interface Plan {
  /** Why nothing at all can be planned; null when it can. */
  readonly stopped: string | null
  /** All components, those with a step first and in the order in which they are to be done. */
  readonly placements: ReadonlyArray<Placement>
  /** Torrents that have nothing in a seeding directory. */
  readonly ignored: number
  readonly rooms: ReadonlyArray<Room>
  /** Sizes to hash before more can be said. */
  readonly unhashedSizes: ReadonlyArray<number>
}
