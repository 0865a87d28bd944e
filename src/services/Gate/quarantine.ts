import { closeSync, fstatSync, fsyncSync, mkdirSync, renameSync } from "node:fs"
import { compare } from "../../domain/fence.ts"
import { basename, dirname } from "../../platform/BytePath.ts"
import { codeOf } from "../Disk/stats.ts"
import { inside, isGone, isSwapped, look, openBelow, openPath, withDirectory } from "./descend.ts"
import type { Tally } from "./local.ts"
import type { Verdict } from "./verify.ts"

/** Opens a folder of ours, made if need be: a real folder, our own, closed to everybody else. */
const openPrivate = (fd: number, name: string): number => {
  try {
    mkdirSync(inside(fd, name), { mode: 0o700 })
    fsyncSync(fd)
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  }
  const made = openBelow(fd, name)
  const stats = fstatSync(made)
  if (stats.uid !== process.geteuid?.() || (stats.mode & 0o077) !== 0) {
    closeSync(made)
    throw new Error(`${name} is not a private folder of ours: make it mode 0700 and owned by this user, or remove it`)
  }
  return made
}

/** Opens `path` below `anchor`, every folder on the way private and ours. The caller closes it. */
export const openQuarantine = (anchor: string, path: string): number => openPath(anchor, path, openPrivate)

const moveFile = (
  anchor: string,
  verdict: Extract<Verdict, { _tag: "go" }>,
  to: { readonly anchor: string; readonly path: string },
  done: Tally
): void => {
  const { path } = verdict.file
  withDirectory(anchor, dirname(path), (from) => {
    const entry = look(from, basename(path))
    if (entry === undefined) return
    const folder = openQuarantine(to.anchor, dirname(to.path))
    try {
      const again = look(from, basename(path))
      if (again?.kind !== "file" || compare(verdict.fence, again.fence) !== "same") {
        done.left.push({ path, why: "it changed in this moment" })
      } else if (look(folder, basename(to.path)) !== undefined) {
        done.left.push({ path, why: `the quarantine already holds ${to.path}` })
      } else {
        // A rename either is on one filesystem or fails (EXDEV): nothing is ever copied and deleted.
        renameSync(inside(from, basename(path)), inside(folder, basename(to.path)))
        fsyncSync(folder)
        fsyncSync(from)
        if (look(folder, basename(to.path))?.fence.ino !== entry.fence.ino) throw new Error(`${to.path} is not there`)
        done.files += 1
      }
    } finally {
      closeSync(folder)
    }
  })
}

/** Moves each file to the same place below `quarantine` that it had below `base`. */
export const moveFiles = (
  anchor: string,
  base: string,
  quarantine: { readonly anchor: string; readonly path: string },
  verdicts: ReadonlyArray<Verdict>,
  done: Tally
): void => {
  for (const verdict of verdicts) {
    if (verdict._tag === "left") done.left.push({ path: verdict.file.path, why: verdict.why })
    if (verdict._tag !== "go") continue
    const path = `${quarantine.path}${verdict.file.path.slice(base === "/" ? 0 : base.length)}`
    try {
      moveFile(anchor, verdict, { anchor: quarantine.anchor, path }, done)
    } catch (cause) {
      if (isSwapped(cause)) {
        done.left.push({ path: verdict.file.path, why: "a folder above it was replaced in this moment" })
      } else if (!isGone(cause)) throw cause
    }
  }
}
