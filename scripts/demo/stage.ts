import { Effect } from "effect"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { Screen } from "./screen.ts"

const program = join(import.meta.dirname, "../../bin/media-pipeline")

/** What every act has: a folder, the screen, and the built worker. */
export class Stage {
  readonly screen = new Screen()
  readonly at: (...parts: ReadonlyArray<string>) => string
  readonly worker

  constructor(root: string) {
    this.at = (...parts) => join(root, ...parts)
    const configFile = this.at("config.json")
    // Not waited for synchronously: what plays Jellyfin and the others runs in this very process.
    const start = (args: ReadonlyArray<string>, quiet: boolean) =>
      Effect.callback<{ readonly status: number | null; readonly output: string }>((resume) => {
        const child = spawn(program, ["--config", configFile, ...args], {
          stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "ignore" : "inherit"]
        })
        const chunks: Array<Buffer> = []
        child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk))
        child.once("error", (cause) => resume(Effect.die(cause)))
        child.once("close", (status) => resume(Effect.succeed({ status, output: Buffer.concat(chunks).toString() })))
        return Effect.sync(() => child.kill())
      })
    this.worker = {
      program,
      configFile,
      /** Shows a command and what it says; answers with its exit code. */
      run: (...args: ReadonlyArray<string>) =>
        Effect.suspend(() => {
          this.screen.command(`media-pipeline ${args.join(" ")}`)
          return Effect.map(start(args, false), ({ status }) => status)
        }),
      json: (...args: ReadonlyArray<string>): Effect.Effect<unknown> =>
        Effect.map(start(["--json", ...args], true), ({ output }): unknown => JSON.parse(output))
    }
  }
}
