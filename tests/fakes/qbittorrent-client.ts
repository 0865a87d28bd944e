import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Duration, Effect, Layer, Schema, type Scope } from "effect"
import { AppConfig } from "../../src/config/AppConfig.ts"
import { Config } from "../../src/config/schema.ts"
import { TorrentClient, type TorrentClientError } from "../../src/services/TorrentClient.ts"
import { layerWith } from "../../src/services/TorrentClient/qbittorrent.ts"
import type { FakeOptions } from "./qbittorrent-state.ts"
import { makeTorrent, type TorrentSpec } from "./qbittorrent-torrents.ts"
import { fakeQbittorrent } from "./qbittorrent.ts"

export type Keys = Partial<(typeof Config.Encoded)["qbittorrent"]>

const decodeConfig = Schema.decodeSync(Config)

/** The rest of the configuration is of no interest here. */
export const configLayer = (url: string, keys: Keys): Layer.Layer<AppConfig> =>
  Layer.sync(AppConfig, () => ({
    ...decodeConfig({ stateDir: "/s", completedDir: "/c", upload: { remote: "r:" }, qbittorrent: { url, ...keys } }),
    extractedDir: "/e"
  }))

/** The real adapter, in a hurry. */
export const clientLayer = (url: string, keys: Keys = {}, timeout: Duration.Input = "10 seconds") =>
  Layer.provide(layerWith({ timeout, firstRetry: "5 millis", look: "5 millis" }), configLayer(url, keys))

/** A file that is gone with the scope. */
export const secretFile = (secret: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "torrent-client-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    ),
    (folder) => {
      writeFileSync(join(folder, "secret"), secret)
      return join(folder, "secret")
    }
  )

/** A fake that trusts this host, and a client of it. */
export const trusted = (torrents: ReadonlyArray<TorrentSpec> = [], options: FakeOptions = {}, keys: Keys = {}) =>
  Effect.gen(function* () {
    const fake = yield* fakeQbittorrent({ bypassLocalhost: true, torrents, ...options })
    const client = yield* TorrentClient.pipe(Effect.provide(clientLayer(fake.url, keys), { local: true }))
    return { fake, client }
  })

/** A fake that wants a log-in, and a client with these credentials. */
export const guarded = (options: FakeOptions, keys: Keys) =>
  Effect.gen(function* () {
    const fake = yield* fakeQbittorrent(options)
    const client = yield* TorrentClient.pipe(Effect.provide(clientLayer(fake.url, keys), { local: true }))
    return { fake, client, logins: () => fake.calls.filter((call) => call.path === "/auth/login").length }
  })

export const film: TorrentSpec = { name: "Film.mkv", savePath: "/downloads", files: [{ name: "Film.mkv", size: 7 }] }
export const filmHash = makeTorrent(film).hash
export const whyOf = (error: TorrentClientError) => `${error._tag}: ${error.why}`
