import { closeSync, openSync, writeSync } from "node:fs"
import { noise } from "../../tests/fakes/archives/members.ts"

/** Fills a file with incompressible bytes, a mebibyte at a time. */
export const writeNoise = (path: string, size: number) => {
  const content = noise(size)
  const chunk = Buffer.alloc(1 << 20)
  const file = openSync(path, "w")
  for (let at = 0; at < size; at += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, size - at))
    content.read(at, part)
    writeSync(file, part)
  }
  closeSync(file)
}
