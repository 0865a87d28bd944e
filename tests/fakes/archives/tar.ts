import { closeSync, openSync, writeSync } from "node:fs"
import { type Content, nameBytes } from "./members.ts"

/** Entry kinds by their tar type flag. */
export const tarTypes = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  characterDevice: "3",
  blockDevice: "4",
  directory: "5",
  fifo: "6"
} as const

export interface TarEntry {
  readonly name: string | Buffer
  readonly type?: keyof typeof tarTypes
  readonly content?: Content
  /** Target of a link. */
  readonly target?: string
  readonly mode?: number
  readonly declaredSize?: number
}

const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`

const headerOf = (entry: TarEntry): Buffer => {
  const header = Buffer.alloc(512)
  const name = nameBytes(entry.name)
  if (name.length > 100) throw new Error("the writer has no long names")
  name.copy(header, 0)
  header.write(octal(entry.mode ?? 0o644, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(entry.declaredSize ?? entry.content?.size ?? 0, 12), 124)
  header.write(octal(1_400_000_000, 12), 136)
  header.write("        ", 148)
  header.write(tarTypes[entry.type ?? "file"], 156)
  header.write(entry.target ?? "", 157)
  header.write("ustar\u000000root", 257)
  header.write("root", 297)
  header.write(octal(1, 8), 329)
  header.write(octal(3, 8), 337)
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148
  )
  return header
}

/** Raw tar: writes what no tar program would agree to write. */
export const writeTar = (path: string, entries: ReadonlyArray<TarEntry>): string => {
  const file = openSync(path, "w")
  const chunk = Buffer.alloc(1 << 20)
  for (const entry of entries) {
    writeSync(file, headerOf(entry))
    const size = entry.content?.size ?? 0
    for (let at = 0; at < size; at += chunk.length) {
      const part = chunk.subarray(0, Math.min(chunk.length, size - at))
      entry.content?.read(at, part)
      writeSync(file, part)
    }
    writeSync(file, Buffer.alloc((512 - (size % 512)) % 512))
  }
  writeSync(file, Buffer.alloc(1024))
  closeSync(file)
  return path
}
