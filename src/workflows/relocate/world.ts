import { Effect } from "effect"
import { known } from "../../domain/fact.ts"
import { Inventory } from "../../domain/relocationInventory.ts"
import type { Member, Side } from "../../domain/relocationWorld.ts"
import { sagaWords } from "../../domain/sagas.ts"
import type { Torrent } from "../../domain/torrents.ts"
import { isWithin, join } from "../../platform/BytePath.ts"
import { temporaryPrefix } from "../../platform/AtomicFile.ts"
import { Disk } from "../../services/Disk.ts"
import { Scanner } from "../../services/Scanner.ts"
import { Cache } from "../../state/Cache.ts"
import { Sagas } from "../../state/Sagas.ts"
import { filesOf, type Lists } from "./lists.ts"
import type { RunFacts } from "./machine.ts"
import { concerns, placed, worldAround } from "./parts.ts"
import { refusalOf } from "./refusals.ts"
import type { Folder, Sides } from "./sides.ts"

/** Milliseconds of walking between two looks at what else there is to do. */
const slice = 40

/** Names of one file that are of interest, and files whose names are looked up. */
const shownNames = 4
const namedPins = 20_000

/** Our own folders hold nothing that a plan could be made of: staging, and what is on its way out. */
const isOurs = (folder: Folder, path: string): boolean => path.startsWith(join(folder.path, temporaryPrefix))

/** What lies there beside files and folders. */
const noteOthers = Effect.fnUntraced(function* (inventory: Inventory, path: string) {
  const entries = yield* (yield* Disk).entries(path)
  for (const { kind, name } of entries._tag === "Known" ? entries.value : []) {
    if (kind !== "file" && kind !== "directory") inventory.obstacle(join(path, name), `a ${kind}`)
  }
})

const walk = Effect.fnUntraced(function* (inventory: Inventory, folder: Folder) {
  const scanner = yield* Scanner
  const { device, fsid, mountPoints, path, side } = folder
  const walking = scanner.walk({ path, device, parent: null, mountPoints })
  for (let seen = walking.next(slice); seen.length > 0; seen = walking.next(slice)) {
    for (const one of seen) {
      if (one._tag === "Unread") inventory.unreadable(side, one.path, one.why)
      else if (one._tag === "Foreign") inventory.obstacle(one.path, "where something else is mounted")
      else if (!isOurs(folder, one.listing.path)) {
        inventory.listing(side, fsid, device, one.listing)
        if (one.listing.others > 0) yield* noteOthers(inventory, one.listing.path)
      }
    }
    yield* Effect.yieldNow
  }
})

/** What the hash cache knows of the bytes of every inode that was met. */
const recall = Effect.fnUntraced(function* (inventory: Inventory) {
  const cache = yield* Cache
  for (const fsid of inventory.volumes) {
    yield* cache.passEvidence(fsid, (ino, judge) => {
      const inode = inventory.inodeAt(fsid, ino)
      if (inode === undefined) return
      const fence = inventory.fence(inode)
      const evidence = judge({ ...fence, birthNs: fence.birthNs ?? 0n })
      if (evidence !== undefined) inventory.know(inode, evidence.contentId, evidence.grade)
    })
  }
})

const isOutside = ({ folders }: Sides, path: string): boolean => !folders.some((folder) => isWithin(path, folder.path))

/**
 * Copies that lie outside of the seeding directories, such as in a library: as the hash cache knows them, and only what
 * is still there and as it was.
 */
