import { Effect } from "effect"
import type { Retirement, RetirementFile } from "../../domain/retirements.ts"
import type { SettledTitle } from "../../domain/watchedReport.ts"
import { display } from "../../platform/BytePath.ts"
import { Arr, ArrUnreadable } from "../../services/Arr.ts"
import { Disk } from "../../services/Disk.ts"
import { Journal } from "../../state/Journal.ts"
import { halfDone } from "../../domain/retirements.ts"
import { Retirements } from "../../state/Retirements.ts"

export const refOf = ({ arr, titleId }: Retirement) => ({ arr, id: titleId })

/** What the arr has of a title now: its files, and which of the parts in question it monitors. */
const lookAtArr = Effect.fnUntraced(function* (row: Retirement) {
  const arr = yield* Arr
  if (row.kind === "movie") {
    const movie = yield* arr.movie(refOf(row))
    return {
      exists: movie !== null,
      files: movie?.file == null ? [] : [movie.file],
      // Set back is only what was monitored before.
      unmonitored: movie !== null && row.monitored && !movie.monitored ? [row.titleId] : []
    }
  }
  const series = yield* arr.series(refOf(row))
  const wanted = new Set(row.monitoredEpisodes)
  return {
    exists: series !== null,
    files: series?.files ?? [],
    unmonitored: (series?.episodes ?? [])
      .filter(({ fileId, id, monitored }) => wanted.has(id) && !monitored && fileId !== null)
      .map(({ id }) => id)
  }
})

/**
 * Of its files: those that are gone from arr and disk, those that the arr has, those that only the disk has, and those
 * that nobody can say it of, because the arr knows the title no more and this host does not see the disk.
 */
const whereabouts = Effect.fnUntraced(function* (row: Retirement) {
  const disk = yield* Disk
  const { exists, files } = yield* lookAtArr(row)
  const gone: Array<RetirementFile> = []
  const left: Array<RetirementFile> = []
  const lost: Array<RetirementFile> = []
  const unseen: Array<RetirementFile> = []
  for (const file of row.files) {
    if (files.some(({ id, path }) => id === file.id || path === file.path)) {
      left.push(file)
      continue
    }
    const found = (yield* disk.stat(file.path))._tag
    if (found === "Known") lost.push(file)
    else if (exists || found === "Absent") gone.push(file)
    else unseen.push(file)
  }
  return { gone, left, lost, unseen }
})

/** Sets back to monitored what was, and looks whether it took. */
export const restore = Effect.fnUntraced(function* (row: Retirement) {
  const arr = yield* Arr
  const journal = yield* Journal
  const { unmonitored } = yield* lookAtArr(row)
  if (unmonitored.length === 0) return
  const set = arr.setMonitored(refOf(row), row.kind === "movie" ? null : unmonitored, true)
  yield* journal.step("watched.restore", row.key, "monitored again", set)
  const after = yield* lookAtArr(row)
  if (after.unmonitored.length === 0) return
  return yield* new ArrUnreadable({ arr: row.arr, url: "", why: "it took the call to monitor it again, and does not" })
})

/**
 * Finishes what has happened and undoes what has not, by looking: what is gone from the arr and from the disk is
 * retired, what is there is monitored again. `why` is what stopped it.
 */
export const settle = Effect.fn("watched.settle")(function* (row: Retirement, why: string) {
  const retirements = yield* Retirements
  const outcome = (outcome: SettledTitle["outcome"], reason: string | null): SettledTitle => ({
    key: row.key,
    title: row.title,
    outcome,
    reason
  })
  const decide = Effect.gen(function* () {
    const arr = yield* Arr
    if (!arr.configured.includes(row.arr)) {
      return outcome("open", `${row.arr} is not configured any more: what was begun there cannot be finished or undone`)
    }
    const { gone, left, lost, unseen } = yield* whereabouts(row)
    const [first] = lost
    if (first !== undefined) {
      const reason = `${row.arr} has let go of ${display(first.path)}, and it is still on the disk: let ${row.arr} scan the title again, or remove the file`
      yield* retirements.move(row.id, halfDone, "failed", { reason })
      return outcome("open", reason)
    }
    if (unseen.length > 0) {
      const reason = `${row.arr} does not know the title any more, and nobody says whether its files have gone`
      yield* retirements.undo(row.id, reason)
      return outcome("undone", reason)
    }
    if (left.length === 0) {
      yield* retirements.move(row.id, halfDone, "retired", { reason: null })
      return outcome("retired", null)
    }
    yield* restore(row)
    if (gone.length === 0) {
      yield* retirements.undo(row.id, why)
      return outcome("undone", why)
    }
    // What went stays recorded with its torrents; what is left is judged anew.
    const reason = `${left.length} of ${row.files.length} files are still there: ${why}`
    yield* retirements.move(row.id, halfDone, "retired", { reason, files: gone, requests: [] })
    return outcome("undone", reason)
  })
  const left = (error: { readonly message: string }) =>
    Effect.gen(function* () {
      yield* retirements.note(row.id, { reason: `${why}; ${error.message}` })
      return outcome("open", error.message)
    })
  return yield* decide.pipe(Effect.catchTags({ ArrUnreadable: left, ArrRefused: left }))
})

/** All that earlier runs have left, before anything new is begun. */
export const settleAll = Effect.fn("watched.settleAll")(function* () {
  const journal = yield* Journal
  const retirements = yield* Retirements
  const settled: Array<SettledTitle> = []
  for (const row of yield* retirements.halfDone) {
    settled.push(yield* settle(row, row.reason ?? "an earlier run was interrupted"))
  }
  for (const entry of yield* journal.open()) {
    if (entry.step.startsWith("watched.")) yield* journal.settle(entry.id, "interrupted; looked at again")
  }
  return settled
})

/** The same for people, in a dry run: nothing is touched. */
export const showHalfDone = Effect.gen(function* () {
  const retirements = yield* Retirements
  return (yield* retirements.halfDone).map(({ key, reason, title }): SettledTitle => ({
    key,
    title,
    outcome: "open",
    reason: reason ?? "it was interrupted"
  }))
})
