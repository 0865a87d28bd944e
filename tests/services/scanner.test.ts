import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { spawnSync } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fromBytes, toBytes } from "../../src/platform/BytePath.ts"
import { type Reading, Scanner, type Seen, type Wanted } from "../../src/services/Scanner.ts"
import * as Scanners from "../../src/services/Scanner/node.ts"

const within = <A, E>(use: (root: string, scanner: Scanner["Service"]) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "scanner-"))),
    (root) => Scanner.use((scanner) => use(root, scanner)).pipe(Effect.provide(Scanners.layer)),
    (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
  )

const deviceOf = (path: string) => lstatSync(path, { bigint: true }).dev

const wanted = (path: string): Wanted => {
  const { birthtimeNs: birthNs, ctimeNs, ino, mtimeNs, size } = lstatSync(toBytes(path), { bigint: true })
  return { path, ino, birthNs, size, mtimeNs, ctimeNs }
}

/** Reads one file; `meanwhile` runs after its first bytes. */
const read = (scanner: Scanner["Service"], file: Wanted, device: bigint, meanwhile: () => void = () => undefined) =>
  Effect.gen(function* () {
    const readings: Array<Reading> = []
    let done = 0
    yield* scanner.read(
      [file],
      device,
      (_, reading) => void readings.push(reading),
      (count) => {
        if (done === 0) meanwhile()
        done += count
      }
    )
    assert.strictEqual(readings.length, 1)
    return { reading: readings[0], done }
  })

const digest = (content: Buffer) => createHash("sha256").update(content).digest("hex")

describe("reading", () => {
  it.live("gives SHA-256 of files of every length, and counts all bytes", () =>
    within(
      Effect.fnUntraced(function* (root, scanner) {
        for (const size of [1, 4096, 256 * 1024, 256 * 1024 + 1, 1024 ** 2, 3 * 1024 ** 2 + 5]) {
          const path = join(root, `${size}`)
          const content = Buffer.alloc(size, `content of ${size} `)
          writeFileSync(path, content)
          const { done, reading } = yield* read(scanner, wanted(path), deviceOf(root))
          assert.deepInclude(reading, { _tag: "Read", sha256: digest(content) }, `${size}`)
          assert.strictEqual(done, size)
        }
      })
    )
  )

  it.live("scenario 3: a file that is written to while it is read has no content id", () =>
    within(
      Effect.fnUntraced(function* (root, scanner) {
        const path = join(root, "large")
        const edits: ReadonlyArray<readonly [string, () => void]> = [
          [
            "overwritten in place",
            () => spawnSync("dd", ["if=/dev/zero", `of=${path}`, "bs=1", "count=9", "conv=notrunc"])
          ],
          ["appended to", () => appendFileSync(path, "more")],
          ["touched", () => utimesSync(path, 1, 1)],
          ["cut", () => writeFileSync(path, "short")]
        ]
        for (const [how, edit] of edits) {
          writeFileSync(path, Buffer.alloc(5 * 1024 ** 2, how))
          const { reading } = yield* read(scanner, wanted(path), deviceOf(root), edit)
          assert.strictEqual(reading?._tag, "Changed", how)
        }
      })
    )
  )

  it.live("nor has one that is another than was listed, or none any more", () =>
    within(
      Effect.fnUntraced(function* (root, scanner) {
        const path = join(root, "file")
        const others: ReadonlyArray<readonly [string, () => void]> = [
          ["grown", () => appendFileSync(path, "more")],
          [
            "edited, mtime put back",
            () => {
              spawnSync("cp", ["--preserve=timestamps", path, join(root, "times")])
              writeFileSync(path, "CONTENT")
              spawnSync("touch", ["-r", join(root, "times"), path])
            }
          ],
          [
            "replaced",
            () => {
              writeFileSync(join(root, "other"), "content")
              renameSync(join(root, "other"), path)
            }
          ],
          [
            "a symlink",
            () => {
              renameSync(path, join(root, "moved"))
              symlinkSync(join(root, "moved"), path)
            }
          ],
          ["gone", () => unlinkSync(path)],
          [
            "a FIFO",
            () => {
              unlinkSync(path)
              spawnSync("mkfifo", [path])
            }
          ]
        ]
        for (const [how, change] of others) {
          rmSync(path, { force: true })
          writeFileSync(path, "content")
          const listed = wanted(path)
          change()
          assert.strictEqual((yield* read(scanner, listed, deviceOf(root))).reading?._tag, "Changed", how)
        }
        writeFileSync(join(root, "same"), "content")
        const here = yield* read(scanner, wanted(join(root, "same")), deviceOf(root) + 1n)
        assert.strictEqual(here.reading?._tag, "Changed", "another device")
      })
    )
  )

  it.live("thousands of small files, of which some are not what they were or cannot be read", () =>
    within(
      Effect.fnUntraced(function* (root, scanner) {
        const odd = fromBytes(Buffer.from([0x78, 0xff, 0x0a]))
        for (const suffix of ["", odd]) {
          const files = Array.from({ length: 3000 }, (_, at) => {
            const path = `${root}/${at}\n${suffix}`
            writeFileSync(toBytes(path), `content ${at}`)
            return wanted(path)
          })
          unlinkSync(toBytes(files[7]?.path ?? ""))
          appendFileSync(toBytes(files[8]?.path ?? ""), "more")
          const long = files.map((file, at) => (at === 9 ? { ...file, path: `${file.path}${"\n".repeat(300)}` } : file))
          const readings: Array<Reading> = []
          let bytes = 0
          yield* scanner.read(
            long,
            deviceOf(root),
            (file, reading) => {
              assert.strictEqual(file, long[readings.length])
              readings.push(reading)
            },
            (count) => (bytes += count)
          )
          assert.strictEqual(
            bytes,
            files.reduce((sum, { size }) => sum + Number(size), 0)
          )
          for (const [at, reading] of readings.entries()) {
            if (at === 7 || at === 8) assert.strictEqual(reading._tag, "Changed")
            else if (at === 9) assert.match(reading._tag === "Unreadable" ? reading.why : "", /ENAMETOOLONG/)
            else assert.deepInclude(reading, { _tag: "Read", sha256: digest(Buffer.from(`content ${at}`)) })
          }
        }
      })
    )
  )

  it.live("leaves atime alone", () =>
    within(
      Effect.fnUntraced(function* (root, scanner) {
        for (const size of [10, 400_000]) {
          const path = join(root, `${size}`)
          writeFileSync(path, Buffer.alloc(size))
          utimesSync(path, 1000, 2000)
          yield* read(scanner, wanted(path), deviceOf(root))
          assert.strictEqual(lstatSync(path).atimeMs, 1_000_000, `${size}`)
        }
      })
    )
  )
})

