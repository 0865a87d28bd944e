import { Data, Effect } from "effect"
import * as Fence from "../../domain/fence.ts"
import { parse } from "../../domain/metainfo.ts"
import type { Content, DemotionTarget, Detail, PromotionTarget } from "../../domain/relocation.ts"
import type { SagaEntry, SagaFile, SagaKind } from "../../domain/sagas.ts"
import { activityOf, isSeeding, liesAtSavePath, type TorrentContent } from "../../domain/torrents.ts"
import { basename, dirname, display, isWithin, join } from "../../platform/BytePath.ts"
import { Disk } from "../../services/Disk.ts"
import { TorrentClient } from "../../services/TorrentClient.ts"
import type { RunFacts } from "./machine.ts"

/** What was planned is not what is there any more, or not yet. Nothing was begun. */
export class NotBegun extends Data.TaggedError("NotBegun")<{ readonly why: string }> {}

export const stop = (why: string) => new NotBegun({ why })

export interface Planned {
  readonly kind: SagaKind
  readonly step: string
  readonly detail: Detail<PromotionTarget | DemotionTarget>
  /** Canonical seeding directories of the side that it leaves, and of the one that it goes to. */
  readonly from: ReadonlyArray<string>
  readonly to: ReadonlyArray<string>
}

const deepest = (dirs: ReadonlyArray<string>, path: string): string | undefined =>
  dirs.filter((dir) => path !== dir && isWithin(path, dir)).toSorted((one, other) => other.length - one.length)[0]

/** Behind such a file libtorrent looks for a pad file in it, as if it were a folder, and gives up (ENOTDIR). */
const isImmovable = (torrentFile: Uint8Array): boolean => {
  const parsed = parse(torrentFile)
  if ("why" in parsed) return false
  const { files, infohashV1, multiFile, pieceLength } = parsed.metainfo
  return infohashV1 === null && !multiFile && files.some(({ size }) => size % pieceLength !== 0)
}

/** The files of a torrent as they are now, under their canonical paths. */
export const lookAtTorrent = Effect.fnUntraced(function* (
  { from, hash, to }: Detail<unknown>["torrents"][number],
  { canonical }: RunFacts
) {
  const client = yield* TorrentClient
  const seen = yield* client.settings(hash)
  if (seen === null) return yield* stop(`qBittorrent has ${hash} no more`)
  const name = display(seen.name)
  const resting = isSeeding(seen.state) || activityOf(seen.state) === "stopped"
  if (!resting || seen.progress < 1 || seen.amountLeft > 0)
    return yield* stop(`${name} is ${seen.state} and not at rest`)
  if (!liesAtSavePath(seen)) return yield* stop(`${name} lies in ${display(seen.contentPath)}, not at its save path`)
  const folder = yield* canonical(seen.savePath)
  if (folder !== from) return yield* stop(`${name} has the save path ${display(seen.savePath)} now`)
  const metainfo = yield* client.export(hash)
  if (isImmovable(metainfo)) {
    return yield* stop(`${name} is a v2 torrent of one file without a folder, which libtorrent fails to move`)
  }
  return {
    contents: yield* client.contents(hash),
    metainfo,
    torrent: {
      hash,
      name: seen.name,
      savePath: seen.savePath,
      folder,
      target: to,
      category: seen.category,
      autoManaged: seen.autoManaged,
      downloadPath: seen.downloadPath,
      ran: isSeeding(seen.state),
      forced: seen.state === "forcedUP"
    }
  }
})

export type Looked = Effect.Success<ReturnType<typeof lookAtTorrent>>

/** All inodes of a component and their names, gathered from what its torrents have. */
export class Gathered {
  readonly entries = new Map<string, SagaEntry>()
  readonly extra: Array<{ readonly fence: Fence.Fence; readonly links: number }> = []
  readonly #numbers: Map<string, number>
  readonly #links = new Map<number, number>()
  readonly #names = new Map<number, ReadonlyArray<SagaEntry>>()
  readonly #first: number

  constructor(contents: ReadonlyArray<Content<unknown>>) {
    this.#first = contents.length
    this.#numbers = new Map(contents.map(({ source }, number) => [source.fence, number]))
  }

  numberOf(fence: Fence.Fence): number | undefined {
    return this.#numbers.get(Fence.print(fence))
  }

  /** One that no plan speaks of: nobody wants it, but the client has it. */
  addExtra(fence: Fence.Fence, links: number): number {
    const number = this.#first + this.extra.push({ fence, links }) - 1
    this.#numbers.set(Fence.print(fence), number)
    return number
  }

  see(number: number, links: number) {
    this.#links.set(number, links)
  }
  links(number: number): number {
    return this.#links.get(number) ?? 0
  }
  add(key: string, entry: SagaEntry) {
    this.entries.set(key, entry)
    this.#names.set(entry.blob, [...(this.#names.get(entry.blob) ?? []), entry])
  }
  namesOf(number: number): ReadonlyArray<SagaEntry> {
    return this.#names.get(number) ?? []
  }
}

/** Takes in one file of a torrent; returns which blob it is. */
export const addFile = Effect.fnUntraced(function* (
  planned: Planned,
  gathered: Gathered,
  { torrent }: Looked,
  { index, path, size, wanted }: TorrentContent
) {
  const disk = yield* Disk
  const source = join(torrent.folder, path)
  const file: SagaFile = { index, path, size, wanted, blob: null }
  const fact = yield* disk.stat(source)
  if (fact._tag === "Unreadable") {
    // The whole folder may be left out.
    if (!wanted && (yield* disk.stat(dirname(source)))._tag !== "Known") return file
    return yield* stop(`${display(source)} cannot be read: ${fact.why}`)
  }
  if (fact._tag === "Absent") {
    if (wanted && size > 0) return yield* stop(`${display(source)} is missing`)
    if (!wanted && (yield* disk.stat(`${source}.!qB`))._tag === "Known") {
      return yield* stop(`${display(source)}.!qB is unfinished and left out: remove it, or select it`)
    }
    return file
  }
  const { fence, kind, links } = fact.value
  if (kind !== "file") return yield* stop(`${display(source)} is a ${kind}`)
  let number = gathered.numberOf(fence)
  const left = number !== undefined && planned.detail.contents[number]?.target.kind === "left"
  if (number === undefined || left) {
    if (wanted) return yield* stop(`${display(source)} was touched since it was planned`)
    if (planned.kind === "promotion") {
      const why = "nobody wants it and it is not on the stash, and the client would carry it there"
      return yield* stop(`${display(source)} is in the way: ${why}; remove it, or select it`)
    }
    number = gathered.addExtra(fence, links)
  }
  const target = join(torrent.target, path)
  const from = deepest(planned.from, source)
  const to = deepest(planned.to, target)
  if (from === undefined || to === undefined) {
    return yield* stop(`${display(from === undefined ? source : target)} does not lie in a seeding directory`)
  }
  const folder = yield* disk.stat(dirname(source))
  if (folder._tag !== "Known") return yield* stop(`${display(dirname(source))} cannot be read`)
  const key = `${folder.value.fence.dev}:${folder.value.fence.ino}/${basename(source)}`
  const before = gathered.entries.get(key)
  if (before !== undefined && before.target !== target) {
    return yield* stop(`${display(source)} would have to lie in two places`)
  }
  gathered.see(number, links)
  if (before === undefined) gathered.add(key, { blob: number, source, target, from, to, existed: false })
  return { ...file, blob: number } satisfies SagaFile
})
