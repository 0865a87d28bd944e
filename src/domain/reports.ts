import type { Condition } from "./deletion.ts"

/** What a run did with one item. Sizes in bytes. */
export interface UploadedItem {
  readonly path: string
  /** `deferred`: not its turn yet (still being written, over the budget of this run); nobody's fault. */
  readonly outcome: "uploaded" | "failed" | "blocked" | "deferred"
  readonly reason: string | null
  readonly destination: string
  readonly files: number
  readonly bytes: number
  /** Files that came out of its archives; null where there were none. */
  readonly extracted: { readonly files: number; readonly bytes: number } | null
  /** Why its archives could not be extracted, although it was uploaded. */
  readonly extractionFailure: string | null
}

export interface UploadReport {
  readonly items: ReadonlyArray<UploadedItem>
  /** Items that were found uploaded and unchanged. */
  readonly unchanged: number
  /** What was seen and left alone, and why. */
  readonly left: ReadonlyArray<{ readonly path: string; readonly why: string }>
  /** Why the run ended before its list did (a cap, a refused key); null when it did not. */
  readonly stopped: string | null
  readonly milliseconds: number
}

export interface CleanedItem {
  readonly path: string
  /** `would-…` in a dry run. `hidden` and `deleted`: its copy on the remote, once its title was retired. */
  readonly outcome:
    | "released"
    | "quarantined"
    | "purged"
    | "kept"
    | "failed"
    | "would-release"
    | "would-quarantine"
    | "would-purge"
    | "hidden"
    | "deleted"
    | "would-hide"
    | "would-delete"
  readonly bytes: number
  /** The first thing that keeps it, in one sentence; null when it went. */
  readonly reason: string | null
  readonly conditions: ReadonlyArray<Condition>
  readonly earliest: number | null
}

export interface CleanupReport {
  readonly dryRun: boolean
  readonly mode: "untracked" | "managed"
  readonly items: ReadonlyArray<CleanedItem>
  readonly torrents: ReadonlyArray<{
    readonly hash: string
    readonly name: string
    readonly outcome: "removed" | "would-remove" | "kept" | "failed"
    readonly reason: string | null
  }>
  /** Why the whole run deletes nothing (area off, fuse, enough room); null when it may. */
  readonly stopped: string | null
  /** `stopped` by something that a person should look at: exit code 75. */
  readonly alarming: boolean
  readonly freedBytes: number
  readonly milliseconds: number
}

export interface Explanation {
  readonly subject: string
  readonly kind: "item" | "torrent" | "unknown"
  /** One sentence: where it is and what is next. */
  readonly summary: string
  readonly state: string
  readonly destination: string | null
  readonly torrents: ReadonlyArray<{ readonly hash: string; readonly name: string; readonly present: boolean }>
  readonly files: ReadonlyArray<{
    readonly path: string
    readonly size: number
    readonly sha1: string | null
    readonly remote: string
    readonly proof: string | null
    readonly verifiedAt: number | null
  }>
  readonly conditions: ReadonlyArray<Condition>
  /** Milliseconds since the epoch at which it can go by time alone; null when something else is needed first. */
  readonly earliest: number | null
  readonly history: ReadonlyArray<{ readonly at: number; readonly what: string }>
}
