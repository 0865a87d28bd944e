import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { spawnSync } from "node:child_process"
import { existsSync, linkSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Evidence } from "../../src/domain/deletion.ts"
import { seeding } from "../fakes/memory-torrents.ts"
import { hash, type Rig, withRig } from "../workflows/cleanup-rig.ts"
import { localCopy, met, pass, proven, refusals, tree } from "./gate-rig.ts"

describe("the quarantine", () => {
  const aside = (rig: Rig) => rig.path(".media-pipeline-quarantine/1")

  it.live("is private, on the same filesystem, and takes the very files", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = yield* tree(rig)
        const before = lstatSync(rig.path("Show/sub/b.mkv")).ino
        const freed = Result.getOrThrow(yield* pass(rig, { ...evidence, quarantine: aside(rig) }))
        assert.deepStrictEqual(freed, { files: 2, bytes: 0, left: [] })
        assert.strictEqual(lstatSync(join(aside(rig), "Show/sub/b.mkv")).ino, before)
        assert.strictEqual(lstatSync(rig.path(".media-pipeline-quarantine")).mode & 0o777, 0o700)
        assert.isFalse(rig.has("Show"))
      })
    )
  )

  it.live("on another filesystem is refused, and nothing is copied", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const mount = rig.path("disk")
        mkdirSync(mount)
        assert.strictEqual(spawnSync("mount", ["-t", "tmpfs", "tmpfs", mount]).status, 0)
        const result = yield* Effect.gen(function* () {
          rig.write("disk/film")
          const evidence = yield* localCopy(rig, "disk/film", ["disk/film"])
          const refused = yield* pass(rig, { ...evidence, quarantine: aside(rig) })
          assert.isTrue(rig.has("disk/film"))
          return refused
        }).pipe(Effect.ensuring(Effect.sync(() => spawnSync("umount", [mount]))))
        assert.match(refusals(result), /GateRefused.*another filesystem/)
        assert.deepStrictEqual(readdirSync(aside(rig)), [])
      })
    )
  )

  it.live("somebody else's folder, a symlink, or a place outside of it is not used", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = yield* tree(rig)
        const outside = yield* pass(rig, { ...evidence, quarantine: rig.path("elsewhere/1") })
        assert.match(refusals(outside), /GateRefused/)
        mkdirSync(rig.path(".media-pipeline-quarantine"), { mode: 0o755 })
        assert.match(refusals(yield* pass(rig, { ...evidence, quarantine: aside(rig) })), /GateFailed.*private/)
        rmSync(rig.path(".media-pipeline-quarantine"), { recursive: true })
        symlinkSync(rig.root, rig.path(".media-pipeline-quarantine"))
        assert.match(refusals(yield* pass(rig, { ...evidence, quarantine: aside(rig) })), /GateFailed/)
        assert.isTrue(rig.has("Show/a.mkv") && rig.has("Show/sub/b.mkv"))
      })
    )
  )

  it.live("gives up only what is proven and due, and only below itself", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const path = aside(rig)
        mkdirSync(path, { recursive: true })
        rig.write(".media-pipeline-quarantine/1/film")
        const file = yield* proven(rig, join(path, "film"))
        const within = dirname(path)
        const evidence = { _tag: "Quarantined", path, within, until: Date.now() - 1, files: [file] } as const
        assert.match(refusals(yield* pass(rig, { ...evidence, until: Date.now() + 60_000 })), /kept until/)
        assert.match(refusals(yield* pass(rig, { ...evidence, path: within, within: rig.completed })), /GateRefused/)
        assert.isTrue(existsSync(join(path, "film")))
        assert.strictEqual(Result.getOrThrow(yield* pass(rig, evidence)).files, 1)
        assert.deepStrictEqual(readdirSync(within), [])
      })
    )
  )
})

