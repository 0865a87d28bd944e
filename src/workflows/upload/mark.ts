import { Clock, Data, DateTime, Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import { type Item, type ItemFile, markerOf } from "../../domain/items.ts"
import { destination, digestOf } from "../../domain/manifest.ts"
import * as Marker from "../../domain/marker.ts"
import { shownRemote } from "../../domain/remoteName.ts"
import { writeAtomic } from "../../platform/AtomicFile.ts"
import { display } from "../../platform/BytePath.ts"
import { Disk } from "../../services/Disk.ts"
import { Gate } from "../../services/Gate.ts"
import { Items } from "../../state/Items.ts"
import { Journal } from "../../state/Journal.ts"
import type { Extracted } from "./extract.ts"

/** What lies where the marker would go is somebody's file, and stays. */
export class NotOurMarker extends Data.TaggedError("NotOurMarker")<{ readonly path: string; readonly why: string }> {
  override get message() {
    return `${display(this.path)} is no sign of ours (${this.why}) and is left as it is: the item is uploaded, but not marked beside it`
  }
}

const largestMarker = 65_536

/** An empty one is another tool's sign; anything else that is not ours may be the payload of a torrent. */
const whatIsThere = Effect.fnUntraced(function* (path: string) {
  const disk = yield* Disk
  const there = yield* disk.stat(path)
  const refuse = (why: string) => new NotOurMarker({ path, why })
  if (there._tag === "Absent") return "nothing"
  if (there._tag === "Unreadable") return yield* refuse(there.why)
  const { fence, kind } = there.value
  if (kind !== "file") return yield* refuse(`it is a ${kind}`)
  if (fence.size === 0n) return "empty"
  if (fence.size > largestMarker) return yield* refuse(`it has ${fence.size} bytes`)
  const bytes = yield* disk.read(path, 0, largestMarker).pipe(Effect.mapError((error) => refuse(error.message)))
  if (Marker.parse(new TextDecoder().decode(bytes)) === undefined) return yield* refuse("it says something else")
  return "ours"
})

/** The sign for people, never over a file that is somebody's. */
export const writeMarker = Effect.fnUntraced(function* (
  item: Item,
  files: ReadonlyArray<ItemFile>,
  digest: string,
  uploadedAt: number
) {
  const config = yield* AppConfig
  const path = markerOf(item)
  yield* whatIsThere(path)
  const remote = shownRemote(config.upload.remote)
  const separator = remote.endsWith(":") || remote.endsWith("/") ? "" : "/"
  const text = Marker.print({
    digest,
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
    remote: `${remote}${separator}${destination(item)}`,
    uploadedAt: DateTime.formatIso(DateTime.makeUnsafe(uploadedAt))
  })
  yield* writeAtomic(path, new TextEncoder().encode(text))
})

/** A sign that cannot be put up is worth a warning, not the run. */
const sign = (item: Item, files: ReadonlyArray<ItemFile>, digest: string, uploadedAt: number) =>
  Effect.catch(writeMarker(item, files, digest, uploadedAt), (error) => Effect.logWarning(error.message))

/** Takes the sign back from an item that is not what was uploaded any more. */
export const unmark = Effect.fn("upload.unmark")(
  function* (item: Item) {
    const config = yield* AppConfig
    const gate = yield* Gate
    const journal = yield* Journal
    const path = markerOf(item)
    if ((yield* whatIsThere(path)) !== "ours") return
    const evidence = { _tag: "Derived", path, within: config.completedDir, from: item.path } as const
    yield* journal.step("upload.discard", item.path, display(path), gate.pass(evidence))
  },
  Effect.catch((error) => Effect.logWarning(error.message))
)

export interface Finished {
  readonly item: Item
  readonly files: ReadonlyArray<ItemFile>
  readonly extracted: Extracted
  readonly stamp: string
}

/** First the database, in one transaction for all of them, then the markers: a sign without the truth is worth nothing. */
export const mark = Effect.fn("upload.mark")(function* (finished: ReadonlyArray<Finished>) {
  const items = yield* Items
  const journal = yield* Journal
  const [first] = finished
  if (first === undefined) return
  const now = yield* Clock.currentTimeMillis
  const record = ({ extracted, files, item, stamp }: Finished) =>
    items.setFiles(item.id, files).pipe(
      Effect.andThen(
        items.update(item.id, {
          state: "uploaded",
          reason: null,
          errorClass: extracted.failure === null ? null : extracted.temporary ? "extraction-temporary" : "extraction",
          extraction: extracted.failure === null ? (extracted.files.length > 0 ? "done" : "none") : "failed",
          extractionReason: extracted.failure,
          digest: digestOf(files),
          stamp,
          uploadedAt: now
        })
      )
    )
  yield* journal.step(
    "upload.mark",
    first.item.path,
    `${finished.length} items`,
    items.atomically(Effect.forEach(finished, record, { discard: true })).pipe(
      Effect.andThen(
        Effect.forEach(finished, ({ files, item }) => sign(item, files, digestOf(files), now), {
          concurrency: 8,
          discard: true
        })
      )
    )
  )
})
