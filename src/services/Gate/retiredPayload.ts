import { closeSync, fstatSync, fsyncSync, unlinkSync } from "node:fs"
import type { RetiredFile, RetiredPayload } from "../../domain/deletionRetiredPayload.ts"
import { compare, type Fence, isSameInode } from "../../domain/fence.ts"
import { basename, dirname, isWithin } from "../../platform/BytePath.ts"
import { inside, isGone, isSwapped, look, openPath } from "./descend.ts"
import { isThere, removeEmpty, type Tally, tally } from "./local.ts"
import { deepest, strangeRoots } from "./roots.ts"

/** Whatever the evidence calls a seeding directory has to be one that is configured, and holds none of our folders. */
export const objections = (
  evidence: RetiredPayload,
  seedingDirs: ReadonlyArray<string>,
  folders: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const paths = [...evidence.files.flatMap(({ names }) => names), ...evidence.folders]
  return [
    ...strangeRoots(evidence.roots, seedingDirs),
    ...paths
      .filter((path) => folders.some((folder) => isWithin(folder, path) || isWithin(path, folder)))
      .map((path) => `${path} is in a folder that has its own rules, or holds one`),
    ...evidence.torrents
      .filter(({ exported }) => exported === null || !isThere(exported))
      .map(({ name }) => `the exported .torrent of ${name} is not there`)
  ]
}

interface Name {
  readonly path: string
  /** The folder that it lies in, open. */
  readonly fd: number
  readonly fence: Fence
  readonly links: number
}

/** Opens the folder of each name that is there: what is looked at is what is unlinked. */
const openNames = (
  { names }: RetiredFile,
  anchorOf: (path: string) => string
): { readonly open: ReadonlyArray<Name>; readonly why: string | undefined } => {
  const open: Array<Name> = []
  let why: string | undefined
  for (const path of names) {
    let fd: number
    try {
      fd = openPath(anchorOf(path), dirname(path))
    } catch (cause) {
      if (isGone(cause)) continue
      for (const one of open) closeSync(one.fd)
      if (!isSwapped(cause)) throw cause
      return { open: [], why: "a folder above it was replaced in this moment" }
    }
    const entry = look(fd, basename(path))
    if (entry?.kind === "file") open.push({ path, fd, fence: entry.fence, links: entry.links })
    else closeSync(fd)
    if (entry !== undefined && entry.kind !== "file") why = `it is a ${entry.kind} now`
  }
  return { open, why }
}

/** Why none of its names may go, by a last look at all of them together. */
const objection = (file: RetiredFile, open: ReadonlyArray<Name>): string | undefined => {
  const { found } = file
  if (found._tag !== "Known") return "it is there again"
  const entries = new Set(
    open.map(({ fd, path }) => {
      const folder = fstatSync(fd, { bigint: true })
      return `${folder.dev}:${folder.ino}/${basename(path)}`
    })
  )
  if (entries.size !== open.length) return "two of its names are one"
  for (const { fence, links } of open) {
    if (!isSameInode(found.value.fence, fence) || found.value.fence.dev !== fence.dev) return "it is another file now"
    if (compare(found.value.fence, fence) !== "same") return "it changed in this moment"
    if (links !== open.length) return `it has ${links} names, and ${open.length} of them are ours: something uses it`
  }
  return undefined
}

const removeFile = (file: RetiredFile, anchorOf: (path: string) => string, done: Tally): void => {
  const { open, why } = openNames(file, anchorOf)
  try {
    if (open.length === 0 && why === undefined) return
    const reason = why ?? objection(file, open)
    if (reason !== undefined) {
      done.left.push({ path: file.names[0] ?? "", why: reason })
      return
    }
    const inode = open[0]?.fence
    for (const { fd, path } of open) {
      const entry = look(fd, basename(path))
      if (entry === undefined) continue
      // After the first unlink the ctime has moved; the inode, its size and its mtime have not.
      if (entry.kind !== "file" || inode === undefined || compare(inode, entry.fence) === "changed") {
        done.left.push({ path, why: "it changed in this moment" })
        return
      }
      unlinkSync(inside(fd, basename(path)))
      fsyncSync(fd)
      if (look(fd, basename(path)) !== undefined) throw new Error(`${path} is still there after its unlink`)
      done.files += 1
      if (entry.links === 1) done.bytes += Number(entry.fence.size)
    }
  } finally {
    for (const { fd } of open) closeSync(fd)
  }
}

/** Takes all names of each inode, or none where something else uses it or it has changed; then the empty folders. */
export const removeRetired = (evidence: RetiredPayload): Tally => {
  const done = tally()
  const { files, folders, roots } = evidence
  const anchorOf = (path: string): string => deepest(roots, path) ?? path
  for (const file of files) removeFile(file, anchorOf, done)
  for (const root of roots) {
    removeEmpty(
      root,
      folders.filter((path) => anchorOf(path) === root)
    )
  }
  return done
}
