import { Effect, Option } from "effect"
import type { Config } from "../config/schema.ts"
import { identity } from "../domain/claims.ts"
import { markerOf } from "../domain/items.ts"
import { ancestorsOf } from "../domain/paths.ts"
import type { Torrent } from "../domain/torrents.ts"
import { Disk } from "../services/Disk.ts"
import { Items } from "../state/Items.ts"
import { Journal } from "../state/Journal.ts"
import { Runs } from "../state/Runs.ts"
import { type LedgerEntry, Torrents } from "../state/Torrents.ts"
import { removeMarker } from "./cleanup-release.ts"

/** Its removal by us began after it was last seen: then it was owed nothing any more, whoever has removed it. */
const wasBeingRemoved = Effect.fnUntraced(function* (entry: LedgerEntry) {
  const journal = yield* Journal
  const last = (yield* journal.history(entry.hash, 5)).find(({ step }) => step === "cleanup.torrent")
  return last !== undefined && last.begunAt >= entry.lastSeen
})

/**
 * What a crash left open. A torrent whose removal had begun and that has gone since was removed by us; everything else
 * is decided by looking at the disk in the course of the run, so its entry is only closed.
 */
export const settleOpen = Effect.fn("cleanup.settleOpen")(function* (torrents: ReadonlyArray<Torrent>) {
  const journal = yield* Journal
  const ledger = yield* Torrents
  const present = new Set(torrents.map(({ hash }) => hash))
  for (const entry of yield* ledger.all) {
    if (entry.exported === null || entry.removedByUs || present.has(entry.hash)) continue
    if (yield* wasBeingRemoved(entry)) yield* ledger.setRemovedByUs(entry.hash)
  }
  for (const entry of yield* journal.open()) {
    const ours = entry.step.startsWith("cleanup.") || entry.step.startsWith("restore.")
    if (ours) yield* journal.settle(entry.id, "interrupted; looked at again")
  }
})

const homeKey = "cleanup.home"

export interface Home {
  /** Why completedDir cannot be worked in; null when it can. */
  readonly broken: string | null
  /** It is the folder in which items were seen before, not the empty mount point of a disk that is not there. */
  readonly trusted: boolean
  /** To be called once an item was seen in it. */
  readonly remember: Effect.Effect<void>
}

/** Whether one of two folders lies in the other, or is it, under whatever names: what is proven there would be ours. */
const meet = Effect.fnUntraced(function* (one: string, other: string) {
  const disk = yield* Disk
  const leads = yield* Effect.forEach([one, other], (path) => disk.resolve(path))
  const ids: Array<string> = []
  const above: Array<string> = []
  for (const fact of leads) {
    if (fact._tag !== "Known") return false
    ids.push(identity(fact.value.entry.fence))
    for (const folder of ancestorsOf(fact.value.path)) {
      const found = yield* disk.stat(folder)
      if (found._tag === "Known") above.push(identity(found.value.fence))
    }
  }
  return ids[0] === ids[1] || ids.some((id) => above.includes(id))
})

/** The inode tells a folder from the one that is mounted over it, and stays the same when the machine starts again. */
export const homeOf = Effect.fn("cleanup.home")(function* (config: Config) {
  const disk = yield* Disk
  const runs = yield* Runs
  const leads = yield* disk.resolve(config.completedDir)
  const broken = (why: string): Home => ({
    broken: `completedDir ${config.completedDir} ${why}: is its disk mounted?`,
    trusted: false,
    remember: Effect.void
  })
  if (leads._tag === "Absent") return broken("does not exist")
  if (leads._tag === "Unreadable") return broken(`cannot be read (${leads.why})`)
  if (leads.value.entry.kind !== "directory") return broken("is not a folder")
  const { remote } = config.upload
  if (remote.startsWith("/") && (yield* meet(config.completedDir, remote))) {
    const why = `completedDir ${config.completedDir} and upload.remote ${remote} are the same place, or one lies in the other`
    return { ...broken(""), broken: `${why}: mend the configuration` }
  }
  const inode = String(leads.value.entry.fence.ino)
  const before = yield* runs.observed(homeKey)
  const home: Home = {
    broken: null,
    trusted: Option.isNone(before) || before.value.value === inode,
    remember: runs.observe(homeKey, inode)
  }
  return home
})

/** Signs whose item has gone: left by a crash between the data and the sign. */
export const removeOrphanMarkers = Effect.fn("cleanup.orphans")(function* () {
  const disk = yield* Disk
  const items = yield* Items
  for (const item of yield* items.all) {
    if (item.state !== "released" && item.state !== "quarantined") continue
    if ((yield* disk.stat(markerOf(item)))._tag !== "Known") continue
    if ((yield* disk.stat(item.path))._tag === "Absent" || item.kind === "rootless") yield* removeMarker(item)
  }
})
