import { Effect, Option, Schema } from "effect"
import { createHash } from "node:crypto"
import { AppConfig } from "../config/AppConfig.ts"
import { type Evidence, quarantineFolder } from "../domain/deletion.ts"
import { isRetiredItem } from "../domain/deletionRetiredRemote.ts"
import { hostPath, type Item, type ItemFile } from "../domain/items.ts"
import { stampOf, type TreeFile } from "../domain/manifest.ts"
import { temporaryPrefix } from "../platform/AtomicFile.ts"
import { basename, dirname, display, join, toBytes } from "../platform/BytePath.ts"
import { Progress } from "../platform/Progress.ts"
import { Disk } from "../services/Disk.ts"
import { Gate } from "../services/Gate.ts"
import { Remote } from "../services/Remote.ts"
import { Items } from "../state/Items.ts"
import { Journal } from "../state/Journal.ts"
import { quarantined, quarantineOf } from "./cleanup-judge.ts"
import { findTarget } from "./explain-target.ts"
import { restoreIsOpen } from "./restored.ts"
import { isHalfWritten } from "./upload/prepare.ts"

/** It cannot be brought back. Nothing was overwritten; what had come back already is still there. */
export class RestoreFailed extends Schema.TaggedError<RestoreFailed>()("RestoreFailed", {
  target: Schema.String,
  why: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `${display(this.target)} cannot be restored: ${display(this.why)}. ${this.remedy}`
  }
}

/** What was asked for by name is none of the items. Exit code 64. */
export class NothingToRestore extends Schema.TaggedError<NothingToRestore>()("NothingToRestore", {
  target: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `"${display(this.target)}" cannot be restored: ${this.why}. Give an infohash, an absolute path, or the name of an item that was uploaded`
  }
}

export interface Restored {
  readonly path: string
  /** `here`: nothing was missing. */
  readonly from: "quarantine" | "remote" | "here"
  readonly files: number
  readonly bytes: number
}

const failure = (item: Item, why: string, remedy: string) => new RestoreFailed({ target: item.path, why, remedy })

/** True when the file is there already with our bytes; an error when something else is. */
const isBack = Effect.fnUntraced(function* (item: Item, file: ItemFile, path: string) {
  const disk = yield* Disk
  const there = yield* disk.stat(path)
  if (there._tag !== "Known") return false
  const occupied = failure(item, `something else is at ${path}`, "Move it away and run restore again.")
  if (there.value.kind !== "file" || there.value.fence.size !== BigInt(file.size)) return yield* occupied
  const read = yield* disk.hash(path, null)
  return read.sha1 === file.sha1 ? true : yield* occupied
})

const discard = Effect.fnUntraced(function* (path: string, within: string, from: string) {
  const gate = yield* Gate
  const evidence: Evidence = { _tag: "Derived", path, within, from }
  yield* gate.pass(evidence)
})

/** Gives a quarantined file its old name back; the quarantine's name goes only after that. */
const giveBack = Effect.fnUntraced(function* (item: Item, file: ItemFile, from: string, home: string) {
  const disk = yield* Disk
  const path = hostPath(item, file)
  const waiting = yield* disk.stat(from)
  if (waiting._tag !== "Known") return false
  yield* disk.makeDirectory(dirname(path), 0o755)
  const there = yield* disk.stat(path)
  const same = there._tag === "Known" && there.value.fence.ino === waiting.value.fence.ino
  if (there._tag === "Known" && !same) {
    return yield* failure(item, `something else is at ${path}`, "Move it away and run restore again.")
  }
  if (!same) yield* disk.link(from, path)
  yield* discard(from, home, path)
  return true
})

const temporaryOf = (path: string) =>
  join(
    dirname(path),
    `${temporaryPrefix}restore-${createHash("sha256")
      .update(toBytes(basename(path)))
      .digest("hex")
      .slice(0, 24)}.tmp`
  )

/** What a crash left beside the place, before or after the file got its name. */
const discardTemporary = Effect.fnUntraced(function* (path: string) {
  const disk = yield* Disk
  const temporary = temporaryOf(path)
  if ((yield* disk.stat(temporary))._tag === "Known") yield* discard(temporary, dirname(path), path)
})

/** Downloads beside the place, proves the bytes by our own hash, and only then gives the file its name. */
const fetch = Effect.fnUntraced(function* (item: Item, file: ItemFile) {
  const disk = yield* Disk
  const remote = yield* Remote
  const path = hostPath(item, file)
  const temporary = temporaryOf(path)
  const folder = dirname(path)
  yield* disk.makeDirectory(folder, 0o755)
  yield* discardTemporary(path)
  yield* remote.download(file.remote, temporary, file.size)
  const read = yield* disk.hash(temporary, null)
  if (read.sha1 !== file.sha1 || read.fence.size !== BigInt(file.size)) {
    yield* discard(temporary, folder, path)
    return yield* failure(
      item,
      `${file.remote} on the remote has not the bytes that were uploaded`,
      "Look for an older version of it (rclone's --b2-versions), and check the remote."
    )
  }
  yield* disk.flush(temporary)
  yield* disk.link(temporary, path)
  yield* discard(temporary, folder, path)
  const now = yield* disk.stat(path)
  return now._tag === "Known" ? { ...file, fence: now.value.fence } : file
})

