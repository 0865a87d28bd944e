import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { parse } from "../../src/domain/metainfo.ts"
import { join } from "../../src/platform/BytePath.ts"
import { type Content, makeMetainfo, type MetainfoOptions, noise } from "../fakes/metainfo.ts"
import { hasQbittorrent, startQbittorrent } from "../real/qbittorrent.ts"
import { proveOne, withProverRig } from "./prover-rig.ts"

const contents: ReadonlyArray<Content> = [
  { path: "a.mkv", bytes: noise(200_001, "a") },
  { path: "b/c.srt", bytes: noise(100, "c") },
  { path: "b/empty", bytes: new Uint8Array() },
  { path: "é.bin", bytes: noise(65_536, "e") }
]

const versions = ["v1", "v2", "hybrid"] as const
const torrents: ReadonlyArray<MetainfoOptions> = [
  ...versions.flatMap((version): ReadonlyArray<MetainfoOptions> => [
    { version, name: `${version} folder`, files: contents, pieceLength: 32_768 },
    { version, name: `${version}.bin`, files: noise(150_000, version) }
  ]),
  ...(["v1", "hybrid"] as const).map((version) => ({
    version,
    name: `${version} of one`,
    files: [{ path: "f", bytes: noise(50_000, "f") }],
    pieceLength: 65_536
  })),
  { version: "v1", name: "padded", files: contents, pads: true }
]

for (const version of [4, 5] as const) {
  describe.runIf(hasQbittorrent(version))(`qBittorrent ${version}`, () => {
    it.live("agrees on v1, v2 and hybrid torrents: what is whole, what is wrong, how files are numbered", () =>
      withProverRig(({ lay, root }) =>
        Effect.gen(function* () {
          const { api } = yield* startQbittorrent({ version, savePath: root })
          yield* api.post("app/setPreferences", { json: JSON.stringify({ max_active_checking_torrents: 20 }) })
          const settled = Effect.fnUntraced(function* (hash: string) {
            for (let tries = 0; tries < 400; tries++) {
              const torrent = yield* api.torrent(hash)
              if (torrent !== undefined && !/^(checking|metaDL|allocating|moving)/.test(torrent.state)) return torrent
              yield* Effect.sleep("50 millis")
            }
            throw new Error(`${hash} is not settled`)
          })
          const seeding = join(root, "seeding")
          const all = torrents.map((options) => ({
            options,
            torrent: makeMetainfo(options),
            ...lay("seeding", options)
          }))
          // As clients take a v2 tree with one file at the top: without the folder.
          writeFileSync(join(root, "alone"), noise(50_000, "alone"))
          const files = [{ path: "alone", bytes: noise(50_000, "alone") }]
          const alone = makeMetainfo({ version: "v2", name: "folder of one", files })
          yield* api.add(alone, { savePath: root })
          for (const { torrent } of all) yield* api.add(torrent, { savePath: seeding })
          for (const { options, torrent, view } of all) {
            const whole = { progress: 1, amount_left: 0 }
            assert.deepInclude(yield* settled(torrent.infohash), whole, options.name)
            assert.strictEqual((yield* proveOne(view)).verdict, "proven", options.name)
            const exported = parse(yield* api.export(torrent.infohash))
            assert.deepStrictEqual(exported, { metainfo: view.metainfo }, options.name)
            const folder = view.metainfo.multiFile ? `${view.metainfo.name}/` : ""
            assert.deepStrictEqual(
              (yield* api.files(torrent.infohash)).map(({ name, size }) => [name, size]),
              view.metainfo.files.filter(({ pad }) => !pad).map(({ path, size }) => [folder + path, size]),
              options.name
            )
            yield* api.stop(torrent.infohash)
          }
          assert.deepInclude(yield* settled(alone.infohash), { progress: 1, content_path: join(root, "alone") })
          for (const { options, places, torrent } of all) {
            const [content = { bytes: new Uint8Array() }] =
              options.files instanceof Uint8Array ? [{ bytes: options.files }] : options.files
            writeFileSync(places[0] ?? "", Buffer.from(content.bytes).fill(0, 40_000, 40_001))
            yield* api.recheck(torrent.infohash)
          }
          yield* Effect.sleep("1500 millis")
          for (const { options, torrent, view } of all) {
            assert.deepInclude(yield* proveOne(view), { verdict: "wrong", unproven: [] }, options.name)
            assert.isBelow((yield* settled(torrent.infohash)).progress, 1, options.name)
          }
        }).pipe(Effect.scoped)
      )
    )
  })
}
