import { Clock, Effect } from "effect"
import { type Claim, identity } from "../domain/claims.ts"
import { type Fact, known, unreadable } from "../domain/fact.ts"
import {
  followed,
  type Followed,
  type Lying,
  type Payload,
  type PayloadFile,
  type RetiredTitle
} from "../domain/retiredTorrents.ts"
import { basename, dirname, join } from "../platform/BytePath.ts"
import { Disk } from "../services/Disk.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import { Retirements } from "../state/Retirements.ts"
import type { Located } from "./cleanup-claimants.ts"
import type { Subject } from "./cleanup-judge.ts"
import { folderOf } from "./cleanup-managed.ts"
import { unlessBack } from "./retired-back.ts"

/** What has gone from the libraries through their arrs. */
export const retiredTitles = Effect.flatMap(
  Retirements,
  ({ retired }): Effect.Effect<ReadonlyArray<RetiredTitle>> => retired
)

/** A file where its folder leads. The file itself is not followed: a link to something is not it. */
export const lyingAt = Effect.fnUntraced(function* (path: string) {
  const disk = yield* Disk
  const folder = yield* disk.resolve(dirname(path))
  if (folder._tag !== "Known") return folder
  const at = join(folder.value.path, basename(path))
  const found = yield* disk.stat(at)
  if (found._tag !== "Known") return found
  const { fence, kind, links } = found.value
  if (kind !== "file") return unreadable<Lying>(at, found.readAt, `it is a ${kind}`)
  const entry = `${identity(folder.value.entry.fence)}/${basename(path)}`
  return known<Lying>({ path: at, entry, fence, links }, at, found.readAt)
})

/** All files of a torrent as the client lists them, looked at on the disk. */
export const payloadOf = Effect.fn("retired.payload")(function* (
  { claimant, torrent }: Located,
  extracted: Payload["extracted"]
) {
  const client = yield* TorrentClient
  const { addedAt, contentPath, hash, name } = torrent
  const listed = yield* client.files(hash)
  const base = claimant.rootless ? contentPath : folderOf(contentPath, listed)
  const files = yield* Effect.forEach(listed, ({ path, size, wanted }) =>
    Effect.gen(function* () {
      const at = join(base, path)
      const now = yield* Clock.currentTimeMillis
      const found: Fact<Lying> =
        contentPath === "" ? unreadable(name, now, "qBittorrent does not say where it lies") : yield* lyingAt(at)
      return { path: at, size, wanted, found } satisfies PayloadFile
    })
  )
  return { hash, name, addedAt, files, extracted } satisfies Payload
})

/**
 * Of the torrents that claim these items, which were retired whole: asked only where one of an item's claims is of a
 * retired title. `claims` are those of the items, in their order.
 */
export const followedAmong = Effect.fn("retired.followed")(function* (
  located: ReadonlyArray<Located>,
  subjects: ReadonlyArray<Pick<Subject, "files">>,
  claims: ReadonlyArray<Fact<ReadonlyArray<Claim>>>
) {
  const titles = yield* retiredTitles
  const hashes = new Set(titles.flatMap((title) => title.hashes))
  const asked = new Map<string, Array<Payload["extracted"][number]>>()
  for (const [index, claim] of claims.entries()) {
    if (claim._tag !== "Known" || !claim.value.some(({ hash }) => hashes.has(hash))) continue
    const members = (subjects[index]?.files ?? []).filter(({ origin }) => origin === "extracted")
    for (const { hash } of claim.value) asked.set(hash, [...(asked.get(hash) ?? []), ...members])
  }
  if (asked.size === 0) return new Map<string, Followed>()
  const payloads: Array<Payload> = []
  for (const one of located) {
    const extracted = asked.get(one.torrent.hash)
    if (extracted !== undefined) payloads.push(yield* payloadOf(one, extracted))
  }
  return yield* unlessBack(followed(payloads, titles))
})
