import { Clock, Effect, Exit, Ref } from "effect"
import type { Item } from "../domain/items.ts"
import { destination, planOriginals } from "../domain/manifest.ts"
import type { UploadedItem, UploadReport } from "../domain/reports.ts"
import { Disk } from "../services/Disk.ts"
import { Remote, RemoteError } from "../services/Remote.ts"
import { markerOf } from "../domain/items.ts"
import { display } from "../platform/BytePath.ts"
import { Items } from "../state/Items.ts"
import { Runs, whyFailed } from "../state/Runs.ts"
import { Spool } from "../state/Spool.ts"
import { settleRemote } from "./remote-place.ts"
import { addTwins, listBatch, type Passage, proveBatch, sendBatch, type Trouble } from "./upload/batch.ts"
import { discard } from "./upload/extract.ts"
import { mark, unmark, writeMarker } from "./upload/mark.ts"
import { observe } from "./upload/observe.ts"
import { prepare, type Prepared, register, type Work } from "./upload/prepare.ts"
import { recover } from "./upload/recover.ts"

/** A batch is listed, sent, listed again and marked: small enough to lose little, large enough to cost few calls. */
const batchFiles = 2000
const batchBytes = 8 * 1024 ** 3

/** Whatever is in another state is cleanup's, which runs beside us: what it wrote down must stay. */
const ours = ["discovered", "uploading", "uploaded", "failed", "blocked"] as const

const sizeOf = (work: Work) => work.content.reduce((sum, { fence }) => sum + Number(fence.size), 0)

const batches = (works: ReadonlyArray<Work>): ReadonlyArray<ReadonlyArray<Work>> => {
  const all: Array<Array<Work>> = []
  let files = Infinity
  let bytes = 0
  for (const work of works) {
    if (files + work.content.length > batchFiles || bytes + sizeOf(work) > batchBytes) {
      all.push([])
      files = 0
      bytes = 0
    }
    all.at(-1)?.push(work)
    files += work.content.length
    bytes += sizeOf(work)
  }
  return all
}

/** Items whose files would meet under one name: the first goes, the others are compared with it in the next run. */
const separate = (works: ReadonlyArray<Work>) => {
  const owners = new Map<string, Work>()
  const apart: Array<Work> = []
  const later: Array<UploadedItem> = []
  for (const work of works) {
    const names = planOriginals(work.candidate, work.content).map((plan) => plan.remote)
    const rival = names.map((name) => owners.get(name)).find((owner) => owner !== undefined)
    if (rival === undefined) {
      for (const name of names) owners.set(name, work)
      apart.push(work)
    } else {
      const reason = `${display(rival.candidate.path)} goes to the same place; they are compared once that is there`
      later.push(outcome(work.candidate, "deferred", reason))
    }
  }
  return { apart, later }
}

const outcome = (
  item: { readonly path: string; readonly remote: string },
  kind: UploadedItem["outcome"],
  reason: string | null
): UploadedItem => ({
  path: item.path,
  outcome: kind,
  reason,
  destination: destination(item),
  files: 0,
  bytes: 0,
  extracted: null,
  extractionFailure: null
})

/** Items that are as they were: the marker is only a sign, and is put back if somebody removed it. */
const settleUnchanged = Effect.fnUntraced(function* (unchanged: ReadonlyArray<Item>) {
  const disk = yield* Disk
  const items = yield* Items
  for (const item of unchanged) {
    const marker = yield* disk.stat(markerOf(item))
    if (marker._tag !== "Absent" || item.digest === null) continue
    const files = yield* items.files(item.id)
    yield* writeMarker(item, files, item.digest, item.uploadedAt ?? item.discoveredAt).pipe(
      Effect.catch((error) => Effect.logWarning(error.message))
    )
  }
})

const refuse = Effect.fnUntraced(function* (item: Item, trouble: Trouble, stamp: string | null) {
  const items = yield* Items
  const state = trouble.kind === "stop" ? "discovered" : trouble.kind
  yield* items.updateFrom(["uploading", "uploaded"], item.id, {
    state,
    reason: trouble.why,
    errorClass: trouble.kind,
    ...(trouble.kind === "blocked" && stamp !== null ? { stamp } : {})
  })
})

const describe = (passage: Passage, trouble: Trouble | null): UploadedItem => {
  const originals = passage.manifest.filter((file) => file.origin === "original")
  const members = passage.manifest.filter((file) => file.origin === "extracted")
  const bytes = (files: typeof members) => files.reduce((sum, file) => sum + file.size, 0)
  const kind = trouble === null ? "uploaded" : trouble.kind === "stop" ? "deferred" : trouble.kind
  return {
    ...outcome(passage.item, kind, trouble?.why ?? null),
    files: originals.length,
    bytes: bytes(originals),
    extracted: members.length === 0 ? null : { files: members.length, bytes: bytes(members) },
    extractionFailure: passage.extracted.failure
  }
}

