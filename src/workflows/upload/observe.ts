import { Clock, Effect, Schema } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import { type Candidate, discover, type Found, type Layout, type Left, restlessness } from "../../domain/discovery.ts"
import type { Item } from "../../domain/items.ts"
import { unescaped } from "../../domain/targets.ts"
import { isComplete, type Torrent } from "../../domain/torrents.ts"
import { basename, dirname, display, isWithin, join } from "../../platform/BytePath.ts"
import { count } from "../../platform/Text.ts"
import { Disk } from "../../services/Disk.ts"
import { TorrentClient } from "../../services/TorrentClient.ts"
import { Items } from "../../state/Items.ts"
import { Torrents } from "../../state/Torrents.ts"
import { restoreIsOpen } from "../restored.ts"

/** `completedDir` cannot be read: a disk that is not mounted, or a permission. Exit code 75. */
export class CompletedUnreadable extends Schema.TaggedError<CompletedUnreadable>()("CompletedUnreadable", {
  path: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `completedDir ${display(this.path)} cannot be worked in (${this.why}): is its disk mounted, and may this user read it? Nothing was changed.`
  }
}

/** What was asked for by name is none of the items. Exit code 64. */
export class NoSuchTarget extends Schema.TaggedError<NoSuchTarget>()("NoSuchTarget", { target: Schema.String }) {
  override get message() {
    return `no completed item is "${display(this.target)}": give an infohash, a path, or the name of an item in completedDir (media-pipeline status lists problems)`
  }
}

export interface Observation {
  readonly candidates: ReadonlyArray<Candidate>
  readonly left: ReadonlyArray<Left>
  readonly known: ReadonlyMap<string, Item>
  /** Wanted files of rootless torrents, relative to the folder that holds them, by the item's path. */
  readonly members: ReadonlyMap<string, ReadonlyArray<string>>
  readonly torrents: ReadonlyMap<string, Torrent>
}

const layoutOf = Effect.gen(function* () {
  const config = yield* AppConfig
  const client = yield* TorrentClient
  const containers = new Map([[config.completedDir, ""]])
  for (const [name, savePath] of yield* client.categories) {
    const folder = savePath === "" ? join(config.completedDir, name) : savePath
    if (isWithin(folder, config.completedDir) && folder !== config.completedDir) containers.set(folder, name)
  }
  for (const name of Object.keys(config.categories)) containers.set(join(config.completedDir, name), name)
  const layout: Layout = {
    completedDir: config.completedDir,
    categories: new Map(Object.entries(config.categories).map(([name, { remotePath }]) => [name, remotePath])),
    fallback: config.upload.path,
    containers
  }
  return layout
})

const entriesOf = Effect.fnUntraced(function* (layout: Layout) {
  const disk = yield* Disk
  const found: Array<Found> = []
  for (const container of layout.containers.keys()) {
    const listing = yield* disk.entries(container)
    if (listing._tag === "Known") {
      for (const entry of listing.value) {
        const kind = entry.kind === "file" || entry.kind === "directory" ? entry.kind : "other"
        found.push({ path: join(container, entry.name), kind })
      }
    } else if (container === layout.completedDir) {
      const why = listing._tag === "Unreadable" ? listing.why : "it does not exist"
      return yield* new CompletedUnreadable({ path: container, why })
    }
  }
  return found
})

/** The files of a torrent; undefined when it has left the client since the list was read. */
export const filesOf = Effect.fnUntraced(function* (hash: string) {
  const client = yield* TorrentClient
  return yield* client
    .files(hash)
    .pipe(
      Effect.catchTag("TorrentClientUnreadable", (error) =>
        Effect.flatMap(client.torrents, (all) =>
          all.some((torrent) => torrent.hash === hash) ? Effect.fail(error) : Effect.succeed(undefined)
        )
      )
    )
})

/**
 * A rootless torrent owns files, not a folder: only the client knows which. `owned` are the entries that hold any of
 * them, the deselected too, whose halves are nobody's item.
 */
const membersOf = Effect.fnUntraced(function* (torrents: ReadonlyArray<Torrent>, layout: Layout) {
  const rootless = torrents.filter((torrent) => layout.containers.has(torrent.contentPath))
  const wanted = new Map<string, ReadonlyArray<string>>()
  const owned = new Set<string>()
  for (const torrent of rootless) {
    const files = yield* filesOf(torrent.hash)
    if (files === undefined) continue
    const path = join(torrent.contentPath, torrent.name.replaceAll("/", "_"))
    const paths = files.filter((file) => file.wanted).map((file) => file.path)
    wanted.set(path, [...new Set([...(wanted.get(path) ?? []), ...paths])])
    for (const file of files) owned.add(join(torrent.contentPath, file.path.split("/")[0] ?? file.path))
  }
  return { wanted, owned }
})

