import { basename, dirname, isWithin, join } from "../platform/BytePath.ts"
import type { ItemKind } from "./items.ts"
import { isComplete, type Torrent } from "./torrents.ts"

/** Where items may lie: `completedDir` itself, and the folders below it that belong to categories. */
export interface Layout {
  readonly completedDir: string
  /** Folder on the remote by category; `fallback` for every other. */
  readonly categories: ReadonlyMap<string, string>
  readonly fallback: string
  /** Category by the folder that holds its items. */
  readonly containers: ReadonlyMap<string, string>
}

/** An entry that was found in a container. */
export interface Found {
  readonly path: string
  readonly kind: "file" | "directory" | "other"
}

export interface Known {
  readonly path: string
  readonly kind: ItemKind
  readonly category: string | null
  readonly released: boolean
}

export interface Candidate {
  readonly path: string
  /** Null until the disk was asked. */
  readonly kind: "rootless" | null
  readonly category: string | null
  readonly remote: string
  readonly hashes: ReadonlyArray<string>
  /** No torrent claims it: it must have been still for a minute. */
  readonly byHand: boolean
}

export interface Left {
  readonly path: string
  readonly why: string
}

export interface Discovery {
  readonly candidates: ReadonlyArray<Candidate>
  readonly left: ReadonlyArray<Left>
}

const words: Readonly<Record<string, string>> = {
  error: "qBittorrent reports an error for it",
  missingFiles: "qBittorrent misses files of it",
  moving: "qBittorrent is moving it",
  unknown: "qBittorrent does not know its state"
}

/** Why a torrent is not complete and at rest, in words. */
export const restlessness = (torrent: Torrent): string => {
  const word = words[torrent.state]
  if (word !== undefined) return word
  if (torrent.state.startsWith("checking")) return "qBittorrent is checking it"
  if (torrent.progress < 1 || torrent.amountLeft > 0) {
    return `it is still downloading (${Math.floor(torrent.progress * 100)} %)`
  }
  return `qBittorrent's state for it is "${torrent.state}"`
}

interface Claim {
  readonly path: string
  readonly rootless: boolean
  readonly torrent: Torrent
}

/**
 * The client calls the file itself the content of a torrent that is one file in a folder; people mean the folder, and
 * two such files may have the same name.
 */
const rootOf = (torrent: Torrent, layout: Layout): string => {
  const { contentPath, savePath } = torrent
  if (savePath === "" || contentPath === savePath || !isWithin(contentPath, savePath)) return contentPath
  const [first = ""] = contentPath.slice(join(savePath, "").length).split("/")
  const root = join(savePath, first)
  return isWithin(root, layout.completedDir) && root !== layout.completedDir && !layout.containers.has(root)
    ? root
    : contentPath
}

const claimOf = (torrent: Torrent, layout: Layout): Claim => {
  const rootless = torrent.contentPath === layout.completedDir || layout.containers.has(torrent.contentPath)
  const path = rootless ? join(torrent.contentPath, torrent.name.replaceAll("/", "_")) : rootOf(torrent, layout)
  return { path, rootless, torrent }
}

export const remoteOf = (category: string | null, layout: Layout): string =>
  (category === null ? undefined : layout.categories.get(category)) ?? layout.fallback

/** Payloads inside other payloads are one item, which is only at rest when all of them are. */
const outermost = (claims: ReadonlyArray<Claim>, layout: Layout): ReadonlyArray<ReadonlyArray<Claim>> => {
  const groups = new Map<string, Array<Claim>>()
  const holder = (claim: Claim): Array<Claim> | undefined => {
    for (let at = dirname(claim.path); isWithin(at, layout.completedDir); at = dirname(at)) {
      const group = groups.get(at)
      if (group !== undefined) return group
      if (at === layout.completedDir) break
    }
    return undefined
  }
  // The name of a rootless torrent is no path: nothing lies below it, and it is not what has the same name.
  const keyOf = (claim: Claim) => (claim.rootless ? `rootless ${claim.path}` : claim.path)
  // A folder comes before what is in it.
  for (const claim of claims.toSorted((a, b) => a.path.length - b.path.length)) {
    const group = groups.get(keyOf(claim)) ?? (claim.rootless ? undefined : holder(claim))
    if (group === undefined) groups.set(keyOf(claim), [claim])
    else group.push(claim)
  }
  return [...groups.values()].toSorted(([one], [other]) => ((one?.path ?? "") < (other?.path ?? "") ? -1 : 1))
}

