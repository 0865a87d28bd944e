import { Clock, Effect } from "effect"
import type { IndexedRoot, IndexReport } from "../domain/indexReport.ts"
import { Cache } from "../state/Cache.ts"
import { readPending, type Volume } from "./index-cache/read.ts"
import { resolve, type Target } from "./index-cache/roots.ts"
import { missingRoot, scan } from "./index-cache/scan.ts"

export interface Options {
  /** Roots, or directories below them; none is all roots. */
  readonly roots: ReadonlyArray<string>
  /** Whether everything is read in full, not only what a decision may need. */
  readonly full: boolean
  /** Whether a root is believed that lies on another filesystem than before, or is empty. */
  readonly believe: boolean
}

/** Roots that the configuration names no more, once all that it names were read: what is known of them goes. */
const dropStrangers = Effect.fnUntraced(function* (targets: ReadonlyArray<Target>) {
  const cache = yield* Cache
  const named = new Set(targets.map(({ path }) => path))
  for (const root of yield* cache.roots) if (!named.has(root.path)) yield* cache.drop(root)
})

const volumesOf = Effect.fnUntraced(function* (targets: ReadonlyArray<Target>, whole: boolean) {
  const roots = yield* (yield* Cache).roots
  const volumes = new Map<bigint, Volume>()
  for (const { device, path, start } of targets) {
    const fs = roots.find((root) => root.path === path)?.fs
    if (fs === undefined) continue
    const before = volumes.get(fs)
    volumes.set(fs, {
      fs,
      device,
      label: before?.label ?? start,
      within: whole ? undefined : [...(before?.within ?? []), start]
    })
  }
  return [...volumes.values()]
})

const nothing: IndexReport["read"] = { files: 0, bytes: 0, changed: 0, problems: [] }

/** Reads the files that a decision may need, unless the last run has and nothing changed since. */
const read = Effect.fnUntraced(function* (targets: ReadonlyArray<Target>, whole: boolean, full: boolean) {
  const cache = yield* Cache
  const roots = yield* cache.roots
  if (!full && roots.every(({ settled }) => settled)) return nothing
  const result = yield* readPending(yield* volumesOf(targets, whole), full ? "all" : yield* cache.meetingSizes)
  const scanned = new Set(targets.map(({ path }) => path))
  const isAll = whole && roots.every(({ path }) => scanned.has(path))
  if (result.settled && isAll) for (const { id } of roots) yield* cache.settle(id, true)
  return result.read
})

/**
 * Brings the hash cache up to date. Stopped at any moment it loses at most the last few seconds of reading, and the next
 * run goes on from there.
 */
export const indexCache = Effect.fn("index")(function* ({ believe, full, roots }: Options) {
  const begun = yield* Clock.currentTimeMillis
  const { missing, targets, whole } = yield* resolve(roots)
  const results: Array<IndexedRoot> = missing.map(({ configured, why }) => missingRoot(configured, why))
  const sound: Array<Target> = []
  for (const target of targets) {
    const result = yield* scan(target, believe).pipe(
      Effect.catchTag("FilesystemUnreadable", ({ path, why }) =>
        Effect.succeed(missingRoot(target.path, `${path}: ${why}`))
      )
    )
    results.push(result)
    if (result.outcome !== "aborted") sound.push(target)
  }
  if (whole && sound.length === results.length) yield* dropStrangers(sound)
  const report: IndexReport = {
    roots: results,
    read: yield* read(sound, whole, full),
    milliseconds: (yield* Clock.currentTimeMillis) - begun
  }
  return report
})
