import { Effect, Option, Schema } from "effect"
import type { RelocationReport } from "../domain/relocationReport.ts"
import type { Side } from "../domain/relocationWorld.ts"
import { Runs } from "../state/Runs.ts"

const key = "relocate.residency"

/**
 * `linked`: it stays where a library links to it, or to the same content. `seeded`: it is only seeded, and lies where
 * that belongs. `moving`: the next run moves it. `blocked`: something is in its way.
 */
export const groups = ["linked", "seeded", "moving", "blocked"] as const
export type Group = (typeof groups)[number]

const Share = Schema.Struct({
  side: Schema.Literals(["stash", "pool"]),
  group: Schema.Literals(groups),
  torrents: Schema.Natural,
  bytes: Schema.Natural
})
/** Torrents and their bytes; those that share inodes are counted with their bytes once. */
export type Share = typeof Share.Type

type Amount = Pick<RelocationReport["stays"][number], "bytes" | "torrents">

const Shares = Schema.fromJsonString(Schema.Array(Share))

export const sharesOf = ({ blocked, stays, steps }: RelocationReport): ReadonlyArray<Share> => {
  const shares = new Map<string, { side: Side; group: Group; torrents: number; bytes: number }>()
  const add = (side: Side, group: Group, { bytes, torrents }: Amount) => {
    const at = `${side} ${group}`
    const share = shares.get(at) ?? { side, group, torrents: 0, bytes: 0 }
    shares.set(at, share)
    share.torrents += torrents.length
    share.bytes += bytes
  }
  for (const stay of stays) {
    add(stay.side, stay.reason === "pinned" || stay.reason === "duplicate" ? "linked" : "seeded", stay)
  }
  for (const step of steps) {
    if (step.outcome !== "moved") add(step.side, "moving", step)
    else add(step.to, step.action === "demote" ? "seeded" : "linked", step)
  }
  for (const one of blocked) add(one.side, "blocked", one)
  return [...shares.values()].toSorted(
    (one, other) =>
      Number(one.side === "pool") - Number(other.side === "pool") ||
      groups.indexOf(one.group) - groups.indexOf(other.group)
  )
}

/** Keeps what a run has found out about everything, for those who ask later. A run that was stopped has found out little. */
export const noteResidency = Effect.fn("status.noteResidency")(function* (report: RelocationReport) {
  const runs = yield* Runs
  if (report.stopped === null) yield* runs.observe(key, JSON.stringify(sharesOf(report)))
})

/** As the last run found it; null when none has. */
export const lastResidency = Effect.gen(function* () {
  const runs = yield* Runs
  const seen = Option.getOrUndefined(yield* runs.observed(key))
  if (seen === undefined) return null
  const shares = yield* Effect.option(Schema.decodeUnknownEffect(Shares)(seen.value))
  return Option.match(shares, { onNone: () => null, onSome: (known) => ({ at: seen.at, shares: known }) })
})
