import { Duration } from "effect"
import type { CleanupConfig, Config } from "../config/schema.ts"
import { type Claim, claimsOn } from "../domain/claims.ts"
import {
  type Condition,
  doubts,
  type Evidence,
  type FileEvidence,
  instant,
  quarantineFolder
} from "../domain/deletion.ts"
import { type Fact, known, unreadable } from "../domain/fact.ts"
import { hostPath, type Item, type ItemFile } from "../domain/items.ts"
import { obligations, type Policy } from "../domain/obligations.ts"
import { protectedBy } from "../domain/protection.ts"
import type { Followed } from "../domain/retiredTorrents.ts"
import { isComplete } from "../domain/torrents.ts"
import { basename, dirname, display, isWithin, join } from "../platform/BytePath.ts"
import { count } from "../platform/Text.ts"
import type { LedgerEntry } from "../state/Torrents.ts"
import type { Located } from "./cleanup-claimants.ts"
import type { Look } from "./cleanup-look.ts"
import type { RemoteView } from "./cleanup-remote.ts"
import { retirementOf } from "./cleanup-retired.ts"
import { claimed, sentence } from "./cleanup-words.ts"

export interface Subject {
  readonly item: Item
  readonly files: ReadonlyArray<ItemFile>
  readonly look: Fact<Look>
  /** When it was last brought back by `restore`; null when never. */
  readonly restoredAt: number | null
}

/** Milliseconds for which something that a person brought back is left alone. */
export const restoredFor = 7 * 86_400_000

/** What was read of the rest of the world. */
export interface World {
  readonly config: Config
  readonly cleanup: CleanupConfig
  readonly roots: ReadonlyArray<string>
  readonly located: Fact<ReadonlyArray<Located>>
  readonly ledger: ReadonlyArray<LedgerEntry>
  /** Tracker hosts of torrents in the client, where they were asked for. */
  readonly trackers: ReadonlyMap<string, Fact<ReadonlyArray<string>>>
  /** What a relocation under way moves, or may have to bring back. */
  readonly moving: ReadonlyArray<Moving>
  /** By infohash, torrents that share their bytes with one of a retired title, where that was looked at. */
  readonly retired?: ReadonlyMap<string, Followed>
  readonly now: number
}

export interface Moving {
  readonly saga: string
  readonly paths: ReadonlyArray<string>
}

export const condition = (
  name: string,
  met: boolean,
  value: string,
  threshold: string,
  source: string,
  metAt: number | null = null
): Condition => ({ name, met, value, threshold, source, metAt: met ? null : metAt })

/** When time alone meets all that is not met; null when something else is needed, or nothing. */
export const earliestOf = (conditions: ReadonlyArray<Condition>): number | null => {
  const open = conditions.filter(({ met }) => !met)
  const times = open.flatMap(({ metAt }) => (metAt === null ? [] : [metAt]))
  return open.length > 0 && times.length === open.length ? Math.max(...times) : null
}

export const reasonOf = (conditions: ReadonlyArray<Condition>): string | null => {
  const first = conditions.find(({ met }) => !met)
  return first === undefined ? null : sentence(first)
}

export const policyOf = (cleanup: CleanupConfig): Policy => ({
  minSeedSeconds: Duration.toSeconds(cleanup.minSeedTime),
  minRatio: cleanup.minRatio,
  trackers: Object.fromEntries(
    Object.entries(cleanup.trackers).map(([host, { minRatio, minSeedTime }]) => [
      host,
      {
        ...(minSeedTime === undefined ? {} : { minSeedSeconds: Duration.toSeconds(minSeedTime) }),
        ...(minRatio === undefined ? {} : { minRatio })
      }
    ])
  )
})

const ofState = (item: Item): Condition => {
  const met = item.state === "uploaded" || item.state === "releasing"
  const value = item.reason === null ? item.state : `${item.state} (${item.reason})`
  return condition("state", met, met ? value : `it is not uploaded but ${value}`, "uploaded", "state.db")
}

const ofExtraction = (item: Item): Condition =>
  condition(
    "extraction",
    item.extraction !== "failed",
    item.extraction === "failed"
      ? `its extraction failed (${item.extractionReason ?? "no reason was recorded"}), and the archive stays for another try`
      : item.extraction,
    "none or done",
    "state.db"
  )

