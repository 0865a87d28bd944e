import { Clock, Effect } from "effect"
import type { Condition } from "../domain/deletion.ts"
import type { CleanedItem } from "../domain/reports.ts"
import { bytes as size } from "../platform/Text.ts"
import { Disk } from "../services/Disk.ts"
import { TorrentClientUnreadable } from "../services/TorrentClient.ts"
import { type Candidate, type Chosen, cleaned } from "./cleanup-choose.ts"
import { condition, judgeHere, judgeRemote, localCopy, type Subject, type World } from "./cleanup-judge.ts"
import { type Group, groupsOf, hindrance, removeTorrents, type TorrentOutcome } from "./cleanup-managed.ts"
import { mend, readAgain, release } from "./cleanup-release.ts"
import { readRemote, type RemoteView } from "./cleanup-remote.ts"
import { blows } from "./cleanup-fuse.ts"
import { freshWorld, type Setting } from "./cleanup-world.ts"
import { shownRemote } from "../domain/remoteName.ts"

/** A remote listing older than this many milliseconds is read again before it is acted upon. */
const viewFor = 3 * 60_000

export interface Done {
  readonly items: ReadonlyArray<CleanedItem>
  readonly torrents: ReadonlyArray<TorrentOutcome>
  readonly freed: number
}

/** Bytes that the disk would get back: a file with another name gives none. */
const gain = ({ look }: Subject): number =>
  look._tag === "Known"
    ? look.value.files.reduce((sum, { fence, links }) => sum + (links === 1 ? Number(fence?.size ?? 0n) : 0), 0)
    : 0

const kept = (subject: Subject, conditions: ReadonlyArray<Condition>, extra: Condition): CleanedItem =>
  cleaned(subject, "kept", [...conditions, extra])

const ofTorrents = (group: Group, outcome: TorrentOutcome["outcome"], reason: string | null) =>
  group.torrents.map(({ torrent }): TorrentOutcome => ({ hash: torrent.hash, name: torrent.name, outcome, reason }))

interface Fresh {
  readonly subjects: ReadonlyArray<{
    readonly subject: Subject
    readonly conditions: ReadonlyArray<Condition>
    readonly mend: boolean
  }>
  readonly world: World
  readonly view: RemoteView
}

const hashesOf = ({ located }: World): ReadonlyArray<string> =>
  located._tag === "Known" ? located.value.map(({ torrent }) => torrent.hash) : []

/** A client that starts again without its profile lists nothing, and that is no answer. */
export const checkList = (plan: World, now: World) => {
  const removed = new Set(now.ledger.flatMap((entry) => (entry.removedByUs ? [entry.hash] : [])))
  const before = hashesOf(plan).filter((hash) => !removed.has(hash))
  const present = new Set(hashesOf(now))
  const gone = before.filter((hash) => !present.has(hash)).length
  return blows(before.length, gone, present.size, plan.cleanup.maxListShrink)
    ? new TorrentClientUnreadable({
        url: plan.config.qbittorrent.url,
        operation: "torrents",
        why: `it listed ${before.length} torrents a moment ago, and lists ${present.size} now`
      })
    : Effect.void
}

/** Everything that the decision stood on, read once more: bytes, client, disk, and the remote where it has aged. */
const revalidate = Effect.fnUntraced(function* (
  before: ReadonlyArray<Subject>,
  chosen: Chosen,
  setting: Setting,
  plan: World
) {
  for (const subject of before) yield* readAgain(subject)
  const stale = (yield* Clock.currentTimeMillis) - chosen.viewedAt > viewFor
  const view = stale ? yield* readRemote(before) : chosen.view
  const { subjects, world } = yield* freshWorld(setting, before)
  yield* checkList(plan, world)
  const now = yield* Clock.currentTimeMillis
  const judged = subjects.map((subject) => {
    const proven = judgeRemote(subject, view, shownRemote(setting.config.upload.remote), now)
    const conditions = [...judgeHere(subject, world), proven.condition]
    return { subject, conditions, mend: proven.mend }
  })
  return { subjects: judged, world, view } satisfies Fresh
})

const releaseOne = Effect.fnUntraced(function* (entry: Fresh["subjects"][number], fresh: Fresh) {
  const { conditions, subject } = entry
  const evidence = localCopy(subject, fresh.view, fresh.world, conditions)
  const result = yield* release(subject, evidence, fresh.world)
  if (result._tag === "kept") {
    const outcome = result.failed ? "failed" : "kept"
    return { item: cleaned(subject, outcome, conditions, result.why), freed: result.bytes }
  }
  const outcome = result.quarantined ? "quarantined" : "released"
  return { item: cleaned(subject, outcome, conditions, null), freed: result.freed.bytes }
})

