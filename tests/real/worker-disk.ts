import { execFileSync } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Effect } from "effect"

/** Writes files of random bytes, so that nothing is right by chance. Their sizes are in bytes. */
export const plant = (folder: string, sizes: Readonly<Record<string, number | Buffer>>): void => {
  for (const [name, size] of Object.entries(sizes)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, typeof size === "number" ? randomBytes(size) : size)
  }
}

const sha1 = (bytes: Buffer) => createHash("sha1").update(bytes).digest("hex")

/** Every name below a folder, with the SHA-1 of what is in a file. Names that are not UTF-8 are shown as Latin-1. */
export const digest = (folder: string, leaveOut: ReadonlyArray<string> = []): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {}
  const walk = (at: Buffer, shown: string) => {
    for (const entry of readdirSync(at, { encoding: "buffer", withFileTypes: true })) {
      const path = Buffer.concat([at, Buffer.from("/"), entry.name])
      const utf8 = entry.name.toString()
      const name = shown + (Buffer.from(utf8).equals(entry.name) ? utf8 : entry.name.toString("latin1"))
      if (leaveOut.includes(name)) continue
      if (entry.isDirectory()) {
        found[`${name}/`] = "folder"
        walk(path, `${name}/`)
      } else if (entry.isFile()) found[name] = sha1(readFileSync(path))
      else found[name] = entry.isSymbolicLink() ? `-> ${readlinkSync(path)}` : "other"
    }
  }
  walk(Buffer.from(folder), "")
  return found
}

/** Names of the files below a folder, without the signs for people. */
export const files = (folder: string): ReadonlyArray<string> =>
  Object.entries(digest(folder))
    .flatMap(([name, is]) => (is === "folder" || name.endsWith(".uploaded") ? [] : [name]))
    .toSorted()

export const canMount = process.getuid?.() === 0 && process.platform === "linux"

/** A tmpfs over a folder, gone with the scope. Size as mount(8) takes it. */
export const tmpfs = (folder: string, size: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      mkdirSync(folder, { recursive: true })
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=0755`, "tmpfs", folder])
    }),
    () => Effect.sync(() => execFileSync("umount", ["--lazy", folder]))
  )
