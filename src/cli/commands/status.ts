import { Effect, Layer } from "effect"
import { Command } from "effect/cli"
import { status } from "../../workflows/status.ts"
import { show } from "../Output.ts"
import { renderStatus } from "../RenderStatus.ts"
import { configured } from "../root.ts"
import { Wiring } from "../Wiring.ts"

export const command = Command.make("status", {}, () =>
  configured(
    Effect.flatMap(Wiring, ({ disk, reading }) =>
      status().pipe(
        Effect.provide(Layer.merge(reading, disk)),
        Effect.flatMap((report) => show(report, renderStatus))
      )
    )
  )
).pipe(Command.withDescription("One screen: items by state, bytes here and there, runs, problems"))
