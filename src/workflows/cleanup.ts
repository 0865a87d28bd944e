import { Clock, Effect } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import type { Item } from "../domain/items.ts"
import type { CleanedItem, CleanupReport } from "../domain/reports.ts"
import { Disk } from "../services/Disk.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import { Items } from "../state/Items.ts"
import { Torrents } from "../state/Torrents.ts"
import { containers } from "./cleanup-claimants.ts"
import { fuse } from "./cleanup-fuse.ts"
import type { TorrentOutcome } from "./cleanup-managed.ts"
import { previousClock, purge, rememberClock } from "./cleanup-purge.ts"
import { choose } from "./cleanup-choose.ts"
import { actOn } from "./cleanup-act.ts"
import { removeOrphanMarkers, settleOpen, homeOf } from "./cleanup-settle.ts"
import { type Setting, subjectOf, worldOf } from "./cleanup-world.ts"
import { bytes } from "../platform/Text.ts"
import { shownRemote } from "../domain/remoteName.ts"
import { retiredPayloads } from "./retired-payloads.ts"
import { retiredRemote } from "./retired-remote.ts"
import { earlierRemote, emptiedRemote } from "./remote-place.ts"

export interface Options {
  /** Undefined: as the configuration says. False is `--apply`: a person asked for it. */
  readonly dryRun: boolean | undefined
}

const byAge = (one: Item, other: Item) =>
  (one.uploadedAt ?? one.discoveredAt) - (other.uploadedAt ?? other.discoveredAt)

/**
 * Releases local copies that are proven on the remote now and that nothing needs any more. Fails, having deleted
 * nothing further, when the client or the remote cannot be read. A dry run changes nothing, the database included.
 */
export const cleanup = Effect.fn("cleanup")(function* (options: Options) {
  const config = yield* AppConfig
  const client = yield* TorrentClient
  const disk = yield* Disk
  const items = yield* Items
  const ledger = yield* Torrents
  const begun = yield* Clock.currentTimeMillis
  const settings = config.cleanup
  const dryRun = options.dryRun ?? settings?.dryRun ?? false
  const cleaned: Array<CleanedItem> = []
  const torrentsDone: Array<TorrentOutcome> = []
  const report = (stopped: string | null, alarming: boolean, freedBytes: number) =>
    Effect.map(Clock.currentTimeMillis, (ended): CleanupReport => ({
      dryRun,
      mode: settings?.mode ?? "untracked",
      items: cleaned,
      torrents: torrentsDone,
      stopped,
      alarming,
      freedBytes,
      milliseconds: ended - begun
    }))
  if (settings === undefined) return yield* report("cleanup is not configured", false, 0)

  const torrents = yield* client.torrents
  const readAt = yield* Clock.currentTimeMillis
  if (!dryRun) yield* settleOpen(torrents)
  const list = yield* fuse(torrents, settings.maxListShrink, options.dryRun === false)
  if (!dryRun) yield* list.remember
  if (list.blown !== null) return yield* report(list.blown, true, 0)
  const home = yield* homeOf(config)
  if (home.broken !== null) return yield* report(home.broken, true, 0)
  const emptied = yield* emptiedRemote
  if (emptied !== null) return yield* report(`upload.remote ${config.upload.remote}: ${emptied}`, true, 0)
  const before = yield* earlierRemote
  if (before !== null) {
    const now = shownRemote(config.upload.remote)
    const why = `upload.remote is ${now}, and what is here was uploaded to ${before}: run media-pipeline upload first`
    return yield* report(why, true, 0)
  }

  const setting: Setting = { config, cleanup: settings, roots: yield* containers }
  const all = (yield* items.all).toSorted(byAge)
  const subjects = yield* Effect.forEach(
    all.filter(({ state }) => state === "uploaded" || state === "releasing"),
    subjectOf
  )
  const world = yield* worldOf(setting, torrents, readAt, subjects, false)
  if (!dryRun) {
    if (subjects.some(({ look }) => look._tag === "Known" && look.value.present)) yield* home.remember
    for (const [hash, hosts] of world.trackers) if (hosts._tag === "Known") yield* ledger.setTrackers(hash, hosts.value)
    yield* removeOrphanMarkers()
  }

  let freed = 0
  let budget = settings.maxDeletesPerRun
  const previous = yield* previousClock
  for (const item of all.filter(({ state }) => state === "quarantined")) {
    if (budget <= 0) break
    const done = yield* purge(item, world, previous, dryRun)
    if (done === undefined) continue
    cleaned.push(done)
    if (done.outcome !== "purged" && done.outcome !== "would-purge") continue
    freed += done.bytes
    budget -= 1
  }
  if (!dryRun) yield* rememberClock

  const followed = yield* retiredPayloads(setting, world, { budget, dryRun })
  cleaned.push(...followed.items)
  torrentsDone.push(...followed.torrents)
  freed += followed.freed
  budget = followed.budget

  const remote = yield* retiredRemote(setting, world, all, { budget, dryRun, home })
  cleaned.push(...remote.items)
  budget = remote.budget

  const threshold = settings.onlyWhenFreeBelowBytes
  const free = yield* disk.freeBytes(config.completedDir)
  if (threshold !== null && free._tag !== "Known") {
    return yield* report(`the free space of ${config.completedDir} cannot be read`, true, freed)
  }
  const room = free._tag === "Known" ? free.value : 0
  if (threshold !== null && room >= threshold) {
    return yield* report(`there is enough room: ${bytes(room)} free, ${bytes(threshold)} wanted`, false, freed)
  }
  const chosen = yield* choose(subjects, world, { budget, dryRun, home })
  cleaned.push(...chosen.settled)
  const done = yield* actOn(chosen, setting, world, dryRun)
  cleaned.push(...done.items)
  torrentsDone.push(...done.torrents)
  return yield* report(null, false, freed + done.freed)
})
