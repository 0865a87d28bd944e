import { Effect } from "effect"
import { B2Emulator } from "./emulator.ts"
import type { B2Options } from "./options.ts"

/** An emulator that lives as long as the scope. */
export const b2Emulator = (options: B2Options = {}) =>
  Effect.acquireRelease(
    Effect.promise(() => B2Emulator.start(options)),
    (emulator) => Effect.promise(() => emulator.stop())
  )
