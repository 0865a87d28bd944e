import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { ItemState } from "../../src/domain/items.ts"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { MemoryRemote } from "../fakes/memory-remote.ts"
import { outcomes as cleaned, withRig } from "../workflows/cleanup-rig.ts"
import { known, outcomes } from "../workflows/upload-rig.ts"
import { World } from "../workflows/world.ts"

/** What the other process writes down. */
const set = (stateDir: string, path: string, state: ItemState) => {
  const db = new DatabaseSync(join(stateDir, "state.db"))
  try {
    db.prepare("UPDATE items SET state = ? WHERE path = ?").run(state, Buffer.from(path))
  } finally {
    db.close()
  }
}

describe("upload and cleanup at the same time", () => {
  it.live("an item that an upload takes up in the last moment is not taken from it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const path = rig.write("Film.mkv")
        yield* rig.run(rig.uploaded("Film.mkv"))
        // The second list is the last thing that is read before the act.
        rig.torrents.before = (operation, count) => {
          if (operation === "torrents" && count === 2) set(rig.config.stateDir, path, "uploading")
        }
        const report = yield* rig.run(cleanup({ dryRun: false }))
        assert.deepStrictEqual(cleaned(report), { "Film.mkv": "kept" })
        assert.isTrue(rig.has("Film.mkv"))
        assert.strictEqual((yield* rig.run(rig.state("Film.mkv"))).state, "uploading")
      })
    )
  )

  for (const state of ["releasing", "quarantined", "released"] as const) {
    it(`an item that cleanup has taken meanwhile (${state}) is left to it, and what is known of it stays`, async () => {
      const remote = new MemoryRemote()
      using world = new World({ remote })
      world.file("Pack/film.mkv", "film")
      const hash = world.torrent("Pack")
      await world.upload()
      const late = world.file("Pack/subtitles.srt", "late")
      remote.before = (operation) => {
        if (operation !== "list") return
        remote.before = () => undefined
        rmSync(late)
        if (state !== "releasing") rmSync(join(world.completed, "Pack"), { recursive: true })
        set(world.config.stateDir, join(world.completed, "Pack"), state)
      }
      const report = await world.upload()
      assert.deepStrictEqual(outcomes(report), { Pack: "deferred" }, hash)
      const [found] = await known(world)
      assert.strictEqual(found?.item.state, state)
      assert.deepStrictEqual(
        found?.files.map((file) => [file.path, file.state]),
        [["film.mkv", "verified"]]
      )
    })
  }
})
