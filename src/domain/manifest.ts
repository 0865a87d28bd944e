import { createHash } from "node:crypto"
import { basename, toBytes } from "../platform/BytePath.ts"
import * as Fence from "./fence.ts"
import type { ItemFile, ItemKind, Origin } from "./items.ts"
import { collisions, joinRemote, standardName } from "./remoteName.ts"

export interface Planned {
  readonly path: string
  readonly origin: Origin
  readonly size: number
  readonly fence: Fence.Fence
  readonly remote: string
}

export interface TreeFile {
  readonly path: string
  readonly fence: Fence.Fence
}

/** Where an item's own files go: `X` to `<folder>/X`, what is in `D` to `<folder>/D/…`. */
export const destination = (item: { readonly path: string; readonly remote: string }): string =>
  joinRemote(standardName(item.remote), standardName(basename(item.path)))

/** Where the members of its archives go; a single archive cannot also be the folder of its members. */
export const memberDestination = (item: {
  readonly path: string
  readonly remote: string
  readonly kind: ItemKind
}): string => {
  if (item.kind !== "file") return destination(item)
  const name = basename(item.path)
  const stem = name.replace(/(?:\.part\d+)?\.(?:rar|zip|7z|001|tar(?:\.[a-z0-9]+)?|t[a-z]z2?|[a-z0-9]{1,4})$/i, "")
  return joinRemote(
    standardName(item.remote),
    standardName(stem === "" || stem === name ? `${name} (extracted)` : stem)
  )
}

export const planOriginals = (
  item: { readonly path: string; readonly remote: string },
  files: ReadonlyArray<TreeFile>
): ReadonlyArray<Planned> =>
  files.map((file) => ({
    path: file.path,
    origin: "original",
    size: Number(file.fence.size),
    fence: file.fence,
    remote: joinRemote(destination(item), standardName(file.path))
  }))

export const planExtracted = (
  item: { readonly path: string; readonly remote: string; readonly kind: ItemKind },
  files: ReadonlyArray<TreeFile>
): ReadonlyArray<Planned> =>
  files.map((file) => ({
    path: file.path,
    origin: "extracted",
    size: Number(file.fence.size),
    fence: file.fence,
    remote: joinRemote(memberDestination(item), standardName(file.path))
  }))

/** Local names that meet in one name on the remote, in words; undefined when all is well. */
export const clash = (files: ReadonlyArray<Planned>): string | undefined => {
  const [first] = collisions(files)
  return first === undefined
    ? undefined
    : `${first[1].length} of its names become the same name on the remote (${first[0]}): rename one of them`
}

/**
 * What the disk looks like, so that an unchanged item is recognised without reading it. ctime is left out: a new
 * hardlink moves it, and the deletion gate reads the bytes again then. So is the device: its number may be another one
 * after a reboot.
 */
export const stampOf = (files: ReadonlyArray<TreeFile>): string => {
  const hash = createHash("sha256")
  for (const { fence, path } of files) {
    hash.update(toBytes(path)).update(`\0${fence.ino}:${fence.size}:${fence.mtimeNs}\0`)
  }
  return hash.digest("hex")
}

/** SHA-256 over every file's place, size and SHA-1: what the marker holds and the database must agree with. */
export const digestOf = (files: ReadonlyArray<ItemFile>): string => {
  const hash = createHash("sha256")
  const lines = files.map((file) => `${file.remote}\0${file.size}\0${file.sha1 ?? ""}\0`)
  for (const line of lines.toSorted()) hash.update(line)
  return hash.digest("hex")
}
