import { Effect } from "effect"
import { parse } from "../../domain/metainfo.ts"
import { emptyContent } from "../../domain/indexGrade.ts"
import { ancestorsOf } from "../../domain/paths.ts"
import type { SagaBlob, SagaTorrent } from "../../domain/sagas.ts"
import { dirname, display, isWithin } from "../../platform/BytePath.ts"
import { Progress } from "../../platform/Progress.ts"
import { count } from "../../platform/Text.ts"
import { Disk } from "../../services/Disk.ts"
import { type FileProof, type Proof, Prover, type View } from "../../services/Prover.ts"
import { Views } from "../../services/Views.ts"
import { Journal } from "../../state/Journal.ts"
import { type BlobNote, Sagas } from "../../state/Sagas.ts"
import { back, blobPath, donorPath, hold, nameOf, next, type Outcome, type Work } from "./machine.ts"
import { ofViews } from "./words.ts"

/** The deepest folder that all paths lie in. */
const common = (paths: ReadonlyArray<string>): string => {
  const [first = "/"] = paths
  return ancestorsOf(first).find((folder) => paths.every((path) => isWithin(path, folder))) ?? "/"
}

interface Proving {
  readonly torrent: SagaTorrent
  readonly view: View
}

const provingOf = (work: Work, torrent: SagaTorrent): Proving | string => {
  const parsed = parse(torrent.metainfo)
  if ("why" in parsed) return `the torrent file of ${display(torrent.name)} cannot be read: ${parsed.why}`
  const length = parsed.metainfo.files.filter(({ pad }) => !pad).length
  const places = Array.from({ length }, (_, index) => {
    const blob = torrent.files.find((file) => file.index === index)?.blob ?? null
    return blob === null ? null : donorPath(work, blob).path
  })
  const unwanted = new Set(torrent.files.filter(({ wanted }) => !wanted).map(({ index }) => index))
  const anchor = common(places.filter((place) => place !== null))
  return { torrent, view: { hash: torrent.hash, metainfo: parsed.metainfo, anchor, places, unwanted } }
}

const blobOf = ({ files }: SagaTorrent, index: number): number | null =>
  files.find((file) => file.index === index)?.blob ?? null

/** Blobs of which some torrent has proven every byte, and what all of them hold. */
const coveredBy = (provings: ReadonlyArray<Proving>, proofs: ReadonlyArray<Proof>): ReadonlySet<number> => {
  const covered = new Set<number>()
  for (const [at, { torrent }] of provings.entries()) {
    const proof = proofs[at]
    if (proof === undefined || proof.verdict === "wrong") continue
    const open = new Set(proof.unproven.flatMap(({ files }) => files))
    for (const { index, state, wanted } of proof.files) {
      const blob = blobOf(torrent, index)
      if (wanted && state._tag === "read" && !open.has(index) && blob !== null) covered.add(blob)
    }
  }
  return covered
}

const shownName = (work: Work, file: FileProof, torrent: SagaTorrent): string => {
  const blob = blobOf(torrent, file.index)
  const origin = blob === null ? undefined : work.blobs.get(blob)?.origin
  return origin?.kind === "link"
    ? file.path
    : (torrent.files.find(({ index }) => index === file.index)?.path ?? file.path)
}

/** The bytes are not the torrent's: of the source, where they were copied from it. */
const wrong = (work: Work, torrent: SagaTorrent, proof: Proof): Outcome => {
  const bad = new Set([...proof.wrong.flatMap(({ files }) => files), ...proof.sizes.map(({ index }) => index)])
  const file = proof.files.find(({ index }) => bad.has(index))
  const what = file === undefined ? "a file" : display(shownName(work, file, torrent))
  const pieces = proof.wrong.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  return back(
    `${what} does not hold what the torrent ${display(torrent.name)} says (${count(pieces, "wrong piece")}): recheck it in qBittorrent`,
    "wrong"
  )
}

