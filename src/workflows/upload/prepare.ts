import { Clock, Effect, Option } from "effect"
import type { Candidate } from "../../domain/discovery.ts"
import { isSameInode } from "../../domain/fence.ts"
import type { Item, ItemFile, ItemKind } from "../../domain/items.ts"
import { clash, planOriginals, type Planned, stampOf, type TreeFile } from "../../domain/manifest.ts"
import { dirname, display, join, toBytes } from "../../platform/BytePath.ts"
import { Disk } from "../../services/Disk.ts"
import type { RemoteFile } from "../../services/Remote.ts"
import { Items } from "../../state/Items.ts"
import { restoreIsOpen } from "../restored.ts"
import { filesOf, type Observation } from "./observe.ts"
import { refuted, suspected } from "./send.ts"

/** Milliseconds that something no torrent claims must have been still. */
const stillFor = 60_000

export interface Work {
  readonly _tag: "Work"
  readonly candidate: Candidate
  readonly kind: ItemKind
  /** Undefined for what is new, and for what begins anew. */
  readonly known: Item | undefined
  readonly content: ReadonlyArray<TreeFile>
  readonly stamp: string
}

/** What is on the disk of one candidate, against what we know of it. */
export type Prepared =
  | Work
  | { readonly _tag: "Unchanged"; readonly item: Item }
  | {
      readonly _tag: "Blocked" | "Failed"
      readonly path: string
      readonly item: Item | undefined
      readonly why: string
    }
  | { readonly _tag: "Deferred"; readonly path: string; readonly why: string }
  /** Nobody claims it and it is not there any more: what the database knows of it stays as it is. */
  | { readonly _tag: "Gone" }

const newestOf = (entries: ReadonlyArray<TreeFile>): number =>
  entries.reduce((newest, { fence }) => {
    const latest = fence.mtimeNs > fence.ctimeNs ? fence.mtimeNs : fence.ctimeNs
    return Math.max(newest, Number(latest / 1_000_000n))
  }, 0)

export const isHalfWritten = (path: string): boolean =>
  path.endsWith(".!qB") || path.split("/").some((part) => part === ".unwanted" || part.startsWith(".media-pipeline-"))

type Seen =
  | { readonly kind: ItemKind; readonly files: ReadonlyArray<TreeFile>; readonly newest: number }
  | "absent"
  | { readonly why: string }

/** Once its torrent has gone, only what was written down says which files are of a rootless item. */
const remembered = Effect.fnUntraced(function* (item: Item | undefined) {
  const items = yield* Items
  const files = item === undefined ? [] : yield* items.files(item.id)
  return files.flatMap((file) => (file.origin === "original" ? [file.path] : []))
})

const lookAtRootless = Effect.fnUntraced(function* (candidate: Candidate, observation: Observation) {
  const disk = yield* Disk
  const listed = observation.members.get(candidate.path)
  const members = listed ?? (yield* remembered(observation.known.get(candidate.path)))
  const files: Array<TreeFile> = []
  const gone: Array<string> = []
  for (const path of members) {
    const fact = yield* disk.stat(join(dirname(candidate.path), path))
    if (fact._tag === "Known" && fact.value.kind === "file") files.push({ path, fence: fact.value.fence })
    else gone.push(path)
  }
  if (files.length === 0 || (listed === undefined && gone.length > 0)) return "absent" satisfies Seen
  if (gone.length > 0) return { why: `its file ${display(gone[0] ?? "")} is not on the disk` } satisfies Seen
  files.sort((one, other) => Buffer.compare(toBytes(one.path), toBytes(other.path)))
  return { kind: "rootless", files, newest: newestOf(files) } satisfies Seen
})

const look = Effect.fnUntraced(function* (candidate: Candidate, observation: Observation) {
  if (candidate.kind === "rootless") {
    const seen: Seen = yield* lookAtRootless(candidate, observation)
    return seen
  }
  const disk = yield* Disk
  const tree = yield* disk.walk(candidate.path)
  if (tree._tag === "Absent") return "absent" satisfies Seen
  if (tree._tag === "Unreadable")
    return { why: `it cannot be read (${tree.why}): check its permissions` } satisfies Seen
  const { directories, files, root } = tree.value
  if (root.kind !== "file" && root.kind !== "directory") {
    return { why: `it is a ${root.kind}, not a file or a folder` } satisfies Seen
  }
  const content = files.filter((file) => !isHalfWritten(file.path))
  return { kind: root.kind, files: content, newest: newestOf([...content, ...directories]) } satisfies Seen
})