/** One batch from the first listing to the marker. What is not proven is not marked, and says why. */
const passBatch = Effect.fn("upload.batch")(function* (works: ReadonlyArray<Work>, stopped: Ref.Ref<string | null>) {
  const items = yield* Items
  const placed = works.map(({ candidate, kind }) => ({ path: candidate.path, remote: candidate.remote, kind }))
  for (const { known, stamp } of works) {
    if (known !== undefined && known.digest !== null && known.stamp !== stamp) yield* unmark(known)
  }
  const there = yield* listBatch(placed)
  const names = works.flatMap(({ candidate, content }) => planOriginals(candidate, content).map(({ remote }) => remote))
  yield* addTwins(names, there)
  const all = yield* items.atomically(Effect.forEach(works, (work) => register(work, there)))
  const registered = all.flatMap((one) => one ?? [])
  const taken = works.filter((_, index) => all[index] === undefined)
  const passages = yield* sendBatch(registered, there, stopped)
  const proven = yield* proveBatch(passages).pipe(
    Effect.catch((error: { readonly message: string }) =>
      Effect.succeed(
        passages.map((passage) => ({
          passage,
          files: passage.sent.map(({ file }) => file),
          trouble: passage.trouble ?? ({ kind: "failed", why: error.message } satisfies Trouble)
        }))
      )
    )
  )
  const good = proven.flatMap(({ files, passage, trouble }) =>
    trouble === null ? [{ ...passage, files: [...files, ...passage.missing] }] : []
  )
  yield* mark(good)
  for (const { passage, trouble } of proven) {
    if (trouble !== null) yield* refuse(passage.item, trouble, passage.stamp)
    if (passage.extracted.folder !== null) {
      yield* discard(passage.item, passage.extracted.folder).pipe(
        Effect.catch((error) => Effect.logWarning(error.message))
      )
    }
  }
  return [
    ...proven.map(({ passage, trouble }) => describe(passage, trouble)),
    ...taken.map(({ candidate }) => outcome(candidate, "deferred", "cleanup has taken it up meanwhile"))
  ]
})

const passAll = Effect.fnUntraced(function* (works: ReadonlyArray<Work>) {
  const stopped = yield* Ref.make<string | null>(null)
  const done: Array<UploadedItem> = []
  for (const batch of batches(works)) {
    const why = yield* Ref.get(stopped)
    if (why !== null) {
      done.push(...batch.map(({ candidate }) => outcome(candidate, "deferred", why)))
      continue
    }
    const result = yield* Effect.result(passBatch(batch, stopped))
    if (result._tag === "Success") done.push(...result.success)
    else if (result.failure instanceof RemoteError) {
      const { message } = result.failure
      yield* Ref.set(stopped, message)
      done.push(...batch.map(({ candidate }) => outcome(candidate, "deferred", message)))
    } else return yield* result.failure
  }
  return { done, stopped: yield* Ref.get(stopped) }
})

const run = Effect.fnUntraced(function* (targets: ReadonlyArray<string>) {
  const begun = yield* Clock.currentTimeMillis
  const items = yield* Items
  const spool = yield* Spool
  const tickets = yield* spool.tickets
  const remote = yield* Remote
  // Somebody says that there is something to do: rclone starts while the client and the disk are read.
  if (tickets.length > 0 || targets.length > 0) yield* Effect.forkChild(remote.warm)
  const first = yield* observe(targets)
  const observation = (yield* settleRemote()) ? yield* observe(targets) : first
  yield* recover()
  const prepared: Array<Prepared> = []
  for (const candidate of observation.candidates) {
    prepared.push(yield* prepare(candidate, observation, targets.length > 0))
  }
  const remoteOf = new Map(observation.candidates.map((candidate) => [candidate.path, candidate.remote]))
  const settled: Array<UploadedItem> = []
  for (const one of prepared) {
    if (one._tag === "Unchanged" || one._tag === "Work" || one._tag === "Gone") continue
    const kind = one._tag === "Deferred" ? "deferred" : one._tag === "Blocked" ? "blocked" : "failed"
    settled.push(outcome({ path: one.path, remote: remoteOf.get(one.path) ?? "" }, kind, one.why))
    if (one._tag === "Deferred" || one.item === undefined) continue
    yield* items.updateFrom(ours, one.item.id, { state: kind === "blocked" ? "blocked" : "failed", reason: one.why })
  }
  const unchanged = prepared.flatMap((one) => (one._tag === "Unchanged" ? [one.item] : []))
  yield* settleUnchanged(unchanged)
  const { apart, later } = separate(prepared.flatMap((one) => (one._tag === "Work" ? [one] : [])))
  const { done, stopped } = yield* passAll(apart)
  // Whatever became of them is in the database; one that stays would start the unit again at once.
  for (const ticket of tickets) yield* spool.remove(ticket.hash)
  const report: UploadReport = {
    items: [...done, ...later, ...settled],
    unchanged: unchanged.length,
    left: observation.left,
    stopped,
    milliseconds: (yield* Clock.currentTimeMillis) - begun
  }
  return report
})

/**
 * The main use case: what is complete is extracted, uploaded, proven and marked. Items fail one by one and say why; the
 * run itself fails only where nothing could be read. TARGETs are infohashes, paths or names.
 */
export const upload = Effect.fn("upload")(function* (targets: ReadonlyArray<string>) {
  const runs = yield* Runs
  const id = yield* runs.begin("upload")
  return yield* run(targets).pipe(
    Effect.tap((report) => {
      const failed = report.items.filter((item) => item.outcome === "failed").length
      const done = report.items.filter((item) => item.outcome === "uploaded").length
      const word = report.stopped !== null ? "stopped" : failed > 0 ? "partial" : "done"
      return runs.end(id, word, `${done} uploaded, ${report.unchanged} unchanged, ${failed} failed`)
    }),
    Effect.onExit((exit) => (Exit.isFailure(exit) ? runs.end(id, "failed", whyFailed(exit.cause)) : Effect.void))
  )
})
