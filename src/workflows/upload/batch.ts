import { Effect, Option, Ref, Semaphore } from "effect"
import { archiveSets } from "../../domain/archives.ts"
import type { Item, ItemFile, ItemKind } from "../../domain/items.ts"
import { destination, memberDestination } from "../../domain/manifest.ts"
import { basename, display } from "../../platform/BytePath.ts"
import { Progress, type Task } from "../../platform/Progress.ts"
import { Remote, type RemoteFile, type RemoteInfo } from "../../services/Remote.ts"
import { Items } from "../../state/Items.ts"
import { Journal } from "../../state/Journal.ts"
import { extract, type Extracted } from "./extract.ts"
import type { Registered } from "./prepare.ts"
import { prove } from "./prove.ts"
import { refuted, send, type Sent, sourceOf, suspected } from "./send.ts"

/** Why an item did not make it. `blocked`: another try cannot help; `stop`: nothing else can be uploaded either. */
export interface Trouble {
  readonly kind: "failed" | "blocked" | "stop"
  readonly why: string
}

/** One item of a batch on its way through extraction, sending and proof. */
export interface Passage extends Registered {
  readonly extracted: Extracted
  /** Every file that is to be on the remote, originals first. */
  readonly manifest: ReadonlyArray<ItemFile>
  readonly sent: ReadonlyArray<Sent>
  readonly trouble: Trouble | null
}

const rank = { stop: 0, blocked: 1, failed: 2 }

/** Files of this size are written down as soon as they are through: reading them again would take long. */
const longRead = 64 * 1024 * 1024
const itemsAtOnce = 48
const filesAtOnce = 16
const readsAtOnce = 4

interface Shared {
  readonly info: RemoteInfo
  /** Everything that the remote held under the batch's names before it. */
  readonly there: Map<string, RemoteFile>
  /** Names on the remote that a file of this batch has; members come to it last. */
  readonly taken: Set<string>
  readonly stopped: Ref.Ref<string | null>
  readonly extracting: Semaphore.Semaphore
  readonly reading: Semaphore.Semaphore
  /** The bars, by the group of their transfers. */
  readonly tasks: Map<string, Task>
}

interface Placed {
  readonly path: string
  readonly remote: string
  readonly kind: ItemKind
}

/** Items up to this number are listed one by one; more of them by their folders, or all at once. */
const fewItems = 3

const listFolders = (items: ReadonlyArray<Placed>): ReadonlyArray<string> => {
  const folders = new Set(items.map((item) => destination(item).split("/").slice(0, -1).join("/")))
  return folders.size > fewItems || folders.has("") ? [""] : [...folders]
}

/** One listing for a batch: by folder where hashes come with it, else item by item. */
export const listBatch = Effect.fn("upload.list")(function* (items: ReadonlyArray<Placed>) {
  const remote = yield* Remote
  const { slowHash } = yield* remote.info
  const there = new Map<string, RemoteFile>()
  const listInto = (prefix: string) =>
    Effect.map(remote.list(prefix), (files) => files.forEach((file) => there.set(file.path, file)))
  if (!slowHash && items.length > fewItems) {
    yield* Effect.forEach(listFolders(items), listInto, { discard: true })
    return there
  }
  for (const item of items) {
    if (item.kind === "file") {
      const found = yield* remote.stat(destination(item))
      if (Option.isSome(found)) there.set(found.value.path, found.value)
    }
    if (item.kind !== "file" || archiveSets([basename(item.path)]).length > 0) yield* listInto(memberDestination(item))
  }
  return there
})

const folded = (name: string): string => name.normalize("NFC").toLowerCase()

/**
 * A remote may take two names for one, by their case or their normal form, and lists only the first. Whatever is about
 * to go under such a name is asked for by it, and what answers is noted as being there, under the name that was listed.
 */
export const addTwins = Effect.fn("upload.twins")(function* (
  names: ReadonlyArray<string>,
  there: Map<string, RemoteFile>
) {
  if (names.every((name) => there.has(name)) || there.size === 0) return
  const remote = yield* Remote
  const listed = new Map([...there.keys()].map((name) => [folded(name), name]))
  for (const name of names) {
    const twin = listed.get(folded(name))
    if (there.has(name) || twin === undefined) continue
    const found = yield* remote.stat(name)
    if (Option.isSome(found)) there.set(name, { ...found.value, path: twin })
  }
})

