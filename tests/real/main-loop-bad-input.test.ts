import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { noise } from "../fakes/archives/members.ts"
import { writeZip } from "../fakes/archives/zip.ts"
import { startQbittorrent, type Qbittorrent } from "./qbittorrent.ts"
import { createTorrent } from "./torrent.ts"
import { addComplete } from "./transfer.ts"
import { canMount, digest, files, plant, tmpfs } from "./worker-disk.ts"
import { Cleaned, Doctored, Explained, Failed, Restored, Status, Uploaded } from "./worker-reports.ts"
import { host, program, type Host, type Settings } from "./worker.ts"

const version =
  process.env["QBITTORRENT_5"] === undefined && process.env["MEDIA_PIPELINE_TOOLS_FROM_PATH"] === "1" ? 4 : 5

/** A client that seeds a film and a show, and a configuration that fits. */
const ready = Effect.gen(function* () {
  const made = yield* host
  plant(made.at("completed"), { "film.mkv": 5_000, "Show/e1.mkv": 500 })
  const client = yield* startQbittorrent({ version, savePath: made.at("completed") })
  for (const name of ["film.mkv", "Show"]) {
    yield* addComplete(client, createTorrent({ source: made.at("completed", name) }), made.at("completed"))
  }
  made.configure(client)
  return { ...made, client }
})

/** An rclone of the time before unix sockets, as Debian 12 has it. */
const oldRclone = (at: Host["at"]) => {
  mkdirSync(at("bin"))
  const script = `#!/bin/sh
[ "$1" = version ] && { echo 'rclone v1.60.1-DEV'; exit 0; }
echo 'Failed to start remote control: start server failed: listen tcp: unknown port' >&2
exit 1
`
  writeFileSync(at("bin/rclone"), script)
  chmodSync(at("bin/rclone"), 0o755)
  return { PATH: `${at("bin")}:${process.env["PATH"] ?? ""}` }
}

const runLocks = ["state/lock", "state/lock.cleanup", "state/metrics.prom"]

const wrongFiles: ReadonlyArray<readonly [what: string, write: string | Settings, says: ReadonlyArray<string>]> = [
  ["a file that is not JSON", '{ "stateDir": "/x", ', ["not JSON at line 1, column 21"]],
  ["an empty file", "", ["the file is empty"]],
  ["an unknown key", { over: { completeDir: "/x" } }, ['completeDir: unknown key, did you mean "completedDir"?']],
  [
    "wrong values, all of them at once",
    { upload: { transfers: "4", verify: "all", bandwith: "2M" }, cleanup: { minSeedTime: "7" } },
    [
      "has 4 problems",
      'upload.bandwith: unknown key, did you mean "bandwidth"?',
      'upload.transfers: must be a number; it is "4"',
      "upload.verify: must be one of",
      "cleanup.minSeedTime: must be a duration"
    ]
  ],
  ["a remote without a name", { remote: "" }, ["upload.remote: must be an rclone remote such as b2:my-bucket"]],
  [
    "a remote that rclone does not know",
    { remote: "nothere:x" },
    ['rclone knows no remote named "nothere"', "rclone config"]
  ]
]

