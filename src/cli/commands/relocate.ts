import { Effect } from "effect"
import { Command } from "effect/cli"
import type { RelocationReport } from "../../domain/relocationReport.ts"
import { bytes, count } from "../../platform/Text.ts"
import { relocate } from "../../workflows/relocate.ts"
import { noteResidency } from "../../workflows/status-residency.ts"
import { acting, recorded } from "../acting.ts"
import { askedFor, dryRunFlags } from "../dryRun.ts"
import { Output, show } from "../Output.ts"
import { renderRelocation } from "../RenderRelocation.ts"
import { Ended, exitCodes } from "../Report.ts"
import { configured } from "../root.ts"

const codeOf = (report: RelocationReport): number => {
  if (report.alarming) return exitCodes.temporary
  const failed =
    report.steps.some(({ outcome }) => outcome === "failed") ||
    report.resumed.some(({ outcome }) => outcome === "failed")
  return failed && !report.dryRun ? exitCodes.someFailed : exitCodes.done
}

const tell = (report: RelocationReport) => {
  const code = codeOf(report)
  const moved = report.steps.filter(({ outcome }) => outcome === "moved").length
  const done = report.resumed.filter(({ outcome }) => outcome === "done").length
  const freed = report.resumed.reduce((sum, { freedBytes }) => sum + freedBytes, 0)
  const parts = [
    ...(moved > 0 ? [`${count(moved, "payload")} moved`] : []),
    ...(done > 0 ? [`${count(done, "relocation")} finished, ${bytes(freed)} freed`] : [])
  ]
  return {
    outcome: code === exitCodes.done ? "done" : code === exitCodes.temporary ? "stopped" : "partial",
    summary: report.stopped ?? (parts.length === 0 ? "nothing to move" : parts.join(", "))
  }
}

export const command = Command.make(
  "relocate",
  dryRunFlags("Say what would be moved and change nothing", "Move, even where storage.dryRun is set"),
  Effect.fnUntraced(function* (flags) {
    const dryRun = yield* askedFor("relocate", flags)
    const { json } = yield* Output
    const run = relocate({ dryRun, details: json })
    const code = yield* configured(
      acting(
        "lock.relocate",
        Effect.gen(function* () {
          const report = yield* dryRun === true ? run : recorded("relocate", Effect.tap(run, noteResidency), tell)
          yield* show(report, renderRelocation)
          return codeOf(report)
        })
      )
    )
    if (code !== exitCodes.done) return yield* new Ended({ code })
  })
).pipe(Command.withDescription("Keep what is only seeded on the pool and what is linked on the stash; resumes first"))
