import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { rmSync } from "node:fs"
import { Items } from "../../src/state/Items.ts"
import { restore } from "../../src/workflows/restore.ts"
import { withRig } from "../workflows/cleanup-rig.ts"

for (const state of ["failed", "uploading"] as const) {
  it.live(`restore of a lost file does not call an item uploaded whose upload is ${state}`, () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.write("Show/a.mkv")
        const b = rig.write("Show/b.mkv")
        const item = yield* rig.run(rig.uploaded("Show"))
        // What an upload leaves of a copy that it read back and found wrong, or has in its hands.
        const refute = Effect.flatMap(Items, (items) =>
          Effect.flatMap(items.files(item.id), (files) =>
            items.putFiles(
              files.map((file) => (file.path === "a.mkv" ? { ...file, state: "sent", proof: "refuted" } : file))
            )
          ).pipe(Effect.andThen(items.update(item.id, { state, stamp: null })))
        )
        yield* rig.run(refute)
        rmSync(b)
        yield* rig.run(restore("Show"))
        assert.isTrue(rig.has("Show/b.mkv"))
        assert.strictEqual((yield* rig.run(rig.state("Show"))).state, state)
      })
    )
  )
}
