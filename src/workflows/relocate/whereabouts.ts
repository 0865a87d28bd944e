import { Data, Effect } from "effect"
import { compare, type Fence, isSameInode } from "../../domain/fence.ts"
import type { SagaBlob } from "../../domain/sagas.ts"
import type { Fact } from "../../domain/fact.ts"
import { dirname, display, isWithin, join } from "../../platform/BytePath.ts"
import { Disk, type Entry } from "../../services/Disk.ts"
import { TorrentClient } from "../../services/TorrentClient.ts"
import { nameOf, type Work } from "./machine.ts"

/**
 * Whether nothing lies at a path because a folder above it, below the seeding directory `dir`, is gone. A run begins
 * only when its seeding directories are there and on the filesystems that they were on.
 */
export const isGone = Effect.fnUntraced(function* (path: string, dir: string) {
  const disk = yield* Disk
  for (let at = path; at !== dir && isWithin(at, dir); at = dirname(at)) {
    const fact = yield* disk.stat(at)
    if (fact._tag === "Absent") return true
    if (fact._tag === "Known") return false
  }
  return false
})

/** Something that a step needs to know of could not be read. Nothing is concluded from that, and nothing done. */
export class Unseen extends Data.TaggedError("Unseen")<{ readonly why: string }> {}

/** Fails unless `fact` of a path below the seeding directory `dir` says that something is there, or that nothing is. */
export const seen = Effect.fnUntraced(function* <A>(fact: Fact<A>, path: string, dir: string) {
  if (fact._tag === "Known") return fact.value
  if (fact._tag === "Absent" || (yield* isGone(path, dir))) return undefined
  return yield* new Unseen({ why: `${display(path)} cannot be read: ${fact.why}` })
})

/** What lies at a path below the seeding directory `dir`; undefined when nothing does. */
export const entryAt = Effect.fnUntraced(function* (path: string, dir: string) {
  return yield* seen<Entry>(yield* (yield* Disk).stat(path), path, dir)
})

const isIt = (fence: Fence, device: bigint, now: Fence): boolean =>
  // Two filesystems may count alike, and a copy has the times of its source.
  now.dev === device && isSameInode(fence, now) && compare(fence, now) !== "changed"

/** Where the source of a blob lies now: at its place, or wherever somebody has had one of its torrents taken. */
export const sourceNow = Effect.fnUntraced(function* (work: Work, blob: SagaBlob) {
  const disk = yield* Disk
  const entry = nameOf(work, blob.number)
  if (entry === undefined) return ""
  const [home, there] = [yield* disk.stat(entry.from), yield* disk.stat(entry.source)]
  if (home._tag !== "Known" || there._tag === "Known" || !(yield* isGone(entry.source, entry.from))) return entry.source
  for (const { files, hash } of work.plan.torrents) {
    const file = files.find((one) => one.blob === blob.number)
    const seen = file === undefined ? null : yield* (yield* TorrentClient).settings(hash)
    if (file === undefined || seen === null) continue
    const path = join(yield* work.run.canonical(seen.savePath), file.path)
    const found = yield* disk.stat(path)
    if (found._tag === "Known" && isIt(blob.fence, home.value.fence.dev, found.value.fence)) return path
  }
  return entry.source
})