/** What is left open by the pieces of one torrent may be proven by those of another. */
const judge = (work: Work, provings: ReadonlyArray<Proving>, proofs: ReadonlyArray<Proof>): Outcome | undefined => {
  for (const [at, { torrent }] of provings.entries()) {
    const proof = proofs[at]
    if (proof === undefined) return hold("not every torrent was proven")
    if (proof.verdict === "wrong") return wrong(work, torrent, proof)
    for (const { path, state } of proof.files) {
      if (state._tag !== "read") {
        const why = `${display(path)} could not be proven: ${state.why}`
        return state._tag === "unreadable" ? hold(why) : back(why)
      }
    }
  }
  const covered = coveredBy(provings, proofs)
  const contents = new Set<string>()
  for (const [at, { torrent }] of provings.entries()) {
    for (const { index, state } of proofs[at]?.files ?? []) {
      const blob = blobOf(torrent, index)
      if (blob !== null && covered.has(blob) && state._tag === "read") contents.add(state.contentId)
    }
  }
  for (const [at, { torrent }] of provings.entries()) {
    for (const { index, path, state, wanted } of proofs[at]?.files ?? []) {
      const blob = blobOf(torrent, index)
      if (!wanted || blob === null || covered.has(blob)) continue
      if (state._tag === "read" && (state.size === 0 || contents.has(state.contentId))) continue
      const name = torrent.files.find((file) => file.index === index)?.path ?? path
      return back(
        `${display(name)} shares a piece with a file that ${display(torrent.name)} leaves out, so that not all of it can be proven: select that file, and it can`,
        "unproven"
      )
    }
  }
  return undefined
}

/** What was copied reads back as what was read; and what nobody wants, whose pieces do not count, is as on the source. */
const compareSource = Effect.fnUntraced(function* (work: Work, blob: SagaBlob, contentId: string) {
  if (blob.sourceId === contentId || (blob.wanted && blob.origin.kind !== "copy")) return undefined
  const disk = yield* Disk
  const source = nameOf(work, blob.number)?.source ?? ""
  if (blob.sourceId !== null) return back(`what was written of ${display(source)} reads back as something else`)
  const read = yield* disk.hash(source, "sha256")
  const sourceId = `sha256:${read.hash ?? ""}`
  yield* (yield* Sagas).noteBlob(work.saga.id, blob.number, { sourceId })
  return sourceId === contentId ? undefined : back(`${display(source)} is not the same on the other side`, "wrong")
})

/** There is nothing to read of them, so they are made wherever they are needed. */
const makeEmpties = Effect.fnUntraced(function* (work: Work) {
  const sagas = yield* Sagas
  const views = yield* Views
  for (const { number, origin } of work.plan.blobs) {
    const entry = nameOf(work, number)
    if (origin.kind !== "empty" || entry === undefined) continue
    const to = blobPath(work, number)
    yield* views.staging({ anchor: to.anchor, path: dirname(to.path) })
    const target = yield* views.empty({ anchor: entry.from, path: entry.source }, to)
    yield* sagas.noteBlob(work.saga.id, number, { target, proven: target, contentId: emptyContent })
  }
})

/**
 * Proves what lies on the side that is moved to, by the pieces of every torrent: each inode is read once there, however
 * many torrents use it.
 */
export const prove = Effect.fn("relocate.prove")(
  function* (work: Work) {
    const journal = yield* Journal
    const progress = yield* Progress
    const prover = yield* Prover
    const sagas = yield* Sagas
    const { plan, saga } = work
    const provings: Array<Proving> = []
    for (const torrent of plan.torrents) {
      const proving = provingOf(work, torrent)
      if (typeof proving === "string") return back(proving)
      provings.push(proving)
    }
    yield* makeEmpties(work)
    const task = yield* progress.task(
      display(saga.subject),
      plan.blobs.reduce((sum, { size }) => sum + size, 0)
    )
    const act = prover.prove(
      provings.map(({ view }) => view),
      (done) => task.update(done, "proving")
    )
    const about = `${count(provings.length, "torrent")} of saga ${saga.id}`
    const proofs = yield* journal.step("relocate.prove", plan.entries[0]?.source ?? "", about, act)
    const outcome = judge(work, provings, proofs)
    if (outcome !== undefined) return outcome

    const read = new Map<number, Extract<FileProof["state"], { _tag: "read" }>>()
    for (const [at, { torrent }] of provings.entries()) {
      for (const { index, state } of proofs[at]?.files ?? []) {
        const blob = blobOf(torrent, index)
        if (blob !== null && state._tag === "read") read.set(blob, state)
      }
    }
    const found: Array<BlobNote> = []
    for (const blob of plan.blobs) {
      const state = read.get(blob.number)
      if (state === undefined) {
        if (blob.size > 0) return back(`a file of ${blob.size} bytes belongs to no torrent any more`)
        continue
      }
      const different = yield* compareSource(work, blob, state.contentId)
      if (different !== undefined) return different
      const { contentId, fence } = state
      found.push({ number: blob.number, contentId, target: fence, proven: fence })
    }
    yield* sagas.noteBlobs(saga.id, found)
    return next("proven")
  },
  Effect.scoped,
  Effect.catchTags({
    DiskError: (error) => Effect.succeed(error.class === "unreadable" ? hold(error.message) : back(error.message)),
    ViewsError: (error) => Effect.succeed(ofViews(error))
  })
)
