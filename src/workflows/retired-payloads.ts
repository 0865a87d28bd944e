import { Effect } from "effect"
import type { Condition } from "../domain/evidence.ts"
import type { CleanedItem } from "../domain/reports.ts"
import type { RetiredTitle } from "../domain/retiredTorrents.ts"
import { basename } from "../platform/BytePath.ts"
import { bytes as size } from "../platform/Text.ts"
import { Disk } from "../services/Disk.ts"
import { type RecordedPayload, RetiredPayloads } from "../state/RetiredPayloads.ts"
import { checkList } from "./cleanup-act.ts"
import type { Located } from "./cleanup-claimants.ts"
import { condition, earliestOf, reasonOf, type World } from "./cleanup-judge.ts"
import type { TorrentOutcome } from "./cleanup-managed.ts"
import type { Setting } from "./cleanup-world.ts"
import { type Family, familyOf, hasOtherNames, ownFolders, seedsOf } from "./retired-families.ts"
import { type Ground, groundOf, judgeFamily } from "./retired-judge.ts"
import { conditionsAfter, finish, readWorld, removeFamily } from "./retired-payload-act.ts"
import { retiredTitles } from "./retired-torrents.ts"
import { earlierPayloads, filesOf, merged } from "./retired-record.ts"

interface Limits {
  /** Payloads that may still go in this run. */
  readonly budget: number
  readonly dryRun: boolean
}

interface Read {
  readonly located: ReadonlyArray<Located>
  readonly world: World
  /** The same, every torrent's folder looked into. */
  readonly inside: ReturnType<typeof lookInside>
}

const lookInside = (setting: Setting) => Effect.map(readWorld(setting, true), ({ located }) => located)

/** The client's list as it is now. */
const readNow = Effect.fnUntraced(function* (setting: Setting) {
  const { located, world } = yield* readWorld(setting, false)
  return { located, world, inside: lookInside(setting) } satisfies Read
})

interface Judged {
  readonly family: Family
  readonly conditions: ReadonlyArray<Condition>
  readonly hosts: ReadonlyMap<string, ReadonlyArray<string>>
  readonly titles: ReadonlyArray<RetiredTitle>
}

const bytesOf = (family: Family): number =>
  filesOf(family.payloads).reduce((sum, { fence }) => sum + Number(fence.size), 0)

const subjectOf = (family: Family): string => family.torrents[0]?.torrent.contentPath ?? ""

const row = (
  path: string,
  outcome: CleanedItem["outcome"],
  bytes: number,
  conditions: ReadonlyArray<Condition>,
  reason: string | null
): CleanedItem => ({
  path,
  outcome,
  bytes,
  reason,
  conditions,
  earliest: outcome === "kept" ? earliestOf(conditions) : null
})

const torrentRows = (family: Family, outcome: TorrentOutcome["outcome"], reason: string | null) =>
  family.torrents.map(({ torrent }): TorrentOutcome => ({ hash: torrent.hash, name: torrent.name, outcome, reason }))

/** The whole family of some torrents, judged. Torrents are looked into only where some file has other names. */
const judge = Effect.fnUntraced(function* (
  seeds: ReadonlyArray<string>,
  record: RecordedPayload | undefined,
  read: Read,
  ground: Ground
) {
  const titles = yield* retiredTitles
  let family = yield* familyOf(seeds, read.located)
  if (hasOtherNames(family)) family = yield* familyOf(seeds, yield* read.inside)
  const earlier = record === undefined ? [] : yield* earlierPayloads(record, family)
  const judged = yield* judgeFamily(family, earlier, titles, ground, read.world)
  const hosts = new Map(
    [...judged.trackers].map(([hash, fact]) => [hash, fact._tag === "Known" ? fact.value : []] as const)
  )
  return { family, conditions: judged.conditions, hosts, titles: judged.titles } satisfies Judged
})

