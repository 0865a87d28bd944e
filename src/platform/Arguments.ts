import { readFileSync } from "node:fs"
import { fromBytes } from "./BytePath.ts"

const splitAtNul = (bytes: Buffer): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let from = 0
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, from)) {
    parts.push(fromBytes(bytes.subarray(from, at)))
    from = at + 1
  }
  return parts
}

/**
 * The arguments of this process in BytePath form. Node decodes them as UTF-8 and puts U+FFFD for what is none, so a
 * name of other bytes has to be read where the kernel keeps it.
 */
export const ownArguments = (): ReadonlyArray<string> => {
  const decoded = process.argv.slice(2)
  if (!decoded.some((argument) => argument.includes("\ufffd"))) return decoded
  try {
    const all = splitAtNul(readFileSync("/proc/self/cmdline"))
    return all.length > decoded.length ? all.slice(-decoded.length) : decoded
  } catch {
    return decoded
  }
}
