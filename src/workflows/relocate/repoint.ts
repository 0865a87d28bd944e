import { Effect } from "effect"
import type { SagaTorrent } from "../../domain/sagas.ts"
import { activityOf, isSeeding, liesAtSavePath } from "../../domain/torrents.ts"
import { display } from "../../platform/BytePath.ts"
import { Progress } from "../../platform/Progress.ts"
import { TorrentClient } from "../../services/TorrentClient.ts"
import { TorrentGone } from "../../services/TorrentSteering.ts"
import { Journal } from "../../state/Journal.ts"
import { Sagas } from "../../state/Sagas.ts"
import {
  andLook,
  atTarget,
  fine,
  lookAtFile,
  noStrangers,
  siblingsFine,
  sourceIntact,
  targetIntact,
  trouble
} from "./look.ts"
import { back, next, type Work } from "./machine.ts"
import { ofLook, ofSteering } from "./words.ts"

/**
 * Points one torrent at `folder`, where all of its files lie already, and has everything there read. The client moves
 * nothing then: what is there is kept, and what is at the old place is left. Stopped first, since a running torrent
 * would write into what its siblings share; its management off, or the client would take it back; without a download
 * path, or a failed check would take the files along. Returns why it did not come to 100 %, if it did not.
 */
export const pointAt = Effect.fn("relocate.point")(function* (torrent: SagaTorrent, folder: string) {
  const client = yield* TorrentClient
  const progress = yield* Progress
  const { hash, name } = torrent
  yield* client.stop(hash)
  yield* client.setAutoManagement(hash, false)
  yield* client.setDownloadPath(hash, "")
  yield* client.setLocation(hash, folder)
  const settled = yield* client.settled(hash)
  if (settled.savePath !== folder || !liesAtSavePath(settled)) {
    return `${display(name)} is said to lie in ${display(settled.contentPath)} after it was pointed at ${display(folder)}`
  }
  const size = torrent.files.reduce((sum, file) => sum + (file.wanted ? file.size : 0), 0)
  const task = yield* progress.task(display(name), size)
  const held = yield* client.recheck(hash, (seen) =>
    Effect.sync(() => task.update(Math.floor(seen.progress * size), "being checked by qBittorrent"))
  )
  if (held.complete && liesAtSavePath(held.settings) && held.settings.savePath === folder) return null
  return `${display(name)} is at ${Math.floor(held.settings.progress * 1000) / 10} % in ${display(folder)}, ${held.lacking} pieces are missing; it stays stopped`
}, Effect.scoped)

/** Each file that the client has at the old place is at the new one: what is not, the client would move by itself. */
const allThere = Effect.fnUntraced(function* ({ blobs }: Work, torrent: SagaTorrent) {
  const client = yield* TorrentClient
  const contents = yield* client.contents(torrent.hash)
  const known = new Map(torrent.files.map((file) => [file.index, file]))
  for (const { index, path, wanted } of contents) {
    const file = known.get(index)
    if (file === undefined || file.path !== path)
      return trouble(`${display(path)} of ${display(torrent.name)} was renamed`)
    if (wanted && !file.wanted) return trouble(`${display(path)} of ${display(torrent.name)} was selected meanwhile`)
    if (file.blob === null) continue
    const fence = blobs.get(file.blob)?.target
    const looked =
      fence === undefined || fence === null ? fine : yield* lookAtFile(`${torrent.target}/${path}`, fence, false)
    if (looked._tag !== "fine") return looked
  }
  return fine
})

/** Where it is now, if that is neither where it was nor where it is to be: somebody has taken it there, and it stays. */
export const takenTo = Effect.fnUntraced(function* ({ run }: Work, { folder, hash, target }: SagaTorrent) {
  const seen = yield* (yield* TorrentClient).settings(hash)
  if (seen === null) return null
  const now = yield* run.canonical(seen.savePath)
  return now === folder || now === target ? null : seen.savePath
})

const isThere = Effect.fnUntraced(function* ({ hash, repointed, target }: SagaTorrent) {
  if (!repointed) return false
  const seen = yield* (yield* TorrentClient).settings(hash)
  if (seen === null) return yield* new TorrentGone({ hash })
  const resting = activityOf(seen.state) === "stopped" || isSeeding(seen.state)
  return resting && seen.savePath === target && liesAtSavePath(seen) && seen.progress >= 1 && !seen.autoManaged
})

/** All torrents, one after the other; none is started before all of them are whole. */
export const repoint = Effect.fn("relocate.repoint")(
  function* (work: Work) {
    const journal = yield* Journal
    const sagas = yield* Sagas
    const { plan, saga } = work
    const before = ofLook(yield* sourceIntact(work).pipe(andLook(targetIntact(work)), andLook(noStrangers(work))))
    if (before !== undefined) return before
    for (const torrent of plan.torrents) {
      if (yield* isThere(torrent)) continue
      const taken = yield* takenTo(work, torrent)
      if (taken !== null) return back(`${display(torrent.name)} was taken to ${display(taken)} meanwhile`)
      const looked = ofLook(yield* allThere(work, torrent))
      if (looked !== undefined) return looked
      const act = pointAt(torrent, torrent.target)
      const why = yield* journal.step("relocate.repoint", torrent.hash, `to ${display(torrent.target)}`, act)
      if (why !== null) return back(why)
      yield* sagas.setRepointed(saga.id, torrent.hash, true)
    }
    return next("repointed")
  },
  Effect.catchTags({
    TorrentGone: (error) => Effect.succeed(ofSteering(error)),
    SteeringRefused: (error) => Effect.succeed(ofSteering(error)),
    SteeringStuck: (error) => Effect.succeed(ofSteering(error)),
    NoClientPath: (error) => Effect.succeed(ofSteering(error))
  })
)

/** Automatic management is given back only where it would move nothing: the client is asked. */
export const manageAgain = Effect.fnUntraced(function* ({ autoManaged, hash, name }: SagaTorrent) {
  if (!autoManaged) return
  const client = yield* TorrentClient
  yield* client.setAutoManagement(hash, true).pipe(
    Effect.catchTags({
      SteeringRefused: (error) =>
        Effect.logInfo(`${display(name)} stays out of automatic management: ${error.message}`),
      SteeringStuck: (error) => Effect.logWarning(error.message)
    })
  )
})

/** Starts those that were running. */
export const goLive = Effect.fn("relocate.live")(
  function* (work: Work) {
    const client = yield* TorrentClient
    const journal = yield* Journal
    const { plan } = work
    // A run that fell before this may have been long ago.
    const before = ofLook(yield* siblingsFine(work, atTarget))
    if (before !== undefined) return before
    for (const torrent of plan.torrents) {
      if (torrent.ran) {
        const detail = torrent.forced ? "forced, as it was" : "as it was"
        yield* journal.step("relocate.start", torrent.hash, detail, client.start(torrent.hash, torrent.forced))
      }
      yield* manageAgain(torrent)
    }
    return ofLook(yield* siblingsFine(work, atTarget)) ?? next("live")
  },
  Effect.catchTags({
    TorrentGone: (error) => Effect.succeed(ofSteering(error)),
    SteeringRefused: (error) => Effect.succeed(ofSteering(error)),
    SteeringStuck: (error) => Effect.succeed(ofSteering(error))
  })
)
