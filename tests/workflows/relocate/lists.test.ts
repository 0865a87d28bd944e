import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { linkSync, mkdirSync, renameSync } from "node:fs"
import { dirname, join } from "node:path"
import { noise } from "../../fakes/metainfo.ts"
import { stepsOf } from "./expectations.ts"
import { day, type Rig, withRig } from "./rig.ts"

/** Whose files the client is asked for. */
const asked = (rig: Rig, from: number) =>
  rig.fake.calls
    .slice(from)
    .filter(({ path }) => path === "/torrents/files")
    .map(({ fields }) => fields["hash"] ?? "")

const asking = Effect.fnUntraced(function* <A, E, R>(rig: Rig, run: Effect.Effect<A, E, R>) {
  const from = rig.fake.calls.length
  const result = yield* run
  return { result, hashes: asked(rig, from).toSorted() }
})

const season = (rig: Rig, name: string, extra: Parameters<Rig["torrent"]>[0]["spec"] = {}) =>
  rig.torrent({
    name,
    files: [
      { path: "e01.mkv", bytes: noise(40_000, `${name} one`) },
      { path: "e02.mkv", bytes: noise(40_000, `${name} two`) }
    ],
    spec: extra
  })

/** As the client does it: on the disk, and in its list of files. */
const renameInClient = (rig: Rig, hash: string, from: string, to: string) => {
  const torrent = rig.shown(hash)
  const files = torrent.files.map((file) => (file.name === from ? { ...file, name: to } : file))
  mkdirSync(dirname(join(torrent.savePath, to)), { recursive: true })
  renameSync(join(torrent.savePath, from), join(torrent.savePath, to))
  Object.assign(torrent, { files })
}

describe("cached lists of files", () => {
  it.live("serve a plan without a call for each torrent, for a day", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const both = [season(rig, "One"), season(rig, "Two")].map(({ hash }) => hash).toSorted()
        const first = yield* asking(rig, rig.plan())
        assert.deepStrictEqual(first.hashes, both)
        const second = yield* asking(rig, rig.plan())
        assert.deepStrictEqual(second.hashes, [])
        assert.deepStrictEqual(second.result.steps, first.result.steps)
        rig.ahead += day + 1000
        assert.deepStrictEqual((yield* asking(rig, rig.plan())).hashes, both)
      })
    )
  )

  it.live("are read again where the client's list of torrents or the disk speaks against them", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const renamed = season(rig, "Renamed")
        const smaller = season(rig, "Smaller")
        season(rig, "Same")
        yield* rig.plan()
        renameInClient(rig, renamed.hash, "Renamed/e02.mkv", "Renamed/Extras/e02.mkv")
        const { files } = rig.shown(smaller.hash)
        Object.assign(rig.shown(smaller.hash), {
          files: files.map((file, index) => (index === 1 ? { ...file, priority: 0 } : file))
        })
        const { hashes, result } = yield* asking(rig, rig.plan())
        assert.deepStrictEqual(hashes, [renamed.hash, smaller.hash].toSorted())
        assert.deepStrictEqual(result.blocked, [])
        assert.deepStrictEqual(result.steps.length, 3)
      })
    )
  )

  it.live("are never acted upon: what changed without a trace is noticed by a run that applies", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const pack = season(rig, "Pack")
        // Nothing but the plan looks at the files of one that stays.
        const stays = season(rig, "Stays")
        linkSync(stays.paths[0] ?? "", join(rig.library, "Stays.mkv"))
        const planned = yield* rig.plan()
        assert.deepStrictEqual(stepsOf(planned), [["demote", "move", "planned", null]])
        const torrent = rig.shown(pack.hash)
        const [one, two] = torrent.files
        assert(one !== undefined && two !== undefined)
        // Two of the same size swap their names: no size tells, and no path.
        Object.assign(torrent, {
          files: [
            { ...one, name: two.name },
            { ...two, name: one.name }
          ]
        })
        const at = (name: string) => join(torrent.savePath, name)
        renameSync(at(one.name), at("Pack/aside"))
        renameSync(at(two.name), at(one.name))
        renameSync(at("Pack/aside"), at(two.name))
        const before = Object.entries(rig.tree(rig.seeds)).filter(([path]) => path.startsWith("Pack/"))
        assert.deepStrictEqual((yield* asking(rig, rig.plan())).hashes, [])
        const applied = yield* asking(rig, rig.apply())
        assert.includeMembers(applied.hashes, [pack.hash, stays.hash])
        assert.deepStrictEqual(stepsOf(applied.result), [["demote", "move", "moved", null]])
        assert.deepStrictEqual(Object.entries(rig.tree(rig.pooled)), before)
        assert.strictEqual(rig.shown(pack.hash).progress, 1)
        assert.deepStrictEqual((yield* asking(rig, rig.plan())).hashes.length, 1, "its place is another")
      })
    )
  )
})
