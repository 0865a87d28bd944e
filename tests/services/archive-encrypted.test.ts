import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { bytes } from "../fakes/archives/members.ts"
import { writeZip } from "../fakes/archives/zip.ts"
import { failsWith, leftovers, pack, plainFiles, walk, workbench } from "./archive-workbench.ts"

const ok = { name: "ok.txt", content: bytes("fine") }

describe("10: encrypted", () => {
  const kinds = [
    ["zip", ["-tzip"]],
    ["zip, AES", ["-tzip", "-mem=AES256"]],
    ["7z", []],
    ["7z, names too", ["-mhe=on"]]
  ] as const
  for (const [title, args] of kinds) {
    it.live(`${title}: without a password, with wrong ones, with the right one`, () =>
      Effect.gen(function* () {
        const bench = yield* workbench()
        const extension = title.startsWith("zip") ? "zip" : "7z"
        pack(plainFiles(bench), "7zz", "a", ...args, "-ptop secret", `${bench.item}/x.${extension}`, ".")
        const none = yield* failsWith(bench, {}, "PasswordNeeded")
        assert.include(none?.message, "passwordsFile")
        const passwordsFile = `${bench.root}/plain/passwords`
        writeFileSync(passwordsFile, "wrong\r\n\nalso wrong\n")
        const wrong = yield* failsWith(bench, { passwordsFile }, "PasswordNeeded")
        assert.include(wrong?.message, "none of the 2 passwords")
        assert.isFalse(wrong?.temporary)
        writeFileSync(passwordsFile, "wrong\ntop secret\n")
        const result = yield* bench.extract({ passwordsFile })
        assert.deepStrictEqual(result.failures, [])
        assert.strictEqual(result.unpacked[0]?.extractor, "7zz")
        assert.strictEqual(bench.read("a b.txt").toString(), "hello")
      }).pipe(Effect.scoped)
    )

    // unar 1.10.8 refuses the right password of a zip that 7-Zip has encrypted with AES.
    if (title === "zip, AES") continue
    it.live(`${title}: by unar`, () =>
      Effect.gen(function* () {
        const bench = yield* workbench()
        const extension = title.startsWith("zip") ? "zip" : "7z"
        pack(plainFiles(bench), "7zz", "a", ...args, "-ptop secret", `${bench.item}/x.${extension}`, ".")
        yield* failsWith(bench, { extractor: "unar" }, "PasswordNeeded")
        const passwordsFile = `${bench.root}/plain/passwords`
        writeFileSync(passwordsFile, "wrong\n")
        yield* failsWith(bench, { extractor: "unar", passwordsFile }, "PasswordNeeded")
        writeFileSync(passwordsFile, "wrong\ntop secret\n")
        const result = yield* bench.extract({ extractor: "unar", passwordsFile })
        assert.deepStrictEqual(result.failures, [])
        assert.strictEqual(bench.read("a b.txt").toString(), "hello")
      }).pipe(Effect.scoped)
    )
  }

  it.live("7-Zip gets the password on stdin: no command line has it", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      pack(plainFiles(bench), "7zz", "a", "-ptop secret", `${bench.item}/x.7z`, ".")
      const spy = `${bench.root}/plain/7zz`
      const log = `${bench.root}/plain/log`
      writeFileSync(spy, `#!/bin/sh\nprintf '%s\\n' "$@" >> ${log}\nexec 7zz "$@"\n`, { mode: 0o755 })
      writeFileSync(`${bench.root}/plain/passwords`, "top secret\n")
      const result = yield* bench.extract({
        passwordsFile: `${bench.root}/plain/passwords`,
        programs: { "7zz": spy }
      })
      assert.strictEqual(result.files.length, 2)
      assert.notInclude(readFileSync(log, "utf8"), "secret")
    }).pipe(Effect.scoped)
  )
})

describe("programs", () => {
  it.live("what to do when none is installed", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeZip(`${bench.item}/x.zip`, [ok])
      const programs = { "7zz": "no-such-7zz", unar: "no-such-unar", lsar: "no-such-lsar" }
      const error = yield* failsWith(bench, { programs }, "ProgramMissing")
      assert.include(error?.message, "no-such-7zz and no-such-lsar cannot be started: install it")
      const tar = yield* workbench()
      pack(plainFiles(tar), "tar", "-czf", `${tar.item}/x.tar.gz`, ".")
      yield* failsWith(tar, { programs }, "ProgramMissing")
    }).pipe(Effect.scoped)
  )

  it.live("stopped in the middle: the extractor is killed with its children and staging is gone", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeZip(`${bench.item}/x.zip`, [ok])
      mkdirSync(`${bench.root}/plain`)
      const slow = `${bench.root}/plain/unar`
      const pids = `${bench.root}/plain/pids`
      writeFileSync(slow, `#!/bin/sh\nsleep 300 &\necho $$ $! > ${pids}\nwait\n`, { mode: 0o755 })
      const fiber = yield* Effect.forkChild(bench.extract({ extractor: "unar", programs: { unar: slow } }))
      const started = () => walk(`${bench.root}/plain`).includes("pids") && readFileSync(pids, "utf8").endsWith("\n")
      while (!started()) yield* Effect.sleep("10 millis")
      yield* Fiber.interrupt(fiber)
      for (const pid of readFileSync(pids, "utf8").trim().split(" ")) {
        const state = () => {
          try {
            return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
          } catch {
            return undefined
          }
        }
        for (let tries = 0; tries < 100 && state() !== undefined && state() !== "Z"; tries++)
          yield* Effect.sleep("10 millis")
        assert.include([undefined, "Z"], state())
      }
      assert.deepStrictEqual(leftovers(bench), [])
    }).pipe(Effect.scoped)
  )

  it.live("what a killed run left in staging goes first; a tree that is already there is not replaced", () =>
    Effect.gen(function* () {
      const bench = yield* workbench()
      writeZip(`${bench.item}/x.zip`, [ok])
      mkdirSync(`${bench.into}.partial/tree`, { recursive: true })
      writeFileSync(`${bench.into}.partial/tree/half`, "half a film")
      const result = yield* bench.extract()
      assert.deepStrictEqual(result.files, [{ path: "ok.txt", size: 4 }])
      assert.deepStrictEqual(walk(bench.into), ["ok.txt"])
      const again = yield* Effect.exit(bench.extract())
      assert.strictEqual(again._tag, "Failure")
      assert.deepStrictEqual(walk(bench.into), ["ok.txt"])
      assert.deepStrictEqual(leftovers(bench), [])
    }).pipe(Effect.scoped)
  )
})
