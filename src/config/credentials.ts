import { join } from "../platform/BytePath.ts"
import { existsSync } from "node:fs"
import type { Config } from "./schema.ts"

/**
 * The same configuration with its secrets where systemd shows them to this unit alone: `LoadCredential=KEY:FILE`, KEY
 * being the key in config.json. Without such a credential, as for a person at a shell, the file itself is read.
 */
export const withCredentials = (
  config: Config,
  directory: string | undefined = process.env["CREDENTIALS_DIRECTORY"]
): Config => {
  const place = (key: string, file: string): string => {
    const credential = directory === undefined ? undefined : join(directory, key)
    return credential !== undefined && existsSync(credential) ? credential : file
  }
  const { qbittorrent, upload } = config
  const { apiKeyFile, passwordFile } = qbittorrent
  const { extract, rcloneConfigFile, rcloneEnvironmentFile } = upload
  const { passwordsFile } = extract
  return {
    ...config,
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
