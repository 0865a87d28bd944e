import { Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import { accessSync, constants, realpathSync, statSync } from "node:fs"
import { type Check, ok, problem } from "./check.ts"

const look = (name: string, path: string): Check => {
  if (path.startsWith("/nix/store/")) {
    return problem(
      "Credentials",
      name,
      `${path} lies in the Nix store, which everybody can read`,
      "Use a path outside the store (sops-nix, agenix, a systemd credential), and change the secret: it is known now."
    )
  }
  try {
    const real = realpathSync(path)
    if (real.startsWith("/nix/store/")) return look(name, real)
    const stats = statSync(real)
    if (!stats.isFile()) return problem("Credentials", name, `${path} is not a file`, `Mend ${name}.`)
    accessSync(real, constants.R_OK)
    if ((stats.mode & 0o004) !== 0) {
      return problem("Credentials", name, `${path} is readable for everybody`, `chmod o-rwx it.`)
    }
    return stats.size === 0
      ? problem("Credentials", name, `${path} is empty`, "Write the secret into it.")
      : ok("Credentials", name, `${path}, readable for its owner or group only`)
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined
    return code === "ENOENT"
      ? problem(
          "Credentials",
          name,
          `${path} does not exist`,
          "Create it. A systemd credential exists only inside the unit: run doctor there."
        )
      : problem("Credentials", name, `${path} cannot be read`, "Let this user read it, or run as the service's user.")
  }
}

/** Every file that holds a secret. The secrets themselves are not read. */
export const credentials = Effect.map(AppConfig, ({ qbittorrent, upload, watched }): ReadonlyArray<Check> =>
  (
    [
      ["qbittorrent.passwordFile", qbittorrent.passwordFile],
      ["qbittorrent.apiKeyFile", qbittorrent.apiKeyFile],
      ["upload.rcloneConfigFile", upload.rcloneConfigFile],
      ["upload.rcloneEnvironmentFile", upload.rcloneEnvironmentFile],
      ["upload.extract.passwordsFile", upload.extract.passwordsFile],
      ["watched.jellyfin.apiKeyFile", watched?.jellyfin.apiKeyFile],
      ["watched.radarr.apiKeyFile", watched?.radarr?.apiKeyFile],
      ["watched.radarr4k.apiKeyFile", watched?.radarr4k?.apiKeyFile],
      ["watched.sonarr.apiKeyFile", watched?.sonarr?.apiKeyFile],
      ["watched.sonarr4k.apiKeyFile", watched?.sonarr4k?.apiKeyFile],
      ["watched.seerr.apiKeyFile", watched?.seerr?.apiKeyFile],
      ["watched.notify.ntfy.tokenFile", watched?.notify.ntfy?.tokenFile],
      ["watched.notify.webhook.urlFile", watched?.notify.webhook?.urlFile]
    ] as const
  ).flatMap(([name, path]) => (path === undefined ? [] : [look(name, path)]))
)
