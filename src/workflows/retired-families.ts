import { Effect } from "effect"
import { claimsOn, type Footprint, identity } from "../domain/claims.ts"
import { namesOf, type Payload, type RetiredTitle } from "../domain/retiredTorrents.ts"
import { ancestorsOf } from "../domain/paths.ts"
import { dirname, isWithin } from "../platform/BytePath.ts"
import { Disk } from "../services/Disk.ts"
import type { Located } from "./cleanup-claimants.ts"
import { payloadOf } from "./retired-torrents.ts"

/** Torrents that share a path or an inode, all of them, and what they hold. */
export interface Family {
  readonly torrents: ReadonlyArray<Located>
  readonly payloads: ReadonlyArray<Payload>
  /** Why it cannot be said that there are no more. */
  readonly unreadable: string | null
}

/** Identities of all folders above these paths: a bind mount shows one of them under another path. */
export const foldersAbove = Effect.fnUntraced(function* (paths: ReadonlyArray<string>) {
  const disk = yield* Disk
  const above = new Set<string>()
  const folders = new Set(paths.flatMap((path) => ancestorsOf(path)))
  for (const folder of folders) {
    const fact = yield* disk.stat(folder)
    if (fact._tag === "Known") above.add(identity(fact.value.fence))
  }
  return above
})

const footprintOf = Effect.fnUntraced(function* (torrents: ReadonlyArray<Located>, payloads: ReadonlyArray<Payload>) {
  const names = namesOf(payloads)
  const lying = payloads.flatMap(({ files }) =>
    files.flatMap(({ found }) => (found._tag === "Known" ? [found.value] : []))
  )
  const extents = new Set<string>()
  const ids = new Set(lying.map(({ fence }) => identity(fence)))
  for (const { claimant } of torrents) {
    for (const { found, path } of claimant.places) {
      extents.add(path)
      if (found._tag === "Known") extents.add(found.value.path)
      if (found._tag === "Known" && !claimant.rootless) ids.add(found.value.id)
    }
  }
  const footprint: Footprint = {
    path: torrents[0]?.torrent.contentPath ?? "",
    extents: [...extents],
    ids,
    above: yield* foldersAbove([...extents]),
    linkedElsewhere: lying.some(({ fence, links }) => links > (names.get(identity(fence))?.size ?? 0))
  }
  return footprint
})

/** All that has a path or an inode in common with these torrents, directly or through another. */
export const familyOf = Effect.fn("retired.family")(function* (
  seeds: ReadonlyArray<string>,
  located: ReadonlyArray<Located>
) {
  const members = new Map<string, { readonly located: Located; readonly payload: Payload }>()
  let asked = located.filter(({ torrent }) => seeds.includes(torrent.hash))
  let unreadable: string | null = null
  while (asked.length > 0) {
    for (const one of asked) members.set(one.torrent.hash, { located: one, payload: yield* payloadOf(one, []) })
    const all = [...members.values()]
    const footprint = yield* footprintOf(
      all.map((member) => member.located),
      all.map((member) => member.payload)
    )
    const found = claimsOn(
      footprint,
      located.map(({ claimant }) => claimant)
    )
    unreadable = found.unreadable
    const hashes = new Set(found.claims.map(({ hash }) => hash))
    asked = located.filter(({ torrent }) => hashes.has(torrent.hash) && !members.has(torrent.hash))
  }
  const all = [...members.values()]
  return {
    torrents: all.map((member) => member.located),
    payloads: all.map((member) => member.payload),
    unreadable
  } satisfies Family
})

/** Some file has more names than these torrents': whose they are is known only by looking into all torrents. */
export const hasOtherNames = ({ payloads }: Family): boolean => {
  const names = namesOf(payloads)
  return payloads.some(({ files }) =>
    files.some(
      ({ found }) => found._tag === "Known" && found.value.links > (names.get(identity(found.value.fence))?.size ?? 0)
    )
  )
}

/** Torrents of retired titles that lie nowhere below completedDir, where items are what is released. */
export const seedsOf = (
  located: ReadonlyArray<Located>,
  titles: ReadonlyArray<RetiredTitle>,
  homes: ReadonlyArray<string>
): ReadonlyArray<Located> => {
  const hashes = new Set(titles.flatMap((title) => title.hashes))
  return located.filter(({ claimant, torrent }) => {
    if (!hashes.has(torrent.hash) || torrent.contentPath === "") return false
    const paths = claimant.places.flatMap(({ found, path }) =>
      found._tag === "Known" ? [path, found.value.path] : [path]
    )
    return ![torrent.contentPath, ...paths].some((path) => homes.some((home) => isWithin(path, home)))
  })
}

/** Folders of the payload's own that its files lie in: below the save path, never that itself. */
export const ownFolders = (names: ReadonlyArray<string>, savePaths: ReadonlyArray<string>): ReadonlyArray<string> => {
  const folders = new Set<string>()
  for (const name of names) {
    const home = savePaths.filter((path) => isWithin(name, path)).toSorted((one, other) => other.length - one.length)[0]
    if (home === undefined) continue
    for (let at = dirname(name); at !== home && isWithin(at, home); at = dirname(at)) folders.add(at)
  }
  return [...folders]
}
