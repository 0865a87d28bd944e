import { createReadStream, type Stats } from "node:fs"
import { chmod, lstat, mkdir, readdir, rename } from "node:fs/promises"
import { crc32 } from "node:zlib"
import type { ArchiveFile } from "../../domain/archives.ts"
import { dirname, fromBytes, join, toBytes } from "../../platform/BytePath.ts"
import type { Dropped } from "../Archive.ts"

export interface Survey {
  readonly files: ReadonlyArray<ArchiveFile>
  readonly dropped: ReadonlyArray<Dropped>
}

const kindOf = (stats: Stats): Dropped["kind"] =>
  stats.isSymbolicLink()
    ? "symlink"
    : stats.isFile()
      ? "hardlink"
      : stats.isFIFO()
        ? "fifo"
        : stats.isSocket()
          ? "socket"
          : stats.isBlockDevice() || stats.isCharacterDevice()
            ? "device"
            : "other"

/**
 * Everything below `directory`, once its extractor has ended. Follows no link. Files get mode 0644 and directories 0755
 * whatever the archive asked for. A file with more than one link may be somebody else's (a hardlink to a file outside
 * cannot be told from one inside), so it counts as dropped, as do links, FIFOs, devices and sockets.
 */
export const survey = async (directory: string): Promise<Survey> => {
  const files: Array<ArchiveFile> = []
  const dropped: Array<Dropped> = []
  const pending = [""]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const here = at === "" ? directory : join(directory, at)
    if (at !== "") await chmod(toBytes(here), 0o755)
    for (const name of await readdir(toBytes(here), { encoding: "buffer" })) {
      const path = join(at, fromBytes(name))
      const full = toBytes(join(directory, path))
      const stats = await lstat(full)
      if (stats.isDirectory()) pending.push(path)
      else if (stats.isFile() && stats.nlink === 1) {
        if ((stats.mode & 0o7777) !== 0o644) await chmod(full, 0o644)
        files.push({ path, size: stats.size })
      } else dropped.push({ path, kind: kindOf(stats) })
    }
  }
  return { files, dropped }
}

export const crcOf = async (path: string): Promise<number> => {
  let crc = 0
  const stream: AsyncIterable<Buffer> = createReadStream(toBytes(path), { highWaterMark: 1 << 20 })
  for await (const chunk of stream) crc = crc32(chunk, crc)
  return crc
}

/** Renames one file, making the directories above its new path (mode 0755). */
export const move = async (from: string, to: string): Promise<void> => {
  await mkdir(toBytes(dirname(to)), { recursive: true, mode: 0o755 })
  await rename(toBytes(from), toBytes(to))
}
