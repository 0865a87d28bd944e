import { statSync } from "node:fs"
import { isWithin, toBytes } from "../../platform/BytePath.ts"
import { isGone } from "./descend.ts"

const isSameFolder = (one: string, other: string): boolean => {
  try {
    const [here, there] = [statSync(toBytes(one), { bigint: true }), statSync(toBytes(other), { bigint: true })]
    return here.isDirectory() && here.dev === there.dev && here.ino === there.ino
  } catch (cause) {
    if (isGone(cause)) return false
    throw cause
  }
}

/** Whatever the evidence calls a seeding directory has to be one that is configured. */
export const strangeRoots = (roots: ReadonlyArray<string>, seedingDirs: ReadonlyArray<string>): ReadonlyArray<string> =>
  roots
    .filter((root) => !seedingDirs.some((dir) => isSameFolder(root, dir)))
    .map((root) => `${root} is no seeding directory of storage`)

/** The innermost of these roots that a path lies in. */
export const deepest = (roots: ReadonlyArray<string>, path: string): string | undefined =>
  roots.filter((root) => isWithin(path, root)).toSorted((one, other) => other.length - one.length)[0]
