import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { randomBytes } from "node:crypto"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { standardName } from "../../src/domain/remoteName.ts"
import { fromBytes } from "../../src/platform/BytePath.ts"
import { Remote } from "../../src/services/Remote.ts"
import { B2Emulator } from "../fakes/b2/emulator.ts"
import { Bench, cutoff, parts, withRemote } from "./remote-rig.ts"

const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex")
const names = [
  "plain.mkv",
  "caf\u00e9",
  "cafe\u0301",
  "Case",
  "case",
  "new\nline",
  "tab\t",
  "del\x7f",
  "back\\slash",
  `quo"te'$(x)\``,
  "-dash",
  "--include=*",
  " blank ",
  "dot.",
  "100%",
  "picture\u240a",
  fromBytes(Buffer.from([0x61, 0xff, 0x62])),
  "x".repeat(250),
  "a:b*?<>|",
  "[brackets]{x}*"
]

/** Both kinds of remote, each with a folder below the root that the adapter is given. */
const places = [
  {
    where: "a folder",
    start: async (bench: Bench) => ({
      remote: (mkdirSync(join(bench.root, "remote")), join(bench.root, "remote")),
      b2: undefined
    })
  },
  {
    where: "B2",
    start: async () => {
      const b2 = await B2Emulator.start()
      return { remote: b2.remote("root", parts), b2 }
    }
  }
]

for (const { start, where } of places) {
  describe(`rclone on ${where}`, () => {
    it("uploads, lists, looks and reads back files of every name, of no byte and of parts", async () => {
      using bench = new Bench()
      const place = await start(bench)
      const content = new Map<string, Uint8Array>(names.map((name) => [name, Buffer.from(`content of ${name}`)]))
      content.set("empty", new Uint8Array())
      content.set("large.mkv", randomBytes(cutoff + 1_000_000))
      await withRemote(
        place,
        Effect.gen(function* () {
          const remote = yield* Remote
          const info = yield* remote.info
          assert.deepStrictEqual(
            [info.backend, info.hash, info.claimedFrom, info.slowHash],
            place.b2 === undefined ? ["local", "sha1", Infinity, true] : ["b2", "sha1", cutoff, false]
          )
          assert.deepStrictEqual(yield* remote.list(""), [])
          assert.deepStrictEqual(yield* remote.list("not/there"), [], "no such folder is nothing in it")
          const send = ([name, bytes]: [string, Uint8Array]) => {
            const path = `tv/${standardName(name)}`
            return remote.upload({ source: bench.file(name, bytes), path, size: bytes.length, group: "1" })
          }
          yield* Effect.forEach([...content], send, { concurrency: 8 })
          for (const prefix of ["", "tv"]) {
            const listed = new Map((yield* remote.list(prefix)).map((file) => [file.path, file]))
            assert.strictEqual(listed.size, content.size)
            for (const [name, bytes] of content) {
              const path = `tv/${standardName(name)}`
              assert.deepStrictEqual(listed.get(path), { path, size: bytes.length, hash: sha1(bytes) }, name)
            }
          }
          for (const [name, bytes] of content) {
            const path = `tv/${standardName(name)}`
            const seen = yield* remote.stat(path)
            assert.deepStrictEqual(Option.getOrUndefined(seen), { path, size: bytes.length, hash: sha1(bytes) }, name)
            assert.strictEqual(yield* remote.readBack(path, "sha1"), sha1(bytes), name)
          }
          assert.isTrue(Option.isNone(yield* remote.stat("tv/nothing here")))
          assert.isTrue(Option.isNone(yield* remote.stat("tv")), "a folder is no file")
          assert.strictEqual(
            (yield* remote.progress).get("1"),
            [...content.values()].reduce((sum, { length }) => sum + length, 0)
          )
          const large = content.get("large.mkv") ?? new Uint8Array()
          for (const [offset, length] of [
            [0, 1],
            [cutoff - 10, 20],
            [large.length - 5, 5],
            [large.length - 5, 100]
          ] as const) {
            const bytes = yield* remote.read("tv/large.mkv", offset, length)
            assert.isTrue(
              Buffer.from(bytes).equals(Buffer.from(large.subarray(offset, offset + length))),
              String(offset)
            )
          }
          assert.strictEqual(
            yield* remote.readBack("tv/large.mkv", "md5"),
            createHash("md5").update(large).digest("hex")
          )
          const to = join(bench.root, "back")
          yield* remote.download("tv/large.mkv", to, large.length)
          assert.isTrue(readFileSync(to).equals(Buffer.from(large)))
          assert.strictEqual(statSync(to).mode & 0o777, 0o600)
          const over = yield* Effect.flip(remote.download("tv/plain.mkv", to, 1))
          assert.include(over.message, "EEXIST")
          assert.isTrue(readFileSync(to).equals(Buffer.from(large)), "never over something")
          const short = yield* Effect.flip(remote.download("tv/plain.mkv", `${to}2`, 1000))
          assert.include(short.message, "1000 were expected")
          const gone = yield* Effect.flip(remote.readBack("tv/nothing here", "sha1"))
          assert.strictEqual(gone._tag, "RemoteError")
        })
      )
        .pipe(Effect.runPromise)
        .finally(() => place.b2?.stop())
    })

    it("sends the very file that was opened: never through a symlink, and whatever its name becomes", async () => {
      using bench = new Bench()
      const place = await start(bench)
      await withRemote(
        place,
        Effect.gen(function* () {
          const remote = yield* Remote
          const secret = bench.file("secret", "secret")
          symlinkSync(secret, join(bench.root, "link"))
          const error = yield* Effect.flip(
            remote.upload({ source: join(bench.root, "link"), path: "link", size: 6, group: "1" })
          )
          assert.match(error.message, /cannot be opened.*ELOOP/)
          const missing = yield* Effect.flip(
            remote.upload({ source: join(bench.root, "nothing"), path: "nothing", size: 6, group: "1" })
          )
          assert.include(missing.message, "ENOENT")
          assert.deepStrictEqual(yield* remote.list(""), [])
          const source = bench.file("film", randomBytes(20_000_000))
          const bytes = readFileSync(source)
          const sending = remote.upload({ source, path: "film", size: bytes.length, group: "1" })
          const swapped = Effect.sync(() => {
            renameSync(source, `${source}.moved`)
            writeFileSync(source, "another file")
          }).pipe(Effect.delay("5 millis"))
          yield* Effect.all([sending, swapped], { concurrency: 2 })
          assert.strictEqual(yield* remote.readBack("film", "sha1"), sha1(bytes))
        })
      )
        .pipe(Effect.runPromise)
        .finally(() => place.b2?.stop())
    })
  })
}

