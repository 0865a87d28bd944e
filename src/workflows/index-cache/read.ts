import { Effect } from "effect"
import { isRacy } from "../../domain/indexGrade.ts"
import type { IndexReport } from "../../domain/indexReport.ts"
import { Progress, type Task } from "../../platform/Progress.ts"
import { Scanner } from "../../services/Scanner.ts"
import { Cache } from "../../state/Cache.ts"
import { type Extent, lowest, type Page, type Pending, type Within } from "../../state/Cache/pending.ts"
import type { Digest } from "../../state/Cache/write.ts"

/** Files that are looked up together. */
const pageSize = 8000
/** Files that are read between two looks at the clock, and the milliseconds that it should take. */
const groupFiles = { least: 250, most: 4000, aim: 100 }
const groupBytes = 64 * 1024 ** 2

/** Milliseconds of reading that a crash may cost, and digests: a transaction for each few would be written many times over. */
const keepEvery = 1000
const keepCount = 8000

export interface Volume {
  /** Number of the filesystem in the database. */
  readonly fs: bigint
  readonly device: bigint
  /** For people. */
  readonly label: string
  readonly within: Within
}

interface Tally {
  files: number
  bytes: number
  changed: number
  /** Something has to be read again by the next run. */
  unsettled: boolean
  readonly problems: Array<{ readonly path: string; readonly why: string }>
}

/** How many files from `from` on are read next: no more than a crash may cost. */
const groupAt = (files: ReadonlyArray<Pending>, from: number, most: number): number => {
  let bytes = 0
  let end = from
  while (end < files.length && end - from < most && bytes < groupBytes) bytes += Number(files[end++]?.size ?? 0n)
  return end - from
}

/** What was read and is not in the database yet. */
class Unkept {
  readonly fs: bigint
  digests: Array<Digest> = []
  since = performance.now()

  constructor(fs: bigint) {
    this.fs = fs
  }

  get isDue(): boolean {
    return this.digests.length >= keepCount || performance.now() - this.since >= keepEvery
  }

  readonly keep = Effect.gen({ self: this }, function* () {
    const { digests } = this
    this.digests = []
    this.since = performance.now()
    if (digests.length > 0) yield* (yield* Cache).keep(this.fs, digests)
  })
}

const readGroup = Effect.fnUntraced(function* (
  files: ReadonlyArray<Pending>,
  device: bigint,
  tally: Tally,
  unkept: Unkept,
  task: Task
) {
  yield* (yield* Scanner).read(
    files,
    device,
    (file, reading) => {
      if (reading._tag === "Read") {
        tally.files += 1
        if (isRacy(file, reading.at)) tally.unsettled = true
        unkept.digests.push({ file, sha256: reading.sha256, at: reading.at })
        return
      }
      tally.unsettled = true
      if (reading._tag === "Changed") tally.changed += 1
      else tally.problems.push({ path: file.path, why: reading.why })
    },
    (count) => {
      tally.bytes += count
      task.update(tally.bytes, "hashing")
    }
  )
})

const readVolume = Effect.fnUntraced(function* ({ device, fs, label, within }: Volume, extent: Extent) {
  const cache = yield* Cache
  const tally: Tally = { files: 0, bytes: 0, changed: 0, unsettled: false, problems: [] }
  const total = yield* cache.amount(fs, extent, within)
  if (total.files === 0) return tally
  const task = yield* (yield* Progress).task(label, total.bytes)
  const unkept = new Unkept(fs)
  const all = Effect.gen(function* () {
    let most = 1000
    for (let after: bigint | undefined = lowest; after !== undefined;) {
      const { files, last }: Page = yield* cache.pending(fs, extent, within, after, pageSize)
      for (let from = 0; from < files.length;) {
        const group = files.slice(from, from + groupAt(files, from, most))
        const begun = performance.now()
        // What was read before is written down meanwhile.
        const keep = unkept.isDue ? unkept.keep : Effect.void
        yield* Effect.all([readGroup(group, device, tally, unkept, task), keep], { concurrency: 2, discard: true })
        const { aim, least, most: limit } = groupFiles
        most = performance.now() - begun < aim ? Math.min(limit, most * 2) : Math.max(least, most / 2)
        from += group.length
      }
      after = last
    }
  })
  // Also when a signal ends it.
  yield* Effect.ensuring(all, unkept.keep)
  return tally
}, Effect.scoped)

/** Reads what has to be read: one reader a filesystem, in the order of the inodes, each inode once. */
export const readPending = Effect.fn("index.read")(function* (volumes: ReadonlyArray<Volume>, extent: Extent) {
  const tallies = yield* Effect.forEach(volumes, (volume) => readVolume(volume, extent), {
    concurrency: "unbounded"
  })
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0)
  const read: IndexReport["read"] = {
    files: sum(({ files }) => files),
    bytes: sum(({ bytes }) => bytes),
    changed: sum(({ changed }) => changed),
    problems: tallies.flatMap(({ problems }) => problems)
  }
  return { read, settled: tallies.every(({ unsettled }) => !unsettled) }
})
