import { Logger, type LogLevel } from "effect"
import { type Screen, standardError } from "./Screen.ts"

/** syslog(3) priorities, which the journal reads off the front of a line. */
const priorities = { Fatal: 2, Error: 3, Warn: 4, Info: 6, Debug: 7, Trace: 7, All: 7, None: 7 } as const

const colours: Partial<Record<LogLevel.LogLevel, string>> = {
  Fatal: "31;1",
  Error: "31",
  Warn: "33",
  Debug: "2",
  Trace: "2"
}
const words: Partial<Record<LogLevel.LogLevel, string>> = {
  Fatal: "failed: ",
  Error: "error: ",
  Warn: "warning: ",
  Debug: "debug: ",
  Trace: "trace: "
}

const inline = (value: unknown): string => {
  if (typeof value === "string") return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value) ?? String(value)
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** `message key=value …`, a cause on the lines below. */
const text = (options: Logger.Options<unknown>): string => {
  const entry = Logger.formatStructured.log(options)
  const parts = Array.isArray(entry.message) ? entry.message : [entry.message]
  const pairs = (record: Record<string, unknown>) =>
    Object.entries(record).map(([key, value]) => `${key}=${inline(value)}`)
  return [
    [
      ...parts.flatMap((part: unknown) =>
        typeof part === "string" ? [part] : isPlainObject(part) ? pairs(part) : [inline(part)]
      ),
      ...pairs(entry.annotations)
    ].join(" "),
    ...(entry.cause === undefined ? [] : [entry.cause])
  ].join("\n")
}

const clock = (date: Date): string =>
  [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":")

/** Every line carries the priority: the journal would give the second one of a message its default. */
export const journalLine = (options: Logger.Options<unknown>): string =>
  text(options)
    .split("\n")
    .map((line) => `<${priorities[options.logLevel]}>${line}`)
    .join("\n")

export const terminalLine = (options: Logger.Options<unknown>, colour: boolean): string => {
  const line = `${words[options.logLevel] ?? ""}${text(options)}`
  const code = colours[options.logLevel]
  const time = clock(options.date)
  return colour
    ? `\u001b[2m${time}\u001b[0m ${code === undefined ? line : `\u001b[${code}m${line}\u001b[0m`}`
    : `${time} ${line}`
}

/** To standard error, above the progress bars. Standard output is for results. */
export const layer = (
  options: { readonly journal: boolean; readonly colour: boolean },
  screen: Screen = standardError
) =>
  Logger.layer([
    Logger.make((entry) => screen.print(options.journal ? journalLine(entry) : terminalLine(entry, options.colour)))
  ])