const fromTorrents = (torrents: ReadonlyArray<Torrent>, layout: Layout) => {
  const candidates: Array<Candidate> = []
  const left: Array<Left> = []
  const claims: Array<Claim> = []
  const names = new Set<string>()
  for (const torrent of torrents) {
    if (torrent.contentPath === "") continue
    if (isWithin(torrent.contentPath, layout.completedDir)) claims.push(claimOf(torrent, layout))
    else if (isComplete(torrent)) {
      left.push({ path: torrent.contentPath, why: `it is outside completedDir (${layout.completedDir})` })
    }
  }
  for (const group of outermost(claims, layout)) {
    const [first] = group
    if (first === undefined) continue
    if (names.has(first.path)) {
      left.push({ path: first.path, why: "two torrents would be one item by this name: rename one of them" })
      continue
    }
    const restless = group.find(({ torrent }) => !isComplete(torrent))
    if (restless !== undefined) {
      left.push({ path: first.path, why: restlessness(restless.torrent) })
      continue
    }
    const category = group.find(({ torrent }) => torrent.category !== "")?.torrent.category ?? null
    names.add(first.path)
    candidates.push({
      path: first.path,
      kind: first.rootless ? "rootless" : null,
      category,
      remote: remoteOf(category, layout),
      hashes: [...new Set(group.map(({ torrent }) => torrent.hash))],
      byHand: false
    })
  }
  return { candidates, left, paths: claims.map((claim) => claim.path) }
}

const markerSuffix = ".uploaded"

/** Names that are never an item: hidden, half-written, or a sign of ours for people. */
const isBystander = (found: Found): boolean => {
  const name = basename(found.path)
  return (
    name.startsWith(".") ||
    name.endsWith(".!qB") ||
    name.endsWith(".parts") ||
    (found.kind === "file" && name.endsWith(markerSuffix))
  )
}

/**
 * Which items there are. `found` is what lies in the containers; `members` the files of rootless torrents (absolute
 * paths), which are nobody else's; `known` what earlier runs saw. Entries no torrent claims are items dropped by hand.
 */
export const discover = (input: {
  readonly torrents: ReadonlyArray<Torrent>
  readonly found: ReadonlyArray<Found>
  readonly members: ReadonlySet<string>
  readonly known: ReadonlyArray<Known>
  readonly layout: Layout
}): Discovery => {
  const { layout } = input
  const claimed = fromTorrents(input.torrents, layout)
  const left: Array<Left> = [...claimed.left]
  const taken = input.torrents.map((torrent) => torrent.contentPath).filter((path) => path !== "")
  const ancestors = new Set<string>()
  const addAncestors = (path: string) => {
    for (let at = dirname(path); isWithin(at, layout.completedDir) && !ancestors.has(at); at = dirname(at)) {
      ancestors.add(at)
      if (at === layout.completedDir) break
    }
  }
  for (const path of [...taken, ...input.members]) addAncestors(path)
  const knownByPath = new Map(input.known.map((item) => [item.path, item]))
  for (const item of input.known) addAncestors(item.path)
  const exact = new Set([...taken, ...claimed.paths])
  const folders = taken.filter((path) => !layout.containers.has(path) && !isWithin(layout.completedDir, path))
  const isInsideOf = (path: string) => folders.some((folder) => folder !== path && isWithin(path, folder))
  /** Half of a torrent may lie in a folder that no torrent claims as its own. */
  const restlessIn = (path: string) =>
    input.torrents.find((torrent) => isWithin(torrent.contentPath, path) && !isComplete(torrent))
  const byHand: Array<Candidate> = []
  const seen = new Set<string>()
  for (const entry of input.found) {
    if (isBystander(entry) || layout.containers.has(entry.path) || exact.has(entry.path)) continue
    if (input.members.has(entry.path)) continue
    if (entry.kind === "other") {
      left.push({ path: entry.path, why: "it is neither a file nor a folder" })
      continue
    }
    const before = knownByPath.get(entry.path)
    // A folder that holds other items is not an item, unless it was one before.
    if (ancestors.has(entry.path) && before === undefined) continue
    if (isInsideOf(entry.path)) continue
    seen.add(entry.path)
    const restless = restlessIn(entry.path)
    if (restless !== undefined) {
      left.push({ path: entry.path, why: restlessness(restless) })
      continue
    }
    const category = before?.category ?? layout.containers.get(dirname(entry.path)) ?? null
    byHand.push({
      path: entry.path,
      kind: null,
      category: category === "" ? null : category,
      remote: remoteOf(category === "" ? null : category, layout),
      hashes: [],
      byHand: true
    })
  }
  // Items deeper than the containers whose torrent has gone since.
  for (const item of input.known) {
    if (item.released || exact.has(item.path) || seen.has(item.path)) continue
    if (layout.containers.has(dirname(item.path)) && item.kind !== "rootless") continue
    if (isInsideOf(item.path)) continue
    const restless = item.kind === "rootless" ? undefined : restlessIn(item.path)
    if (restless !== undefined) {
      left.push({ path: item.path, why: restlessness(restless) })
      continue
    }
    byHand.push({
      path: item.path,
      kind: item.kind === "rootless" ? "rootless" : null,
      category: item.category,
      remote: remoteOf(item.category, layout),
      hashes: [],
      byHand: true
    })
  }
  return { candidates: [...claimed.candidates, ...byHand], left }
}