/** The same of rootless items whose torrents have gone: while we know of them, their files are no items of their own. */
const rememberedOf = Effect.fnUntraced(function* (all: ReadonlyArray<Item>) {
  const items = yield* Items
  const owned: Array<string> = []
  for (const item of all) {
    if (item.kind !== "rootless" || (item.state === "released" && !(yield* restoreIsOpen(item.path)))) continue
    for (const { origin, path } of yield* items.files(item.id)) {
      if (origin === "original") owned.push(join(dirname(item.path), path.split("/")[0] ?? path))
    }
  }
  return owned
})

const isTarget = (targets: ReadonlyArray<string>, candidate: Candidate): string | undefined =>
  targets.find(
    (target) =>
      candidate.path === target ||
      basename(candidate.path) === target ||
      candidate.hashes.includes(target.toLowerCase()) ||
      (target.startsWith("/") && isWithin(target, candidate.path))
  )

/** Why what was asked for is left alone; undefined where there is no such thing. */
const leftFor = (target: string, left: ReadonlyArray<Left>, torrents: ReadonlyArray<Torrent>): Left | undefined => {
  const torrent = torrents.find(
    ({ contentPath, hash, name }) => hash === target.toLowerCase() || name === target || contentPath === target
  )
  const at = torrent?.contentPath ?? ""
  const found = left.find(
    ({ path }) => path === target || basename(path) === target || (at !== "" && isWithin(at, path))
  )
  if (found !== undefined || torrent === undefined || isComplete(torrent)) return found
  return { path: at === "" ? torrent.name : at, why: restlessness(torrent) }
}

/**
 * Reads the client, the disk and the database once. Whatever cannot be read ends the run here, before anything has
 * been changed. `trustAbsence` is false when the client's list shrank implausibly: then nothing counts as dropped by
 * hand.
 */
export const observe = Effect.fn("upload.observe")(function* (given: ReadonlyArray<string>) {
  const config = yield* AppConfig
  const client = yield* TorrentClient
  const ledger = yield* Torrents
  const items = yield* Items
  const now = yield* Clock.currentTimeMillis
  const torrents = yield* client.torrents
  const layout = yield* layoutOf
  const found = yield* entriesOf(layout)
  const due = torrents.filter((one) => isComplete(one) && isWithin(one.contentPath, config.completedDir)).length
  if (found.length === 0 && due > 0) {
    const why = `it is empty, but ${count(due, "completed torrent")} should be in it`
    return yield* new CompletedUnreadable({ path: config.completedDir, why })
  }
  const members = yield* membersOf(torrents, layout)
  const all = yield* items.all
  const remembered = yield* rememberedOf(all)
  const before = yield* ledger.present
  const vanished = before - torrents.length
  const trustAbsence = config.cleanup === undefined || vanished <= Math.max(3, before * config.cleanup.maxListShrink)
  // What the fuse of `cleanup` compares with must not be forgotten by an upload that happened to run in between.
  if (trustAbsence) yield* ledger.see(torrents, now)
  const discovery = discover({
    torrents,
    found,
    members: new Set([...members.owned, ...remembered]),
    known: all.map((item) => ({
      path: item.path,
      kind: item.kind,
      category: item.category,
      released: item.state === "released" || item.state === "quarantined"
    })),
    layout
  })
  const paths = [...discovery.candidates, ...discovery.left].map(({ path }) => path)
  const targets = given.map((target) => unescaped(target, paths))
  const asked: Array<Left> = []
  for (const target of targets) {
    if (discovery.candidates.some((candidate) => isTarget([target], candidate) !== undefined)) continue
    const left = leftFor(target, discovery.left, torrents)
    if (left === undefined) return yield* new NoSuchTarget({ target })
    asked.push(left)
  }
  const left = targets.length === 0 ? discovery.left : asked
  const chosen = discovery.candidates.filter((one) => targets.length === 0 || isTarget(targets, one) !== undefined)
  const observation: Observation = {
    candidates: trustAbsence ? chosen : chosen.filter((candidate) => !candidate.byHand),
    left: trustAbsence
      ? left
      : [
          ...left,
          {
            path: config.completedDir,
            why: `qBittorrent lists ${torrents.length} torrents where it had ${before}: what no torrent claims is left alone`
          }
        ],
    known: new Map(all.map((item) => [item.path, item])),
    members: members.wanted,
    torrents: new Map(torrents.map((torrent) => [torrent.hash, torrent]))
  }
  return observation
})
