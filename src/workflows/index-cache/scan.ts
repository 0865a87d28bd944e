import { Clock, Effect } from "effect"
import { lstatSync } from "node:fs"
import type { IndexedRoot } from "../../domain/indexReport.ts"
import { strangeness } from "../../domain/indexRoots.ts"
import { type Listing, packed, unpack } from "../../domain/indexStamp.ts"
import { basename, toBytes } from "../../platform/BytePath.ts"
import { FilesystemUnreadable } from "../../platform/Filesystem.ts"
import { Progress } from "../../platform/Progress.ts"
import { Scanner, type Seen, type Walk } from "../../services/Scanner.ts"
import { Cache } from "../../state/Cache.ts"
import type { Step } from "../../state/Cache/scans.ts"
import { leading, type Target } from "./roots.ts"

/** Milliseconds of walking between two transactions. */
const slice = 40

/** Problems that are told; more would only repeat themselves. */
const told = 200

const aborted = (target: Pick<Target, "path" | "start">, fsid: string | null, why: string): IndexedRoot => ({
  path: target.path,
  start: target.start,
  fsid,
  outcome: "aborted",
  why,
  files: 0,
  directories: 0,
  bytes: 0,
  added: 0,
  gone: 0,
  problems: [],
  foreign: []
})

export const missingRoot = (path: string, why: string): IndexedRoot => aborted({ path, start: path }, null, why)

const lookAt = (path: string) =>
  Effect.try({
    try: () => lstatSync(toBytes(path), { bigint: true }),
    catch: (cause) => new FilesystemUnreadable({ path, why: cause instanceof Error ? cause.message : String(cause) })
  })

/** The directories above where the scan begins; and the inode of the last of them. */
const way = Effect.fnUntraced(function* (target: Target) {
  const steps: Array<Step> = []
  let parent: bigint | null = null
  for (const path of leading(target)) {
    const facts = yield* lookAt(path)
    steps.push({ path, name: parent === null ? path : basename(path), facts, parent })
    parent = facts.ino
  }
  return { steps, parent }
})

interface Tally {
  files: number
  bytes: number
  readonly visited: Set<bigint>
  /** Inodes of several names that were counted. */
  readonly counted: Set<bigint>
  readonly problems: Array<{ readonly path: string; readonly why: string }>
  readonly foreign: Array<string>
  clean: boolean
}

const take = (tally: Tally, seen: ReadonlyArray<Seen>): ReadonlyArray<Listing> =>
  seen.flatMap((one) => {
    if (one._tag === "Foreign") tally.foreign.push(one.path)
    else if (one._tag === "Unread") {
      tally.clean = false
      if (tally.problems.length < told) tally.problems.push({ path: one.path, why: one.why })
    } else {
      const { facts, files, names } = one.listing
      tally.visited.add(facts.ino)
      tally.files += names.length
      for (let index = 0; index < names.length; index++) {
        const size = files[index * packed + 2] ?? 0n
        if (files[index * packed + 5] !== 1n) {
          const { ino } = unpack(files, index)
          if (tally.counted.has(ino)) continue
          tally.counted.add(ino)
        }
        tally.bytes += Number(size)
      }
      return [one.listing]
    }
    return []
  })

const isEmpty = ({ directories, names, others }: Listing): boolean => directories.length + names.length + others === 0

const rootAt = Effect.fnUntraced(function* (path: string) {
  const roots = yield* (yield* Cache).roots
  return roots.find((one) => one.path === path)
})

/** The first thing that the walk sees, if the root is what it was. */
const enter = Effect.fnUntraced(function* (target: Target, walk: Walk, believe: boolean) {
  const cache = yield* Cache
  const first = walk.next(0)
  const [top] = first
  if (top === undefined || top._tag !== "Listed") {
    return { first, before: undefined, why: `it cannot be read: ${top?._tag === "Unread" ? top.why : "it is gone"}` }
  }
  const before = yield* rootAt(target.path)
  const isWhole = target.start === target.path
  const why = strangeness(before, { fsid: target.fsid, empty: isWhole && isEmpty(top.listing) })
  if (why !== undefined && !believe) {
    const remedy = "is it mounted? If it was replaced or emptied on purpose, run index --believe-roots"
    return { first, before, why: `${why}; ${remedy}` }
  }
  const isOther = before !== undefined && (before.fsid !== target.fsid || BigInt.asUintN(64, before.ino) !== target.ino)
  if (isOther) yield* cache.drop(before)
  return { first, before, why: undefined }
})

/** Brings what is known of one root up to date, or of a part of it. Reads no file. */
export const scan = Effect.fn("index.scan")(function* (target: Target, believe: boolean) {
  const cache = yield* Cache
  const { walk: begin } = yield* Scanner
  const at = yield* Clock.currentTimeMillis
  const { parent, steps } = yield* way(target)
  const walk = begin({ path: target.start, device: target.device, parent, mountPoints: target.mountPoints })
  const { before, first, why } = yield* enter(target, walk, believe)
  if (why !== undefined) return aborted(target, target.fsid, why)
  const scanning = yield* cache.begin(target)
  yield* cache.lead(scanning, steps)
  const task = yield* (yield* Progress).task(target.start, before?.bytes ?? 0)
  const tally: Tally = {
    files: 0,
    bytes: 0,
    visited: new Set(),
    counted: new Set(),
    problems: [],
    foreign: [],
    clean: true
  }
  let [added, gone] = [0, 0]
  let start = 0n
  for (let seen = first; seen.length > 0; seen = walk.next(slice)) {
    const listings = take(tally, seen)
    start = listings.find(({ path }) => path === target.start)?.facts.ino ?? start
    const absorbed = yield* cache.absorb(scanning, listings)
    added += absorbed.added
    gone += absorbed.gone
    task.update(tally.bytes, "listing")
    yield* Effect.yieldNow
  }
  const totals = target.start === target.path ? { files: tally.files, bytes: tally.bytes } : null
  gone += yield* cache.end(scanning, { start, visited: tally.visited, clean: tally.clean, at, totals })
  const result: IndexedRoot = {
    path: target.path,
    start: target.start,
    fsid: target.fsid,
    outcome: tally.clean ? "complete" : "incomplete",
    why: null,
    files: tally.files,
    directories: tally.visited.size,
    bytes: tally.bytes,
    added,
    gone,
    problems: tally.problems,
    foreign: tally.foreign
  }
  return result
}, Effect.scoped)
