import { Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import * as Fence from "../../domain/fence.ts"
import type { Origin, SagaBlob, SagaEntry, SagaFile, SagaTorrent } from "../../domain/sagas.ts"
import { display, isWithin, join } from "../../platform/BytePath.ts"
import { Items } from "../../state/Items.ts"
import { type NewSaga, Sagas } from "../../state/Sagas.ts"
import { addFile, Gathered, lookAtTorrent, type Planned, stop } from "./gather.ts"
import type { RunFacts } from "./machine.ts"
import { originOf } from "./origin.ts"
import { entryAt } from "./whereabouts.ts"

/** Under management before any saga of ours took it out. */
const wasManaged = Effect.fnUntraced(function* (hash: string) {
  const sagas = yield* Sagas
  const last = (yield* sagas.ofTorrent(hash)).find(({ state }) => state === "done")
  if (last === undefined) return false
  return (yield* sagas.plan(last.id)).torrents.some((torrent) => torrent.hash === hash && torrent.autoManaged)
})

const isUploaded = new Set(["uploaded", "releasing", "released", "quarantined"])

/** What is owed to the remote is looked for where it completed: it must not go from there before. */
const notUploaded = Effect.fnUntraced(function* (torrents: ReadonlyArray<SagaTorrent>, { canonical }: RunFacts) {
  const { completedDir } = yield* AppConfig
  const items = yield* Items
  const home = yield* canonical(completedDir)
  const here = torrents.filter(({ files, folder }) => files.some(({ path }) => isWithin(join(folder, path), home)))
  if (here.length === 0) return undefined
  const all = yield* items.all
  return here.find(({ hash }) => !all.some(({ hashes, state }) => isUploaded.has(state) && hashes.includes(hash)))
})

const lookAtTargets = Effect.fnUntraced(function* (entries: ReadonlyArray<SagaEntry>, blobs: ReadonlyArray<SagaBlob>) {
  const byNumber = new Map(blobs.map((blob) => [blob.number, blob]))
  const seen = new Set<string>()
  const looked: Array<SagaEntry> = []
  for (const entry of entries) {
    if (seen.has(entry.target)) return yield* stop(`two files would lie at ${display(entry.target)}`)
    seen.add(entry.target)
    const there = yield* entryAt(entry.target, entry.to).pipe(Effect.catchTag("Unseen", ({ why }) => stop(why)))
    if (there !== undefined) {
      const blob = byNumber.get(entry.blob)
      if (blob?.target?.ino !== there.fence.ino || blob.target.dev !== there.fence.dev) {
        return yield* stop(`another file lies at ${display(entry.target)}`)
      }
    }
    looked.push({ ...entry, existed: there !== undefined })
  }
  return looked
})

/**
 * Makes a saga of a step of the plan, from what is there now: every file as it was planned, every name of every inode
 * accounted for. Only reads, but for the saga's own rows.
 */
export const begin = Effect.fn("relocate.begin")(function* (planned: Planned, run: RunFacts) {
  const { storage } = yield* AppConfig
  const sagas = yield* Sagas
  const { detail, kind } = planned
  if (storage === undefined) return yield* stop("storage is not configured")
  const gathered = new Gathered(detail.contents)
  const torrents: Array<SagaTorrent> = []
  for (const one of detail.torrents) {
    const looked = yield* lookAtTorrent(one, run)
    const files: Array<SagaFile> = []
    for (const content of looked.contents) files.push(yield* addFile(planned, gathered, looked, content))
    const autoManaged = looked.torrent.autoManaged || (kind === "promotion" && (yield* wasManaged(one.hash)))
    torrents.push({ ...looked.torrent, autoManaged, files, metainfo: looked.metainfo, repointed: false })
  }
  const wanted = new Set(
    torrents.flatMap(({ files }) => files.flatMap((file) => (file.wanted && file.blob !== null ? [file.blob] : [])))
  )
  const blobs: Array<SagaBlob> = []
  const unread = { sourceId: null, contentId: null, proven: null, aside: null }
  for (const [number, content] of detail.contents.entries()) {
    if (content.target.kind === "left") continue
    const names = gathered.namesOf(number)
    const fence = Fence.parse(content.source.fence)
    if (names.length === 0 || fence === undefined) return yield* stop("a file of it has lost its names")
    const { origin, target } = yield* originOf(planned, content, gathered, number)
    const links = gathered.links(number)
    blobs.push({
      number,
      size: content.source.size,
      wanted: wanted.has(number),
      fence,
      links,
      origin,
      target,
      ...unread
    })
  }
  for (const [at, { fence, links }] of gathered.extra.entries()) {
    const number = detail.contents.length + at
    const origin: Origin = fence.size === 0n ? { kind: "empty" } : { kind: "copy" }
    blobs.push({
      number,
      size: Number(fence.size),
      wanted: wanted.has(number),
      fence,
      links,
      origin,
      target: null,
      ...unread
    })
  }
  for (const { links, number } of blobs) {
    const names = gathered.namesOf(number)
    if (kind === "demotion" ? names.length !== links : names.length > links) {
      return yield* stop(
        `${display(names[0]?.source ?? "a file")} has ${links} names, ${names.length} of them its torrents'`
      )
    }
  }
  const planViews = new Set(detail.contents.flatMap(({ views }) => views.map((view) => view.target)))
  const all = [...gathered.entries.values()]
  const unplanned = all.find(({ blob, target }) => blob < detail.contents.length && !planViews.has(target))
  if (unplanned !== undefined) return yield* stop(`${display(unplanned.target)} was not planned`)
  const owed = yield* notUploaded(torrents, run)
  if (owed !== undefined) return yield* stop(`${display(owed.name)} lies in completedDir and is not uploaded yet`)
  const entries = yield* lookAtTargets(all, blobs)
  const promisedBytes = blobs.reduce((sum, { origin, size }) => sum + (origin.kind === "copy" ? size : 0), 0)
  const saga: NewSaga = {
    kind,
    subject: torrents[0]?.name ?? "",
    fromFsid: detail.contents[0]?.source.fsid ?? "",
    toFsid: detail.fsid,
    promisedBytes,
    plan: { torrents, blobs, entries }
  }
  const begun = yield* sagas.begin(saga)
  return begun ?? (yield* stop("another relocation has a part of it"))
})
