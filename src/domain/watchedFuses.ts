import type { Judged, WatchedPlan } from "./watchedTarget.ts"

/** So many titles may always be eligible at once, however small the library is. */
const unremarkable = 10

/** Whether an unlikely share of the library became eligible. `most` is a share, 0 to 1. */
export const shareBlown = ({ eligible, of }: WatchedPlan["share"], most: number): boolean =>
  eligible > unremarkable && !(eligible <= of * most)

/**
 * Whether a list lost more entries against the last one that was believed than people remove by hand: more than
 * `max(3, share × before)`, or the last of two or more. What was retired since is not to be counted as `before`.
 */
export const shrunk = (before: Iterable<string>, present: ReadonlySet<string>, most: number): boolean => {
  const all = new Set(before)
  const gone = [...all].filter((one) => !present.has(one)).length
  return (present.size === 0 && gone >= 2) || gone > Math.max(3, Math.floor(all.size * most))
}

/** What one run retires, and what waits for the next. Order is kept. */
export const capped = (
  goes: ReadonlyArray<Judged>,
  most: number
): { readonly now: ReadonlyArray<Judged>; readonly later: ReadonlyArray<Judged> } => ({
  now: goes.slice(0, most),
  later: goes.slice(most)
})

/**
 * Under disk pressure only: nothing unless fewer than `belowBytes` are free, and then as many as bring it to
 * `untilBytes`, in the order of the plan, which is the longest watched first.
 */
export const underPressure = (
  goes: ReadonlyArray<Judged>,
  freeBytes: number,
  { belowBytes, untilBytes }: { readonly belowBytes: number; readonly untilBytes: number }
): ReadonlyArray<Judged> => {
  if (!(freeBytes < belowBytes)) return []
  let free = freeBytes
  const chosen: Array<Judged> = []
  for (const judged of goes) {
    if (!(free < untilBytes)) break
    chosen.push(judged)
    free += judged.bytes
  }
  return chosen
}
