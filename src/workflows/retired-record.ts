import { Clock, Effect } from "effect"
import { claimsOn, type Footprint, identity } from "../domain/claims.ts"
import type { RetiredFile } from "../domain/deletionRetiredPayload.ts"
import { absent, type Fact, known, unreadable } from "../domain/fact.ts"
import { compare, isSameInode } from "../domain/fence.ts"
import type { Payload, PayloadFile } from "../domain/retiredTorrents.ts"
import { dirname, isWithin } from "../platform/BytePath.ts"
import { Disk } from "../services/Disk.ts"
import type { RecordedFile, RecordedPayload, RecordedRoot } from "../state/RetiredPayloads.ts"
import type { Located } from "./cleanup-claimants.ts"
import { type Family, foldersAbove } from "./retired-families.ts"
import { lyingAt } from "./retired-torrents.ts"

/** The files of a family as they lie now, one an inode with all of its names. */
export const filesOf = (payloads: ReadonlyArray<Payload>): ReadonlyArray<RecordedFile> => {
  const byInode = new Map<string, { file: RecordedFile; names: Map<string, string> }>()
  for (const { files } of payloads) {
    for (const { found } of files) {
      if (found._tag !== "Known") continue
      const { entry, fence, links, path } = found.value
      const id = identity(fence)
      const one = byInode.get(id) ?? { file: { names: [], fence, links }, names: new Map() }
      // Two paths that lead to one entry are one name.
      if (!one.names.has(entry)) one.names.set(entry, path)
      byInode.set(id, one)
    }
  }
  return [...byInode.values()].map(({ file, names }) => ({ ...file, names: [...names.values()] }))
}

/** What was written down, and what is known of it by now. */
export const merged = (record: RecordedPayload, files: ReadonlyArray<RecordedFile>): ReadonlyArray<RecordedFile> => {
  // Not by the device's number, which another boot changes.
  const same = (one: RecordedFile, other: RecordedFile) =>
    isSameInode(one.fence, other.fence) && one.names.some((name) => other.names.includes(name))
  return [
    ...record.files.filter((before) => !files.some((file) => same(before, file))),
    ...files.map((file) => {
      const before = record.files.filter((one) => same(one, file)).flatMap((one) => one.names)
      return { ...file, names: [...new Set([...before, ...file.names])] }
    })
  ]
}

/** A root with another inode is the mount point of a disk that is not there: nothing may be concluded from it. */
export const unmounted = (record: RecordedPayload, roots: ReadonlyArray<RecordedRoot>): string | null => {
  const used = record.roots.filter(({ path }) =>
    record.files.some(({ names }) => names.some((name) => isWithin(name, path)))
  )
  const wrong = used.find(({ ino, path }) => !roots.some((root) => root.path === path && root.ino === ino))
  return wrong === undefined ? null : `${wrong.path} is not the folder that it was: is its disk mounted?`
}

/** Missing folders count as absence only below a root that is there. */
const lookAtName = Effect.fnUntraced(function* (name: string, roots: ReadonlyArray<RecordedRoot>) {
  const disk = yield* Disk
  const fact = yield* disk.stat(name)
  if (fact._tag !== "Unreadable") return fact
  const root = roots.find(({ path }) => isWithin(name, path))?.path ?? name
  for (let at = dirname(name); at !== root && isWithin(at, root); at = dirname(at)) {
    const folder = yield* disk.stat(at)
    if (folder._tag === "Absent") return folder
    if (folder._tag === "Known") return fact
  }
  return fact
})

/** How many of its names are there, and what they are names of now. */
const lookAtFile = Effect.fnUntraced(function* (file: RecordedFile, roots: ReadonlyArray<RecordedRoot>) {
  let found: RetiredFile["found"] | undefined
  for (const name of file.names) {
    const fact = yield* lookAtName(name, roots)
    if (fact._tag === "Unreadable") return { ...file, found: fact }
    if (fact._tag === "Absent") continue
    const { fence, kind, links } = fact.value
    if (kind !== "file" || !isSameInode(file.fence, fence)) {
      return { ...file, found: unreadable(name, fact.readAt, "something else lies there now") }
    }
    const names = found?._tag === "Known" ? found.value.names + 1 : 1
    found = known({ fence, links, names }, name, fact.readAt)
  }
  const none: RetiredFile["found"] = absent(file.names[0] ?? "", yield* Clock.currentTimeMillis)
  return { ...file, found: found ?? none } satisfies RetiredFile
})

export const lookAtFiles = (record: RecordedPayload, roots: ReadonlyArray<RecordedRoot>) =>
  Effect.forEach(record.files, (file): Effect.Effect<RetiredFile, never, Disk> => lookAtFile(file, roots))

/** Between two runs a backup or a chmod may have moved the ctime of a file that is the same in all else. */
export const renewed = (file: RetiredFile): RecordedFile => {
  const { fence, found, links, names } = file
  const whole = found._tag === "Known" && found.value.names === names.length && found.value.links === links
  const moved = whole && compare(fence, found.value.fence) === "relinked"
  return { fence: moved ? found.value.fence : fence, links, names }
}

/** The torrents that are still, or again, in the client with a file on it. */
export const claimsOnRecord = Effect.fnUntraced(function* (
  record: RecordedPayload,
  files: ReadonlyArray<RetiredFile>,
  located: ReadonlyArray<Located>,
  readAt: number
) {
  const names = record.files.flatMap((file) => file.names)
  const footprint: Footprint = {
    path: record.subject,
    extents: names,
    ids: new Set(record.files.map(({ fence }) => identity(fence))),
    above: yield* foldersAbove(names),
    // An inode with no name but ours is nobody else's.
    linkedElsewhere: files.some(({ found }) => found._tag === "Known" && found.value.links !== found.value.names)
  }
  const own = new Set(record.torrents.map(({ hash }) => hash))
  const { claims, unreadable: why } = claimsOn(
    footprint,
    located.map(({ claimant }) => claimant)
  )
  if (why !== null) return unreadable<ReadonlyArray<string>>("qBittorrent", readAt, why)
  const hashes = new Set(claims.map(({ hash }) => hash))
  for (const { torrent } of located) if (own.has(torrent.hash)) hashes.add(torrent.hash)
  const fact: Fact<ReadonlyArray<string>> = known([...hashes], "qBittorrent", readAt)
  return fact
})

/** Torrents of a record that have left the client, as they were: what is still there may share their inodes. */
export const earlierPayloads = Effect.fnUntraced(function* (record: RecordedPayload, family: Family) {
  const present = new Set(family.torrents.map(({ torrent }) => torrent.hash))
  const lying = yield* Effect.forEach(
    record.files.flatMap(({ fence, names }) => names.map((path) => ({ path, size: Number(fence.size) }))),
    ({ path, size }) => Effect.map(lyingAt(path), (found): PayloadFile => ({ path, size, wanted: true, found }))
  )
  return record.torrents
    .filter(({ hash }) => !present.has(hash))
    .map(({ hash, name }): Payload => ({ hash, name, addedAt: null, files: lying, extracted: [] }))
})
