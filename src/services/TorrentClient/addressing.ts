import { type Duration, Effect } from "effect"
import type { HttpClientRequest } from "effect/http"
import { display } from "../../platform/BytePath.ts"
import { TorrentClientUnreadable } from "../TorrentClient.ts"
import type { TorrentSteering } from "../TorrentSteering.ts"
import { type Answer, CallFailed } from "./http.ts"
import { type Failing, makeLooking } from "./looking.ts"
import { makeSteering } from "./steering.ts"
import { infohash } from "./wire.ts"

export interface Calls {
  /** Shown to people. */
  readonly url: string
  readonly pathMap: Readonly<Record<string, string>>
  readonly readText: (path: string, urlParams?: Readonly<Record<string, string>>) => Effect.Effect<string, Failing>
  /** Sends it once, whatever the answer is. */
  readonly tell: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Answer, Failing>
  readonly patience: {
    readonly firstRetry: Duration.Input
    readonly look: Duration.Input
    readonly change?: Duration.Input
    readonly stall?: Duration.Input
  }
}

/** The port's calls: each for one torrent alone, and a call that failed told as what it means. */
export const addressed = ({ patience, pathMap, readText, tell, url }: Calls): TorrentSteering => {
  const looking = makeLooking({ readText, pathMap, firstRetry: patience.firstRetry })
  const { look, change = "1 minute", stall = "30 minutes" } = patience
  const steering = makeSteering({ looking, tell, pathMap, patience: { look, change, stall } })

  const of =
    <Rest extends ReadonlyArray<unknown>, A, E>(
      operation: string,
      call: (hash: string, ...rest: Rest) => Effect.Effect<A, E>
    ) =>
    (hash: string, ...rest: Rest): Effect.Effect<A, Exclude<E, CallFailed> | TorrentClientUnreadable> =>
      Effect.suspend((): Effect.Effect<A, E | CallFailed> =>
        infohash.test(hash)
          ? call(hash, ...rest)
          : Effect.fail(new CallFailed({ why: `${display(hash)} is no infohash`, transient: false }))
      ).pipe(
        Effect.catchIf(
          (error) => error instanceof CallFailed,
          ({ why }) => Effect.fail(new TorrentClientUnreadable({ url, operation, why }))
        ),
        Effect.withSpan(`TorrentClient.${operation}`)
      )

  return {
    settings: of("settings", looking.settings),
    contents: of("contents", looking.contents),
    pieceStates: of("pieceStates", looking.pieceStates),
    pieceHashes: of("pieceHashes", looking.pieceHashes),
    holdings: of("holdings", looking.holdings),
    stop: of("stop", steering.stop),
    start: of("start", steering.start),
    recheck: of("recheck", steering.recheck),
    settled: of("settled", steering.settled),
    setAutoManagement: of("setAutoManagement", steering.setAutoManagement),
    setDownloadPath: of("setDownloadPath", steering.setDownloadPath),
    setLocation: of("setLocation", steering.setLocation)
  }
}