const troubleOf = (error: { readonly _tag: string; readonly message: string; readonly class?: string }): Trouble => {
  if (error._tag === "RemoteSetupError" || error.class === "capped" || error.class === "denied") {
    return { kind: "stop", why: error.message }
  }
  const blocked = error._tag === "NameTaken" || error.class === "permanent"
  return { kind: blocked ? "blocked" : "failed", why: error.message }
}

const sendFile = Effect.fnUntraced(function* (
  item: Item,
  file: ItemFile,
  extracted: Extracted,
  shared: Shared,
  owners: ReadonlyMap<string, string>
) {
  const items = yield* Items
  const stopped = yield* Ref.get(shared.stopped)
  if (stopped !== null) return { trouble: { kind: "stop", why: stopped } satisfies Trouble, sent: null }
  const result = yield* Effect.result(
    send({
      item,
      file,
      source: sourceOf(item, file, extracted.folder),
      kind: shared.info.hash,
      there: shared.there.get(file.remote),
      owner: owners.get(file.remote) ?? null,
      reading: shared.reading
    })
  )
  if (result._tag === "Failure") {
    const trouble = troubleOf(result.failure)
    if (trouble.kind === "stop") yield* Ref.update(shared.stopped, (now) => now ?? trouble.why)
    return { trouble, sent: null }
  }
  if (file.size >= longRead) yield* items.putFiles([result.success.file])
  return { trouble: null, sent: result.success }
})

/**
 * Members whose names on the remote are free, with what earlier runs know of them: an extracted copy is made anew each
 * time, what it left on the remote is not. An original's name is never taken, whichever item it belongs to.
 */
const placeMembers = Effect.fnUntraced(function* (item: Item, extracted: Extracted, shared: Shared) {
  if (extracted.files.length === 0) return { members: [], refused: [] }
  yield* addTwins(
    extracted.files.map((file) => file.remote),
    shared.there
  )
  const items = yield* Items
  const known = yield* items.files(item.id)
  const before = new Map(known.flatMap((file) => (file.origin === "extracted" ? [[file.path, file] as const] : [])))
  const members: Array<ItemFile> = []
  const refused: Array<string> = []
  for (const file of extracted.files) {
    if (shared.taken.has(file.remote)) {
      refused.push(`${display(file.path)} would take the place of another file at ${file.remote}: rename one of them`)
      continue
    }
    shared.taken.add(file.remote)
    const earlier = before.get(file.path)
    const doubt = earlier?.proof === refuted || earlier?.proof === suspected ? earlier.proof : null
    const lies = shared.there.get(file.remote)
    if (lies === undefined) members.push({ ...file, state: "sent" })
    else if (
      lies.path !== file.remote ||
      earlier === undefined ||
      earlier.remote !== file.remote ||
      earlier.state === "pending"
    )
      members.push(file)
    else members.push({ ...file, state: "sent", proof: doubt })
  }
  return { members, refused }
})

const passItem = Effect.fnUntraced(function* (registered: Registered, shared: Shared) {
  const { files: originals, item } = registered
  const items = yield* Items
  const progress = yield* Progress
  const extracted = yield* shared.extracting.withPermit(extract(item, originals))
  const { members, refused } = yield* placeMembers(item, extracted, shared)
  if (members.length > 0) yield* items.putFiles(members)
  const manifest = [...originals, ...members]
  const taken = manifest.flatMap((file) => (shared.there.has(file.remote) ? [file.remote] : []))
  const owners = taken.length === 0 ? new Map<string, string>() : yield* items.ownersOf(taken, item.id)
  const total = manifest.reduce((sum, file) => sum + file.size, 0)
  shared.tasks.set(String(item.id), yield* progress.task(display(basename(item.path)), total))
  const results = yield* Effect.forEach(manifest, (file) => sendFile(item, file, extracted, shared, owners), {
    concurrency: filesAtOnce
  })
  shared.tasks.delete(String(item.id))
  const sent = results.flatMap((result) => (result.sent === null ? [] : [result.sent]))
  const troubles: Array<Trouble> = []
  for (const [index, result] of results.entries()) {
    if (result.trouble === null) continue
    // A member whose name is taken costs the extracted copy, never the original's upload.
    if (result.trouble.kind === "blocked" && manifest[index]?.origin === "extracted") refused.push(result.trouble.why)
    else troubles.push(result.trouble)
  }
  const [trouble = null] = troubles.toSorted((a, b) => rank[a.kind] - rank[b.kind])
  const failure = [extracted.failure, ...refused].filter((why) => why !== null).join("; ")
  const outcome = { ...registered, manifest, sent, trouble }
  if (failure !== "") return { ...outcome, extracted: { ...extracted, failure } } satisfies Passage
  return { ...outcome, extracted } satisfies Passage
}, Effect.scoped)

