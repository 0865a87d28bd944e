import { Effect, Result, Schema } from "effect"
import type { Condition, Evidence } from "../domain/deletion.ts"
import { hostPath } from "../domain/items.ts"
import type { CleanupReport } from "../domain/reports.ts"
import type { TorrentFile } from "../domain/torrents.ts"
import { writeAtomic } from "../platform/AtomicFile.ts"
import { basename, dirname, display, join } from "../platform/BytePath.ts"
import { Disk } from "../services/Disk.ts"
import { Gate } from "../services/Gate.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import { Journal } from "../state/Journal.ts"
import { Torrents } from "../state/Torrents.ts"
import type { Located } from "./cleanup-claimants.ts"
import { claimsOf, evidenceOf, type Subject, type World } from "./cleanup-judge.ts"
import type { RemoteView } from "./cleanup-remote.ts"

export type TorrentOutcome = CleanupReport["torrents"][number]

export interface Group {
  readonly subjects: ReadonlyArray<Subject>
  readonly torrents: ReadonlyArray<Located>
}

const claimedBy = (subject: Subject, world: World): ReadonlyArray<string> => {
  const claims = claimsOf(subject, world)
  return claims._tag === "Known" ? claims.value.map(({ hash }) => hash) : []
}

/** Items that share a torrent go together, or not at all. */
export const groupsOf = (subjects: ReadonlyArray<Subject>, world: World): ReadonlyArray<Group> => {
  const located = new Map(
    (world.located._tag === "Known" ? world.located.value : []).map((entry) => [entry.torrent.hash, entry])
  )
  const groups: Array<{ subjects: Array<Subject>; hashes: Set<string> }> = []
  for (const subject of subjects) {
    const hashes = new Set(claimedBy(subject, world))
    const touching = groups.filter((group) => [...hashes].some((hash) => group.hashes.has(hash)))
    const merged = { subjects: [...touching.flatMap((group) => group.subjects), subject], hashes }
    for (const group of touching) {
      for (const hash of group.hashes) merged.hashes.add(hash)
      groups.splice(groups.indexOf(group), 1)
    }
    groups.push(merged)
  }
  return groups.map((group) => ({
    subjects: group.subjects,
    torrents: [...group.hashes].flatMap((hash) => located.get(hash) ?? [])
  }))
}

/** The folder that the names of its files are relative to; the content of one file in a folder is the file. */
export const folderOf = (contentPath: string, files: ReadonlyArray<TorrentFile>): string => {
  const [only] = files
  if (files.length === 1 && only !== undefined && contentPath.endsWith(`/${only.path}`)) {
    return contentPath.slice(0, -only.path.length - 1)
  }
  const name = basename(contentPath)
  const beside = files.every(({ path }) => path === name || path.startsWith(`${name}/`))
  return beside ? dirname(contentPath) : contentPath
}

/**
 * Why a torrent cannot be removed although nothing is owed to it: data of it that is not of these items would be left
 * behind without anybody who knows of it. Null when all of it is.
 */
const uncovered = Effect.fnUntraced(function* ({ claimant, torrent }: Located, covered: ReadonlySet<string>) {
  const client = yield* TorrentClient
  const disk = yield* Disk
  const files = (yield* client.files(torrent.hash)).filter(({ wanted }) => wanted)
  if (files.length === 0) return `${torrent.name} has no files that could be compared`
  const base = claimant.rootless ? torrent.contentPath : folderOf(torrent.contentPath, files)
  for (const file of files) {
    const path = join(base, file.path)
    if (covered.has(path)) continue
    const leads = yield* disk.resolve(path)
    if (leads._tag !== "Known" || !covered.has(leads.value.path)) {
      return `${torrent.name} also has ${display(path)}, which is not of an uploaded item that can go now`
    }
  }
  return null
})

/** Why this group's torrents cannot go; null when each of them lies wholly in the group's items. */
export const hindrance = Effect.fnUntraced(function* (group: Group) {
  const disk = yield* Disk
  const covered = new Set<string>()
  for (const { files, item } of group.subjects) {
    for (const file of files) {
      if (file.origin !== "original") continue
      const path = hostPath(item, file)
      covered.add(path)
      const leads = yield* disk.resolve(path)
      if (leads._tag === "Known") covered.add(leads.value.path)
    }
  }
  for (const located of group.torrents) {
    const why = yield* uncovered(located, covered)
    if (why !== null) return why
  }
  return null
})

export class ExportFailed extends Schema.TaggedError<ExportFailed>()("ExportFailed", {
  name: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `the .torrent of ${display(this.name)} could not be exported, so it stays: ${this.why}`
  }
}

export const exportTorrent = Effect.fnUntraced(function* ({ torrent }: Located, world: World) {
  const client = yield* TorrentClient
  const disk = yield* Disk
  const ledger = yield* Torrents
  const folder = join(world.config.stateDir, "torrents")
  const file = join(folder, `${torrent.hash}.torrent`)
  const bytes = yield* client.export(torrent.hash)
  // A bencoded dictionary; anything else (an error page) could not be added again.
  if (bytes[0] !== 0x64 || bytes.at(-1) !== 0x65) {
    return yield* new ExportFailed({ name: torrent.name, why: "what qBittorrent sent is not a .torrent" })
  }
  const written = yield* Effect.result(
    Effect.andThen(disk.makeDirectory(folder, 0o700), writeAtomic(file, bytes, 0o600))
  )
  if (Result.isFailure(written)) {
    return yield* new ExportFailed({ name: torrent.name, why: written.failure.message })
  }
  yield* ledger.setExported(torrent.hash, file)
  return file
})

/** Removes a group's torrents from the client, each after its export. Stops at the first that does not go. */
export const removeTorrents = Effect.fn("cleanup.removeTorrents")(function* (
  group: Group,
  world: World,
  view: RemoteView,
  conditions: ReadonlyArray<Condition>
) {
  const gate = yield* Gate
  const journal = yield* Journal
  const ledger = yield* Torrents
  const outcomes: Array<TorrentOutcome> = []
  for (const located of group.torrents) {
    const { hash, name } = located.torrent
    const removal = Effect.gen(function* () {
      yield* ledger.setTrackers(hash, hostsOf(world, hash))
      const exported = yield* journal.step("cleanup.export", hash, name, exportTorrent(located, world))
      const files = group.subjects.flatMap((subject) =>
        evidenceOf(
          subject,
          view,
          subject.files.filter(({ origin }) => origin === "original")
        )
      )
      const evidence: Evidence = { _tag: "Torrent", hash, exported, files, conditions }
      const removed = gate.pass(evidence).pipe(Effect.tap(ledger.setRemovedByUs(hash)))
      yield* journal.step("cleanup.torrent", hash, name, removed)
    })
    const result = yield* Effect.result(removal)
    if (Result.isFailure(result)) {
      const failure = result.failure
      if (failure._tag === "TorrentClientUnreadable" || failure._tag === "TorrentClientRefused") return yield* failure
      outcomes.push({ hash, name, outcome: "failed", reason: failure.message })
      return outcomes
    }
    yield* Effect.logInfo(`removed the torrent ${display(name)} (${hash}); its .torrent is kept`)
    outcomes.push({ hash, name, outcome: "removed", reason: null })
  }
  return outcomes
})

export const hostsOf = (world: World, hash: string): ReadonlyArray<string> => {
  const fact = world.trackers.get(hash)
  return fact?._tag === "Known" ? fact.value : []
}
