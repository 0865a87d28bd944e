import { Clock, Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import { markerOf } from "../../domain/items.ts"
import { display, join } from "../../platform/BytePath.ts"
import { holder } from "../../platform/Lock.ts"
import { count } from "../../platform/Text.ts"
import { Disk } from "../../services/Disk.ts"
import { Health } from "../../state/Health.ts"
import { Items } from "../../state/Items.ts"
import { Journal } from "../../state/Journal.ts"
import { type Check, ok, problem, warning } from "./check.ts"

/** Earlier than any build of this program: a clock that says so is wrong. */
const earliest = Date.UTC(2025, 0, 1)

const clock = (now: number, newest: number): Check =>
  now < earliest || newest > now + 60_000
    ? problem(
        "Database",
        "clock",
        `this host says ${new Date(now).toISOString()}${newest > now ? `, the database has seen ${new Date(newest).toISOString()}` : ""}`,
        "Set the clock (timedatectl). Seeding times and quarantines depend on it."
      )
    : ok("Database", "clock", new Date(now).toISOString())

const markers = Effect.gen(function* () {
  const items = yield* Items
  const disk = yield* Disk
  const uploaded = (yield* items.all).filter(({ state }) => state === "uploaded")
  const without: Array<string> = []
  for (const item of uploaded) {
    if ((yield* disk.stat(item.path))._tag !== "Known") continue
    if ((yield* disk.stat(markerOf(item)))._tag === "Absent") without.push(item.path)
  }
  return without.length === 0
    ? ok(
        "Database",
        "markers",
        uploaded.length === 0
          ? "no uploaded item to have one"
          : `${count(uploaded.length, "uploaded item")}, all marked`
      )
    : warning(
        "Database",
        "markers",
        `${count(without.length, "uploaded item")} without .uploaded, such as ${display(without[0] ?? "")}`,
        "The next upload puts them back; nothing depends on them."
      )
})

const openEntries = Effect.gen(function* () {
  const { stateDir } = yield* AppConfig
  const locks = ["lock", "lock.cleanup", "lock.index", "lock.relocate"]
  const held = yield* Effect.forEach(locks, (lock) => holder(join(stateDir, lock)))
  const busy = held.some((one) => one !== undefined)
  const open = yield* (yield* Journal).open()
  if (open.length === 0) return ok("Database", "journal", "no step was left half done")
  return busy
    ? ok("Database", "journal", `${count(open.length, "step")} under way`)
    : warning(
        "Database",
        "journal",
        `${count(open.length, "step")} left open by a run that was killed, such as ${open[0]?.step ?? ""} of ${display(open[0]?.subject ?? "")}`,
        "The next run settles them by looking."
      )
})

export interface Database {
  readonly checks: ReadonlyArray<Check>
  /** Items that should lie in `completedDir`. */
  readonly expected: number
}

export const database = Effect.gen(function* () {
  const health = yield* Health
  const items = yield* Items
  const now = yield* Clock.currentTimeMillis
  const problems = yield* health.problems
  const integrity =
    problems.length === 0
      ? ok("Database", "integrity", "sound")
      : problem(
          "Database",
          "integrity",
          problems.slice(0, 3).join("; "),
          "Check the disk, then restore state.db from a backup. Until then run neither upload nor cleanup."
        )
  const unproven = yield* health.unproven
  const result: Database = {
    checks: [
      integrity,
      unproven === 0
        ? ok("Database", "proofs", "every uploaded item is proven file by file")
        : problem(
            "Database",
            "proofs",
            `${count(unproven, "item")} said to be uploaded without a proof of each file`,
            "Run media-pipeline upload PATH for them; cleanup keeps them until then."
          ),
      yield* openEntries,
      yield* markers,
      clock(now, yield* health.newest)
    ],
    expected: (yield* items.all).filter(({ state }) => state === "uploaded" || state === "uploading").length
  }
  return result
})