describe("what is wrong is said with what to do about it, and nothing is changed", () => {
  it.live("a configuration that is not one: 78, and not even a state directory", () =>
    Effect.gen(function* () {
      const { at, client, configFile, configure, json, run } = yield* ready
      for (const [what, wrong, says] of wrongFiles) {
        if (typeof wrong === "string") writeFileSync(configFile, wrong)
        else configure(client, wrong)
        const before = digest(at("."), ["state"])
        for (const command of ["upload", "cleanup"]) {
          // Without a cleanup area there is nothing to ask the remote for.
          if (command === "cleanup" && what.startsWith("a remote that")) continue
          const { code, stderr, stdout } = yield* run([command])
          assert.deepStrictEqual([code, stdout], [78, ""], what)
          for (const text of says) assert.include(stderr, text, what)
        }
        const { error } = yield* json(Failed, ["upload"], 78)
        for (const text of says) assert.include(error.message, text, what)
        assert.deepStrictEqual(digest(at("."), ["state"]), before, what)
      }
      writeFileSync(configFile, "[]")
      rmSync(at("state"), { recursive: true, force: true })
      assert.strictEqual((yield* run(["upload"])).code, 78)
      assert.strictEqual((yield* run(["completed", "a".repeat(40)])).code, 78)
      assert.notInclude(Object.keys(digest(at("."))), "state/")
      rmSync(configFile)
      const none = yield* run(["status"])
      assert.deepStrictEqual([none.code, none.stdout], [78, ""])
      assert.include(none.stderr, "there is no such file. Write one (media-pipeline config schema prints its form)")
      assert.strictEqual((yield* run(["uplaod"])).code, 64)
      assert.strictEqual((yield* run(["completed", "nonsense"])).code, 78)
    })
  )

  it.live("an rclone that is too old, none at all, and a folder remote that is not there", () =>
    Effect.gen(function* () {
      const { at, client, configure, json, run } = yield* ready
      const env = oldRclone(at)
      const before = digest(at("."), ["state"])
      const old = yield* run(["upload"], { env })
      assert.deepStrictEqual([old.code, old.stdout], [78, ""])
      assert.include(old.stderr, "rclone v1.60.1-DEV is too old. Install rclone 1.69 or newer and put it on PATH")
      const { checks } = yield* json(Doctored, ["doctor"], 1, { env })
      const problems = checks.filter(({ outcome }) => outcome !== "ok")
      assert.deepStrictEqual(
        problems.map(({ area, detail, remedy }) => [area, detail, remedy]),
        [["Remote", "rclone v1.60.1-DEV is too old", "Install rclone 1.69 or newer and put it on PATH."]]
      )
      configure(client, { remote: at("not mounted") })
      const absent = yield* run(["upload"])
      assert.deepStrictEqual([absent.code, absent.stdout], [75, ""])
      assert.lengthOf(absent.stderr.match(/its root does not exist: mount it, or create it once/g) ?? [], 1)
      configure(client)
      assert.deepStrictEqual(digest(at("."), ["state"]), before)
      assert.lengthOf((yield* json(Uploaded, ["upload"])).items, 2)
    })
  )

  it.live.skipIf(!canMount)("a disk that is not mounted over completedDir", () =>
    Effect.gen(function* () {
      const { at, client, configure, json, run } = yield* ready
      configure(client, { cleanup: {} })
      yield* json(Uploaded, ["upload"])
      yield* json(Cleaned, ["cleanup"])
      const before = [digest(at("completed")), digest(at("remote"))]
      const items = (yield* json(Status, ["status"])).items
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* tmpfs(at("completed"), "1m")
          const up = yield* run(["upload"])
          assert.deepStrictEqual([up.code, up.stdout], [75, ""])
          assert.include(up.stderr, "it is empty, but 2 completed torrents should be in it): is its disk mounted")
          for (const { hash } of yield* client.api.torrents) yield* client.api.remove(hash, false)
          const down = yield* json(Cleaned, ["cleanup", "--apply"])
          assert.deepStrictEqual(
            down.items.map(({ outcome }) => outcome),
            ["kept", "kept"]
          )
          for (const { reason } of down.items) assert.match(reason ?? "", /is its disk mounted\?$/)
          const { checks } = yield* json(Doctored, ["doctor"], 1)
          const problem = checks.find(({ outcome }) => outcome === "problem")
          assert.deepStrictEqual(
            [problem?.name, problem?.remedy],
            ["mount", "Mount its disk. Until then nothing is released."]
          )
          assert.match((yield* json(Explained, ["explain", "film.mkv"])).state, /^uploaded$/)
        })
      )
      assert.deepStrictEqual([digest(at("completed")), digest(at("remote"))], before)
      assert.deepStrictEqual((yield* json(Status, ["status"])).items, items)
    })
  )

  it.live.skipIf(!canMount)("a full disk under stateDir, under extractedDir and under the remote", () =>
    Effect.gen(function* () {
      const { at, client, configure, json, run } = yield* ready
      yield* tmpfs(at("small"), "16k")
      const before = [digest(at("completed")), digest(at("remote"))]
      configure(client, { over: { stateDir: at("small/state") } })
      for (const args of [["upload"], ["cleanup"], ["completed", "a".repeat(40)]]) {
        const full = yield* run(args)
        assert.deepStrictEqual([full.code, full.stdout], [75, ""], args[0])
        assert.match(full.stderr, /has room|make room/, args[0])
      }
      assert.deepStrictEqual([digest(at("completed")), digest(at("remote"))], before)

      mkdirSync(at("completed/Packed"))
      writeZip(at("completed/Packed/all.zip"), [{ name: "all.mkv", content: noise(500_000) }])
      yield* addComplete(client, createTorrent({ source: at("completed/Packed") }), at("completed"))
      yield* tmpfs(at("extracted"), "200k")
      configure(client, { cleanup: {} })
      const packed = yield* json(Uploaded, ["upload"])
      const item = packed.items.find(({ path }) => path.endsWith("Packed"))
      assert.deepStrictEqual([item?.outcome, item?.extracted], ["uploaded", null])
      assert.match(item?.extractionFailure ?? "", /make room, or lower upload\.extract\.reserveBytes/)
      assert.deepStrictEqual(files(at("extracted")), [])
      assert.deepStrictEqual(files(at("remote")), [
        "downloads/Packed/all.zip",
        "downloads/Show/e1.mkv",
        "downloads/film.mkv"
      ])

      yield* tmpfs(at("far"), "300k")
      configure(client, { remote: at("far"), over: { stateDir: at("other-state") } })
      const stopped = yield* json(Uploaded, ["upload"], 75)
      assert.match(stopped.stopped ?? "", /disk space.*make room there/)
      assert.deepStrictEqual(
        files(at("far")).filter((name) => name.includes("Packed")),
        []
      )
    })
  )

  it.live("names that are no text, dropped by hand: left for a minute, then uploaded and released as they are", () =>
    Effect.gen(function* () {
      const { at, client, configFile, configure, json, run } = yield* ready
      const bytes = (name: string) => Buffer.from(name, "latin1")
      // What is no UTF-8 goes percent-encoded: rclone does not carry it through every backend.
      const remote = {
        "caf\xe9 \xff.mkv": "caf%E9 %FF.mkv",
        "line\nbreak \xc3\x28.mkv": "line\nbreak %C3(.mkv",
        "-rf \xf0\x28.mkv": "-rf %F0(.mkv"
      }
      const names = Object.keys(remote)
      for (const name of names) {
        writeFileSync(
          Buffer.concat([Buffer.from(`${at("completed")}/`), bytes(name)]),
          Buffer.from(`content of ${name}`)
        )
      }
      configure(client, { cleanup: {} })
      const early = yield* json(Uploaded, ["upload"])
      assert.deepStrictEqual(early.items.map(({ outcome }) => outcome).toSorted(), [
        "deferred",
        "deferred",
        "deferred",
        "uploaded",
        "uploaded"
      ])
      const text = yield* run(["upload"], { ahead: 120_000 })
      assert.strictEqual(text.code, 0, text.stderr)
      assert.include(text.stdout, "caf\\xe9 \\xff.mkv")
      assert.include(text.stdout, "line\\nbreak")
      const here = digest(at("completed"))
      const there = digest(at("remote/downloads"))
      for (const [name, sent] of Object.entries(remote)) assert.strictEqual(there[sent], here[name], name)
      const cleaned = yield* json(Cleaned, ["cleanup"], 0, { ahead: 120_000 })
      assert.lengthOf(
        cleaned.items.filter(({ outcome }) => outcome === "released"),
        3
      )
      assert.deepStrictEqual(files(at("completed")), ["Show/e1.mkv", "film.mkv"])
      assert.lengthOf(files(at("remote")), 5)
      const told = yield* json(Status, ["status"])
      assert.deepStrictEqual(told.problems, [])
      // As our output shows it, by name and by path, and as a shell completes it.
      assert.strictEqual((yield* json(Restored, ["restore", "caf\\xe9 \\xff.mkv"])).from, "remote")
      assert.strictEqual((yield* json(Restored, ["restore", at("completed/line\\nbreak \\xc3(.mkv")])).from, "remote")
      const shell = `exec "${program}" --config "${configFile}" restore "$(printf '%s/-rf \\360(.mkv' "${at("completed")}")"`
      assert.include(
        execFileSync("bash", ["-c", shell], { stdio: ["ignore", "pipe", "ignore"] }).toString(),
        "from the remote"
      )
      assert.strictEqual((yield* run(["explain", "caf\\xe9.mkv"])).stdout.includes("No item, torrent or title"), true)
      const back = digest(at("completed"))
      for (const name of names) assert.strictEqual(back[name], here[name], name)
    })
  )
})

