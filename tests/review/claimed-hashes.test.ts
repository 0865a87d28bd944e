import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { Remote } from "../../src/services/Remote.ts"
import { MemoryRemote } from "../fakes/memory-remote.ts"
import { Bench, withRemote } from "../services/remote-rig.ts"
import { outcomes, reasons } from "../workflows/upload-rig.ts"
import { World } from "../workflows/world.ts"

describe("a hash that is only somebody's word", () => {
  it("what another tool sent in parts is compared by its bytes, although ours of that size go in one piece", async () => {
    const remote = new MemoryRemote()
    remote.claimedFrom = 200 * 1024 * 1024
    using world = new World({ remote })
    const content = new Uint8Array(6_000_000).fill(7)
    world.file("Film.mkv", content)
    world.torrent("Film.mkv")
    remote.put("downloads/Film.mkv", new Uint8Array(6_000_000), createHash("sha1").update(content).digest("hex"))
    const report = await world.upload()
    assert.deepStrictEqual(outcomes(report), { "Film.mkv": "failed" }, reasons(report))
    assert.deepStrictEqual(world.markers(), [])
  })

  it.live("a wrapper that remembers hashes is not taken for a service that computes them", () =>
    Effect.acquireUseRelease(
      Effect.sync(() => new Bench()),
      Effect.fnUntraced(function* (bench) {
        const folder = join(bench.root, "remote")
        mkdirSync(folder)
        const environment = { ...process.env, RCLONE_CACHE_DIR: join(bench.root, "cache") }
        const remote = `:hasher,remote="${folder}",hashes=sha1:`
        yield* withRemote(
          { remote, environment },
          Effect.gen(function* () {
            const one = yield* Remote
            const info = yield* one.info
            assert.deepStrictEqual([info.backend, info.hash, info.claimedFrom], ["hasher", "sha1", 0])
          })
        )
      }),
      (bench) => Effect.sync(() => bench[Symbol.dispose]())
    )
  )
})
