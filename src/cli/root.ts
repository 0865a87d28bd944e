import { Config, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { AppConfig } from "../config/AppConfig.ts"
import { withCredentials } from "../config/credentials.ts"
import { load } from "../config/load.ts"

export const defaultFile = "/etc/media-pipeline/config.json"

export const root = Command.make("media-pipeline").pipe(
  Command.withDescription(
    "From a completed torrent to a proven copy on a remote, and no local copy longer than it is owed"
  ),
  Command.withSharedFlags({
    config: Flag.String("config").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription(`Configuration file (else $MEDIA_PIPELINE_CONFIG, else ${defaultFile})`),
      Flag.optional
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print one JSON document on standard output and nothing else there"),
      Flag.withDefault(false)
    )
  })
)

/** The configuration file that this call means. */
export const configFile = Effect.gen(function* () {
  const flags = yield* root
  if (Option.isSome(flags.config)) return flags.config.value
  const named = yield* Effect.orDie(Config.option(Config.String("MEDIA_PIPELINE_CONFIG")))
  return Option.getOrElse(named, () => defaultFile)
})

/** Loads the configuration for `effect`. Nothing else is read or started when it is wrong. */
export const configured = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.flatMap(configFile, load), (config) =>
    Effect.provideService(effect, AppConfig, withCredentials(config))
  )
