import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Schema, type Scope } from "effect"
import { AppConfig } from "../../src/config/AppConfig.ts"
import { Config } from "../../src/config/schema.ts"
import { Arr } from "../../src/services/Arr.ts"
import { layerWith as arrLayer } from "../../src/services/Arr/http.ts"
import { MediaServer } from "../../src/services/MediaServer.ts"
import { layerWith as mediaLayer } from "../../src/services/MediaServer/jellyfin.ts"
import { Notifier } from "../../src/services/Notifier.ts"
import { layerWith as notifierLayer } from "../../src/services/Notifier/channels.ts"
import { Requests } from "../../src/services/Requests.ts"
import { layerWith as requestsLayer } from "../../src/services/Requests/seerr.ts"
import { startWorld, type WorldOptions } from "../fakes/media/world.ts"

const decode = Schema.decodeUnknownSync(Config)

const configOf = (watched: unknown) => ({
  ...decode({
    stateDir: "/s",
    completedDir: "/c",
    upload: { remote: "r:" },
    qbittorrent: { url: "http://127.0.0.1:1" },
    ...(watched === undefined ? {} : { watched })
  }),
  extractedDir: "/e"
})

const hurried = { timeout: "2 seconds", firstRetry: "5 millis" } as const

/** The real adapters, in a hurry, for this `watched` part of a configuration. */
export const adapters = (watched: unknown) =>
  Effect.gen(function* () {
    return { media: yield* MediaServer, arr: yield* Arr, requests: yield* Requests, notifier: yield* Notifier }
  }).pipe(
    Effect.provide(
      Layer.mergeAll(mediaLayer(hurried), arrLayer(hurried), requestsLayer(hurried), notifierLayer(hurried)).pipe(
        Layer.provide(Layer.sync(AppConfig, () => configOf(watched)))
      ),
      { local: true }
    )
  )

/** A world of fakes that is closed with the scope, and the adapters for it. */
export const worldWith = (options: WorldOptions = {}, more: Readonly<Record<string, unknown>> = {}) =>
  Effect.gen(function* () {
    const world = yield* Effect.acquireRelease(
      Effect.promise(() => startWorld(options)),
      (one) => Effect.promise(() => one.close())
    )
    return { world, ...(yield* adapters(world.config(more))) }
  })

export interface Call {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** A server that answers as told, on loopback, until the scope ends; and what it was asked. */
export const serving = (answer: (call: Call, response: ServerResponse) => void) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const calls: Array<Call> = []
      const server = createServer((request, response) => {
        let body = ""
        request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk))
        request.on("end", () => {
          const { headers, method = "GET", url = "/" } = request
          const call = { method, url: new URL(url, "http://fake"), headers, body }
          calls.push(call)
          answer(call, response)
        })
      })
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      const address = server.address()
      if (address === null || typeof address === "string") throw new Error("no address")
      return { server, calls, url: `http://127.0.0.1:${address.port}` }
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )

/** A folder that is gone with the scope. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "watched-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

export const fileWith = (text: string, name = "secret") =>
  Effect.map(folder, (path) => {
    writeFileSync(join(path, name), text)
    return join(path, name)
  })

export const need = <A>(value: A | null | undefined): A => {
  if (value === null || value === undefined) throw new Error("it is not there")
  return value
}
