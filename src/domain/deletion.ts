import type { Fact } from "./fact.ts"
import { ofRelocated, ofStaged, type Relocated, type Staged } from "./deletionRelocated.ts"
import { ofRetired, type Retired } from "./deletionRetired.ts"
import {
  ofRetiredPayload,
  ofRetiredTorrent,
  type RetiredPayload,
  type RetiredTorrent
} from "./deletionRetiredPayload.ts"
import { ofRetiredRemote, type RetiredRemote } from "./deletionRetiredRemote.ts"
import { type Condition, instant, ofClaims, ofConditions, ofFact } from "./evidence.ts"
import type { Fence } from "./fence.ts"
import { isWithin } from "../platform/BytePath.ts"
import { isBelow, isPlain } from "./paths.ts"

export { type Condition, freshFor, instant, quarantineFolder } from "./evidence.ts"

/** What the remote says of one file, read in this run. */
export interface Replica {
  readonly path: string
  readonly size: number
  readonly hash: string | null
}

export interface FileEvidence {
  /** Absolute host path. */
  readonly path: string
  /** As it was when it was hashed and proven. */
  readonly fence: Fence
  /** What we know of its bytes: our own hash, in the kind that the remote reports. */
  readonly size: number
  readonly hash: string | null
  /** Our own SHA-1: where only the ctime moved since, the bytes are read again and have to give it. */
  readonly sha1: string | null
  /** How the upload was proven; null is not proven. */
  readonly proof: string | null
  readonly replica: Fact<Replica>
}

/** Whatever is to be deleted, and why that is safe. There is no way to delete by path. */
export type Evidence =
  /** The local copy of an item: every file has a replica proven now, and nothing else needs it. */
  | {
      readonly _tag: "LocalCopy"
      readonly item: string
      /**
       * The directory whose tree may be emptied, or the file itself; never a configured root. For a rootless item the
       * folder that its files lie in, which is never removed and may be a configured root.
       */
      readonly root: string
      readonly rootless: boolean
      readonly roots: ReadonlyArray<string>
      readonly files: ReadonlyArray<FileEvidence>
      /** The torrents that claim any of its paths or inodes. */
      readonly claims: Fact<ReadonlyArray<string>>
      readonly conditions: ReadonlyArray<Condition>
      /** Where to move it instead, on the same filesystem. */
      readonly quarantine: string | null
    }
  /** Something we put there ourselves from content that is still there: staging, an extracted copy, a marker. */
  | { readonly _tag: "Derived"; readonly path: string; readonly within: string; readonly from: string }
  /** A quarantined copy past its time; its replica is proven now, as before. */
  | {
      readonly _tag: "Quarantined"
      readonly path: string
      readonly within: string
      readonly until: number
      readonly files: ReadonlyArray<FileEvidence>
    }
  /** A torrent in the client, never its files. */
  | {
      readonly _tag: "Torrent"
      readonly hash: string
      readonly exported: string | null
      readonly files: ReadonlyArray<FileEvidence>
      readonly conditions: ReadonlyArray<Condition>
    }
  /** Unfinished large uploads under names that we began and that no finished file of ours has. */
  | { readonly _tag: "Unfinished"; readonly paths: ReadonlyArray<string> }
  | Relocated
  | Staged
  | Retired
  | RetiredTorrent
  | RetiredPayload
  | RetiredRemote

export type Authority =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reasons: ReadonlyArray<string> }

/** Every byte was read back, so that the remote's own hash is not needed. */
const wasReadBack = (proof: string) => proof === "readback" || proof.endsWith("+readback")

/** Why a file cannot be said to be on the remote, byte for byte. */
export const doubts = (file: FileEvidence, now: number): ReadonlyArray<string> => {
  const reasons = [...ofFact(file.replica, `${file.path} on the remote`, now)]
  if (file.proof === null || file.proof === "") reasons.push(`${file.path} was never proven to be on the remote`)
  if (!isPlain(file.path)) reasons.push(`${file.path} is not a plain absolute path`)
  if (BigInt(file.size) !== file.fence.size) reasons.push(`${file.path} had another size when it was hashed`)
  if (file.replica._tag !== "Known") return reasons
  const { size, hash, path } = file.replica.value
  if (path === "") reasons.push(`${file.path} has no place on the remote`)
  if (size !== file.size) reasons.push(`${file.path} has ${size} bytes on the remote, ${file.size} here`)
  if (hash === null && file.size > 0 && !wasReadBack(file.proof ?? "")) {
    reasons.push(
      `${file.path}: the remote reports no hash, and not all of it was read back (upload.verify "readback" does)`
    )
  } else if (hash !== null && hash !== file.hash) {
    reasons.push(`${file.path} has the hash ${hash} on the remote, ${file.hash ?? "(none)"} here`)
  }
  return reasons
}

