import { spawn, spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"

export const root = dirname(dirname(import.meta.dirname))
const expression = join(root, "tests/nix/evaluate.nix")
// Nothing is built, and nothing is written: neither a daemon nor a store of one's own is needed.
const pure = ["--store", "dummy://"]

export type Evaluation =
  | { readonly ok: true; readonly value: unknown; readonly stored: ReadonlyArray<Stored> }
  | { readonly ok: false; readonly message: string }

/** What a configuration puts into the store: a file's text, or the script of a build. */
export interface Stored {
  readonly kind: "file" | "build"
  readonly name: string
  readonly text: string
}

/** Where nixpkgs' library is, or why the module cannot be evaluated here. */
export const findLibrary = (): { readonly path: string } | { readonly missing: string } => {
  const found = spawnSync("nix-instantiate", ["--version"], { encoding: "utf8" })
  if (found.error !== undefined || found.status !== 0) return { missing: "nix-instantiate is not on PATH" }
  const given = process.env["NIXPKGS_LIB"]
  if (given !== undefined && given !== "") {
    if (!existsSync(join(given, "default.nix"))) {
      throw new Error(`NIXPKGS_LIB is ${given}, which is no library of nixpkgs: name the lib directory of a nixpkgs`)
    }
    return { path: given }
  }
  const { status, stdout } = spawnSync("nix-instantiate", [...pure, "--find-file", "nixpkgs/lib"], { encoding: "utf8" })
  return status === 0
    ? { path: stdout.trim() }
    : { missing: "neither $NIXPKGS_LIB nor <nixpkgs/lib> names nixpkgs' library" }
}

const isStored = (value: unknown): value is Omit<Stored, "kind"> =>
  typeof value === "object" &&
  value !== null &&
  "name" in value &&
  typeof value.name === "string" &&
  "text" in value &&
  typeof value.text === "string"

const storedIn = (stderr: string): ReadonlyArray<Stored> =>
  stderr.split("\n").flatMap((line) => {
    const match = /^trace: @(file|build) (.*)$/.exec(line)
    const value: unknown = match === null ? undefined : JSON.parse(match[2] ?? "")
    return isStored(value) ? [{ ...value, kind: match?.[1] === "build" ? "build" : "file" }] : []
  })

/**
 * The last error is the cause: what Nix was doing meanwhile, and its indentation, differ from version to version. The
 * first paragraph says it; guesses of what was meant follow in some.
 */
const causeIn = (stderr: string): string => {
  const lines = stderr.split("\n").filter((line) => !line.startsWith("trace: @"))
  const rest = lines.slice(
    Math.max(
      lines.findLastIndex((line) => /^\s*error: ./.test(line)),
      0
    )
  )
  const end = rest.findIndex((line) => /^\s*$|^\(use '--show-trace'/.test(line))
  const cause = rest.slice(0, end === -1 ? undefined : end).map((line) => line.trim())
  return cause.join("\n").replaceAll(`${root}/`, "")
}

/** Evaluates one attribute of tests/nix/evaluate.nix. */
export const evaluate = (libPath: string, attribute: string) =>
  new Promise<Evaluation>((resolve, reject) => {
    const child = spawn(
      "nix-instantiate",
      [...pure, "--eval", "--strict", "--json", "--argstr", "libPath", libPath, "--attr", attribute, expression],
      { stdio: ["ignore", "pipe", "pipe"] }
    )
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
    child.on("error", reject)
    child.on("close", (code) => {
      if (code === 0) resolve({ ok: true, value: JSON.parse(stdout), stored: storedIn(stderr) })
      else resolve({ ok: false, message: causeIn(stderr) })
    })
  })
