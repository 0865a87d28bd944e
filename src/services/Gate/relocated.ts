import { closeSync, fsyncSync, lstatSync, unlinkSync } from "node:fs"
import type { Relocated, RelocatedFile, Staged, StagedFile } from "../../domain/deletionRelocated.ts"
import { quarantineFolder } from "../../domain/evidence.ts"
import { compare, type Fence, isSameInode } from "../../domain/fence.ts"
import { stagingFolder } from "../../domain/sagas.ts"
import { basename, dirname, join, toBytes } from "../../platform/BytePath.ts"
import { entryOf } from "../Disk/stats.ts"
import { inside, isGone, isSwapped, look, openPath } from "./descend.ts"
import { pruneTree, removeEmpty, type Tally, tally } from "./local.ts"
import { deepest, strangeRoots } from "./roots.ts"

export const objections = (evidence: Relocated | Staged, seedingDirs: ReadonlyArray<string>): ReadonlyArray<string> =>
  strangeRoots(evidence.roots, seedingDirs)

const anchorOf = (roots: ReadonlyArray<string>, path: string): string => deepest(roots, path) ?? path

const entryAt = (path: string) => {
  try {
    return entryOf(lstatSync(toBytes(path), { bigint: true }))
  } catch (cause) {
    if (isGone(cause)) return undefined
    throw cause
  }
}

/** The last look and the unlink follow each other at once, both from the same open folder. */
const remove = (
  anchor: string,
  path: string,
  done: Tally,
  objection: (fence: Fence, links: number) => string | undefined
): void => {
  let fd: number
  try {
    fd = openPath(anchor, dirname(path))
  } catch (cause) {
    if (isGone(cause)) return
    if (!isSwapped(cause)) throw cause
    done.left.push({ path, why: "a folder above it was replaced in this moment" })
    return
  }
  try {
    const entry = look(fd, basename(path))
    if (entry === undefined) return
    const why = entry.kind === "file" ? objection(entry.fence, entry.links) : `it is a ${entry.kind} now`
    if (why !== undefined) {
      done.left.push({ path, why })
      return
    }
    unlinkSync(inside(fd, basename(path)))
    fsyncSync(fd)
    if (look(fd, basename(path)) !== undefined) throw new Error(`${path} is still there after its unlink`)
    done.files += 1
    if (entry.links === 1) done.bytes += Number(entry.fence.size)
  } finally {
    closeSync(fd)
  }
}

/** The saga's own folder below `home` of each root, and those that its files lay in, where nothing is left in them. */
const removeFolders = ({ folder, folders, roots }: Relocated | Staged, home: string, done: Tally): void => {
  for (const root of roots) {
    pruneTree(root, join(join(root, home), folder), done)
    removeEmpty(root, [join(root, home)])
    removeEmpty(
      root,
      folders.filter((path) => anchorOf(roots, path) === root)
    )
  }
}

/** Why none of an inode's names may go, by a last look at both sides. */
const last = ({ links, names, proven, replica }: RelocatedFile): string | undefined => {
  const there = replica._tag === "Known" ? entryAt(replica.value.path) : undefined
  if (there === undefined || there.kind !== "file" || proven === null || compare(proven, there.fence) !== "same") {
    return "what it was moved to changed in this moment"
  }
  const here = names.map(entryAt).find((entry) => entry !== undefined)
  if (here !== undefined && here.fence.dev === there.fence.dev) return "it lies on the filesystem that it was moved to"
  // Names that a crash has let go already are missing from both counts.
  const present = names.filter((name) => entryAt(name) !== undefined).length
  const expected = links - (names.length - present)
  return here !== undefined && here.links !== expected ? `it has ${here.links} names, not ${expected}` : undefined
}

/** Takes all names of what was moved out of the quarantine. What changed in the meantime stays, all names of it. */
export const releaseRelocated = (evidence: Relocated): Tally => {
  const done = tally()
  const { files, roots } = evidence
  for (const file of files) {
    const why = last(file)
    for (const path of file.names) {
      if (why !== undefined) {
        if (entryAt(path) !== undefined) done.left.push({ path, why })
        continue
      }
      // After the first unlink the ctime has moved.
      remove(anchorOf(roots, path), path, done, (fence) =>
        isSameInode(file.fence, fence) && compare(file.fence, fence) !== "changed"
          ? undefined
          : "it changed in this moment"
      )
    }
  }
  removeFolders(evidence, quarantineFolder, done)
  return done
}

/**
 * An inode that a saga made is its own whatever was written to it since: what it was made from is whole. Where a
 * filesystem does not tell when an inode was made, another file could have its number.
 */
const isOurs = (made: Fence, now: Fence): boolean =>
  isSameInode(made, now) && ((made.birthNs ?? 0n) !== 0n || compare(made, now) !== "changed")

const objectionTo = ({ fence, stays }: StagedFile, now: Fence, links: number): string | undefined => {
  if (fence === null ? links !== 1 : !isOurs(fence, now)) {
    return "it is not what the saga put there"
  }
  const other = stays._tag === "Known" ? entryAt(stays.value.path) : undefined
  const expected = stays._tag === "Known" ? stays.value.expected : undefined
  return other !== undefined &&
    other.kind === "file" &&
    expected !== undefined &&
    isSameInode(expected, other.fence) &&
    compare(expected, other.fence) !== "changed"
    ? undefined
    : "its other copy changed in this moment"
}

/**
 * Ends a move that never replaces anything: the name that a file came from goes once `other` is a name of it too.
 * Undefined when it has gone; else why it stays.
 */
export const endMove = (
  from: { readonly fd: number; readonly name: string },
  other: { readonly fd: number; readonly name: string }
): string | undefined => {
  const [old, moved] = [look(from.fd, from.name), look(other.fd, other.name)]
  if (old === undefined) return undefined
  const isSame =
    moved?.kind === "file" && moved.fence.dev === old.fence.dev && isSameInode(moved.fence, old.fence) && old.links > 1
  if (!isSame) return "it has no other name where it was to go"
  unlinkSync(inside(from.fd, from.name))
  fsyncSync(from.fd)
  return undefined
}

/** Takes away what a saga made; folders go where nothing is left in them. */
export const removeStaged = (evidence: Staged): Tally => {
  const done = tally()
  const { files, roots } = evidence
  for (const file of files) {
    remove(anchorOf(roots, file.path), file.path, done, (now, links) => objectionTo(file, now, links))
  }
  removeFolders(evidence, stagingFolder, done)
  return done
}
