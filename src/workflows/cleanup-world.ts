import { Clock, Effect, Option } from "effect"
import type { CleanupConfig, Config } from "../config/schema.ts"
import { type Fact, known } from "../domain/fact.ts"
import type { Item } from "../domain/items.ts"
import type { Torrent } from "../domain/torrents.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import { Items } from "../state/Items.ts"
import { Journal } from "../state/Journal.ts"
import { Sagas } from "../state/Sagas.ts"
import { Torrents } from "../state/Torrents.ts"
import { locate, type Located } from "./cleanup-claimants.ts"
import { claimsOf, type Moving, type Subject, type World } from "./cleanup-judge.ts"
import { lookAt } from "./cleanup-look.ts"
import { retirementOf } from "./cleanup-retired.ts"
import { followedAmong } from "./retired-torrents.ts"

export const subjectOf = Effect.fnUntraced(function* (item: Item) {
  const items = yield* Items
  const journal = yield* Journal
  const files = yield* items.files(item.id)
  const restored = (yield* journal.history(item.path, 20)).find(
    ({ outcome, step }) => step.startsWith("restore.") && outcome === "done"
  )
  const subject: Subject = {
    item,
    files,
    look: yield* lookAt(item, files),
    restoredAt: restored?.endedAt ?? null
  }
  return subject
})

/** Of a saga that is not over both sides count: it may still have to go back. */
export const movingNow = Effect.gen(function* () {
  const sagas = yield* Sagas
  return yield* Effect.forEach(yield* sagas.open, (saga) =>
    Effect.map(sagas.plan(saga.id), ({ entries }): Moving => ({
      saga: `the ${saga.kind} of ${saga.subject}`,
      paths: entries.flatMap(({ source, target }) => [source, target])
    }))
  )
})

export interface Setting {
  readonly config: Config
  readonly cleanup: CleanupConfig
  readonly roots: ReadonlyArray<string>
}

const needsInside = (subjects: ReadonlyArray<Subject>): boolean =>
  subjects.some(({ look }) => look._tag === "Known" && look.value.footprint.linkedElsewhere)

/**
 * The world as these items need it. `torrents` is a list that was read at `readAt`. Tracker hosts are taken from the
 * ledger where it knows them, unless `fresh`.
 */
export const worldOf = Effect.fn("cleanup.world")(function* (
  setting: Setting,
  torrents: ReadonlyArray<Torrent>,
  readAt: number,
  subjects: ReadonlyArray<Subject>,
  fresh: boolean
) {
  const client = yield* TorrentClient
  const ledger = yield* Torrents
  const located: Extract<Fact<ReadonlyArray<Located>>, { _tag: "Known" }> = {
    _tag: "Known",
    value: yield* locate(torrents, setting.roots, needsInside(subjects)),
    source: "qBittorrent",
    readAt
  }
  const entries = yield* ledger.all
  const world: World = {
    ...setting,
    located,
    ledger: entries,
    trackers: new Map(),
    moving: yield* movingNow,
    now: yield* Clock.currentTimeMillis
  }
  const claims = subjects.map((subject) => claimsOf(subject, world))
  const retired = yield* followedAmong(located.value, subjects, claims)
  const recorded = new Map(entries.map((entry) => [entry.hash, entry.trackers]))
  const trackers = new Map<string, Fact<ReadonlyArray<string>>>()
  for (const claim of claims) {
    if (setting.cleanup.mode !== "managed" && !retirementOf(claim, retired).follows) continue
    for (const { hash } of claim._tag === "Known" ? claim.value : []) {
      if (trackers.has(hash)) continue
      const before = recorded.get(hash) ?? []
      const hosts = fresh || before.length === 0 ? yield* client.trackers(hash) : before
      trackers.set(hash, known(hosts, "qBittorrent", yield* Clock.currentTimeMillis))
    }
  }
  return { ...world, trackers, retired }
})

/** Reads the database, the client's list, the disk and the ledger again for a few items: an upload may be running. */
export const freshWorld = Effect.fnUntraced(function* (setting: Setting, before: ReadonlyArray<Subject>) {
  const client = yield* TorrentClient
  const items = yield* Items
  const subjects = yield* Effect.forEach(before, ({ item }) =>
    Effect.flatMap(items.find(item.path), (found) => subjectOf(Option.getOrElse(found, () => item)))
  )
  const torrents = yield* client.torrents
  const readAt = yield* Clock.currentTimeMillis
  return { subjects, world: yield* worldOf(setting, torrents, readAt, subjects, true) }
})
