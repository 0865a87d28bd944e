import { Clock, Effect, Result } from "effect"
import { authorize } from "../../domain/deletion.ts"
import { instant } from "../../domain/evidence.ts"
import type { Condition } from "../../domain/evidence.ts"
import type { Relocated, RelocatedFile } from "../../domain/deletionRelocated.ts"
import { known, unreadable } from "../../domain/fact.ts"
import { compare, isSameInode } from "../../domain/fence.ts"
import { folderOf, type SagaBlob } from "../../domain/sagas.ts"
import { display } from "../../platform/BytePath.ts"
import { Progress } from "../../platform/Progress.ts"
import { bytes, count } from "../../platform/Text.ts"
import { Disk } from "../../services/Disk.ts"
import { Gate } from "../../services/Gate.ts"
import { Journal } from "../../state/Journal.ts"
import { Sagas } from "../../state/Sagas.ts"
import { atTarget, siblingsAt, strangersOf } from "./look.ts"
import { asidePath, hold, nameOf, next, sourceDirs, type Work } from "./machine.ts"
import { foldersAbove, tidy, tidySource } from "./tidy.ts"
import { isGone } from "./whereabouts.ts"

/** The quarantine is over, and was over for an earlier run too: one run alone does not believe the clock. */
const due = ({ run: { previousClock }, saga }: Work, now: number): Condition => {
  const until = saga.quarantineUntil ?? Infinity
  const over = until <= now && previousClock !== null && until <= previousClock
  return {
    name: "quarantine",
    met: over,
    value:
      until > now
        ? `not over before ${instant(until)}`
        : over
          ? `over since ${instant(until)}`
          : "over for the first run",
    threshold: "over in two runs",
    source: "storage.quarantineFor",
    metAt: until
  }
}

/** Each inode at the new place is read again where anything has touched it since it was proven. */
const proveAgain = Effect.fnUntraced(function* (work: Work) {
  const disk = yield* Disk
  const progress = yield* Progress
  const sagas = yield* Sagas
  const { plan, saga } = work
  const task = yield* progress.task(
    display(saga.subject),
    plan.blobs.reduce((sum, { size }) => sum + size, 0)
  )
  const renewed: Array<SagaBlob> = []
  let before = 0
  for (const blob of plan.blobs) {
    const path = nameOf(work, blob.number)?.target ?? ""
    const found = yield* disk.stat(path)
    if (found._tag === "Unreadable") return `${display(path)} cannot be read: ${found.why}`
    if (found._tag === "Absent") return `${display(path)} is gone: the quarantine holds what it was made from`
    const { fence } = found.value
    if (blob.proven !== null && isSameInode(blob.proven, fence) && compare(blob.proven, fence) === "same") {
      renewed.push(blob)
    } else {
      const read = yield* disk.hash(path, "sha256", (done) => task.update(before + done, "reading again"))
      if (blob.contentId === null || `sha256:${read.hash ?? ""}` !== blob.contentId) {
        return `${display(path)} does not hold any more what was proven: the quarantine holds what it was made from`
      }
      yield* sagas.noteBlob(saga.id, blob.number, { proven: read.fence, target: read.fence })
      renewed.push({ ...blob, proven: read.fence, target: read.fence })
    }
    before += blob.size
  }
  return renewed
}, Effect.scoped)

