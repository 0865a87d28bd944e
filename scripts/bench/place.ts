import { mkdtempSync, statfsSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const needed = 6 * 1024 ** 3

const hasRoom = (folder: string): boolean => {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize > needed
  } catch {
    return false
  }
}

/**
 * Where everything lies that a measurement reads and writes, the emulated remote too: in memory, where there is room.
 * On one disk whoever comes second pays for what the first has written, and that is several times what is compared.
 */
export const medium = hasRoom("/dev/shm") ? "memory" : "disk"

export const makePlace = (name: string): string =>
  mkdtempSync(join(medium === "memory" ? "/dev/shm" : tmpdir(), `media-pipeline-bench-${name}`))
