import { accessSync, constants, readFileSync, statSync } from "node:fs"
import { display, toBytes } from "../../platform/BytePath.ts"
import { count } from "../../platform/Text.ts"
import { type Check, ok, problem } from "./check.ts"

const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Whether the kernel lets only those link a file who own it or may write to it. So it is taken where it cannot be read. */
export const protectsHardlinks = (): boolean =>
  attempt(() => readFileSync("/proc/sys/fs/protected_hardlinks", "utf8").trim()) !== "0"

const capFowner = 1n << 3n

/** Root, unless its capabilities were cut down. */
const mayActAsOwner = (): boolean => {
  const text = attempt(() => readFileSync("/proc/self/status", "utf8")) ?? ""
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(text)?.[1]
  return effective !== undefined && (BigInt(`0x${effective}`) & capFowner) !== 0n
}

const may = (path: string, mode: number): boolean =>
  attempt(() => {
    accessSync(toBytes(path), mode)
    return true
  }) === true

export type Answer = "yes" | "no" | "unreadable" | "absent"

/**
 * What the kernel would say to this process that wants another name for a file (`may_linkat` and what it asks, of Linux
 * 6), without making one. "absent" where there is no such file.
 */
export const linkable = (path: string, isProtected: boolean): Answer => {
  const stats = attempt(() => statSync(toBytes(path)))
  if (stats === undefined) return "absent"
  if (!may(path, constants.R_OK)) return "unreadable"
  if (!isProtected || stats.uid === process.geteuid?.() || mayActAsOwner()) return "yes"
  const setsGroup = (stats.mode & 0o2010) === 0o2010
  const special = !stats.isFile() || (stats.mode & 0o4000) !== 0 || setsGroup
  return !special && may(path, constants.R_OK | constants.W_OK) ? "yes" : "no"
}

const remedy =
  'Give both a group: umask 002 for qBittorrent (on NixOS UMask = "0002" in its unit), this user in its group, and once chmod -R g+rwX on the seeding directories.'

/** `answers`: of some files of torrents, whether this user may link them. */
export const ownership = (
  answers: ReadonlyArray<{ readonly path: string; readonly answer: Answer }>,
  isProtected: boolean
): ReadonlyArray<Check> => {
  const such = (some: typeof answers) =>
    `${some.length} of ${count(answers.length, "file")}, such as ${display(some[0]?.path ?? "")}`
  const unreadable = answers.filter(({ answer }) => answer === "unreadable")
  const refused = answers.filter(({ answer }) => answer === "no")
  const name = "fs.protected_hardlinks"
  if (answers.length === 0) return []
  if (unreadable.length + refused.length === 0) {
    const detail = `${isProtected ? "on" : "off"}; ${count(answers.length, "file")} looked at, all may be linked by this user`
    return [ok("Storage", name, detail)]
  }
  return [
    ...(unreadable.length === 0
      ? []
      : [problem("Storage", "permissions", `${such(unreadable)}: not readable for this user`, remedy)]),
    ...(refused.length === 0
      ? []
      : [
          problem(
            "Storage",
            name,
            `${such(refused)}: of another user and not writable, so the kernel lets this one make no hardlink to it`,
            remedy
          )
        ])
  ]
}
