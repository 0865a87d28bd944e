import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { appendFileSync, linkSync, mkdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { AppConfig } from "../../src/config/AppConfig.ts"
import { load } from "../../src/config/load.ts"
import { Progress } from "../../src/platform/Progress.ts"
import * as Disks from "../../src/services/Disk/node.ts"
import { Scanner } from "../../src/services/Scanner.ts"
import * as Scanners from "../../src/services/Scanner/node.ts"
import { Cache } from "../../src/state/Cache.ts"
import * as Database from "../../src/state/Database.ts"
import { hashInodes } from "../../src/workflows/index-cache/hash-inodes.ts"
import { indexCache } from "../../src/workflows/index-cache.ts"
import { type IndexRig, later, sha256, withIndex } from "./index-rig.ts"

/** A scanner that notes what it reads, and lets a test act right before. */
const watching = (note: (path: string) => void) =>
  Layer.effect(
    Scanner,
    Scanner.use((real) =>
      Effect.succeed(
        Scanner.of({
          walk: real.walk,
          read: (files, device, onRead, onBytes) => {
            for (const { path } of files) note(path)
            return real.read(files, device, onRead, onBytes)
          }
        })
      )
    )
  ).pipe(Layer.provide(Scanners.layer))

const running = (rig: IndexRig, note: (path: string) => void) => {
  const config = Layer.effect(AppConfig, load(rig.terminal.file))
  return Layer.mergeAll(
    Cache.layer.pipe(Layer.provide(Database.layer), Layer.provide(config)),
    watching(note),
    Disks.layer,
    Progress.layerSilent,
    config
  )
}

const options = { roots: [], full: true, believe: false }

describe("reading what a plan asks for", () => {
  it.live("each inode once, from the cache where that is stable, kept for the next time", () =>
    withIndex(
      ["stash", "pool"],
      Effect.fnUntraced(function* (rig) {
        const [stash = ""] = rig.roots
        const film = rig.write(join(stash, "film"), "film")
        linkSync(film, join(stash, "again"))
        const outside = rig.write(rig.path("outside"), "outside of every root")
        const empty = rig.write(join(stash, "empty"), "")
        symlinkSync("film", join(stash, "link"))
        mkdirSync(join(stash, "directory"))
        const asked = [
          film,
          join(stash, "again"),
          outside,
          empty,
          join(stash, "link"),
          join(stash, "gone"),
          join(stash, "directory")
        ]
        const reads: Array<string> = []
        const hash = later(hashInodes(asked)).pipe(
          Effect.provide(
            running(rig, (path) => void reads.push(path)),
            { local: true }
          )
        )
        const first = yield* hash
        assert.deepStrictEqual(
          first.map((one) => (one._tag === "Hashed" ? [one.contentId, one.grade, one.links] : one.why)),
          [
            [sha256("film"), "stable", 2],
            [sha256("film"), "stable", 2],
            [sha256("outside of every root"), "stable", 1],
            [sha256(""), "stable", 1],
            "it is a symlink, not a file",
            "it is not there",
            "it is a directory, not a file"
          ]
        )
        assert.strictEqual(reads.length, 2)
        const second = yield* hash
        assert.deepStrictEqual(second, first)
        assert.strictEqual(reads.length, 2, "nothing is read twice")
        // A scan finds the names; what is outside of the roots has none and goes.
        assert.strictEqual((yield* rig.index("--full")).report.read.files, 0)
        assert.strictEqual((yield* rig.cache((cache) => cache.byContent(sha256("film")))).length, 1)
        appendFileSync(film, "!")
        yield* rig.index()
        const [edited] = yield* hash
        assert.deepInclude(edited, { contentId: sha256("film!"), grade: "stable" })
        assert.strictEqual(reads.length, 4)
      })
    )
  )

  it.live("scenario 3: what is edited between listing and reading is left for the next run", () =>
    withIndex(
      ["stash", "pool"],
      Effect.fnUntraced(function* (rig) {
        const [stash = ""] = rig.roots
        const film = rig.write(join(stash, "film"), "film")
        const other = rig.write(join(stash, "other"), "other")
        let edit = true
        const index = later(indexCache(options)).pipe(
          Effect.provide(
            running(rig, (path) => {
              if (edit && path === film) appendFileSync(film, " edited")
            }),
            { local: true }
          )
        )
        assert.deepInclude((yield* index).read, { files: 1, changed: 1 })
        assert.strictEqual((yield* rig.cache((cache) => cache.byContent(sha256("other"))))[0]?.entries[0]?.path, other)
        edit = false
        assert.deepInclude((yield* index).read, { files: 1, changed: 0 })
        assert.strictEqual((yield* rig.cache((cache) => cache.byContent(sha256("film edited")))).length, 1)
      })
    )
  )
})
