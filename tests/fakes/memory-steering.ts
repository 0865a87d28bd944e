import { Effect } from "effect"
import { holdingsOf, type Torrent, type TorrentFile, type TorrentSettings } from "../../src/domain/torrents.ts"
import type { TorrentClientError } from "../../src/services/TorrentClient.ts"
import { SteeringRefused, TorrentGone, type TorrentSteering } from "../../src/services/TorrentSteering.ts"

interface Held {
  readonly torrent: Torrent
  readonly files: ReadonlyArray<TorrentFile>
  readonly trackers: ReadonlyArray<string>
}

export interface Filing {
  readonly autoManaged: boolean
  readonly downloadPath: string | null
}

type Call = <A>(operation: string, hash: string, act: () => A) => Effect.Effect<A, TorrentClientError>

/**
 * Steering in memory: everything happens at once, each file is a piece of its own, and a recheck finds what the files'
 * progress says. Nothing lies on a disk; for that there is the fake over HTTP.
 */
export const memorySteering = (held: Map<string, Held>, filings: Map<string, Filing>, call: Call): TorrentSteering => {
  const settingsOf = (hash: string): TorrentSettings | null => {
    const found = held.get(hash)
    if (found === undefined) return null
    const { amountLeft, category, contentPath, name, progress, savePath, state, tags } = found.torrent
    const filing = filings.get(hash) ?? { autoManaged: false, downloadPath: null }
    return { hash, name, category, tags, savePath, contentPath, state, progress, amountLeft, ...filing }
  }

  const settings = (hash: string) => call("settings", hash, () => settingsOf(hash))

  const required = (operation: string, hash: string) =>
    Effect.flatMap(
      call(operation, hash, () => settingsOf(hash)),
      (found) => (found === null ? Effect.fail(new TorrentGone({ hash })) : Effect.succeed(found))
    )

  const refuse = (hash: string, operation: string, why: string) => new SteeringRefused({ hash, operation, why })
  const isStopped = (state: string) => /^(stopped|paused)/.test(state)

  const change = (hash: string, over: Partial<Torrent>, filing: Partial<Filing> = {}) => {
    const found = held.get(hash)
    const before = filings.get(hash) ?? { autoManaged: false, downloadPath: null }
    if (found !== undefined) held.set(hash, { ...found, torrent: { ...found.torrent, ...over } })
    filings.set(hash, { ...before, ...filing })
  }

  const contentsOf = (hash: string) =>
    (held.get(hash)?.files ?? []).map((file, index) => ({
      ...file,
      index,
      priority: file.wanted ? 1 : 0,
      firstPiece: index,
      lastPiece: index
    }))
  const piecesOf = (hash: string) => contentsOf(hash).map((file) => (file.progress >= 1 ? 2 : 0))

  const holdings = (operation: string, hash: string) =>
    Effect.map(required(operation, hash), (found) => holdingsOf(found, contentsOf(hash), piecesOf(hash)))

  return {
    settings,
    contents: (hash) => call("contents", hash, () => contentsOf(hash)),
    pieceStates: (hash) => call("pieceStates", hash, () => piecesOf(hash)),
    pieceHashes: (hash) => call("pieceHashes", hash, () => contentsOf(hash).map(() => "0".repeat(40))),
    holdings: (hash) => holdings("holdings", hash),
    stop: (hash) =>
      Effect.flatMap(required("stop", hash), ({ progress }) => {
        change(hash, { state: progress >= 1 ? "stoppedUP" : "stoppedDL" })
        return required("settings", hash)
      }),
    start: (hash, forced) =>
      Effect.gen(function* () {
        const { complete } = yield* holdings("start", hash)
        if (!complete) return yield* refuse(hash, "start", "it is not complete")
        change(hash, { state: forced === true ? "forcedUP" : "stalledUP" })
        return yield* required("settings", hash)
      }),
    recheck: (hash) =>
      Effect.gen(function* () {
        const { downloadPath, state } = yield* required("recheck", hash)
        if (!isStopped(state)) return yield* refuse(hash, "recheck", "it is not stopped")
        if (downloadPath !== null) return yield* refuse(hash, "recheck", "it has a download path")
        const wanted = contentsOf(hash).filter((file) => file.wanted)
        const left = wanted.filter((file) => file.progress < 1).length
        const progress = wanted.length === 0 ? 1 : (wanted.length - left) / wanted.length
        change(hash, { progress, amountLeft: left, state: left === 0 ? "stoppedUP" : "stoppedDL" })
        return yield* holdings("holdings", hash)
      }),
    settled: (hash) => required("settled", hash),
    setAutoManagement: (hash, enable) =>
      Effect.flatMap(required("setAutoManagement", hash), () => {
        change(hash, {}, { autoManaged: enable })
        return required("settings", hash)
      }),
    setDownloadPath: (hash, path) =>
      Effect.gen(function* () {
        const { autoManaged } = yield* required("setDownloadPath", hash)
        if (autoManaged) return yield* refuse(hash, "setDownloadPath", "it is under automatic management")
        change(hash, {}, { downloadPath: path === "" ? null : path })
        return yield* required("settings", hash)
      }),
    setLocation: (hash, folder) =>
      Effect.gen(function* () {
        const seen = yield* required("setLocation", hash)
        if (!isStopped(seen.state)) return yield* refuse(hash, "setLocation", "it is not stopped")
        if (seen.autoManaged) return yield* refuse(hash, "setLocation", "it is under automatic management")
        if (seen.downloadPath !== null) return yield* refuse(hash, "setLocation", "it has a download path")
        change(hash, { savePath: folder, contentPath: folder + seen.contentPath.slice(seen.savePath.length) })
      })
  }
}
