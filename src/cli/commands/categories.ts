import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { categories } from "../../workflows/categories.ts"
import { show } from "../Output.ts"
import { renderCategories } from "../RenderCategories.ts"
import { Ended, exitCodes } from "../Report.ts"
import { configured } from "../root.ts"
import { Wiring } from "../Wiring.ts"

export const command = Command.make(
  "categories",
  {
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Say what would be created or corrected and change nothing"),
      Flag.withoutNegation,
      Flag.withDefault(false)
    )
  },
  ({ dryRun }) =>
    configured(
      Effect.gen(function* () {
        const { outside } = yield* Wiring
        const report = yield* Effect.provide(categories(dryRun), outside)
        yield* show(report, renderCategories)
        if (report.categories.some(({ outcome }) => outcome === "failed")) {
          return yield* new Ended({ code: exitCodes.someFailed })
        }
      })
    )
).pipe(Command.withDescription("Make qBittorrent's categories those of the configuration, saving into completedDir"))
