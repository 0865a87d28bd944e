import { NodeServices } from "@effect/platform-node"
import { Cause, Console, Effect, Layer } from "effect"
import { CliConfig, CliOutput, Command, GlobalFlag } from "effect/cli"
import { command as categories } from "./commands/categories.ts"
import { command as cleanup } from "./commands/cleanup.ts"
import { command as completed } from "./commands/completed.ts"
import { command as config } from "./commands/config.ts"
import { command as doctor } from "./commands/doctor.ts"
import { command as explain } from "./commands/explain.ts"
import { command as index } from "./commands/index.ts"
import { command as relocate } from "./commands/relocate.ts"
import { command as restore } from "./commands/restore.ts"
import { command as status } from "./commands/status.ts"
import { command as upload } from "./commands/upload.ts"
import { command as watched } from "./commands/watched.ts"
import { Output, type Settings } from "./Output.ts"
import { Ended, failureOf, toJson, toText } from "./Report.ts"
import { root } from "./root.ts"
import { type Adapters, Wiring } from "./Wiring.ts"

declare const MEDIA_PIPELINE_VERSION: string | undefined
const version = typeof MEDIA_PIPELINE_VERSION === "string" ? MEDIA_PIPELINE_VERSION : "0.0.0-source"

const app = Command.runWith(
  root.pipe(
    Command.withSubcommands([
      upload,
      cleanup,
      completed,
      status,
      explain,
      doctor,
      restore,
      index,
      relocate,
      watched,
      categories,
      config
    ])
  ),
  { version, renderErrors: false }
)

/** Help that was asked for goes to standard output; a wrong call gets its error from `Report`, not a page of help. */
const presenter = (colour: boolean): CliOutput.Presenter => ({
  present: (event) => {
    const formatter = CliOutput.defaultFormatter({ colors: colour, globalFlags: "summary" })
    if (event._tag === "Version") return Console.log(`${event.name} ${event.version}`)
    return event._tag === "Help" && event.reason === "Requested"
      ? Console.log(formatter.formatHelpDoc(event.helpDoc))
      : Effect.void
  }
})

export interface Invocation {
  readonly args: ReadonlyArray<string>
  readonly output: Settings
  /** Writes an error for people, where they see it. */
  readonly complain: (text: string) => Effect.Effect<void>
  /** The signal that interrupted us, if one did. */
  readonly signal: () => "SIGINT" | "SIGTERM" | undefined
}

/** Whether `--json` is among the flags: also for errors of the flags themselves. */
export const wantsJson = (args: ReadonlyArray<string>): boolean => {
  const end = args.indexOf("--")
  return (end < 0 ? args : args.slice(0, end)).includes("--json")
}

/** The whole program: arguments in, exit code out. It never fails. */
export const program = (adapters: Adapters, { args, complain, output, signal }: Invocation): Effect.Effect<number> => {
  const layer = Layer.mergeAll(
    Wiring.layer(adapters),
    NodeServices.layer,
    CliOutput.layerPresenter(presenter(output.colour)),
    CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions, GlobalFlag.LogLevel] })
  )
  let printed = false
  const settings: Settings = { ...output, printed: () => (printed = true) }
  const report = (cause: Cause.Cause<unknown>) => {
    const error = Cause.squash(cause)
    if (error instanceof Ended) return Effect.succeed(error.code)
    const failure = failureOf(cause, signal())
    return Effect.as(output.json && !printed ? Console.log(toJson(failure)) : complain(toText(failure)), failure.code)
  }
  // What an interruption has to say must not be interrupted by it.
  return Effect.uninterruptibleMask((restore) =>
    restore(app(args).pipe(Effect.as(0), Effect.provide(layer), Effect.provideService(Output, settings))).pipe(
      Effect.catchCause(report)
    )
  )
}
