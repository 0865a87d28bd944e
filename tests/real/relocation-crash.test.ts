import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { quarantineFolder } from "../../src/domain/evidence.ts"
import { noise } from "../fakes/metainfo.ts"
import type { Disks } from "./relocation-disks.ts"
import { type Host, makeHost } from "./relocation-host.ts"
import { broken, duplicates, leftovers } from "./relocation-invariant.ts"
import { dump, filesBelow } from "./relocation-look.ts"
import { build, unbuild } from "./relocation-worker.ts"
import { hasQbittorrent } from "./qbittorrent.ts"

/* SIGKILL with a real client on real filesystems: some of the points that tests/crash/relocate.test.ts has all of. */

let bundle: string
beforeAll(() => {
  bundle = build("points")
})
afterAll(() => unbuild(bundle))

interface Fall {
  readonly at: string | ((name: string, saga: number) => string)
  readonly nth?: number
  /** The client dies as well, and is started again before the next run. */
  readonly client?: boolean
  /** Not in the first run, but in the one that removes the source. */
  readonly late?: boolean
}

const seeding = "media/torrents/seeding"

const falls: ReadonlyArray<Fall> = [
  { at: "Views.copy midway" },
  { at: "Prover.prove after" },
  { at: (name) => `rename pool/${seeding}/${name}` },
  { at: "TorrentClient.stop after", client: true },
  { at: "TorrentClient.setLocation after" },
  { at: "TorrentClient.setLocation after", nth: 2, client: true },
  { at: "TorrentClient.recheck after", client: true },
  { at: "Sagas.setRepointed true after" },
  { at: "TorrentClient.start after", client: true },
  { at: (name, saga) => `rename stash/${seeding}/${quarantineFolder}/saga-${saga}/${name}/a.mkv` },
  { at: (name, saga) => `unlink stash/${seeding}/${quarantineFolder}/saga-${saga}/${name}/a.mkv`, late: true }
]

const payload = (host: Host, name: string) =>
  Effect.gen(function* () {
    const files = [
      { path: "a.mkv", bytes: noise(2_200_000, `${name} a`) },
      { path: "b.nfo", bytes: noise(500, `${name} b`) }
    ]
    const pack = yield* host.add({ name, files, version: "hybrid", pieceLength: 65536 })
    const [path = ""] = pack.paths
    const cross = yield* host.add({
      name: `${name}.mkv`,
      files: files[0]?.bytes ?? new Uint8Array(),
      folder: "cross-seed",
      pieceLength: 131072,
      from: () => path,
      add: { category: "cross-seed" }
    })
    return [pack.hash, cross.hash]
  })

const lastSaga = (host: Host): number => (dump(join(host.root, "state/state.db"))["sagas"] ?? []).length

const drill = (disks: Disks, version: 4 | 5, chosen: ReadonlyArray<Fall>) =>
  Effect.gen(function* () {
    const host = yield* makeHost({ disks, version, bundle })
    for (const [number, { at, client = false, late = false, nth = 1 }] of chosen.entries()) {
      const name = `Pack.${number}`
      const hashes = yield* payload(host, name)
      yield* host.index()
      const label = typeof at === "string" ? at : at(name, lastSaga(host) + 1)
      const when = `killed at ${nth}. ${label}`
      if (late) {
        yield* host.relocate()
        host.ahead += 4 * 86_400_000
        yield* host.relocate()
      }
      yield* host.fall(label, nth)
      if (client) yield* host.crashClient
      assert.deepStrictEqual(yield* broken(host), [], when)
      yield* host.relocate()
      for (const hash of hashes) {
        const { save_path, state } = yield* host.torrent(hash)
        assert.deepStrictEqual(
          [save_path.startsWith(host.pooled), /^(?:stalledUP|uploading)$/.test(state)],
          [true, true],
          when
        )
      }
    }
    yield* host.later()
    assert.deepStrictEqual([yield* broken(host), leftovers(host), duplicates(host)], [[], [], []])
    assert.deepStrictEqual(filesBelow(host.seeds), [])
  })

describe(
  "scenarios 1 and 2: relocate, killed with a real client, and run again",
  { concurrent: true, timeout: 400_000 },
  () => {
    it.live.skipIf(!hasQbittorrent(5))("two ZFS pools, qBittorrent 5", () => drill("two ZFS pools", 5, falls))
    it.live.skipIf(!hasQbittorrent(4))("ext4 and ext4, qBittorrent 4, around the repoint", () =>
      drill(
        "ext4 and ext4",
        4,
        falls.filter(({ client }) => client === true)
      )
    )
  }
)
