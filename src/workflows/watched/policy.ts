import { Duration } from "effect"
import type { WatchedConfig } from "../../config/watched.ts"
import type { WatchedPolicy } from "../../domain/watchedTarget.ts"

/** The rules as the configuration has them. */
export const policyOf = (watched: WatchedConfig): WatchedPolicy => ({
  grace: Duration.toMillis(watched.gracePeriod),
  keepTag: watched.keepTag,
  primaryUser: watched.primaryUser,
  watchedBy: watched.watchedBy,
  requesterFirst: watched.seerr?.requesterFirst ?? false,
  staleAfter: watched.stale === null ? null : Duration.toMillis(watched.stale.after),
  keepBestQuality: watched.keepBestQuality
})