const ofFiles = (files: ReadonlyArray<FileEvidence>, now: number): ReadonlyArray<string> =>
  files.length === 0 ? ["nothing was proven"] : files.flatMap((file) => doubts(file, now))

const ofPlace = (root: string, rootless: boolean, roots: ReadonlyArray<string>): ReadonlyArray<string> => {
  const reasons = isPlain(root) ? [] : [`${root} is not a plain absolute path`]
  if (!rootless) {
    if (!roots.some((at) => isBelow(root, at))) reasons.push(`${root} is not below a configured folder`)
    if (roots.some((at) => isWithin(at, root))) reasons.push(`${root} is a configured folder, or holds one`)
  } else if (!roots.some((at) => isWithin(root, at))) reasons.push(`${root} is not in a configured folder`)
  return reasons
}

const ofWithin = (path: string, within: string): ReadonlyArray<string> =>
  isPlain(path) && isPlain(within) && within !== "/" && isBelow(path, within) ? [] : [`${path} is not below ${within}`]

const ofLocalCopy = (evidence: Extract<Evidence, { _tag: "LocalCopy" }>, now: number): ReadonlyArray<string> => {
  const { root, rootless, roots, files, claims, conditions, quarantine } = evidence
  const reasons = [...ofPlace(root, rootless, roots), ...ofFiles(files, now), ...ofConditions(conditions)]
  reasons.push(...ofClaims(claims, now))
  for (const { path } of files) {
    if (rootless ? !isBelow(path, root) : !isWithin(path, root)) reasons.push(`${path} is not of ${root}`)
    if (roots.some((at) => isWithin(at, path))) reasons.push(`${path} is a configured folder, or holds one`)
  }
  if (quarantine !== null && (!isPlain(quarantine) || isWithin(quarantine, root) === !rootless)) {
    reasons.push(`${quarantine} cannot be its quarantine`)
  }
  return reasons
}

const reasonsAgainst = (evidence: Evidence, now: number): ReadonlyArray<string> => {
  switch (evidence._tag) {
    case "LocalCopy":
      return ofLocalCopy(evidence, now)
    case "Derived": {
      const holdsItsSource = evidence.from === "" || isWithin(evidence.from, evidence.path)
      const source = holdsItsSource ? [`${evidence.path} holds what it was made from`] : []
      return [...ofWithin(evidence.path, evidence.within), ...source]
    }
    case "Quarantined": {
      const due = evidence.until <= now ? [] : [`${evidence.path} is kept until ${instant(evidence.until)}`]
      const outside = evidence.files
        .filter(({ path }) => !isBelow(path, evidence.path))
        .map(({ path }) => `${path} is not of ${evidence.path}`)
      return [...ofWithin(evidence.path, evidence.within), ...due, ...outside, ...ofFiles(evidence.files, now)]
    }
    case "Torrent": {
      const hash = /^[0-9a-f]{40}$/.test(evidence.hash) ? [] : [`${evidence.hash} is not one infohash`]
      const exported = evidence.exported !== null && isPlain(evidence.exported)
      const kept = exported ? [] : ["its .torrent was not exported"]
      return [...hash, ...kept, ...ofFiles(evidence.files, now), ...ofConditions(evidence.conditions)]
    }
    case "Relocated":
      return ofRelocated(evidence, now)
    case "Staged":
      return ofStaged(evidence, now)
    case "Retired":
      return ofRetired(evidence, now)
    case "RetiredTorrent":
      return ofRetiredTorrent(evidence, now)
    case "RetiredPayload":
      return ofRetiredPayload(evidence, now)
    case "RetiredRemote":
      return ofRetiredRemote(evidence, now)
    case "Unfinished":
      return evidence.paths.length === 0 || evidence.paths.includes("") ? ["it names no upload of ours"] : []
  }
}

/**
 * Whether the evidence allows the act: the conjunction of everything. Facts have to be Known and at most `freshFor` old,
 * never of the future; `now` in milliseconds since the epoch.
 */
export const authorize = (evidence: Evidence, now: number): Authority => {
  const reasons = reasonsAgainst(evidence, now)
  return reasons.length === 0 ? { allowed: true } : { allowed: false, reasons }
}
