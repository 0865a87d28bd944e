import type { FileProof, PieceRange, Proof, UnprovenRange } from "../Prover.ts"
import type { ViewPlan } from "./plan.ts"

type Range = PieceRange & { readonly why?: UnprovenRange["why"] }

/** In order, with neighbours that say the same made one. */
const merge = <R extends Range>(ranges: ReadonlyArray<R>): ReadonlyArray<R> => {
  const sorted = ranges.toSorted(
    (one, other) =>
      one.half.localeCompare(other.half) ||
      (one.half === "v2" ? (one.files[0] ?? 0) - (other.files[0] ?? 0) : 0) ||
      one.first - other.first
  )
  const merged: Array<R> = []
  for (const range of sorted) {
    const before = merged.at(-1)
    const goesOn =
      before !== undefined &&
      before.half === range.half &&
      before.why === range.why &&
      before.last + 1 === range.first &&
      before.files.join() === range.files.join()
    if (goesOn) merged[merged.length - 1] = { ...before, last: range.last }
    else merged.push(range)
  }
  return merged
}

const outcomesOf = (plan: ViewPlan) => {
  const wrong: Array<PieceRange> = []
  const unproven: Array<UnprovenRange> = [...plan.lost]
  const at = (half: "v1" | "v2", piece: number, files: ReadonlyArray<number>) =>
    ({ half, first: piece, last: piece, files }) as const
  for (const { claim, files } of plan.runs) {
    const { count, first, trouble } = claim
    if (trouble === undefined) wrong.push(...claim.wrong.map((piece) => at("v1", piece, files)))
    else unproven.push({ half: "v1", first, last: first + count - 1, files, why: trouble })
  }
  for (const { claim, files } of plan.trees) {
    if (claim.trouble === undefined) wrong.push(...claim.wrong.map((piece) => at("v2", piece, files)))
    else unproven.push({ half: "v2", first: 0, last: claim.count - 1, files, why: claim.trouble })
  }
  for (const { claim, files, tentative } of plan.shared) {
    const range = at("v1", claim.piece, files)
    if (claim.outcome === "right") continue
    if (tentative) unproven.push({ ...range, why: "edge" })
    else if (claim.outcome === "wrong") wrong.push(range)
    else unproven.push({ ...range, why: claim.outcome })
  }
  return { wrong: merge(wrong), unproven: merge(unproven) }
}

/** After all inodes were read; `files` are those of the view that have a place. */
export const judge = (plan: ViewPlan, files: ReadonlyArray<FileProof>): Proof => {
  const expected = new Map(plan.view.metainfo.files.map(({ index, size }) => [index, size]))
  const { unproven, wrong } = outcomesOf(plan)
  const sizes = files.flatMap(({ index, state, wanted }) => {
    const size = expected.get(index)
    return wanted && state._tag === "read" && size !== undefined && state.size !== size
      ? [{ index, expected: size, found: state.size }]
      : []
  })
  const wanted = files.filter((file) => file.wanted)
  const isWhole = wanted.length > 0 && wanted.every(({ state }) => state._tag === "read") && unproven.length === 0
  const verdict = wrong.length > 0 || sizes.length > 0 ? "wrong" : isWhole ? "proven" : "unproven"
  return { hash: plan.view.hash, verdict, wrong, unproven, sizes, files }
}
