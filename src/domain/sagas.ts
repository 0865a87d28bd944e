import type { Fence } from "./fence.ts"

/** `demotion`: from the stash to the pool. `promotion`: back, onto what lies on the stash already. */
export type SagaKind = "demotion" | "promotion"

/** Forward, in this order. Only a demotion has `reserved` and `copying`. */
export const forward = [
  "planned",
  "fenced",
  "reserved",
  "copying",
  "proven",
  "staged",
  "published",
  "repointed",
  "live",
  "quarantined",
  "released",
  "done"
] as const
/** `rolling-back` undoes what was `reached`; `aborted` is as it was before the saga began. */
export const sagaStates = [...forward, "rolling-back", "aborted"] as const
export type SagaState = (typeof sagaStates)[number]

/** What a saga came to that the same bytes would bring it to again: no next run tries it until they have changed. */
export type Verdict = "wrong" | "unproven"

export interface Saga {
  readonly id: number
  readonly kind: SagaKind
  /** What it moves, for people: the name of its first payload. */
  readonly subject: string
  readonly state: SagaState
  /** How far it came, forward. */
  readonly reached: SagaState
  /** Why it goes back, ended without having moved anything, or waits. */
  readonly reason: string | null
  readonly verdict: Verdict | null
  readonly beganAt: number
  readonly changedAt: number
  /** When its source may be removed, in milliseconds since the epoch. */
  readonly quarantineUntil: number | null
  /** Bytes that it has still to write on the filesystem that it moves to. */
  readonly promisedBytes: number
  /** The source's filesystem, and the one that it moves to, as another boot names them too. */
  readonly fromFsid: string
  readonly toFsid: string
}

/** A file of a torrent, by the client's index. */
export interface SagaFile {
  readonly index: number
  /** Relative to the save path, as the client names it. */
  readonly path: string
  readonly size: number
  readonly wanted: boolean
  /** The number of its blob; null where it is not on the disk, which only one that is not wanted may be. */
  readonly blob: number | null
}

export interface SagaTorrent {
  readonly hash: string
  readonly name: string
  /** The save path as the client had it, and its canonical form. */
  readonly savePath: string
  readonly folder: string
  /** The canonical save path that it gets. */
  readonly target: string
  readonly category: string
  readonly autoManaged: boolean
  readonly downloadPath: string | null
  /** Whether it was running, and past the client's queue. */
  readonly ran: boolean
  readonly forced: boolean
  readonly files: ReadonlyArray<SagaFile>
  /** The .torrent file. */
  readonly metainfo: Uint8Array
  /** Rechecked at its target since it was pointed there. */
  readonly repointed: boolean
}

/**
 * Where the bytes come from on the filesystem that is moved to: `copy` them; `link` a file that is there; the `same` as
 * another blob of this saga; `empty`, made anew. A promotion has no `copy`.
 */
export type Origin =
  | { readonly kind: "copy" }
  | { readonly kind: "link"; readonly path: string }
  | { readonly kind: "same"; readonly blob: number }
  | { readonly kind: "empty" }

/** One inode of the source with what becomes of it on the other filesystem. */
export interface SagaBlob {
  readonly number: number
  readonly size: number
  /** Some torrent wants it: its pieces prove it. What none wants is proven by having been read on both sides. */
  readonly wanted: boolean
  /** The source as it was when the saga began, and the names that it had. */
  readonly fence: Fence
  readonly links: number
  readonly origin: Origin
  /** Of the bytes of the source, where they were read: `sha256:` and 64 hexadecimal digits. */
  readonly sourceId: string | null
  /** Of the bytes on the filesystem that is moved to, as they were read back there. */
  readonly contentId: string | null
  /** The inode there, as it was when we last looked at it. */
  readonly target: Fence | null
  /** The same when its bytes were last read and proven. */
  readonly proven: Fence | null
  /** The source in the quarantine. */
  readonly aside: Fence | null
}

/** A name of a blob in the seeding directories, and where it is there. Absolute, canonical. */
export interface SagaEntry {
  readonly blob: number
  readonly source: string
  readonly target: string
  /** The seeding directories that the two lie in. */
  readonly from: string
  readonly to: string
  /** It was there before, as a name of what is linked: not ours to take back. */
  readonly existed: boolean
}

export interface SagaPlan {
  readonly torrents: ReadonlyArray<SagaTorrent>
  readonly blobs: ReadonlyArray<SagaBlob>
  readonly entries: ReadonlyArray<SagaEntry>
}

export const isOver = (state: SagaState): boolean => state === "done" || state === "aborted"

const at = (state: SagaState): number => forward.findIndex((one) => one === state)

/** Whether a saga that came as far as `reached` had come as far as `state`. */
export const hasReached = (reached: SagaState, state: SagaState): boolean => at(reached) >= at(state)

const words: Readonly<Record<SagaState, string>> = {
  planned: "planned",
  fenced: "its files are fenced",
  reserved: "room is reserved",
  copying: "being copied",
  proven: "proven by its torrents' pieces",
  staged: "its views are staged",
  published: "its views are in place",
  repointed: "its torrents are rechecked at the new place",
  live: "its torrents seed from the new place",
  quarantined: "the source waits in the quarantine",
  released: "the source is removed",
  done: "done",
  "rolling-back": "going back",
  aborted: "ended, nothing was moved"
}
/** For people: what a relocation under way has come to. */
export const sagaWords = ({ kind, state }: Pick<Saga, "kind" | "state">): string => `${kind}, ${words[state]}`

/** Our folders in a seeding directory begin so; whoever walks one passes them over. */
export const stagingFolder = ".media-pipeline-staging"
/** In both: `saga-<id>`. */
export const folderOf = (id: number): string => `saga-${id}`

/** The path that one below `from` has below `to`. */
export const moved = (path: string, from: string, to: string): string => `${to}${path.slice(from.length)}`
