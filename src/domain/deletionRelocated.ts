import { isWithin, join } from "../platform/BytePath.ts"
import { type Condition, instant, ofClaims, ofConditions, ofFact, quarantineFolder } from "./evidence.ts"
import type { Fact } from "./fact.ts"
import { compare, type Fence, isSameInode } from "./fence.ts"
import { isBelow, isPlain } from "./paths.ts"
import { stagingFolder } from "./sagas.ts"

/** An inode that a saga has moved: its names wait in the quarantine, its content lies on the other filesystem. */
export interface RelocatedFile {
  /** In the quarantine; absolute. */
  readonly names: ReadonlyArray<string>
  /** As it was when it was put there, and how many names it had then. */
  readonly fence: Fence
  readonly links: number
  readonly found: Fact<{ readonly fence: Fence; readonly links: number }>
  /** A name on the other filesystem, and what lies there now. */
  readonly replica: Fact<{ readonly path: string; readonly fence: Fence }>
  /** What lay there when all of its bytes were last read. */
  readonly proven: Fence | null
  /** `pieces`: by the pieces of every torrent that wants it. `content`: read on both sides, and the same. */
  readonly proof: "pieces" | "content" | null
}

/** The source of a relocation past its time in the quarantine. */
export interface Relocated {
  readonly _tag: "Relocated"
  readonly subject: string
  /** Seeding directories of the side that it comes from, and the saga's folder in the quarantine of each. */
  readonly roots: ReadonlyArray<string>
  readonly folder: string
  readonly until: number
  readonly files: ReadonlyArray<RelocatedFile>
  /** Folders that it lay in: they go where nothing is left in them. */
  readonly folders: ReadonlyArray<string>
  /** Torrents with a file on one of its inodes, or where they lay. */
  readonly claims: Fact<ReadonlyArray<string>>
  /** Its torrents, and what is wrong with each at its new place; null is nothing. */
  readonly siblings: Fact<ReadonlyArray<{ readonly name: string; readonly trouble: string | null }>>
  readonly conditions: ReadonlyArray<Condition>
}

/** A name that a saga made on the side that it moves to. */
export interface StagedFile {
  readonly path: string
  /** The inode that we put there; null for what we had not written to its end, in our own folder. */
  readonly fence: Fence | null
  /** Where the same content stays: another name, or the source. `expected` as it was when it was last read or made. */
  readonly stays: Fact<{ readonly path: string; readonly expected: Fence; readonly fence: Fence }>
}

/** What a saga made on the side that it moves to: it goes back, or has no need of it any more. */
export interface Staged {
  readonly _tag: "Staged"
  readonly subject: string
  readonly roots: ReadonlyArray<string>
  readonly folder: string
  readonly files: ReadonlyArray<StagedFile>
  readonly folders: ReadonlyArray<string>
  /** Torrents with a file at one of the paths. */
  readonly claims: Fact<ReadonlyArray<string>>
}

const ofRoots = (roots: ReadonlyArray<string>, folder: string): ReadonlyArray<string> => [
  ...(roots.length > 0 && roots.every((root) => isPlain(root) && root !== "/")
    ? []
    : ["it names no seeding directory"]),
  ...(/^saga-\d+$/.test(folder) ? [] : [`${folder} is no folder of a saga`])
]

const ofFolders = (folders: ReadonlyArray<string>, roots: ReadonlyArray<string>): ReadonlyArray<string> =>
  folders
    .filter(
      (path) =>
        !isPlain(path) || !roots.some((root) => isBelow(path, root)) || roots.some((root) => isWithin(root, path))
    )
    .map((path) => `${path} is not below a seeding directory`)

