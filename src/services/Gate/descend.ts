import { closeSync, constants, lstatSync, openSync } from "node:fs"
import { toBytes } from "../../platform/BytePath.ts"
import { codeOf, entryOf } from "../Disk/stats.ts"

const directory = constants.O_RDONLY | constants.O_DIRECTORY

/** A name in an open directory: resolved by the kernel from the descriptor, so nothing above it can be swapped. */
export const inside = (fd: number, name: string): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), toBytes(name)])

export const openBelow = (fd: number, name: string): number =>
  openSync(inside(fd, name), directory | constants.O_NOFOLLOW)

/**
 * Opens `anchor` (a configured folder; it may itself be reached through a symlink) and then every folder of `path`,
 * which lies at or below it, by `open`: without following a link. The caller closes the descriptor.
 */
export const openPath = (anchor: string, path: string, open = openBelow): number => {
  let fd = openSync(toBytes(anchor), directory)
  for (const name of path.slice(anchor.length).split("/")) {
    if (name === "") continue
    try {
      const next = open(fd, name)
      closeSync(fd)
      fd = next
    } catch (cause) {
      closeSync(fd)
      throw cause
    }
  }
  return fd
}

export const withDirectory = <A>(anchor: string, path: string, use: (fd: number) => A): A => {
  const fd = openPath(anchor, path)
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

/** Undefined when there is nothing of that name. */
export const look = (fd: number, name: string) => {
  try {
    return entryOf(lstatSync(inside(fd, name), { bigint: true }))
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined
    throw cause
  }
}

/** The folder on the way is gone, or something else (a symlink) has taken its place. */
export const isGone = (cause: unknown): boolean => codeOf(cause) === "ENOENT"
export const isSwapped = (cause: unknown): boolean => ["ELOOP", "ENOTDIR"].includes(codeOf(cause))
