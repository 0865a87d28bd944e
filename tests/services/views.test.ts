import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { spawnSync } from "node:child_process"
import fs, {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Fence } from "../../src/domain/fence.ts"
import { entryOf } from "../../src/services/Disk/stats.ts"
import { Views, type ViewsError } from "../../src/services/Views.ts"
import { layer } from "../../src/services/Views/node.ts"

interface Rig {
  readonly here: string
  readonly there: string
  readonly views: Views["Service"]
}

/** Two filesystems, the second of four megabytes. */
const withRig = <A, E>(use: (rig: Rig) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const root = realpathSync(mkdtempSync(join(tmpdir(), "media-pipeline-views-")))
      const [here, there] = [join(root, "here"), join(root, "there")]
      for (const path of [here, there]) {
        mkdirSync(path)
        assert.strictEqual(spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", path]).status, 0)
      }
      return { root, here, there }
    }),
    ({ here, there }) => Effect.flatMap(Views, (views) => use({ here, there, views })).pipe(Effect.provide(layer)),
    ({ here, root, there }) =>
      Effect.sync(() => {
        for (const path of [here, there]) spawnSync("umount", ["-l", path])
        rmSync(root, { recursive: true, force: true })
      })
  )

const fenceOf = (path: string): Fence => entryOf(lstatSync(path, { bigint: true })).fence
const ino = (path: string) => lstatSync(path).ino
const write = (path: string, content: string | Uint8Array) => {
  mkdirSync(join(path, ".."), { recursive: true })
  writeFileSync(path, content)
  return path
}
const classOf = (result: Result.Result<unknown, ViewsError>) =>
  Result.isFailure(result) ? result.failure.class : "none"

describe("a copy", () => {
  it.live("has the source's bytes, time, mode and owner, and lies under its name only when it is whole", () =>
    withRig(
      Effect.fnUntraced(function* ({ here, there, views }) {
        const source = write(join(here, "film"), "content of a film")
        utimesSync(source, 1_600_000_000, 1_600_000_000.123456)
        spawnSync("chown", ["1234:567", source])
        spawnSync("chmod", ["640", source])
        const { contentId, fence } = yield* views.copy({ anchor: here, path: source }, fenceOf(source), {
          anchor: there,
          path: join(there, "film")
        })
        const [from, to] = [lstatSync(source), lstatSync(join(there, "film"))]
        assert.deepStrictEqual([to.uid, to.gid, to.mode, to.size], [from.uid, from.gid, from.mode, from.size])
        assert.closeTo(to.mtimeMs, from.mtimeMs, 0.001)
        assert.strictEqual(readFileSync(join(there, "film"), "utf8"), "content of a film")
        assert.match(contentId, /^sha256:[0-9a-f]{64}$/)
        assert.strictEqual(fence.ino, fenceOf(join(there, "film")).ino)
        assert.deepStrictEqual(readdirSync(there), ["film"])
      })
    )
  )

  it.live("goes on over what a crash left, and over nothing else", () =>
    withRig(
      Effect.fnUntraced(function* ({ here, there, views }) {
        const source = write(join(here, "film"), "whole")
        const to = { anchor: there, path: join(there, "film") }
        const copy = Effect.result(views.copy({ anchor: here, path: source }, fenceOf(source), to))
        write(join(there, "film.part"), "much longer than what is to come")
        assert.strictEqual(classOf(yield* copy), "none")
        assert.strictEqual(readFileSync(to.path, "utf8"), "whole")
        assert.strictEqual(classOf(yield* copy), "exists")
        rmSync(to.path)
        linkSync(write(join(there, "precious"), "precious"), join(there, "film.part"))
        assert.strictEqual(classOf(yield* copy), "exists")
        rmSync(join(there, "film.part"))
        symlinkSync(join(there, "precious"), join(there, "film.part"))
        assert.notStrictEqual(classOf(yield* copy), "none")
        assert.strictEqual(readFileSync(join(there, "precious"), "utf8"), "precious")
      })
    )
  )

  it.live("of a file that is not the one any more, or through a symlink, is none", () =>
    withRig(
      Effect.fnUntraced(function* ({ here, there, views }) {
        const source = write(join(here, "show", "film"), "one")
        const fence = fenceOf(source)
        const copy = (path: string) =>
          Effect.result(views.copy({ anchor: here, path }, fence, { anchor: there, path: join(there, "film") }))
        symlinkSync(join(here, "show"), join(here, "alias"))
        assert.notStrictEqual(classOf(yield* copy(join(here, "alias", "film"))), "none")
        linkSync(source, join(here, "link"))
        assert.strictEqual(classOf(yield* copy(source)), "changed")
        assert.deepStrictEqual(readdirSync(there), [])
      })
    )
  )

  it.live("that does not fit says so", () =>
    withRig(
      Effect.fnUntraced(function* ({ here, there, views }) {
        const source = write(join(here, "film"), new Uint8Array(3_000_000).fill(7))
        write(join(there, "filler"), new Uint8Array(2_000_000).fill(7))
        const result = yield* Effect.result(
          views.copy({ anchor: here, path: source }, fenceOf(source), { anchor: there, path: join(there, "film") })
        )
        assert.strictEqual(classOf(result), "no-space")
      })
    )
  )
})

