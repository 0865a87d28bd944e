import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { once } from "../workflows/relocate/expectations.ts"
import { digest, has, withRig } from "../workflows/relocate/rig.ts"

describe("a pool that goes away between the last look and the release", () => {
  it.live("the same bytes below its mount point are not the copy that was proven", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { paths } = rig.torrent({ name: "Film.mkv" })
        const before = digest(paths[0] ?? "")
        yield* rig.apply()
        const aside = join(rig.seeds, ".media-pipeline-quarantine/saga-1/Film.mkv")
        once(rig, "relocate.release begins", () => {
          spawnSync("umount", ["-l", rig.pool])
          mkdirSync(rig.pooled, { recursive: true })
          cpSync(aside, join(rig.pooled, "Film.mkv"), { preserveTimestamps: true })
        })
        const report = yield* rig.later()
        assert.match(report.resumed[0]?.reason ?? "", /stays: what it was moved to changed in this moment/)
        assert.strictEqual(digest(aside), before)
        assert.isTrue(has(aside))
      })
    )
  )
})
