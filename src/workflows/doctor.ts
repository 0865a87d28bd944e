import { Effect } from "effect"
import type { Check } from "./doctor/check.ts"
import { credentials } from "./doctor/credentials.ts"
import type { Database } from "./doctor/database.ts"
import { directories } from "./doctor/directories.ts"
import { client, remote } from "./doctor/outside.ts"
import { programs } from "./doctor/programs.ts"
import { storage } from "./doctor/storage.ts"
import { watched } from "./doctor/watched.ts"

export interface DoctorReport {
  readonly checks: ReadonlyArray<Check>
  readonly problems: number
  readonly warnings: number
}

/**
 * Looks at everything that a run depends on and changes nothing. `database` is handed in because it may be the very
 * thing that cannot be opened.
 */
export const doctor = Effect.fn("doctor")(function* <R>(database: Effect.Effect<Database, never, R>) {
  const [state, programChecks, credentialChecks, clientChecks, remoteChecks, watchedChecks] = yield* Effect.all(
    [database, programs, credentials, client, remote, watched],
    { concurrency: "unbounded" }
  )
  const checks = [
    ...programChecks,
    ...(yield* directories(state.expected)),
    ...(yield* storage),
    ...credentialChecks,
    ...clientChecks,
    ...remoteChecks,
    ...watchedChecks,
    ...state.checks
  ]
  const of = (outcome: Check["outcome"]) => checks.filter((check) => check.outcome === outcome).length
  return { checks, problems: of("problem"), warnings: of("warning") } satisfies DoctorReport
})