describe("a link", () => {
  it.live("is made once; where another file lies, or on another filesystem, it is not made", () =>
    withRig(
      Effect.fnUntraced(function* ({ here, there, views }) {
        const source = write(join(here, "film"), "film")
        const fence = fenceOf(source)
        const link = (anchor: string, path: string) =>
          Effect.result(views.link({ anchor: here, path: source }, fence, { anchor, path }))
        assert.strictEqual(classOf(yield* link(here, join(here, "view"))), "none")
        assert.strictEqual(classOf(yield* link(here, join(here, "view"))), "none")
        assert.strictEqual(ino(join(here, "view")), ino(source))
        write(join(here, "taken"), "mine")
        assert.strictEqual(classOf(yield* link(here, join(here, "taken"))), "exists")
        assert.strictEqual(readFileSync(join(here, "taken"), "utf8"), "mine")
        assert.strictEqual(classOf(yield* link(there, join(there, "view"))), "other-filesystem")
        writeFileSync(source, "edited")
        assert.strictEqual(classOf(yield* link(here, join(here, "third"))), "changed")
      })
    )
  )
})

describe("staging", () => {
  it.live("is private, and is refused where no link leads out of it", () =>
    withRig(
      Effect.fnUntraced(function* ({ here, there, views }) {
        const spot = { anchor: here, path: join(here, ".media-pipeline-staging", "saga-1") }
        yield* views.staging(spot)
        assert.strictEqual(lstatSync(spot.path).mode & 0o777, 0o700)
        yield* views.staging(spot)
        const [home, bound] = [join(here, ".media-pipeline-staging"), join(there, "bound")]
        mkdirSync(bound, { mode: 0o700 })
        assert.strictEqual(spawnSync("mount", ["--bind", bound, home]).status, 0)
        const result = yield* Effect.result(views.staging(spot))
        spawnSync("umount", [home])
        assert.strictEqual(classOf(result), "other-filesystem")
      })
    )
  )

  it.live("is published folder by folder, beside what is there already, and over nothing", () =>
    withRig(
      Effect.fnUntraced(function* ({ here, views }) {
        const staged = join(here, ".staging")
        for (const path of ["new/deep/a", "shared/b", "single"]) write(join(staged, path), path)
        write(join(here, "final", "shared", "other"), "other")
        const publish = Effect.result(
          views.publish({ anchor: here, path: staged }, { anchor: here, path: join(here, "final") })
        )
        assert.strictEqual(classOf(yield* publish), "none")
        assert.strictEqual(classOf(yield* publish), "none")
        const shown = readdirSync(join(here, "final"), { recursive: true }).map(String).toSorted()
        assert.deepStrictEqual(shown, ["new", "new/deep", "new/deep/a", "shared", "shared/b", "shared/other", "single"])
        write(join(staged, "shared", "other"), "mine")
        assert.strictEqual(classOf(yield* publish), "exists")
        assert.strictEqual(readFileSync(join(here, "final/shared/other"), "utf8"), "other")
        symlinkSync(join(here, "final", "new"), join(here, "final", "trap"))
        write(join(staged, "trap", "c"), "c")
        assert.strictEqual(classOf(yield* publish), "exists")
        assert.deepStrictEqual(readdirSync(join(here, "final/new")), ["deep"])
      })
    )
  )

  it.live("takes folders over with mode and owner", () =>
    withRig(
      Effect.fnUntraced(function* ({ here, there, views }) {
        mkdirSync(join(here, "show", "s01"), { recursive: true })
        spawnSync("chmod", ["2775", join(here, "show")])
        spawnSync("chown", ["1234:567", join(here, "show")])
        yield* views.folders(
          { anchor: here, path: join(here, "show", "s01") },
          { anchor: there, path: join(there, "show", "s01") }
        )
        const [from, to] = [lstatSync(join(here, "show")), lstatSync(join(there, "show"))]
        assert.deepStrictEqual([to.mode, to.uid, to.gid], [from.mode, from.uid, from.gid])
        assert.isTrue(lstatSync(join(there, "show", "s01")).isDirectory())
      })
    )
  )
})

