import { closeSync, fsyncSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs"
import { compare } from "../../domain/fence.ts"
import { basename, dirname, fromBytes, isWithin, join, toBytes } from "../../platform/BytePath.ts"
import { codeOf, entryOf, whyOf } from "../Disk/stats.ts"
import type { Freed } from "../Gate.ts"
import { inside, isGone, isSwapped, look, openBelow, openPath, withDirectory } from "./descend.ts"
import type { Verdict } from "./verify.ts"

export interface Tally {
  files: number
  bytes: number
  readonly left: Array<Freed["left"][number]>
}

export const tally = (): Tally => ({ files: 0, bytes: 0, left: [] })

/** The last look and the unlink follow each other at once, both from the same open folder. */
const removeFile = (anchor: string, verdict: Extract<Verdict, { _tag: "go" }>, done: Tally): void => {
  const { path } = verdict.file
  withDirectory(anchor, dirname(path), (fd) => {
    const name = basename(path)
    const entry = look(fd, name)
    if (entry === undefined) return
    if (entry.kind !== "file" || compare(verdict.fence, entry.fence) !== "same") {
      done.left.push({ path, why: "it changed in this moment" })
      return
    }
    unlinkSync(inside(fd, name))
    fsyncSync(fd)
    if (look(fd, name)?.fence.ino === entry.fence.ino) throw new Error(`${path} is still there after its unlink`)
    done.files += 1
    if (entry.links === 1) done.bytes += Number(entry.fence.size)
  })
}

export const removeFiles = (anchor: string, verdicts: ReadonlyArray<Verdict>, done: Tally): void => {
  for (const verdict of verdicts) {
    if (verdict._tag === "left") done.left.push({ path: verdict.file.path, why: verdict.why })
    if (verdict._tag !== "go") continue
    try {
      removeFile(anchor, verdict, done)
    } catch (cause) {
      if (isSwapped(cause)) {
        done.left.push({ path: verdict.file.path, why: "a folder above it was replaced in this moment" })
      } else if (!isGone(cause)) throw cause
    }
  }
}

/** Removes a folder if it holds nothing but empty folders; whatever else it holds is reported and stays. */
const prune = (parent: number, path: string, device: bigint, done: Tally): void => {
  const name = basename(path)
  const entry = look(parent, name)
  if (entry === undefined) return
  if (entry.kind !== "directory" || entry.fence.dev !== device) {
    const why =
      entry.kind === "directory" ? "another filesystem is mounted there" : `it is a ${entry.kind} that was not uploaded`
    if (!done.left.some((known) => known.path === path)) done.left.push({ path, why })
    return
  }
  const fd = openBelow(parent, name)
  try {
    for (const child of readdirSync(inside(fd, ""), { encoding: "buffer" })) {
      prune(fd, join(path, fromBytes(child)), device, done)
    }
  } finally {
    closeSync(fd)
  }
  try {
    rmdirSync(inside(parent, name))
    fsyncSync(parent)
  } catch (cause) {
    if (codeOf(cause) !== "ENOTEMPTY" && codeOf(cause) !== "EEXIST") throw cause
  }
}

/** Bottom-up, only what is empty, on the root's own device. */
export const pruneTree = (anchor: string, root: string, done: Tally): void => {
  try {
    withDirectory(anchor, dirname(root), (fd) => {
      const entry = look(fd, basename(root))
      if (entry !== undefined) prune(fd, root, entry.fence.dev, done)
    })
  } catch (cause) {
    if (!isGone(cause)) done.left.push({ path: root, why: whyOf(cause) })
  }
}

/** Those of the folders below `anchor` in which nothing is left, the deepest first. */
export const removeEmpty = (anchor: string, folders: ReadonlyArray<string>): void => {
  for (const folder of folders.toSorted((one, other) => other.length - one.length)) {
    try {
      withDirectory(anchor, dirname(folder), (fd) => {
        rmdirSync(inside(fd, basename(folder)))
        fsyncSync(fd)
      })
    } catch (cause) {
      // Other things lie in it, or it has gone already: neither is ours to report.
      if (!["ENOTEMPTY", "EEXIST", "ENOENT", "ENOTDIR", "ELOOP"].includes(codeOf(cause))) throw cause
    }
  }
}

/** The folders of a rootless item's files, where they have become empty; never `root` itself. */
export const pruneParents = (anchor: string, root: string, files: ReadonlyArray<string>): void => {
  const folders = new Set<string>()
  for (const file of files) {
    for (let at = dirname(file); at !== root && isWithin(at, root); at = dirname(at)) folders.add(at)
  }
  removeEmpty(anchor, [...folders])
}

/** Removes what we put there, whatever it holds: links are removed, never followed; another device is not entered. */
export const removeTree = (parent: number, name: string, device: bigint, done: Tally): void => {
  const entry = look(parent, name)
  if (entry === undefined) return
  if (entry.kind !== "directory") {
    unlinkSync(inside(parent, name))
    done.files += 1
    if (entry.kind === "file" && entry.links === 1) done.bytes += Number(entry.fence.size)
    return
  }
  if (entry.fence.dev !== device) throw new Error(`another filesystem is mounted on ${name}`)
  const fd = openBelow(parent, name)
  try {
    for (const child of readdirSync(inside(fd, ""), { encoding: "buffer" })) {
      removeTree(fd, fromBytes(child), device, done)
    }
  } finally {
    closeSync(fd)
  }
  rmdirSync(inside(parent, name))
}

export const isThere = (path: string): boolean => {
  try {
    entryOf(lstatSync(toBytes(path), { bigint: true }))
    return true
  } catch (cause) {
    if (isGone(cause)) return false
    throw cause
  }
}

export const openParent = (within: string, path: string): number => openPath(within, dirname(path))
