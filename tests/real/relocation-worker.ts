import { Effect, Schema } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

const here = import.meta.dirname

/**
 * Builds the worker into a folder of its own: whoever else works in this checkout does not change it under a test.
 * `points`: with the points of tests/crash in it.
 */
export const build = (kind: "shipped" | "points"): string => {
  const bundle = join(mkdtempSync(join(tmpdir(), "media-pipeline-relocation-build-")), "worker.mjs")
  const entry = kind === "shipped" ? "../../src/main.ts" : "../crash/relocate-main.ts"
  execFileSync(process.execPath, [join(here, "../../scripts/build.ts"), join(here, entry), bundle])
  return bundle
}
export const unbuild = (bundle: string) => rmSync(dirname(bundle), { recursive: true, force: true })

export const built = (kind: "shipped" | "points") =>
  Effect.acquireRelease(
    Effect.sync(() => build(kind)),
    (bundle) => Effect.sync(() => unbuild(bundle))
  )

const Subject = {
  id: Schema.String,
  torrents: Schema.Array(Schema.Struct({ hash: Schema.String, name: Schema.String }))
}
const Saga = Schema.Struct({
  saga: Schema.Int,
  kind: Schema.Literals(["demotion", "promotion"]),
  state: Schema.String,
  outcome: Schema.Literals(["done", "open", "undone", "failed"]),
  reason: Schema.NullOr(Schema.String),
  freedBytes: Schema.Finite
})

/** As `relocate --json` prints it. */
export const Report = Schema.Struct({
  dryRun: Schema.Boolean,
  resumed: Schema.Array(Saga),
  steps: Schema.Array(
    Schema.Struct({
      ...Subject,
      action: Schema.Literals(["demote", "promote"]),
      how: Schema.Literals(["views", "move"]),
      outcome: Schema.Literals(["planned", "moved", "waiting", "failed"]),
      reason: Schema.NullOr(Schema.String),
      copyBytes: Schema.Finite,
      freesBytes: Schema.Finite,
      views: Schema.Finite
    })
  ),
  blocked: Schema.Array(Schema.Struct({ ...Subject, by: Schema.String, why: Schema.String, remedy: Schema.String })),
  stays: Schema.Array(Schema.Struct({ ...Subject, reason: Schema.String, why: Schema.String })),
  stopped: Schema.NullOr(Schema.String)
})
export type Report = typeof Report.Type

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Points that were passed, in their order; only of a worker with points. */
  readonly passed: ReadonlyArray<string>
}

export interface Point {
  readonly label: string
  readonly nth: number
  readonly by: "kill" | "cut" | "term"
}

export interface Running {
  readonly pid: number
  readonly ended: Promise<Ended>
  /** What it has passed so far. */
  readonly passed: () => ReadonlyArray<string>
}

export interface RunOptions {
  /** Milliseconds that its clock is ahead. */
  readonly ahead?: number
  /** Where it ends. */
  readonly at?: Point
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>
}

const clock = (ahead: number): Readonly<Record<string, string>> =>
  ahead === 0
    ? {}
    : {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
          `const now = Date.now; Date.now = () => now() + ${ahead}`
        )}`
      }

let runs = 0

export const begin = (
  bundle: string,
  root: string,
  args: ReadonlyArray<string>,
  { ahead = 0, at, env = {} }: RunOptions = {}
): Running => {
  const { HOME = "/", PATH = "" } = process.env
  const log = join(root, `points-${++runs}`)
  const passed = () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(0, -1) : [])
  const child = spawn(process.execPath, [bundle, "--config", join(root, "config.json"), "--json", ...args], {
    env: {
      HOME,
      PATH,
      TZ: "UTC",
      LC_ALL: "C.UTF-8",
      NODE_COMPILE_CACHE: join(bundle, "../compiled"),
      CRASH_ROOT: root,
      CRASH_LOG: log,
      ...(at === undefined ? {} : { CRASH_AT: `${at.nth} ${at.label}`, CRASH_BY: at.by }),
      ...clock(ahead),
      ...env
    },
    stdio: ["ignore", "pipe", "pipe"]
  })
  const text = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text.stdout += chunk))
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text.stderr += chunk))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code, signal) => {
      resolve({ code, signal, ...text, passed: passed() })
      rmSync(log, { force: true })
    })
  })
  return { pid: child.pid ?? -1, ended, passed }
}

export const told = ({ code, signal, stderr, stdout }: Ended): string =>
  `ended with ${signal ?? code}\n${stdout.slice(-3000)}\n${stderr.slice(-3000)}`