const findCopies = Effect.fnUntraced(function* (inventory: Inventory, sides: Sides) {
  const cache = yield* Cache
  const disk = yield* Disk
  const sideOf = new Map<string, Side>(sides.folders.map(({ fsid, side }) => [fsid, side]))
  const strangers = yield* cache.twins(
    ({ fsid, ino }) => sideOf.has(fsid) && inventory.inodeAt(fsid, ino) === undefined
  )
  const names = yield* cache.namesOf(strangers)
  for (const [index, { fsid, ino }] of strangers.entries()) {
    for (const path of names[index]?.filter((one) => isOutside(sides, one)).slice(0, shownNames) ?? []) {
      const found = yield* disk.stat(path)
      if (found._tag !== "Known" || found.value.kind !== "file" || found.value.fence.ino !== ino) continue
      const { fence, links } = found.value
      const number = inventory.copy(sideOf.get(fsid) ?? "stash", fsid, path, fence, links)
      const [evidence] = yield* cache.evidence([{ ...fence, fsid, birthNs: fence.birthNs ?? 0n }])
      if (evidence !== undefined) inventory.know(number, evidence.contentId, evidence.grade)
    }
  }
})

/** What pins a file, as far as it is known: for the words only, so not for each of a hundred thousand. */
const namePins = Effect.fnUntraced(function* (inventory: Inventory, sides: Sides) {
  const cache = yield* Cache
  const pinned: Array<number> = []
  for (let inode = 0; inode < inventory.inodes && pinned.length < namedPins; inode++) {
    if ((inventory.links[inode] ?? 0) > (inventory.inside[inode] ?? 0)) pinned.push(inode)
  }
  const known = pinned.map((inode) => ({
    fsid: inventory.volumes[inventory.volume[inode] ?? 0] ?? "",
    ino: inventory.fence(inode).ino
  }))
  for (const [index, names] of (yield* cache.namesOf(known)).entries()) {
    const outside = names.filter((path) => isOutside(sides, path)).toSorted()
    if (outside.length > 0) inventory.elsewhere(pinned[index] ?? 0, outside.slice(0, shownNames))
  }
})

/** By infohash, why no relocation of it is tried again as things are. */
const refusals = Effect.fnUntraced(function* (torrents: ReadonlyArray<Torrent>) {
  const listed = new Set(torrents.map(({ hash }) => hash))
  const reasons = new Map<number, string | null>()
  const found = new Map<string, string>()
  for (const [hash, saga] of yield* (yield* Sagas).verdicts) {
    let why = reasons.get(saga.id)
    if (why === undefined) why = yield* refusalOf(saga, listed)
    reasons.set(saga.id, why)
    if (why !== null) found.set(hash, why)
  }
  return found
})

const membersOf = Effect.fnUntraced(function* (
  inventory: Inventory,
  torrents: ReadonlyArray<Torrent>,
  readAt: number,
  sides: Sides,
  run: RunFacts,
  lists: Lists
) {
  const leases = yield* (yield* Sagas).leases
  const refused = yield* refusals(torrents)
  const all = yield* placed(torrents, run.canonical)
  const concerned = all.filter((torrent) => concerns(sides, torrent))
  const files = yield* filesOf(inventory, concerned, readAt, lists)
  return all.map((torrent): Member => {
    const lease = leases.get(torrent.hash)
    return {
      torrent,
      files: known(files.get(torrent.hash) ?? [], "qBittorrent", readAt),
      lease: lease === undefined ? null : sagaWords(lease),
      refused: refused.get(torrent.hash) ?? null
    }
  })
})

/**
 * Everything that a plan is made from, looked at now. Only a plan that nothing is done by may rest on cached lists of
 * files. Changes nothing but the cache of these.
 */
export const lookAtWorld = Effect.fn("relocate.world")(function* (
  sides: Sides,
  torrents: ReadonlyArray<Torrent>,
  readAt: number,
  run: RunFacts,
  lists: Lists
) {
  const inventory = new Inventory()
  for (const folder of sides.folders) if (sides.unavailable[folder.side] === null) yield* walk(inventory, folder)
  yield* recall(inventory)
  yield* findCopies(inventory, sides)
  yield* namePins(inventory, sides)
  return yield* worldAround(sides, inventory, yield* membersOf(inventory, torrents, readAt, sides, run, lists))
})
