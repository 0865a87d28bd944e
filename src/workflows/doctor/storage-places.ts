import { Effect, Result } from "effect"
import type { Side } from "../../domain/relocationWorld.ts"
import { isComplete, type Torrent } from "../../domain/torrents.ts"
import { display, isWithin, join } from "../../platform/BytePath.ts"
import { count } from "../../platform/Text.ts"
import { Disk } from "../../services/Disk.ts"
import { TorrentClient } from "../../services/TorrentClient.ts"
import { makeCanonical } from "../relocate/look.ts"
import { type Check, ok, problem, warning } from "./check.ts"
import type { Located } from "./storage.ts"
import { linkable, ownership, protectsHardlinks } from "./storage-ownership.ts"
import { traps } from "./storage-traps.ts"

/** Torrents that are looked at on each side. */
const sampled = 6

interface Sample {
  readonly torrent: Torrent
  readonly side: Side
  /** Of its largest file, on this host, as the client tells both. */
  readonly path: string
  readonly size: number
}

/** Some of them, from all over the list. */
const spread = <A>(all: ReadonlyArray<A>): ReadonlyArray<A> => {
  const step = Math.max(1, all.length / sampled)
  return Array.from({ length: Math.min(sampled, all.length) }, (_, index) => all[Math.floor(index * step)]).filter(
    (one) => one !== undefined
  )
}

/** A file that the client reports has to be here under its mapped path, with its size. */
const sentinel = Effect.fnUntraced(function* (
  side: Side,
  samples: ReadonlyArray<Sample>,
  torrents: ReadonlyArray<Torrent>
) {
  const disk = yield* Disk
  const name = `paths on the ${side}`
  const lost: Array<string> = []
  for (const { path, size } of samples) {
    const found = yield* disk.stat(path)
    if (found._tag !== "Known") lost.push(`${display(path)} is not there`)
    else if (found.value.fence.size !== BigInt(size)) {
      lost.push(`${display(path)} has ${found.value.fence.size} bytes, not ${size}`)
    }
  }
  const [first] = lost
  if (first !== undefined) {
    return problem(
      "Storage",
      name,
      `${lost.length} of ${count(samples.length, "file")} that qBittorrent reports ${lost.length === 1 ? "is" : "are"} not what is found here: ${first}`,
      "Set qbittorrent.pathMap so that each client path leads to the same folder here, recheck these torrents, and relocate nothing before."
    )
  }
  if (samples.length > 0) {
    return ok(
      "Storage",
      name,
      `${count(samples.length, "file")} of ${count(samples.length, "torrent")} found where qBittorrent says, with their sizes`
    )
  }
  return torrents.length === 0
    ? ok("Storage", name, "no complete torrent to look for yet")
    : warning(
        "Storage",
        name,
        `no complete torrent lies in its seeding directories, so that qBittorrent sees them under these paths is not proven; one lies at ${display(torrents[0]?.contentPath ?? "")}`,
        "See whether qbittorrent.pathMap is right, save one small torrent there and run doctor again. A client that sees another folder there would move payloads into that."
      )
})

const categories = Effect.fnUntraced(function* (located: ReadonlyArray<Located>) {
  const client = yield* TorrentClient
  const canonical = yield* makeCanonical
  const managed = yield* client.autoManaged
  const dirs = located.filter(({ isRoot }) => !isRoot)
  const checks: Array<Check> = []
  const numbers = { stash: 0, pool: 0, elsewhere: 0 }
  for (const [name, path] of yield* client.categories) {
    if (path === "") continue
    const real = yield* canonical(path)
    const dir = dirs.find(({ place }) => isWithin(real, place.path))
    numbers[dir?.side ?? "elsewhere"] += 1
    const root = located.find(({ isRoot, place }) => isRoot && isWithin(real, place.path))
    const torrents = managed.get(name) ?? 0
    if (dir === undefined && root !== undefined) {
      checks.push(
        warning(
          "Storage",
          `category ${display(name)}`,
          `it saves to ${display(path)}, on the ${root.side} and in none of its seedingDirs: what lies there is never moved, and counts as a library`,
          `Add that directory to storage.${root.side}.seedingDirs, if torrents seed from it.`
        )
      )
    } else if (dir !== undefined && real !== path && !isWithin(path, dir.path)) {
      const about = torrents === 0 ? "" : `, with ${count(torrents, "torrent")} under automatic management`
      checks.push(
        problem(
          "Storage",
          `category ${display(name)}`,
          `it saves to ${display(path)}, which is ${display(real)} under another name${about}: qBittorrent takes the two for different places, and a move from one to the other destroys the files`,
          `Give the category the path ${display(real)}; first turn automatic management off for its torrents.`
        )
      )
    }
  }
  const managedTorrents = [...managed.values()].reduce((sum, number) => sum + number, 0)
  const where = `${numbers.stash} on the stash, ${numbers.pool} on the pool, ${numbers.elsewhere} elsewhere`
  return [
    ...checks,
    ok("Storage", "categories", where),
    ok(
      "Storage",
      "automatic management",
      managedTorrents === 0
        ? "no torrent is under it"
        : `${count(managedTorrents, "torrent")}: a relocation takes those that it moves out of it, as their category would move them back`
    )
  ]
})

const brokenOff = (why: string) =>
  problem("Storage", "qBittorrent", display(why), "Until it answers, what it says of both sides is not looked at.")

/** What the client says of both sides, held against what is there. */
export const places = Effect.fnUntraced(
  function* (located: ReadonlyArray<Located>) {
    const client = yield* TorrentClient
    const listed = yield* Effect.result(client.torrents)
    // That it cannot be read is said elsewhere.
    if (Result.isFailure(listed)) return []
    const canonical = yield* makeCanonical
    const complete = listed.success.filter(isComplete)
    const samples: Array<Sample> = []
    const checks: Array<Check> = []
    for (const side of ["stash", "pool"] as const) {
      const dirs = located.filter((one) => !one.isRoot && one.side === side)
      if (dirs.length === 0) continue
      const here: Array<Torrent> = []
      for (const torrent of complete) {
        const folder = torrent.savePath === "" ? "" : yield* canonical(torrent.savePath)
        if (dirs.some(({ place }) => isWithin(folder, place.path))) here.push(torrent)
      }
      const own: Array<Sample> = []
      for (const torrent of spread(here)) {
        const files = (yield* client.files(torrent.hash)).filter(({ wanted }) => wanted)
        const largest = files.toSorted((one, other) => other.size - one.size)[0]
        if (largest === undefined) continue
        own.push({ torrent, side, path: join(torrent.savePath, largest.path), size: largest.size })
      }
      samples.push(...own)
      checks.push(yield* sentinel(side, own, complete))
    }
    const isProtected = protectsHardlinks()
    const answers = samples.map(({ path }) => ({ path, answer: linkable(path, isProtected) }))
    return [
      ...checks,
      ...ownership(answers, isProtected),
      ...(yield* traps(samples.map(({ torrent }) => torrent))),
      ...(yield* categories(located))
    ]
  },
  Effect.catchTags({
    TorrentClientUnreadable: (error) => Effect.succeed([brokenOff(error.message)]),
    TorrentClientRefused: (error) => Effect.succeed([brokenOff(error.message)])
  })
)
