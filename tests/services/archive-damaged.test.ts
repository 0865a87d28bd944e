import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { bytes, noise } from "../fakes/archives/members.ts"
import { writeRar, zeroFill } from "../fakes/archives/rar.ts"
import { writeTar } from "../fakes/archives/tar.ts"
import { writeZip } from "../fakes/archives/zip.ts"
import { failsWith, pack, walk, workbench } from "./archive-workbench.ts"

const ok = { name: "ok.txt", content: bytes("fine") }
const extractors = ["auto", "7zz", "unar"] as const
const boundary = (name: string) => ({ name, content: noise(1 << 20, name) })

describe("volumes", () => {
  for (const version of [4, 5] as const) {
    for (const naming of ["part", "old"] as const) {
      for (const extractor of extractors) {
        it.live(`4: the last volume is missing at a file boundary: RAR ${version}, ${naming}, ${extractor}`, () =>
          Effect.gen(function* () {
            const bench = yield* workbench()
            const volumes = writeRar(bench.item, "show", ["1", "2", "3"].map(boundary), { version, naming })
            assert.strictEqual(volumes.length, 3)
            rmSync(volumes[2] ?? "")
            const error = yield* failsWith(bench, { extractor }, "VolumesMissing")
            assert.include(error?.message, "the one after show.")
            assert.include(error?.message, "recheck")
          }).pipe(Effect.scoped)
        )

        it.live(`5: a middle volume is zero-filled: RAR ${version}, ${naming}, ${extractor}`, () =>
          Effect.gen(function* () {
            const bench = yield* workbench()
            const film = { name: "film.mkv", content: noise(3_000_000, "film") }
            const volumes = writeRar(bench.item, "show", [film], { version, naming })
            zeroFill(volumes[1] ?? "", 1 << 20)
            const error = yield* failsWith(bench, { extractor }, "Damaged")
            assert.include(error?.message, naming === "part" ? "show.part02.rar" : "show.r00")
          }).pipe(Effect.scoped)
        )
      }
    }
  }

  it.live("5: zeros within a volume, behind its header", () =>
    Effect.gen(function* () {
      for (const extractor of extractors) {
        const bench = yield* workbench()
        const film = { name: "film.mkv", content: noise(3_000_000, "film") }
        const [, second = ""] = writeRar(bench.item, "show", [film], { version: 5, naming: "part" })
        writeFileSync(second, readFileSync(second).fill(0, 5000, 500_000))
        yield* failsWith(bench, { extractor }, "Damaged")
      }
    }).pipe(Effect.scoped)
  )

  it.live("a gap in the numbering, and a first volume that is not the first", () =>
    Effect.gen(function* () {
      const gap = yield* workbench()
      const film = { name: "film.mkv", content: noise(3_000_000, "film") }
      rmSync(writeRar(gap.item, "show", [film], { version: 4, naming: "part" })[1] ?? "")
      const error = yield* failsWith(gap, {}, "VolumesMissing")
      assert.include(error?.message, "show.part02.rar")

      const late = yield* workbench()
      const [, second = ""] = writeRar(late.item, "other", [film], { version: 5, naming: "part" })
      for (const path of walk(late.item)) if (path !== "other.part02.rar") rmSync(`${late.item}/${path}`)
      renameSync(second, `${late.item}/other.part01.rar`)
      yield* failsWith(late, {}, "VolumesMissing")
    }).pipe(Effect.scoped)
  )
})

describe("6: an extractor that fails half-way leaves nothing behind", () => {
  it.live("a zip whose second member is damaged", () =>
    Effect.gen(function* () {
      for (const extractor of extractors) {
        const bench = yield* workbench()
        const [zip = ""] = writeZip(`${bench.item}/x.zip`, [ok, { name: "film.mkv", content: noise(900_000) }])
        writeFileSync(zip, readFileSync(zip).fill(0, 400_000, 500_000))
        yield* failsWith(bench, { extractor }, "Damaged")
        assert.isTrue(bench.discarded.length > 0)
      }
    }).pipe(Effect.scoped)
  )

  it.live("a truncated tar.gz", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeTar(`${bench.root}/plain.tar`, [ok, { name: "film.mkv", content: noise(900_000) }])
      pack(bench.root, "gzip", "plain.tar")
      const whole = readFileSync(`${bench.root}/plain.tar.gz`)
      rmSync(`${bench.root}/plain.tar.gz`)
      writeFileSync(`${bench.item}/x.tar.gz`, whole.subarray(0, whole.length - 200_000))
      yield* failsWith(bench, {}, "Damaged")
    }).pipe(Effect.scoped)
  )

  it.live("one that says it did well and did not is not believed", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeRar(bench.item, "show", [ok, { name: "film.mkv", content: noise(100_000) }], {
        version: 4,
        naming: "single"
      })
      const liar = `${bench.root}/plain`
      mkdirSync(liar)
      const script = (body: string) => {
        writeFileSync(`${liar}/unar`, `#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\n${body}\n`)
        chmodSync(`${liar}/unar`, 0o755)
        return { extractor: "unar", programs: { unar: `${liar}/unar` } } as const
      }
      const short = yield* failsWith(bench, script(`printf fine > "$2/ok.txt"`), "Damaged")
      assert.include(short?.message, "film.mkv did not come out")
      const real = `unar -q -D -o "$2" "$3"`
      yield* failsWith(bench, script(`${real}; printf more > "$2/extra"`), "Damaged")
      const wrong = yield* failsWith(bench, script(`${real}; printf FINE > "$2/ok.txt"`), "Damaged")
      assert.include(wrong?.message, "ok.txt has a wrong checksum")
      assert.strictEqual((yield* bench.extract(script(real))).files.length, 2)
    }).pipe(Effect.scoped)
  )
})
