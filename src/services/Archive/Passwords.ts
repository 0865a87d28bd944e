import { readFile } from "node:fs/promises"
import { Effect, Redacted } from "effect"
import { io } from "./io.ts"

/** Reads a passwords file: one a line, UTF-8, empty lines skipped, spaces kept. No file is no passwords. */
export const readPasswords = Effect.fnUntraced(function* (file: string | undefined) {
  if (file === undefined) return []
  const text = yield* io("reading the passwords file", () => readFile(file, "utf8"))
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""))
  return [...new Set(lines)].filter((line) => line !== "").map((line) => Redacted.make(line))
})
