import { readFile } from "node:fs/promises"
import { Data, Effect, Redacted } from "effect"
import { toBytes } from "../../platform/BytePath.ts"

/** Never holds the secret itself. */
export class SecretUnusable extends Data.TaggedError("SecretUnusable")<{ readonly why: string }> {}

const reasonOf = (cause: unknown): string => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  return code === "ENOENT" ? "it does not exist" : code === "EACCES" ? "permission denied" : String(code ?? "I/O error")
}

/** The file's text without the newline that editors put at its end. `option` is its name in the configuration. */
export const readSecret = (
  option: string,
  path: string,
  allowed: RegExp
): Effect.Effect<Redacted.Redacted, SecretUnusable> =>
  Effect.gen(function* () {
    const text = yield* Effect.tryPromise({
      try: () => readFile(toBytes(path), "utf8"),
      catch: (cause) => new SecretUnusable({ why: `${option} ${path} cannot be read (${reasonOf(cause)})` })
    })
    const secret = text.replace(/\r?\n$/, "")
    if (secret === "") return yield* new SecretUnusable({ why: `${option} ${path} is empty` })
    if (!allowed.test(secret)) {
      return yield* new SecretUnusable({ why: `${option} ${path} must hold the secret alone, on one line` })
    }
    return Redacted.make(secret)
  })