/** What the disk looks like now, so that the next upload finds the item unchanged; null where more is in it than that. */
const stampNow = Effect.fnUntraced(function* (item: Item, originals: ReadonlyArray<ItemFile>) {
  const disk = yield* Disk
  if (item.kind === "rootless") {
    const files: Array<TreeFile> = []
    for (const file of originals) {
      const fact = yield* disk.stat(hostPath(item, file))
      if (fact._tag === "Known") files.push({ path: file.path, fence: fact.value.fence })
    }
    return stampOf(files)
  }
  const tree = yield* disk.walk(item.path)
  const ours = new Set(originals.map((file) => file.path))
  const content = tree._tag === "Known" ? tree.value.files.filter((file) => !isHalfWritten(file.path)) : []
  return content.length > 0 && content.every((file) => ours.has(file.path)) ? stampOf(content) : null
})

const one = Effect.fnUntraced(function* (target: string) {
  const { items, torrents } = yield* findTarget(target)
  const [item] = items
  if (item !== undefined) return item
  const known = torrents.length > 0
  const why = known ? "no item of that torrent was uploaded from here" : "no such item is known"
  return yield* new NothingToRestore({ target, why })
})

const fromQuarantine = Effect.fnUntraced(function* (item: Item, files: ReadonlyArray<ItemFile>) {
  const config = yield* AppConfig
  const disk = yield* Disk
  const folder = item.quarantinePath ?? quarantineOf(config, item)
  const home = join(config.completedDir, quarantineFolder)
  let count = 0
  for (const file of files) {
    if (yield* giveBack(item, file, quarantined(item, folder, hostPath(item, file)), home)) count += 1
  }
  const rest = yield* disk.walk(folder)
  if (rest._tag === "Known" && rest.value.files.length === 0 && rest.value.others.length === 0) {
    yield* discard(folder, home, item.path)
  }
  return count
})

/** What was retired with its title may have been brought back on the remote by hand since. */
const stillThere = Effect.fnUntraced(function* (item: Item, missing: ReadonlyArray<ItemFile>) {
  const remote = yield* Remote
  for (const file of missing) {
    if (Option.isSome(yield* remote.stat(file.remote))) continue
    const remedy = `Where it is only hidden, unhide ${file.remote} on the remote first (B2 keeps the version as long as its lifecycle rules say).`
    return yield* failure(item, `it was ${item.reason ?? "retired"}`, remedy)
  }
})

const fromRemote = Effect.fnUntraced(function* (item: Item, missing: ReadonlyArray<ItemFile>) {
  const progress = yield* Progress
  const total = missing.reduce((sum, { size }) => sum + size, 0)
  const task = yield* progress.task(display(basename(item.path)), total)
  const fetched: Array<ItemFile> = []
  let done = 0
  for (const file of missing) {
    task.update(done, "downloading")
    fetched.push(yield* fetch(item, file))
    done += file.size
  }
  return fetched
}, Effect.scoped)

/**
 * Brings an item back to its place, from the quarantine where it still waits, else from the remote; never over
 * something. `target`: an infohash, an absolute path or a base name. Run again, it goes on where it stopped.
 */
export const restore = Effect.fn("restore")(function* (target: string) {
  const disk = yield* Disk
  const items = yield* Items
  const journal = yield* Journal
  const item = yield* one(target)
  const files = yield* items.files(item.id)
  const originals = files.filter(({ origin }) => origin === "original")
  if (originals.length === 0 || originals.some(({ proof, sha1 }) => sha1 === null || proof === null)) {
    return yield* failure(item, "it was never proven to be on the remote", "Run media-pipeline upload first.")
  }
  const folder = item.quarantinePath
  const waiting = folder !== null && (yield* disk.stat(folder))._tag === "Known"
  const returned = waiting
    ? yield* journal.step("restore.return", item.path, "back from quarantine", fromQuarantine(item, originals))
    : 0
  const missing: Array<ItemFile> = []
  for (const file of originals) {
    // A file of an item that is here is not read through again: cleanup does that before it lets it go.
    const path = hostPath(item, file)
    const here =
      item.state === "uploaded" || waiting ? (yield* disk.stat(path))._tag === "Known" : yield* isBack(item, file, path)
    if (here) yield* discardTemporary(path)
    else missing.push(file)
  }
  if (isRetiredItem(item)) yield* stillThere(item, missing)
  const total = missing.reduce((sum, { size }) => sum + size, 0)
  const back = item.state === "released" || item.state === "quarantined" || item.state === "releasing"
  // An earlier try may have brought all of it and been killed: that somebody wanted it back has to be written down.
  const owed = back || (yield* restoreIsOpen(item.path))
  const fetched =
    missing.length === 0 && (returned > 0 || !owed)
      ? []
      : yield* journal.step(
          "restore.fetch",
          item.path,
          `${missing.length} files, ${total} bytes`,
          fromRemote(item, missing)
        )
  yield* items.putFiles(fetched)
  if (back || fetched.length > 0) {
    // One that an upload has not done with (or has just taken up) is its own to conclude.
    yield* items.updateFrom(["released", "quarantined", "releasing", "uploaded"], item.id, {
      state: "uploaded",
      reason: null,
      releasedAt: null,
      quarantinePath: null,
      quarantineUntil: null,
      stamp: yield* stampNow(item, originals)
    })
  }
  for (const entry of yield* journal.open()) {
    if (entry.subject === item.path && entry.step.startsWith("restore.")) yield* journal.settle(entry.id, "done")
  }
  const moved = originals.filter((file) => !missing.includes(file)).reduce((sum, { size }) => sum + size, 0)
  yield* Effect.logInfo(`restored ${display(item.path)}`)
  return {
    path: item.path,
    from: fetched.length > 0 ? "remote" : returned > 0 ? "quarantine" : "here",
    files: returned + fetched.length,
    bytes: total + (returned > 0 ? moved : 0)
  } satisfies Restored
})
