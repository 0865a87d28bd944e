import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs"
import { dirname, join } from "node:path"
import { display } from "../../src/platform/BytePath.ts"
import { Remote, RemoteError } from "../../src/services/Remote.ts"
import { optionsOf, parseConnection, parseSize, shard } from "../../src/services/Remote/connection.ts"
import { classify } from "../../src/services/Remote/errors.ts"
import { B2Emulator } from "../fakes/b2/emulator.ts"
import { errors, type FaultRule } from "../fakes/b2/faults.ts"
import { Bench, isRcd, parts, rclonesBelow, socketOf, until, withRemote } from "./remote-rig.ts"

type Class = RemoteError["class"]

/** Each row of B2's error table: what it becomes, and whether the upload is tried again. */
const table: ReadonlyArray<readonly [name: string, rule: Partial<FaultRule>, Class, tries: "once" | "again"]> = [
  ["400 bad_request", errors.badRequest, "permanent", "once"],
  ["403 cap_exceeded", errors.capExceeded, "capped", "once"],
  ["403 storage_cap_exceeded", errors.storageCapExceeded, "capped", "once"],
  ["403 transaction_cap_exceeded", errors.transactionCapExceeded, "capped", "once"],
  ["403 access_denied", { status: 403, code: "access_denied", message: "no" }, "denied", "once"],
  ["404 bucket gone", { status: 404, code: "bucket_not_found", message: "no" }, "denied", "once"],
  ["400 bad_bucket_id", { status: 400, code: "bad_bucket_id", message: "no" }, "denied", "once"],
  ["500 internal_error", errors.internalError, "transient", "again"],
  ["an HTML page of a proxy", { status: 502, body: "<html>Bad Gateway</html>" }, "transient", "again"]
]

const uploadOne = (remote: string, bench: Bench) =>
  withRemote(
    { remote },
    Effect.flatMap(Remote, (service) =>
      service.upload({ source: bench.file("film", "film"), path: "film", size: 4, group: "1" })
    )
  )

describe("the error table", () => {
  for (const [name, rule, expected, tries] of table) {
    it(`${name} on an upload is ${expected}, ${tries}`, async () => {
      using bench = new Bench()
      await using b2 = await B2Emulator.start()
      const fault = b2.fail({ on: "b2_upload_file", times: Infinity, ...rule })
      const error = await Effect.runPromise(Effect.flip(uploadOne(b2.remote("", parts), bench)))
      assert.instanceOf(error, RemoteError)
      assert.strictEqual(error._tag === "RemoteError" ? error.class : "", expected, error.message)
      assert.strictEqual(fault.hits > 1, tries === "again", String(fault.hits))
      assert.notInclude(error.message, b2.key, "no key in a message")
      assert.include(error.message, ":b2:media")
      fault.cancel()
      await Effect.runPromise(uploadOne(b2.remote("", parts), bench))
    })
  }

  for (const [name, rule] of [
    ["401 expired_auth_token", errors.expiredAuthToken],
    ["408", errors.requestTimeout],
    ["429", errors.tooManyRequests],
    ["503", errors.serviceUnavailable],
    ["a broken connection", { drop: "mid-body" }],
    ["a lost answer", { drop: "after" }]
  ] as const) {
    it(`${name} once is got over`, async () => {
      using bench = new Bench()
      await using b2 = await B2Emulator.start()
      const fault = b2.fail({ on: "b2_upload_file", ...rule })
      await Effect.runPromise(uploadOne(b2.remote("", parts), bench))
      assert.strictEqual(fault.hits, 1)
      assert.strictEqual((await b2.bytesOf("film")).toString(), "film")
    })
  }

  it("what other backends and rclone itself say", () => {
    for (const [message, expected] of [
      ["Forbidden (403 download_cap_exceeded)", "capped"],
      ["googleapi: Error 403: The user's Drive storage quota has been exceeded., storageQuotaExceeded", "capped"],
      ["api error AccessDenied: StatusCode: 403", "denied"],
      ["SignatureDoesNotMatch: StatusCode: 403", "denied"],
      ["didn't find section in config file", "denied"],
      ["HTTP error 404 (404 Not Found) returned body", "permanent"],
      ["api error SlowDown: StatusCode: 503", "transient"],
      ["dial tcp 127.0.0.1:1: connect: connection refused", "transient"],
      ["multi-thread copy: No active upload for: 4_z (400 bad_request)", "transient"],
      ["rclone does not answer: socket hang up", "transient"]
    ] as const) {
      assert.strictEqual(classify(message), expected, message)
    }
  })

  it("a finish whose answer was lost is looked at, not sent again", async () => {
    using bench = new Bench()
    await using b2 = await B2Emulator.start()
    const fault = b2.fail({ on: "b2_finish_large_file", drop: "after" })
    const source = bench.file("film", randomBytes(12_000_000))
    await Effect.runPromise(
      withRemote(
        { remote: b2.remote("", parts) },
        Effect.flatMap(Remote, (remote) => remote.upload({ source, path: "film", size: 12_000_000, group: "1" }))
      )
    )
    assert.strictEqual(fault.hits, 1)
    assert.deepStrictEqual([b2.versions().length, b2.unfinished().length], [1, 0])
  })
})