/** `extents`: its path, and where that leads, which is what a person may have written down. */
export const ofProtection = (
  cleanup: CleanupConfig,
  { files, item }: Pick<Subject, "files" | "item">,
  extents: ReadonlyArray<string>
): Condition => {
  const inside = files
    .filter(({ origin }) => origin === "original")
    .map((file) => hostPath(item, file).slice(item.kind === "rootless" ? 0 : item.path.length))
  const paths =
    item.kind === "rootless"
      ? [item.path, ...inside, ...extents]
      : [...new Set([item.path, ...extents])].flatMap((extent) => [extent, ...inside.map((rest) => `${extent}${rest}`)])
  for (const path of paths) {
    const pattern = protectedBy(cleanup.neverDelete, path)
    if (pattern !== undefined) {
      const value = `${display(path)} is protected by ${pattern} (cleanup.neverDelete)`
      return condition("protection", false, value, "none", "cleanup.neverDelete")
    }
  }
  return condition("protection", true, "none", "none", "cleanup.neverDelete")
}

const ofDisk = (item: Item, look: Fact<Look>): Condition => {
  const name = "unchanged"
  const threshold = "as it was uploaded"
  if (look._tag !== "Known") {
    const value = look._tag === "Absent" ? "it is gone" : `it cannot be read: ${look.why}`
    return condition(name, false, value, threshold, "the disk")
  }
  const { added, files } = look.value
  const changed = files.filter(({ is }) => is === "changed").map(({ path }) => path)
  // What is left of an item that is already going does not have to be whole, and what is new beside it stays.
  const wrong = item.state === "releasing" ? changed : [...changed, ...added]
  const gone = files.filter(({ is }) => is === "gone").length
  const whole = `${count(files.length - gone, "file")} as uploaded${gone === 0 ? "" : `, ${gone} gone`}`
  const such = display(basename(wrong[0] ?? ""))
  const more =
    wrong.length === 1 ? `a file is changed or new (${such})` : `${wrong.length} files are changed or new (${such} …)`
  return condition(name, wrong.length === 0, wrong.length === 0 ? whole : more, threshold, "the disk")
}

const ofRestored = ({ restoredAt }: Subject, now: number): Condition => {
  const until = restoredAt === null ? 0 : restoredAt + restoredFor
  const value =
    restoredAt === null
      ? "never"
      : until <= now
        ? instant(restoredAt)
        : "somebody restored it, and it stays for 7 days after that"
  return condition("restored", until <= now, value, "never, or more than 7 days ago", "the journal", until)
}

/** Which torrents claim the item; Unreadable where that cannot be said for certain. */
export const claimsOf = (subject: Subject, world: World): Fact<ReadonlyArray<Claim>> => {
  const { located, now } = world
  if (located._tag !== "Known") return unreadable("qBittorrent", now, "why" in located ? located.why : "no list")
  if (subject.look._tag !== "Known") return unreadable(subject.item.path, now, "it cannot be read on the disk")
  const all = located.value.map(({ claimant }) => claimant)
  const { claims, unreadable: why } = claimsOn(subject.look.value.footprint, all)
  return why === null ? known(claims, located.source, located.readAt) : unreadable("qBittorrent", located.readAt, why)
}

const untracked = (claims: Fact<ReadonlyArray<Claim>>): Condition => {
  const name = "torrents"
  const threshold = "none that claims it"
  if (claims._tag !== "Known") {
    return condition(name, false, claims._tag === "Unreadable" ? claims.why : "no list", threshold, claims.source)
  }
  const value = claims.value.length === 0 ? "none" : claimed(claims.value)
  return condition(name, claims.value.length === 0, value, threshold, claims.source)
}

/** What torrents that have left the client owed when they were last seen. */
export const owedByGone = (entries: ReadonlyArray<LedgerEntry>, world: World): ReadonlyArray<Condition> =>
  entries.flatMap((entry) =>
    obligations(
      policyOf(world.cleanup),
      { ...entry, present: false, settled: true, state: "removed" },
      known(entry.trackers, "ledger", world.now),
      world.now
    )
  )

const owed = (
  subject: Pick<Subject, "item">,
  claims: Fact<ReadonlyArray<Claim>>,
  world: World
): ReadonlyArray<Condition> => {
  if (claims._tag !== "Known" || world.located._tag !== "Known") return [untracked(claims)]
  const policy = policyOf(world.cleanup)
  const present = new Map(world.located.value.map(({ torrent }) => [torrent.hash, torrent]))
  const ledger = new Map(world.ledger.map((entry) => [entry.hash, entry]))
  const ofPresent = claims.value.flatMap(({ hash }) => {
    const torrent = present.get(hash)
    if (torrent === undefined) return []
    const hosts = world.trackers.get(hash) ?? unreadable("qBittorrent", world.now, "its trackers were not asked for")
    return obligations(policy, { ...torrent, present: true, settled: isComplete(torrent) }, hosts, world.now)
  })
  const gone = [...ledger.values()].filter(
    (entry) =>
      !present.has(entry.hash) &&
      !entry.removedByUs &&
      (subject.item.hashes.includes(entry.hash) || entry.contentPath === subject.item.path)
  )
  return [...ofPresent, ...owedByGone(gone, world)]
}

