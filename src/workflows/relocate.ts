import { Clock, Effect, Option } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import type { Placement } from "../domain/relocation.ts"
import { planOf } from "../domain/relocationPlan.ts"
import { type Course, reportOf, type SagaReport } from "../domain/relocationReport.ts"
import type { Saga } from "../domain/sagas.ts"
import { display } from "../platform/BytePath.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import { Runs } from "../state/Runs.ts"
import { Sagas } from "../state/Sagas.ts"
import { begin } from "./relocate/begin.ts"
import { demotion } from "./relocate/demotion.ts"
import { makeCanonical } from "./relocate/look.ts"
import { type Advanced, advance, type RunFacts } from "./relocate/machine.ts"
import { promotion } from "./relocate/promotion.ts"
import { lookAtSides, type Sides } from "./relocate/sides.ts"
import { settleJournal } from "./relocate/settle.ts"
import { lookAtWorld } from "./relocate/world.ts"

export interface Options {
  /** Undefined: as the configuration says. False is `--apply`: a person asked for it. */
  readonly dryRun: boolean | undefined
  /** Whether the report names every inode and path of every step. */
  readonly details: boolean
}

const clockKey = "relocate.clock"

const goOn = Effect.fnUntraced(function* (saga: Saga, run: RunFacts) {
  return saga.kind === "demotion" ? yield* advance(saga, demotion, run) : yield* advance(saga, promotion, run)
})

const sagaReport = ({ freedBytes, held, saga }: Advanced): SagaReport => ({
  saga: saga.id,
  kind: saga.kind,
  subject: saga.subject,
  state: saga.state,
  outcome:
    saga.state === "done"
      ? "done"
      : saga.state === "aborted"
        ? "undone"
        : held && saga.state !== "quarantined"
          ? "failed"
          : "open",
  reason: saga.reason,
  freedBytes
})

const shown = (saga: Saga): SagaReport => sagaReport({ saga, freedBytes: 0, held: saga.reason !== null })

/** A step of the plan, from its beginning to where its source waits in the quarantine. */
const take = Effect.fnUntraced(function* ({ component, decision }: Placement, sides: Sides, run: RunFacts) {
  if (decision.kind !== "demote" && decision.kind !== "promote") return undefined
  const dirsOf = (side: string) => sides.folders.filter((folder) => folder.side === side).map(({ path }) => path)
  const begun = yield* Effect.result(
    begin(
      {
        kind: decision.kind === "demote" ? "demotion" : "promotion",
        step: component.id,
        detail: decision.detail(),
        from: dirsOf(decision.from),
        to: dirsOf(decision.to)
      },
      run
    )
  )
  if (begun._tag === "Failure") {
    const error = begun.failure
    if (error._tag !== "NotBegun") return yield* Effect.fail(error)
    yield* Effect.logInfo(`not begun: ${display(error.why)}`)
    return { outcome: "waiting" as const, reason: error.why }
  }
  const { saga } = yield* goOn(begun.success, run)
  const moved = saga.state === "quarantined" || saga.state === "done"
  return { outcome: moved ? ("moved" as const) : ("failed" as const), reason: moved ? null : saga.reason }
})

/**
 * Keeps what is only seeded on the pool, and what a library links to on the stash. First it goes on with what an earlier
 * run has left open; then it does exactly what it has planned, each step looked at again before it begins. Fails, having
 * done nothing further, when the client cannot be read. A dry run changes nothing, and one that was asked for not even
 * the database.
 */
export const relocate = Effect.fn("relocate")(function* (options: Options) {
  const { storage } = yield* AppConfig
  const client = yield* TorrentClient
  const runs = yield* Runs
  const sagas = yield* Sagas
  const began = yield* Clock.currentTimeMillis
  const dryRun = options.dryRun ?? storage?.dryRun ?? true

  const sides = yield* lookAtSides()
  const missing = sides.unavailable.stash ?? sides.unavailable.pool
  const stopped = storage === undefined ? "storage is not configured" : missing
  // Read before anything is done: without a client there is no run.
  const before = storage === undefined ? [] : yield* client.torrents

  const resumed: Array<SagaReport> = []
  const previousClock = Option.match(yield* runs.observed(clockKey), { onNone: () => null, onSome: ({ at }) => at })
  const run: RunFacts = { previousClock, canonical: yield* makeCanonical }
  const open = yield* sagas.open
  if (dryRun || stopped !== null) resumed.push(...open.map(shown))
  else {
    yield* settleJournal
    for (const saga of open) resumed.push(sagaReport(yield* goOn(saga, run)))
    yield* runs.observe(clockKey, "seen")
  }

  const torrents = dryRun || stopped !== null ? before : yield* client.torrents
  const lists = options.dryRun === true ? "cached, as they are" : dryRun ? "cached" : "fresh"
  const world = yield* lookAtWorld(sides, torrents, yield* Clock.currentTimeMillis, run, lists)
  const plan = planOf(world)
  const outcomes = new Map<string, NonNullable<Effect.Success<ReturnType<typeof take>>>>()
  if (!dryRun && stopped === null && plan.stopped === null) {
    yield* sides.remember
    for (const placement of plan.placements) {
      const outcome = yield* take(placement, sides, run)
      if (outcome !== undefined) outcomes.set(placement.component.id, outcome)
    }
  }
  const course: Course = {
    dryRun,
    outcomes,
    resumed,
    stopped,
    alarming: storage !== undefined && stopped !== null,
    milliseconds: (yield* Clock.currentTimeMillis) - began,
    details: options.details
  }
  return reportOf(world, plan, course)
})
