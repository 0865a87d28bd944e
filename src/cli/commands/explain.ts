import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { explain } from "../../workflows/explain.ts"
import { show } from "../Output.ts"
import { renderExplain } from "../RenderExplain.ts"
import { configured } from "../root.ts"
import { Wiring } from "../Wiring.ts"

export const command = Command.make(
  "explain",
  {
    target: Argument.String("TARGET").pipe(
      Argument.withDescription("Infohash, path or name of an item or torrent, or a title")
    )
  },
  ({ target }) =>
    configured(
      Effect.flatMap(Wiring, ({ looking }) =>
        explain(target).pipe(
          Effect.provide(looking),
          Effect.flatMap((explanation) => show(explanation, renderExplain))
        )
      )
    )
).pipe(Command.withDescription("Say why something is where it is, and what must happen before it moves or goes"))
