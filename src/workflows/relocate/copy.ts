import { Effect } from "effect"
import type { Saga, SagaBlob } from "../../domain/sagas.ts"
import { dirname, display } from "../../platform/BytePath.ts"
import { Progress } from "../../platform/Progress.ts"
import { bytes } from "../../platform/Text.ts"
import { AppConfig } from "../../config/AppConfig.ts"
import { Disk } from "../../services/Disk.ts"
import { Views } from "../../services/Views.ts"
import { Journal } from "../../state/Journal.ts"
import { Sagas } from "../../state/Sagas.ts"
import { lookAtFile } from "./look.ts"
import { back, blobPath, hold, nameOf, next, targetDirs, type Work } from "./machine.ts"
import { ofViews } from "./words.ts"

const isCopied = ({ origin }: SagaBlob) => origin.kind === "copy"

/** Bytes that other sagas have still to write there. */
const promisedThere = ({ id, toFsid }: Saga) =>
  Effect.gen(function* () {
    const open = yield* (yield* Sagas).open
    return open.reduce((sum, one) => sum + (one.id !== id && one.toFsid === toFsid ? one.promisedBytes : 0), 0)
  })

/** Room for what has still to be written, beside what stays free and what others were promised. */
export const reserve = Effect.fn("relocate.reserve")(function* (work: Work) {
  const disk = yield* Disk
  const { storage } = yield* AppConfig
  const { saga } = work
  const [dir = "/"] = targetDirs(work.plan)
  const free = yield* disk.freeBytes(dir)
  if (free._tag !== "Known") return hold(`the free space of ${display(dir)} cannot be read`)
  const promised = yield* promisedThere(saga)
  const room = free.value - promised - (storage?.reserveBytes ?? 0)
  return saga.promisedBytes <= room
    ? next("reserved")
    : back(
        `it needs ${bytes(saga.promisedBytes)} in ${display(dir)}, and ${bytes(Math.max(0, room))} may be used there`
      )
})

/** Written to its end by a run that fell before it could say so. It is read back and compared before it is used. */
const unnoted = Effect.fnUntraced(function* (path: string, { size }: SagaBlob) {
  const found = yield* (yield* Disk).stat(path)
  if (found._tag !== "Known") return undefined
  const { fence, kind, links } = found.value
  return kind === "file" && links === 1 && fence.size === BigInt(size) ? fence : undefined
})

/** One copy for each inode. What an earlier run has written to its end is taken as it is; it will be read back anyway. */
export const copyAll = Effect.fn("relocate.copy")(
  function* (work: Work) {
    const journal = yield* Journal
    const progress = yield* Progress
    const sagas = yield* Sagas
    const views = yield* Views
    const { plan, saga } = work
    const copies = plan.blobs.filter(isCopied)
    const total = copies.reduce((sum, { size }) => sum + size, 0)
    const task = yield* progress.task(display(saga.subject), total)
    let before = 0
    let open = total
    for (const blob of copies) {
      const to = blobPath(work, blob.number)
      const entry = nameOf(work, blob.number)
      if (entry === undefined) return back(`a file of ${blob.size} bytes has lost its name`)
      const there =
        blob.target === null ? undefined : yield* lookAtFile(to.path, blob.target, false, { dir: to.anchor })
      if (there?._tag === "unknown") return hold(there.why)
      const left = there?._tag === "fine" ? undefined : yield* unnoted(to.path, blob)
      if (left !== undefined) yield* sagas.noteBlob(saga.id, blob.number, { target: left })
      else if (there?._tag !== "fine") {
        const source = { anchor: entry.from, path: entry.source }
        const act = Effect.gen(function* () {
          yield* views.staging({ anchor: to.anchor, path: dirname(to.path) })
          return yield* views.copy(source, blob.fence, to, (done) => task.update(before + done, "copying"))
        })
        const copied = yield* journal.step(
          "relocate.copy",
          entry.source,
          `${bytes(blob.size)} for saga ${saga.id}`,
          act
        )
        yield* sagas.noteBlob(saga.id, blob.number, { sourceId: copied.contentId, target: copied.fence })
      }
      before += blob.size
      open -= blob.size
      yield* sagas.note(saga.id, { promisedBytes: open })
    }
    return undefined
  },
  Effect.scoped,
  Effect.catchTag("ViewsError", (error) => Effect.succeed(ofViews(error)))
)
