import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result } from "effect"
import { spawnSync } from "node:child_process"
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { type Rig, withRig } from "../workflows/cleanup-rig.ts"
import { leftOf, localCopy, pass, refusals, tree } from "./gate-rig.ts"

describe("a local copy", () => {
  it.live("goes, files first and then the folders that became empty; the bytes are counted", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = yield* tree(rig)
        mkdirSync(rig.path("Show/empty/deeper"), { recursive: true })
        const freed = Result.getOrThrow(yield* pass(rig, evidence))
        assert.deepStrictEqual(freed, { files: 2, bytes: 21 + 25, left: [] })
        assert.deepStrictEqual(readdirSync(rig.completed), [])
        assert.deepStrictEqual(Result.getOrThrow(yield* pass(rig, evidence)), { files: 0, bytes: 0, left: [] })
      })
    )
  )

  it.live("a file that appeared, a symlink and a FIFO stay and are reported, and so do their folders", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = yield* tree(rig)
        rig.write("Show/sub/new.mkv")
        symlinkSync("/etc/passwd", rig.path("Show/link"))
        spawnSync("mkfifo", [rig.path("Show/fifo")])
        assert.deepStrictEqual(leftOf(yield* pass(rig, evidence)), ["fifo", "link", "new.mkv"])
        assert.deepStrictEqual(readdirSync(rig.path("Show"), { recursive: true }).toSorted(), [
          "fifo",
          "link",
          "sub",
          "sub/new.mkv"
        ])
        assert.isTrue(existsSync("/etc/passwd"))
      })
    )
  )

  const swaps: Record<string, (rig: Rig, outside: string) => void> = {
    "a folder": (rig, outside) => {
      renameSync(rig.path("Show/sub"), outside)
      symlinkSync(outside, rig.path("Show/sub"))
    },
    "the root": (rig, outside) => {
      renameSync(rig.path("Show"), outside)
      symlinkSync(outside, rig.path("Show"))
    }
  }
  it.live.each(Object.keys(swaps))("%s that was swapped for a symlink to itself is not followed", (name) =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = yield* tree(rig)
        const outside = join(rig.root, "outside")
        swaps[name]?.(rig, outside)
        const moved = readdirSync(outside, { recursive: true }).toSorted()
        const result = yield* pass(rig, evidence)
        assert.deepStrictEqual(readdirSync(outside, { recursive: true }).toSorted(), moved)
        assert.include(leftOf(result) ?? [], "b.mkv")
      })
    )
  )

  it.live("a file swapped for a symlink, a hardlink of another, or other bytes is left", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        for (const name of ["S/link", "S/other", "S/grown", "S/fine"]) rig.write(name)
        const evidence = yield* localCopy(rig, "S", ["S/link", "S/other", "S/grown", "S/fine"])
        const precious = join(rig.root, "precious")
        renameSync(rig.path("S/link"), precious)
        symlinkSync(precious, rig.path("S/link"))
        rmSync(rig.path("S/other"))
        writeFileSync(join(rig.root, "else"), "content of S/other")
        linkSync(join(rig.root, "else"), rig.path("S/other"))
        appendFileSync(rig.path("S/grown"), "more")
        assert.deepStrictEqual(leftOf(yield* pass(rig, evidence)), ["grown", "link", "other"])
        assert.deepStrictEqual(readdirSync(rig.path("S")).toSorted(), ["grown", "link", "other"])
        assert.strictEqual(readFileSync(precious, "utf8"), "content of S/link")
      })
    )
  )

  it.live("a new ctime: read again, and gone if the bytes are ours; without our SHA-1 it stays", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = yield* tree(rig)
        for (const { path } of evidence.files) chmodSync(path, 0o600)
        const [first, second] = evidence.files
        assert.isDefined(first && second)
        const files = [first, second].flatMap((file, index) =>
          file === undefined ? [] : [{ ...file, sha1: index === 0 ? file.sha1 : null }]
        )
        assert.deepStrictEqual(leftOf(yield* pass(rig, { ...evidence, files })), ["b.mkv"])
        assert.deepStrictEqual([rig.has("Show/a.mkv"), rig.has("Show/sub/b.mkv")], [false, true])
      })
    )
  )

  it.live("a new ctime over other bytes with the old mtime stays", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const path = rig.write("film")
        const evidence = yield* localCopy(rig, "film", ["film"])
        const clock = join(rig.root, "clock")
        writeFileSync(clock, "")
        spawnSync("touch", ["-r", path, clock])
        writeFileSync(path, "CONTENT of film")
        spawnSync("touch", ["-r", clock, path])
        assert.deepStrictEqual(leftOf(yield* pass(rig, evidence)), ["film"])
        assert.strictEqual(readFileSync(path, "utf8"), "CONTENT of film")
      })
    )
  )

  it.live("a file written to while another one is read again is left", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.write("S/a")
        rig.write("S/b")
        // Long enough to read that the write below falls into it.
        truncateSync(rig.path("S/b"), 300 * 1024 * 1024)
        const evidence = yield* localCopy(rig, "S", ["S/a", "S/b"])
        chmodSync(rig.path("S/b"), 0o600)
        const running = yield* Effect.forkChild(pass(rig, evidence))
        yield* Effect.sleep("60 millis")
        appendFileSync(rig.path("S/a"), "more")
        assert.deepStrictEqual(leftOf(yield* Fiber.join(running)), ["a"])
        assert.deepStrictEqual(readdirSync(rig.path("S")), ["a"])
      })
    )
  )

  it.live("another filesystem mounted into the tree is not entered", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = yield* tree(rig)
        const mount = rig.path("Show/mnt")
        mkdirSync(mount)
        assert.strictEqual(spawnSync("mount", ["-t", "tmpfs", "tmpfs", mount]).status, 0)
        const result = yield* Effect.suspend(() => {
          mkdirSync(join(mount, "empty"))
          return pass(rig, evidence)
        }).pipe(
          Effect.tap(() => Effect.sync(() => assert.isTrue(existsSync(join(mount, "empty"))))),
          Effect.ensuring(Effect.sync(() => spawnSync("umount", [mount])))
        )
        assert.deepStrictEqual(leftOf(result), ["mnt"])
      })
    )
  )

  it.live("a configured folder, what holds one, and whatever is outside of them are refused", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = yield* tree(rig)
        const roots = [dirname(rig.root), rig.root, rig.completed]
        for (const root of [rig.completed, rig.root, "/"]) {
          assert.match(refusals(yield* pass(rig, { ...evidence, root, roots })), /^GateRefused/, root)
          assert.match(refusals(yield* pass(rig, { ...evidence, root, roots: ["/"] })), /^GateRefused/, root)
        }
        const elsewhere = { ...evidence, roots: [join(rig.root, "state")] }
        assert.match(refusals(yield* pass(rig, elsewhere)), /^GateRefused/)
        assert.isTrue(rig.has("Show/a.mkv") && rig.has("Show/sub/b.mkv"))
      })
    )
  )
})
