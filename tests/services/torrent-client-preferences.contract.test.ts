import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { eachClient } from "./torrent-client-relocation-rig.ts"

eachClient((start) => {
  it.live("the settings by which the client moves and reads files by itself are told as they are set", () =>
    Effect.gen(function* () {
      const rig = yield* start()
      const client = rig.client()
      for (const on of [true, false]) {
        const path = join(rig.root, "incomplete")
        yield* rig.api().post("app/setPreferences", {
          json: JSON.stringify({
            temp_path_enabled: on,
            temp_path: path,
            auto_tmm_enabled: on,
            torrent_changed_tmm_enabled: !on,
            category_changed_tmm_enabled: on,
            recheck_completed_torrents: on
          })
        })
        assert.deepStrictEqual(yield* client.preferences, {
          incompletePath: on ? path : null,
          managesNew: on,
          followsCategory: !on,
          followsCategoryPath: on,
          rechecksComplete: on
        })
      }
    })
  )
})
