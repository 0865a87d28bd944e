import { Effect, Schema } from "effect"
import { dirname, isWithin, join } from "../platform/BytePath.ts"
import { readFile } from "node:fs/promises"
import { findProblem } from "./json.ts"
import { inWords, type Problem } from "./problems.ts"
import { Config } from "./schema.ts"

/** The configuration must be mended before anything can be done. Exit code 78. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  file: Schema.String,
  problems: Schema.Array(Schema.Struct({ path: Schema.String, message: Schema.String }))
}) {
  override get message() {
    const lines = this.problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
    return lines.length === 1
      ? `${this.file}: ${lines[0]}`
      : `${this.file} has ${lines.length} problems:\n${lines.map((line) => `  ${line}`).join("\n")}`
  }
}

const decode = Schema.decodeUnknownEffect(Config, { errors: "all", onExcessProperty: "error" })

/** What no single value shows: how the directories lie to each other, and keys that could never match. */
const crossCheck = (config: Config): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  const roots = [
    ["stateDir", config.stateDir],
    ["completedDir", config.completedDir],
    ["extractedDir", config.extractedDir],
    ...(config.upload.remote.startsWith("/") ? [["upload.remote", config.upload.remote] as const] : [])
  ] as const
  for (const [index, [name, path]] of roots.entries()) {
    for (const [other, otherPath] of roots.slice(index + 1)) {
      if (path === otherPath) {
        problems.push({ path: other, message: `must not be the same directory as ${name} (${path})` })
      } else if (isWithin(otherPath, path)) {
        problems.push({ path: other, message: `must not lie inside ${name} (${path}); it is ${otherPath}` })
      } else if (isWithin(path, otherPath)) {
        problems.push({ path: name, message: `must not lie inside ${other} (${otherPath}); it is ${path}` })
      }
    }
  }
  for (const host of Object.keys(config.cleanup?.trackers ?? {})) {
    if (!/^[a-z0-9.-]+$|^\[[0-9a-f:.]+\]$/.test(host)) {
      const path = `cleanup.trackers.${host}`
      problems.push({ path, message: "this key must be a tracker's host name only, such as tracker.example" })
    }
  }
  for (const [index, pattern] of (config.cleanup?.neverDelete ?? []).entries()) {
    if (!pattern.startsWith("/")) {
      const path = `cleanup.neverDelete.${index}`
      problems.push({ path, message: `must be an absolute path or a glob of one; it is "${pattern}"` })
    }
  }
  return problems
}

const whyUnreadable = (file: string, cause: unknown): string => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  if (code === "ENOENT") {
    return "there is no such file. Write one (media-pipeline config schema prints its form), or name another with --config FILE or $MEDIA_PIPELINE_CONFIG"
  }
  if (code === "EACCES") return "this user may not read it: give it read permission, or run as the service's user"
  if (code === "EISDIR") return `it is a directory: name the file in it, such as ${join(file, "config.json")}`
  return `it cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`
}

/** Decodes the text of a configuration file and fills in what depends on other settings. */
export const parse = Effect.fn("config.parse")(function* (file: string, bytes: Uint8Array) {
  const fail = (problems: ReadonlyArray<Problem>) => new ConfigError({ file, problems })
  const text = yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => fail([{ path: "", message: "it is not UTF-8 text: save it as UTF-8" }])
  })
  const syntax = text.trim() === "" ? { line: 1, column: 1, what: "the file is empty" } : findProblem(text)
  if (syntax !== undefined) {
    return yield* fail([
      { path: "", message: `not JSON at line ${syntax.line}, column ${syntax.column}: ${syntax.what}` }
    ])
  }
  const input: unknown = JSON.parse(text)
  const decoded = yield* decode(input).pipe(Effect.mapError((error) => fail(inWords(error.issue, input))))
  const config = { ...decoded, extractedDir: decoded.extractedDir ?? join(dirname(decoded.completedDir), "extracted") }
  const problems = crossCheck(config)
  return yield* problems.length > 0 ? fail(problems) : Effect.succeed(config)
})

export const load = Effect.fn("config.load")(function* (file: string) {
  const bytes = yield* Effect.tryPromise({
    try: () => readFile(file),
    catch: (cause) => new ConfigError({ file, problems: [{ path: "", message: whyUnreadable(file, cause) }] })
  })
  return yield* parse(file, bytes)
})
