import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { AppConfig } from "../../src/config/AppConfig.ts"
import * as NodeGate from "../../src/services/Gate/node.ts"
import * as Real from "../../src/services/TorrentClient/qbittorrent.ts"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { filesBelow, hardlink, plant, retire, withStorage } from "../workflows/cleanup-retired-rig.ts"
import { cleanupDefaults, outcomes, type Rig, withRig } from "../workflows/cleanup-rig.ts"
import { hasQbittorrent, startQbittorrent } from "./qbittorrent.ts"
import { createTorrent } from "./torrent.ts"
import { addComplete } from "./transfer.ts"

/** The rig's run, beside a real client. */
const run = (rig: Rig) => {
  const config = Layer.succeed(AppConfig, rig.config)
  const client = Real.layer.pipe(Layer.provide(config))
  const outside = Layer.mergeAll(client, rig.remote.layer, config, rig.arr.layer)
  const gate = NodeGate.layer.pipe(Layer.provide(outside))
  return rig.run(cleanup({ dryRun: undefined }).pipe(Effect.provide(Layer.mergeAll(client, gate), { local: true })))
}

describe.skipIf(!hasQbittorrent(5))("a retired payload beside qBittorrent 5", () => {
  it.live(
    "goes with its cross-seed once no library links it, the torrents exported, and no file by the client",
    () =>
      withRig((rig) =>
        Effect.gen(function* () {
          withStorage(rig)
          plant(rig, "stash/seeding/tv/Andor/e1.mkv", "1".repeat(5_000))
          plant(rig, "stash/seeding/tv/Andor/e2.mkv", "2".repeat(6_000))
          plant(rig, "stash/seeding/tv/Other.mkv", "of another title".repeat(400))
          hardlink(rig, "stash/seeding/tv/Andor/e1.mkv", "stash/seeding/cross/First name.mkv")
          hardlink(rig, "stash/seeding/tv/Andor/e1.mkv", "library/Andor - S01E01.mkv")
          const tv = join(rig.root, "stash/seeding/tv")
          const cross = join(rig.root, "stash/seeding/cross")
          const client = yield* startQbittorrent({ version: 5, savePath: tv, bypassLocalhost: true })
          const show = createTorrent({ source: join(tv, "Andor") })
          const other = createTorrent({ source: join(tv, "Other.mkv") })
          const seed = createTorrent({ source: join(cross, "First name.mkv"), sourceTag: "x" })
          yield* addComplete(client, show, tv)
          yield* addComplete(client, other, tv)
          yield* addComplete(client, seed, cross)
          rig.more = { ...rig.more, qbittorrent: { ...rig.config.qbittorrent, url: client.url } }
          rig.cleanup = { ...cleanupDefaults, minSeedTime: Duration.zero, minRatio: 0 }
          yield* retire(rig, "Andor, season 1", show.infohash, [
            "stash/seeding/tv/Andor/e1.mkv",
            "stash/seeding/tv/Andor/e2.mkv"
          ])
          const linked = yield* run(rig)
          assert.deepStrictEqual(outcomes(linked), { Andor: "kept" })
          assert.match(linked.items[0]?.reason ?? "", /a library still links it/)
          assert.lengthOf(yield* client.api.torrents, 3)

          rmSync(join(rig.root, "library/Andor - S01E01.mkv"))
          const report = yield* run(rig)
          assert.deepStrictEqual(outcomes(report), { Andor: "released" }, JSON.stringify(report.items))
          assert.deepStrictEqual(
            (yield* client.api.torrents).map(({ hash }) => hash),
            [other.infohash]
          )
          assert.deepStrictEqual(filesBelow(rig, "stash/seeding"), ["tv/Other.mkv"])
          assert.isFalse(existsSync(join(tv, "Andor")))
          for (const { info, infohash } of [show, seed]) {
            assert.isTrue(readFileSync(join(rig.root, "state/torrents", `${infohash}.torrent`)).includes(info))
          }
          assert.deepStrictEqual(outcomes(yield* run(rig)), {})
        }).pipe(Effect.scoped)
      ),
    60_000
  )
})
