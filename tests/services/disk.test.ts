import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { fromBytes, toBytes } from "../../src/platform/BytePath.ts"
import { writeAtomic } from "../../src/platform/AtomicFile.ts"
import { Disk } from "../../src/services/Disk.ts"
import { markerOf } from "../../src/domain/items.ts"
import { parse, print } from "../../src/domain/marker.ts"
import { type Rig, withRig } from "../workflows/cleanup-rig.ts"

const using = <A, E>(rig: Rig, use: (disk: Disk["Service"]) => Effect.Effect<A, E>) =>
  rig.run(Effect.flatMap(Disk, use))

describe("the disk", () => {
  it.live("a tree holds files with their links; links, FIFOs and mounts are named and not entered", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const odd = fromBytes(Buffer.from([0x78, 0xff]))
        for (const name of ["T/b", "T/a/deep", `T/${odd}`, "T/mnt/hidden"]) rig.write(name)
        linkSync(rig.path("T/b"), rig.path("twin"))
        symlinkSync(rig.root, rig.path("T/link"))
        spawnSync("mkfifo", [rig.path("T/fifo")])
        const mounted = spawnSync("mount", ["-t", "tmpfs", "tmpfs", rig.path("T/mnt")]).status === 0
        assert.isTrue(mounted)
        const tree = yield* using(rig, (disk) => disk.walk(rig.path("T"))).pipe(
          Effect.ensuring(Effect.sync(() => spawnSync("umount", [rig.path("T/mnt")])))
        )
        assert.strictEqual(tree._tag, "Known")
        if (tree._tag !== "Known") return
        const { directories, files, others } = tree.value
        assert.deepStrictEqual(
          files.map(({ links, path }) => [path, links]),
          [
            ["b", 2],
            [odd, 1],
            ["a/deep", 1]
          ]
        )
        assert.deepStrictEqual(
          directories.map(({ path }) => path),
          ["a"]
        )
        assert.deepStrictEqual(others, [
          { path: "fifo", kind: "fifo" },
          { path: "link", kind: "symlink" },
          { path: "mnt", kind: "mount" }
        ])
      })
    )
  )

  it.live("absent is only what a folder that is there does not hold", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const tag = (path: string) =>
          Effect.map(
            using(rig, (disk) => disk.stat(path)),
            ({ _tag }) => _tag
          )
        assert.strictEqual(yield* tag(rig.path("no")), "Absent")
        assert.strictEqual(yield* tag(rig.path("no/deeper")), "Unreadable")
        symlinkSync("loop", rig.path("loop"))
        assert.strictEqual(yield* tag(rig.path("loop")), "Known")
        assert.strictEqual((yield* using(rig, (disk) => disk.resolve(rig.path("loop"))))._tag, "Unreadable")
        assert.strictEqual((yield* using(rig, (disk) => disk.walk(rig.path("no/deeper"))))._tag, "Unreadable")
      })
    )
  )

  it.live("hashes in one pass, tells a file that changed meanwhile, and opens nothing but files", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const content = Buffer.alloc(3 * 1024 * 1024 + 7, "x")
        writeFileSync(rig.path("big"), content)
        const seen: Array<number> = []
        const hashed = yield* using(rig, (disk) => disk.hash(rig.path("big"), "md5", (done) => seen.push(done)))
        assert.strictEqual(hashed.sha1, createHash("sha1").update(content).digest("hex"))
        assert.strictEqual(hashed.hash, createHash("md5").update(content).digest("hex"))
        assert.strictEqual(hashed.fence.ctimeNs, lstatSync(rig.path("big"), { bigint: true }).ctimeNs)
        assert.strictEqual(seen.at(-1), content.length)
        const changed = yield* Effect.flip(
          using(rig, (disk) => disk.hash(rig.path("big"), null, () => appendFileSync(rig.path("big"), "y")))
        )
        assert.strictEqual(changed.class, "changed")
        spawnSync("mkfifo", [rig.path("fifo")])
        symlinkSync(rig.path("big"), rig.path("link"))
        for (const name of ["fifo", "link", ""]) {
          const error = yield* Effect.flip(using(rig, (disk) => disk.hash(rig.path(name), null)))
          assert.strictEqual(error.class, "unreadable", name)
        }
        assert.strictEqual((yield* Effect.flip(using(rig, (disk) => disk.hash(rig.path("no"), null)))).class, "absent")
      })
    )
  )

  it.live("a second name is never given over something", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.write("a")
        rig.write("b")
        const error = yield* Effect.flip(using(rig, (disk) => disk.link(rig.path("a"), rig.path("b"))))
        assert.strictEqual(error.class, "exists")
        assert.strictEqual(readFileSync(rig.path("b"), "utf8"), "content of b")
        yield* using(rig, (disk) => disk.makeDirectory(rig.path("x/y/z"), 0o700))
        yield* using(rig, (disk) => disk.makeDirectory(rig.path("x/y/z"), 0o700))
        yield* using(rig, (disk) => disk.link(rig.path("a"), rig.path("x/y/z/a")))
        assert.strictEqual(lstatSync(rig.path("x/y/z/a")).nlink, 2)
      })
    )
  )
})

