import { Clock, Effect } from "effect"
import { compare, type Fence, isSameInode } from "../../domain/fence.ts"
import { ancestorsOf } from "../../domain/paths.ts"
import type { SagaTorrent } from "../../domain/sagas.ts"
import { activityOf, isSeeding, type Torrent, type TorrentSettings } from "../../domain/torrents.ts"
import { basename, dirname, display, isWithin, join } from "../../platform/BytePath.ts"
import { canonicalise, mounts } from "../../platform/Filesystem.ts"
import type { Mount } from "../../platform/Filesystem/mountinfo.ts"
import { Disk } from "../../services/Disk.ts"
import { TorrentClient } from "../../services/TorrentClient.ts"
import type { Work } from "./machine.ts"
import { isGone } from "./whereabouts.ts"

/** What a look came to: all is as it must be, something is not, or it cannot be told. */
export type Looked =
  | { readonly _tag: "fine" }
  | { readonly _tag: "trouble"; readonly why: string }
  | { readonly _tag: "unknown"; readonly why: string }

export const fine: Looked = { _tag: "fine" }
export const trouble = (why: string): Looked => ({ _tag: "trouble", why })
export const unknown = (why: string): Looked => ({ _tag: "unknown", why })

/** Looks further only where all was fine so far. */
export const andLook =
  <E2, R2>(further: Effect.Effect<Looked, E2, R2>) =>
  <E, R>(look: Effect.Effect<Looked, E, R>): Effect.Effect<Looked, E | E2, R | R2> =>
    Effect.flatMap(look, (looked): Effect.Effect<Looked, E2, R2> =>
      looked._tag === "fine" ? further : Effect.succeed(looked)
    )

/**
 * A file that has to be this inode, with nothing written to it; `exact`: nor anything else done to it. Without `dir`,
 * the seeding directory that it lies in, nothing is concluded from a folder that is not there.
 */
export const lookAtFile = Effect.fnUntraced(function* (
  path: string,
  fence: Fence,
  exact: boolean,
  { dir, links }: { readonly dir?: string; readonly links?: number } = {}
) {
  const disk = yield* Disk
  const fact = yield* disk.stat(path)
  if (fact._tag === "Unreadable" && (dir === undefined || !(yield* isGone(path, dir)))) {
    return unknown(`${display(path)} cannot be read: ${fact.why}`)
  }
  if (fact._tag !== "Known") return trouble(`${display(path)} is gone`)
  const { fence: now, kind, links: names } = fact.value
  if (kind !== "file") return trouble(`${display(path)} is a ${kind} now`)
  const change = isSameInode(fence, now) ? compare(fence, now) : "changed"
  if (change === "changed") return trouble(`${display(path)} is not the file that it was`)
  if (links !== undefined && names !== links) {
    return trouble(`${display(path)} has ${names} names, it had ${links}: something has come to use it, or ceased to`)
  }
  if (exact && change === "relinked") return trouble(`${display(path)} was touched since it was fenced`)
  return fine
})

/** Every name of the source is in its place, untouched, and no other name has come. */
export const sourceIntact = Effect.fnUntraced(function* ({ blobs, plan }: Work) {
  for (const { blob: number, from, source } of plan.entries) {
    const blob = blobs.get(number)
    if (blob === undefined) return trouble(`${display(source)} is none of its files`)
    const looked = yield* lookAtFile(source, blob.fence, true, { dir: from, links: blob.links })
    if (looked._tag !== "fine") return looked
  }
  return fine
})

/** Every name at the other side is in its place, with what was put there. */
export const targetIntact = Effect.fnUntraced(function* ({ blobs, plan }: Work) {
  for (const { blob: number, target, to } of plan.entries) {
    const fence = blobs.get(number)?.target ?? null
    if (fence === null) return trouble(`${display(target)} was never made`)
    const looked = yield* lookAtFile(target, fence, false, { dir: to })
    if (looked._tag !== "fine") return looked
  }
  return fine
})

const canonicalFolder = (folder: string, mounted: ReadonlyArray<Mount>): Effect.Effect<string> =>
  canonicalise(folder, mounted).pipe(
    Effect.map(({ path }) => path),
    // What is not there, or cannot be read, is what it is called; but the folder above it may be.
    Effect.catch(() =>
      folder === "/" || folder === ""
        ? Effect.succeed(folder)
        : Effect.map(canonicalFolder(dirname(folder), mounted), (above) => join(above, basename(folder)))
    )
  )

