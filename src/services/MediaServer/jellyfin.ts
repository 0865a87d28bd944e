import { Effect, Layer } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import type { Viewer } from "../../domain/watchedWorld.ts"
import { type CallFailed, failed, type Patience, patient, tryRead } from "../../platform/HttpApi.ts"
import { childOf, childrenOf, flag, type Row, rowOf, rowsOf, text, textOrNull } from "../../platform/JsonRow.ts"
import { connect, httpLayer } from "../Arr/connection.ts"
import { MediaServer, MediaServerUnreadable } from "../MediaServer.ts"
import { makePathMapper } from "../TorrentClient/paths.ts"
import { makeCollections } from "./collections.ts"
import { idOf, makeItemReader, type SeriesRow, toSeries, toViewing, uuidOf } from "./items.ts"
import { batches, makeListings } from "./listing.ts"

type Service = MediaServer["Service"]

const titles = "Movie,Episode"
// Virtual: an episode that is not there.
const present = { includeItemTypes: titles, excludeLocationTypes: "Virtual", isMissing: false }
const markable = "Movie,Episode,Season,Series"
const detailed = { fields: "Path,ProviderIds,DateCreated,MediaSources" }

interface Account extends Viewer {
  readonly disabled: boolean
  readonly admin: boolean
}

const toAccount = (row: Row): Account => {
  const policy = childOf(row, "Policy") ?? {}
  return {
    id: idOf(row),
    name: text(row, "Name"),
    disabled: flag(policy, "IsDisabled"),
    admin: flag(policy, "IsAdministrator")
  }
}

const nobody = "0".repeat(32)

/** Who plays what: of each session the item and its series, with all who watch along. */
const toPlaying = (sessions: ReadonlyArray<Row>) => {
  const playing = new Map<string, Array<string>>()
  for (const session of sessions) {
    const item = childOf(session, "NowPlayingItem")
    if (item === null) continue
    const names = [session, ...childrenOf(session, "AdditionalUsers")].map(
      (row) => textOrNull(row, "UserName") ?? "somebody"
    )
    const series = textOrNull(item, "SeriesId")
    for (const id of [idOf(item), ...(series === null ? [] : [uuidOf(series)])]) {
      playing.set(id, [...new Set([...(playing.get(id) ?? []), ...names])])
    }
  }
  return playing
}