describe("an atomic file", () => {
  it.live("is whole or not there, whatever its name and whatever a crash left behind", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        for (const name of ["plain", "n".repeat(255), "-rf\n", fromBytes(Buffer.from([0xff, 0xfe]))]) {
          yield* writeAtomic(rig.path(name), Buffer.from("one"))
          yield* writeAtomic(rig.path(name), Buffer.from("two"), 0o600)
          assert.strictEqual(readFileSync(toBytes(rig.path(name)), "utf8"), "two")
          assert.strictEqual(lstatSync(toBytes(rig.path(name))).mode & 0o777, 0o600)
        }
        assert.lengthOf(readdirSync(rig.completed), 4)
        assert.strictEqual((yield* Effect.flip(writeAtomic(rig.path("no/x"), Buffer.from("")))).code, "ENOENT")
      })
    )
  )

  it.live("does not write through a symlink that was put where its temporary file goes", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const victim = join(rig.root, "victim")
        writeFileSync(victim, "precious")
        const folder = rig.path("f")
        mkdirSync(join(folder, "target"), { recursive: true })
        // The target is a folder: the rename fails, and leaves the temporary name for us to see.
        yield* Effect.flip(writeAtomic(join(folder, "target"), Buffer.from("half")))
        const temporary = readdirSync(folder).find((name) => name.startsWith(".media-pipeline-")) ?? ""
        spawnSync("ln", ["-sf", victim, join(folder, temporary)])
        assert.strictEqual((yield* Effect.flip(writeAtomic(join(folder, "target"), Buffer.from("evil")))).code, "ELOOP")
        assert.strictEqual(readFileSync(victim, "utf8"), "precious")
      })
    )
  )
})

describe("a marker", () => {
  const marker = {
    digest: "a".repeat(64),
    files: 2,
    bytes: 3,
    remote: 'b2:x/"y"\n',
    uploadedAt: "2026-01-01T00:00:00Z"
  }
  it("is one line that reads back, and nothing else is ours", () => {
    assert.deepStrictEqual(parse(print(marker)), marker)
    assert.strictEqual(print(marker).split("\n").length, 2)
    for (const text of ["", "{}", "uploaded", print(marker).replace(":1,", ":2,"), print({ ...marker, digest: "a" })]) {
      assert.isUndefined(parse(text), text)
    }
  })
  it("has a name that a disk takes, another one for each item", () => {
    const long = (end: string) => markerOf({ path: `/done/${"é".repeat(126)}${end}` })
    assert.strictEqual(markerOf({ path: "/done/x" }), "/done/x.uploaded")
    assert.isAtMost(toBytes(long("ab").slice("/done/".length)).length, 255)
    assert.isTrue(long("ab").endsWith(".uploaded") && long("ab") !== long("ac"))
  })
})
