import { Effect } from "effect"
import { copyFileSync, mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { noise } from "../fakes/metainfo.ts"
import type { Added, Host } from "./relocation-host.ts"

/** Where a torrent is to be in the end. */
export type Side = "stash" | "pool"
export interface Expected extends Added {
  readonly side: Side
}

const copy = (from: string, to: string): string => {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
  return to
}
const at = (paths: ReadonlyArray<string>, ending: string): string => paths.find((path) => path.endsWith(ending)) ?? ""

/** A film by itself; single file, v1. */
const solo = Effect.fnUntraced(function* (host: Host) {
  const one = yield* host.add({ name: "Solo.2024.mkv", files: noise(300_001, "solo"), add: { tags: "~noHL" } })
  return [{ ...one, side: "pool" as const }]
})

/** A film with extras (one of them empty), and what cross-seed injected: other roots, layouts, infohashes and kinds. */
const crossed = Effect.fnUntraced(function* (host: Host) {
  const files = [
    { path: "film.mkv", bytes: noise(400_003, "film") },
    { path: "Subs/film.en.srt", bytes: noise(900, "subs") },
    { path: "film.nfo", bytes: new Uint8Array() }
  ]
  const first = yield* host.add({ name: "Film.2024", files, folder: "movies" })
  const second = yield* host.add({
    name: "Film (2024) [other root]",
    files: files.map(({ bytes, path }) => ({ path: path === "film.mkv" ? "Film.2024.mkv" : path, bytes })),
    folder: "cross-seed/other",
    version: "v2",
    pieceLength: 32768,
    from: (path) => at(first.paths, path === "Film.2024.mkv" ? "film.mkv" : path),
    add: { category: "cross-seed" }
  })
  const third = yield* host.add({
    name: "film.mkv",
    files: files[0]?.bytes ?? new Uint8Array(),
    folder: "cross-seed/third",
    version: "hybrid",
    from: () => at(first.paths, "film.mkv"),
    add: { category: "cross-seed", stopped: true }
  })
  return [first, second, third].map((one) => ({ ...one, side: "pool" as const }))
})

/** Linked into a library by one of its files. */
const pinned = Effect.fnUntraced(function* (host: Host) {
  const one = yield* host.add({
    name: "Pinned.2023",
    files: [
      { path: "pinned.mkv", bytes: noise(200_000, "pinned") },
      { path: "pinned.nfo", bytes: noise(50, "pinned nfo") }
    ],
    folder: "movies",
    add: { tags: "~noHL" }
  })
  host.shelve(at(one.paths, "pinned.mkv"), "Pinned (2023)/Pinned.mkv")
  return [{ ...one, side: "stash" as const }]
})

/** A season pack and singles; of one such show a library has an episode. */
const season = Effect.fnUntraced(function* (host: Host, show: string, isPinned: boolean) {
  const files = [1, 2, 3].map((number) => ({
    path: `${show}.S01E0${number}.mkv`,
    bytes: noise((isPinned ? 90_000 : 80_000) + number, show + number)
  }))
  const pack = yield* host.add({ name: `${show}.S01`, files, folder: "tv", version: "hybrid" })
  const singles: Array<Added> = []
  for (const { bytes, path } of files.slice(0, 2)) {
    singles.push(yield* host.add({ name: path, files: bytes, folder: "tv/singles", from: () => at(pack.paths, path) }))
  }
  if (isPinned) host.shelve(at(pack.paths, "E03.mkv"), `${show}/Season 01/E03.mkv`)
  return [pack, ...singles].map((one) => ({ ...one, side: isPinned ? ("stash" as const) : ("pool" as const) }))
})

/** Its bytes are on the pool too, there as another torrent with another layout. */
const doubled = Effect.fnUntraced(function* (host: Host) {
  const files = [
    { path: "a.mkv", bytes: noise(250_000, "doubled a") },
    { path: "b.mkv", bytes: noise(120_000, "doubled b") }
  ]
  const there = yield* host.add({
    name: "Doubled.On.Pool",
    files: files.map(({ bytes, path }) => ({ path: `deep/${path}`, bytes })),
    folder: "old",
    side: "pool"
  })
  const here = yield* host.add({ name: "Doubled", files, version: "v1", pads: true, pieceLength: 32768 })
  return [there, here].map((one) => ({ ...one, side: "pool" as const }))
})

/** On the pool, and a library on the stash has the same bytes by now. */
const promoted = Effect.fnUntraced(function* (host: Host) {
  const files = [
    { path: "Promoted.mkv", bytes: noise(310_000, "promoted") },
    { path: "Promoted.srt", bytes: noise(700, "promoted srt") }
  ]
  const one = yield* host.add({ name: "Promoted.2022", files, folder: "movies", side: "pool" })
  for (const { path } of files) {
    host.watch(copy(at(one.paths, path), join(host.library, `Promoted (2022)/${path.toLowerCase()}`)))
  }
  return [{ ...one, side: "stash" as const }]
})

/** One file is not selected and not there, with no piece in common. */
const chosen = Effect.fnUntraced(function* (host: Host) {
  const one = yield* host.add({
    name: "Chosen",
    files: [
      { path: "1 wanted.mkv", bytes: noise(4 * 16384, "chosen") },
      { path: "2 not wanted.mkv", bytes: noise(2 * 16384, "not chosen") }
    ],
    unwanted: [1]
  })
  return [{ ...one, side: "pool" as const }]
})

/** Everything that a machine may have at once. */
export const family = Effect.fnUntraced(function* (host: Host) {
  const all: ReadonlyArray<ReadonlyArray<Expected>> = yield* Effect.all(
    [
      solo(host),
      crossed(host),
      pinned(host),
      season(host, "Kept", true),
      season(host, "Gone", false),
      doubled(host),
      promoted(host),
      chosen(host)
    ],
    { concurrency: "unbounded" }
  )
  return all.flat()
})
