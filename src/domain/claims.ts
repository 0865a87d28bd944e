import type { Fact } from "./fact.ts"
import type { Fence } from "./fence.ts"
import { basename, isWithin } from "../platform/BytePath.ts"
import { overlap } from "./paths.ts"

/** `dev:ino`: one content, whatever its names. */
export const identity = (fence: Fence): string => `${fence.dev}:${fence.ino}`

/** One path that a torrent says is its own, and where it leads. */
export interface Place {
  readonly path: string
  readonly found: Fact<{ readonly path: string; readonly id: string }>
  /** Identities of the files below it; null when no item has a second name, so that nobody looked. */
  readonly inside: Fact<ReadonlySet<string>> | null
}

/** A torrent and where its bytes are. */
export interface Claimant {
  readonly hash: string
  readonly name: string
  readonly contentPath: string
  /** Its content; for a rootless one each of its files. */
  readonly places: ReadonlyArray<Place>
  readonly rootless: boolean
  /** Complete and at rest: nothing of it is about to move. */
  readonly settled: boolean
}

/** What an item covers on the disk. */
export interface Footprint {
  readonly path: string
  /** Its path, and where that leads; for a rootless item those of each of its files. */
  readonly extents: ReadonlyArray<string>
  /** Identities of all its files and directories. */
  readonly ids: ReadonlySet<string>
  /** Identities of the directories above it (a bind mount shows one of them under another path). */
  readonly above: ReadonlySet<string>
  /** A file of it has a name that is not in its own tree. */
  readonly linkedElsewhere: boolean
}

export interface Claim {
  readonly hash: string
  readonly name: string
  /** It lies where the item lies, and not just on the same bytes. */
  readonly sharesPath: boolean
  readonly why: string
}

export interface Claims {
  readonly claims: ReadonlyArray<Claim>
  /** Why it cannot be said that there are no more. */
  readonly unreadable: string | null
}

const namesIt = (item: Footprint, claimant: Claimant) => {
  const name = basename(item.path)
  return claimant.name === name || claimant.contentPath.split("/").includes(name)
}

const sharesPath = (item: Footprint, { found, path }: Place): boolean => {
  const paths = found._tag === "Known" ? [path, found.value.path] : [path]
  return item.extents.some((extent) => paths.some((one) => overlap(extent, one)))
}

const byPlace = (item: Footprint, place: Place): string | undefined => {
  if (sharesPath(item, place)) return `its path is ${place.path}`
  if (place.found._tag !== "Known") return undefined
  const { id } = place.found.value
  if (item.ids.has(id)) return `${place.path} is the same file or folder`
  if (item.above.has(id)) return `${place.path} is a folder above it`
  if (place.inside?._tag !== "Known") return undefined
  for (const inner of place.inside.value) if (item.ids.has(inner)) return `a file in ${place.path} is a hardlink of it`
  return undefined
}

const why = (item: Footprint, claimant: Claimant): string | undefined => {
  for (const place of claimant.places) {
    const reason = byPlace(item, place)
    if (reason !== undefined) return reason
  }
  const unfound = claimant.places.length === 0 || claimant.places.some(({ found }) => found._tag !== "Known")
  if (!unfound && claimant.settled) return undefined
  // Where its data really is we do not know: the path map may be wrong, or the client may be moving it.
  if (namesIt(item, claimant)) return "it has the same name, and its own data was not found where the client says"
  if (!claimant.rootless || claimant.contentPath === "") return undefined
  return item.extents.some((extent) => isWithin(extent, claimant.contentPath))
    ? `it lies in ${claimant.contentPath}, where that torrent's files were not found`
    : undefined
}

/** Which torrents need what an item covers. Whatever is in doubt is a claim. */
export const claimsOn = (item: Footprint, claimants: ReadonlyArray<Claimant>): Claims => {
  const claims: Array<Claim> = []
  let unreadable: string | null = null
  for (const claimant of claimants) {
    const reason = why(item, claimant)
    if (reason !== undefined) {
      const { hash, name, places } = claimant
      claims.push({ hash, name, why: reason, sharesPath: places.some((place) => sharesPath(item, place)) })
    } else if (item.linkedElsewhere) {
      for (const { path, found, inside } of claimant.places) {
        const blind = found._tag === "Unreadable" ? found : inside?._tag === "Unreadable" ? inside : undefined
        if (blind !== undefined)
          unreadable ??= `it has hardlinks elsewhere, and ${path} of ${claimant.name} cannot be read: ${blind.why}`
        else if (found._tag === "Known" && inside === null)
          unreadable ??= `it has hardlinks elsewhere, and nobody looked into ${path}`
      }
    }
  }
  return { claims, unreadable }
}
