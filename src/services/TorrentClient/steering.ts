import { Duration, Effect } from "effect"
import { HttpClientRequest } from "effect/http"
import {
  activityOf,
  isSeeding,
  liesAtSavePath,
  type TorrentHoldings,
  type TorrentSettings
} from "../../domain/torrents.ts"
import { NoClientPath } from "../TorrentClient.ts"
import { SteeringRefused, SteeringStuck, type TorrentSteering } from "../TorrentSteering.ts"
import { type Answer, filterDone } from "./http.ts"
import { type Failing, type Looking } from "./looking.ts"
import { canonical, makeClientPath } from "./paths.ts"
import { makeWaiting, shows, type Waited, type WaitingPatience } from "./waiting.ts"

type Fields = Readonly<Record<string, string>>
type Acting = Waited | SteeringRefused

export interface SteeringNeeds {
  readonly looking: Looking
  /** Sends it once, whatever the answer is. */
  readonly tell: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Answer, Failing>
  readonly pathMap: Readonly<Record<string, string>>
  readonly patience: WaitingPatience
}

const refusals = new Set([400, 403, 409])

export const makeSteering = (needs: SteeringNeeds) => {
  const { looking, patience, tell } = needs
  const waiting = makeWaiting(looking, patience)
  const toClient = makeClientPath(needs.pathMap)
  const lostWithin = Duration.times(Duration.fromInputUnsafe(patience.look), 10)

  const post = (path: string, fields: Fields) =>
    tell(HttpClientRequest.post(path).pipe(HttpClientRequest.bodyUrlParams(fields)))

  /** The problem, where it may or may not have been carried out: that is to be seen then, not to be asked again. */
  const send = (hash: string, operation: string, paths: readonly [string, ...Array<string>], fields: Fields) =>
    Effect.gen(function* () {
      const [path, ...older] = paths
      let answer = yield* post(path, fields)
      for (const name of older) if (answer.status === 404) answer = yield* post(name, fields)
      if (refusals.has(answer.status)) {
        const why = new TextDecoder().decode(answer.body.subarray(0, 200)).trim()
        return yield* new SteeringRefused({ hash, operation, why: why === "" ? `answered ${answer.status}` : why })
      }
      yield* filterDone(answer)
      return undefined
    }).pipe(Effect.catchTag("CallFailed", (problem) => Effect.succeed(problem)))

  const change = Effect.fnUntraced(function* (
    hash: string,
    operation: string,
    paths: readonly [string, ...Array<string>],
    fields: Fields,
    isReached: (seen: TorrentSettings) => boolean
  ): Effect.fn.Return<TorrentSettings, Acting> {
    const problem = yield* send(hash, operation, paths, fields)
    const within = problem === undefined ? patience.change : lostWithin
    const { reached, seen } = yield* waiting.reached(hash, within, isReached)
    if (reached) return seen
    return yield* problem ?? new SteeringStuck({ hash, operation, shows: shows(seen) })
  })

  const refuse = (hash: string, operation: string, why: string) => new SteeringRefused({ hash, operation, why })

  const stillness = new Set(["stopped", "missing", "error"])
  const tellToStop = (hash: string, operation: string) =>
    change(hash, operation, ["/torrents/stop", "/torrents/pause"], { hashes: hash }, ({ state }) =>
      stillness.has(activityOf(state))
    )

  const stop = Effect.fnUntraced(function* (hash: string): Effect.fn.Return<TorrentSettings, Acting> {
    const seen = yield* waiting.idle(hash, "stop")
    return activityOf(seen.state) === "stopped" ? seen : yield* tellToStop(hash, "stop")
  })

  /** Stopped for certain: what misses its files or is in error may be going to run as soon as it can. */
  const still = Effect.fnUntraced(function* (
    hash: string,
    operation: string
  ): Effect.fn.Return<TorrentSettings, Acting> {
    const seen = yield* looking.required(hash)
    const activity = activityOf(seen.state)
    if (activity === "stopped") return seen
    if (activity === "missing" || activity === "error") return yield* tellToStop(hash, operation)
    return yield* refuse(hash, operation, `it is not stopped: qBittorrent shows ${seen.state}`)
  })

  const incomplete = ({ contents, lacking, settings }: TorrentHoldings) =>
    `it is not complete: ${shows(settings)}, ${lacking} pieces of its ${contents.length} files are not held`

  const start = Effect.fnUntraced(function* (hash: string, forced: boolean): Effect.fn.Return<TorrentSettings, Acting> {
    const operation = "start"
    const { state } = yield* waiting.settled(hash, operation)
    if (isSeeding(state)) return yield* looking.required(hash)
    if (activityOf(state) !== "stopped") return yield* refuse(hash, operation, `qBittorrent shows ${state}`)
    const held = yield* looking.holdings(hash)
    if (!held.complete) return yield* refuse(hash, operation, incomplete(held))
    const [paths, fields]: readonly [readonly [string, ...Array<string>], Fields] = forced
      ? [["/torrents/setForceStart"], { hashes: hash, value: "true" }]
      : [["/torrents/start", "/torrents/resume"], { hashes: hash }]
    const seen = yield* change(hash, operation, paths, fields, (now) => activityOf(now.state) === "running")
    if (isSeeding(seen.state)) return seen
    yield* tellToStop(hash, operation)
    return yield* new SteeringStuck({ hash, operation, shows: `${shows(seen)}; it was stopped again` })
  })

  const recheck = Effect.fnUntraced(function* (
    hash: string,
    onProgress: Parameters<TorrentSteering["recheck"]>[1]
  ): Effect.fn.Return<TorrentHoldings, Acting> {
    const operation = "recheck"
    yield* waiting.idle(hash, operation)
    const seen = yield* still(hash, operation)
    if (seen.downloadPath !== null) {
      return yield* refuse(hash, operation, `a failed check would move it to its download path ${seen.downloadPath}`)
    }
    if (!liesAtSavePath(seen)) {
      return yield* refuse(hash, operation, `it may be moved to ${seen.savePath}, and lies in ${seen.contentPath} now`)
    }
    const problem = yield* send(hash, operation, ["/torrents/recheck"], { hashes: hash })
    // Whether a check goes on cannot be told for certain. To ask again later does no harm.
    if (problem !== undefined) return yield* problem
    const held = yield* waiting.checked(hash, operation, onProgress)
    if (activityOf(held.settings.state) === "stopped") return held
    return yield* new SteeringStuck({ hash, operation, shows: shows(held.settings) })
  })

  const setAutoManagement = Effect.fnUntraced(function* (
    hash: string,
    enable: boolean
  ): Effect.fn.Return<TorrentSettings, Acting> {
    const operation = "setAutoManagement"
    const seen = yield* waiting.idle(hash, operation)
    if (seen.autoManaged === enable) return seen
    const target = enable ? yield* looking.categoryPath(seen.category) : seen.savePath
    if (target === undefined) {
      return yield* refuse(hash, operation, `where its category ${seen.category} saves cannot be told`)
    }
    if (target !== seen.savePath || !liesAtSavePath(seen)) {
      const why = `the client would move it from ${seen.contentPath} to ${target}, over what lies there`
      return yield* refuse(hash, operation, why)
    }
    const fields = { hashes: hash, enable: String(enable) }
    return yield* change(hash, operation, ["/torrents/setAutoManagement"], fields, (now) => now.autoManaged === enable)
  })

  const clientPathOf = (hash: string, operation: string, path: string) =>
    Effect.gen(function* () {
      if (canonical(path) !== path) return yield* refuse(hash, operation, `${path} is no plain absolute path`)
      if (!path.isWellFormed()) return yield* refuse(hash, operation, `${path} is not UTF-8, and cannot be sent`)
      const clientPath = toClient(path)
      if (clientPath === undefined) return yield* new NoClientPath({ path })
      if (clientPath.trim() === clientPath) return clientPath
      return yield* refuse(hash, operation, `qBittorrent would cut the white space off ${clientPath}`)
    })

  const setDownloadPath = Effect.fnUntraced(function* (
    hash: string,
    path: string
  ): Effect.fn.Return<TorrentSettings, Acting | NoClientPath> {
    const operation = "setDownloadPath"
    const wanted = path === "" ? null : path
    const seen = yield* waiting.idle(hash, operation)
    if (seen.downloadPath === wanted) return seen
    if (seen.autoManaged) return yield* refuse(hash, operation, "it is under automatic management")
    if (seen.progress < 1) return yield* refuse(hash, operation, `it would be moved: ${shows(seen)}`)
    const clientPath = path === "" ? "" : yield* clientPathOf(hash, operation, path)
    const fields = { id: hash, path: clientPath }
    return yield* change(hash, operation, ["/torrents/setDownloadPath"], fields, (now) => now.downloadPath === wanted)
  })

  const setLocation = Effect.fnUntraced(function* (
    hash: string,
    folder: string
  ): Effect.fn.Return<void, Acting | NoClientPath> {
    const operation = "setLocation"
    const location = yield* clientPathOf(hash, operation, folder)
    const seen = yield* still(hash, operation)
    if (seen.savePath === folder) {
      if (liesAtSavePath(seen)) return
      const why = `qBittorrent takes it to be there already, but it lies in ${seen.contentPath}: set that folder first`
      return yield* refuse(hash, operation, why)
    }
    if (seen.autoManaged) return yield* refuse(hash, operation, "it is under automatic management")
    if (seen.downloadPath !== null) {
      return yield* refuse(hash, operation, `its download path ${seen.downloadPath} is still in force`)
    }
    const problem = yield* send(hash, operation, ["/torrents/setLocation"], { hashes: hash, location })
    if (problem === undefined) return
    const isTaken = (now: TorrentSettings) => now.savePath === folder || activityOf(now.state) === "moving"
    const { reached } = yield* waiting.reached(hash, lostWithin, isTaken)
    if (!reached) return yield* problem
  })

  return {
    stop,
    start,
    recheck,
    settled: (hash: string, onProgress: Parameters<TorrentSteering["settled"]>[1]) =>
      waiting.settled(hash, "waiting", onProgress),
    setAutoManagement,
    setDownloadPath,
    setLocation
  }
}
