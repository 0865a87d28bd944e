import { lstatSync, readdirSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"

/** Every path below a folder, folders first. */
export const below = (folder: Buffer): ReadonlyArray<Buffer> =>
  readdirSync(folder, { withFileTypes: true, encoding: "buffer" }).flatMap((entry) => {
    const path = Buffer.concat([folder, Buffer.from("/"), entry.name])
    return entry.isDirectory() ? [path, ...below(path)] : [path]
  })

/**
 * A copy of a machine's disk has other inodes and change times. Its database gets them, where it had those of the
 * original; what had moved since stays moved.
 */
export const rehome = (from: string, to: string) => {
  const moved = new Map<string, { readonly ino: bigint; readonly dev: bigint; readonly ctime: bigint }>()
  const was = new Map<string, bigint>()
  for (const path of [Buffer.from(`${from}/completed`), ...below(Buffer.from(`${from}/completed`))]) {
    const before = lstatSync(path, { bigint: true })
    const after = lstatSync(Buffer.concat([Buffer.from(to), path.subarray(Buffer.byteLength(from))]), { bigint: true })
    moved.set(String(before.ino), { ino: after.ino, dev: after.dev, ctime: after.ctimeNs })
    was.set(String(before.ino), before.ctimeNs)
  }
  const db = new DatabaseSync(`${to}/state/state.db`)
  for (const row of db.prepare("SELECT DISTINCT fence FROM files WHERE origin = 'original'").all()) {
    const fence = String(row["fence"])
    const [, ino = "", size = "", mtime = "", ctime = ""] = fence.split(":")
    const now = moved.get(ino)
    if (now === undefined) continue
    const same = was.get(ino) === BigInt(ctime)
    const next = [now.dev, now.ino, size, mtime, same ? now.ctime : ctime].join(":")
    db.prepare("UPDATE files SET fence = ? WHERE fence = ?").run(next, fence)
  }
  const home = db.prepare("SELECT value FROM observations WHERE key = 'cleanup.home'").get()
  const inode = moved.get(String(home?.["value"]))
  if (inode !== undefined) {
    db.prepare("UPDATE observations SET value = ? WHERE key = 'cleanup.home'").run(String(inode.ino))
  }
  db.close()
}