/** For one run: paths in the form in which bind aliases and symlinks are one, each resolved once. */
export const makeCanonical = Effect.map(mounts, (mounted) => {
  const seen = new Map<string, string>()
  return (path: string): Effect.Effect<string> =>
    Effect.suspend(() => {
      const before = seen.get(path)
      if (before !== undefined || path === "") return Effect.succeed(before ?? "")
      return Effect.tap(canonicalFolder(path, mounted), (found) => Effect.sync(() => void seen.set(path, found)))
    })
})

const nameOf = ({ hash, name }: Torrent): string => `${display(name)} (${hash})`

/**
 * Torrents other than those of the saga that have a file at one of these paths, whether or not something is there. All
 * of an inode's names being known, that is all who may use it.
 */
export const strangersOf = Effect.fn("relocate.strangers")(function* (work: Work, paths: ReadonlyArray<string>) {
  const client = yield* TorrentClient
  const { canonical } = work.run
  const own = new Set(work.plan.torrents.map(({ hash }) => hash))
  const torrents = yield* client.torrents
  const exact = new Set(paths)
  const around = new Set(paths.flatMap((path) => [path, ...ancestorsOf(path)]))
  const claims: Array<string> = []
  for (const torrent of torrents) {
    if (own.has(torrent.hash)) continue
    const folder = yield* canonical(torrent.savePath)
    const content = torrent.contentPath === "" ? folder : yield* canonical(torrent.contentPath)
    // It holds one of the paths, is one, or would need one to be a folder.
    if (!around.has(content) && !ancestorsOf(content).some((above) => exact.has(above))) continue
    const files = yield* client.files(torrent.hash)
    const bases = [folder, dirname(content)].filter((base) => base !== "")
    const meets = files.some((file) => bases.some((base) => exact.has(join(base, file.path))))
    // A torrent without a list of files (no metadata yet) may get any.
    if (meets || files.length === 0) claims.push(nameOf(torrent))
  }
  return { _tag: "Known", value: claims, source: "qBittorrent", readAt: yield* Clock.currentTimeMillis } as const
})

/** No other torrent has come to lie on what is moved. */
export const noStrangers = Effect.fnUntraced(function* (work: Work) {
  const claims = yield* strangersOf(
    work,
    work.plan.entries.map(({ source }) => source)
  )
  const [stranger] = claims.value
  return stranger === undefined ? fine : trouble(`the torrent ${stranger} has come to lie on its files`)
})

/** It says nothing of where a torrent stands as long as that is so. */
const isPassing = ({ state }: TorrentSettings): boolean => ["checking", "moving", "unknown"].includes(activityOf(state))

/** What is wrong with a torrent at the place where it is to be; null: nothing. */
const troubleOf = (seen: TorrentSettings, savePath: string): string | null => {
  if (isPassing(seen)) return `is ${seen.state}`
  if (seen.savePath !== savePath) return `has the save path ${display(seen.savePath)}, not ${display(savePath)}`
  if (seen.contentPath !== savePath && !isWithin(seen.contentPath, savePath))
    return `lies in ${display(seen.contentPath)}`
  if (seen.progress < 1 || seen.amountLeft > 0) return `is not complete (${seen.state})`
  const activity = activityOf(seen.state)
  return isSeeding(seen.state) || activity === "stopped" ? null : `is ${seen.state}`
}

/** Every torrent of it is complete and at rest where it is to be; one that was removed from the client is no concern. */
export const siblingsAt = Effect.fn("relocate.siblings")(function* (
  work: Work,
  placeOf: (torrent: SagaTorrent) => string
) {
  const client = yield* TorrentClient
  const found: Array<{ readonly name: string; readonly trouble: string | null; readonly passing: boolean }> = []
  let gone = 0
  for (const torrent of work.plan.torrents) {
    const seen = yield* client.settings(torrent.hash)
    if (seen === null) gone += 1
    else found.push({ name: torrent.name, trouble: troubleOf(seen, placeOf(torrent)), passing: isPassing(seen) })
  }
  // A client that lists none of them may have lost its profile.
  return { found, gone, all: gone === work.plan.torrents.length }
})

export const siblingsFine = Effect.fnUntraced(function* (work: Work, placeOf: (torrent: SagaTorrent) => string) {
  const { all, found, gone } = yield* siblingsAt(work, placeOf)
  if (all) return unknown("qBittorrent lists none of its torrents any more")
  if (gone > 0) return trouble(`${gone} of its torrents were removed from qBittorrent`)
  const ill = found.find((one) => one.trouble !== null && !one.passing) ?? found.find((one) => one.passing)
  if (ill === undefined) return fine
  const why = `the torrent ${display(ill.name)} ${ill.trouble ?? ""}`
  return ill.passing ? unknown(why) : trouble(why)
})

export const atSource = ({ savePath }: SagaTorrent): string => savePath
export const atTarget = ({ target }: SagaTorrent): string => target
