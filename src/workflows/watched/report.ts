import type { Judged, Tally, WatchedPlan } from "../../domain/watchedTarget.ts"
import { heldBy } from "../../domain/watchedPlan.ts"
import type { WatchedCounts, WatchedReport, WatchedTitle } from "../../domain/watchedReport.ts"

export interface Outcome {
  readonly outcome: WatchedTitle["outcome"]
  readonly reason: string | null
  readonly freedBytes?: number
  readonly dueAt?: number
  /** As it was judged last, where that was after the plan. */
  readonly judged?: Judged
}

const deciding = (judged: Judged): string => {
  const [first] = judged.conditions
  return first === undefined || first.met
    ? "no rule lets it go"
    : `${heldBy(judged)}: ${first.value}, must be ${first.threshold}`
}

const titleOf = (planned: Judged, { dueAt, freedBytes, judged, outcome, reason }: Outcome): WatchedTitle => {
  const { bytes, conditions, eligibleAt, lastWatchedAt, parts, rule, target, watched } = judged ?? planned
  return {
    key: target.key,
    kind: target.kind,
    arr: target.ref.arr,
    title: target.title,
    outcome,
    rule,
    reason,
    conditions,
    bytes,
    freedBytes: freedBytes ?? 0,
    parts,
    watched,
    lastWatchedAt,
    eligibleAt,
    dueAt: dueAt ?? null
  }
}

const nothing: Tally = { watched: 0, eligible: 0, skipped: {} }

const countsOf = (tally: Tally, titles: ReadonlyArray<WatchedTitle>, isMovie: boolean): WatchedCounts => {
  const sum = (wanted: WatchedTitle["outcome"]) =>
    titles
      .filter(({ kind, outcome }) => (kind === "movie") === isMovie && outcome === wanted)
      .reduce((parts, one) => parts + one.parts, 0)
  return { ...tally, deleted: sum("retired"), failed: sum("failed") }
}

type Rest = Pick<
  WatchedReport,
  "dryRun" | "settled" | "reset" | "requests" | "troubles" | "stopped" | "alarming" | "milliseconds"
>

/** `outcomes` by key; what it does not name goes nowhere in this run. */
export const reportOf = (
  plan: WatchedPlan | null,
  unasked: number,
  outcomes: ReadonlyMap<string, Outcome>,
  rest: Rest
): WatchedReport => {
  const idle: Outcome = { outcome: "kept", reason: rest.stopped }
  const titles = [
    ...(plan?.goes ?? []).map((judged) => titleOf(judged, outcomes.get(judged.target.key) ?? idle)),
    ...(plan?.stays ?? []).map((judged) => titleOf(judged, { outcome: "kept", reason: deciding(judged) }))
  ]
  return {
    ...rest,
    titles,
    movies: countsOf(plan?.movies ?? nothing, titles, true),
    episodes: countsOf(plan?.episodes ?? nothing, titles, false),
    unclear: (plan?.unclear ?? []).map(({ target, trouble, why }) => ({
      key: target.key,
      title: target.title,
      trouble,
      why
    })),
    share: { eligible: plan?.share.eligible ?? 0, of: (plan?.share.of ?? 0) + unasked },
    freedBytes: titles.reduce((sum, { freedBytes }) => sum + freedBytes, 0)
  }
}
