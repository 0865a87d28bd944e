import { Cause, Effect, Layer } from "effect"
import { Command } from "effect/cli"
import { doctor } from "../../workflows/doctor.ts"
import { problem } from "../../workflows/doctor/check.ts"
import { database, type Database } from "../../workflows/doctor/database.ts"
import { show } from "../Output.ts"
import { renderDoctor } from "../RenderDoctor.ts"
import { Ended, exitCodes, failureOf } from "../Report.ts"
import { configured } from "../root.ts"
import { Wiring } from "../Wiring.ts"

const unreadable = (cause: Cause.Cause<unknown>): Database => ({
  checks: [
    problem(
      "Database",
      "state.db",
      failureOf(cause, undefined).message,
      "Mend what it names; if the file itself is damaged, restore it from a backup."
    )
  ],
  expected: 0
})

export const command = Command.make("doctor", {}, () =>
  configured(
    Effect.gen(function* () {
      const { disk, outside, reading } = yield* Wiring
      const state = database.pipe(
        Effect.provide(Layer.merge(reading, disk)),
        Effect.catchCause((cause) =>
          Cause.hasInterruptsOnly(cause) ? Effect.interrupt : Effect.succeed(unreadable(cause))
        )
      )
      const report = yield* doctor(state).pipe(Effect.provide(outside))
      yield* show(report, renderDoctor)
      if (report.problems > 0) return yield* new Ended({ code: exitCodes.someFailed })
    })
  )
).pipe(Command.withDescription("Check every dependency, permission, mount, credential and invariant"))
