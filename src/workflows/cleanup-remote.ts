import { Clock, Effect, Option } from "effect"
import type { Replica } from "../domain/deletion.ts"
import { absent, type Fact, known, unreadable } from "../domain/fact.ts"
import { hashIn, type Item, type ItemFile } from "../domain/items.ts"
import { destination, memberDestination } from "../domain/manifest.ts"
import { dirname, isWithin } from "../platform/BytePath.ts"
import { type HashKind, Remote, type RemoteError, type RemoteFile, type RemoteSetupError } from "../services/Remote.ts"

/** What the remote was seen to hold, and of which paths that can be said. */
export interface RemoteView {
  readonly kind: HashKind | null
  replica(file: ItemFile): Fact<Replica>
  /** Our own hash of a file, in the kind that the remote reports. */
  expected(file: ItemFile): string | null
}

interface Asked {
  readonly item: Item
  readonly files: ReadonlyArray<ItemFile>
}

/** From this number of calls in one folder on, one listing of the folder is cheaper. */
const manyCalls = 5

interface Plan {
  readonly folders: ReadonlySet<string>
  readonly files: ReadonlySet<string>
}

const planOf = (asked: ReadonlyArray<Asked>, slowHash: boolean): Plan => {
  const folders = new Set<string>()
  const files = new Set<string>()
  for (const { item, files: manifest } of asked) {
    const tops = [destination(item), memberDestination(item)]
    for (const { remote } of manifest) {
      const top = tops.find((folder) => remote !== folder && isWithin(remote, folder))
      if (top === undefined) files.add(remote)
      else folders.add(top)
    }
  }
  // A backend that has to read a file for its hash is asked for nothing that is not needed.
  if (slowHash) return { folders, files }
  const parents = Map.groupBy([...folders, ...files], dirname)
  for (const [parent, children] of parents) {
    if (parent === "" || children.length <= manyCalls) continue
    for (const child of children) {
      folders.delete(child)
      files.delete(child)
    }
    folders.add(parent)
  }
  return {
    folders,
    files: new Set([...files].filter((file) => ![...folders].some((folder) => isWithin(file, folder))))
  }
}

/** Reads what is needed for these items, in as few calls as it takes. Fails where the remote does. */
export const readRemote = Effect.fn("cleanup.remote")(function* (asked: ReadonlyArray<Asked>) {
  const remote = yield* Remote
  const { hash: kind, slowHash } = yield* remote.info
  const plan = planOf(asked, slowHash)
  const readAt = yield* Clock.currentTimeMillis
  const found = new Map<string, RemoteFile>()
  for (const folder of plan.folders) {
    for (const file of yield* remote.list(folder)) found.set(file.path, file)
  }
  for (const path of plan.files) {
    const file = yield* remote.stat(path)
    if (Option.isSome(file)) found.set(path, file.value)
  }
  const view: RemoteView = {
    kind,
    replica: ({ remote: path }) => {
      const file = found.get(path)
      return file === undefined ? absent(path, readAt) : known(file, path, readAt)
    },
    expected: (file) => hashIn(file, kind)
  }
  return view
})

/** A view that says of everything that it could not be read. */
export const unreadableRemote = (error: RemoteError | RemoteSetupError, now: number): RemoteView => ({
  kind: null,
  replica: ({ remote }) => unreadable(remote, now, error.message),
  expected: (file) => file.sha1
})
