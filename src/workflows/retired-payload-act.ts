import { Clock, Effect, Result } from "effect"
import type { RetiredPayload, RetiredTorrent } from "../domain/deletionRetiredPayload.ts"
import type { Condition } from "../domain/evidence.ts"
import type { Torrent } from "../domain/torrents.ts"
import { display } from "../platform/BytePath.ts"
import { count } from "../platform/Text.ts"
import { Gate } from "../services/Gate.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import { Journal } from "../state/Journal.ts"
import { type RecordedPayload, RetiredPayloads } from "../state/RetiredPayloads.ts"
import { Torrents } from "../state/Torrents.ts"
import { locate } from "./cleanup-claimants.ts"
import { owedByGone, reasonOf, type World } from "./cleanup-judge.ts"
import { exportTorrent, type TorrentOutcome } from "./cleanup-managed.ts"
import { type Setting, worldOf } from "./cleanup-world.ts"
import type { Family } from "./retired-families.ts"
import { type Ground, groundOf, ofMoving, ofPlace, ofProtected } from "./retired-judge.ts"
import { claimsOnRecord, lookAtFiles, renewed, unmounted } from "./retired-record.ts"

export interface Outcome {
  readonly outcome: "released" | "kept" | "failed"
  readonly reason: string | null
  readonly conditions: ReadonlyArray<Condition>
  readonly freed: number
}

const retirementsOf = ({ titles }: RecordedPayload) => titles.map(({ endedAt, id, title }) => ({ id, title, endedAt }))

/** The client's list read again, and where everything in it lies. */
export const readWorld = Effect.fnUntraced(function* (setting: Setting, lookInside: boolean) {
  const client = yield* TorrentClient
  const torrents = yield* client.torrents
  const readAt = yield* Clock.currentTimeMillis
  const world = yield* worldOf(setting, torrents, readAt, [], false)
  const known = world.located._tag === "Known" ? world.located.value : []
  return { world, readAt, located: lookInside ? yield* locate(torrents, setting.roots, true) : known }
})

const setTorrent = (record: RecordedPayload, hash: string, change: { exported?: string; removed?: boolean }) => ({
  ...record,
  torrents: record.torrents.map((one) => (one.hash === hash ? { ...one, ...change } : one))
})

/**
 * Takes a family's torrents out of the client, each after its export, the payload written down before the first.
 * Returns the record as it is then, and what stopped it.
 */
export const removeFamily = Effect.fn("retired.removeTorrents")(function* (
  begun: RecordedPayload,
  family: Family,
  judged: { readonly conditions: ReadonlyArray<Condition>; readonly hosts: ReadonlyMap<string, ReadonlyArray<string>> },
  ground: Ground,
  world: World
) {
  const gate = yield* Gate
  const journal = yield* Journal
  const ledger = yield* Torrents
  const payloads = yield* RetiredPayloads
  let record = begun
  const outcomes: Array<TorrentOutcome> = []
  for (const located of family.torrents) {
    const { hash, name }: Torrent = located.torrent
    const removal = Effect.gen(function* () {
      yield* ledger.setTrackers(hash, judged.hosts.get(hash) ?? [])
      const exported = yield* journal.step("cleanup.export", hash, name, exportTorrent(located, world))
      record = setTorrent(record, hash, { exported })
      yield* payloads.note(record)
      const evidence: RetiredTorrent = {
        _tag: "RetiredTorrent",
        hash,
        exported,
        retirements: retirementsOf(record),
        roots: ground.roots.map(({ path }) => path),
        recorded: record.torrents.some((one) => one.hash === hash),
        files: yield* lookAtFiles(record, ground.roots),
        conditions: judged.conditions
      }
      const removed = gate.pass(evidence).pipe(Effect.tap(ledger.setRemovedByUs(hash)))
      yield* journal.step("cleanup.torrent", hash, name, removed)
      record = setTorrent(record, hash, { removed: true })
      yield* payloads.note(record)
    })
    const result = yield* Effect.result(removal)
    if (Result.isFailure(result)) {
      const failure = result.failure
      if (failure._tag === "TorrentClientUnreadable" || failure._tag === "TorrentClientRefused") return yield* failure
      outcomes.push({ hash, name, outcome: "failed", reason: failure.message })
      return { record, outcomes, failed: failure.message }
    }
    yield* Effect.logInfo(`removed the torrent ${display(name)} (${hash}); its .torrent is kept`)
    outcomes.push({ hash, name, outcome: "removed", reason: null })
  }
  return { record, outcomes, failed: null }
})

