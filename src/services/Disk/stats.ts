import type { BigIntStats } from "node:fs"
import type { Entry, EntryKind } from "../Disk.ts"

/** Linux's EDQUOT, for which libuv has no name: "Unknown system error -122". */
const isQuota = (cause: unknown): boolean => cause instanceof Error && "errno" in cause && cause.errno === -122

export const codeOf = (cause: unknown): string => {
  if (isQuota(cause)) return "EDQUOT"
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "EUNKNOWN"
}

export const whyOf = (cause: unknown): string => {
  if (isQuota(cause)) return "EDQUOT: disk quota exceeded"
  return cause instanceof Error ? cause.message : String(cause)
}

type Kinded = Pick<BigIntStats, "isFile" | "isDirectory" | "isSymbolicLink" | "isFIFO" | "isSocket">

export const kindOf = (stats: Kinded): EntryKind =>
  stats.isFile()
    ? "file"
    : stats.isDirectory()
      ? "directory"
      : stats.isSymbolicLink()
        ? "symlink"
        : stats.isFIFO()
          ? "fifo"
          : stats.isSocket()
            ? "socket"
            : "device"

export const entryOf = (stats: BigIntStats): Entry => ({
  kind: kindOf(stats),
  fence: {
    dev: stats.dev,
    ino: stats.ino,
    size: stats.size,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    birthNs: stats.birthtimeNs
  },
  links: Number(stats.nlink)
})
