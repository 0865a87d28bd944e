import { execFileSync } from "node:child_process"
import { join } from "node:path"

export const checkout = join(import.meta.dirname, "../..")

// Nothing is built and nothing is written: no daemon, and no store of one's own.
const pure = ["--store", "dummy://", "--readonly-mode", "--eval", "--strict", "--json"]

/** The value of a Nix expression, or what the file of that name gives for the arguments. */
export const evaluateNix = (expression: string, args: Readonly<Record<string, string>> = {}): unknown =>
  JSON.parse(
    execFileSync(
      "nix-instantiate",
      [
        ...pure,
        ...Object.entries(args).flatMap(([name, value]) => ["--argstr", name, value]),
        ...(expression.endsWith(".nix") ? [expression] : ["--expr", expression])
      ],
      { cwd: checkout, encoding: "utf8", maxBuffer: 64 * 1024 ** 2, stdio: ["ignore", "pipe", "pipe"] }
    )
  )

/** Whether Nix can evaluate here; where it cannot, says once what goes unchecked. */
export const hasNix = (unchecked: string): boolean => {
  try {
    execFileSync("nix-instantiate", ["--version"], { stdio: "ignore" })
    return true
  } catch {
    console.warn(`packaging: nix-instantiate is not on PATH, so ${unchecked}`)
    return false
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The value at a path of keys; undefined where there is none. */
export const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), value)

export const record = (value: unknown, ...path: ReadonlyArray<string>): Record<string, unknown> => {
  const found = at(value, ...path)
  if (!isRecord(found)) throw new Error(`${path.join(".")} is not an object`)
  return found
}

export const text = (value: unknown, ...path: ReadonlyArray<string>): string => {
  const found = at(value, ...path)
  if (typeof found !== "string") throw new Error(`${path.join(".")} is not a string`)
  return found
}