describe("what the configuration got wrong", () => {
  const failure = (options: Parameters<typeof withRemote>[0]) =>
    Effect.runPromise(
      Effect.flip(
        withRemote(
          options,
          Effect.flatMap(Remote, (remote) => remote.list(""))
        )
      )
    )

  it("a bucket, a root folder that do not exist are errors for every way to look", async () => {
    using bench = new Bench()
    await using b2 = await B2Emulator.start()
    for (const remote of [b2.remote("").replace(/:media$/, ":nobody"), join(bench.root, "not mounted")]) {
      const ways = [
        Effect.flatMap(Remote, (service) => Effect.asVoid(service.list(""))),
        Effect.flatMap(Remote, (service) => Effect.asVoid(service.list("tv"))),
        Effect.flatMap(Remote, (service) => Effect.asVoid(service.stat("tv/x")))
      ]
      for (const [index, way] of ways.entries()) {
        const exit = await Effect.runPromise(Effect.exit(withRemote({ remote }, way)))
        assert.isTrue(Exit.isFailure(exit), `${remote} ${index}`)
      }
      assert.deepStrictEqual(b2.files(), [])
      assert.isFalse(existsSync(join(bench.root, "not mounted")), "it is not made")
    }
    const error = await failure({ remote: join(bench.root, "not mounted") })
    assert.include(error.message, "mount it")
    assert.strictEqual(error._tag === "RemoteError" ? error.class : "", "transient", "a disk may come back")
  })

  it("a name that rclone does not know, what is no remote at all", async () => {
    const unknown = await failure({ remote: "nobody:x", configFile: "/dev/null" })
    assert.strictEqual(unknown._tag, "RemoteSetupError")
    assert.include(unknown.message, '"nobody"')
    const none = await failure({ remote: "just text" })
    assert.strictEqual(none._tag, "RemoteSetupError")
  })

  it("no rclone, one that is too old, one that ends at once", async () => {
    using bench = new Bench()
    const missing = await failure({ remote: bench.root, binary: join(bench.root, "nothing") })
    assert.strictEqual(missing._tag, "RemoteSetupError")
    assert.include(missing.message, "1.69")
    const script = (name: string, text: string) => {
      const path = bench.file(name, `#!/bin/sh\n${text}\n`)
      chmodSync(path, 0o755)
      return path
    }
    const broken = await failure({ remote: bench.root, binary: script("broken", "echo it burns >&2; exit 3") })
    assert.include(broken.message, "it burns")
    // It answers as rclone 1.60 would.
    const server = `require("node:http").createServer((_, r) => r.end(JSON.stringify({ version: "v1.60.1", decomposed: [1, 60, 1] }))).listen(process.argv[1])`
    const old = script(
      "old",
      `for a; do case $a in --rc-addr=unix://*) s=\${a#--rc-addr=unix://};; esac; done; exec ${process.execPath} -e '${server}' "$s"`
    )
    const tooOld = await failure({ remote: bench.root, binary: old })
    assert.strictEqual(tooOld._tag, "RemoteSetupError")
    assert.include(tooOld.message, "v1.60.1 is too old")
  })

  it("what a remote carries is read as rclone reads it", () => {
    const remote = `:b2,account="a,b:c",key='it''s',hard_delete,upload_cutoff=5M:bucket/path:x`
    const connection = parseConnection(remote)
    assert.isDefined(connection)
    assert.deepStrictEqual(
      [connection.name, connection.path, optionsOf(connection)],
      [":b2", "bucket/path:x", { account: "a,b:c", key: "it's", hard_delete: "true", upload_cutoff: "5M" }]
    )
    assert.isUndefined(parseConnection("no remote"))
    assert.strictEqual(parseConnection("/a:b")?.path, "/a:b")
    assert.deepStrictEqual(["5M", "5", "1.5G", "200Mi", "512B", "off", ""].map(parseSize), [
      5 * 1024 ** 2,
      5 * 1024,
      1.5 * 1024 ** 3,
      200 * 1024 ** 2,
      512,
      undefined,
      undefined
    ])
    assert.strictEqual(shard("b2:bucket", 0), "b2:bucket")
    assert.notStrictEqual(shard("b2:bucket", 1), shard("b2:bucket", 2))
    assert.strictEqual(parseConnection(shard(remote, 1))?.path, "bucket/path:x")
  })
})

