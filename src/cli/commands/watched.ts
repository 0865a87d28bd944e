import { Effect } from "effect"
import { Command } from "effect/cli"
import type { WatchedReport } from "../../domain/watchedReport.ts"
import { bytes, count } from "../../platform/Text.ts"
import { noteWatched } from "../../workflows/status-watched.ts"
import { watched } from "../../workflows/watched.ts"
import { acting, recorded } from "../acting.ts"
import { askedFor, dryRunFlags } from "../dryRun.ts"
import { show } from "../Output.ts"
import { renderWatched } from "../RenderWatched.ts"
import { Ended, exitCodes } from "../Report.ts"
import { configured } from "../root.ts"

const codeOf = (report: WatchedReport): number => {
  if (report.alarming) return exitCodes.someFailed
  // What could not be read in the middle of a run may be there again in a minute.
  if (report.stopped !== null && report.titles.length > 0) return exitCodes.temporary
  const failed =
    report.titles.some(({ outcome }) => outcome === "failed") ||
    report.settled.some(({ outcome }) => outcome === "open") ||
    report.requests.some(({ outcome }) => outcome === "failed") ||
    report.troubles.length > 0
  // In a dry run what is half done is only shown.
  return failed && !report.dryRun ? exitCodes.someFailed : exitCodes.done
}

const tell = (report: WatchedReport) => {
  const of = (...outcomes: ReadonlyArray<string>) =>
    report.titles.filter(({ outcome }) => outcomes.includes(outcome)).length
  const parts = [
    ...(of("retired") > 0 ? [`${count(of("retired"), "title")} retired, ${bytes(report.freedBytes)} freed`] : []),
    ...(of("would-retire") > 0 ? [`${count(of("would-retire"), "title")} would be retired`] : []),
    ...(of("announced", "leaving") > 0 ? [`${of("announced", "leaving")} leaving soon`] : []),
    ...(of("failed") > 0 ? [`${of("failed")} failed`] : [])
  ]
  return {
    outcome: report.alarming ? "fuse" : codeOf(report) === exitCodes.done ? "done" : "partial",
    summary: report.stopped ?? (parts.length === 0 ? "nothing to retire" : parts.join(", "))
  }
}

export const command = Command.make(
  "watched",
  dryRunFlags(
    "Say what would be retired and change nothing",
    "Retire, even where watched.dryRun is set or unlikely much has changed"
  ),
  Effect.fnUntraced(function* (flags) {
    const dryRun = yield* askedFor("watched", flags)
    const run = watched({ dryRun })
    const code = yield* configured(
      acting(
        // The ledger of what was retired is cleanup's too.
        "lock.cleanup",
        Effect.gen(function* () {
          const report = yield* dryRun === true ? run : recorded("watched", Effect.tap(run, noteWatched), tell)
          yield* show(report, renderWatched)
          return codeOf(report)
        })
      )
    )
    if (code !== exitCodes.done) return yield* new Ended({ code })
  })
).pipe(Command.withDescription("Retire watched films and seasons through Radarr and Sonarr; protected ones stay"))