describe("what we made ourselves", () => {
  const derived = (path: string, within: string, from: string): Evidence => ({ _tag: "Derived", path, within, from })

  it.live("an extracted copy goes whole; its links are not followed", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const extracted = join(rig.root, "extracted")
        mkdirSync(join(extracted, "1", "deep"), { recursive: true })
        writeFileSync(join(extracted, "1", "deep", "a"), "a")
        symlinkSync(rig.completed, join(extracted, "1", "link"))
        rig.write("film")
        Result.getOrThrow(yield* pass(rig, derived(join(extracted, "1"), extracted, rig.path("film"))))
        assert.deepStrictEqual(readdirSync(extracted), [])
        assert.isTrue(rig.has("film"))
        assert.match(refusals(yield* pass(rig, derived(extracted, rig.root, rig.path("film")))), /GateRefused/)
        assert.match(refusals(yield* pass(rig, derived(extracted, extracted, rig.path("film")))), /GateRefused/)
      })
    )
  )

  it.live("among people's files only our own marker, temporary file or second name goes", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const item = { path: rig.write("film") }
        rig.mark(item)
        writeFileSync(rig.path("old.uploaded"), "")
        mkdirSync(rig.path("folder"))
        for (const name of ["film", "old.uploaded", "folder"]) {
          const evidence = derived(rig.path(name), rig.completed, "/somewhere")
          assert.match(refusals(yield* pass(rig, evidence)), /GateRefused.*not made by us/, name)
          assert.isTrue(rig.has(name))
        }
        Result.getOrThrow(yield* pass(rig, derived(rig.path("film.uploaded"), rig.completed, item.path)))
        writeFileSync(rig.path(".media-pipeline-x.tmp"), "half")
        Result.getOrThrow(yield* pass(rig, derived(rig.path(".media-pipeline-x.tmp"), rig.completed, item.path)))
        assert.deepStrictEqual(readdirSync(rig.completed).toSorted(), ["film", "folder", "old.uploaded"])
      })
    )
  )

  it.live("in the quarantine a file goes only while its content has another name", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const only = rig.write(".media-pipeline-quarantine/1/film")
        const within = rig.path(".media-pipeline-quarantine")
        assert.match(refusals(yield* pass(rig, derived(only, within, rig.path("film")))), /GateRefused/)
        rig.write("film")
        assert.match(refusals(yield* pass(rig, derived(only, within, rig.path("film")))), /GateRefused/)
        rmSync(rig.path("film"))
        linkSync(only, rig.path("film"))
        Result.getOrThrow(yield* pass(rig, derived(only, within, rig.path("film"))))
        assert.isTrue(rig.has("film") && !existsSync(only))
      })
    )
  )
})

describe("a torrent", () => {
  const setUp = Effect.fnUntraced(function* (rig: Rig) {
    const path = rig.write("film")
    rig.torrents.add(seeding(hash(1), path))
    rig.torrents.add(seeding(hash(2), path))
    const exported = join(rig.root, "state", "one.torrent")
    writeFileSync(exported, "de")
    const files = [yield* proven(rig, path)]
    return { _tag: "Torrent", hash: hash(1), exported, files, conditions: [met] } as const
  })

  it.live("goes alone, never its files, and only when its export is there", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = yield* setUp(rig)
        assert.match(refusals(yield* pass(rig, { ...evidence, hash: "all" })), /GateRefused/)
        assert.match(refusals(yield* pass(rig, { ...evidence, exported: join(rig.root, "no") })), /GateRefused/)
        assert.strictEqual(rig.torrents.held.size, 2)
        Result.getOrThrow(yield* pass(rig, evidence))
        assert.deepStrictEqual([...rig.torrents.held.keys()], [hash(2)])
        assert.isTrue(rig.has("film"))
      })
    )
  )

  it.live("that the client cannot be asked about is not removed", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = yield* setUp(rig)
        rig.torrents.fail()
        assert.match(refusals(yield* pass(rig, evidence)), /GateFailed/)
        assert.strictEqual(rig.torrents.held.size, 2)
      })
    )
  )
})

describe("unfinished uploads", () => {
  it.live("are cancelled by exact name, and never all of them", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        Result.getOrThrow(yield* pass(rig, { _tag: "Unfinished", paths: ["downloads/a"] }))
        assert.deepStrictEqual(rig.remote.calls, ["cancelUnfinished downloads/a"])
        for (const paths of [[], [""], ["downloads/a", ""]]) {
          assert.match(refusals(yield* pass(rig, { _tag: "Unfinished", paths })), /GateRefused/)
        }
        assert.strictEqual(rig.remote.calls.length, 1)
      })
    )
  )
})