describe("the rclone that we start", () => {
  it("listens in a directory that nobody else can enter, and is gone with its socket afterwards", async () => {
    using bench = new Bench()
    let pids: ReadonlyArray<number> = []
    let directory = ""
    await Effect.runPromise(
      withRemote(
        { remote: bench.root },
        Effect.gen(function* () {
          yield* (yield* Remote).info
          pids = rclonesBelow(process.pid)
          directory = dirname(socketOf(pids[0] ?? 0))
          assert.strictEqual(statSync(directory).mode & 0o7777, 0o700)
          assert.deepStrictEqual(readdirSync(directory), ["rc"])
        })
      )
    )
    assert.strictEqual(pids.length, 1, "one a run")
    assert.isFalse(pids.some(isRcd))
    assert.isFalse(existsSync(directory))
  })

  it("does not outlive us when we are killed", async () => {
    using bench = new Bench()
    const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
    const script = bench.file(
      "worker.ts",
      `import { Effect } from "effect"
import { Remote } from ${at("../../src/services/Remote.ts")}
import { withRemote } from ${at("./remote-rig.ts")}
const use = Effect.gen(function* () {
  yield* (yield* Remote).list("")
  console.log("ready")
  yield* Effect.never
})
void Effect.runPromise(withRemote({ remote: ${JSON.stringify(bench.root)} }, use))
`
    )
    const folder = join(import.meta.dirname, "../../node_modules")
    mkdirSync(join(bench.root, "node_modules"))
    symlinkSync(join(folder, "effect"), join(bench.root, "node_modules/effect"))
    const worker = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] })
    await new Promise((resolve) => worker.stdout.once("data", resolve))
    const pids = rclonesBelow(worker.pid ?? 0)
    assert.strictEqual(pids.length, 1)
    worker.kill("SIGKILL")
    assert.isTrue(await until(() => !pids.some(isRcd)), "it was told to end")
  })

  it("dies in the middle: what is under way fails soon, and says so", async () => {
    using bench = new Bench()
    await using b2 = await B2Emulator.start()
    b2.fail({ on: "b2_upload_file", hang: true, times: Infinity })
    b2.on("b2_upload_file", () => rclonesBelow(process.pid).forEach((pid) => process.kill(pid, "SIGKILL")))
    const started = Date.now()
    const error = await Effect.runPromise(Effect.flip(uploadOne(b2.remote("", parts), bench)))
    assert.match(error.message, /rclone does not answer/)
    assert.isBelow(Date.now() - started, 10_000)
  })

  it("a transfer that is interrupted stops, and what it had begun can be cancelled", async () => {
    using bench = new Bench()
    await using b2 = await B2Emulator.start()
    b2.bandwidth = 4_000_000
    const source = bench.file("film", randomBytes(30_000_000))
    await Effect.runPromise(
      withRemote(
        { remote: b2.remote("", parts) },
        Effect.gen(function* () {
          const remote = yield* Remote
          const transfer = remote.upload({ source, path: "film", size: 30_000_000, group: "1" })
          const outcome = yield* Effect.timeoutOption(transfer, "2 seconds")
          assert.strictEqual(outcome._tag, "None")
          yield* Effect.sleep("500 millis")
          const before = b2.ledger.of("b2_upload_part").length
          yield* Effect.sleep("2 seconds")
          assert.strictEqual(b2.ledger.of("b2_upload_part").length, before, "nothing goes on behind our back")
          assert.deepStrictEqual(b2.files(), [])
          // rclone leaves behind what it had begun; the next run cancels it by its name.
          yield* remote.cancelUnfinished(["film"])
          assert.deepStrictEqual(b2.unfinished(), [])
        })
      )
    )
  })

  it("a key that is refused while nothing moves ends the call, although rclone would go on asking", async () => {
    using bench = new Bench()
    await using b2 = await B2Emulator.start()
    const source = bench.file("film", "film")
    const uploads = Effect.gen(function* () {
      const remote = yield* Remote
      yield* remote.list("")
      b2.revoke()
      const many = Array.from({ length: 20 }, (_, index) =>
        Effect.exit(remote.upload({ source, path: `film-${index}`, size: 4, group: "1" }))
      )
      return yield* Effect.all(many, { concurrency: 20 })
    })
    const exits = await Effect.runPromise(withRemote({ remote: b2.remote("", parts), patience: "1 second" }, uploads))
    for (const exit of exits) {
      assert.isTrue(Exit.isFailure(exit))
      if (Exit.isFailure(exit)) assert.match(display(String(exit.cause)), /denied|Check the key/)
    }
  })
})
