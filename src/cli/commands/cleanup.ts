import { Effect } from "effect"
import { Command } from "effect/cli"
import type { CleanupReport } from "../../domain/reports.ts"
import { bytes } from "../../platform/Text.ts"
import { cleanup } from "../../workflows/cleanup.ts"
import { acting, recorded } from "../acting.ts"
import { askedFor, dryRunFlags } from "../dryRun.ts"
import { show } from "../Output.ts"
import { renderCleanup } from "../RenderCleanup.ts"
import { Ended, exitCodes } from "../Report.ts"
import { configured } from "../root.ts"

const codeOf = (report: CleanupReport): number => {
  if (report.alarming) return exitCodes.temporary
  const failed =
    report.items.some(({ outcome }) => outcome === "failed") ||
    report.torrents.some(({ outcome }) => outcome === "failed")
  return failed ? exitCodes.someFailed : exitCodes.done
}

const tell = (report: CleanupReport) => {
  const gone = report.items.filter(({ outcome }) => ["released", "quarantined", "purged"].includes(outcome)).length
  const code = codeOf(report)
  return {
    outcome: code === exitCodes.done ? "done" : code === exitCodes.temporary ? "stopped" : "partial",
    summary:
      report.stopped ?? (gone === 0 ? "nothing to release" : `${gone} released, ${bytes(report.freedBytes)} freed`)
  }
}

export const command = Command.make(
  "cleanup",
  dryRunFlags(
    "Say what would be released and change nothing",
    "Release, even where cleanup.dryRun is set or the list of torrents shrank"
  ),
  Effect.fnUntraced(function* (flags) {
    const dryRun = yield* askedFor("cleanup", flags)
    const run = cleanup({ dryRun })
    const code = yield* configured(
      acting(
        "lock.cleanup",
        Effect.gen(function* () {
          const report = yield* dryRun === true ? run : recorded("cleanup", run, tell)
          yield* show(report, renderCleanup)
          return codeOf(report)
        })
      )
    )
    if (code !== exitCodes.done) return yield* new Ended({ code })
  })
).pipe(Command.withDescription("Release local copies that are proven remote and free of obligations"))
