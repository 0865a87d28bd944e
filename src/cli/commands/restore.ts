import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { display } from "../../platform/BytePath.ts"
import { bytes, count } from "../../platform/Text.ts"
import { restore, type Restored } from "../../workflows/restore.ts"
import { acting, recorded } from "../acting.ts"
import { show } from "../Output.ts"
import { configured } from "../root.ts"

const render = (restored: Restored): ReadonlyArray<string> => [
  restored.from === "here"
    ? `nothing to restore: ${display(restored.path)} is here, whole`
    : `restored ${display(restored.path)} from the ${restored.from}: ${count(restored.files, "file")}, ${bytes(restored.bytes)}`
]

const tell = (restored: Restored) => ({ outcome: "done", summary: render(restored)[0] ?? "" })

export const command = Command.make(
  "restore",
  {
    target: Argument.String("TARGET").pipe(Argument.withDescription("Infohash, path or name of an item"))
  },
  ({ target }) =>
    configured(
      acting(
        "lock.cleanup",
        Effect.flatMap(recorded("restore", restore(target), tell), (restored) => show(restored, render))
      )
    )
).pipe(Command.withDescription("Bring an item back from quarantine or from the remote"))