describe("the quarantine", () => {
  it.live("takes the very file on its own filesystem, and gives it back where nothing has come", () =>
    withRig(
      Effect.fnUntraced(function* ({ here, there, views }) {
        const source = write(join(here, "show", "film"), "film")
        const number = ino(source)
        const aside = join(here, ".media-pipeline-quarantine", "saga-1", "show", "film")
        const fence = yield* views.aside({ anchor: here, path: source }, fenceOf(source), { anchor: here, path: aside })
        assert.strictEqual(ino(aside), number)
        assert.strictEqual(lstatSync(join(here, ".media-pipeline-quarantine")).mode & 0o777, 0o700)
        rmSync(join(here, "show"), { recursive: true })
        const back = Effect.result(views.back({ anchor: here, path: aside }, fence, { anchor: here, path: source }))
        write(source, "somebody else's")
        assert.strictEqual(classOf(yield* back), "exists")
        rmSync(source)
        assert.strictEqual(classOf(yield* back), "none")
        assert.strictEqual(ino(source), number)
        const across = yield* Effect.result(
          views.aside({ anchor: here, path: source }, fenceOf(source), { anchor: there, path: join(there, "film") })
        )
        assert.strictEqual(classOf(across), "other-filesystem")
        assert.strictEqual(ino(source), number)
      })
    )
  )

  it.live("gives back over nothing that comes in the very moment, and ends what a crash has left with both names", () =>
    withRig(
      Effect.fnUntraced(function* ({ here, views }) {
        const [place, aside] = [join(here, "show", "film"), join(here, ".quarantine", "film")]
        mkdirSync(join(here, "show"))
        const number = ino(write(aside, "film"))
        const fence = fenceOf(aside)
        const back = Effect.result(views.back({ anchor: here, path: aside }, fence, { anchor: here, path: place }))
        const { linkSync, renameSync } = fs
        const first =
          <A extends ReadonlyArray<unknown>>(act: (...args: A) => void) =>
          (...args: A) => {
            writeFileSync(place, "somebody else's")
            act(...args)
          }
        Object.assign(fs, { linkSync: first(linkSync), renameSync: first(renameSync) })
        syncBuiltinESMExports()
        const outrun = yield* back
        Object.assign(fs, { linkSync, renameSync })
        syncBuiltinESMExports()
        assert.strictEqual(classOf(outrun), "exists")
        assert.deepStrictEqual([readFileSync(place, "utf8"), ino(aside)], ["somebody else's", number])
        rmSync(place)
        linkSync(aside, place)
        assert.strictEqual(classOf(yield* back), "none")
        assert.deepStrictEqual(
          [ino(place), lstatSync(place).nlink, readdirSync(join(here, ".quarantine"))],
          [number, 1, []]
        )
      })
    )
  )
})
