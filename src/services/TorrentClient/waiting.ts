import { Clock, Duration, Effect } from "effect"
import { activityOf, type TorrentHoldings, type TorrentSettings } from "../../domain/torrents.ts"
import { type OnProgress, SteeringStuck, type TorrentGone } from "../TorrentSteering.ts"
import type { Failing, Looking } from "./looking.ts"

export interface WaitingPatience {
  /** Between looks. */
  readonly look: Duration.Input
  /** For what happens at once, but for the client's own refresh. */
  readonly change: Duration.Input
  /** How long a move or a check may show no change at all. Others may be ahead of it in the client's queue. */
  readonly stall: Duration.Input
}

export type Waited = Failing | TorrentGone | SteeringStuck

const busy = new Set(["moving", "checking", "unknown"])
export const isBusy = (settings: TorrentSettings): boolean => busy.has(activityOf(settings.state))

export const shows = ({ contentPath, progress, savePath, state }: TorrentSettings): string =>
  `${state} at ${Math.floor(progress * 1000) / 10} %, save path ${savePath}, content in ${contentPath}`

const fingerprint = (seen: TorrentSettings): string =>
  JSON.stringify([seen.state, seen.progress, seen.amountLeft, seen.savePath, seen.contentPath, seen.autoManaged])

const quietly: OnProgress = () => Effect.void

export const makeWaiting = (looking: Looking, patience: WaitingPatience) => {
  const look = Duration.fromInputUnsafe(patience.look)
  const stallMillis = Duration.toMillis(Duration.fromInputUnsafe(patience.stall))

  /**
   * Looks until `ended` gives something, or until nothing has changed for the quiet time with neither a move nor a
   * check going on; then `otherwise` says what that is.
   */
  const watch = Effect.fnUntraced(function* <A>(
    hash: string,
    operation: string,
    onProgress: OnProgress,
    ended: (seen: TorrentSettings) => Effect.Effect<A | undefined, Failing | TorrentGone>,
    otherwise: (seen: TorrentSettings) => Effect.Effect<A, Failing | TorrentGone>
  ): Effect.fn.Return<A, Waited> {
    const quietMillis = (yield* looking.quietMillis) + Duration.toMillis(look)
    let last = ""
    let since = yield* Clock.currentTimeMillis
    for (;;) {
      const seen = yield* looking.required(hash)
      const now = yield* Clock.currentTimeMillis
      const print = fingerprint(seen)
      if (print !== last) {
        last = print
        since = now
        yield* onProgress({ state: seen.state, progress: seen.progress })
      }
      const result = yield* ended(seen)
      if (result !== undefined) return result
      if (!isBusy(seen) && now - since >= quietMillis) return yield* otherwise(seen)
      if (now - since >= stallMillis) return yield* new SteeringStuck({ hash, operation, shows: shows(seen) })
      yield* Effect.sleep(look)
    }
  })

  return {
    settled: (hash: string, operation: string, onProgress: OnProgress = quietly) =>
      watch<TorrentSettings>(hash, operation, onProgress, () => Effect.succeed(undefined), Effect.succeed),

    /** Without the quiet time: what it shows then can be from before. */
    idle: (hash: string, operation: string) =>
      watch<TorrentSettings>(
        hash,
        operation,
        quietly,
        (seen) => Effect.succeed(isBusy(seen) ? undefined : seen),
        Effect.succeed
      ),

    /**
     * The end of a check that has just been asked for. From then on the client shows no progress of the files, until
     * they are checked; what else it shows can be from before. So complete is the end, and anything less only when it
     * lasts.
     */
    checked: (hash: string, operation: string, onProgress: OnProgress = quietly) =>
      watch<TorrentHoldings>(
        hash,
        operation,
        onProgress,
        (seen) =>
          activityOf(seen.state) === "stopped" && seen.progress >= 1
            ? Effect.map(looking.holdings(hash), (held) =>
                held.complete && activityOf(held.settings.state) === "stopped" ? held : undefined
              )
            : Effect.succeed(undefined),
        () => looking.holdings(hash)
      ),

    /** Looks for at most this long until it is as asked; undefined if it never was. */
    reached: Effect.fnUntraced(function* (
      hash: string,
      within: Duration.Input,
      isReached: (seen: TorrentSettings) => boolean
    ): Effect.fn.Return<{ readonly seen: TorrentSettings; readonly reached: boolean }, Failing | TorrentGone> {
      const deadline = (yield* Clock.currentTimeMillis) + Duration.toMillis(Duration.fromInputUnsafe(within))
      for (;;) {
        const seen = yield* looking.required(hash)
        if (isReached(seen)) return { seen, reached: true }
        if ((yield* Clock.currentTimeMillis) > deadline) return { seen, reached: false }
        yield* Effect.sleep(look)
      }
    })
  }
}
