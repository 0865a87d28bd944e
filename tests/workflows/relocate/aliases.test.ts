import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { linkSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { noise } from "../../fakes/metainfo.ts"
import { only, stepsOf } from "./expectations.ts"
import { digest, has, inode, links, withRig } from "./rig.ts"

/* One place under several names. */

describe("other names of the same place", () => {
  it.live(
    "7: torrents through a bind alias are siblings of those without: one component, one copy, no name counted twice",
    () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          const alias = rig.bind(rig.stash, join(rig.root, "alias"))
          const files = noise(70_000, "film")
          const plain = rig.torrent({ name: "Film.mkv", files, folder: "a" })
          const [path = ""] = plain.paths
          const other = rig.torrent({
            name: "Film.mkv",
            files,
            folder: join(alias, "seeding/b"),
            write: false,
            sourceTag: "x"
          })
          linkSync(path, join(rig.seeds, "b/Film.mkv"))
          // The same file, under the same name, by way of the alias: no second name of it.
          const same = rig.torrent({
            name: "Film.mkv",
            files,
            folder: join(alias, "seeding/a"),
            write: false,
            sourceTag: "y"
          })
          const before = digest(path)
          assert.deepStrictEqual(stepsOf(yield* rig.apply()), [["demote", "move", "moved", null]])
          const [one, two] = [join(rig.pooled, "a/Film.mkv"), join(rig.pooled, "b/Film.mkv")]
          assert.deepStrictEqual([inode(one), links(one), digest(one)], [inode(two), 2, before])
          for (const { hash } of [plain, same]) assert.strictEqual(rig.shown(hash).savePath, dirname(one))
          assert.strictEqual(rig.shown(other.hash).savePath, dirname(two))
          yield* rig.later()
          assert.deepStrictEqual([rig.tree(rig.seeds), rig.fake.startedBelow], [{}, []])
        })
      )
  )

  it.live("7: a library's link through the alias holds the file on the stash", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const alias = rig.bind(rig.stash, join(rig.root, "alias"))
        const { hash, paths } = rig.torrent({ name: "Film.mkv", folder: join(alias, "seeding") })
        linkSync(paths[0] ?? "", join(alias, "movies/Film.mkv"))
        const { stays, steps } = yield* rig.apply()
        assert.deepStrictEqual([steps, stays.map(({ reason }) => reason)], [[], ["pinned"]])
        assert.strictEqual(rig.shown(hash).savePath, join(alias, "seeding"))
        assert.strictEqual(inode(join(rig.library, "Film.mkv")), inode(join(rig.seeds, "Film.mkv")))
      })
    )
  )

  it.live("25: a client that sees other paths is told its own, there and back", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const data = rig.bind(rig.stash, join(rig.root, "box/data"))
        const cold = rig.bind(rig.pool, join(rig.root, "box/cold"))
        rig.pathMap = { [data]: rig.stash, [cold]: rig.pool }
        const { hash } = rig.torrent({ name: "Film.mkv", folder: join(data, "seeding/tv") })
        const before = digest(join(rig.seeds, "tv/Film.mkv"))
        assert.deepStrictEqual(stepsOf(yield* rig.apply()), [["demote", "move", "moved", null]])
        assert.strictEqual(rig.shown(hash).savePath, join(cold, "seeding/tv"))
        assert.strictEqual(digest(join(rig.pooled, "tv/Film.mkv")), before)
        yield* rig.later()
        assert.deepStrictEqual(readdirSync(rig.seeds), [])
      })
    )
  )

  it.live("25: a pool that the client has no name for is nothing that it is pointed at", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const data = rig.bind(rig.stash, join(rig.root, "box/data"))
        // What the client calls by the pool's name is something else.
        rig.pathMap = { [data]: rig.stash, [rig.pool]: join(rig.root, "other") }
        const { hash, paths } = rig.torrent({ name: "Film.mkv", folder: join(data, "seeding") })
        const { outcome, reason } = only(yield* rig.apply())
        assert.deepStrictEqual([outcome, /pathMap/.test(reason)], ["failed", true], reason)
        assert.deepStrictEqual([rig.shown(hash).savePath, has(paths[0] ?? "")], [join(data, "seeding"), true])
        assert.deepStrictEqual([rig.tree(rig.pooled), rig.fake.startedBelow], [{}, []])
      })
    )
  )
})
