import { Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import { archiveSets } from "../../domain/archives.ts"
import type { Item, ItemFile } from "../../domain/items.ts"
import { planExtracted } from "../../domain/manifest.ts"
import { basename, dirname, join } from "../../platform/BytePath.ts"
import { Archive } from "../../services/Archive.ts"
import { Disk } from "../../services/Disk.ts"
import { Gate } from "../../services/Gate.ts"
import { Journal } from "../../state/Journal.ts"

/** What came out of an item's archives; nothing here ever fails the item. */
export interface Extracted {
  readonly files: ReadonlyArray<ItemFile>
  /** Folder that holds them, null when there is none. */
  readonly folder: string | null
  readonly failure: string | null
  /** Whether another try can end differently. */
  readonly temporary: boolean
}

const nothing: Extracted = { files: [], folder: null, failure: null, temporary: false }

/**
 * One folder an item, named by its number in the database: names of items may be anything. A bare number may be a film
 * that somebody keeps there.
 */
export const folderOf = (extractedDir: string, item: { readonly id: number }): string =>
  join(extractedDir, `item-${item.id}`)

/** Folders that only we make: an item's, and its staging beside it. */
export const isOurFolder = (name: string): boolean => /^item-\d+(?:\.partial)?$/.test(name)

/** Removes the extracted copy of an item, or what a crash left of one. */
export const discard = Effect.fn("upload.discard")(function* (item: Item, folder: string) {
  const config = yield* AppConfig
  const gate = yield* Gate
  const journal = yield* Journal
  yield* journal.step(
    "upload.discard",
    item.path,
    folder,
    gate.pass({ _tag: "Derived", path: folder, within: config.extractedDir, from: item.path })
  )
})

/** Extracts the item's archives beside everything else; the archives themselves stay for seeding. */
export const extract = Effect.fn("upload.extract")(function* (item: Item, originals: ReadonlyArray<ItemFile>) {
  const config = yield* AppConfig
  if (!config.upload.extract.enable) return nothing
  const single = item.kind === "file"
  const root = single || item.kind === "rootless" ? dirname(item.path) : item.path
  const paths = originals.map((file) => (file.path === "" ? basename(item.path) : file.path))
  const sets = archiveSets(paths)
  if (sets.length === 0) return nothing
  const archive = yield* Archive
  const disk = yield* Disk
  const journal = yield* Journal
  const into = folderOf(config.extractedDir, item)
  const attempt = Effect.gen(function* () {
    yield* disk.makeDirectory(config.extractedDir, 0o755)
    const left = yield* disk.stat(into)
    if (left._tag === "Known") yield* discard(item, into)
    return yield* archive.extract({ root, sets, originals: single ? [] : paths, into })
  })
  const result = yield* Effect.result(
    journal.step(
      "upload.extract",
      item.path,
      sets
        .map((set) => set.first)
        .join(", ")
        .toWellFormed(),
      attempt
    )
  )
  if (result._tag === "Failure") return { ...nothing, failure: result.failure.message, temporary: true }
  const { failures, files } = result.success
  const failure = failures.length === 0 ? null : failures.map((error) => error.message).join("; ")
  const temporary = failures.some((error) => error.temporary)
  if (files.length === 0) return { ...nothing, failure, temporary }
  const tree = yield* disk.walk(into)
  if (tree._tag !== "Known")
    return { ...nothing, failure: `the extracted copy ${into} cannot be read`, temporary: true }
  const planned = planExtracted(item, tree.value.files)
  const out: Extracted = {
    folder: into,
    failure,
    temporary,
    files: planned.map(({ fence, origin, path, remote, size }) => ({
      itemId: item.id,
      path,
      origin,
      size,
      fence,
      remote,
      sha1: null,
      hash: null,
      state: "pending",
      proof: null,
      verifiedAt: null
    }))
  }
  return out
})
