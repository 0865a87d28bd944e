import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { linkSync, mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { width } from "../../src/platform/Text.ts"
import { sha256, withIndex } from "../workflows/index-rig.ts"

describe("index on the command line", () => {
  it.live("tells what it did, and what it had not to do", () =>
    withIndex(
      ["stash", "pool"],
      Effect.fnUntraced(function* (rig) {
        const [stash = "", pool = ""] = rig.roots
        rig.write(join(stash, "film.mkv"), "film")
        rig.write(join(pool, "copy.mkv"), "film")
        const first = yield* rig.terminal.run("index")
        assert.strictEqual(first.code, 0)
        assert.match(first.stdout, /complete .*stash +1 file +4 B {2}1 new/)
        assert.match(first.stdout, /2 files read \(8 B\), in /)
        yield* rig.index()
        const second = yield* rig.terminal.run("index")
        assert.match(second.stdout, /unchanged/)
        assert.match(second.stdout, /nothing had to be read, in /)
        const status = yield* rig.terminal.run("index", "--json")
        assert.strictEqual(JSON.parse(status.stdout).roots.length, 2)
      })
    )
  )

  it.live("--find answers by path and by hash, for files and directories, without touching the disks", () =>
    withIndex(
      ["stash", "pool"],
      Effect.fnUntraced(function* (rig) {
        const [stash = "", pool = ""] = rig.roots
        const film = rig.write(join(stash, "seeding/Film (2026)/film.mkv"), "film")
        linkSync(film, rig.path("library.mkv"))
        rig.write(join(pool, "flat.mkv"), "film")
        yield* rig.index()
        // Whatever the answers come from, it is not the disks.
        rmSync(stash, { recursive: true })
        rmSync(pool, { recursive: true })
        rig.terminal.columns = 200
        const byPath = yield* rig.terminal.run("index", "--find", film)
        assert.strictEqual(byPath.code, 0)
        assert.include(byPath.stdout, sha256("film"))
        assert.include(byPath.stdout, join(pool, "flat.mkv"), "its copies too")
        assert.match(byPath.stdout, /and 1 name outside of the roots/)
        assert.match(byPath.stdout, /stable: untouched/)
        for (const hash of [sha256("film"), sha256("film").slice(7).toUpperCase()]) {
          const { stdout } = yield* rig.terminal.run("index", "--json", "--find", hash)
          assert.deepStrictEqual(
            JSON.parse(stdout)
              .inodes.map((one: { readonly links: number }) => one.links)
              .toSorted(),
            [1, 2]
          )
        }
        const directory = yield* rig.terminal.run("index", "--json", "--find", `${join(stash, "seeding")}/`)
        const { payload, ...found } = JSON.parse(directory.stdout)
        assert.deepInclude(found, { kind: "directory", files: 1, bytes: 4, unread: 0, grade: "stable" })
        const other = yield* rig.terminal.run("index", "--json", "--find", pool)
        assert.strictEqual(JSON.parse(other.stdout).payload, payload)
        assert.notStrictEqual(JSON.parse(other.stdout).tree, found.tree)
        assert.match((yield* rig.terminal.run("index", "--find", pool)).stdout, /pool: 1 file, 4 B\n {2}tree:/)
        for (const unknown of [rig.path("nowhere"), sha256("nothing")]) {
          const { code, complaint } = yield* rig.terminal.run("index", "--find", unknown)
          assert.strictEqual(code, 1)
          assert.include(complaint, unknown)
        }
      })
    )
  )

  it.live(
    "--duplicates tells what takes room twice: files, directories, payloads in two layouts; not hardlink views",
    () =>
      withIndex(
        ["stash", "pool"],
        Effect.fnUntraced(function* (rig) {
          const [stash = "", pool = ""] = rig.roots
          for (const root of [join(stash, "Show"), join(pool, "deep/Show")]) {
            rig.write(join(root, "Season 1/e1"), "episode one")
            rig.write(join(root, "Season 1/e2"), "episode two!")
          }
          mkdirSync(join(stash, "view"))
          for (const name of ["e1", "e2"]) linkSync(join(stash, "Show/Season 1", name), join(stash, "view", name))
          rig.write(join(pool, "renamed/other name 1"), "episode one")
          rig.write(join(pool, "nowhere else"), "so that the roots are not the same")
          rig.write(join(pool, "renamed/other name 2"), "episode two!")
          yield* rig.index()
          const { code, stdout } = yield* rig.terminal.run("index", "--json", "--duplicates")
          assert.strictEqual(code, 0)
          const found = JSON.parse(stdout)
          assert.strictEqual(found.wastedBytes, 2 * 23)
          assert.deepStrictEqual(
            found.contents.map((one: { readonly inodes: ReadonlyArray<unknown>; readonly wastedBytes: number }) => [
              one.inodes.length,
              one.wastedBytes
            ]),
            [
              [3, 24],
              [3, 22]
            ]
          )
          const trees: ReadonlyArray<{ readonly paths: ReadonlyArray<string>; readonly wastedBytes: number }> =
            found.trees
          assert.deepStrictEqual(
            trees.find(({ paths }) => paths.includes(join(stash, "Show"))),
            Object.assign(
              {},
              trees.find(({ paths }) => paths.includes(join(pool, "deep/Show")))
            ),
            "the same group"
          )
          assert.isTrue(
            found.payloads.some(
              (one: { readonly paths: ReadonlyArray<string> }) =>
                one.paths.includes(join(pool, "renamed")) &&
                one.paths.includes(join(pool, "deep")) &&
                one.paths.includes(join(stash, "view"))
            )
          )
          const shown = (yield* rig.terminal.run("index", "--duplicates")).stdout
          assert.match(shown, /The same directory/)
          assert.match(shown, /46 B in 2 contents that lies? there more than once/)
          for (const line of shown.split("\n")) assert.isAtMost(width(line), 80)
        })
      )
  )

  it.live("asking and acting do not mix", () =>
    withIndex(
      ["stash"],
      Effect.fnUntraced(function* (rig) {
        for (const args of [
          ["--find", "/x", "--duplicates"],
          ["--find", "/x", "--full"],
          ["--duplicates", rig.roots[0] ?? ""]
        ]) {
          const { code, complaint } = yield* rig.terminal.run("index", ...args)
          assert.strictEqual(code, 64, args.join(" "))
          assert.include(complaint, "--find and --duplicates only ask")
        }
      })
    )
  )
})