const ofSpace = Effect.fnUntraced(function* (family: Family, world: World) {
  const threshold = world.cleanup.onlyWhenFreeBelowBytes
  if (threshold === null) return []
  const free = yield* (yield* Disk).freeBytes(subjectOf(family))
  const value = free._tag === "Known" ? `there is enough room (${size(free.value)} free)` : "it cannot be read"
  const met = free._tag === "Known" && free.value < threshold
  return [condition("free space", met, value, `below ${size(threshold)}`, "cleanup.onlyWhenFreeBelowBytes")]
})

const ofBudget = (budget: number, world: World): ReadonlyArray<Condition> => {
  if (budget > 0) return []
  const limit = String(world.cleanup.maxDeletesPerRun)
  const value = `this run has its ${limit} items (cleanup.maxDeletesPerRun)`
  return [condition("cap of this run", false, value, `at most ${limit}`, "cleanup.maxDeletesPerRun")]
}

/** One family: judged once more right before, written down, its torrents out of the client, then its files. */
const actOn = Effect.fnUntraced(function* (
  before: Family,
  record: RecordedPayload | undefined,
  setting: Setting,
  plan: World
) {
  const payloads = yield* RetiredPayloads
  const ground = yield* groundOf(setting)
  const read = yield* readNow(setting)
  yield* checkList(plan, read.world)
  const seeds = before.torrents.map(({ torrent }) => torrent.hash)
  const { conditions, family, hosts, titles } = yield* judge(seeds, record, read, ground)
  const path = record?.subject ?? subjectOf(before)
  const bytes = bytesOf(family)
  const why = reasonOf(conditions)
  if (why !== null) {
    return { item: row(path, "kept", bytes, conditions, why), torrents: torrentRows(family, "kept", why), freed: 0 }
  }
  const files = record === undefined ? filesOf(family.payloads) : merged(record, filesOf(family.payloads))
  const names = files.flatMap((file) => file.names)
  const ownTorrents = family.torrents.map(({ torrent }) => ({
    hash: torrent.hash,
    name: torrent.name,
    exported: null,
    removed: false
  }))
  const present = new Set(ownTorrents.map(({ hash }) => hash))
  const savePaths = yield* canonical(family.torrents.map(({ torrent }) => torrent.savePath))
  const content = {
    subject: path,
    titles: [...titles, ...(record?.titles ?? [])].filter(
      ({ id }, index, all) => all.findIndex((one) => one.id === id) === index
    ),
    // What has left the client since it was written down has left by our doing: it was exported.
    torrents: [
      ...(record?.torrents ?? []).filter(({ hash }) => !present.has(hash)).map((one) => ({ ...one, removed: true })),
      ...ownTorrents
    ],
    roots: ground.roots,
    files,
    folders: [...new Set([...(record?.folders ?? []), ...ownFolders(names, savePaths)])]
  }
  const begun =
    record === undefined ? yield* payloads.begin(content) : { ...content, id: record.id, beganAt: record.beganAt }
  if (record !== undefined) yield* payloads.note(begun)
  const removed = yield* removeFamily(begun, family, { conditions, hosts }, ground, read.world)
  if (removed.failed !== null) {
    const item = row(path, "failed", bytes, conditions, removed.failed)
    return { item, torrents: removed.outcomes, freed: 0 }
  }
  const done = yield* finish(removed.record, setting, false)
  const item = row(
    path,
    done.outcome,
    bytes,
    [...conditions, ...done.conditions.filter(({ met }) => !met)],
    done.reason
  )
  return { item, torrents: removed.outcomes, freed: done.freed }
})

const canonical = Effect.fnUntraced(function* (paths: ReadonlyArray<string>) {
  const disk = yield* Disk
  return yield* Effect.forEach(paths, (path) =>
    Effect.map(disk.resolve(path), (leads) => (leads._tag === "Known" ? leads.value.path : path))
  )
})

