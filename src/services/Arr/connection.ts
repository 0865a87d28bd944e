import { NodeHttpClient } from "@effect/platform-node"
import { Effect, Layer, Redacted } from "effect"
import { HttpClient } from "effect/http"
import { failed, type HttpApi, makeHttpApi, type Patience, shownUrl } from "../../platform/HttpApi.ts"
import { readSecret } from "../TorrentClient/secrets.ts"

/* How each service that has an API key is reached. */

export interface Endpoint {
  readonly url: string
  readonly apiKeyFile: string
}

export interface Connection {
  /** For people. */
  readonly url: string
  readonly api: HttpApi
}

export interface ConnectOptions {
  readonly endpoint: Endpoint
  /** What all paths begin with. */
  readonly prefix: string
  /** Key of the file's option in the configuration. */
  readonly option: string
  readonly header: (key: string) => Readonly<Record<string, string>>
  readonly patience: Patience
}

// No quotation mark: Jellyfin's stands between two.
const keyPattern = /^[\x21\x23-\x7e]+$/

/** The key is read with the first call, so that a unit without it can still start and say so. */
export const connect = ({ endpoint, header, option, patience, prefix }: ConnectOptions) =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const key = yield* Effect.cached(
      readSecret(option, endpoint.apiKeyFile, keyPattern).pipe(Effect.mapError(({ why }) => failed(why)))
    )
    const connection: Connection = {
      url: shownUrl(endpoint.url),
      api: makeHttpApi({
        client,
        base: `${endpoint.url.replace(/\/+$/, "")}${prefix}`,
        headers: Effect.map(key, (secret) => header(Redacted.value(secret))),
        patience
      })
    }
    return connection
  })

// fresh: built from constants that a client with other options (rclone's unix socket) would else be shared with.
export const httpLayer: Layer.Layer<HttpClient.HttpClient> = Layer.fresh(NodeHttpClient.layerNodeHttp)