/** Files that the user deselected and that are not whole: on the disk, but not content. */
const unwanted = Effect.fnUntraced(function* (candidate: Candidate, observation: Observation) {
  const excluded = new Set<string>()
  for (const hash of candidate.hashes) {
    const torrent = observation.torrents.get(hash)
    if (torrent === undefined) continue
    const files = yield* filesOf(hash)
    if (files === undefined) return undefined
    for (const file of files) {
      if (!file.wanted && file.progress < 1) excluded.add(join(torrent.savePath, file.path))
    }
  }
  return excluded
})

const isSettled = (item: Item, stamp: string, asked: boolean): boolean =>
  item.state === "uploaded" &&
  item.stamp === stamp &&
  (item.extraction !== "failed" || !(asked || item.errorClass === "extraction-temporary"))

/**
 * The item as it goes on, or undefined where it begins anew: it was released and has come again, a folder has become a
 * file, or it was given another category before anything of it can have arrived.
 */
const goesOn = Effect.fnUntraced(function* (item: Item | undefined, candidate: Candidate, kind: ItemKind) {
  if (item === undefined || item.state === "released" || item.kind !== kind) return undefined
  if (item.remote === candidate.remote || item.digest !== null) return item
  const items = yield* Items
  const files = yield* items.files(item.id)
  return files.every((file) => file.state === "pending") ? undefined : item
})

/** Decides for one candidate what there is to do. Changes nothing. */
export const prepare = Effect.fnUntraced(function* (candidate: Candidate, observation: Observation, asked: boolean) {
  const { path } = candidate
  const item = observation.known.get(path)
  if (item?.state === "releasing" || item?.state === "quarantined") {
    return { _tag: "Deferred", path, why: `cleanup is at work on it (${item.state})` } satisfies Prepared
  }
  const seen: Seen = yield* look(candidate, observation)
  // Where its copy on the remote may be the only one, that it was released stays written down until it is back.
  const noted = item?.state === "released" ? undefined : item
  const refuse = (tag: "Blocked" | "Failed", why: string): Prepared => ({ _tag: tag, path, item: noted, why })
  if (seen === "absent") {
    if (candidate.byHand) return { _tag: "Gone" } satisfies Prepared
    return refuse(
      "Failed",
      "qBittorrent says it is here, the disk does not: is the disk mounted, and is qbittorrent.pathMap right?"
    )
  }
  if ("why" in seen) return refuse("Failed", seen.why)
  const stamp = stampOf(seen.files)
  if (item !== undefined && isSettled(item, stamp, asked)) return { _tag: "Unchanged", item } satisfies Prepared
  if (item?.state === "blocked" && item.stamp === stamp && !asked) {
    return refuse("Blocked", item.reason ?? "it was blocked")
  }
  if (candidate.byHand && (yield* Clock.currentTimeMillis) - seen.newest < stillFor) {
    return { _tag: "Deferred", path, why: "it was written to within the last minute" } satisfies Prepared
  }
  if (candidate.byHand && !asked && item?.state === "released" && (yield* restoreIsOpen(path))) {
    const why = `a restore of it did not come to its end: run media-pipeline restore ${display(path)} again`
    return { _tag: "Deferred", path, why } satisfies Prepared
  }
  const excluded = yield* unwanted(candidate, observation)
  if (excluded === undefined) {
    return { _tag: "Deferred", path, why: "its torrent was removed just now" } satisfies Prepared
  }
  const base = seen.kind === "rootless" ? dirname(path) : path
  const content = seen.files.filter((file) => !excluded.has(file.path === "" ? base : join(base, file.path)))
  if (content.length === 0) return { _tag: "Deferred", path, why: "there is no file in it" } satisfies Prepared
  const known = yield* goesOn(item, candidate, seen.kind)
  // Its place on the remote is where it went first, whatever its category or the configuration has become.
  const placed = known === undefined ? candidate : { ...candidate, category: known.category, remote: known.remote }
  const why = clash(planOriginals(placed, content))
  if (why !== undefined) return refuse("Blocked", why)
  return { _tag: "Work", candidate: placed, kind: seen.kind, known, content, stamp } satisfies Prepared
})

const isSame = (before: ItemFile, plan: Planned): boolean =>
  before.remote === plan.remote &&
  before.size === plan.size &&
  before.fence.ino === plan.fence.ino &&
  before.fence.mtimeNs === plan.fence.mtimeNs

/**
 * Whether it is the item that was uploaded, and not another one that came under its name after that one went: of the
 * first the remote may hold the only copy.
 */
