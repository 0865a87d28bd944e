import { Effect, Schema } from "effect"
import type { ClientPreferences } from "../../domain/torrents.ts"
import type { CallFailed } from "./http.ts"
import { canonical } from "./paths.ts"
import { decoderOf, malformed } from "./wire.ts"

const flag = Schema.optionalKey(Schema.Boolean)

/** Of some two hundred; the same names in 4.5 and 5.x. */
const Row = Schema.Struct({
  temp_path_enabled: flag,
  temp_path: Schema.optionalKey(Schema.String),
  auto_tmm_enabled: flag,
  torrent_changed_tmm_enabled: flag,
  category_changed_tmm_enabled: flag,
  recheck_completed_torrents: flag
})

export const decodePreferences = decoderOf(Row)

export const toPreferences = (
  row: typeof Row.Type,
  toHost: (path: string) => string
): Effect.Effect<ClientPreferences, CallFailed> => {
  const inUse = row.temp_path_enabled === true
  const path = inUse ? canonical(row.temp_path ?? "") : undefined
  return inUse && path === undefined
    ? Effect.fail(malformed("its path for incomplete torrents is no plain absolute path"))
    : Effect.succeed({
        incompletePath: path === undefined ? null : toHost(path),
        managesNew: row.auto_tmm_enabled ?? null,
        followsCategory: row.torrent_changed_tmm_enabled ?? null,
        followsCategoryPath: row.category_changed_tmm_enabled ?? null,
        rechecksComplete: row.recheck_completed_torrents ?? null
      })
}
