import { Effect } from "effect"
import { RemoteSetupError } from "../Remote.ts"
import { readFile } from "node:fs/promises"
import { parseEnv } from "node:util"
import type { Options } from "./session.ts"

/**
 * The options with what `upload.rcloneEnvironmentFile` adds to rclone's environment: lines of KEY=VALUE, as systemd's
 * EnvironmentFile= takes them. No shell reads it, and nothing but RCLONE_… is taken from it.
 */
export const withEnvironmentFile = Effect.fn("rclone.environment")(function* (options: Options) {
  const { environmentFile } = options
  if (environmentFile === undefined) return options
  const text = yield* Effect.tryPromise({
    try: () => readFile(environmentFile, "utf8"),
    catch: (cause) =>
      new RemoteSetupError({
        why: `upload.rcloneEnvironmentFile cannot be read (${cause instanceof Error ? cause.message : String(cause)})`,
        remedy: "Let the service's user read it, or name the right file"
      })
  })
  const entries = Object.entries(parseEnv(text))
  const ours = entries.filter(([key]) => key.startsWith("RCLONE_"))
  if (ours.length === 0) {
    return yield* new RemoteSetupError({
      why: `upload.rcloneEnvironmentFile ${environmentFile} has no line that sets an RCLONE_… variable`,
      remedy: "Write lines such as RCLONE_CONFIG_B2_TYPE=b2 into it"
    })
  }
  if (ours.length < entries.length) {
    const others = entries.filter(([key]) => !key.startsWith("RCLONE_")).map(([key]) => key)
    yield* Effect.logWarning(`${environmentFile}: ${others.join(", ")} is not for rclone and was left out`)
  }
  return { ...options, environment: { ...options.environment, ...Object.fromEntries(ours) } }
})
