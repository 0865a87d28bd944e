import { type Condition, freshFor, ofClaims, ofConditions, ofFact } from "./evidence.ts"
import { ofRetirements, type Retirement } from "./deletionRetiredPayload.ts"
import type { Fact } from "./fact.ts"

/** A file of an item's manifest on the remote. */
export interface RetiredRemoteFile {
  /** Below the remote's root. */
  readonly path: string
  readonly size: number
  /** Our own hash of it, in the kind that the remote reports. */
  readonly hash: string | null
  /** How its upload was proven; null is not at all: then it may be somebody else's. */
  readonly proof: string | null
  /** What the remote says now. Absent: it has gone already. */
  readonly replica: Fact<{ readonly path: string; readonly size: number; readonly hash: string | null }>
}

/** Our copy on the remote of an item whose titles were all retired, after its local copy has gone. */
export interface RetiredRemote {
  readonly _tag: "RetiredRemote"
  readonly item: string
  /** `hide`: the service keeps it as an old version. `delete`: it does not. */
  readonly mode: "hide" | "delete"
  /** Of the item, as it is recorded now. */
  readonly state: string
  readonly retirements: ReadonlyArray<Retirement>
  readonly files: ReadonlyArray<RetiredRemoteFile>
  /** Remote paths that another item has too. */
  readonly shared: ReadonlyArray<string>
  /** Whatever of it lies on this host. */
  readonly here: Fact<ReadonlyArray<string>>
  /** Torrents in the client that it came from, or that claim it. */
  readonly claims: Fact<ReadonlyArray<string>>
  readonly conditions: ReadonlyArray<Condition>
}

/** Why it cannot be said that what lies there is what we put there. */
const ofFile = ({ hash, path, proof, replica, size }: RetiredRemoteFile, now: number): ReadonlyArray<string> => {
  const reasons: Array<string> = []
  const names = path.split("/")
  if (path === "" || names.some((name) => name === "" || name === "." || name === "..")) {
    reasons.push(`"${path}" is no file on the remote`)
  }
  if (proof === null || proof === "") reasons.push(`${path} was never proven to be ours`)
  if (replica._tag === "Absent") {
    return replica.readAt <= now && now - replica.readAt <= freshFor
      ? reasons
      : [...reasons, `${path} on the remote was not read just now`]
  }
  reasons.push(...ofFact(replica, `${path} on the remote`, now))
  if (replica._tag !== "Known") return reasons
  if (replica.value.path !== path) reasons.push(`${replica.value.path} was read instead of ${path}`)
  if (replica.value.size !== size)
    reasons.push(`${path} has ${replica.value.size} bytes on the remote, ours had ${size}`)
  if (replica.value.hash !== null && replica.value.hash !== hash) reasons.push(`${path} has not our hash on the remote`)
  return reasons
}

export const ofRetiredRemote = (evidence: RetiredRemote, now: number): ReadonlyArray<string> => {
  const { claims, conditions, files, here, mode, retirements, shared, state } = evidence
  const paths = files.map(({ path }) => path)
  return [
    ...(state === "released" ? [] : [`it is ${state}, not released`]),
    ...(mode === "hide" || mode === "delete" ? [] : ["nobody asked for its copy on the remote to go"]),
    ...ofRetirements(retirements, now),
    ...(files.length === 0 ? ["it names no file"] : []),
    ...(new Set(paths).size === paths.length ? [] : ["a file is named twice"]),
    ...files.flatMap((file) => ofFile(file, now)),
    ...paths.filter((path) => shared.includes(path)).map((path) => `${path} is another item's too`),
    ...ofFact(here, "its place on this host", now),
    ...(here._tag === "Known" ? here.value.map((path) => `${path} is here again`) : []),
    ...ofClaims(claims, now),
    ...ofConditions(conditions)
  ]
}

const word = "retired with its title"
/** What an item's `reason` says, in state `released`, once its copy on the remote has gone by our doing. */
export const retiredReason = (mode: "hide" | "delete"): string =>
  mode === "hide" ? `${word}: hidden on the remote` : `${word}: deleted on the remote`
/** Nothing of it is anywhere, and nothing was lost: its titles were retired, and `watched.remote` asked for that. */
export const isRetiredItem = (item: { readonly state: string; readonly reason: string | null }): boolean =>
  item.state === "released" && item.reason?.startsWith(word) === true
