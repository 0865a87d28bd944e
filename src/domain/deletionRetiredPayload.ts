import { isWithin } from "../platform/BytePath.ts"
import { type Condition, freshFor, ofClaims, ofConditions, ofFact } from "./evidence.ts"
import type { Fact } from "./fact.ts"
import { compare, type Fence, isSameInode } from "./fence.ts"
import { isBelow, isPlain } from "./paths.ts"

/** The title that was retired: why its payload may go. */
export interface Retirement {
  readonly id: number
  readonly title: string
  /** Milliseconds since the epoch. */
  readonly endedAt: number
}

/** An inode of a retired payload. */
export interface RetiredFile {
  /** Canonical; every name that it had when it was written down, all of them files of the torrents. */
  readonly names: ReadonlyArray<string>
  readonly fence: Fence
  readonly links: number
  /** As it is now, and how many of the names are there. Absent: none is, and nothing is left to do. */
  readonly found: Fact<{ readonly fence: Fence; readonly links: number; readonly names: number }>
}

export interface RetiredPayloadTorrent {
  readonly hash: string
  readonly name: string
  /** Its .torrent file, kept. */
  readonly exported: string | null
  /** It is not in the client any more, and that was our doing. */
  readonly removed: boolean
}

/** A torrent whose title was retired and whose payload goes next; never its files through the client. */
export interface RetiredTorrent {
  readonly _tag: "RetiredTorrent"
  readonly hash: string
  readonly exported: string | null
  readonly retirements: ReadonlyArray<Retirement>
  readonly roots: ReadonlyArray<string>
  /** The whole payload, written down already: after the removal nobody else knows of it. */
  readonly recorded: boolean
  readonly files: ReadonlyArray<RetiredFile>
  readonly conditions: ReadonlyArray<Condition>
}

/** The payload of a retired title outside of completedDir, once its torrents have gone. */
export interface RetiredPayload {
  readonly _tag: "RetiredPayload"
  readonly subject: string
  readonly retirements: ReadonlyArray<Retirement>
  /** Seeding directories, canonical. */
  readonly roots: ReadonlyArray<string>
  readonly torrents: ReadonlyArray<RetiredPayloadTorrent>
  readonly files: ReadonlyArray<RetiredFile>
  /** Folders that it lay in: they go where nothing is left in them. */
  readonly folders: ReadonlyArray<string>
  /** Torrents with a file on one of its inodes or paths. */
  readonly claims: Fact<ReadonlyArray<string>>
  readonly conditions: ReadonlyArray<Condition>
}

export const ofRetirements = (retirements: ReadonlyArray<Retirement>, now: number): ReadonlyArray<string> =>
  retirements.length === 0
    ? ["no title of it was retired"]
    : retirements.filter(({ endedAt }) => !(endedAt <= now)).map(({ title }) => `${title} is not retired yet`)

const ofRoots = (roots: ReadonlyArray<string>): ReadonlyArray<string> =>
  roots.length > 0 && roots.every((root) => isPlain(root) && root !== "/") ? [] : ["it names no seeding directory"]

const ofPlaces = (paths: ReadonlyArray<string>, roots: ReadonlyArray<string>): ReadonlyArray<string> =>
  paths.flatMap((path) => [
    ...(isPlain(path) && roots.some((root) => isBelow(path, root)) ? [] : [`${path} is not below a seeding directory`]),
    ...(roots.some((root) => isWithin(root, path)) ? [`${path} is a seeding directory, or holds one`] : [])
  ])

const ofFile = (file: RetiredFile, now: number): ReadonlyArray<string> => {
  const name = file.names[0] ?? "a file"
  const reasons: Array<string> = []
  if (file.names.length === 0) reasons.push("a file has no name")
  if (file.links !== file.names.length) {
    reasons.push(`${name} had ${file.links} names, and ${file.names.length} of them are of its torrents`)
  }
  if (file.found._tag === "Absent") {
    const { readAt } = file.found
    return readAt <= now && now - readAt <= freshFor ? reasons : [...reasons, `${name} was not read just now`]
  }
  reasons.push(...ofFact(file.found, name, now))
  if (file.found._tag !== "Known") return reasons
  const { fence, links, names } = file.found.value
  if (links !== names) reasons.push(`${name} has ${links} names, and ${names} of them are ours: something uses it`)
  if (!(names >= 1 && names <= file.names.length)) reasons.push(`${name} has none of the names that it had`)
  // A name that a crash has let go already has moved the ctime.
  const moved = compare(file.fence, fence)
  const partly = names < file.names.length && moved === "relinked"
  if (!isSameInode(file.fence, fence) || (moved !== "same" && !partly)) reasons.push(`${name} is not as it was`)
  return reasons
}

const ofFiles = (files: ReadonlyArray<RetiredFile>, roots: ReadonlyArray<string>, now: number) => {
  const names = files.flatMap((file) => file.names)
  return [
    ...(files.length === 0 ? ["it names no file"] : []),
    ...(new Set(names).size === names.length ? [] : ["a name is counted twice"]),
    ...ofPlaces(names, roots),
    ...files.flatMap((file) => ofFile(file, now))
  ]
}

const isHash = (hash: string) => /^[0-9a-f]{40}$/.test(hash)

const ofExport = (hash: string, exported: string | null): ReadonlyArray<string> => [
  ...(isHash(hash) ? [] : [`${hash} is not one infohash`]),
  ...(exported !== null && isPlain(exported) ? [] : ["its .torrent was not exported"])
]

export const ofRetiredTorrent = (evidence: RetiredTorrent, now: number): ReadonlyArray<string> => {
  const { conditions, exported, files, hash, recorded, retirements, roots } = evidence
  return [
    ...ofExport(hash, exported),
    ...ofRetirements(retirements, now),
    ...ofRoots(roots),
    ...(recorded ? [] : ["its files were not written down"]),
    ...ofFiles(files, roots, now),
    ...ofConditions(conditions)
  ]
}

export const ofRetiredPayload = (evidence: RetiredPayload, now: number): ReadonlyArray<string> => {
  const { claims, conditions, files, folders, retirements, roots, torrents } = evidence
  return [
    ...ofRetirements(retirements, now),
    ...ofRoots(roots),
    ...(torrents.length === 0 ? ["it names no torrent"] : []),
    ...torrents.flatMap(({ exported, hash, name, removed }) => [
      ...ofExport(hash, exported),
      ...(removed ? [] : [`the torrent ${name} was not removed by us`])
    ]),
    ...ofFiles(files, roots, now),
    ...ofPlaces(folders, roots),
    ...ofClaims(claims, now),
    ...ofConditions(conditions)
  ]
}
