import { Data, Effect, Schema } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Qbittorrent } from "./qbittorrent.ts"

/** The worker as a person runs it from a checkout. */
export const program = join(import.meta.dirname, "../../bin/media-pipeline")

export interface Run {
  /** The exit code; -1 where a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export class WorkerError extends Data.TaggedError("WorkerError")<{ readonly args: string; readonly why: string }> {
  override get message() {
    return `media-pipeline ${this.args}: ${this.why}`
  }
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** How far the worker's clock is ahead, in milliseconds: ctimes cannot be set back. */
  readonly ahead?: number
  /** Runs once the process is there; it may be killed meanwhile. */
  readonly meanwhile?: (child: ChildProcess) => void
}

const clockAhead = (milliseconds: number) => {
  const script = `const now = Date.now; Date.now = () => now() + ${milliseconds}`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` }
}

const spawned = (command: string, args: ReadonlyArray<string>, { ahead = 0, env, meanwhile }: RunOptions) =>
  Effect.callback<Run, WorkerError>((resume) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...(ahead === 0 ? {} : clockAhead(ahead)), ...env, TZ: "UTC", LC_ALL: "C.UTF-8" }
    })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
    child.once("error", ({ message }) => resume(Effect.fail(new WorkerError({ args: args.join(" "), why: message }))))
    child.once("close", (code) => resume(Effect.succeed({ code: code ?? -1, stdout, stderr })))
    meanwhile?.(child)
    return Effect.sync(() => child.kill("SIGKILL"))
  })

type Json = Readonly<Record<string, unknown>>

export interface Settings {
  readonly remote?: string
  readonly rcloneConfigFile?: string
  readonly categories?: Readonly<Record<string, string>>
  readonly cleanup?: Json
  readonly extract?: Json
  readonly upload?: Json
  readonly qbittorrent?: Json
  /** Keys of the file itself, over everything else. */
  readonly over?: Json
}

/** How the worker is to log in to that instance, by default with its password. */
export const access = (client: Qbittorrent, passwordFile: string): Json => ({
  url: client.url,
  username: client.username,
  passwordFile
})

const makeHost = (root: string) => {
  const at = (...parts: ReadonlyArray<string>) => join(root, ...parts)
  const configFile = at("config.json")
  const passwordFile = at("password")
  const run = (args: ReadonlyArray<string>, options: RunOptions = {}) =>
    spawned(program, ["--config", configFile, ...args], options)
  /** Standard output has to be one JSON document of this form. Another exit code than the one given is an error. */
  const json = <S extends Schema.ConstraintCodec<unknown, unknown>>(
    schema: S,
    args: ReadonlyArray<string>,
    code = 0,
    options: RunOptions = {}
  ): Effect.Effect<S["Type"], WorkerError> =>
    Effect.gen(function* () {
      const all = args.join(" ")
      const answer = yield* run(["--json", ...args], options)
      if (answer.code !== code) {
        const why = `exit code ${answer.code} instead of ${code}\n${answer.stdout}\n${answer.stderr}`
        return yield* new WorkerError({ args: all, why })
      }
      return yield* Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(answer.stdout).pipe(
        Effect.mapError((error) => new WorkerError({ args: all, why: `${error.message}\n${answer.stdout}` }))
      )
    })
  return {
    root,
    at,
    configFile,
    passwordFile,
    run,
    json,
    /** Writes the configuration for this client, a folder as the remote, and the password. */
    configure: (client: Qbittorrent, settings: Settings = {}) => {
      writeFileSync(passwordFile, `${client.password}\n`, { mode: 0o600 })
      const categories = Object.entries(settings.categories ?? {}).map(([name, remotePath]) => [name, { remotePath }])
      const { remote = at("remote"), rcloneConfigFile } = settings
      const config: Json = {
        stateDir: at("state"),
        qbittorrent: settings.qbittorrent ?? access(client, passwordFile),
        completedDir: at("completed"),
        categories: Object.fromEntries(categories),
        upload: {
          remote,
          ...(rcloneConfigFile === undefined ? {} : { rcloneConfigFile }),
          extract: { reserveBytes: 0, ...settings.extract },
          ...settings.upload
        },
        ...(settings.cleanup === undefined ? {} : { cleanup: settings.cleanup }),
        ...settings.over
      }
      writeFileSync(configFile, JSON.stringify(config, null, 2))
    }
  }
}

export type Host = ReturnType<typeof makeHost>

/** A host of its own below the temporary folder: completed/, remote/ and seeder/, gone with the scope. */
export const host = Effect.acquireRelease(
  Effect.sync(() => {
    const made = makeHost(mkdtempSync(join(tmpdir(), "media-pipeline-main-loop-")))
    for (const folder of ["completed", "remote", "seeder"]) mkdirSync(made.at(folder))
    return made
  }),
  ({ root }) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)