/** One group: its torrents out of the client (managed mode), then its files. */
const actOnGroup = Effect.fnUntraced(function* (group: Group, chosen: Chosen, setting: Setting, plan: World) {
  const fresh = yield* revalidate(group.subjects, chosen, setting, plan)
  const items: Array<CleanedItem> = []
  const torrents: Array<TorrentOutcome> = []
  let freed = 0
  const done = (): Done => ({ items, torrents, freed })
  const open = fresh.subjects.filter(({ conditions }) => conditions.some(({ met }) => !met))
  if (open.length > 0) {
    for (const { conditions, mend: broken, subject } of fresh.subjects) {
      const others = condition(
        "the rest of it",
        false,
        "another item of the same torrent has to stay",
        "free to go",
        "cleanup"
      )
      const own = conditions.some(({ met }) => !met)
      items.push(own ? cleaned(subject, "kept", conditions) : kept(subject, conditions, others))
      // What an upload has taken up meanwhile is its own to mend.
      if (broken && subject.item.state !== "uploading")
        yield* mend(subject.item, conditions.find(({ met }) => !met)?.value ?? "it is not on the remote")
    }
    torrents.push(...ofTorrents(group, "kept", "its data cannot go yet"))
    return done()
  }
  const [again = group] = groupsOf(
    fresh.subjects.map(({ subject }) => subject),
    fresh.world
  )
  let last = fresh
  if (again.torrents.length > 0) {
    const why = yield* hindrance(again)
    const conditions = fresh.subjects.flatMap((entry) => entry.conditions)
    const removed =
      why === null ? yield* removeTorrents(again, fresh.world, fresh.view, conditions) : ofTorrents(again, "kept", why)
    torrents.push(...removed)
    const stays = removed.find(({ outcome }) => outcome !== "removed")
    if (stays !== undefined) {
      const torrent = condition("torrents", false, stays.reason ?? stays.name, "removed from the client", "qBittorrent")
      for (const { conditions, subject } of fresh.subjects) items.push(kept(subject, conditions, torrent))
      return done()
    }
    last = yield* revalidate(group.subjects, chosen, setting, plan)
  }
  for (const entry of last.subjects) {
    if (entry.conditions.some(({ met }) => !met)) {
      items.push(cleaned(entry.subject, "kept", entry.conditions))
      continue
    }
    const one = yield* releaseOne(entry, last)
    items.push(one.item)
    freed += one.freed
  }
  return done()
})

/** What a dry run says of a group. */
const foresee = Effect.fnUntraced(function* (
  group: Group,
  conditionsOf: (subject: Subject) => Candidate["conditions"],
  world: World
) {
  const why = group.torrents.length === 0 ? null : yield* hindrance(group)
  const torrents = ofTorrents(group, why === null ? "would-remove" : "kept", why)
  const outcome = world.cleanup.quarantineFor === null ? "would-release" : "would-quarantine"
  const items = group.subjects.map((subject) =>
    why === null
      ? cleaned(subject, outcome, conditionsOf(subject), null)
      : kept(subject, conditionsOf(subject), condition("torrents", false, why, "removable", "qBittorrent"))
  )
  const frees = why === null && world.cleanup.quarantineFor === null
  return { items, torrents, freed: frees ? group.subjects.reduce((sum, one) => sum + gain(one), 0) : 0 } satisfies Done
})

/** The oldest first; with a free-space threshold only until there is room again. */
export const actOn = Effect.fn("cleanup.act")(function* (
  chosen: Chosen,
  setting: Setting,
  world: World,
  dryRun: boolean
) {
  const disk = yield* Disk
  const threshold = setting.cleanup.onlyWhenFreeBelowBytes
  const conditionsOf = (subject: Subject) =>
    chosen.candidates.find((candidate) => candidate.subject === subject)?.conditions ?? []
  const groups = groupsOf(
    chosen.candidates.map(({ subject }) => subject),
    world
  )
  const items: Array<CleanedItem> = []
  const torrents: Array<TorrentOutcome> = []
  let freed = 0
  for (const group of groups) {
    const space = threshold === null ? undefined : yield* disk.freeBytes(setting.config.completedDir)
    const room = space === undefined || space._tag !== "Known" ? 0 : space.value + (dryRun ? freed : 0)
    if (threshold !== null && (space?._tag !== "Known" || room >= threshold)) {
      const source = "cleanup.onlyWhenFreeBelowBytes"
      const value =
        space?._tag === "Known" ? `there is enough room (${size(room)} free)` : "the free space cannot be read"
      const enough = condition("free space", false, value, `below ${size(threshold)}`, source)
      items.push(...group.subjects.map((subject) => kept(subject, conditionsOf(subject), enough)))
      continue
    }
    const done: Done = dryRun
      ? yield* foresee(group, conditionsOf, world)
      : yield* actOnGroup(group, chosen, setting, world)
    items.push(...done.items)
    torrents.push(...done.torrents)
    freed += done.freed
  }
  return { items, torrents, freed } satisfies Done
})