/** Everything that could still keep it, now that its torrents have gone. */
export const conditionsAfter = Effect.fnUntraced(function* (record: RecordedPayload, ground: Ground, world: World) {
  const names = record.files.flatMap((file) => file.names)
  const hashes = record.torrents.map(({ hash }) => hash)
  return [
    ofPlace(names, ground),
    ofProtected(names, world),
    yield* ofMoving(names, hashes, world),
    ...owedByGone(
      world.ledger.filter((entry) => hashes.includes(entry.hash)),
      world
    )
  ]
})

/** Removes a payload whose torrents have all gone. `resumed`: it was begun by an earlier run. */
export const finish = Effect.fn("retired.finish")(function* (
  begun: RecordedPayload,
  setting: Setting,
  resumed: boolean
) {
  const gate = yield* Gate
  const journal = yield* Journal
  const payloads = yield* RetiredPayloads
  const { located, readAt, world } = yield* readWorld(setting, true)
  const ground = yield* groundOf(setting)
  const conditions = yield* conditionsAfter(begun, ground, world)
  const kept = (reason: string | null): Outcome => ({ outcome: "kept", reason, conditions, freed: 0 })
  const mount = unmounted(begun, ground.roots)
  if (mount !== null) return kept(mount)
  const back = begun.torrents.find(
    ({ hash, removed }) => removed && located.some(({ torrent }) => torrent.hash === hash)
  )
  if (back !== undefined) {
    const why = `the torrent ${display(back.name)} has come back to qBittorrent`
    yield* payloads.end(begun.id, "kept", why)
    return kept(why)
  }
  const open = reasonOf(conditions)
  if (open !== null) return kept(open)
  const seen = yield* lookAtFiles(begun, ground.roots)
  const record = resumed ? { ...begun, files: seen.map(renewed) } : begun
  if (resumed) yield* payloads.note(record)
  const files = yield* lookAtFiles(record, ground.roots)
  // What was not found has gone only if its disk was there all the while.
  const lost = unmounted(begun, (yield* groundOf(setting)).roots)
  if (lost !== null) return kept(lost)
  const evidence: RetiredPayload = {
    _tag: "RetiredPayload",
    subject: record.subject,
    retirements: retirementsOf(record),
    roots: ground.roots.map(({ path }) => path),
    torrents: record.torrents,
    files,
    folders: record.folders,
    claims: yield* claimsOnRecord(record, files, located, readAt),
    conditions
  }
  const detail = `${count(files.length, "file")} of a retired title`
  const result = yield* Effect.result(journal.step("cleanup.release", record.subject, detail, gate.pass(evidence)))
  if (Result.isFailure(result)) {
    const refused = result.failure._tag === "GateRefused"
    return {
      outcome: refused ? "kept" : "failed",
      reason: result.failure.message,
      conditions,
      freed: 0
    } satisfies Outcome
  }
  const { bytes, left } = result.success
  for (const { path, why } of left) yield* Effect.logWarning(`left in place: ${display(path)} (${display(why)})`)
  const [first] = left
  if (first !== undefined) {
    const reason = `${display(first.path)} stays: ${first.why}`
    return { outcome: "kept", reason, conditions, freed: bytes } satisfies Outcome
  }
  yield* payloads.end(record.id, "done", null)
  yield* Effect.logInfo(`released ${display(record.subject)}, whose title was retired`)
  return { outcome: "released", reason: null, conditions, freed: bytes } satisfies Outcome
})
