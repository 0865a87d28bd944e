import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { bytes, noise } from "../fakes/archives/members.ts"
import { writeRar } from "../fakes/archives/rar.ts"
import { writeTar } from "../fakes/archives/tar.ts"
import { writeZip } from "../fakes/archives/zip.ts"
import { type Workbench, failsWith, leftovers, pack, walk, workbench } from "./archive-workbench.ts"

const ok = { name: "ok.txt", content: bytes("fine") }
const extractors = ["auto", "7zz", "unar"] as const
const zeros = (size: number) => ({ size, read: (_: number, target: Buffer) => void target.fill(0) })

describe("7: bombs", () => {
  it.live("a header that declares 10 bytes of 300 MiB", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      const big = { name: "big.bin", content: zeros(300 * 1024 ** 2), deflate: true, declaredSize: 10 }
      writeZip(`${bench.item}/x.zip`, [ok, big])
      for (const extractor of extractors) yield* failsWith(bench, { extractor }, "Damaged", "Bomb")
    }).pipe(Effect.scoped)
  )

  it.live("the watchdog ends a slow one long before it is through", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeZip(`${bench.item}/x.zip`, [ok])
      const endless = `${bench.root}/plain`
      mkdirSync(endless)
      const unar = `${endless}/unar`
      writeFileSync(
        unar,
        `#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\nexec head -c 100G /dev/zero > "$2/ok.txt"\n`
      )
      chmodSync(unar, 0o755)
      const error = yield* failsWith(bench, { extractor: "unar", programs: { unar } }, "Bomb")
      assert.include(error?.message, "16.0 MiB are allowed")
    }).pipe(Effect.scoped)
  )

  it.live("one whose headers are honest", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      const entries = Array.from({ length: 30 }, (_, index) => ({
        name: `zeros ${index}`,
        content: bytes("x"),
        declaredSize: 0xf0000000
      }))
      writeZip(`${bench.item}/x.zip`, entries)
      const error = yield* failsWith(bench, {}, "Bomb")
      assert.include(error?.message, "declares far more")
    }).pipe(Effect.scoped)
  )
})

describe("8: the disk is full", () => {
  it.live("it does not begin what cannot fit beside the reserve", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeZip(`${bench.item}/x.zip`, [ok])
      const error = yield* failsWith(bench, { reserveBytes: 2 ** 60 }, "NoSpace")
      assert.isTrue(error?.temporary)
      assert.include(error?.message, "reserveBytes")
    }).pipe(Effect.scoped)
  )

  const mounted = (bench: Workbench, size: string) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", `${bench.root}/extracted`])
      }),
      () => Effect.sync(() => execFileSync("umount", ["-l", `${bench.root}/extracted`]))
    )
  const isRoot = process.getuid?.() === 0

  it.live.skipIf(!isRoot)("it fills while an extractor that declared less is writing", () =>
    Effect.gen(function* () {
      for (const extractor of ["7zz", "unar"] as const) {
        const bench = yield* workbench()
        yield* mounted(bench, "40m")
        writeRar(bench.item, "show", [ok, { name: "film.mkv", content: noise(30 * 1024 ** 2) }], {
          version: 5,
          naming: "part",
          volumeData: 8 * 1024 ** 2
        })
        // Somebody else takes the room between the guard's look and the writing.
        writeFileSync(`${bench.root}/plain`, "")
        const hog = `${bench.root}/extracted/hog`
        const listing = extractor === "unar" ? { lsar: `${bench.item}/../hog` } : { "7zz": `${bench.item}/../hog` }
        const real = extractor === "unar" ? "lsar" : "7zz"
        writeFileSync(
          `${bench.item}/../hog`,
          `#!/bin/sh\n[ -e ${hog} ] || head -c 20M /dev/zero > ${hog}\nexec ${real} "$@"\n`,
          { mode: 0o755 }
        )
        writeFileSync(hog, "")
        rmSync(hog)
        const result = yield* bench
          .extract({ extractor, programs: listing, reserveBytes: 0 })
          .pipe(Effect.ensuring(Effect.sync(() => rmSync(hog))))
        assert.strictEqual(result.failures[0]?.reason._tag, "NoSpace", result.failures[0]?.message)
        assert.deepStrictEqual(leftovers(bench), [])
      }
    }).pipe(Effect.scoped)
  )

  it.live.skipIf(!isRoot)("the watchdog keeps the reserve while the disk fills from elsewhere", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      yield* mounted(bench, "64m")
      writeZip(`${bench.item}/x.zip`, [ok])
      const slow = `${bench.item}/../unar`
      const hog = `${bench.root}/extracted/hog`
      writeFileSync(slow, `#!/bin/sh\nhead -c 50M /dev/zero > ${hog}\nexec sleep 60\n`, { mode: 0o755 })
      const result = yield* bench
        .extract({ extractor: "unar", programs: { unar: slow }, reserveBytes: 20 * 1024 ** 2 })
        .pipe(Effect.ensuring(Effect.sync(() => rmSync(hog))))
      assert.strictEqual(result.failures[0]?.reason._tag, "NoSpace")
      assert.deepStrictEqual(leftovers(bench), [])
    }).pipe(Effect.scoped)
  )
})

