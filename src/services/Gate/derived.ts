import { closeSync, constants, fsyncSync, lstatSync, openSync, readdirSync, readFileSync } from "node:fs"
import type { Evidence } from "../../domain/deletion.ts"
import { quarantineFolder } from "../../domain/deletion.ts"
import { parse } from "../../domain/marker.ts"
import { basename, fromBytes, isWithin, join, toBytes } from "../../platform/BytePath.ts"
import { temporaryPrefix } from "../../platform/AtomicFile.ts"
import { inside, isGone, look, openBelow } from "./descend.ts"
import { isThere, openParent, removeTree, type Tally, tally } from "./local.ts"

type Derived = Extract<Evidence, { _tag: "Derived" }>

export interface Folders {
  readonly completedDir: string
  readonly extractedDir: string
  readonly stateDir: string
}

const isMarker = (fd: number, name: string): boolean => {
  const file = openSync(inside(fd, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    return parse(readFileSync(file, "utf8")) !== undefined
  } finally {
    closeSync(file)
  }
}

const holdsNothing = (fd: number, name: string): boolean => {
  const at = openBelow(fd, name)
  try {
    return readdirSync(inside(at, ""), { encoding: "buffer" }).every((child) => {
      const below = fromBytes(child)
      return look(at, below)?.kind === "directory" && holdsNothing(at, below)
    })
  } finally {
    closeSync(at)
  }
}

/** Among people's files only what is plainly ours: a marker that we wrote, a temporary file, an emptied quarantine. */
const isOurs = (fd: number, evidence: Derived, folders: Folders): boolean => {
  const name = basename(evidence.path)
  const entry = look(fd, name)
  if (entry === undefined) return true
  const quarantine = join(folders.completedDir, quarantineFolder)
  if (entry.kind === "directory") return isWithin(evidence.path, quarantine) && holdsNothing(fd, name)
  if (entry.kind !== "file") return false
  if (name.endsWith(".uploaded") && entry.fence.size <= 65536n && isMarker(fd, name)) return true
  if (!name.startsWith(temporaryPrefix) && !isWithin(evidence.path, quarantine)) return false
  // A second name of what it was made from, or what has not become anything yet.
  const from = isThere(evidence.from) ? lstatSync(toBytes(evidence.from), { bigint: true }) : undefined
  const same = from !== undefined && from.dev === entry.fence.dev && from.ino === entry.fence.ino
  return same || (name.startsWith(temporaryPrefix) && !isWithin(evidence.path, quarantine))
}

/** Why it may not go, as far as only the disk and the configuration can tell. */
export const objections = (evidence: Derived, folders: Folders): ReadonlyArray<string> => {
  const { path, within } = evidence
  const all = [folders.completedDir, folders.extractedDir, folders.stateDir]
  const reasons = all
    .filter((root) => isWithin(root, path))
    .map((root) => `${path} holds the configured folder ${root}`)
  const home = all.filter((root) => isWithin(within, root)).toSorted((one, other) => other.length - one.length)[0]
  if (home === undefined) return [...reasons, `${within} is not a folder of ours`]
  if (home !== folders.completedDir) return reasons
  try {
    const fd = openParent(within, path)
    try {
      return isOurs(fd, evidence, folders) ? reasons : [...reasons, `${path} was not made by us`]
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    if (isGone(cause)) return reasons
    throw cause
  }
}

export const removeDerived = (evidence: Derived): Tally => {
  const done = tally()
  let fd: number
  try {
    fd = openParent(evidence.within, evidence.path)
  } catch (cause) {
    if (isGone(cause)) return done
    throw cause
  }
  try {
    const name = basename(evidence.path)
    const entry = look(fd, name)
    if (entry !== undefined) removeTree(fd, name, entry.fence.dev, done)
    fsyncSync(fd)
    if (look(fd, name) !== undefined) throw new Error(`${evidence.path} is still there`)
    return done
  } finally {
    closeSync(fd)
  }
}
