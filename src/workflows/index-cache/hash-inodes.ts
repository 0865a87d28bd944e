import { Effect } from "effect"
import { contentPrefix, emptyContent, type Grade, isRacy } from "../../domain/indexGrade.ts"
import type { Fence } from "../../domain/fence.ts"
import * as Filesystem from "../../platform/Filesystem.ts"
import { Progress } from "../../platform/Progress.ts"
import { Disk } from "../../services/Disk.ts"
import { type Reading, Scanner, type Wanted } from "../../services/Scanner.ts"
import { Cache } from "../../state/Cache.ts"

/** What a file holds, as read now or before, and what that is good for. */
export interface Hashed {
  readonly _tag: "Hashed"
  readonly path: string
  readonly fsid: string
  readonly fence: Fence
  readonly links: number
  readonly contentId: string
  readonly grade: Exclude<Grade, "none">
}

/** Nothing may be concluded about it. */
export interface Unhashed {
  readonly _tag: "Unhashed"
  readonly path: string
  readonly why: string
}

interface Looked {
  readonly path: string
  readonly fsid: string
  readonly fence: Fence
  readonly links: number
}

const look = Effect.fnUntraced(function* (path: string, fsids: Map<bigint, string>) {
  const fact = yield* (yield* Disk).stat(path)
  if (fact._tag !== "Known") {
    return { _tag: "Unhashed", path, why: fact._tag === "Absent" ? "it is not there" : fact.why } satisfies Unhashed
  }
  const { fence, kind, links } = fact.value
  if (kind !== "file") return { _tag: "Unhashed", path, why: `it is a ${kind}, not a file` } satisfies Unhashed
  const known = fsids.get(fence.dev)
  if (known !== undefined) return { path, fsid: known, fence, links } satisfies Looked
  const found = yield* Effect.result(Effect.flatMap(Filesystem.canonicalise(path), Filesystem.fsid))
  if (found._tag === "Failure") return { _tag: "Unhashed", path, why: found.failure.why } satisfies Unhashed
  fsids.set(fence.dev, found.success)
  return { path, fsid: found.success, fence, links } satisfies Looked
})

const keyOf = ({ fence, fsid }: Looked) => `${fence.ino}:${fsid}`
const birthOf = ({ birthNs }: Fence) => birthNs ?? 0n

/** Reads inodes of one filesystem in their order and keeps what they hold. */
const readAll = Effect.fnUntraced(function* (fsid: string, files: ReadonlyArray<Looked>) {
  const cache = yield* Cache
  const scanner = yield* Scanner
  const fs = yield* cache.put(
    fsid,
    files.map(({ fence, links }) => ({ ...fence, birthtimeNs: birthOf(fence), nlink: BigInt(links) }))
  )
  const bytes = files.reduce((sum, { fence }) => sum + Number(fence.size), 0)
  const task = yield* (yield* Progress).task(files[0]?.path ?? "", bytes)
  let done = 0
  const readings = new Map<string, Reading>()
  for (const file of files.toSorted((one, other) => (one.fence.ino < other.fence.ino ? -1 : 1))) {
    const wanted: Wanted = { ...file.fence, path: file.path, birthNs: birthOf(file.fence) }
    yield* scanner.read(
      [wanted],
      file.fence.dev,
      (_, reading) => void readings.set(keyOf(file), reading),
      (count) => task.update((done += count), "hashing")
    )
    const reading = readings.get(keyOf(file))
    if (reading?._tag === "Read") yield* cache.keep(fs, [{ file: wanted, sha256: reading.sha256, at: reading.at }])
  }
  return readings
}, Effect.scoped)

/**
 * What these files hold, by absolute path and in their order: from the cache where that is stable, else read now, each
 * inode once and one reader a filesystem. They need not lie below a root. A file that is still young is "suspect".
 */
export const hashInodes = Effect.fn("index.hashInodes")(function* (paths: ReadonlyArray<string>) {
  const cache = yield* Cache
  const fsids = new Map<bigint, string>()
  const looked: Array<Looked | Unhashed> = []
  for (const path of paths) looked.push(yield* look(path, fsids))
  const files = looked.filter((one): one is Looked => !("_tag" in one))
  const evidence = yield* cache.evidence(files.map(({ fence, fsid }) => ({ ...fence, fsid, birthNs: birthOf(fence) })))
  const known = new Map(files.map((file, index) => [keyOf(file), evidence[index]]))
  const unread = new Map(
    files
      .filter((file) => file.fence.size > 0n && known.get(keyOf(file))?.grade !== "stable")
      .map((file) => [keyOf(file), file])
  )
  const byVolume = Map.groupBy(unread.values(), ({ fsid }) => fsid)
  const readings = new Map(
    (yield* Effect.forEach(byVolume, ([fsid, list]) => readAll(fsid, list), { concurrency: "unbounded" })).flatMap(
      (one) => [...one]
    )
  )
  return looked.map((file): Hashed | Unhashed => {
    if ("_tag" in file) return file
    const about = { _tag: "Hashed", ...file } as const
    if (file.fence.size === 0n) return { ...about, contentId: emptyContent, grade: "stable" }
    const reading = readings.get(keyOf(file))
    const before = known.get(keyOf(file))
    if (reading?._tag === "Read") {
      const contentId = `${contentPrefix}${reading.sha256}`
      return { ...about, contentId, grade: isRacy(file.fence, reading.at) ? "suspect" : "stable" }
    }
    if (reading !== undefined) return { _tag: "Unhashed", path: file.path, why: reading.why }
    return before === undefined
      ? { _tag: "Unhashed", path: file.path, why: "it was not read" }
      : { ...about, contentId: before.contentId, grade: before.grade }
  })
})