export const ofRelocation = (item: Pick<Item, "path">, moving: ReadonlyArray<Moving>): Condition => {
  const found = moving.find(({ paths }) => paths.some((path) => isWithin(path, item.path) || isWithin(item.path, path)))
  return condition(
    "relocation",
    found === undefined,
    found === undefined ? "none" : `${found.saga} is under way`,
    "none under way",
    "media-pipeline status"
  )
}

/** In managed mode torrents may still claim it, and so may those of a retired title in any mode: they go first. */
const ofTorrents = (subject: Subject, claims: Fact<ReadonlyArray<Claim>>, world: World): ReadonlyArray<Condition> => {
  const { follows, retired } = retirementOf(claims, world.retired)
  if (world.cleanup.mode === "managed" || follows) {
    return [...(follows ? retired : []), ...owed(subject, claims, world)]
  }
  return [...retired, untracked(claims)]
}

/** Everything that the remote has no say in. */
export const judgeHere = (subject: Subject, world: World): ReadonlyArray<Condition> => {
  const claims = claimsOf(subject, world)
  return [
    ofState(subject.item),
    ofProtection(
      world.cleanup,
      subject,
      subject.look._tag === "Known" ? subject.look.value.footprint.extents : [subject.item.path]
    ),
    ofDisk(subject.item, subject.look),
    ofExtraction(subject.item),
    ofRestored(subject, world.now),
    ofRelocation(subject.item, world.moving),
    ...ofTorrents(subject, claims, world)
  ]
}

export const evidenceOf = (
  subject: Subject,
  view: RemoteView,
  files: ReadonlyArray<ItemFile> = subject.files
): ReadonlyArray<FileEvidence> =>
  files.map((file) => ({
    path: hostPath(subject.item, file),
    fence: file.fence,
    size: file.size,
    hash: view.expected(file),
    sha1: file.sha1,
    proof: file.state === "verified" ? file.proof : null,
    replica: view.replica(file)
  }))

/** `mend`: the remote answered, and does not hold what we proved once; uploading again mends that. */
export const judgeRemote = (
  subject: Subject,
  view: RemoteView,
  remote: string,
  now: number
): { readonly condition: Condition; readonly mend: boolean } => {
  const evidence = evidenceOf(subject, view)
  const unread = evidence.some(({ replica }) => replica._tag === "Unreadable")
  const wrong = evidence.some(
    ({ hash, proof, replica, size }) =>
      proof === null ||
      replica._tag === "Absent" ||
      (replica._tag === "Known" &&
        (replica.value.size !== size || (replica.value.hash !== null && replica.value.hash !== hash)))
  )
  const all = evidence.length === 0 ? ["no file was recorded"] : evidence.flatMap((file) => doubts(file, now))
  const met = all.length === 0
  const value = met ? `${count(evidence.length, "file")} with our size and hash` : (all[0] ?? "")
  return {
    condition: condition("remote", met, value, "every file, with our size and hash", remote),
    mend: wrong && !unread
  }
}

/** Where a file of an item lies while it waits for its deletion. */
export const quarantineOf = (config: Config, item: Item): string =>
  join(join(config.completedDir, quarantineFolder), String(item.id))

export const quarantined = (item: Item, folder: string, path: string): string =>
  `${folder}${path.slice(dirname(item.path).length)}`

/**
 * What the gate is to see: only what is still on the disk has to be proven, all of it. Where a crash has left nothing but
 * empty folders, that is the whole manifest.
 */
export const localCopy = (
  subject: Subject,
  view: RemoteView,
  world: World,
  conditions: ReadonlyArray<Condition>
): Extract<Evidence, { _tag: "LocalCopy" }> => {
  const { item, look } = subject
  const all = look._tag === "Known" ? look.value.files : []
  const left = all.filter(({ is }) => is !== "gone")
  const here = left.length === 0 ? all : left
  const claims = claimsOf(subject, world)
  const hashes: Fact<ReadonlyArray<string>> =
    claims._tag === "Known"
      ? known(
          claims.value.map(({ hash }) => hash),
          claims.source,
          claims.readAt
        )
      : claims
  return {
    _tag: "LocalCopy",
    item: item.path,
    root: item.kind === "rootless" ? dirname(item.path) : item.path,
    rootless: item.kind === "rootless",
    roots: world.roots,
    files: evidenceOf(
      subject,
      view,
      here.map(({ file }) => file)
    ),
    claims: hashes,
    conditions,
    quarantine: world.cleanup.quarantineFor === null ? null : quarantineOf(world.config, item)
  }
}
