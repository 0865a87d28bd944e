import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
import { once } from "../workflows/relocate/expectations.ts"
import { digest, has, withRig } from "../workflows/relocate/rig.ts"

describe("a relocation and a client that changes under it", () => {
  it.live("what its torrents were pointed at stays while the client lists none of them", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { hash } = rig.torrent({ name: "Film.mkv" })
        once(rig, "state repointed", () => rig.fake.set({ emptyList: true }))
        yield* rig.apply()
        yield* rig.apply()
        assert.strictEqual(rig.shown(hash).savePath, rig.pooled)
        assert.isTrue(has(join(rig.pooled, "Film.mkv")), "the client still has it there")
        assert.isTrue(has(join(rig.seeds, "Film.mkv")))
        rig.fake.set({ emptyList: false })
        yield* rig.apply()
        const { progress, savePath } = rig.shown(hash)
        assert.strictEqual(progress, 1)
        assert.isTrue(has(join(savePath, "Film.mkv")))
        assert.deepStrictEqual(rig.fake.startedBelow, [])
      })
    )
  )

  for (const at of ["state published", "state repointed", "state live"]) {
    it.live(`a torrent that was removed and added again elsewhere at "${at}" stays where it is`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          const { hash, paths } = rig.torrent({ name: "Film.mkv" })
          const before = digest(paths[0] ?? "")
          const elsewhere = join(rig.stash, "elsewhere")
          once(rig, at, () => {
            rig.fake.drop(hash)
            rig.torrent({ name: "Film.mkv", folder: elsewhere, spec: { state: "stoppedUP" } })
          })
          yield* rig.apply()
          const { savePath, state } = rig.shown(hash)
          assert.deepStrictEqual([savePath, state], [elsewhere, "stoppedUP"])
          assert.strictEqual(digest(join(elsewhere, "Film.mkv")), before)
          assert.isTrue(has(paths[0] ?? "") || has(join(rig.pooled, "Film.mkv")))
        })
      )
    )
  }
})