const isContinued = (
  item: Item,
  candidate: Candidate,
  before: ReadonlyMap<string, ItemFile>,
  content: ReadonlyArray<TreeFile>
) =>
  candidate.hashes.length > 0
    ? candidate.hashes.every((hash) => item.hashes.includes(hash))
    : content.some(({ fence, path }) => {
        const known = before.get(path)
        return known !== undefined && isSameInode(known.fence, fence)
      })

/**
 * A file that was read before and not written since keeps its hash and its fence (the old ctime too: what moved it is
 * looked into later). Of one that was written the remote holds an older version of ours, which may be replaced where the
 * item is still the same; if that was never proven, the writing may have met its upload.
 */
const carryOver = (itemId: number, plan: Planned, before: ItemFile | undefined, continued: boolean): ItemFile => {
  if (before !== undefined && isSame(before, plan)) return before
  const { fence, origin, path, remote, size } = plan
  const file = { itemId, path, origin, size, fence, remote, sha1: null, hash: null, verifiedAt: null }
  const ours = before !== undefined && continued && !isMissing(before) && before.remote === remote
  if (!ours || before.state === "pending") {
    return { ...file, state: "pending", proof: null }
  }
  const proof = before.proof === refuted ? refuted : before.state === "sent" ? suspected : null
  return { ...file, state: "sent", proof }
}

/** Set as the inode of a file that is on the remote and was removed here: what comes under its name is another one. */
const isMissing = (file: ItemFile): boolean => file.fence.ino === 0n

/** Files that somebody removed from a folder, and that `restore` can bring back because they are still on the remote. */
const missingOf = (
  before: ReadonlyArray<ItemFile>,
  content: ReadonlyArray<TreeFile>,
  there: ReadonlyMap<string, RemoteFile>
): ReadonlyArray<ItemFile> => {
  const here = new Set(content.map((file) => file.path))
  return before.flatMap((file) => {
    const lies = there.get(file.remote)
    const whole = lies?.size === file.size && (lies.hash === null || lies.hash === file.sha1 || lies.hash === file.hash)
    return file.origin === "original" && file.state === "verified" && whole && !here.has(file.path)
      ? [{ ...file, fence: { ...file.fence, ino: 0n } }]
      : []
  })
}

export interface Registered {
  readonly item: Item
  readonly files: ReadonlyArray<ItemFile>
  /** On the remote, not here any more. */
  readonly missing: ReadonlyArray<ItemFile>
  readonly stamp: string
}

/**
 * Writes down what is about to be uploaded, before any of it is. From here on what appears under a name where there was
 * nothing may be ours, also if we are killed before we learn that it arrived. Undefined where cleanup has taken it.
 */
export const register = Effect.fnUntraced(function* (work: Work, there: ReadonlyMap<string, RemoteFile>) {
  const items = yield* Items
  const { candidate, content, known, stamp } = work
  // Since it was looked at, hours may have passed, and cleanup runs beside us.
  const now = Option.getOrUndefined(yield* items.find(candidate.path))?.state
  if (now === "releasing" || now === "quarantined" || (now === "released" && known !== undefined)) return undefined
  const item =
    known ??
    (yield* items.add({
      path: candidate.path,
      kind: work.kind,
      category: candidate.category,
      remote: candidate.remote,
      hashes: candidate.hashes,
      now: yield* Clock.currentTimeMillis
    }))
  // What was released is not ours to overwrite: its copy on the remote may be the only one.
  const recorded = yield* items.files(item.id)
  const before = known === undefined ? [] : recorded
  const byPath = new Map(before.flatMap((file) => (file.origin === "original" ? [[file.path, file] as const] : [])))
  const continued = known === undefined || isContinued(known, candidate, byPath, content)
  const files = planOriginals(item, content).map((plan): ItemFile => {
    const file = carryOver(item.id, plan, byPath.get(plan.path), continued)
    const lies = there.get(file.remote)
    if (lies === undefined) return { ...file, state: "sent", proof: null, verifiedAt: null }
    return lies.path === file.remote ? file : { ...file, state: "pending", proof: null, verifiedAt: null }
  })
  const hashes = [...new Set([...item.hashes, ...candidate.hashes])]
  const extracted = before.filter((file) => file.origin === "extracted")
  const members = continued
    ? extracted
    : extracted.map((file): ItemFile => ({ ...file, state: "pending", proof: null }))
  const isRest = known === undefined ? now === "released" && candidate.byHand : continued
  const missing = isRest && work.kind === "directory" ? missingOf(recorded, content, there) : []
  yield* items.setFiles(item.id, [...files, ...missing, ...members])
  yield* items.update(item.id, { state: "uploading", hashes, attempts: item.attempts + 1 })
  return { item: { ...item, hashes, state: "uploading" }, files, missing, stamp } satisfies Registered
})
