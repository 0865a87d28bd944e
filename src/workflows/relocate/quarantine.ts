import { Clock, Duration, Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import { isSameInode } from "../../domain/fence.ts"
import type { SagaEntry } from "../../domain/sagas.ts"
import { display } from "../../platform/BytePath.ts"
import { Disk } from "../../services/Disk.ts"
import { Views } from "../../services/Views.ts"
import { Journal } from "../../state/Journal.ts"
import { type BlobNote, Sagas } from "../../state/Sagas.ts"
import { andLook, atTarget, fine, lookAtFile, noStrangers, siblingsFine, targetIntact, trouble } from "./look.ts"
import { asidePath, hold, nameOf, next, type Work } from "./machine.ts"
import { entryAt } from "./whereabouts.ts"
import { ofLook } from "./words.ts"

/** Each name is at its place or, where a crash has cut this off, in the quarantine already. */
const sourceAnywhere = Effect.fnUntraced(function* ({ blobs, names, plan, saga }: Work) {
  for (const entry of plan.entries) {
    const blob = blobs.get(entry.blob)
    if (blob === undefined) return trouble(`${display(entry.source)} is none of its files`)
    const aside = yield* entryAt(asidePath(saga.id, entry), entry.from)
    const moved = aside !== undefined && isSameInode(blob.fence, aside.fence)
    // The first rename has moved the ctime of all names of an inode.
    const some = (names.get(entry.blob)?.length ?? 0) > 1
    const path = moved ? asidePath(saga.id, entry) : entry.source
    const looked = yield* lookAtFile(path, blob.fence, !moved && !some, { dir: entry.from, links: blob.links })
    if (looked._tag !== "fine") return looked
  }
  return fine
})

const setAside = Effect.fnUntraced(function* ({ blobs, saga }: Work, entry: SagaEntry) {
  const views = yield* Views
  const blob = blobs.get(entry.blob)
  const path = asidePath(saga.id, entry)
  const there = yield* entryAt(path, entry.from)
  if (blob === undefined || (there !== undefined && isSameInode(blob.fence, there.fence))) return
  yield* views.aside({ anchor: entry.from, path: entry.source }, blob.fence, { anchor: entry.from, path })
})

/**
 * Puts the source aside on its own filesystem. Everything is looked at again right before: a link or a torrent that has
 * come meanwhile sends the saga back.
 */
export const quarantine = Effect.fn("relocate.quarantine")(
  function* (work: Work) {
    const disk = yield* Disk
    const journal = yield* Journal
    const sagas = yield* Sagas
    const { storage } = yield* AppConfig
    const { plan, saga } = work
    const outcome = ofLook(
      yield* sourceAnywhere(work).pipe(
        andLook(targetIntact(work)),
        andLook(siblingsFine(work, atTarget)),
        andLook(noStrangers(work))
      )
    )
    if (outcome !== undefined) return outcome
    const act = Effect.forEach(plan.entries, (entry) => setAside(work, entry), { discard: true })
    yield* journal.step("relocate.quarantine", plan.entries[0]?.source ?? "", `saga ${saga.id}`, act)
    const notes: Array<BlobNote> = []
    for (const { fence, number } of plan.blobs) {
      const entry = nameOf(work, number)
      const found = entry === undefined ? undefined : yield* disk.stat(asidePath(saga.id, entry))
      if (found?._tag !== "Known" || !isSameInode(fence, found.value.fence)) {
        return hold(`${display(entry?.source ?? "a file")} did not arrive in the quarantine`)
      }
      notes.push({ number, aside: found.value.fence })
    }
    yield* sagas.noteBlobs(saga.id, notes)
    const term = storage === undefined ? 0 : Duration.toMillis(storage.quarantineFor)
    return next("quarantined", { quarantineUntil: (yield* Clock.currentTimeMillis) + term, promisedBytes: 0 })
    // Both copies are whole, and the torrents seed from the new one: the next run tries again.
  },
  Effect.catchTags({
    Unseen: ({ why }) => Effect.succeed(hold(why)),
    ViewsError: (error) => Effect.succeed(hold(error.message))
  })
)
