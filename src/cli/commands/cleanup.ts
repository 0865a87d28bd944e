import { Effect } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import type { CleanupReport } from "../../domain/reports.ts"
import { bytes } from "../../platform/Text.ts"
import { cleanup } from "../../workflows/cleanup.ts"
import { acting, recorded } from "../acting.ts"
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
  {
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Say what would be released and change nothing"),
      Flag.withoutNegation,
      Flag.withDefault(false)
    ),
    apply: Flag.Boolean("apply").pipe(
      Flag.withDescription("Release, even where cleanup.dryRun is set or the list of torrents shrank"),
      Flag.withoutNegation,
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ apply, dryRun }) {
    if (apply && dryRun) {
      return yield* new CliError.ShowHelp({
        commandPath: ["media-pipeline", "cleanup"],
        errors: [new CliError.ValidationError({ message: "--dry-run and --apply cannot both be given" })]
      })
    }
    const run = cleanup({ dryRun: dryRun ? true : apply ? false : undefined })
    const code = yield* configured(
      acting(
        "lock.cleanup",
        Effect.gen(function* () {
          const report = yield* dryRun ? run : recorded("cleanup", run, tell)
          yield* show(report, renderCleanup)
          return codeOf(report)
        })
      )
    )
    if (code !== exitCodes.done) return yield* new Ended({ code })
  })
).pipe(Command.withDescription("Release local copies that are proven remote and free of obligations"))
