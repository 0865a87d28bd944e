import { Effect, Schema } from "effect"
import { execFile } from "node:child_process"

export class ProgramUnusable extends Schema.TaggedError<ProgramUnusable>()("ProgramUnusable", {
  program: Schema.String,
  missing: Schema.Boolean,
  why: Schema.String
}) {
  override get message() {
    return `${this.program}: ${this.why}`
  }
}

/**
 * Runs a program without a shell and returns what it wrote to both outputs (at most 1 MiB), whatever its exit code.
 * It is killed after `timeout` milliseconds, or on interruption.
 */
export const outputOf = (
  program: string,
  args: ReadonlyArray<string>,
  timeout = 10_000
): Effect.Effect<string, ProgramUnusable> =>
  Effect.callback((resume) => {
    const child = execFile(
      program,
      [...args],
      { timeout, killSignal: "SIGKILL", maxBuffer: 1024 * 1024, encoding: "utf8" },
      (error, stdout, stderr) => {
        const fail = (missing: boolean, why: string) =>
          resume(Effect.fail(new ProgramUnusable({ program, missing, why })))
        if (error === null || typeof error.code === "number") return resume(Effect.succeed(stdout + stderr))
        if (error.code === "ENOENT") return fail(true, "it is not on PATH")
        if (error.code === "EACCES") return fail(true, "it may not be executed")
        return fail(false, error.killed === true ? `it did not end within ${timeout / 1000} s` : error.message)
      }
    )
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/**
 * Runs a program without a shell, with `input` on its stdin; its exit code and what it wrote to both outputs (at most
 * 64 KiB). It is killed after `timeout` milliseconds, or on interruption.
 */
export const feed = (
  program: string,
  args: ReadonlyArray<string>,
  input: string,
  timeout = 30_000
): Effect.Effect<{ readonly code: number; readonly output: string }, ProgramUnusable> =>
  Effect.callback((resume) => {
    const child = execFile(
      program,
      [...args],
      { timeout, killSignal: "SIGKILL", maxBuffer: 64 * 1024, encoding: "utf8" },
      (error, stdout, stderr) => {
        const fail = (missing: boolean, why: string) =>
          resume(Effect.fail(new ProgramUnusable({ program, missing, why })))
        const output = stdout + stderr
        if (error === null) return resume(Effect.succeed({ code: 0, output }))
        if (typeof error.code === "number") return resume(Effect.succeed({ code: error.code, output }))
        if (error.code === "ENOENT") return fail(true, "there is no such program")
        if (error.code === "EACCES") return fail(true, "it may not be executed")
        return fail(false, error.killed === true ? `it did not end within ${timeout / 1000} s` : "it could not be run")
      }
    )
    // A program that ends without reading its input is told by its exit code.
    child.stdin?.on("error", () => undefined).end(input)
    return Effect.sync(() => void child.kill("SIGKILL"))
  })