describe("9: only regular files come out", () => {
  const secret = "the content of somebody else's file"
  const outside = (bench: Workbench) => {
    mkdirSync(`${bench.root}/plain`)
    writeFileSync(`${bench.root}/plain/secret`, secret, { mode: 0o600 })
    return `${bench.root}/plain`
  }

  for (const extractor of extractors) {
    it.live(`links, FIFOs, devices, setuid and directories without rights: ${extractor}`, () =>
      Effect.gen(function* () {
        const bench = yield* workbench()
        const victim = outside(bench)
        writeTar(`${bench.item}/x.tar`, [
          { ...ok, mode: 0o6777 },
          { name: "hard", type: "hardlink", target: `${victim}/secret` },
          { name: "hardpasswd", type: "hardlink", target: "/etc/passwd" },
          { name: "inner", type: "hardlink", target: "ok.txt" },
          { name: "soft", type: "symlink", target: `${victim}/secret` },
          { name: "updir", type: "symlink", target: "../../.." },
          { name: "pipe", type: "fifo" },
          { name: "null", type: "characterDevice" },
          { name: "disk", type: "blockDevice" },
          { name: "closed", type: "directory", mode: 0 },
          { name: "closed/x", content: bytes("x"), mode: 0 }
        ])
        const result = yield* bench.extract({ extractor })
        assert.deepStrictEqual(result.failures, [])
        assert.deepStrictEqual(walk(bench.into), ["closed/x", "ok.txt"])
        assert.deepStrictEqual(
          result.files.map(({ path }) => path),
          ["closed/x", "ok.txt"]
        )
        for (const path of walk(bench.into)) {
          const stats = statSync(`${bench.into}/${path}`)
          assert.deepStrictEqual([path, stats.mode & 0o7777, stats.nlink], [path, 0o644, 1])
        }
        assert.strictEqual(statSync(`${bench.into}/closed`).mode & 0o7777, 0o755)
        assert.deepStrictEqual(result.dropped.map(({ path }) => path).toSorted(), [
          "disk",
          "hard",
          "hardpasswd",
          "inner",
          "null",
          "pipe",
          "soft",
          "updir"
        ])
        assert.deepStrictEqual(walk(victim), ["secret"])
        assert.deepStrictEqual(
          [statSync(`${victim}/secret`).nlink, statSync(`${victim}/secret`).mode & 0o777],
          [1, 0o600]
        )
        assert.deepStrictEqual(leftovers(bench), [])
      }).pipe(Effect.scoped)
    )

    it.live(`../ and absolute names stay inside: ${extractor}`, () =>
      Effect.gen(function* () {
        for (const format of ["tar", "zip"] as const) {
          const bench = yield* workbench()
          const victim = outside(bench)
          const entries = [
            ok,
            { name: "../up.txt", content: bytes("up") },
            { name: "a/../../../up2.txt", content: bytes("up two") },
            { name: `${victim}/abs.txt`, content: bytes("absolute") }
          ]
          if (format === "tar") writeTar(`${bench.item}/x.tar`, entries)
          else writeZip(`${bench.item}/x.zip`, entries)
          const result = yield* bench.extract({ extractor })
          assert.deepStrictEqual(result.failures, [])
          assert.strictEqual(walk(bench.into).length, 4)
          assert.deepStrictEqual(walk(victim), ["secret"])
          assert.deepStrictEqual(leftovers(bench), [])
        }
      }).pipe(Effect.scoped)
    )

    it.live(`writing through a link that the archive itself makes: ${extractor}`, () =>
      Effect.gen(function* () {
        for (const target of ["../../../plain", "absolute"]) {
          const bench = yield* workbench()
          const victim = outside(bench)
          writeTar(`${bench.item}/x.tar`, [
            ok,
            { name: "d", type: "symlink", target: target === "absolute" ? victim : target },
            { name: "d/secret", content: bytes("overwritten") },
            { name: "d/new", content: bytes("new") }
          ])
          yield* bench.extract({ extractor })
          assert.deepStrictEqual(walk(victim), ["secret"])
          assert.strictEqual(readFileSync(`${victim}/secret`, "utf8"), secret)
          assert.deepStrictEqual(leftovers(bench), [])
        }
      }).pipe(Effect.scoped)
    )

    it.live(`a zip of nothing but a link: ${extractor}`, () =>
      Effect.gen(function* () {
        const bench = yield* workbench()
        writeZip(`${bench.item}/x.zip`, [{ name: "pw", content: bytes("/etc/passwd"), mode: 0o120777 }])
        yield* failsWith(bench, { extractor }, "NothingInside")
      }).pipe(Effect.scoped)
    )
  }

  it.live("names that collide are refused, not overwritten; names that differ in case are all kept", () =>
    Effect.gen(function* () {
      for (const extractor of extractors) {
        const twice = yield* workbench()
        writeZip(`${twice.item}/x.zip`, [ok, { name: "ok.txt", content: bytes("second") }])
        const error = yield* failsWith(twice, { extractor }, "NamesCollide")
        assert.include(error?.message, "ok.txt")
        const below = yield* workbench()
        writeTar(`${below.item}/x.tar`, [ok, { name: "ok.txt/deeper", content: bytes("second") }])
        yield* failsWith(below, { extractor }, "NamesCollide")
        const cased = yield* workbench()
        writeZip(`${cased.item}/x.zip`, [ok, { name: "OK.txt", content: bytes("second") }])
        assert.strictEqual((yield* cased.extract({ extractor })).files.length, 2)
      }
    }).pipe(Effect.scoped)
  )

  it.live("a FIFO called x.zip is not waited for", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      pack(bench.item, "mkfifo", "x.zip")
      yield* failsWith(bench, {}, "Unsupported")
    }).pipe(Effect.scoped)
  )
})
