import { Effect } from "effect"
import { outputOf } from "../platform/Process.ts"

/** When a systemd timer elapses next, in milliseconds; null where there is no such timer, or nobody to ask. */
export const nextElapse = (timer: string): Effect.Effect<number | null> =>
  outputOf("systemctl", ["show", timer, "--property=NextElapseUSecRealtime", "--value", "--timestamp=unix"], 2000).pipe(
    Effect.map((output) => {
      const seconds = /^@(\d{1,12})$/.exec(output.trim())?.[1]
      return seconds === undefined ? null : Number(seconds) * 1000
    }),
    Effect.orElseSucceed(() => null)
  )