/** Every name of an inode that is still in the quarantine; undefined when an earlier release has let all of them go. */
const relocated = Effect.fnUntraced(function* (work: Work, blob: SagaBlob, begun: boolean) {
  const disk = yield* Disk
  const { saga } = work
  const entries = work.names.get(blob.number) ?? []
  const names: Array<string> = []
  let gone = 0
  let found: RelocatedFile["found"] = unreadable(
    "the quarantine",
    yield* Clock.currentTimeMillis,
    "it was not looked at"
  )
  let now = blob.aside
  for (const entry of entries) {
    const path = asidePath(saga.id, entry)
    const fact = yield* disk.stat(path)
    // With its last name the folder goes as well.
    if (begun && (fact._tag === "Absent" || (fact._tag === "Unreadable" && (yield* isGone(path, entry.from))))) {
      gone += 1
      continue
    }
    names.push(path)
    if (fact._tag !== "Known") found = fact
    else {
      found = known({ fence: fact.value.fence, links: fact.value.links }, path, fact.readAt)
      // What this release has begun itself moves the ctime.
      const ours = begun && blob.aside !== null && isSameInode(blob.aside, fact.value.fence)
      if (ours && compare(blob.aside ?? fact.value.fence, fact.value.fence) === "relinked") now = fact.value.fence
    }
  }
  if (names.length === 0) return undefined
  const path = entries[0]?.target ?? ""
  const there = yield* disk.stat(path)
  const replica: RelocatedFile["replica"] =
    there._tag === "Known" ? known({ path, fence: there.value.fence }, path, there.readAt) : there
  return {
    names,
    fence: now ?? blob.fence,
    links: blob.links - gone,
    found,
    replica,
    proven: blob.contentId === null ? null : blob.proven,
    proof: blob.wanted || blob.size === 0 ? "pieces" : "content"
  } satisfies RelocatedFile
})

/** Removes what waits in the quarantine, if everything that it was put there for still holds. */
export const release = Effect.fn("relocate.release")(
  function* (work: Work) {
    const gate = yield* Gate
    const journal = yield* Journal
    const { plan, saga } = work
    const condition = due(work, yield* Clock.currentTimeMillis)
    if (!condition.met) return hold(`its source waits in the quarantine: ${condition.value}`)
    const renewed = yield* proveAgain(work)
    if (typeof renewed === "string") return hold(renewed)

    const subject = plan.entries[0]?.source ?? ""
    const begun = (yield* journal.history(subject, 20)).some(
      ({ begunAt, step }) => step === "relocate.release" && begunAt >= saga.changedAt
    )
    const files: Array<RelocatedFile> = []
    for (const blob of renewed) {
      const file = yield* relocated(work, blob, begun)
      if (file !== undefined) files.push(file)
    }
    if (files.length === 0 && begun) return next("released")
    const siblings = yield* siblingsAt(work, atTarget)
    if (siblings.all) return hold("qBittorrent lists none of its torrents any more")
    const evidence: Relocated = {
      _tag: "Relocated",
      subject: saga.subject,
      roots: sourceDirs(plan),
      folder: folderOf(saga.id),
      until: saga.quarantineUntil ?? Infinity,
      files,
      folders: foldersAbove(plan.entries.map(({ from, source }) => [source, from])),
      claims: yield* strangersOf(work, [
        ...plan.entries.map(({ source }) => source),
        ...files.flatMap(({ names }) => names)
      ]),
      siblings: known(siblings.found, "qBittorrent", yield* Clock.currentTimeMillis),
      conditions: [condition]
    }
    // What is refused has not begun: what a later look finds changed is then nothing of ours.
    const authority = authorize(evidence, yield* Clock.currentTimeMillis)
    if (!authority.allowed) {
      return hold(`${display(saga.subject)} is kept: ${authority.reasons.map(display).join("; ")}`)
    }
    const size = files.reduce((sum, { fence }) => sum + Number(fence.size), 0)
    const about = `saga ${saga.id}: ${count(files.length, "file")}, ${bytes(size)}`
    const result = yield* Effect.result(journal.step("relocate.release", subject, about, gate.pass(evidence)))
    if (Result.isFailure(result)) return hold(result.failure.message)
    const [left] = result.success.left
    if (left !== undefined) return hold(`${display(left.path)} stays: ${display(left.why)}`)
    return next("released", {}, result.success.bytes)
  },
  Effect.catchTag("DiskError", (error) => Effect.succeed(hold(error.message)))
)

/** Whatever is left of its own folders goes, and its leases with it. */
export const finish = Effect.fn("relocate.finish")(
  function* (work: Work) {
    yield* tidy(work)
    yield* tidySource(work)
    return next("done")
  },
  Effect.catchTag("Unseen", ({ why }) => Effect.succeed(hold(why)))
)
