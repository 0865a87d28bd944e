import { Clock, Effect, Result, Schema } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import { Cleanup, type CleanupConfig } from "../config/schema.ts"
import type { Condition } from "../domain/deletion.ts"
import { isRetiredItem } from "../domain/deletionRetiredRemote.ts"
import { unreadable } from "../domain/fact.ts"
import type { Item } from "../domain/items.ts"
import { destination } from "../domain/manifest.ts"
import { shownRemote } from "../domain/remoteName.ts"
import type { Explanation } from "../domain/reports.ts"
import { bytes as size } from "../platform/Text.ts"
import { Disk } from "../services/Disk.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import { Items } from "../state/Items.ts"
import { Journal } from "../state/Journal.ts"
import { Torrents } from "../state/Torrents.ts"
import { containers } from "./cleanup-claimants.ts"
import { condition, earliestOf, judgeHere, judgeRemote, type World } from "./cleanup-judge.ts"
import { dueConditions, previousClock } from "./cleanup-purge.ts"
import { readRemote, unreadableRemote } from "./cleanup-remote.ts"
import { sentence } from "./cleanup-words.ts"
import { movingNow, type Setting, subjectOf, worldOf } from "./cleanup-world.ts"

/** Of cleanup, where it is not configured. */
export const defaults = Schema.decodeUnknownEffect(Cleanup)({}).pipe(Effect.orDie)

/** The world as far as it can be read; what cannot is a fact that says so. */
const worldFor = Effect.fnUntraced(function* (item: Item, cleanup: CleanupConfig) {
  const config = yield* AppConfig
  const client = yield* TorrentClient
  const ledger = yield* Torrents
  const subject = yield* subjectOf(item)
  const read = yield* Effect.result(
    Effect.gen(function* () {
      const torrents = yield* client.torrents
      const readAt = yield* Clock.currentTimeMillis
      const setting: Setting = { config, cleanup, roots: yield* containers }
      return yield* worldOf(setting, torrents, readAt, [subject], true)
    })
  )
  if (Result.isSuccess(read)) return { subject, world: read.success }
  const now = yield* Clock.currentTimeMillis
  const world: World = {
    config,
    cleanup,
    roots: [config.completedDir],
    located: unreadable("qBittorrent", now, read.failure.message),
    ledger: yield* ledger.all,
    trackers: new Map(),
    moving: yield* movingNow,
    now
  }
  return { subject, world }
})

const remoteCondition = Effect.fnUntraced(function* (subject: Parameters<typeof judgeRemote>[0], world: World) {
  const read = yield* Effect.result(readRemote([subject]))
  const now = yield* Clock.currentTimeMillis
  const view = Result.isSuccess(read) ? read.success : unreadableRemote(read.failure, now)
  return judgeRemote(subject, view, shownRemote(world.config.upload.remote), now).condition
})

const spaceCondition = Effect.fnUntraced(function* (world: World) {
  const threshold = world.cleanup.onlyWhenFreeBelowBytes
  if (threshold === null) return []
  const disk = yield* Disk
  const free = yield* disk.freeBytes(world.config.completedDir)
  const value = free._tag === "Known" ? `${size(free.value)} are free` : "the free space cannot be read"
  const met = free._tag === "Known" && free.value < threshold
  return [condition("free space", met, value, `below ${size(threshold)}`, "cleanup.onlyWhenFreeBelowBytes")]
})

const summaries: Record<Item["state"], (item: Item, blocking: Condition | undefined, off: boolean) => string> = {
  discovered: (item) => `It waits for its upload${item.reason === null ? "" : ` (${item.reason})`}.`,
  uploading: () => "It is being uploaded, or was when a run ended; the next upload goes on with it.",
  failed: (item) => `Its upload failed (${item.reason ?? "no reason was recorded"}); the next upload tries again.`,
  blocked: (item) =>
    `Its upload is blocked until it changes or is asked for by name: ${item.reason ?? "no reason was recorded"}.`,
  uploaded: (_, blocking, off) =>
    off
      ? "It is uploaded and here; cleanup is not configured, so it stays."
      : blocking === undefined
        ? "It is uploaded, and nothing needs it here any more: the next cleanup releases it."
        : `It is uploaded and stays here, because ${sentence(blocking)}.`,
  releasing: (_, blocking) =>
    blocking === undefined
      ? "Its release was interrupted; the next cleanup goes on with it."
      : `Its release was interrupted and waits, because ${sentence(blocking)}.`,
  quarantined: (item, blocking) =>
    `It lies in the quarantine (${item.quarantinePath ?? "unknown"}); ${blocking === undefined ? "the next cleanup removes it" : "cleanup removes it once its time is over"}. media-pipeline restore brings it back.`,
  released: (item) =>
    isRetiredItem(item)
      ? `It was released and ${item.reason ?? "retired"}.`
      : "It was released: it is on the remote only. media-pipeline restore brings it back."
}

const conditionsOf = Effect.fnUntraced(function* (item: Item) {
  const config = yield* AppConfig
  const cleanup = config.cleanup ?? (yield* defaults)
  const { subject, world } = yield* worldFor(item, cleanup)
  if (item.state === "released") return { conditions: [], world }
  const proven = item.digest === null ? [] : [yield* remoteCondition(subject, world)]
  if (item.state === "quarantined") {
    return { conditions: [...dueConditions(item, world.now, yield* previousClock), ...proven], world }
  }
  const off =
    config.cleanup === undefined
      ? [condition("cleanup", false, "cleanup is not configured", "configured", "config.json")]
      : []
  return { conditions: [...off, ...judgeHere(subject, world), ...(yield* spaceCondition(world)), ...proven], world }
})

export const historyOf = Effect.fnUntraced(function* (subject: string, hashes: ReadonlyArray<string>) {
  const journal = yield* Journal
  const entries = yield* Effect.forEach([subject, ...hashes], (one) => journal.history(one, 20))
  return entries
    .flat()
    .toSorted((one, other) => one.begunAt - other.begunAt)
    .map(({ begunAt, detail, outcome, step }) => ({
      at: begunAt,
      what: `${step}: ${detail ?? ""} (${outcome ?? "not finished"})`
    }))
})

export const explainItem = Effect.fnUntraced(function* (item: Item) {
  const config = yield* AppConfig
  const items = yield* Items
  const { conditions, world } = yield* conditionsOf(item)
  const blocking = conditions.find(({ met }) => !met)
  const present = new Set(world.located._tag === "Known" ? world.located.value.map(({ torrent }) => torrent.hash) : [])
  const names = new Map(world.ledger.map(({ hash, name }) => [hash, name]))
  const files = yield* items.files(item.id)
  const settled = item.state === "released" || (blocking === undefined && conditions.length > 0)
  const explanation: Explanation = {
    subject: item.path,
    kind: "item",
    summary: summaries[item.state](item, blocking, config.cleanup === undefined),
    state: item.state,
    destination: `${shownRemote(config.upload.remote)}/${destination(item)}`.replace(":/", ":"),
    torrents: item.hashes.map((hash) => ({ hash, name: names.get(hash) ?? hash, present: present.has(hash) })),
    files: files.map(({ path, proof, remote, sha1, size, verifiedAt }) => ({
      path,
      size,
      sha1,
      remote,
      proof,
      verifiedAt
    })),
    conditions,
    earliest: settled ? world.now : earliestOf(conditions),
    history: yield* historyOf(item.path, item.hashes)
  }
  return explanation
})
