import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { seeding } from "../fakes/memory-torrents.ts"
import { hash, outcomes, withRig } from "../workflows/cleanup-rig.ts"

it.live("pathMap is wrong: a renamed torrent of one file in a folder still keeps the folder of that name", () =>
  withRig(
    Effect.fnUntraced(function* (rig) {
      rig.write("Film (2024)/film.mkv")
      rig.write("Free.mkv")
      for (const name of ["Film (2024)", "Free.mkv"]) yield* rig.run(rig.uploaded(name))
      rig.torrents.add(
        seeding(hash(1), "/downloads/Film (2024)/film.mkv", { name: "what I call it", savePath: "/downloads" })
      )
      const report = yield* rig.run(cleanup({ dryRun: false }))
      assert.deepStrictEqual(outcomes(report), { "Film (2024)": "kept", "Free.mkv": "released" })
    })
  )
)
