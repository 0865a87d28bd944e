import { Clock, Effect } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import type { WatchedConfig } from "../config/watched.ts"
import { capped, underPressure } from "../domain/watchedFuses.ts"
import { plan as planOf } from "../domain/watchedPlan.ts"
import type { WatchedReport } from "../domain/watchedReport.ts"
import type { Judged } from "../domain/watchedTarget.ts"
import { collectGarbage } from "../platform/Garbage.ts"
import { bytes } from "../platform/Text.ts"
import { Disk } from "../services/Disk.ts"
import { Retirements } from "../state/Retirements.ts"
import { retire } from "./watched/act.ts"
import { fuses, rememberClock, rememberLists } from "./watched/fuses.ts"
import { leave, show } from "./watched/leaving.ts"
import { policyOf } from "./watched/policy.ts"
import { type Outcome, reportOf } from "./watched/report.ts"
import { closeRequests } from "./watched/requests.ts"
import { settleAll, showHalfDone } from "./watched/settle.ts"
import { tell, tellFailure } from "./watched/tell.ts"
import { readWorld, type World } from "./watched/world.ts"

export interface Options {
  /** Undefined: as the configuration says. False is `--apply`: a person asked for it, having seen the plan. */
  readonly dryRun: boolean | undefined
}

/** Under disk pressure only, where that is wanted. */
const pressed = Effect.fnUntraced(function* (goes: ReadonlyArray<Judged>, { pressure }: WatchedConfig) {
  const disk = yield* Disk
  if (pressure === null) return { chosen: goes, stopped: null, spared: "" }
  const free = yield* disk.freeBytes(pressure.path)
  if (free._tag !== "Known") {
    return { chosen: [], stopped: `the free space of ${pressure.path} cannot be read`, spared: "" }
  }
  const spared = `there is room: ${bytes(free.value)} free at ${pressure.path}`
  return { chosen: underPressure(goes, free.value, pressure), stopped: null, spared }
})

/** One after the other, each looked at again. What cannot be read ends it: the rest has another run. */
const actOn = Effect.fnUntraced(function* (
  titles: ReadonlyArray<Judged>,
  world: World,
  watched: WatchedConfig,
  outcomes: Map<string, Outcome>
) {
  for (const [at, judged] of titles.entries()) {
    const acted = yield* Effect.result(retire(world, watched, judged))
    if (acted._tag === "Success") outcomes.set(judged.target.key, acted.success)
    else {
      const reason = acted.failure.message
      outcomes.set(judged.target.key, { outcome: "failed", reason })
      for (const later of titles.slice(at + 1)) outcomes.set(later.target.key, { outcome: "waits", reason })
      return reason
    }
  }
  return null
})

const run = Effect.fnUntraced(function* (watched: WatchedConfig, dryRun: boolean, insist: boolean) {
  const begun = yield* Clock.currentTimeMillis
  const retirements = yield* Retirements

  const settled = dryRun ? yield* showHalfDone : yield* settleAll()
  const world = yield* readWorld(policyOf(watched))
  yield* Effect.sync(collectGarbage)
  const plan = planOf(world.media, world.library, policyOf(watched), world.readAt)
  yield* Effect.sync(collectGarbage)
  const outcomes = new Map<string, Outcome>()
  const report = (rest: Partial<WatchedReport>) =>
    Effect.map(Clock.currentTimeMillis, (ended) =>
      reportOf(plan, world.unasked, outcomes, {
        dryRun,
        settled,
        reset: [],
        requests: [],
        troubles: [],
        stopped: null,
        alarming: false,
        ...rest,
        milliseconds: ended - begun
      })
    )

  const blown = yield* fuses(world, plan, watched, insist)
  if (!dryRun) yield* rememberClock
  if (blown.length > 0) return yield* report({ stopped: blown.join("; "), alarming: true })
  if (!dryRun) yield* rememberLists(world)
  const { chosen, spared, stopped } = yield* pressed(plan.goes, watched)
  if (stopped !== null) return yield* report({ stopped, alarming: true })
  for (const { target } of plan.goes) outcomes.set(target.key, { outcome: "waits", reason: spared })

  const open = new Map(settled.flatMap((one) => (one.outcome === "open" ? [[one.key, one.reason] as const] : [])))
  for (const [key, reason] of open) outcomes.set(key, { outcome: "failed", reason })
  const free = chosen.filter(({ target }) => !open.has(target.key))
  const { due, reset, troubles, waiting } = yield* leave(world, watched, plan, free, dryRun)
  for (const { dueAt, isNew, judged } of waiting) {
    const outcome = isNew ? (dryRun ? "would-announce" : "announced") : "leaving"
    outcomes.set(judged.target.key, { outcome, reason: null, dueAt })
  }
  const { later, now } = capped(due, watched.maxRetirementsPerRun)
  const cap = `this run has retired its ${watched.maxRetirementsPerRun} (watched.maxRetirementsPerRun)`
  for (const { target } of later) outcomes.set(target.key, { outcome: "waits", reason: cap })
  if (dryRun) {
    for (const { target } of now) outcomes.set(target.key, { outcome: "would-retire", reason: null })
    return yield* report({ reset, troubles })
  }
  const ended = yield* actOn(now, world, watched, outcomes)
  const requests = yield* closeRequests(world, watched)
  const shown = yield* Effect.result(show(world, watched.leavingSoon?.collection ?? null, yield* retirements.leaving))
  const unshown = shown._tag === "Failure" ? [shown.failure.message] : []
  return yield* report({ reset, requests, stopped: ended, troubles: [...troubles, ...unshown] })
})

const off: WatchedReport = reportOf(null, 0, new Map(), {
  dryRun: true,
  settled: [],
  reset: [],
  requests: [],
  troubles: [],
  stopped: "watched is not configured",
  alarming: false,
  milliseconds: 0
})

/**
 * Retires what has been watched and is past its grace, through Radarr and Sonarr: finish or undo what an earlier run
 * left; read everything; decide; show what is leaving, and wait; and for each title whose time has come read it all
 * again, unmonitor, read back, delete, verify. Its torrents are cleanup's. Fails, having touched nothing further, when
 * a service cannot be read. A dry run, which is the default, changes nothing. Shares the ledger with cleanup, and so
 * its lock.
 */
export const watched = Effect.fn("watched")(function* (options: Options) {
  const { watched: settings } = yield* AppConfig
  if (settings === undefined) return off
  const dryRun = options.dryRun ?? settings.dryRun
  const report = run(settings, dryRun, options.dryRun === false)
  if (dryRun) return yield* report
  const done = yield* Effect.tapError(report, (error) => tellFailure(error, settings.notify))
  return yield* tell(done, settings.notify)
})
