import { Clock, Effect, Option, Result } from "effect"
import type { CleanedItem } from "../domain/reports.ts"
import { type Condition, type Evidence, instant, quarantineFolder } from "../domain/deletion.ts"
import { compare, type Fence } from "../domain/fence.ts"
import { hostPath, type Item, type ItemFile } from "../domain/items.ts"
import { basename, dirname, display, join } from "../platform/BytePath.ts"
import { bytes as size, count } from "../platform/Text.ts"
import { Disk } from "../services/Disk.ts"
import { Gate } from "../services/Gate.ts"
import { Items } from "../state/Items.ts"
import { Journal } from "../state/Journal.ts"
import { Runs } from "../state/Runs.ts"
import {
  condition,
  earliestOf,
  evidenceOf,
  judgeRemote,
  ofProtection,
  quarantined,
  reasonOf,
  type World
} from "./cleanup-judge.ts"
import { removeMarker } from "./cleanup-release.ts"
import { readRemote } from "./cleanup-remote.ts"
import { shownRemote } from "../domain/remoteName.ts"

const clockKey = "cleanup.clock"

/** What the clock said at the previous cleanup; a clock that jumped is not believed by one run alone. */
export const previousClock = Effect.gen(function* () {
  const runs = yield* Runs
  return Option.match(yield* runs.observed(clockKey), { onNone: () => null, onSome: ({ at }) => at })
})
export const rememberClock = Effect.flatMap(Runs, (runs) => runs.observe(clockKey, "seen"))

export const dueConditions = (item: Item, now: number, previous: number | null): ReadonlyArray<Condition> => {
  const until = item.quarantineUntil ?? Infinity
  return [
    condition(
      "quarantine",
      until <= now,
      until <= now ? `over since ${instant(until)}` : "it waits in the quarantine, from which it can be restored",
      "over",
      "cleanup.quarantineFor",
      until
    ),
    condition(
      "clock",
      previous !== null && until <= previous,
      previous === null
        ? "no earlier cleanup has told the time"
        : until <= previous
          ? `over at the previous cleanup too (${instant(previous)})`
          : `it was not over at the previous cleanup (${instant(previous)}); one run alone does not believe the clock`,
      "over in two runs",
      "state.db",
      until
    )
  ]
}

const cleaned = (
  item: Item,
  outcome: CleanedItem["outcome"],
  bytes: number,
  reason: string | null,
  conditions: ReadonlyArray<Condition>
): CleanedItem => ({ path: item.path, outcome, bytes, reason, conditions, earliest: earliestOf(conditions) })

type Found = ReadonlyArray<{ readonly path: string; readonly fence: Fence }>

/** The rename into the quarantine moved the ctime: what still has our bytes is taken as it is now. */
const renewed = Effect.fnUntraced(function* (
  item: Item,
  folder: string,
  manifest: ReadonlyArray<ItemFile>,
  found: Found
) {
  const disk = yield* Disk
  const byPath = new Map(found.map(({ fence, path }) => [join(folder, path), fence]))
  const all: Array<ItemFile> = []
  for (const file of manifest) {
    const path = quarantined(item, folder, hostPath(item, file))
    const fence = byPath.get(path)
    if (file.origin !== "original" || fence === undefined) continue
    const read = compare(file.fence, fence) === "relinked" ? yield* Effect.result(disk.hash(path, null)) : undefined
    const same = read !== undefined && Result.isSuccess(read) && read.success.sha1 === file.sha1
    all.push(same ? { ...file, fence: read.success.fence } : file)
  }
  return all
})

const released = (now: number) =>
  ({ state: "released", reason: null, releasedAt: now, quarantinePath: null, quarantineUntil: null }) as const

/** One quarantined item whose time is over: its replica is proven again, then it goes. */
export const purge = Effect.fn("cleanup.purge")(function* (
  item: Item,
  world: World,
  previous: number | null,
  dryRun: boolean
) {
  const disk = yield* Disk
  const items = yield* Items
  const journal = yield* Journal
  const gate = yield* Gate
  const folder = item.quarantinePath
  const until = item.quarantineUntil
  if (folder === null || until === null) return undefined
  const manifest = yield* items.files(item.id)
  const above = yield* disk.resolve(dirname(item.path))
  const led = above._tag === "Known" ? join(above.value.path, basename(item.path)) : item.path
  const protection = ofProtection(world.cleanup, { files: manifest, item }, [led])
  const due = [protection, ...dueConditions(item, world.now, previous)]
  const waiting = reasonOf(due)
  const tree = yield* disk.walk(folder)
  if (tree._tag === "Unreadable") return cleaned(item, "kept", 0, `${folder} cannot be read: ${tree.why}`, due)
  if (tree._tag === "Absent") {
    if (dryRun) return cleaned(item, "would-purge", 0, null, due)
    yield* removeMarker(item)
    yield* items.update(item.id, released(world.now))
    return cleaned(item, "purged", 0, null, due)
  }
  const home = join(world.config.completedDir, quarantineFolder)
  if (tree.value.files.length === 0 && tree.value.others.length === 0) {
    if (dryRun) return cleaned(item, "would-purge", 0, null, due)
    const empty: Evidence = { _tag: "Derived", path: folder, within: home, from: item.path }
    yield* journal.step("cleanup.purge", item.path, "nothing is left of it", gate.pass(empty)).pipe(Effect.ignore)
    yield* items.update(item.id, released(world.now))
    return cleaned(item, "purged", 0, null, due)
  }
  const bytes = tree.value.files.reduce((sum, { fence }) => sum + Number(fence.size), 0)
  if (waiting !== null) return cleaned(item, "kept", bytes, waiting, due)
  const view = yield* readRemote([{ item, files: manifest }])
  const subject = {
    item,
    files: manifest,
    look: { _tag: "Absent", source: folder, readAt: world.now },
    restoredAt: null
  } as const
  const proven = judgeRemote(
    subject,
    view,
    shownRemote(world.config.upload.remote),
    yield* Clock.currentTimeMillis
  ).condition
  const conditions = [...due, proven]
  const why = reasonOf(conditions)
  if (why !== null) {
    const remedy = proven.met ? "" : ` (media-pipeline restore ${display(item.path)} brings it back)`
    return cleaned(item, "kept", bytes, `${why}${remedy}`, conditions)
  }
  if (dryRun) return cleaned(item, "would-purge", bytes, null, conditions)
  const here = yield* renewed(item, folder, manifest, tree.value.files)
  // Reading the bytes again may have taken a while.
  const fresh = yield* readRemote([{ item, files: manifest }])
  const files = evidenceOf(subject, fresh, here).map((file) => ({
    ...file,
    path: quarantined(item, folder, file.path)
  }))
  const evidence: Evidence = { _tag: "Quarantined", path: folder, within: home, until, files }
  const result = yield* Effect.result(
    journal.step("cleanup.purge", item.path, `${count(files.length, "file")}, ${size(bytes)}`, gate.pass(evidence))
  )
  if (Result.isFailure(result)) return cleaned(item, "failed", bytes, result.failure.message, conditions)
  const [left] = result.success.left
  if (left !== undefined) return cleaned(item, "failed", bytes, `${left.path} stays: ${left.why}`, conditions)
  yield* items.update(item.id, released(yield* Clock.currentTimeMillis))
  return cleaned(item, "purged", result.success.bytes, null, conditions)
})