/** What an earlier run began: the torrents that are still there first, then the files. */
const resume = Effect.fnUntraced(function* (record: RecordedPayload, setting: Setting, plan: World, dryRun: boolean) {
  const payloads = yield* RetiredPayloads
  const ground = yield* groundOf(setting)
  const read = yield* readNow(setting)
  const bytes = record.files.reduce((sum, { fence }) => sum + Number(fence.size), 0)
  const present = record.torrents.filter(({ hash }) => read.located.some(({ torrent }) => torrent.hash === hash))
  if (present.length > 0 && present.every(({ removed }) => !removed)) {
    const seeds = present.map(({ hash }) => hash)
    const family = yield* familyOf(seeds, read.located)
    if (!dryRun) return yield* actOn(family, record, setting, plan)
    const judged = yield* judge(seeds, record, read, ground)
    const why = reasonOf(judged.conditions)
    const item = row(record.subject, why === null ? "would-release" : "kept", bytes, judged.conditions, why)
    return { item, torrents: torrentRows(judged.family, why === null ? "would-remove" : "kept", why), freed: 0 }
  }
  if (dryRun) {
    const conditions = yield* conditionsAfter(record, ground, read.world)
    const why = reasonOf(conditions)
    return {
      item: row(record.subject, why === null ? "would-release" : "kept", bytes, conditions, why),
      torrents: [],
      freed: 0
    }
  }
  const gone = {
    ...record,
    torrents: record.torrents.map((one) =>
      present.some(({ hash }) => hash === one.hash) ? one : { ...one, removed: one.removed || one.exported !== null }
    )
  }
  yield* payloads.note(gone)
  const done = yield* finish(gone, setting, true)
  return {
    item: row(record.subject, done.outcome, bytes, done.conditions, done.reason),
    torrents: [],
    freed: done.freed
  }
})

/**
 * Payloads of retired titles that lie outside of completedDir: in the seeding directories of `storage`, and nowhere
 * else. `plan` is the world as the run has read it.
 */
export const retiredPayloads = Effect.fn("retired.payloads")(function* (
  setting: Setting,
  plan: World,
  { budget, dryRun }: Limits
) {
  const items: Array<CleanedItem> = []
  const torrents: Array<TorrentOutcome> = []
  let freed = 0
  let left = budget
  const add = (done: { item: CleanedItem; torrents: ReadonlyArray<TorrentOutcome>; freed: number }) => {
    items.push(done.item)
    torrents.push(...done.torrents)
    freed += done.freed
    if (done.item.outcome === "released" || done.item.outcome === "would-release") left -= 1
  }
  const titles = yield* retiredTitles
  const records = yield* (yield* RetiredPayloads).open
  const result = () => ({ items, torrents, freed, budget: left })
  if (titles.length === 0 && records.length === 0) return result()
  const located = plan.located._tag === "Known" ? plan.located.value : []
  const ground = yield* groundOf(setting)
  // At most once a run: every torrent is walked for it.
  const inside: Read["inside"] = yield* Effect.cached(lookInside(setting))
  const read: Read = { located, world: plan, inside }
  const begun = new Set(records.flatMap((record) => record.torrents.map(({ hash }) => hash)))
  if (setting.config.storage !== undefined) {
    for (const record of records) if (left > 0) add(yield* resume(record, setting, plan, dryRun))
  }
  const done = new Set(begun)
  for (const { torrent } of seedsOf(located, titles, ground.homes)) {
    if (done.has(torrent.hash)) continue
    if (setting.config.storage === undefined) {
      const why = `it lies at ${basename(torrent.contentPath)}, outside of completedDir, and storage is not configured`
      torrents.push({ hash: torrent.hash, name: torrent.name, outcome: "kept", reason: why })
      continue
    }
    const judged = yield* judge([torrent.hash], undefined, read, ground)
    for (const one of judged.family.torrents) done.add(one.torrent.hash)
    const limits = [...(yield* ofSpace(judged.family, plan)), ...ofBudget(left, plan)]
    const conditions = [...judged.conditions, ...limits]
    const why = reasonOf(conditions)
    const path = subjectOf(judged.family)
    const bytes = bytesOf(judged.family)
    if (why !== null) {
      add({
        item: row(path, "kept", bytes, conditions, why),
        torrents: torrentRows(judged.family, "kept", why),
        freed: 0
      })
    } else if (dryRun) {
      const item = row(path, "would-release", bytes, conditions, null)
      add({ item, torrents: torrentRows(judged.family, "would-remove", null), freed: bytes })
    } else add(yield* actOn(judged.family, undefined, setting, plan))
  }
  return result()
})
