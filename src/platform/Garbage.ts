import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/*
 * Where a machine has much memory V8 lets garbage grow to a multiple of what is alive. Answers of tens of megabytes are
 * garbage as soon as they are read, and to collect them takes less than to read them.
 */

let collect: (() => void) | undefined

const collector = (): (() => void) => {
  setFlagsFromString("--expose-gc")
  const found: unknown = runInNewContext("gc")
  return typeof found === "function" ? () => void found() : () => undefined
}

export const collectGarbage = (): void => {
  collect ??= collector()
  collect()
}

const most = 10 * 1024 * 1024
let thrownAway = 0

/** So many bytes have just been read and are of no more use. */
export const throwAway = (bytes: number): void => {
  thrownAway += bytes
  if (thrownAway < most) return
  thrownAway = 0
  collectGarbage()
}
