import { Effect, Layer } from "effect"
import { HttpClientRequest } from "effect/http"
import { AppConfig } from "../../config/AppConfig.ts"
import type { TitleRequest } from "../../domain/watchedWorld.ts"
import { type CallFailed, failed, failureIn, goneIn, type Patience, patient, tryRead } from "../../platform/HttpApi.ts"
import {
  childOf,
  childrenOf,
  instant,
  integer,
  integerOrNull,
  natural,
  type Row,
  rowOf,
  rowsOf,
  text,
  textOrNull,
  WrongShape
} from "../../platform/JsonRow.ts"
import { readAll } from "../../platform/Paging.ts"
import { connect, httpLayer } from "../Arr/connection.ts"
import { Requests, RequestsUnreadable } from "../Requests.ts"

const pageSize = 200

const kindOf = (row: Row, media: Row): TitleRequest["kind"] => {
  const kind = textOrNull(row, "type") ?? text(media, "mediaType")
  if (kind !== "movie" && kind !== "tv") throw new WrongShape("a request is neither for a film nor for a series")
  return kind
}

const requesterOf = (row: Row): TitleRequest["requester"] => {
  const by = childOf(row, "requestedBy")
  if (by === null) return null
  const viewerId = textOrNull(by, "jellyfinUserId")?.replaceAll("-", "").toLowerCase() ?? null
  // Somebody with an account at Seerr alone may still have the same name at the media server.
  const name = ["jellyfinUsername", "username", "displayName"]
    .map((key) => textOrNull(by, key))
    .find((one) => one !== null)
  return name === undefined && viewerId === null ? null : { name: name ?? "", viewerId }
}

interface Listed {
  readonly id: number
  readonly declined: boolean
  readonly request: TitleRequest
}

const declined = 3

const toListed = (row: Row): Listed => {
  const media = childOf(row, "media")
  if (media === null) throw new WrongShape("a request has no title")
  const number = (key: string) => {
    const value = integerOrNull(media, key)
    return value === null || value === 0 ? null : String(value)
  }
  const tmdb = number("tmdbId")
  const tvdb = number("tvdbId")
  const imdb = textOrNull(media, "imdbId")
  return {
    id: integer(row, "id"),
    declined: integer(row, "status") === declined,
    request: {
      mediaId: integer(media, "id"),
      kind: kindOf(row, media),
      ids: {
        ...(tmdb === null ? {} : { tmdb }),
        ...(imdb === null ? {} : { imdb }),
        ...(tvdb === null ? {} : { tvdb })
      },
      seasons: childrenOf(row, "seasons").map((season) => integer(season, "seasonNumber")),
      requester: requesterOf(row),
      requestedAt: instant(row, "createdAt")
    }
  }
}

type Service = Requests["Service"]

const none = Effect.fail(new RequestsUnreadable({ url: "(none)", why: "watched.seerr is not configured" }))
const absent: Service = { configured: false, all: none, close: () => none, trouble: none }

// Seerr's permissions are bits: ADMIN, MANAGE_REQUESTS.
const admin = 2
const manageRequests = 16

const make = (patience: Patience) =>
  Effect.gen(function* () {
    const { watched } = yield* AppConfig
    if (watched?.seerr === undefined) return absent
    const { api, url } = yield* connect({
      endpoint: watched.seerr,
      prefix: "/api/v1",
      option: "watched.seerr.apiKeyFile",
      header: (key) => ({ "x-api-key": key }),
      patience
    })
    const told =
      (operation: string) =>
      <A>(call: Effect.Effect<A, CallFailed>): Effect.Effect<A, RequestsUnreadable> =>
        call.pipe(
          Effect.mapError(({ why }) => new RequestsUnreadable({ url, why })),
          Effect.withSpan(`Requests.${operation}`)
        )

    const all = readAll({
      size: pageSize,
      id: ({ id }: Listed) => id,
      page: (skip) =>
        api.json("/request", { take: pageSize, skip, filter: "all", sort: "added", sortDirection: "asc" }).pipe(
          Effect.flatMap((answer) =>
            tryRead(() => {
              const row = rowOf(answer, "the answer")
              const info = rowOf(row["pageInfo"], "pageInfo")
              return { total: natural(info, "results"), rows: rowsOf(row["results"], "results").map(toListed) }
            })
          )
        )
    })

    const close = Effect.fnUntraced(function* (mediaId: number) {
      if (!Number.isSafeInteger(mediaId)) return yield* failed("that is no number of a title")
      const answer = yield* api.tell(HttpClientRequest.delete(`/media/${mediaId}`))
      if (answer.status === 200 || answer.status === 204) return
      yield* answer.status === 404 ? goneIn(answer) : failureIn(answer)
    })

    const service: Service = {
      configured: true,
      all: Effect.map(all, (rows) => rows.flatMap((row) => (row.declined ? [] : row.request))).pipe(told("all")),
      close: (mediaId) => told("close")(close(mediaId)),
      trouble: Effect.flatMap(api.json("/auth/me"), (answer) =>
        tryRead(() => {
          const permissions = integer(rowOf(answer, "the user"), "permissions")
          return (permissions & (admin | manageRequests)) === 0 ? "the API key may not manage requests" : null
        })
      ).pipe(
        Effect.catchIf(
          ({ status }) => status === 401 || status === 403,
          () => Effect.succeed("the API key is not accepted: it is shown under Settings, General")
        ),
        told("trouble")
      )
    }
    return service
  })

export const layerWith = (patience: Patience): Layer.Layer<Requests, never, AppConfig> =>
  Layer.effect(Requests, make(patience)).pipe(Layer.provide(httpLayer))

/** Seerr, Jellyseerr and Overseerr. Requests that were declined are left out: they brought nothing. */
export const layer: Layer.Layer<Requests, never, AppConfig> = layerWith(patient)