describe("walking", () => {
  const walk = (scanner: Scanner["Service"], path: string, mountPoints: ReadonlyArray<string> = []) => {
    const walking = scanner.walk({ path, device: deviceOf(path), parent: null, mountPoints: new Set(mountPoints) })
    const all: Array<Seen> = []
    for (let seen = walking.next(0); seen.length > 0; seen = walking.next(0)) all.push(...seen)
    return all
  }

  it.live("tells each directory once, and what lies in it; what is mounted is not entered", () =>
    within((root, scanner) =>
      Effect.sync(() => {
        mkdirSync(join(root, "a/deep"), { recursive: true })
        mkdirSync(join(root, "mounted"))
        for (const name of ["x", "a/y", "a/deep/z", "mounted/hidden"]) writeFileSync(join(root, name), name)
        symlinkSync("x", join(root, "link"))
        symlinkSync("..", join(root, "a/up"))
        const seen = walk(scanner, root, [join(root, "mounted")])
        const listings = seen.flatMap((one) => (one._tag === "Listed" ? [one.listing] : []))
        assert.deepStrictEqual(
          listings.map(({ directories, names, others, path }) => [
            path,
            names,
            directories.map(({ name }) => name),
            others
          ]),
          [
            [root, ["x"], ["a"], 2],
            [join(root, "a"), ["y"], ["deep"], 1],
            [join(root, "a/deep"), ["z"], [], 0]
          ]
        )
        assert.deepStrictEqual(
          seen.flatMap((one) => (one._tag === "Foreign" ? [one.path] : [])),
          [join(root, "mounted")]
        )
        assert.deepStrictEqual(
          listings.map(({ parent }) => parent),
          [null, lstatSync(root, { bigint: true }).ino, lstatSync(join(root, "a"), { bigint: true }).ino]
        )
      })
    )
  )

  it.live("a directory that another one replaced while we looked, or that is gone, is said to be unread", () =>
    within((root, scanner) =>
      Effect.sync(() => {
        for (const name of ["a", "b", "c"]) mkdirSync(join(root, name))
        const walking = scanner.walk({ path: root, device: deviceOf(root), parent: null, mountPoints: new Set() })
        walking.next(0)
        mkdirSync(join(root, "new"))
        renameSync(join(root, "new"), join(root, "a"))
        rmSync(join(root, "b"), { recursive: true })
        const rest = [0, 1, 2].flatMap(() => [...walking.next(0)])
        assert.deepStrictEqual(
          rest.map((one) => [one._tag, one._tag === "Listed" ? one.listing.path : one.path]).toSorted(),
          [
            ["Listed", join(root, "c")],
            ["Unread", join(root, "a")],
            ["Unread", join(root, "b")]
          ]
        )
        assert.deepStrictEqual(walking.next(0), [])
      })
    )
  )
})
