import { Effect } from "effect"
import { isSameInode } from "../../domain/fence.ts"
import { hasReached, type SagaTorrent } from "../../domain/sagas.ts"
import { activityOf, isSeeding, liesAtSavePath } from "../../domain/torrents.ts"
import { display } from "../../platform/BytePath.ts"
import { TorrentClient } from "../../services/TorrentClient.ts"
import { Views } from "../../services/Views.ts"
import { Journal } from "../../state/Journal.ts"
import { andLook, atTarget, fine, lookAtFile, siblingsFine, targetIntact } from "./look.ts"
import { asidePath, hold, next, targetDirs, type Work } from "./machine.ts"
import { manageAgain, pointAt, takenTo } from "./repoint.ts"
import { foldersAbove, publishedFiles, stagedFiles, takeAway, tidySource } from "./tidy.ts"
import { entryAt, sourceNow } from "./whereabouts.ts"

/** What waits in the quarantine goes back to its place, where nothing else has come. */
const comeBack = Effect.fnUntraced(function* ({ blobs, plan, saga }: Work) {
  const journal = yield* Journal
  const views = yield* Views
  for (const entry of plan.entries) {
    const fence = blobs.get(entry.blob)?.fence
    const path = asidePath(saga.id, entry)
    const there = yield* entryAt(path, entry.from)
    if (fence === undefined || there === undefined || !isSameInode(fence, there.fence)) continue
    const act = views.back({ anchor: entry.from, path }, fence, { anchor: entry.from, path: entry.source })
    yield* journal.step("relocate.back", entry.source, `out of the quarantine of saga ${saga.id}`, act)
  }
})

const isUntouched = Effect.fnUntraced(function* (torrent: SagaTorrent) {
  const seen = yield* (yield* TorrentClient).settings(torrent.hash)
  // Who was removed meanwhile needs no place.
  if (seen === null) return true
  const asBefore = torrent.ran ? isSeeding(seen.state) : activityOf(seen.state) === "stopped"
  return asBefore && seen.savePath === torrent.savePath && liesAtSavePath(seen) && seen.progress >= 1
})

/** Back to where its files are still, read there, and as it was. Returns why it is not whole, if it is not. */
const pointBack = Effect.fnUntraced(
  function* (work: Work, torrent: SagaTorrent) {
    const client = yield* TorrentClient
    const journal = yield* Journal
    if ((yield* takenTo(work, torrent)) !== null) return null
    if (!(yield* isUntouched(torrent))) {
      const act = pointAt(torrent, torrent.savePath)
      const why = yield* journal.step("relocate.repoint", torrent.hash, `back to ${display(torrent.savePath)}`, act)
      if (why !== null) return why
      if (torrent.ran) yield* client.start(torrent.hash, torrent.forced)
    }
    if (torrent.downloadPath !== null && !torrent.autoManaged) {
      yield* client.setDownloadPath(torrent.hash, torrent.downloadPath)
    }
    yield* manageAgain(torrent)
    return null
  },
  Effect.catchTag("TorrentGone", () => Effect.succeed(null))
)

/**
 * Where the source is not whole any more there is no way back: what its torrents have at the new place stands, if they
 * are all well there. What is left of the source stays as well.
 */
const standing = Effect.fnUntraced(function* (work: Work) {
  const { plan, saga } = work
  for (const { blob: number, from, source } of plan.entries) {
    const blob = work.blobs.get(number)
    const looked = blob === undefined ? fine : yield* lookAtFile(source, blob.fence, false, { dir: from })
    if (looked._tag === "fine" || blob === undefined) continue
    // Somebody has had it taken elsewhere: it is whole there.
    if ((yield* sourceNow(work, blob)) !== source) continue
    const there = yield* targetIntact(work).pipe(andLook(siblingsFine(work, atTarget)))
    if (looked._tag === "unknown" || there._tag !== "fine") return hold(looked.why)
    return next("done", { reason: `${saga.reason ?? ""}; the move stands, since ${looked.why}` })
  }
  return undefined
})

/**
 * Undoes what a saga has done, from its end to its beginning. The source first, then its torrents, and only then the
 * names at the other side: at each moment one whole copy is where its torrents look for it.
 */
export const rollBack = Effect.fn("relocate.rollback")(
  function* (work: Work) {
    const { plan, saga } = work
    if (hasReached(saga.reached, "live")) yield* comeBack(work)
    if (hasReached(saga.reached, "published")) {
      const stands = yield* standing(work)
      if (stands !== undefined) return stands
      // One that has lost its profile will have them at the new place again when it is back.
      if ((yield* (yield* TorrentClient).torrents).length === 0) return hold("qBittorrent lists no torrent at all")
      for (const torrent of plan.torrents) {
        const why = yield* pointBack(work, torrent)
        if (why !== null) return hold(why)
      }
    }
    if (hasReached(saga.reached, "fenced")) {
      // Names in place were made from what had been staged; before that there can be none.
      const published = hasReached(saga.reached, "staged") ? yield* publishedFiles(work) : []
      const files = [...published, ...(yield* stagedFiles(work, false))]
      const freed = yield* takeAway(work, {
        roots: targetDirs(plan),
        files,
        claimed: published.map(({ path }) => path),
        folders: published.length === 0 ? [] : foldersAbove(plan.entries.map(({ target, to }) => [target, to]))
      })
      const [left] = freed.left
      if (left !== undefined) return hold(`${display(left.path)} stays: ${display(left.why)}`)
    }
    if (hasReached(saga.reached, "live")) yield* tidySource(work)
    return next("aborted", { promisedBytes: 0 })
  },
  Effect.catchTags({
    Unseen: ({ why }) => Effect.succeed(hold(why)),
    ViewsError: (error) => Effect.succeed(hold(error.message)),
    GateRefused: (error) => Effect.succeed(hold(error.message)),
    GateFailed: (error) => Effect.succeed(hold(error.message)),
    SteeringRefused: (error) => Effect.succeed(hold(error.message)),
    SteeringStuck: (error) => Effect.succeed(hold(error.message)),
    NoClientPath: (error) => Effect.succeed(hold(error.message))
  })
)
