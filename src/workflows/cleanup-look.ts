import { Effect } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import { type Footprint, identity } from "../domain/claims.ts"
import { type Fact, known, unreadable } from "../domain/fact.ts"
import { compare, type Fence } from "../domain/fence.ts"
import { hostPath, type Item, type ItemFile } from "../domain/items.ts"
import { stampOf, type TreeFile } from "../domain/manifest.ts"
import { ancestorsOf } from "../domain/paths.ts"
import { dirname, isWithin } from "../platform/BytePath.ts"
import { Disk, type Entry } from "../services/Disk.ts"
import { isHalfWritten } from "./upload/prepare.ts"

export interface LookedFile {
  readonly file: ItemFile
  readonly path: string
  readonly is: "same" | "relinked" | "changed" | "gone"
  readonly fence: Fence | null
  readonly links: number
}

/** An item as it is on the disk now, against its manifest. */
export interface Look {
  readonly files: ReadonlyArray<LookedFile>
  /** On the disk, but not of the manifest, and not there when it was uploaded. */
  readonly added: ReadonlyArray<string>
  readonly present: boolean
  readonly footprint: Footprint
  /** Of its files that are on the disk. */
  readonly bytes: number
}

interface Seen {
  readonly files: ReadonlyArray<TreeFile & { readonly links: number }>
  readonly directories: ReadonlyArray<{ readonly fence: Fence }>
  readonly others: number
}
const nothing: Seen = { files: [], directories: [], others: 0 }

/** A missing folder above the item counts as absence only where a folder above that one, in completedDir, is there. */
const isAbsentBelow = Effect.fnUntraced(function* (home: string, path: string) {
  const disk = yield* Disk
  for (let at = path; isWithin(at, home) && at !== home; at = dirname(at)) {
    const fact = yield* disk.stat(at)
    if (fact._tag === "Absent") return true
    if (fact._tag === "Known") return false
  }
  return false
})

export const settleAbsence = Effect.fnUntraced(function* <A>(home: string, path: string, fact: Fact<A>) {
  if (fact._tag !== "Unreadable") return fact
  return (yield* isAbsentBelow(home, path))
    ? ({ _tag: "Absent", source: fact.source, readAt: fact.readAt } satisfies Fact<A>)
    : fact
})

const seeTree = Effect.fnUntraced(function* (home: string, item: Item) {
  const disk = yield* Disk
  const tree = yield* settleAbsence(home, item.path, yield* disk.walk(item.path))
  if (tree._tag === "Unreadable") return tree
  if (tree._tag === "Absent") return known(nothing, tree.source, tree.readAt)
  const { directories, files, others, root } = tree.value
  const all = root.kind === "directory" ? [{ fence: root.fence }, ...directories] : directories
  return known<Seen>({ files, directories: all, others: others.length }, tree.source, tree.readAt)
})

const seeRootless = Effect.fnUntraced(function* (home: string, item: Item, files: ReadonlyArray<ItemFile>) {
  const disk = yield* Disk
  const found: Array<Seen["files"][number]> = []
  let others = 0
  let readAt = 0
  for (const file of files) {
    const path = hostPath(item, file)
    const fact: Fact<Entry> = yield* settleAbsence(home, path, yield* disk.stat(path))
    if (fact._tag === "Unreadable") return fact
    readAt = fact.readAt
    if (fact._tag === "Absent") continue
    if (fact.value.kind === "file") found.push({ path: file.path, fence: fact.value.fence, links: fact.value.links })
    else others += 1
  }
  return known<Seen>({ files: found, directories: [], others }, item.path, readAt)
})

const footprintOf = Effect.fnUntraced(function* (item: Item, seen: Seen, paths: ReadonlyArray<string>) {
  const disk = yield* Disk
  const named = item.kind === "rootless" ? paths : [item.path]
  const extents = new Set(named)
  const above = new Set<string>()
  for (const extent of named) {
    const leads = yield* disk.resolve(extent)
    if (leads._tag !== "Known") continue
    extents.add(leads.value.path)
    if (item.kind === "rootless") continue
    for (const folder of ancestorsOf(leads.value.path)) {
      const fact = yield* disk.stat(folder)
      if (fact._tag === "Known") above.add(identity(fact.value.fence))
    }
  }
  const names = new Map<string, number>()
  for (const { fence } of seen.files) names.set(identity(fence), (names.get(identity(fence)) ?? 0) + 1)
  const footprint: Footprint = {
    path: item.path,
    extents: [...extents],
    ids: new Set([...names.keys(), ...seen.directories.map(({ fence }) => identity(fence))]),
    above,
    linkedElsewhere: seen.files.some(({ fence, links }) => links > (names.get(identity(fence)) ?? 0))
  }
  return footprint
})

/** `files` is the whole manifest; extracted members are not on the disk and left out. */
export const lookAt = Effect.fn("cleanup.look")(function* (item: Item, files: ReadonlyArray<ItemFile>) {
  const home = (yield* AppConfig).completedDir
  const originals = files.filter((file) => file.origin === "original")
  const fact: Fact<Seen> =
    item.kind === "rootless" ? yield* seeRootless(home, item, originals) : yield* seeTree(home, item)
  if (fact._tag !== "Known") return unreadable<Look>(item.path, fact.readAt, "why" in fact ? fact.why : "it is gone")
  const seen = fact.value
  const byPath = new Map(seen.files.map((file) => [file.path, file]))
  const looked = originals.map((file): LookedFile => {
    const found = byPath.get(file.path)
    const path = hostPath(item, file)
    return found === undefined
      ? { file, path, is: "gone", fence: null, links: 0 }
      : { file, path, is: compare(file.fence, found.fence), fence: found.fence, links: found.links }
  })
  const ours = new Set(originals.map((file) => file.path))
  const content = seen.files.filter((file) => !isHalfWritten(file.path))
  const added = content.filter((file) => !ours.has(file.path)).map((file) => file.path)
  const footprint = yield* footprintOf(
    item,
    seen,
    looked.map(({ path }) => path)
  )
  const look: Look = {
    files: looked,
    // What was there at the upload and was not of it (a deselected file) is no addition.
    added: item.kind === "rootless" || item.stamp === stampOf(content) ? [] : added,
    present: seen.files.length + seen.directories.length + seen.others > 0,
    footprint,
    bytes: looked.reduce((sum, { fence }) => sum + Number(fence?.size ?? 0n), 0)
  }
  return known(look, item.path, fact.readAt)
})
