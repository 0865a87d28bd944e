import { join } from "../platform/BytePath.ts"
import { existsSync } from "node:fs"
import type { Config } from "./schema.ts"
import type { WatchedConfig } from "./watched.ts"

type Place = (key: string, file: string) => string

const services = ["jellyfin", "radarr", "radarr4k", "sonarr", "sonarr4k", "seerr"] as const

const placedWatched = (watched: WatchedConfig, place: Place): WatchedConfig => {
  const { ntfy, webhook } = watched.notify
  const keys = Object.fromEntries(
    services.flatMap((name) => {
      const service = watched[name]
      if (service === undefined) return []
      return [[name, { ...service, apiKeyFile: place(`watched.${name}.apiKeyFile`, service.apiKeyFile) }]]
    })
  )
  const tokenFile = ntfy?.tokenFile
  return {
    ...watched,
    ...keys,
    notify: {
      ...watched.notify,
      ...(ntfy === undefined || tokenFile === undefined
        ? {}
        : { ntfy: { ...ntfy, tokenFile: place("watched.notify.ntfy.tokenFile", tokenFile) } }),
      ...(webhook === undefined
        ? {}
        : { webhook: { urlFile: place("watched.notify.webhook.urlFile", webhook.urlFile) } })
    }
  }
}

/**
 * The same configuration with its secrets where systemd shows them to this unit alone: `LoadCredential=KEY:FILE`, KEY
 * being the key in config.json. Without such a credential, as for a person at a shell, the file itself is read.
 */
export const withCredentials = (
  config: Config,
  directory: string | undefined = process.env["CREDENTIALS_DIRECTORY"]
): Config => {
  const place: Place = (key, file) => {
    const credential = directory === undefined ? undefined : join(directory, key)
    return credential !== undefined && existsSync(credential) ? credential : file
  }
  const { qbittorrent, upload, watched } = config
  const { apiKeyFile, passwordFile } = qbittorrent
  const { extract, rcloneConfigFile, rcloneEnvironmentFile } = upload
  const { passwordsFile } = extract
  return {
    ...config,
    ...(watched === undefined ? {} : { watched: placedWatched(watched, place) }),
    qbittorrent: {
      ...qbittorrent,
      ...(passwordFile === undefined ? {} : { passwordFile: place("qbittorrent.passwordFile", passwordFile) }),
      ...(apiKeyFile === undefined ? {} : { apiKeyFile: place("qbittorrent.apiKeyFile", apiKeyFile) })
    },
    upload: {
      ...upload,
      ...(rcloneConfigFile === undefined
        ? {}
        : { rcloneConfigFile: place("upload.rcloneConfigFile", rcloneConfigFile) }),
      ...(rcloneEnvironmentFile === undefined
        ? {}
        : { rcloneEnvironmentFile: place("upload.rcloneEnvironmentFile", rcloneEnvironmentFile) }),
      extract: {
        ...extract,
        ...(passwordsFile === undefined ? {} : { passwordsFile: place("upload.extract.passwordsFile", passwordsFile) })
      }
    }
  }
}
