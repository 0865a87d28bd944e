import { type ChildProcess, spawn } from "node:child_process"
import { Effect } from "effect"
import { ArchiveIo, ProgramMissing } from "../Archive.ts"

export interface Invocation {
  readonly program: string
  readonly args: ReadonlyArray<string>
  /** What the program reads on stdin: a password, never on its command line. Without it stdin is empty. */
  readonly stdin?: string | undefined
  /** Bytes of stdout that are kept; the rest is read and dropped, and `overflow` says so. */
  readonly keep: number
}

export interface Finished {
  /** Exit code; null after a signal. */
  readonly code: number | null
  readonly stdout: Buffer
  readonly overflow: boolean
  /** Of both programs of a pipe. At most 64 KiB. */
  readonly stderr: string
  /** Exit code of the program that fed a pipe; 0 without one. */
  readonly feederCode: number | null
}

export interface Environment {
  readonly PATH: string
  readonly HOME: string
}

const collect = (child: ChildProcess, keep: number) => {
  const stdout: Array<Buffer> = []
  const stderr: Array<Buffer> = []
  const state = { kept: 0, overflow: false, errors: 0 }
  child.stdout?.on("data", (chunk: Buffer) => {
    if (state.kept + chunk.length > keep) state.overflow = true
    else {
      stdout.push(chunk)
      state.kept += chunk.length
    }
  })
  child.stderr?.on("data", (chunk: Buffer) => {
    if (state.errors < 65_536) stderr.push(chunk)
    state.errors += chunk.length
  })
  return { state, stdout: () => Buffer.concat(stdout), stderr: () => Buffer.concat(stderr).toString("utf8") }
}

const killGroup = (child: ChildProcess) => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, "SIGKILL")
  } catch {
    child.kill("SIGKILL")
  }
}

const start = (invocation: Invocation, environment: Environment, stdin: ChildProcess["stdout"] | "pipe" | "ignore") =>
  spawn(invocation.program, [...invocation.args], {
    cwd: "/",
    env: { ...environment, LC_ALL: "C.UTF-8" },
    detached: true,
    shell: false,
    stdio: [stdin, "pipe", "pipe"]
  })

/**
 * Runs a program to its end, without a shell, in a process group of its own; interruption kills the group and waits for
 * it. With `feeder`, that program's stdout is the program's stdin, by a pipe that does not pass through us.
 */
export const run = (
  invocation: Invocation,
  environment: Environment,
  feeder?: Invocation
): Effect.Effect<Finished, ProgramMissing | ArchiveIo> =>
  Effect.callback((resume) => {
    const fail = (program: string) => (cause: unknown) => {
      const missing = cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "EACCES")
      children.forEach(killGroup)
      resume(
        Effect.fail(
          missing
            ? new ProgramMissing({ programs: [program] })
            : new ArchiveIo({ operation: `starting ${program}`, cause })
        )
      )
    }
    const children: Array<ChildProcess> = []
    const add = (step: Invocation, stdin: ChildProcess["stdout"] | "pipe" | "ignore") => {
      const child = start(step, environment, stdin)
      children.push(child)
      child.on("error", fail(step.program))
      // A program that ends without reading its stdin is no failure of ours.
      child.stdin?.on("error", () => undefined).end(step.stdin)
      return child
    }
    const stdinOf = (step: Invocation) => (step.stdin === undefined ? "ignore" : "pipe")
    const ended = (child: ChildProcess) =>
      new Promise<number | null>((resolve) => {
        child.on("close", (code) => resolve(code))
      })
    try {
      const source = feeder === undefined ? undefined : add(feeder, stdinOf(feeder))
      const main = add(invocation, source === undefined ? stdinOf(invocation) : source.stdout)
      // Only the reader may hold the reading end, or a feeder whose reader has died would wait for ever.
      source?.stdout?.destroy()
      const output = collect(main, invocation.keep)
      const warnings = source === undefined ? undefined : collect(source, 0)
      void Promise.all([ended(main), source === undefined ? 0 : ended(source)]).then(([code, feederCode]) =>
        resume(
          Effect.succeed({
            code,
            feederCode,
            stdout: output.stdout(),
            overflow: output.state.overflow,
            stderr: `${output.stderr()}${warnings?.stderr() ?? ""}`
          })
        )
      )
    } catch (cause) {
      // A feeder that could not be started says so itself.
      if (children[0] === undefined || children[0].pid !== undefined) fail(invocation.program)(cause)
    }
    return Effect.promise(async () => {
      const running = children.filter(
        (child) => child.pid !== undefined && child.exitCode === null && child.signalCode === null
      )
      const gone = running.map(ended)
      running.forEach(killGroup)
      await Promise.all(gone)
    })
  })
