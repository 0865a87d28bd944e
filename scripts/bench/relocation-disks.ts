import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const mount = (path: string, ...args: ReadonlyArray<string>) => {
  mkdirSync(path, { recursive: true })
  execFileSync("mount", [...args, path])
}

/** A source in memory, and an ext4 on the machine's disk: what is written there is flushed before a run ends. */
export class Disks {
  readonly #place = mkdtempSync(join(tmpdir(), "media-pipeline-bench-relocation-"))
  readonly stash = join(this.#place, "stash")
  readonly pool = join(this.#place, "pool")

  constructor(mebibytes: number) {
    execFileSync("truncate", ["-s", `${Math.ceil(mebibytes)}M`, `${this.pool}.img`])
    execFileSync("mkfs.ext4", ["-q", "-m", "0", `${this.pool}.img`])
    mount(this.stash, "-t", "tmpfs", "-o", `size=${Math.ceil(mebibytes)}m`, "tmpfs")
    mount(this.pool, "-o", "loop", `${this.pool}.img`)
    for (const path of [this.stash, this.pool]) mkdirSync(join(path, "seeding"))
  }

  get storage() {
    const side = (root: string) => ({ root, seedingDirs: [join(root, "seeding")] })
    return { storage: { stash: side(this.stash), pool: side(this.pool), reserveBytes: 0 } }
  }

  end() {
    for (const path of [this.stash, this.pool]) execFileSync("umount", ["-l", path])
    rmSync(this.#place, { recursive: true, force: true })
  }
}

export const canMount = (): boolean => {
  if (process.getuid?.() === 0) return true
  process.stderr.write("left out: only root may mount the filesystems that it is measured between\n")
  return false
}
