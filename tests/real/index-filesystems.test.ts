import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { spawnSync } from "node:child_process"
import { cpSync, linkSync, lstatSync, mkdirSync, readdirSync, renameSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Filesystem from "../../src/platform/Filesystem.ts"
import { type IndexRig, sha256, withIndex } from "../workflows/index-rig.ts"
import { bindMounted, folder, loopMounted, memoryMounted, subvolume, zfs } from "./filesystems.ts"

/* The hash cache on real filesystems. Needs root. */

const known = (rig: IndexRig, path: string) =>
  Effect.map(
    rig.cache((cache) => cache.byPath(path)),
    Option.getOrUndefined
  )
const contentOf = (rig: IndexRig, path: string) => Effect.map(known(rig, path), (found) => found?.inode.contentId)

const fsidAt = (path: string) => Effect.flatMap(Filesystem.canonicalise(path), Filesystem.fsid)

/** The same file with another inode: ZFS gives the next number. */
const again = (file: string) => {
  cpSync(file, `${file}.new`)
  renameSync(`${file}.new`, file)
}

/** A file whose inode has the number of one that was just removed. */
const reuse = (victim: string, content: string): boolean => {
  const { ino } = lstatSync(victim)
  unlinkSync(victim)
  for (let turn = 0; turn < 200; turn++) {
    writeFileSync(victim, content)
    if (lstatSync(victim).ino === ino) return true
    unlinkSync(victim)
  }
  return false
}

describe("identity of a filesystem", { timeout: 120_000 }, () => {
  it.live("ext4, XFS and btrfs keep theirs over a new mount on another device; subvolumes have their own", () =>
    Effect.gen(function* () {
      const place = yield* folder
      const seen = new Set<string>()
      for (const type of ["ext4", "xfs", "btrfs"] as const) {
        const mounted = yield* loopMounted(type, join(place, type))
        const other = yield* loopMounted("ext4", join(place, `beside-${type}`))
        const before = yield* fsidAt(mounted.path)
        // The images change places, so that neither has its loop device again.
        yield* mounted.unmount
        yield* other.unmount
        yield* other.mount
        yield* mounted.mount
        assert.strictEqual(yield* fsidAt(mounted.path), before)
        assert.match(before, new RegExp(`^${type}:[0-9a-f-]{8,}$`))
        seen.add(before).add(yield* fsidAt(other.path))
      }
      assert.strictEqual(seen.size, 6)
      const btrfs = join(place, "btrfs")
      yield* subvolume(join(btrfs, "inner"))
      assert.notStrictEqual(yield* fsidAt(join(btrfs, "inner")), yield* fsidAt(btrfs))
      assert.isFalse(yield* Filesystem.sameFilesystem(btrfs, join(btrfs, "inner")))
      assert.isFalse(yield* Filesystem.sameFilesystem(btrfs, join(place, "xfs")))
      mkdirSync(join(btrfs, "plain"))
      assert.isTrue(yield* Filesystem.sameFilesystem(btrfs, join(btrfs, "plain")))
      assert.deepStrictEqual(readdirSync(join(btrfs, "plain")), [], "the probe leaves nothing")
    })
  )

  it.live("each ZFS dataset has its own, the same after a new mount; no hardlink leads from one to another", () =>
    Effect.gen(function* () {
      const place = yield* folder
      const { dataset, mount, pool, unmount } = yield* zfs
      const stash = join(place, "stash")
      const { name } = yield* pool(stash)
      yield* dataset(`${name}/media`)
      const outer = yield* fsidAt(stash)
      const inner = yield* fsidAt(join(stash, "media"))
      assert.notStrictEqual(outer, inner)
      yield* unmount(`${name}/media`)
      assert.strictEqual(yield* fsidAt(join(stash, "media")), outer, "the empty mount point is not the dataset")
      yield* mount(`${name}/media`)
      assert.strictEqual(yield* fsidAt(join(stash, "media")), inner)
      assert.isFalse(yield* Filesystem.sameFilesystem(stash, join(stash, "media")))
      mkdirSync(join(stash, "seeding"))
      assert.isTrue(yield* Filesystem.sameFilesystem(stash, join(stash, "seeding")))
    }).pipe(Effect.scoped)
  )
})

describe("index on real filesystems", { timeout: 120_000 }, () => {
  it.live("scenario 4: an inode that is given again on ext4 has not the old content", () =>
    Effect.gen(function* () {
      const place = yield* folder
      const { path: stash } = yield* loopMounted("ext4", join(place, "stash"))
      const { path: pool } = yield* loopMounted("btrfs", join(place, "pool"))
      yield* withIndex(
        [stash, pool],
        Effect.fnUntraced(function* (rig) {
          const file = rig.write(join(stash, "film"), "first film")
          rig.write(join(pool, "copy"), "first film")
          assert.strictEqual((yield* rig.index()).report.read.files, 2)
          spawnSync("cp", ["--preserve=timestamps", file, rig.path("times")])
          assert.isTrue(reuse(file, "other film"), "ext4 gives the number again")
          spawnSync("touch", ["-r", rig.path("times"), file])
          const { report } = yield* rig.index()
          assert.strictEqual(report.read.files, 1)
          assert.strictEqual(yield* contentOf(rig, file), sha256("other film"))
          assert.deepStrictEqual(
            (yield* rig.cache((cache) => cache.byContent(sha256("first film")))).flatMap(({ entries }) =>
              entries.map(({ path }) => path)
            ),
            [join(pool, "copy")]
          )
        })
      )
    })
  )

  it.live("scenario 7: a bind alias with the same st_dev adds no name and no root", () =>
    Effect.gen(function* () {
      const place = yield* folder
      const { path: stash } = yield* loopMounted("ext4", join(place, "stash"))
      mkdirSync(join(stash, "media/inside"), { recursive: true })
      const { path: alias } = yield* bindMounted(join(stash, "media"), join(place, "data"))
      yield* bindMounted(join(stash, "media"), join(stash, "media/inside"))
      yield* withIndex(
        [alias, stash, join(alias, "deeper")],
        Effect.fnUntraced(function* (rig) {
          const file = rig.write(join(alias, "deeper/film"), "film")
          linkSync(file, join(alias, "second"))
          const { report } = yield* rig.index("--full")
          assert.deepStrictEqual(
            report.roots.map(({ foreign, path }) => ({ foreign, path })),
            [{ path: stash, foreign: [join(stash, "media/inside")] }]
          )
          const found = yield* known(rig, join(stash, "media/second"))
          assert.strictEqual(found?.inode.links, 2)
          assert.deepStrictEqual(
            found?.entries.map(({ path }) => path),
            [join(stash, "media/deeper/film"), join(stash, "media/second")]
          )
          const part = yield* rig.index(join(alias, "deeper"))
          assert.strictEqual(part.report.roots[0]?.start, join(stash, "media/deeper"))
          const place = yield* Filesystem.canonicalise(join(alias, "deeper/film"))
          assert.strictEqual(place.path, join(stash, "media/deeper/film"))
        })
      )
    })
  )

  it.live(
    "scenario 8: two ZFS datasets with equal inode numbers are two filesystems; neither is entered from the other",
    () =>
      Effect.gen(function* () {
        const place = yield* folder
        const { dataset, pool } = yield* zfs
        const stash = join(place, "stash")
        const cold = join(place, "pool")
        const { name } = yield* pool(stash)
        yield* pool(cold)
        yield* dataset(`${name}/child`)
        yield* withIndex(
          [stash, cold],
          Effect.fnUntraced(function* (rig) {
            const one = rig.write(join(stash, "film"), "one film")
            const other = rig.write(join(cold, "film"), "no. film")
            rig.write(join(stash, "child/hidden"), "in another dataset")
            while (lstatSync(one).ino < lstatSync(other).ino) again(one)
            while (lstatSync(other).ino < lstatSync(one).ino) again(other)
            assert.strictEqual(lstatSync(one).ino, lstatSync(other).ino)
            const { report } = yield* rig.index("--full")
            assert.deepStrictEqual(
              report.roots.map(({ files, foreign }) => ({ files, foreign })),
              [
                { files: 1, foreign: [join(stash, "child")] },
                { files: 1, foreign: [] }
              ]
            )
            assert.strictEqual(yield* contentOf(rig, one), sha256("one film"))
            assert.strictEqual(yield* contentOf(rig, other), sha256("no. film"))
            assert.strictEqual((yield* known(rig, one))?.inode.birthNs, 0n, "FUSE knows no birth")
            assert.deepInclude((yield* rig.index("--full")).report.read, { files: 0, changed: 0 })
          })
        )
      }).pipe(Effect.scoped)
  )

  it.live("scenario 16: a pool that is not mounted changes nothing and exits 75, until it is back or disowned", () =>
    Effect.gen(function* () {
      const place = yield* folder
      const { mount, pool, unmount } = yield* zfs
      const stash = join(place, "stash")
      const cold = join(place, "pool")
      yield* pool(stash)
      const { name } = yield* pool(cold)
      yield* withIndex(
        [stash, cold],
        Effect.fnUntraced(function* (rig) {
          const film = rig.write(join(cold, "film"), "film")
          yield* rig.index("--full")
          yield* unmount(name)
          rig.write(join(stash, "new"), "new")
          const { code, report } = yield* rig.index("--full")
          assert.strictEqual(code, 75)
          const [first, second] = report.roots
          assert.strictEqual(first?.outcome, "complete", "the other root is brought up to date all the same")
          assert.strictEqual(second?.outcome, "aborted")
          assert.match(second?.why ?? "", /was on the filesystem .* is it mounted\?/)
          assert.strictEqual(yield* contentOf(rig, film), sha256("film"))
          yield* mount(name)
          const again = yield* rig.index("--full")
          assert.strictEqual(again.code, 0)
          assert.deepInclude(again.report.read, { files: 0 })
          yield* unmount(name)
          const believed = yield* rig.index("--full", "--believe-roots")
          assert.strictEqual(believed.code, 0)
          assert.isUndefined(yield* known(rig, film))
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("a root that held thousands of files and is empty all at once is not believed either", () =>
    Effect.gen(function* () {
      const place = yield* folder
      const { path: stash } = yield* memoryMounted(join(place, "stash"))
      yield* withIndex(
        [stash],
        Effect.fnUntraced(function* (rig) {
          for (let at = 0; at < 1000; at++) writeFileSync(join(stash, `${at}`), `${at}`)
          yield* rig.index()
          for (const name of readdirSync(stash)) unlinkSync(join(stash, name))
          const { code, report } = yield* rig.index()
          assert.strictEqual(code, 75)
          assert.match(report.roots[0]?.why ?? "", /it is empty and held 1000 files/)
          assert.isDefined(yield* known(rig, join(stash, "7")))
          writeFileSync(join(stash, "one"), "one")
          assert.strictEqual((yield* rig.index()).report.roots[0]?.gone, 1000)
        })
      )
    })
  )
})
