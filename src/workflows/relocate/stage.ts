import { Effect } from "effect"
import { dirname, display, join } from "../../platform/BytePath.ts"
import { count } from "../../platform/Text.ts"
import { Disk } from "../../services/Disk.ts"
import { Views } from "../../services/Views.ts"
import { Journal } from "../../state/Journal.ts"
import { type BlobNote, Sagas } from "../../state/Sagas.ts"
import {
  andLook,
  atSource,
  fine,
  lookAtFile,
  noStrangers,
  siblingsFine,
  sourceIntact,
  targetIntact,
  trouble,
  unknown
} from "./look.ts"
import { donorPath, hold, nameOf, next, stagedPath, targetDirs, viewsOf, type Work } from "./machine.ts"
import { tidy } from "./tidy.ts"
import { ofLook, ofViews } from "./words.ts"

/** What was proven is still what it was; our own names on it have moved its ctime, if we had made some already. */
const provenIntact = Effect.fnUntraced(function* (work: Work) {
  for (const { number, proven } of work.plan.blobs) {
    if (proven === null) return trouble("not all of it was proven")
    const looked = yield* lookAtFile(donorPath(work, number).path, proven, false)
    if (looked._tag !== "fine") return looked
  }
  return fine
})

/** The views are as many files as they have to be, each the inode that it has to be, and nothing else. */
const viewsComplete = Effect.fnUntraced(function* (work: Work, dir: string) {
  const disk = yield* Disk
  const { plan, saga } = work
  const views = viewsOf(saga.id, dir)
  const tree = yield* disk.walk(views)
  if (tree._tag !== "Known") return unknown(`${display(views)} cannot be read`)
  const expected = new Map(
    plan.entries
      .filter(({ to }) => to === dir)
      .map((entry) => [stagedPath(saga.id, entry), work.blobs.get(entry.blob)] as const)
  )
  const { files, others } = tree.value
  if (files.length !== expected.size || others.length > 0) {
    return trouble(`${display(views)} holds ${count(files.length + others.length, "file")}, not ${expected.size}`)
  }
  for (const { fence, path } of files) {
    const target = expected.get(join(views, path))?.target ?? null
    if (target === null || target.ino !== fence.ino || target.size !== fence.size) {
      return trouble(`${display(path)} in the staging folder is another file`)
    }
  }
  return fine
})

/** Builds the views of all its torrents beside the place where they will be. */
export const stage = Effect.fn("relocate.stage")(
  function* (work: Work) {
    const journal = yield* Journal
    const views = yield* Views
    const { plan, saga } = work
    const outcome = ofLook(
      yield* sourceIntact(work).pipe(
        andLook(noStrangers(work)),
        andLook(siblingsFine(work, atSource)),
        andLook(provenIntact(work))
      )
    )
    if (outcome !== undefined) return outcome

    const build = Effect.gen(function* () {
      for (const dir of targetDirs(plan)) yield* views.staging({ anchor: dir, path: viewsOf(saga.id, dir) })
      for (const entry of plan.entries) {
        const fence = work.blobs.get(entry.blob)?.proven
        const path = stagedPath(saga.id, entry)
        const anchor = viewsOf(saga.id, entry.to)
        if (fence === null || fence === undefined) continue
        if (dirname(path) !== anchor) {
          yield* views.folders({ anchor: entry.from, path: dirname(entry.source) }, { anchor, path: dirname(path) })
        }
        yield* views.link(donorPath(work, entry.blob), fence, { anchor, path })
      }
    })
    yield* journal.step("relocate.stage", plan.entries[0]?.source ?? "", `views of saga ${saga.id}`, build)
    for (const dir of targetDirs(plan)) {
      const incomplete = ofLook(yield* viewsComplete(work, dir))
      if (incomplete !== undefined) return incomplete
    }
    return next("staged")
  },
  Effect.catchTag("ViewsError", (error) => Effect.succeed(ofViews(error)))
)

/** Puts the views in their place; nobody has been told of it yet. */
export const publish = Effect.fn("relocate.publish")(
  function* (work: Work) {
    const disk = yield* Disk
    const journal = yield* Journal
    const sagas = yield* Sagas
    const views = yield* Views
    const { plan, saga } = work
    const before = ofLook(yield* sourceIntact(work))
    if (before !== undefined) return before
    const put = Effect.forEach(
      targetDirs(plan),
      (dir) => views.publish({ anchor: dir, path: viewsOf(saga.id, dir) }, { anchor: dir, path: dir }),
      { discard: true }
    )
    yield* journal.step("relocate.publish", plan.entries[0]?.target ?? "", `views of saga ${saga.id}`, put)
    const outcome = ofLook(yield* targetIntact(work))
    if (outcome !== undefined) return outcome
    // What is left in the staging folder are second names of what is in place now.
    yield* tidy(work)
    const found: Array<BlobNote> = []
    for (const { number } of plan.blobs) {
      const now = yield* disk.stat(nameOf(work, number)?.target ?? "")
      if (now._tag === "Known") found.push({ number, target: now.value.fence })
    }
    yield* sagas.noteBlobs(saga.id, found)
    return next("published")
  },
  Effect.catchTags({
    Unseen: ({ why }) => Effect.succeed(hold(why)),
    ViewsError: (error) => Effect.succeed(ofViews(error))
  })
)
