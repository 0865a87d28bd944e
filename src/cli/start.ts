import { Effect, Exit, References } from "effect"
import { ownArguments } from "../platform/Arguments.ts"
import * as Journald from "../platform/Journald.ts"
import { standardError } from "../platform/Screen.ts"
import { program, wantsJson } from "./program.ts"
import type { Adapters } from "./Wiring.ts"

const wantsColour = (stream: { readonly isTTY?: boolean }): boolean =>
  stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"

/** Runs the program in this process: its arguments, streams, signals and exit code. */
export const start = (adapters: Adapters): void => {
  const journal = process.env["JOURNAL_STREAM"] !== undefined
  const colour = wantsColour(process.stderr)
  const log = { journal, colour }
  let received: "SIGINT" | "SIGTERM" | undefined

  const args = ownArguments()
  const fiber = Effect.runFork(
    program(adapters, {
      args,
      output: {
        json: wantsJson(args),
        columns: process.stdout.isTTY ? process.stdout.columns : 160,
        colour: wantsColour(process.stdout)
      },
      complain: (text) =>
        journal
          ? Effect.logError(text)
          : Effect.sync(() => standardError.print(`${colour ? "\u001b[31merror:\u001b[0m" : "error:"} ${text}`)),
      signal: () => received
    }).pipe(
      Effect.provide(Journald.layer(log)),
      Effect.provideService(References.TracerEnabled, false),
      // Whoever sits at a terminal has the bars and the result; a log keeps everything.
      Effect.provideService(References.MinimumLogLevel, standardError.isTerminal && !journal ? "Warn" : "Info")
    )
  )
  // Timers alone keep the process up while the fiber waits for nothing but itself.
  const keepAlive = setInterval(() => undefined, 2_147_483_647)
  const stop = (signal: "SIGINT" | "SIGTERM") => {
    received ??= signal
    fiber.interruptUnsafe(fiber.id)
  }
  process.on("SIGINT", stop)
  process.on("SIGTERM", stop)
  // Whoever reads our output may go before we end (`| head`).
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0)
    throw error
  })
  fiber.addObserver((exit) => {
    clearInterval(keepAlive)
    const code = Exit.isSuccess(exit) ? exit.value : received === "SIGINT" ? 130 : 143
    // A large result may still be on its way where the output is a socket, as of a journal or another Node.
    // Sockets of a client that keeps its connections alive would hold the process for seconds.
    process.stdout.write("", () => process.exit(code))
  })
}