const ofReplica = (file: RelocatedFile, now: number): ReadonlyArray<string> => {
  const name = file.names[0] ?? "a file"
  const reasons = [...ofFact(file.replica, `what ${name} was moved to`, now)]
  if (file.proof === null || file.proven === null) reasons.push(`what ${name} was moved to was never proven`)
  if (file.replica._tag !== "Known") return reasons
  const { fence, path } = file.replica.value
  if (!isPlain(path)) reasons.push(`${path} is not a plain absolute path`)
  if (fence.size !== file.fence.size) reasons.push(`${path} has ${fence.size} bytes, ${name} has ${file.fence.size}`)
  if (file.proven !== null && compare(file.proven, fence) !== "same") {
    reasons.push(`${path} was touched since its bytes were last read`)
  }
  if (file.found._tag === "Known" && file.found.value.fence.dev === fence.dev) {
    reasons.push(`${path} lies on the same filesystem as ${name}`)
  }
  return reasons
}

const ofInode = (file: RelocatedFile, now: number): ReadonlyArray<string> => {
  const name = file.names[0] ?? "a file"
  const reasons = [...ofFact(file.found, name, now)]
  if (file.names.length === 0) reasons.push("a file has no name in the quarantine")
  if (!(file.names.length <= file.links)) reasons.push(`${name} is said to have ${file.links} names`)
  if (file.found._tag !== "Known") return reasons
  const { fence, links } = file.found.value
  if (compare(file.fence, fence) !== "same") reasons.push(`${name} was touched in the quarantine`)
  if (links !== file.links) reasons.push(`${name} has ${links} names, it had ${file.links}: something uses it`)
  return reasons
}

export const ofRelocated = (evidence: Relocated, now: number): ReadonlyArray<string> => {
  const { claims, conditions, files, folder, folders, roots, siblings, until } = evidence
  const homes = roots.map((root) => join(join(root, quarantineFolder), folder))
  const names = files.flatMap((file) => file.names)
  return [
    ...ofRoots(roots, folder),
    ...ofFolders(folders, roots),
    ...(until <= now ? [] : [`it is kept until ${instant(until)}`]),
    ...(files.length === 0 ? ["nothing was moved"] : []),
    ...names
      .filter((path) => !isPlain(path) || !homes.some((home) => isBelow(path, home)))
      .map((path) => `${path} is not in the quarantine`),
    ...(new Set(names).size === names.length ? [] : ["a name is counted twice"]),
    ...files.flatMap((file) => [...ofInode(file, now), ...ofReplica(file, now)]),
    ...ofClaims(claims, now),
    ...ofFact(siblings, "the state of its torrents", now),
    ...(siblings._tag === "Known"
      ? siblings.value.flatMap(({ name, trouble }) => (trouble === null ? [] : [`the torrent ${name} ${trouble}`]))
      : []),
    ...ofConditions(conditions)
  ]
}

const ofStaying = (file: StagedFile, now: number): ReadonlyArray<string> => {
  const reasons = [...ofFact(file.stays, `the other copy of ${file.path}`, now)]
  if (file.stays._tag !== "Known") return reasons
  const { expected, fence, path } = file.stays.value
  if (path === file.path) reasons.push(`${path} is no other copy of itself`)
  if (!isSameInode(expected, fence) || compare(expected, fence) === "changed") {
    reasons.push(`${path} is not the file that ${file.path} was made from`)
  }
  if (file.fence !== null && file.fence.size !== fence.size) reasons.push(`${file.path} and ${path} differ in size`)
  return reasons
}

export const ofStaged = (evidence: Staged, now: number): ReadonlyArray<string> => {
  const { claims, files, folder, folders, roots } = evidence
  const homes = roots.map((root) => join(join(root, stagingFolder), folder))
  const gone = new Set(files.map(({ path }) => path))
  return [
    ...ofRoots(roots, folder),
    ...ofFolders(folders, roots),
    ...files.flatMap((file) => {
      const { fence, path, stays } = file
      const reasons = [...ofStaying(file, now)]
      if (!isPlain(path) || !roots.some((root) => isBelow(path, root)))
        reasons.push(`${path} is not below a seeding directory`)
      if (fence === null && !homes.some((home) => isBelow(path, home)))
        reasons.push(`${path} was not made by this saga`)
      // Two names that vouch for each other would both go.
      if (stays._tag === "Known" && gone.has(stays.value.path)) reasons.push(`${stays.value.path} is to go as well`)
      return reasons
    }),
    ...ofClaims(claims, now)
  ]
}