const make = (patience: Patience) =>
  Effect.gen(function* () {
    const { watched } = yield* AppConfig
    if (watched === undefined) return absent
    const { jellyfin } = watched
    const { api, url } = yield* connect({
      endpoint: jellyfin,
      prefix: "",
      option: "watched.jellyfin.apiKeyFile",
      // All other ways end with version 12.
      header: (key) => ({ authorization: `MediaBrowser Token="${key}"` }),
      patience
    })
    const toHost = makePathMapper(jellyfin.pathMap)
    const listings = makeListings(api)
    const collections = makeCollections(api, listings)

    const told =
      (operation: string) =>
      <A>(call: Effect.Effect<A, CallFailed>): Effect.Effect<A, MediaServerUnreadable> =>
        call.pipe(
          Effect.mapError(({ why }) => new MediaServerUnreadable({ url, why })),
          Effect.withSpan(`MediaServer.${operation}`)
        )

    const accounts = Effect.flatMap(api.json("/Users"), (answer) =>
      tryRead(() => rowsOf(answer, "the list of users").map(toAccount))
    )
    const sessions = Effect.flatMap(api.json("/Sessions"), (answer) =>
      tryRead(() => toPlaying(rowsOf(answer, "the list of sessions")))
    )

    const seriesOf = (viewer: Viewer) =>
      listings.items(
        viewer.id,
        { includeItemTypes: "Series", fields: "ProviderIds", enableUserData: false },
        toSeries,
        ({ id }) => id
      )
    const byId = (series: ReadonlyArray<SeriesRow>) => new Map(series.map((one) => [one.id, one]))

    const library = Effect.fnUntraced(function* (viewer: Viewer) {
      const read = makeItemReader(byId(yield* seriesOf(viewer)), toHost)
      return yield* listings.items(viewer.id, { ...present, ...detailed }, read, ({ item }) => item.id)
    })

    const items = Effect.fnUntraced(function* (viewer: Viewer, ids: ReadonlyArray<string>) {
      const wanted = yield* tryRead(() => [...new Set(ids.map(uuidOf))])
      if (wanted.length === 0) return []
      const asked = <A>(
        params: Readonly<Record<string, string | boolean>>,
        all: ReadonlyArray<string>,
        read: (row: Row) => A,
        id: (row: A) => string
      ) =>
        Effect.forEach(batches(all), (batch) =>
          listings.items(viewer.id, { ...params, ids: batch.join(",") }, read, id, batch.length)
        ).pipe(Effect.map((pages) => pages.flat()))

      const rows = yield* asked({ ...present, ...detailed }, wanted, (row) => row, idOf)
      const known = new Set(wanted)
      const seriesIds = yield* tryRead(() => [
        ...new Set(rows.flatMap((row) => textOrNull(row, "SeriesId") ?? []).map(uuidOf))
      ])
      const series = yield* asked(
        { includeItemTypes: "Series", fields: "ProviderIds", enableUserData: false },
        seriesIds,
        toSeries,
        ({ id }) => id
      )
      const read = makeItemReader(byId(series), toHost)
      const found = yield* tryRead(() => rows.map(read))
      if (found.every(({ item }) => known.has(item.id))) return found
      return yield* failed("it answers with other items than those asked for")
    })

    const played = (viewer: Viewer) =>
      listings
        .items(
          viewer.id,
          { ...present, isPlayed: true },
          (row) => ({ id: idOf(row), viewing: toViewing(row) }),
          ({ id }) => id
        )
        .pipe(Effect.map((rows) => new Map(rows.map(({ id, viewing }) => [id, viewing]))))

    const favourites = Effect.fnUntraced(function* (viewer: Viewer) {
      const list = (includeItemTypes: string, more: Readonly<Record<string, string>>) =>
        listings.items(viewer.id, { includeItemTypes, enableUserData: false, ...more }, idOf, (id) => id)
      const marked = yield* list(markable, { filters: "IsFavorite" })
      // Who marks a collection marks what is in it.
      const sets = yield* list("BoxSet", { filters: "IsFavorite" })
      const within = yield* Effect.forEach(sets, (parentId) => list(markable, { parentId }))
      return [...new Set([...marked, ...within.flat()])]
    })

    const showLeaving = Effect.fnUntraced(function* (collection: string, ids: ReadonlyArray<string>) {
      const all = yield* accounts
      // An administrator sees every library, and so what is in the collection already.
      const user = all.find(({ admin, disabled }) => admin && !disabled) ?? all.find(({ disabled }) => !disabled)
      if (user === undefined) return yield* failed("it has no user in whose view a collection could be looked for")
      yield* collections(user.id, collection, ids)
    })

    const trouble = Effect.gen(function* () {
      const users = yield* accounts
      const viewer = users.find(({ disabled }) => !disabled)
      if (viewer === undefined) return "it shows no user: the key may not read users, or all of them are disabled"
      yield* sessions
      yield* listings.nextUp(viewer.id, idOf)
      // Shows whether a key may see what users have watched: up to 10.10 it could not in all versions.
      yield* api
        .json("/Items", { userId: viewer.id, recursive: true, includeItemTypes: titles, limit: 1 })
        .pipe(
          Effect.flatMap((answer) =>
            tryRead(() => rowsOf(rowOf(answer, "the answer")["Items"], "Items").map(toViewing))
          )
        )
      return null
    }).pipe(
      Effect.catchIf(
        ({ status }) => status === 401 || status === 403,
        ({ status }) =>
          Effect.succeed(
            status === 401
              ? "the API key is not accepted: make one in the Dashboard under API Keys"
              : "the API key may not read users, sessions and what users have watched (403)"
          )
      )
    )

    const service: Service = {
      viewers: Effect.flatMap(accounts, (all) => {
        const viewers = all
          .filter(({ disabled, id }) => !disabled && id !== nobody)
          .map(({ id, name }) => ({ id, name }))
        return viewers.length === 0
          ? Effect.fail(failed("it shows no user that is not disabled"))
          : Effect.succeed(viewers)
      }).pipe(told("viewers")),
      library: (viewer) => told("library")(library(viewer)),
      played: (viewer) => told("played")(played(viewer)),
      favourites: (viewer) => told("favourites")(favourites(viewer)),
      nextUp: (viewer) => told("nextUp")(listings.nextUp(viewer.id, idOf)),
      playing: told("playing")(sessions),
      items: (viewer, ids) => told("items")(items(viewer, ids)),
      showLeaving: (collection, ids) => told("showLeaving")(showLeaving(collection, ids)),
      trouble: told("trouble")(trouble)
    }
    return service
  })

const none = Effect.fail(new MediaServerUnreadable({ url: "(none)", why: "watched.jellyfin is not configured" }))

const absent: Service = {
  viewers: none,
  library: () => none,
  played: () => none,
  favourites: () => none,
  nextUp: () => none,
  playing: none,
  items: () => none,
  showLeaving: () => none,
  trouble: none
}

export const layerWith = (patience: Patience): Layer.Layer<MediaServer, never, AppConfig> =>
  Layer.effect(MediaServer, make(patience)).pipe(Layer.provide(httpLayer))

/**
 * Jellyfin 10.9 and newer. Its API keys have no rights of their own: each may do everything that an administrator may,
 * so nothing can be taken from ours. It is used to read users, their views and sessions, and to change one collection.
 */
export const layer: Layer.Layer<MediaServer, never, AppConfig> = layerWith(patient)
