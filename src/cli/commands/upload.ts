import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import type { UploadReport } from "../../domain/reports.ts"
import { upload } from "../../workflows/upload.ts"
import { show } from "../Output.ts"
import { renderUpload } from "../RenderUpload.ts"
import { Ended, exitCodes } from "../Report.ts"
import { configured } from "../root.ts"
import { acting } from "../acting.ts"

const codeOf = (report: UploadReport): number => {
  if (report.stopped !== null) return exitCodes.temporary
  // A blocked item without files was blocked before and not tried: the run did all that it could.
  return report.items.some(({ files, outcome }) => outcome === "failed" || (outcome === "blocked" && files > 0))
    ? exitCodes.someFailed
    : exitCodes.done
}

export const command = Command.make(
  "upload",
  {
    targets: Argument.String("TARGET").pipe(
      Argument.withDescription("Only these: infohashes, paths or names"),
      Argument.variadic()
    )
  },
  ({ targets }) =>
    configured(
      acting(
        "lock",
        Effect.gen(function* () {
          const report = yield* upload(targets)
          yield* show(report, renderUpload)
          return codeOf(report)
        })
      ).pipe(Effect.flatMap((code) => (code === 0 ? Effect.void : Effect.fail(new Ended({ code })))))
    )
).pipe(Command.withDescription("Extract, upload, prove and mark what is complete"))
