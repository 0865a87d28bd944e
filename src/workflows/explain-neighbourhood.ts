import { Effect } from "effect"
import { known } from "../domain/fact.ts"
import { ancestorsOf, isBelow } from "../domain/paths.ts"
import type { Member, World } from "../domain/relocationWorld.ts"
import { sagaWords } from "../domain/sagas.ts"
import type { Torrent, TorrentFile } from "../domain/torrents.ts"
import { isWithin, join } from "../platform/BytePath.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import { Sagas } from "../state/Sagas.ts"
import { surroundings } from "./explain-surroundings.ts"
import { makeCanonical } from "./relocate/look.ts"
import { concerns, placed, worldAround } from "./relocate/parts.ts"
import { refusalOf } from "./relocate/refusals.ts"
import type { Sides } from "./relocate/sides.ts"

/** Which torrents can have a file at a path, without asking the client for their files. */
const claimantsOf = (torrents: ReadonlyArray<Torrent>) => {
  const places = new Map<string, Array<Torrent>>()
  for (const torrent of torrents) {
    const { contentPath, savePath } = torrent
    for (const place of isWithin(contentPath, savePath) ? [contentPath] : [contentPath, savePath]) {
      const there = places.get(place)
      if (place === "") continue
      if (there === undefined) places.set(place, [torrent])
      else there.push(torrent)
    }
  }
  return (path: string): ReadonlyArray<Torrent> =>
    [path, ...ancestorsOf(path)].flatMap((place) => places.get(place) ?? [])
}

/** How far from what was asked about copies are looked for. */
const reach = 2

export interface Wanted {
  readonly hashes: ReadonlyArray<string>
  /** A file, or a directory in a payload. */
  readonly path: string | null
}

export interface Neighbourhood {
  readonly world: World
  /** Infohashes of the torrents that were asked about. */
  readonly asked: ReadonlySet<string>
}

/**
 * The part of the world that decides on some torrents: those that share inodes with them, all copies of their contents,
 * and who has those. The client is asked for the files of no other torrent. `thorough` walks the seeding directories for
 * names that the hash cache does not know, where there are any.
 */
export const neighbourhood = Effect.fn("explain.neighbourhood")(function* (
  sides: Sides,
  listed: ReadonlyArray<Torrent>,
  readAt: number,
  wanted: Wanted,
  thorough: boolean
) {
  const client = yield* TorrentClient
  const torrents = yield* placed(listed, yield* makeCanonical)
  const claimants = claimantsOf(torrents)
  const { at, copiesOf, expand, inventory, missing, walk } = yield* surroundings(sides)
  const lists = new Map<string, { readonly files: ReadonlyArray<TorrentFile>; readonly paths: ReadonlySet<string> }>()
  const taken = new Map<Torrent, number>()
  // By how far they are away: 0 is what was asked about, 1 what has the same content, 2 what that is decided by.
  const queues: ReadonlyArray<Array<number>> = Array.from({ length: reach + 1 }, () => [])
  const met = new Map<number, number>()
  const asked = new Set<string>()

  const listOf = Effect.fnUntraced(function* ({ hash, savePath }: Torrent) {
    const before = lists.get(hash)
    if (before !== undefined) return before
    const files = yield* client.files(hash)
    const list = { files, paths: new Set(files.map(({ path }) => join(savePath, path))) }
    lists.set(hash, list)
    return list
  })
  const meet = (inode: number | undefined, away: number) => {
    if (inode === undefined || (met.get(inode) ?? Infinity) <= away) return
    met.set(inode, away)
    queues[away]?.push(inode)
  }
  const take = Effect.fnUntraced(function* (torrent: Torrent, away: number) {
    if ((taken.get(torrent) ?? Infinity) <= away || !concerns(sides, torrent)) return
    taken.set(torrent, away)
    for (const { path, wanted: needed } of (yield* listOf(torrent)).files) {
      const file = join(torrent.savePath, path)
      const inode = yield* at(file)
      meet(inode ?? (needed ? yield* at(`${file}.!qB`) : undefined), away)
    }
  })
  /** Those that do have a file there. */
  const owners = Effect.fnUntraced(function* (path: string) {
    const found: Array<Torrent> = []
    for (const torrent of claimants(path)) {
      if (concerns(sides, torrent) && (yield* listOf(torrent)).paths.has(path)) found.push(torrent)
    }
    return found
  })
  const settle = Effect.gen(function* () {
    for (const [away, queue] of queues.entries()) {
      for (let inode = queue.pop(); inode !== undefined; inode = queue.pop()) {
        if (met.get(inode) !== away) continue
        yield* expand(inode)
        for (const path of [...inventory.names(inode), ...inventory.outside(inode)]) {
          for (const torrent of yield* owners(path)) yield* take(torrent, away)
        }
        if (away < reach) for (const copy of yield* copiesOf(inode)) meet(copy, away + 1)
      }
    }
  })

  for (const torrent of torrents) {
    if (!wanted.hashes.includes(torrent.hash)) continue
    asked.add(torrent.hash)
    yield* take(torrent, 0)
  }
  if (wanted.path !== null) {
    const { path: place } = wanted
    const inode = yield* at(place)
    meet(inode, 0)
    // A folder in a payload, or one that holds nothing but a payload.
    const around = torrents.filter(
      ({ contentPath, savePath }) =>
        isBelow(place, savePath) &&
        (isWithin(contentPath, place) || (inode === undefined && isWithin(place, contentPath)))
    )
    for (const torrent of inode === undefined ? around : yield* owners(place)) {
      asked.add(torrent.hash)
      yield* take(torrent, 0)
    }
    yield* settle
    for (const path of inode === undefined ? [] : inventory.names(inode)) {
      for (const { hash } of yield* owners(path)) asked.add(hash)
    }
  }
  yield* settle
  if (thorough) {
    const incomplete = [...met].filter(([inode]) => missing(inode) > 0)
    yield* walk(incomplete.map(([inode]) => inode))
    for (const [inode, away] of incomplete) queues[away]?.push(inode)
    yield* settle
  }

  const leases = yield* (yield* Sagas).leases
  const verdicts = yield* (yield* Sagas).verdicts
  const present = new Set(listed.map(({ hash }) => hash))
  const memberOf = Effect.fnUntraced(function* (torrent: Torrent) {
    const lease = leases.get(torrent.hash)
    const verdict = verdicts.get(torrent.hash)
    const member: Member = {
      torrent,
      files: known((yield* listOf(torrent)).files, "qBittorrent", readAt),
      lease: lease === undefined ? null : sagaWords(lease),
      refused: verdict === undefined ? null : yield* refusalOf(verdict, present)
    }
    return member
  })
  const world = yield* worldAround(sides, inventory, yield* Effect.forEach([...taken.keys()], memberOf))
  /** Some name was not found, and nothing outside is known that would explain it. */
  const open = [...met.keys()].some((inode) => missing(inode) > 0 && inventory.outside(inode).length === 0)
  return { world, asked, open }
})
