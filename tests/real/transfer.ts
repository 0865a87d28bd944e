import { Data, Effect } from "effect"
import type { AddOptions, ApiError, TorrentInfo } from "./qbittorrent-api.ts"
import type { Qbittorrent } from "./qbittorrent.ts"
import type { Torrent } from "./torrent.ts"

export class TransferTimeout extends Data.TaggedError("TransferTimeout")<{
  readonly waitedFor: string
  readonly last: TorrentInfo | undefined
}> {
  override get message() {
    return `${this.waitedFor}: last seen as ${JSON.stringify(this.last)}`
  }
}

// Complete, and past the checking and moving that end a download.
const seedingStates = new Set(["uploading", "stalledUP", "forcedUP", "queuedUP", "pausedUP", "stoppedUP"])

/** Looks every 100 ms until the torrent is as asked; `between` runs before each look. */
export const waitForTorrent = <E = never>(
  instance: Qbittorrent,
  infohash: string,
  waitedFor: string,
  isReached: (torrent: TorrentInfo) => boolean,
  options: { readonly timeoutMillis?: number; readonly between?: Effect.Effect<unknown, E> } = {}
): Effect.Effect<TorrentInfo, ApiError | TransferTimeout | E> =>
  Effect.gen(function* () {
    const deadline = Date.now() + (options.timeoutMillis ?? 45_000)
    for (;;) {
      if (options.between !== undefined) yield* options.between
      const last = yield* instance.api.torrent(infohash)
      if (last !== undefined && isReached(last)) return last
      if (Date.now() > deadline) return yield* new TransferTimeout({ waitedFor, last })
      yield* Effect.sleep("100 millis")
    }
  })

const isComplete = (torrent: TorrentInfo) => torrent.progress === 1 && seedingStates.has(torrent.state)

/** Adds a torrent whose data lies at the save path already, has it checked unless told not to, and waits till it seeds. */
export const addComplete = (
  instance: Qbittorrent,
  torrent: Torrent,
  savePath: string,
  options: Omit<AddOptions, "savePath"> = {}
): Effect.Effect<TorrentInfo, ApiError | TransferTimeout> =>
  Effect.andThen(
    instance.api.add(torrent, { ...options, savePath }),
    waitForTorrent(instance, torrent.infohash, "seeding what is on disk", isComplete)
  )

export interface SeedOptions {
  readonly seeder: Qbittorrent
  readonly downloader: Qbittorrent
  readonly torrent: Torrent
  /** Where the seeder's copy of the payload lies. */
  readonly seederSavePath: string
  /** How the downloader adds it. */
  readonly add?: AddOptions
  readonly timeoutMillis?: number
}

/** Has the downloader fetch the torrent from the seeder, and waits until it is complete there. */
export const seedTo = (options: SeedOptions): Effect.Effect<TorrentInfo, ApiError | TransferTimeout> =>
  Effect.gen(function* () {
    const { seeder, downloader, torrent } = options
    yield* addComplete(seeder, torrent, options.seederSavePath)
    yield* downloader.api.add(torrent, options.add)
    // A peer added while the torrent is still being set up is dropped, so it is added again now and then.
    let looks = 0
    const introduce = Effect.suspend(() =>
      looks++ % 10 === 0
        ? Effect.ignore(downloader.api.addPeers(torrent.infohash, [`127.0.0.1:${seeder.peerPort}`]))
        : Effect.void
    )
    const wait = options.timeoutMillis === undefined ? {} : { timeoutMillis: options.timeoutMillis }
    return yield* waitForTorrent(downloader, torrent.infohash, "the download", isComplete, {
      ...wait,
      between: introduce
    })
  })