/** Moves the bars by what rclone says of each item's transfers. */
const watch = Effect.fnUntraced(function* (shared: Shared) {
  const remote = yield* Remote
  for (const [group, bytes] of yield* remote.progress) shared.tasks.get(group)?.update(bytes, "uploading")
})

/** Extracts and sends all items of a batch, several at once; one that fails does not hold up the others. */
export const sendBatch = Effect.fn("upload.sendBatch")(function* (
  batch: ReadonlyArray<Registered>,
  there: Map<string, RemoteFile>,
  stopped: Ref.Ref<string | null>
) {
  const journal = yield* Journal
  const remote = yield* Remote
  const shared: Shared = {
    info: yield* remote.info,
    there,
    taken: new Set(batch.flatMap(({ files }) => files.map((file) => file.remote))),
    stopped,
    extracting: yield* Semaphore.make(1),
    reading: yield* Semaphore.make(readsAtOnce),
    tasks: new Map()
  }
  const [first] = batch
  const subject = first === undefined ? "" : first.item.path
  return yield* journal.step(
    "upload.send",
    subject,
    `${batch.length} items`,
    Effect.gen(function* () {
      yield* watch(shared).pipe(Effect.delay("500 millis"), Effect.forever, Effect.forkScoped)
      return yield* Effect.forEach(batch, (registered) => passItem(registered, shared), { concurrency: itemsAtOnce })
    }).pipe(Effect.scoped)
  )
})

/** Lists once more and proves every file that was sent. What is refuted is remembered, so that its copy is replaced. */
export const proveBatch = Effect.fn("upload.proveBatch")(function* (passages: ReadonlyArray<Passage>) {
  const journal = yield* Journal
  const remote = yield* Remote
  const items = yield* Items
  const [first] = passages
  const subject = first === undefined ? "" : first.item.path
  const proveItem = Effect.fnUntraced(function* (
    passage: Passage,
    listed: ReadonlyMap<string, RemoteFile>,
    info: RemoteInfo
  ) {
    const { extracted, item } = passage
    const results = yield* Effect.forEach(
      passage.sent,
      (sent) =>
        prove(sent, sourceOf(item, sent.file, extracted.folder), listed.get(sent.file.remote), info).pipe(
          Effect.map((file) => ({ file: file satisfies ItemFile, trouble: null })),
          Effect.catchTag("Unproven", (error) =>
            Effect.succeed({
              file: { ...sent.file, proof: refuted } satisfies ItemFile,
              trouble: { kind: "failed", why: error.message } satisfies Trouble
            })
          ),
          Effect.catch((error) => Effect.succeed({ file: sent.file, trouble: troubleOf(error) }))
        ),
      { concurrency: 8 }
    )
    const trouble = results.find((result) => result.trouble !== null)?.trouble ?? null
    return { passage, files: results.map((result) => result.file), trouble: passage.trouble ?? trouble }
  })
  return yield* journal.step(
    "upload.verify",
    subject,
    `${passages.length} items`,
    Effect.gen(function* () {
      const info = yield* remote.info
      const listed = yield* listBatch(passages.map(({ item }) => item))
      const proven = yield* Effect.forEach(passages, (passage) => proveItem(passage, listed, info), { concurrency: 4 })
      yield* items.atomically(Effect.forEach(proven, ({ files }) => items.putFiles(files), { discard: true }))
      return proven
    })
  )
})
