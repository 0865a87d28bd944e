import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs"
import { Effect } from "effect"

/**
 * How the worker ends at a point: `kill` is SIGKILL for itself alone, `cut` for all that it has started too, as when the
 * power goes; `term` is SIGTERM, after which it goes on until it notices.
 */
export type Ending = "kill" | "cut" | "term"

export interface Hook {
  /** The host's folder: paths in labels are relative to it, and what happens outside of it is no point. */
  readonly root: string
  /** Gets the label of every point that was passed, one a line. */
  readonly log: string | undefined
  /** A label and the how-manieth time it is passed, from 1. */
  readonly target: { readonly label: string; readonly nth: number } | undefined
  readonly ending: Ending
  /** Milliseconds that the clock is ahead. */
  readonly ahead: number
}

let hook: Hook | undefined
let log = -1
let seen = 0

export const install = (one: Hook) => {
  hook = one
  const now = Date.now.bind(Date)
  Date.now = () => now() + one.ahead
  if (one.log !== undefined) log = openSync(one.log, "a")
}

const childrenOf = (pid: string): ReadonlyArray<number> =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    try {
      return readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").split(" ").filter(Boolean).map(Number)
    } catch {
      return []
    }
  })

const killBelow = (pid: string) => {
  for (const child of childrenOf(pid)) {
    killBelow(String(child))
    process.kill(child, "SIGKILL")
  }
}

const end = (ending: Ending) => {
  if (ending === "cut") killBelow("self")
  process.kill(process.pid, ending === "term" ? "SIGTERM" : "SIGKILL")
}

/** A place in the program at which it may end. */
export const point = (label: string): void => {
  if (hook === undefined) return
  if (log >= 0) writeSync(log, `${label}\n`)
  if (hook.target === undefined || hook.target.label !== label) return
  seen += 1
  if (seen !== hook.target.nth) return
  if (log >= 0) closeSync(log)
  log = -1
  end(hook.ending)
}

export const at = (label: string) => Effect.sync(() => point(label))

/** Where a path lies on the host, without what differs from run to run; undefined where it is none of the host's. */
export const place = (path: unknown): string | undefined => {
  if (hook === undefined || (typeof path !== "string" && !Buffer.isBuffer(path))) return undefined
  const text = String(path).replace(/^\/proc\/self\/fd\/\d+(?=\/)/, (fd) => {
    try {
      return readlinkSync(fd)
    } catch {
      return fd
    }
  })
  if (!text.startsWith(`${hook.root}/`)) return undefined
  return text
    .slice(hook.root.length + 1)
    .toWellFormed()
    .replaceAll("\n", "\\n")
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "*")
    .replace(/[0-9a-f]{24,}/g, "*")
    .replace(/(?<=extracted\/item-|quarantine\/)\d+/g, "*")
}

/** A path, or anything else that is the subject of an act. */
export const subject = (value: string): string => place(value) ?? value.replace(/[0-9a-f]{40}/g, "*")
