import { Clock, Effect } from "effect"
import type { StagedFile } from "../../domain/deletionRelocated.ts"
import { known } from "../../domain/fact.ts"
import type { Fence } from "../../domain/fence.ts"
import { folderOf, type SagaBlob } from "../../domain/sagas.ts"
import { basename, dirname, isWithin, join } from "../../platform/BytePath.ts"
import { Disk } from "../../services/Disk.ts"
import { Gate } from "../../services/Gate.ts"
import { Journal } from "../../state/Journal.ts"
import { strangersOf } from "./look.ts"
import { asidePath, nameOf, sourceDirs, stagingOf, targetDirs, viewsOf, type Work } from "./machine.ts"
import { entryAt, seen, sourceNow } from "./whereabouts.ts"

type Stays = StagedFile["stays"]

/** What is at a path now, beside what is to be there. */
const staying = Effect.fnUntraced(function* (path: string, expected: Fence | "as found") {
  const disk = yield* Disk
  const fact = yield* disk.stat(path)
  if (fact._tag !== "Known") return fact satisfies Stays
  const { fence } = fact.value
  const value = { path, fence, expected: expected === "as found" ? fence : expected }
  return known(value, fact.source, fact.readAt) satisfies Stays
})

/** Which blob a file in the staging folder is of, by where it lies. */
const blobAt = (
  work: Work,
  targets: ReadonlyMap<string, number>,
  dir: string,
  path: string
): { readonly blob: SagaBlob; readonly part: boolean } | undefined => {
  const { saga } = work
  const blobs = join(stagingOf(saga.id, dir), "blobs")
  if (dirname(path) === blobs) {
    const match = /^(\d+)(\.part)?$/.exec(basename(path))
    const blob = match === null ? undefined : work.blobs.get(Number(match[1]))
    return blob === undefined ? undefined : { blob, part: match?.[2] !== undefined }
  }
  const views = viewsOf(saga.id, dir)
  if (!isWithin(path, views)) return undefined
  const number = targets.get(join(dir, path.slice(views.length + 1)))
  const blob = number === undefined ? undefined : work.blobs.get(number)
  return blob === undefined ? undefined : { blob, part: false }
}

/** Where the content of a blob stays when a name of it goes: in place at the target, where it was linked from, or at the source. */
const placeOf = Effect.fnUntraced(function* (work: Work, blob: SagaBlob, inPlace: boolean, proven: boolean) {
  const there = nameOf(work, blob.number)
  if (inPlace && there !== undefined && blob.target !== null) return yield* staying(there.target, blob.target)
  const { origin } = blob
  const own = origin.kind === "same" ? work.blobs.get(origin.blob) : blob
  if (own?.origin.kind === "link" && blob.target !== null) return yield* staying(own.origin.path, blob.target)
  // What was never proven is worth nothing, whatever has become of the source since.
  return yield* staying(yield* sourceNow(work, blob), proven ? blob.fence : "as found")
})

/** Every file that lies in the saga's staging folders. */
export const stagedFiles = Effect.fnUntraced(function* (work: Work, inPlace: boolean) {
  const disk = yield* Disk
  const files: Array<StagedFile> = []
  const targets = new Map(work.plan.entries.map(({ blob, target }) => [target, blob]))
  for (const dir of targetDirs(work.plan)) {
    const home = stagingOf(work.saga.id, dir)
    const tree = yield* seen(yield* disk.walk(home), home, dir)
    for (const { fence, path: name } of tree?.files ?? []) {
      const path = join(home, name)
      const found = blobAt(work, targets, dir, path)
      if (found === undefined) continue
      const { blob, part } = found
      const ours = !part && blob.target !== null && blob.target.ino === fence.ino
      const proven = ours && blob.proven !== null
      const stays = yield* placeOf(work, blob, inPlace, proven)
      files.push({ path, fence: proven ? blob.target : null, stays })
    }
  }
  return files
})

/** The names that were put in place and are no one else's. */
export const publishedFiles = Effect.fnUntraced(function* (work: Work) {
  const files: Array<StagedFile> = []
  for (const entry of work.plan.entries) {
    const blob = work.blobs.get(entry.blob)
    if (entry.existed || blob === undefined || blob.target === null) continue
    const found = yield* entryAt(entry.target, entry.to)
    if (found?.fence.ino !== blob.target.ino) continue
    files.push({ path: entry.target, fence: blob.target, stays: yield* placeOf(work, blob, false, true) })
  }
  return files
})

/** The folders that paths lie in, up to the one given with each. */
export const foldersAbove = (paths: ReadonlyArray<readonly [path: string, upTo: string]>): ReadonlyArray<string> => {
  const folders = new Set<string>()
  for (const [path, upTo] of paths) {
    for (let at = dirname(path); at !== upTo && isWithin(at, upTo); at = dirname(at)) folders.add(at)
  }
  return [...folders]
}

export interface Made {
  readonly roots: ReadonlyArray<string>
  readonly files: ReadonlyArray<StagedFile>
  /** Paths that torrents may have been told of. */
  readonly claimed: ReadonlyArray<string>
  readonly folders: ReadonlyArray<string>
}

/** Takes names through the gate that the saga has made, and folders in which nothing is left. */
export const takeAway = Effect.fnUntraced(function* (work: Work, { claimed, files, folders, roots }: Made) {
  const gate = yield* Gate
  const journal = yield* Journal
  const claims =
    claimed.length === 0
      ? known([], "nobody was told of it", yield* Clock.currentTimeMillis)
      : yield* strangersOf(work, claimed)
  const evidence = {
    _tag: "Staged" as const,
    subject: work.saga.subject,
    roots,
    folder: folderOf(work.saga.id),
    files,
    folders,
    claims
  }
  return yield* journal.step(
    "relocate.tidy",
    work.plan.entries[0]?.target ?? "",
    `saga ${work.saga.id}`,
    gate.pass(evidence)
  )
})

/** The same, where it does no harm if something stays. */
const tryToTake = (work: Work, made: Made) =>
  takeAway(work, made).pipe(
    Effect.catchTags({
      GateRefused: (error) => Effect.logWarning(error.message),
      GateFailed: (error) => Effect.logWarning(error.message)
    })
  )

/** Removes what is left of the staging once the views are in place. What the gate keeps now goes in the end. */
export const tidy = Effect.fn("relocate.tidy")(function* (work: Work) {
  const files = yield* stagedFiles(work, true)
  yield* tryToTake(work, { roots: targetDirs(work.plan), files, claimed: [], folders: [] })
})

/** Removes the folders that the source and its quarantine have left, where they are empty. */
export const tidySource = Effect.fn("relocate.tidySource")(function* (work: Work) {
  const { plan, saga } = work
  const folders = foldersAbove(
    plan.entries.flatMap((entry) => [
      [entry.source, entry.from],
      [asidePath(saga.id, entry), entry.from]
    ])
  )
  yield* tryToTake(work, { roots: sourceDirs(plan), files: [], claimed: [], folders })
})
