import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statfsSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const prefix = "media-pipeline-machine-"

const CGROUP2_MAGIC = 0x63677270

const isCgroup2 = (folder: string): boolean => existsSync(folder) && statfsSync(folder).type === CGROUP2_MAGIC

/** Where control groups of version 2 are made; beside those of version 1 on a hybrid machine. */
export const cgroupRoot = (): string => {
  const found = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find(isCgroup2)
  if (found === undefined) {
    throw new Error("systemd needs cgroup v2: mount it at /sys/fs/cgroup, or at /sys/fs/cgroup/unified beside v1")
  }
  return found
}

const readOr = (file: string, otherwise: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return otherwise
  }
}

const childrenOf = (pid: number): ReadonlyArray<number> =>
  readOr(`/proc/${pid}/task/${pid}/children`, "").split(" ").filter(Boolean).map(Number)

const namespacePids = (pid: number): ReadonlyArray<string> =>
  (/^NSpid:\s+(.*)$/m.exec(readOr(`/proc/${pid}/status`, ""))?.[1] ?? "").split(/\s+/)

/** The first process of the innermost of the process namespaces below `pid`: the booted systemd. */
export const findInit = (pid: number): number | undefined => {
  const depth = namespacePids(pid).length
  const search = (one: number): number | undefined => {
    const pids = namespacePids(one)
    if (pids.length === depth + 2 && pids.at(-1) === "1" && readOr(`/proc/${one}/comm`, "").trim() === "systemd") {
      return one
    }
    for (const child of childrenOf(one)) {
      const found = search(child)
      if (found !== undefined) return found
    }
    return undefined
  }
  return search(pid)
}

const removeCgroup = (folder: string): void => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(folder, entry.name))
  }
  rmdirSync(folder)
}

/** The kernel takes a moment until a group whose last process has died is empty. */
export const discardCgroup = async (folder: string): Promise<void> => {
  const deadline = Date.now() + 5_000
  while (existsSync(folder)) {
    try {
      removeCgroup(folder)
    } catch (cause) {
      if (Date.now() > deadline) throw cause
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** What a test process that was killed left: empty groups and a folder; what was mounted went with its namespace. */
export const discardStale = async (): Promise<void> => {
  const ofTheDead = (folder: string) =>
    readdirSync(folder)
      .filter((name) => name.startsWith(prefix) && !existsSync(`/proc/${name.slice(prefix.length).split("-")[0]}`))
      .map((name) => join(folder, name))
  for (const group of ofTheDead(cgroupRoot())) await discardCgroup(group)
  for (const folder of ofTheDead(tmpdir())) rmSync(folder, { recursive: true, force: true })
}
