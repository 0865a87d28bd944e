import { Clock, Duration, Effect, Result } from "effect"
import type { Evidence } from "../domain/deletion.ts"
import { type Item, type ItemFile, markerOf } from "../domain/items.ts"
import { basename, dirname, display } from "../platform/BytePath.ts"
import { bytes as size, count } from "../platform/Text.ts"
import { Progress } from "../platform/Progress.ts"
import { Disk } from "../services/Disk.ts"
import { type Freed, Gate } from "../services/Gate.ts"
import { Items } from "../state/Items.ts"
import { Journal } from "../state/Journal.ts"
import { quarantined, quarantineOf, type Subject, type World } from "./cleanup-judge.ts"

/**
 * Where only the ctime of a file moved (a library made a hardlink of it), its bytes are read again; what still has our
 * hash gets its new fence. Returns the manifest as it is now.
 */
export const readAgain = Effect.fn("cleanup.readAgain")(function* (subject: Subject) {
  const { item, look } = subject
  if (look._tag !== "Known") return subject.files
  const disk = yield* Disk
  const items = yield* Items
  const progress = yield* Progress
  const moved = look.value.files.filter(({ file, is }) => is === "relinked" && file.sha1 !== null)
  if (moved.length === 0) return subject.files
  const total = moved.reduce((sum, { file }) => sum + file.size, 0)
  const renewed = yield* Effect.scoped(
    Effect.gen(function* () {
      const task = yield* progress.task(display(basename(item.path)), total)
      let before = 0
      const found: Array<ItemFile> = []
      for (const { file, path } of moved) {
        const read = yield* Effect.result(disk.hash(path, null, (done) => task.update(before + done, "reading again")))
        before += file.size
        if (Result.isSuccess(read) && read.success.sha1 === file.sha1)
          found.push({ ...file, fence: read.success.fence })
      }
      return found
    })
  )
  yield* items.putFiles(renewed)
  const byPath = new Map(renewed.map((file) => [file.path, file]))
  return subject.files.map((file) => (file.origin === "original" ? (byPath.get(file.path) ?? file) : file))
})

/** The sign goes after the data. One that is not ours stays. */
export const removeMarker = Effect.fn("cleanup.removeMarker")(function* (item: Item) {
  const disk = yield* Disk
  const gate = yield* Gate
  const journal = yield* Journal
  const path = markerOf(item)
  if ((yield* disk.stat(path))._tag !== "Known") return
  const evidence: Evidence = { _tag: "Derived", path, within: dirname(path), from: item.path }
  yield* journal.step("cleanup.marker", item.path, "remove its .uploaded marker", gate.pass(evidence)).pipe(
    Effect.catchTags({
      GateRefused: (error) => Effect.logInfo(error.message),
      GateFailed: (error) => Effect.logWarning(error.message)
    })
  )
})

/** Sends an item back to the upload, which mends what is wrong with it. The sign goes first: it must never lie. */
export const mend = Effect.fn("cleanup.mend")(function* (item: Item, why: string) {
  const items = yield* Items
  yield* Effect.logWarning(`${display(item.path)} will be uploaded again: ${display(why)}`)
  yield* removeMarker(item)
  yield* items.update(item.id, { state: "discovered", reason: why, errorClass: null, attempts: 0, stamp: null })
})

/** The item is no longer here: released, or waiting in the quarantine if anything of it is there. */
export const concludeGone = Effect.fn("cleanup.concludeGone")(function* (item: Item, world: World) {
  const disk = yield* Disk
  const items = yield* Items
  const now = yield* Clock.currentTimeMillis
  const folder = item.quarantinePath ?? quarantineOf(world.config, item)
  // A folder of its number may be left by a database that was lost, and hold another's.
  const mine = quarantined(item, folder, item.path)
  const waiting = (yield* disk.stat(item.kind === "rootless" ? folder : mine))._tag === "Known"
  yield* removeMarker(item)
  const term = world.cleanup.quarantineFor
  yield* items.update(
    item.id,
    waiting
      ? {
          state: "quarantined",
          reason: null,
          quarantinePath: folder,
          quarantineUntil: item.quarantineUntil ?? now + (term === null ? 0 : Duration.toMillis(term))
        }
      : { state: "released", reason: null, releasedAt: now, quarantinePath: null, quarantineUntil: null }
  )
  return waiting
})

export type Released =
  | { readonly _tag: "gone"; readonly quarantined: boolean; readonly freed: Freed }
  | { readonly _tag: "kept"; readonly why: string; readonly failed: boolean; readonly bytes: number }

/** Takes one item through the gate, and records what became of it. */
export const release = Effect.fn("cleanup.release")(function* (
  subject: Subject,
  evidence: Extract<Evidence, { _tag: "LocalCopy" }>,
  world: World
) {
  const gate = yield* Gate
  const items = yield* Items
  const journal = yield* Journal
  const { item } = subject
  const term = world.cleanup.quarantineFor
  const until = term === null ? null : world.now + Duration.toMillis(term)
  const taken = yield* items.updateFrom(["uploaded", "releasing"], item.id, {
    state: "releasing",
    ...(until === null ? {} : { quarantinePath: evidence.quarantine, quarantineUntil: until })
  })
  if (!taken) {
    return { _tag: "kept", why: "an upload took it up just now", failed: false, bytes: 0 } satisfies Released
  }
  const step = evidence.quarantine === null ? "cleanup.release" : "cleanup.quarantine"
  const detail = `${count(evidence.files.length, "file")}, ${size(subject.look._tag === "Known" ? subject.look.value.bytes : 0)}`
  const result = yield* Effect.result(journal.step(step, item.path, detail, gate.pass(evidence)))
  if (Result.isFailure(result)) {
    const failure = result.failure
    // Refused is untouched; what failed half-way goes on from where it is.
    if (failure._tag === "GateRefused") {
      const { quarantinePath, quarantineUntil, state } = item
      yield* items.update(item.id, { state, quarantinePath, quarantineUntil })
    }
    return { _tag: "kept", why: failure.message, failed: true, bytes: 0 } satisfies Released
  }
  const freed = result.success
  const ours = new Set(evidence.files.map(({ path }) => path))
  const stuck = freed.left.find(({ path }) => ours.has(path))
  for (const { path, why } of freed.left) yield* Effect.logWarning(`left in place: ${display(path)} (${display(why)})`)
  if (stuck !== undefined) {
    const why = `${stuck.path}: ${stuck.why}`
    yield* mend(item, why)
    return { _tag: "kept", why, failed: false, bytes: freed.bytes } satisfies Released
  }
  const quarantined = yield* concludeGone(
    { ...item, quarantinePath: evidence.quarantine, quarantineUntil: until },
    world
  )
  yield* Effect.logInfo(`${quarantined ? "quarantined" : "released"} ${display(item.path)}`)
  return { _tag: "gone", quarantined, freed } satisfies Released
})
