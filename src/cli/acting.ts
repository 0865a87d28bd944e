import { Effect } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import { join } from "../platform/BytePath.ts"
import { hold } from "../platform/Lock.ts"
import * as Database from "../state/Database.ts"
import { Runs, whyFailed } from "../state/Runs.ts"
import { writeMetrics } from "../workflows/metrics.ts"
import { Wiring } from "./Wiring.ts"

/**
 * A run that changes something: under its lock, with everything it may need, and with the metrics written after it.
 * Uploads hold one lock, cleanup, restore and watched another, index and relocate one each, so that ten hours of one do not
 * stop the others.
 */
export const acting = Effect.fnUntraced(function* <A, E, R>(
  lock: "lock" | "lock.cleanup" | "lock.index" | "lock.relocate",
  effect: Effect.Effect<A, E, R>
) {
  const { stateDir } = yield* AppConfig
  const wiring = yield* Wiring
  yield* Database.ensureDirectory(stateDir)
  yield* hold(join(stateDir, lock))
  return yield* Effect.ensuring(effect, writeMetrics).pipe(Effect.provide(wiring.acting))
}, Effect.scoped)

/** Notes in the database that the command ran and how it ended. */
export const recorded = Effect.fnUntraced(function* <A, E, R>(
  command: string,
  effect: Effect.Effect<A, E, R>,
  tell: (result: A) => { readonly outcome: string; readonly summary: string }
) {
  const runs = yield* Runs
  const id = yield* runs.begin(command)
  return yield* effect.pipe(
    Effect.onExit((exit) => {
      if (exit._tag === "Failure") return runs.end(id, "failed", whyFailed(exit.cause))
      const { outcome, summary } = tell(exit.value)
      return runs.end(id, outcome, summary)
    })
  )
})