describe("what it costs on B2", () => {
  it("100 files on three names of the remote: one listing before, one after, and nothing a file", async () => {
    using bench = new Bench()
    const b2 = await B2Emulator.start()
    await withRemote(
      { remote: b2.remote("", parts) },
      Effect.gen(function* () {
        const remote = yield* Remote
        yield* remote.list("tv")
        const send = (index: number) => {
          const source = bench.file(String(index), `content ${index}`)
          return remote.upload({ source, path: `tv/${index}`, size: 10, group: "1" })
        }
        yield* Effect.forEach(
          Array.from({ length: 100 }, (_, index) => index),
          send,
          { concurrency: 100 }
        )
        assert.strictEqual((yield* remote.list("tv")).length, 100)
      })
    ).pipe(Effect.runPromise)
    const { a, b, c } = b2.ledger.counts()
    assert.isAtLeast(a, 100)
    assert.isAtMost(
      b + c,
      10,
      JSON.stringify(b2.ledger.calls.filter((call) => call.class !== "a").map((call) => call.call))
    )
    assert.strictEqual(b2.ledger.of("b2_upload_file").length, 100)
    await b2.stop()
  })
})

describe("unfinished large files on B2", () => {
  const begin = async (b2: B2Emulator, name: string) => {
    const authorized = await fetch(`${b2.url}/b2api/v4/b2_authorize_account`, {
      headers: { authorization: `Basic ${Buffer.from(`${b2.account}:${b2.key}`).toString("base64")}` }
    })
    const session: unknown = await authorized.json()
    const token = /"authorizationToken":"([^"]+)"/.exec(JSON.stringify(session))?.[1] ?? ""
    const call = async (which: string, body: object) => {
      const init = { method: "POST", headers: { authorization: token }, body: JSON.stringify(body) }
      return (await fetch(`${b2.url}/b2api/v1/${which}`, init)).text()
    }
    const buckets = await call("b2_list_buckets", { accountId: b2.account, bucketName: b2.bucket })
    const bucketId = /"bucketId":"([^"]+)"/.exec(buckets.replaceAll(/\s/g, ""))?.[1] ?? ""
    await call("b2_start_large_file", { bucketId, fileName: name, contentType: "b2/x-auto" })
  }

  it("exactly ours are cancelled: somebody else's beside it, longer names and finished files stay", async () => {
    using bench = new Bench()
    const b2 = await B2Emulator.start()
    b2.tamper.put("root/tv/film", Buffer.from("finished"))
    for (const name of [
      "root/tv/film",
      "root/tv/film",
      "root/tv/film.mkv",
      "root/tv/theirs",
      "tv/film",
      "root/tv/back＼slash"
    ]) {
      await begin(b2, name)
    }
    assert.strictEqual(b2.unfinished().length, 6)
    const config = bench.file("rclone.conf", b2.rcloneConfig("mine"))
    for (const options of [
      { remote: `mine:${b2.bucket}/root`, configFile: config },
      { remote: b2.remote("root", parts) }
    ]) {
      const cancelled = await Effect.runPromise(
        withRemote(
          options,
          Effect.flatMap(Remote, (remote) => remote.cancelUnfinished(["tv/film", "tv/back\\slash", "tv/nothing"]))
        )
      )
      assert.strictEqual(cancelled, "configFile" in options ? 3 : 0)
    }
    assert.deepStrictEqual(
      b2.unfinished().map(({ name }) => name),
      ["root/tv/film.mkv", "root/tv/theirs", "tv/film"]
    )
    assert.strictEqual((await b2.bytesOf("root/tv/film")).toString(), "finished")
    await begin(b2, "root/tv/film")
    const again = await Effect.runPromise(
      withRemote(
        { remote: b2.remote("root", parts) },
        Effect.flatMap(Remote, (remote) => remote.cancelUnfinished(["tv/film"]))
      )
    )
    assert.strictEqual(again, 1, "keys in the connection string are found too")
    await b2.stop()
  })

  it("a folder has none, and none asked for asks nobody", async () => {
    using bench = new Bench()
    const none = await Effect.runPromise(
      withRemote(
        { remote: bench.root },
        Effect.flatMap(Remote, (remote) => remote.cancelUnfinished(["x"]))
      )
    )
    assert.strictEqual(none, 0)
    assert.isFalse(existsSync(join(bench.root, "x")))
  })
})
