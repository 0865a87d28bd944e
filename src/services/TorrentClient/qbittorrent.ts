import { NodeHttpClient } from "@effect/platform-node"
import { Duration, Effect, Layer, Schedule } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { AppConfig } from "../../config/AppConfig.ts"
import { trackerHost } from "../../domain/torrents.ts"
import { display } from "../../platform/BytePath.ts"
import { TorrentClient, type TorrentClientError, TorrentClientUnreadable } from "../TorrentClient.ts"
import { addressed } from "./addressing.ts"
import { makeCategories } from "./categories.ts"
import { CallFailed, filterDone, makeSend, textOf } from "./http.ts"
import { isTorrentOf } from "./metainfo.ts"
import { makePathMapper } from "./paths.ts"
import { decodePreferences, toPreferences } from "./preferences.ts"
import { makeSession } from "./session.ts"
import {
  decodeFileRows,
  decodeTorrentRows,
  decodeTrackerRows,
  infohash,
  toFiles,
  isUnsettled,
  toTorrents
} from "./wire.ts"

export interface Patience {
  /** Of one call with its log-in and repeats, until the last byte is here. */
  readonly timeout: Duration.Input
  /** Before the first of three repeats; it doubles each time. */
  readonly firstRetry: Duration.Input
  /** Between looks whether a removed torrent is gone; there are ten. */
  readonly look: Duration.Input
  /** Until the client shows what it was told; one minute. */
  readonly change?: Duration.Input
  /** How long a move or a check may show no change; half an hour. */
  readonly stall?: Duration.Input
}

const patient: Patience = { timeout: "30 seconds", firstRetry: "200 millis", look: "200 millis" }

const withoutUserInfo = (url: string) => url.replace(/^(https?:\/\/)[^/@]*@/i, "$1").replace(/\/+$/, "")

const versionPattern = /^v?\d+(?:\.\d+)+\S{0,20}$/

const within =
  (timeout: Duration.Input) =>
  <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E | CallFailed> =>
    Effect.timeoutOrElse(call, {
      duration: timeout,
      orElse: () => {
        const why = `no complete answer within ${Duration.format(Duration.fromInputUnsafe(timeout))}`
        return Effect.fail(new CallFailed({ why, transient: false }))
      }
    })

