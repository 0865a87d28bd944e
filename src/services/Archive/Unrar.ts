import { Effect } from "effect"
import { Damaged, PasswordNeeded, Unsupported, VolumesMissing } from "../Archive.ts"
import type { Extractor } from "./Extractor.ts"
import { type Environment, run } from "./Programs.ts"

const messageBytes = 64 * 1024

/**
 * The proprietary unrar, for those who have it. It takes a password from its command line only, and its listing is made
 * for people: `lister` lists for it.
 */
export const make = (program: string, lister: Extractor["list"], environment: Environment): Extractor => ({
  list: lister,
  extract: Effect.fnUntraced(function* (target, into, _entries, password) {
    const args = ["x", "-idq", "-y", "-o+", "-ol-", password === undefined ? "-p-" : `-p${password}`]
    const invocation = { program, args: [...args, "--", target.path, `${into}/`], keep: messageBytes }
    const { code, stderr, stdout } = yield* run(invocation, environment)
    if (code === 0) return
    const text = `${stdout.toString("utf8")}\n${stderr}`.trim()
    const detail = text.split("\n").slice(0, 3).join("; ") || `unrar ended with ${code ?? "a signal"}`
    if (code === 11 || /password/i.test(text))
      return yield* new PasswordNeeded({ tried: password === undefined ? 0 : 1 })
    if (/Cannot find volume/i.test(text)) return yield* new VolumesMissing({ missing: [] })
    if (/is not RAR archive|Unknown method|unknown version/i.test(text)) return yield* new Unsupported({ detail })
    return yield* new Damaged({ detail })
  })
})
