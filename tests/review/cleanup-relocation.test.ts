import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SagaPlan } from "../../src/domain/sagas.ts"
import { Disk } from "../../src/services/Disk.ts"
import { Sagas } from "../../src/state/Sagas.ts"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { outcomes, withRig } from "../workflows/cleanup-rig.ts"

const run = cleanup({ dryRun: undefined })

it.live("cleanup keeps what a relocation under way may have to bring back, and says so", () =>
  withRig(
    Effect.fnUntraced(function* (rig) {
      const source = rig.write("Show/a.mkv")
      yield* rig.run(rig.uploaded("Show"))
      rig.write("Film.mkv")
      yield* rig.run(rig.uploaded("Film.mkv"))
      const saga = yield* rig.run(
        Effect.gen(function* () {
          const entry = yield* (yield* Disk).stat(source)
          if (entry._tag !== "Known") return yield* Effect.die("there is no file")
          const blob = {
            number: 0,
            size: Number(entry.value.fence.size),
            wanted: true,
            fence: entry.value.fence,
            links: 1,
            origin: { kind: "copy" },
            sourceId: null,
            contentId: null,
            target: null,
            proven: null,
            aside: null
          } as const
          const plan: SagaPlan = {
            torrents: [],
            blobs: [blob],
            entries: [{ blob: 0, source, target: "/pool/a.mkv", from: rig.completed, to: "/pool", existed: false }]
          }
          const sagas = yield* Sagas
          const begun = yield* sagas.begin({
            kind: "demotion",
            subject: "Show",
            fromFsid: "stash",
            toFsid: "pool",
            promisedBytes: 0,
            plan
          })
          if (begun === undefined) return yield* Effect.die("it was not begun")
          yield* sagas.move(begun.id, ["planned"], "repointed")
          return begun
        })
      )
      const report = yield* rig.run(run)
      assert.deepStrictEqual(outcomes(report), { "Film.mkv": "released", Show: "kept" })
      assert.isTrue(rig.has("Show/a.mkv"))
      assert.include(JSON.stringify(report), "the demotion of Show is under way")

      yield* rig.run(Effect.flatMap(Sagas, (sagas) => sagas.move(saga.id, ["repointed"], "aborted")))
      assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Show: "released" })
    })
  )
)
