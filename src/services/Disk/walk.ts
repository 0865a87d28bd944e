import { Clock, Effect } from "effect"
import { lstatSync, readdirSync } from "node:fs"
import { type Fact, known, unreadable } from "../../domain/fact.ts"
import { fromBytes, join, toBytes } from "../../platform/BytePath.ts"
import type { Entry, Tree } from "../Disk.ts"
import { entryOf, whyOf } from "./stats.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] extends ReadonlyArray<infer E> ? Array<E> : A[K] }

/** One effect a directory, so that a long walk can be interrupted between two of them. */
const readDirectory = (root: string, at: string, tree: Mutable<Tree>): ReadonlyArray<string> => {
  const inside: Array<string> = []
  const names = readdirSync(toBytes(join(root, at)), { encoding: "buffer" }).toSorted(Buffer.compare)
  for (const bytes of names) {
    const path = join(at, fromBytes(bytes))
    const entry = entryOf(lstatSync(toBytes(join(root, path)), { bigint: true }))
    if (entry.kind === "file") tree.files.push({ path, fence: entry.fence, links: entry.links })
    else if (entry.kind !== "directory") tree.others.push({ path, kind: entry.kind })
    else if (entry.fence.dev !== tree.root.fence.dev) tree.others.push({ path, kind: "mount" })
    else {
      tree.directories.push({ path, fence: entry.fence })
      inside.push(path)
    }
  }
  return inside
}

export const walkTree = Effect.fnUntraced(function* (root: string, top: Entry) {
  const tree: Mutable<Tree> = { root: top, files: [], directories: [], others: [] }
  const now = yield* Clock.currentTimeMillis
  if (top.kind === "file") tree.files.push({ path: "", fence: top.fence, links: top.links })
  else if (top.kind !== "directory") tree.others.push({ path: "", kind: top.kind })
  const open = top.kind === "directory" ? [""] : []
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const here = at
    const read = yield* Effect.result(
      Effect.try({ try: () => readDirectory(root, here, tree), catch: (cause) => whyOf(cause) })
    )
    if (read._tag === "Failure") return unreadable<Tree>(root, now, read.failure) satisfies Fact<Tree>
    open.push(...read.success.toReversed())
  }
  return known<Tree>(tree, root, now)
})
