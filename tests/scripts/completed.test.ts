import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { execFileSync, spawn } from "node:child_process"
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { AppConfig } from "../../src/config/AppConfig.ts"
import { parse } from "../../src/config/load.ts"
import { Spool } from "../../src/state/Spool.ts"

const script = join(import.meta.dirname, "../../nix/scripts/completed.sh")
const hash = "0123456789abcdef0123456789abcdef01234567"

/** All that it may call: coreutils. */
const allowed = ["chmod", "date", "head", "mktemp", "mv", "rm", "sync", "tr"]

const which = (name: string) => execFileSync("sh", ["-c", `command -v "$1"`, "sh", name], { encoding: "utf8" }).trim()

interface Ended {
  readonly code: number | null
  readonly stderr: string
}

interface How {
  readonly uid?: number
  readonly gid?: number
  /** Runs in the shell before the script takes its place. */
  readonly before?: string
}

const makeRig = (shell: string) => {
  const root = mkdtempSync(join(tmpdir(), "completed-script-"))
  // Other users of the test must get to the spool.
  chmodSync(root, 0o755)
  const bin = join(root, "bin")
  const shims = join(root, "shims")
  const stateDir = join(root, "state ' \"$(touch x) *")
  const spool = join(stateDir, "spool")
  for (const folder of [bin, shims, stateDir, spool]) mkdirSync(folder)
  for (const name of allowed) symlinkSync(which(name), join(bin, name))
  const program = which(shell)
  const run = (args: ReadonlyArray<string>, { before = ":", gid, uid }: How = {}) =>
    Effect.promise(
      () =>
        new Promise<Ended>((resolve, reject) => {
          const child = spawn(program, ["-c", `${before}; exec "$0" "$@"`, program, script, ...args], {
            cwd: root,
            env: { PATH: `${shims}:${bin}` },
            stdio: ["ignore", "ignore", "pipe"],
            ...(uid === undefined ? {} : { uid }),
            ...(gid === undefined ? {} : { gid })
          })
          let stderr = ""
          child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
          child.once("error", reject)
          child.once("close", (code) => resolve({ code, stderr }))
        })
    )
  return {
    root,
    spool,
    run,
    drop: (infohash: string, how?: How) => run([spool, infohash], how),
    /** Runs in place of the program of this name; `$REAL` is the real one. */
    shim: (name: string, body: string) => {
      writeFileSync(join(shims, name), `#!${program}\nREAL=${join(bin, name)}\n${body}\n`, { mode: 0o755 })
    },
    unshim: (name: string) => rmSync(join(shims, name)),
    /** What the worker reads, by its own code. */
    tickets: Effect.gen(function* () {
      const config = yield* parse(
        "c.json",
        Buffer.from(
          JSON.stringify({
            stateDir,
            completedDir: "/c",
            upload: { remote: "r:" },
            qbittorrent: { url: "http://127.0.0.1:1" }
          })
        )
      )
      const layer = Layer.merge(Spool.layer, Logger.layer([])).pipe(Layer.provide(Layer.succeed(AppConfig, config)))
      return yield* Spool.use((one) => one.tickets).pipe(Effect.provide(layer, { local: true }))
    })
  }
}

const rigOf = (shell: string) =>
  Effect.acquireRelease(
    Effect.sync(() => makeRig(shell)),
    ({ root }) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
  )

const asRoot = process.getuid?.() === 0