describe("doctor", () => {
  it.live("finds a healthy host healthy, line by line, and each problem of a broken one with its remedy", () =>
    Effect.gen(function* () {
      const { at, client, configure, json, passwordFile, run } = yield* ready
      configure(client, { cleanup: {} })
      yield* json(Uploaded, ["upload"])
      yield* run(["completed", "a".repeat(40)])
      const well = yield* json(Doctored, ["doctor"])
      assert.deepStrictEqual(
        well.checks.filter(({ outcome }) => outcome !== "ok"),
        []
      )
      assert.isAtLeast(well.checks.length, 18)
      const text = yield* run(["doctor"])
      assert.match(text.stdout, /\nall is well\n$/)

      const broken = (client: Qbittorrent) =>
        configure(client, {
          remote: "nothere:x",
          over: { completedDir: at("gone") },
          extract: { reserveBytes: 2 ** 50 }
        })
      broken(client)
      rmSync(passwordFile)
      const before = digest(at("."), runLocks)
      const ill = yield* json(Doctored, ["doctor"], 1)
      const found = ill.checks.flatMap(({ name, outcome, remedy }) =>
        outcome === "ok" ? [] : [[outcome, name, remedy]]
      )
      assert.deepStrictEqual(found, [
        ["problem", "completedDir", "Mount its disk, or mend completedDir."],
        [
          "warning",
          "extractedDir disk",
          "Make room, or lower upload.extract.reserveBytes. Archives are not extracted until then."
        ],
        [
          "problem",
          "qbittorrent.passwordFile",
          "Create it. A systemd credential exists only inside the unit: run doctor there."
        ],
        ["problem", "log-in", "Until then nothing is uploaded or released."],
        ["problem", "nothere:x", "Define it in rclone's configuration (rclone config), or mend upload.remote."]
      ])
      const shown = yield* run(["doctor"])
      assert.strictEqual(shown.code, 1)
      assert.match(shown.stdout, /\n4 problems, 1 warning\n$/)
      assert.deepStrictEqual(digest(at("."), runLocks), before)
    })
  )
})
