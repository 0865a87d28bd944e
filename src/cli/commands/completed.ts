import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import type { Ticket } from "../../state/Spool.ts"
import { completed } from "../../workflows/completed.ts"
import { show } from "../Output.ts"
import { configured } from "../root.ts"
import { Wiring } from "../Wiring.ts"

const render = (ticket: Ticket): ReadonlyArray<string> => [`${ticket.hash} waits in the spool for the next upload`]

export const command = Command.make(
  "completed",
  { hash: Argument.String("HASH").pipe(Argument.withDescription("The infohash: %K in qBittorrent")) },
  ({ hash }) =>
    configured(
      Effect.flatMap(Wiring, ({ spool }) =>
        completed(hash).pipe(
          Effect.provide(spool),
          Effect.flatMap((ticket) => show(ticket, render))
        )
      )
    )
).pipe(Command.withDescription('What qBittorrent\'s "run on completion" calls: drop a ticket into the spool'))
