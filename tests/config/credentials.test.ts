import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { withCredentials } from "../../src/config/credentials.ts"
import { parse } from "../../src/config/load.ts"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const file = {
  stateDir: "/s",
  completedDir: "/c",
  qbittorrent: { url: "http://127.0.0.1:1", passwordFile: "/run/secrets/password", apiKeyFile: "/run/secrets/key" },
  upload: {
    remote: "b2:bucket",
    rcloneConfigFile: "/run/secrets/rclone.conf",
    rcloneEnvironmentFile: "/run/secrets/rclone.env",
    extract: { passwordsFile: "/run/secrets/archives" }
  }
}
const loaded = parse("config.json", Buffer.from(JSON.stringify(file)))

it.effect("each secret is read where systemd shows it, under the name of its key", () =>
  Effect.gen(function* () {
    const directory = mkdtempSync(join(tmpdir(), "credentials-"))
    const keys = [
      "qbittorrent.passwordFile",
      "qbittorrent.apiKeyFile",
      "upload.rcloneConfigFile",
      "upload.rcloneEnvironmentFile",
      "upload.extract.passwordsFile"
    ]
    for (const key of keys) writeFileSync(join(directory, key), "secret")
    const { qbittorrent, upload } = withCredentials(yield* loaded, directory)
    const found = [
      qbittorrent.passwordFile,
      qbittorrent.apiKeyFile,
      upload.rcloneConfigFile,
      upload.rcloneEnvironmentFile,
      upload.extract.passwordsFile
    ]
    assert.deepStrictEqual(
      found,
      keys.map((key) => join(directory, key))
    )
    rmSync(directory, { recursive: true })
  })
)

it.effect("what is no credential of this unit, and everything for a person at a shell, is the file itself", () =>
  Effect.gen(function* () {
    const config = yield* loaded
    const directory = mkdtempSync(join(tmpdir(), "credentials-"))
    writeFileSync(join(directory, "qbittorrent.passwordFile"), "secret")
    const some = withCredentials(config, directory)
    assert.strictEqual(some.qbittorrent.passwordFile, join(directory, "qbittorrent.passwordFile"))
    assert.strictEqual(some.qbittorrent.apiKeyFile, "/run/secrets/key")
    assert.strictEqual(some.upload.rcloneConfigFile, "/run/secrets/rclone.conf")
    assert.deepStrictEqual(withCredentials(config, undefined), config)
    rmSync(directory, { recursive: true })
  })
)

it.effect("so are those of watched titles", () =>
  Effect.gen(function* () {
    const service = { url: "http://127.0.0.1:1", apiKeyFile: "/run/secrets/key" }
    const watched = {
      jellyfin: service,
      radarr: service,
      sonarr4k: service,
      seerr: service,
      notify: {
        ntfy: { url: "http://127.0.0.1:1/t", tokenFile: "/run/secrets/token" },
        webhook: { urlFile: "/run/secrets/url" }
      }
    }
    const config = yield* parse("config.json", Buffer.from(JSON.stringify({ ...file, watched })))
    const directory = mkdtempSync(join(tmpdir(), "credentials-"))
    const keys = [
      "watched.jellyfin.apiKeyFile",
      "watched.sonarr4k.apiKeyFile",
      "watched.seerr.apiKeyFile",
      "watched.notify.ntfy.tokenFile",
      "watched.notify.webhook.urlFile"
    ]
    for (const key of keys) writeFileSync(join(directory, key), "secret")
    const { watched: placed } = withCredentials(config, directory)
    assert.deepStrictEqual(
      [
        placed?.jellyfin.apiKeyFile,
        placed?.sonarr4k?.apiKeyFile,
        placed?.seerr?.apiKeyFile,
        placed?.notify.ntfy?.tokenFile,
        placed?.notify.webhook?.urlFile
      ],
      keys.map((key) => join(directory, key))
    )
    assert.strictEqual(placed?.radarr?.apiKeyFile, "/run/secrets/key")
    assert.isUndefined(placed?.sonarr)
    assert.deepStrictEqual(withCredentials(config, undefined), config)
    rmSync(directory, { recursive: true })
  })
)