const make = (patience: Patience) =>
  Effect.gen(function* () {
    const { qbittorrent } = yield* AppConfig
    const url = withoutUserInfo(qbittorrent.url)
    // No Origin and no Referer: with either, qBittorrent compares it with Host and answers 401 where a proxy changed one.
    const send = makeSend(
      (yield* HttpClient.HttpClient).pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl(`${qbittorrent.url.replace(/\/+$/, "")}/api/v2`))
      )
    )
    const session = yield* makeSession(send, url, qbittorrent)
    const toHost = makePathMapper(qbittorrent.pathMap)

    const attempt = (request: HttpClientRequest.HttpClientRequest) => Effect.flatMap(session(request), filterDone)

    const bounded = within(patience.timeout)

    const read = (path: string, urlParams: Readonly<Record<string, string>> = {}) =>
      attempt(HttpClientRequest.get(path, { urlParams })).pipe(
        Effect.retry({
          schedule: Schedule.exponential(patience.firstRetry),
          times: 3,
          while: (error) => error instanceof CallFailed && error.transient
        }),
        bounded
      )

    const readText = (path: string, urlParams?: Readonly<Record<string, string>>) =>
      Effect.flatMap(read(path, urlParams), textOf)

    const unreadable =
      (operation: string) =>
      ({ why }: CallFailed) =>
        Effect.fail(new TorrentClientUnreadable({ url, operation, why }))

    const toUnreadable =
      (operation: string) =>
      <A>(call: Effect.Effect<A, CallFailed | TorrentClientError>): Effect.Effect<A, TorrentClientError> =>
        call.pipe(Effect.catchTag("CallFailed", unreadable(operation)), Effect.withSpan(`TorrentClient.${operation}`))

    /** A hash goes into a request only if it can mean one torrent: "all" and lists joined by "|" are syntax there. */
    const withHash =
      <A>(operation: string, call: (hash: string) => Effect.Effect<A, CallFailed | TorrentClientError>) =>
      (hash: string) =>
        toUnreadable(operation)(
          Effect.suspend(() =>
            infohash.test(hash)
              ? call(hash)
              : Effect.fail(new CallFailed({ why: `${display(hash)} is no infohash`, transient: false }))
          )
        )

    const isListed = (hash: string) =>
      readText("/torrents/info", { hashes: hash }).pipe(
        Effect.flatMap(decodeTorrentRows),
        Effect.map((rows) => rows.some((row) => row.hash.toLowerCase() === hash))
      )

    const categories = makeCategories({
      readText,
      tell: (request) => bounded(session(request)),
      pathMap: qbittorrent.pathMap
    })

    const steering = addressed({
      url,
      pathMap: qbittorrent.pathMap,
      readText,
      tell: (request) => bounded(session(request)),
      patience
    })

    return TorrentClient.of({
      ...steering,
      version: readText("/app/version").pipe(
        Effect.map((text) => text.trim()),
        Effect.filterOrFail(
          (text) => versionPattern.test(text),
          () => new CallFailed({ why: "the answer is no version number: is that qBittorrent?", transient: false })
        ),
        toUnreadable("version")
      ),
      preferences: readText("/app/preferences").pipe(
        Effect.flatMap(decodePreferences),
        Effect.flatMap((row) => toPreferences(row, toHost)),
        toUnreadable("preferences")
      ),
      torrents: readText("/torrents/info").pipe(
        Effect.flatMap(decodeTorrentRows),
        Effect.flatMap((rows) => toTorrents(rows, toHost)),
        // 4.5.2 gives a torrent that is just being added a relative path for a moment.
        Effect.retry({ times: 3, schedule: Schedule.spaced(patience.firstRetry), while: isUnsettled }),
        toUnreadable("torrents")
      ),
      categories: toUnreadable("categories")(categories.all),
      createCategory: (name, savePath) =>
        categories.create(name, savePath).pipe(Effect.catchTag("CallFailed", unreadable("createCategory"))),
      editCategory: (name, savePath) =>
        categories.edit(name, savePath).pipe(Effect.catchTag("CallFailed", unreadable("editCategory"))),
      autoManaged: toUnreadable("autoManaged")(categories.autoManaged),
      files: withHash("files", (hash) =>
        readText("/torrents/files", { hash }).pipe(Effect.flatMap(decodeFileRows), Effect.flatMap(toFiles))
      ),
      trackers: withHash("trackers", (hash) =>
        readText("/torrents/trackers", { hash }).pipe(
          Effect.flatMap(decodeTrackerRows),
          Effect.map((rows) => [...new Set(rows.flatMap((row) => trackerHost(row.url) ?? []))])
        )
      ),
      export: withHash("export", (hash) =>
        read("/torrents/export", { hash }).pipe(
          Effect.map((answer) => answer.body),
          Effect.filterOrFail(
            (bytes) => isTorrentOf(bytes, hash),
            () => new CallFailed({ why: "the answer is not the .torrent file of this infohash", transient: false })
          )
        )
      ),
      remove: withHash("remove", (hash) =>
        Effect.gen(function* () {
          const request = HttpClientRequest.post("/torrents/delete").pipe(
            HttpClientRequest.bodyUrlParams({ hashes: hash, deleteFiles: "false" })
          )
          // Sent once. Whether it was carried out is not in the answer, which may be lost, but in the list.
          const problem = yield* bounded(attempt(request)).pipe(
            Effect.as("it is still listed after the removal"),
            Effect.catchTag("CallFailed", ({ why }) => Effect.succeed(why))
          )
          const stillListed = yield* Effect.repeat(isListed(hash), {
            schedule: Schedule.spaced(patience.look),
            times: 9,
            while: (listed) => listed
          })
          if (stillListed) return yield* new CallFailed({ why: problem, transient: false })
        })
      )
    })
  })

// fresh: built from constants that a client with other options (rclone's unix socket) would else be shared with.
export const layerWith = (patience: Patience): Layer.Layer<TorrentClient, never, AppConfig> =>
  Layer.effect(TorrentClient, make(patience)).pipe(Layer.provide(Layer.fresh(NodeHttpClient.layerNodeHttp)))

/** qBittorrent 4.5 and newer, over its Web API. */
export const layer: Layer.Layer<TorrentClient, never, AppConfig> = layerWith(patient)
