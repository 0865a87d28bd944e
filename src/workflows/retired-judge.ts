import { Clock, Effect } from "effect"
import type { Condition } from "../domain/evidence.ts"
import { type Fact, known } from "../domain/fact.ts"
import { obligations } from "../domain/obligations.ts"
import { isBelow } from "../domain/paths.ts"
import { protectedBy } from "../domain/protection.ts"
import { followed, type Payload, type RetiredTitle } from "../domain/retiredTorrents.ts"
import { isComplete } from "../domain/torrents.ts"
import { display, isWithin } from "../platform/BytePath.ts"
import { Disk } from "../services/Disk.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import type { RecordedRoot } from "../state/RetiredPayloads.ts"
import { Sagas } from "../state/Sagas.ts"
import { condition, policyOf, type World } from "./cleanup-judge.ts"
import { ofFollowed } from "./cleanup-retired.ts"
import type { Setting } from "./cleanup-world.ts"
import { unlessBack } from "./retired-back.ts"
import type { Family } from "./retired-families.ts"

/** Where retired payloads may lie: the seeding directories that are there, and what has its own rules. Canonical. */
export interface Ground {
  readonly roots: ReadonlyArray<RecordedRoot>
  readonly homes: ReadonlyArray<string>
}

export const groundOf = Effect.fnUntraced(function* ({ config }: Setting) {
  const disk = yield* Disk
  const roots: Array<RecordedRoot> = []
  for (const path of [...(config.storage?.stash.seedingDirs ?? []), ...(config.storage?.pool.seedingDirs ?? [])]) {
    const leads = yield* disk.resolve(path)
    if (leads._tag !== "Known" || leads.value.entry.kind !== "directory") continue
    roots.push({ path: leads.value.path, ino: String(leads.value.entry.fence.ino) })
  }
  const homes: Array<string> = []
  for (const path of [config.completedDir, config.extractedDir, config.stateDir]) {
    const leads = yield* disk.resolve(path)
    homes.push(path, ...(leads._tag === "Known" ? [leads.value.path] : []))
  }
  return { roots, homes } satisfies Ground
})

export const ofPlace = (names: ReadonlyArray<string>, { homes, roots }: Ground): Condition => {
  const outside = names.find((name) => !roots.some(({ path }) => isBelow(name, path)))
  const ruled = names.find((name) => homes.some((home) => isWithin(name, home)))
  const value =
    names.length === 0
      ? "nothing of it is there"
      : outside !== undefined
        ? `${display(outside)} lies in no seeding directory of storage`
        : ruled === undefined
          ? "in the seeding directories"
          : `${display(ruled)} lies in completedDir, and goes with its item`
  const met = names.length > 0 && outside === undefined && ruled === undefined
  return condition("place", met, value, "in the seeding directories", "storage")
}

export const ofProtected = (paths: ReadonlyArray<string>, world: World): Condition => {
  const { neverDelete } = world.cleanup
  for (const path of paths) {
    const pattern = protectedBy(neverDelete, path)
    if (pattern === undefined) continue
    const value = `${display(path)} is protected by ${pattern} (cleanup.neverDelete)`
    return condition("protection", false, value, "none", "cleanup.neverDelete")
  }
  return condition("protection", true, "none", "none", "cleanup.neverDelete")
}

/** `hashes`: a relocation has leased its torrents before the first of its files moves. */
export const ofMoving = Effect.fnUntraced(function* (
  paths: ReadonlyArray<string>,
  hashes: ReadonlyArray<string>,
  world: World
) {
  const leases = yield* (yield* Sagas).leases
  const leased = hashes.flatMap((hash) => leases.get(hash) ?? [])[0]
  const moved = world.moving.find((saga) =>
    saga.paths.some((one) => paths.some((path) => isWithin(one, path) || isWithin(path, one)))
  )
  const saga = leased === undefined ? moved?.saga : `the ${leased.kind} of ${leased.subject}`
  const value = saga === undefined ? "none" : `${saga} is under way`
  return condition("relocation", saga === undefined, value, "none under way", "media-pipeline status")
})

const ofFiles = ({ payloads, unreadable }: Family): Condition => {
  const all = payloads.flatMap(({ files }) => files)
  const wrong = all.find(({ found, wanted }) => found._tag === "Unreadable" || (wanted && found._tag === "Absent"))
  const why =
    unreadable ??
    (wrong === undefined
      ? null
      : wrong.found._tag === "Unreadable"
        ? `${wrong.path} cannot be read: ${wrong.found.why}`
        : `${wrong.path} is not there`)
  return condition("on disk", why === null, display(why ?? "whole"), "whole and readable", "the disk")
}

/** What the torrents of a family owe, read from the client now; and whatever else could keep its payload. */
export const judgeFamily = Effect.fn("retired.judge")(function* (
  family: Family,
  earlier: ReadonlyArray<Payload>,
  titles: ReadonlyArray<RetiredTitle>,
  ground: Ground,
  world: World
) {
  const client = yield* TorrentClient
  const verdicts = yield* unlessBack(followed([...family.payloads, ...earlier], titles))
  const files = family.payloads.flatMap((payload) => payload.files)
  const names = files.flatMap(({ found }) => (found._tag === "Known" ? [found.value.path] : []))
  const hashes = family.torrents.map(({ torrent }) => torrent.hash)
  const trackers = new Map<string, Fact<ReadonlyArray<string>>>()
  const owed: Array<Condition> = []
  for (const { torrent } of family.torrents) {
    const hosts = known(yield* client.trackers(torrent.hash), "qBittorrent", yield* Clock.currentTimeMillis)
    trackers.set(torrent.hash, hosts)
    const seeded = { ...torrent, present: true, settled: isComplete(torrent) }
    owed.push(...obligations(policyOf(world.cleanup), seeded, hosts, world.now))
  }
  const retired = ofFollowed(hashes.map((hash) => verdicts.get(hash)))
  const none = condition("retired", false, "it came again after its title was retired", "retired", "state.db")
  const conditions = [
    ...(retired.length === 0 ? [none] : retired),
    ofPlace(names, ground),
    ofProtected([...files.map(({ path }) => path), ...names], world),
    ofFiles(family),
    yield* ofMoving(names, hashes, world),
    ...owed
  ]
  return { conditions, trackers, titles: [...new Set([...verdicts.values()].flatMap((one) => one.titles))] }
})
