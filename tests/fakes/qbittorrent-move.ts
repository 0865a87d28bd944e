import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync
} from "node:fs"
import { dirname, join } from "node:path"
import { toBytes } from "../../src/platform/BytePath.ts"

/** What a set location does where a file is there already, and what a change of category does. */
export type MoveMode = "keep" | "overwrite"

const codeOf = (cause: unknown) => (cause instanceof Error && "code" in cause ? cause.code : undefined)

const sameInode = (a: Buffer, b: Buffer): boolean => {
  const [one, other] = [statSync(a, { bigint: true }), statSync(b, { bigint: true })]
  return one.dev === other.dev && one.ino === other.ino
}

/** Copies into the inode that is at the target, if there is one. What a full disk leaves has the file's full size. */
const copyInto = (source: Buffer, target: Buffer): void => {
  if (existsSync(target) && sameInode(source, target)) throw new Error("source and target are one file")
  try {
    copyFileSync(source, target)
  } catch (cause) {
    closeSync(openSync(target, "a"))
    truncateSync(target, statSync(source).size)
    throw cause
  }
}

const removeEmptyFolders = (root: string, name: string): void => {
  for (let folder = dirname(name); folder !== "."; folder = dirname(folder)) {
    try {
      rmdirSync(toBytes(join(root, folder)))
    } catch {
      return
    }
  }
}

/** Moves these files as the client does. Throws when it could not; else tells whether a file was kept at the target. */
export const moveFiles = (
  names: ReadonlyArray<string>,
  partsName: string,
  from: string,
  to: string,
  mode: MoveMode
): { readonly kept: boolean } => {
  let kept = false
  const copied: Array<string> = []
  for (const name of [...names, partsName]) {
    const [source, target] = [toBytes(join(from, name)), toBytes(join(to, name))]
    if (name !== partsName && mode === "keep" && existsSync(target)) {
      kept = true
      continue
    }
    if (!existsSync(source)) continue
    mkdirSync(toBytes(dirname(join(to, name))), { recursive: true })
    try {
      renameSync(source, target)
      removeEmptyFolders(from, name)
    } catch (cause) {
      if (codeOf(cause) !== "EXDEV") throw cause
      copyInto(source, target)
      copied.push(name)
    }
  }
  for (const name of copied) {
    rmSync(toBytes(join(from, name)))
    removeEmptyFolders(from, name)
  }
  return { kept }
}