// What /bin/sh is: dash on Debian, bash on NixOS.
describe.each(["sh", "bash"])("the completion hook under %s", (shell) => {
  it.live("drops a ticket that the worker reads, whole, for the group, once for the same hash", () =>
    Effect.gen(function* () {
      const { drop, spool, tickets } = yield* rigOf(shell)
      const before = Date.now()
      assert.deepStrictEqual(yield* drop(hash.toUpperCase(), { before: "umask 077" }), { code: 0, stderr: "" })
      assert.deepStrictEqual(yield* drop(hash), { code: 0, stderr: "" })
      assert.deepStrictEqual(yield* drop("a".repeat(64)), { code: 0, stderr: "" })
      assert.deepStrictEqual(readdirSync(spool).toSorted(), [`${hash}.json`, `${"a".repeat(64)}.json`])
      assert.strictEqual(statSync(join(spool, `${hash}.json`)).mode & 0o7777, 0o660)
      const [first, second] = yield* tickets
      assert.deepStrictEqual([first?.hash, second?.hash], [hash, "a".repeat(64)])
      assert.isTrue((first?.at ?? 0) >= before && (second?.at ?? 0) <= Date.now(), JSON.stringify([first, second]))
    })
  )

  it.live("has it on the disk before it bears its name, and its name before it ends", () =>
    Effect.gen(function* () {
      const { drop, root, shim, spool } = yield* rigOf(shell)
      const log = join(root, "log")
      for (const name of ["sync", "mv"]) shim(name, `printf '%s|' ${name} "$@" >>${log}; exec "$REAL" "$@"`)
      yield* drop(hash)
      assert.match(
        readFileSync(log, "utf8").replaceAll(spool, "SPOOL"),
        /^sync\|--\|SPOOL\/\.\w+\.\w+\|mv\|-fT\|--\|SPOOL\/\.\w+\.\w+\|SPOOL\/\w+\.json\|sync\|--\|SPOOL\|$/
      )
    })
  )

  it.live("refuses what is no infohash, without making anything of it", () =>
    Effect.gen(function* () {
      const { root, run, spool } = yield* rigOf(shell)
      const wrong = [
        "",
        "-",
        "--help",
        "*",
        "%s%n",
        "../../etc/passwd",
        "$(touch x)",
        "`touch x`",
        "; touch x #",
        `${hash}; touch x`,
        `${hash}\n`,
        `\n${hash}`,
        `${hash} ${hash}`,
        "a".repeat(39),
        "a".repeat(41),
        "a".repeat(63),
        "g".repeat(40),
        "é".repeat(20),
        "é".repeat(40),
        `${"a".repeat(39)}é`,
        "%K",
        "\u001b[31m",
        "x".repeat(100_000)
      ]
      for (const arg of wrong) {
        const { code, stderr } = yield* run([spool, arg])
        assert.strictEqual(code, 64, arg.slice(0, 100))
        assert.match(stderr, /^media-pipeline completed: "[ -~]{0,80}" is not an infohash: 40 or 64 .*\n$/)
      }
      for (const args of [[], [spool], [hash], [spool, hash, "more"], ["spool", hash], ["-", hash], ["", hash]]) {
        assert.strictEqual((yield* run(args)).code, 64, args.join(" "))
      }
      assert.deepStrictEqual(readdirSync(spool), [])
      assert.deepStrictEqual(readdirSync(root).toSorted(), [
        "bin",
        "shims",
        readdirSync(root).find((name) => name.startsWith("state")) ?? ""
      ])
    })
  )

  it.live("fails, and leaves nothing behind, where the spool cannot be written", () =>
    Effect.gen(function* () {
      const { drop, root, run, shim, spool, unshim } = yield* rigOf(shell)
      writeFileSync(join(root, "file"), "")
      for (const wrong of [join(root, "nowhere"), join(root, "file"), "/proc"]) {
        const { code, stderr } = yield* run([wrong, hash])
        assert.strictEqual(code, 75, wrong)
        assert.include(stderr, `the ticket of ${hash} cannot be written to ${wrong}`)
      }
      // EFBIG fails the write as ENOSPC does.
      const full = yield* drop(hash, { before: "trap '' XFSZ; ulimit -f 0" })
      assert.strictEqual(full.code, 75)
      assert.deepStrictEqual(readdirSync(spool), [])
      for (const name of ["mktemp", "chmod", "sync", "mv"]) {
        shim(name, "echo 'No space left on device' >&2; exit 1")
        assert.strictEqual((yield* drop(hash)).code, 75, name)
        assert.deepStrictEqual(readdirSync(spool), [], name)
        unshim(name)
      }
      mkdirSync(join(spool, `${hash}.json`))
      assert.strictEqual((yield* drop(hash)).code, 75)
      assert.deepStrictEqual(readdirSync(spool), [`${hash}.json`])
      assert.deepStrictEqual(readdirSync(join(spool, `${hash}.json`)), [])
    })
  )

  it.live("stopped or killed before the rename, it leaves nothing that the worker sees, and the next try works", () =>
    Effect.gen(function* () {
      const { drop, shim, spool, tickets, unshim } = yield* rigOf(shell)
      shim("mv", "kill -TERM $PPID; sleep 0.05 2>/dev/null; exit 1")
      assert.notStrictEqual((yield* drop(hash)).code, 0)
      assert.deepStrictEqual(readdirSync(spool), [])
      shim("mv", "kill -KILL $PPID")
      assert.notStrictEqual((yield* drop(hash)).code, 0)
      assert.lengthOf(readdirSync(spool), 1, "the kill came too early or too late")
      assert.deepStrictEqual(yield* tickets, [])
      unshim("mv")
      assert.strictEqual((yield* drop(hash)).code, 0)
      assert.deepStrictEqual(
        (yield* tickets).map((ticket) => ticket.hash),
        [hash]
      )
    })
  )

  it.live("takes two hundred at once, some of them twice", () =>
    Effect.gen(function* () {
      const { drop, spool, tickets } = yield* rigOf(shell)
      const hashes = Array.from({ length: 180 }, (_, index) => index.toString(16).padStart(40, "0"))
      const ended = yield* Effect.forEach([...hashes, ...hashes.slice(0, 20)], (one) => drop(one), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual([...new Set(ended.map(({ code, stderr }) => `${code} ${stderr}`))], ["0 "])
      assert.sameMembers(
        (yield* tickets).map((ticket) => ticket.hash),
        hashes
      )
      assert.lengthOf(readdirSync(spool), hashes.length)
    })
  )

  it.live.skipIf(!asRoot)(
    "as another user of the group: the ticket is the group's; outside of it nothing is written",
    () =>
      Effect.gen(function* () {
        const { drop, spool, tickets } = yield* rigOf(shell)
        const group = 54_321
        chownSync(spool, 0, group)
        chmodSync(spool, 0o2770)
        assert.deepStrictEqual(yield* drop(hash, { uid: 54_322, gid: group }), { code: 0, stderr: "" })
        const { gid, mode, uid } = statSync(join(spool, `${hash}.json`))
        assert.deepStrictEqual([uid, gid, mode & 0o7777], [54_322, group, 0o660])
        assert.strictEqual((yield* drop("a".repeat(40), { uid: 54_322, gid: 54_323 })).code, 75)
        assert.lengthOf(yield* tickets, 1)
      })
  )
})
