import { Effect, Layer } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import type { ArrName } from "../../domain/watchedWorld.ts"
import { CallFailed, type Patience, patient } from "../../platform/HttpApi.ts"
import { Arr, ArrUnreadable } from "../Arr.ts"
import type { Library } from "./common.ts"
import { connect, httpLayer } from "./connection.ts"
import { makeRadarr } from "./radarr.ts"
import { makeSonarr } from "./sonarr.ts"

const names = ["radarr", "radarr4k", "sonarr", "sonarr4k"] as const satisfies ReadonlyArray<ArrName>

interface Configured {
  readonly library: Library
  readonly url: string
}

const make = (patience: Patience) =>
  Effect.gen(function* () {
    const { watched } = yield* AppConfig
    const libraries = new Map<ArrName, Configured>()
    for (const arr of names) {
      const endpoint = watched?.[arr]
      if (endpoint === undefined) continue
      const connection = yield* connect({
        endpoint,
        prefix: "/api/v3",
        option: `watched.${arr}.apiKeyFile`,
        header: (key) => ({ "x-api-key": key }),
        patience
      })
      const options = { arr, connection, pathMap: endpoint.pathMap }
      const isRadarr = arr === "radarr" || arr === "radarr4k"
      libraries.set(arr, { library: isRadarr ? makeRadarr(options) : makeSonarr(options), url: connection.url })
    }

    const ask = <A, E>(
      operation: string,
      arr: ArrName,
      call: (library: Library) => Effect.Effect<A, E | CallFailed>
    ): Effect.Effect<A, Exclude<E, CallFailed> | ArrUnreadable> =>
      Effect.suspend(() => {
        const configured = libraries.get(arr)
        if (configured === undefined) {
          return Effect.fail(new ArrUnreadable({ arr, url: "(none)", why: `watched.${arr} is not configured` }))
        }
        const { library, url } = configured
        return Effect.catchIf(
          call(library),
          (error) => error instanceof CallFailed,
          ({ why }) => Effect.fail(new ArrUnreadable({ arr, url, why }))
        )
      }).pipe(Effect.withSpan(`Arr.${operation}`))

    return Arr.of({
      configured: [...libraries.keys()],
      movies: (arr) => ask("movies", arr, ({ movies }) => movies),
      seriesList: (arr) => ask("seriesList", arr, ({ seriesList }) => seriesList),
      withEpisodes: (arr, list) => ask("withEpisodes", arr, ({ withEpisodes }) => withEpisodes(list)),
      series: ({ arr, id }) => ask("series", arr, ({ series }) => series(id)),
      movie: ({ arr, id }) => ask("movie", arr, ({ movie }) => movie(id)),
      tags: (arr) => ask("tags", arr, ({ tags }) => tags),
      origins: ({ arr, id }) => ask("origins", arr, ({ origins }) => origins(id)),
      setMonitored: ({ arr, id }, episodes, monitored) =>
        ask("setMonitored", arr, ({ setMonitored }) => setMonitored(id, episodes, monitored)),
      deleteFiles: ({ arr, id }, files) => ask("deleteFiles", arr, ({ deleteFiles }) => deleteFiles(id, files)),
      trouble: (arr) => ask("trouble", arr, ({ trouble }) => trouble)
    })
  })

export const layerWith = (patience: Patience): Layer.Layer<Arr, never, AppConfig> =>
  Layer.effect(Arr, make(patience)).pipe(Layer.provide(httpLayer))

/**
 * Radarr and Sonarr over their API of version 3. An API key of either may do everything; whether it may write cannot be
 * asked for without writing, so `trouble` does not.
 */
export const layer: Layer.Layer<Arr, never, AppConfig> = layerWith(patient)
