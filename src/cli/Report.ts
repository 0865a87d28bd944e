import { Cause, Data } from "effect"
import { CliError } from "effect/cli"

/** The exit codes of the contract. */
export const exitCodes = {
  done: 0,
  someFailed: 1,
  usage: 64,
  temporary: 75,
  configuration: 78,
  /** SIGINT, as shells say it. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143
} as const

/** The result was printed already; only the exit code is left to say. */
export class Ended extends Data.TaggedError("Ended")<{ readonly code: number }> {}

/** An error as a person or a program gets it. */
export interface Failure {
  readonly code: number
  readonly tag: string
  readonly message: string
  /** What to type to learn more; null when the message says it all. */
  readonly hint: string | null
  readonly problems: ReadonlyArray<{ readonly path: string; readonly message: string }>
  /** A defect of ours: its stack, for the report. */
  readonly stack: string | null
}

const codeOfTag: Readonly<Record<string, number>> = {
  ConfigError: exitCodes.configuration,
  RemoteSetupError: exitCodes.configuration,
  // Wrong credentials do not mend themselves, and qBittorrent bans who keeps trying.
  TorrentClientRefused: exitCodes.configuration,
  NoClientPath: exitCodes.configuration,
  TorrentClientUnreadable: exitCodes.temporary,
  MediaServerUnreadable: exitCodes.temporary,
  ArrUnreadable: exitCodes.temporary,
  RequestsUnreadable: exitCodes.temporary,
  LockHeld: exitCodes.temporary,
  LockUnusable: exitCodes.temporary,
  StateUnusable: exitCodes.temporary,
  SpoolUnusable: exitCodes.temporary,
  SqlError: exitCodes.temporary,
  CompletedUnreadable: exitCodes.temporary,
  DiskError: exitCodes.temporary,
  FilesystemUnreadable: exitCodes.temporary,
  NothingToIndex: exitCodes.configuration,
  NotARoot: exitCodes.usage,
  AtomicFileError: exitCodes.temporary,
  NotAHash: exitCodes.usage,
  NoSuchTarget: exitCodes.usage,
  NothingToRestore: exitCodes.usage,
  AmbiguousTarget: exitCodes.usage
}
const codeOfClass: Readonly<Record<string, number>> = {
  capped: exitCodes.temporary,
  transient: exitCodes.temporary,
  denied: exitCodes.configuration,
  permanent: exitCodes.someFailed
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

const textOf = (value: unknown, key: string): string | undefined => {
  const found = isRecord(value) ? value[key] : undefined
  return typeof found === "string" ? found : undefined
}

const messageOf = (error: unknown): string =>
  error instanceof Error && error.message !== "" ? error.message : (textOf(error, "_tag") ?? String(error))

const problemsOf = (error: unknown): Failure["problems"] => {
  const list = isRecord(error) && textOf(error, "_tag") === "ConfigError" ? error["problems"] : undefined
  return Array.isArray(list)
    ? list.map((one: unknown) => ({ path: textOf(one, "path") ?? "", message: textOf(one, "message") ?? "" }))
    : []
}

const usage = (error: CliError.ShowHelp): Failure => ({
  code: exitCodes.usage,
  tag: "Usage",
  message:
    error.errors.length === 0
      ? `${error.commandPath.join(" ")} needs a command`
      : // "Did you mean this?" and its candidates stand on lines of their own, indented; here they fit on one.
        error.errors
          .map(({ message }) =>
            message.replace(
              /\n\n\s*Did you mean this\?\n((?:\s+.+\n?)+)/,
              (_, names: string) =>
                `. Did you mean ${names
                  .trim()
                  .split(/\s*\n\s*/)
                  .join(" or ")}?`
            )
          )
          .join("\n"),
  hint: `${error.commandPath.join(" ")} --help`,
  problems: [],
  stack: null
})

/** Errors of the operating system and of SQLite that reach us as defects, because no caller could do anything about them. */
const environmental = (error: unknown): string | undefined => {
  const code = textOf(error, "code")
  if (code === "ENOSPC") return "the disk is full: make room and run again; nothing is lost"
  if (code === "EROFS") return `a filesystem is mounted read-only: ${messageOf(error)}`
  if (code === "EACCES" || code === "EPERM") return `permission denied: ${messageOf(error)}`
  if (textOf(error, "_tag") === "SqlError") {
    const inner = isRecord(error) && isRecord(error["reason"]) ? error["reason"]["cause"] : undefined
    return `the database in stateDir cannot be used: ${messageOf(inner ?? error)}. Check that its disk has room and that no other program holds it; media-pipeline doctor looks at it`
  }
  return undefined
}

/** The one place where errors become exit codes and text. */
export const failureOf = (cause: Cause.Cause<unknown>, signal: "SIGINT" | "SIGTERM" | undefined): Failure => {
  const plain = { hint: null, problems: [], stack: null }
  if (Cause.hasInterruptsOnly(cause)) {
    const code = signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated
    return {
      ...plain,
      code,
      tag: "Stopped",
      message: `stopped by ${signal ?? "a signal"}; nothing is lost, the next run goes on where this one stopped`
    }
  }
  const error = Cause.squash(cause)
  if (CliError.isCliError(error) && error._tag === "ShowHelp") return usage(error)
  const tag = textOf(error, "_tag") ?? "Error"
  const system = environmental(error)
  if (system !== undefined) return { ...plain, code: exitCodes.temporary, tag, message: system }
  if (Cause.hasDies(cause)) {
    return {
      ...plain,
      code: exitCodes.someFailed,
      tag: "Defect",
      message: `a defect in media-pipeline: ${messageOf(error)}. Nothing is lost; please report it with the lines below`,
      stack: Cause.pretty(cause)
    }
  }
  return {
    ...plain,
    code: (tag === "RemoteError" ? codeOfClass[textOf(error, "class") ?? ""] : codeOfTag[tag]) ?? exitCodes.someFailed,
    tag,
    message: messageOf(error),
    problems: problemsOf(error)
  }
}

/** For standard output with --json. */
export const toJson = (failure: Failure): string =>
  JSON.stringify({
    error: {
      tag: failure.tag,
      exitCode: failure.code,
      message: failure.message,
      ...(failure.problems.length === 0 ? {} : { problems: failure.problems })
    }
  })

/** For people, on standard error. */
export const toText = (failure: Failure): string =>
  [
    failure.message,
    ...(failure.hint === null ? [] : [`See ${failure.hint}`]),
    ...(failure.stack === null ? [] : [failure.stack])
  ].join("\n")
