import { accessSync, constants, statSync } from "node:fs"
import type { WatchedConfig } from "../../config/watched.ts"
import { display } from "../../platform/BytePath.ts"
import { type Check, ok, problem, warning } from "./check.ts"

const sendmail = (path: string): Check => {
  try {
    accessSync(path, constants.X_OK)
    if (statSync(path).isFile()) return ok("Watched", "mail", `${display(path)} is there`)
  } catch {
    // Said below.
  }
  return problem(
    "Watched",
    "mail",
    `${display(path)} is no program that this user may run`,
    "Install a mail system, such as services.postfix or programs.msmtp on NixOS, or mend watched.notify.mail.sendmail."
  )
}

/** Nothing is sent: who would get it, has not asked for a test. */
export const notifying = ({
  leavingSoon,
  notify: { mail, ntfy, on, webhook }
}: WatchedConfig): ReadonlyArray<Check> => {
  const channels = [
    ...(ntfy === undefined ? [] : ["ntfy"]),
    ...(webhook === undefined ? [] : ["a webhook"]),
    ...(mail === undefined ? [] : ["mail"])
  ]
  const told =
    channels.length > 0 && on.length > 0
      ? [ok("Watched", "notices", `${on.join(", ")} by ${channels.join(" and ")}`)]
      : leavingSoon === null
        ? []
        : [
            warning(
              "Watched",
              "notices",
              "nobody is told what is leaving soon: only the collection in Jellyfin shows it",
              "Set watched.notify.ntfy, webhook or mail, if more than that is wanted."
            )
          ]
  return [...told, ...(mail === undefined ? [] : [sendmail(mail.sendmail)])]
}
