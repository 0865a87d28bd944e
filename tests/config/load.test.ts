import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schema } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { load, parse } from "../../src/config/load.ts"
import { Config } from "../../src/config/schema.ts"

const good = {
  stateDir: "/var/lib/media-pipeline",
  qbittorrent: { url: "http://127.0.0.1:8080" },
  completedDir: "/srv/completed",
  upload: { remote: "b2:bucket" }
}

type Json = { readonly [key: string]: unknown }
const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** `good` with other values; undefined removes a key. */
const over = (change: Json, base: Json = good): Json =>
  Object.fromEntries(
    Object.entries({ ...base, ...change })
      .map(([key, value]): [string, unknown] => {
        const before = base[key]
        return [key, isObject(value) && isObject(before) ? over(value, before) : value]
      })
      .filter(([, value]) => value !== undefined)
  )

const parseText = (text: string | Uint8Array) => parse("c.json", Buffer.from(text))
const parseJson = (value: unknown) => parseText(JSON.stringify(value))
const complaint = (value: unknown) => Effect.map(Effect.flip(parseJson(value)), (error) => error.message)

describe("what is left out has its default", () => {
  it.effect("of the smallest file", () =>
    Effect.gen(function* () {
      const config = yield* parseJson(good)
      assert.strictEqual(config.extractedDir, "/srv/extracted")
      assert.strictEqual(config.qbittorrent.username, "admin")
      assert.strictEqual(config.upload.path, "downloads")
      assert.strictEqual(config.upload.extract.reserveBytes, 10 * 1024 ** 3)
      assert.isUndefined(config.cleanup)
    })
  )
  it.effect("of areas that are there but empty", () =>
    Effect.gen(function* () {
      const { cleanup } = yield* parseJson(over({ cleanup: {} }))
      assert.strictEqual(cleanup?.mode, "untracked")
      assert.strictEqual(Duration.toDays(cleanup?.minSeedTime ?? 0), 7)
      assert.isNull(cleanup?.onlyWhenFreeBelowBytes)
    })
  )
})

describe("each mistake is named, with what to do", () => {
  const cases: ReadonlyArray<readonly [name: string, file: Json, says: string]> = [
    ["misspelt key", over({ upload: { verfy: "sampled" } }), 'upload.verfy: unknown key, did you mean "verify"?'],
    ["misspelt area", over({ cleanpu: {} }), 'cleanpu: unknown key, did you mean "cleanup"?'],
    ["wrong case", over({ completeddir: "/x" }), 'completeddir: unknown key, did you mean "completedDir"?'],
    [
      "key in the wrong place",
      over({ bandwidth: "2M" }),
      "bandwidth: unknown key here, did you mean upload.bandwidth?"
    ],
    [
      "unknown key",
      over({ qbittorrent: { flavour: 1 } }),
      "qbittorrent.flavour: unknown key; known here are url, username"
    ],
    ["missing remote", over({ upload: { remote: undefined } }), "upload.remote: is missing. The rclone remote"],
    ["missing area", over({ qbittorrent: undefined }), "qbittorrent: is missing."],
    [
      "relative path",
      over({ stateDir: "state" }),
      'stateDir: must be an absolute path without . or .. and without a slash at its end; it is "state"'
    ],
    ["dots in a path", over({ stateDir: "/a/../b" }), "stateDir: must be an absolute path"],
    ["slash at the end", over({ completedDir: "/srv/completed/" }), "completedDir: must be an absolute path"],
    ["root", over({ completedDir: "/" }), "completedDir: must be an absolute path"],
    [
      "no URL",
      over({ qbittorrent: { url: "localhost:8080" } }),
      "qbittorrent.url: must be a URL such as http://127.0.0.1:8080"
    ],
    [
      "no remote",
      over({ upload: { remote: "bucket" } }),
      "upload.remote: must be an rclone remote such as b2:my-bucket"
    ],
    ["an option as remote", over({ upload: { remote: "--config:x" } }), "upload.remote: must be an rclone remote"],
    ["a remote path upwards", over({ upload: { path: "../x" } }), "upload.path: must be a relative path"],
    ["text for a number", over({ upload: { transfers: "4" } }), 'upload.transfers: must be a number; it is "4"'],
    ["too many", over({ upload: { transfers: 65 } }), "upload.transfers: must be a number between 1 and 64; it is 65"],
    ["half", over({ upload: { transfers: 1.5 } }), "upload.transfers: must be a whole number; it is 1.5"],
    [
      "negative",
      over({ upload: { extract: { reserveBytes: -1 } } }),
      "upload.extract.reserveBytes: must be at least 0; it is -1"
    ],
    [
      "text for a switch",
      over({ upload: { extract: { enable: "yes" } } }),
      "upload.extract.enable: must be true or false, without quotes"
    ],
    [
      "misspelt choice",
      over({ upload: { verify: "sample" } }),
      'upload.verify: must be one of "metadata", "sampled", "readback"; it is "sample". Did you mean "sampled"?'
    ],
    [
      "duration",
      over({ cleanup: { minSeedTime: "7d" } }),
      'cleanup.minSeedTime: must be a duration such as "7 days" or "36 hours"; it is "7d"'
    ],
    [
      "bandwidth",
      over({ upload: { bandwidth: "fast" } }),
      "upload.bandwidth: must be a limit such as 2M, or a timetable"
    ],
    ["list", over({ cleanup: { neverDelete: "/a" } }), "cleanup.neverDelete: must be a list in [ ]"],
    [
      "relative pattern",
      over({ cleanup: { neverDelete: ["keep/*"] } }),
      "cleanup.neverDelete.0: must be an absolute path or a glob of one"
    ],
    [
      "tracker as URL",
      over({ cleanup: { trackers: { "https://t.example/": {} } } }),
      "host name only, such as tracker.example"
    ],
    [
      "relative map",
      over({ qbittorrent: { pathMap: { downloads: "/srv" } } }),
      "qbittorrent.pathMap.downloads: this key must be an absolute path"
    ],
    [
      "category",
      over({ categories: { tv: { remotepath: "tv" } } }),
      'categories.tv.remotepath: unknown key, did you mean "remotePath"?'
    ],
    [
      "state inside completed",
      over({ stateDir: "/srv/completed/state" }),
      "stateDir: must not lie inside completedDir"
    ],
    [
      "extracted inside completed",
      over({ extractedDir: "/srv/completed/x" }),
      "extractedDir: must not lie inside completedDir"
    ],
    ["completed inside extracted", over({ extractedDir: "/srv" }), "completedDir: must not lie inside extractedDir"],
    [
      "one directory twice",
      over({ extractedDir: "/srv/completed" }),
      "extractedDir: must not be the same directory as completedDir"
    ],
    [
      "remote inside completed",
      over({ upload: { remote: "/srv/completed/remote" } }),
      "upload.remote: must not lie inside completedDir"
    ]
  ]
  it.effect.each(cases)("%s", ([, file, says]) =>
    Effect.gen(function* () {
      const message = yield* complaint(file)
      assert.include(message, says)
      assert.isTrue(message.startsWith("c.json"), message)
    })
  )

  it.effect("all at once", () =>
    Effect.gen(function* () {
      const message = yield* complaint({ stateDir: "x", upload: { verfy: 1 }, watched: {} })
      assert.match(message, /^c\.json has 6 problems:\n( {2}\S+: .+\n?){6}$/)
    })
  )

  it.effect("an unknown key's value, which may be a secret, is not shown", () =>
    Effect.gen(function* () {
      assert.notInclude(yield* complaint(over({ qbittorrent: { password: "hunter2" } })), "hunter2")
    })
  )
})

describe("what is not JSON is shown by line and column", () => {
  const cases: ReadonlyArray<readonly [text: string, says: string]> = [
    ["", "line 1, column 1: the file is empty"],
    ['{\n  "a": 1,\n}', "line 2, column 9: this comma is one too many"],
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: a comma or } is missing before "'],
    ['{ "a": 1', "line 1, column 9: a comma or } is missing before the end of the file"],
    ["{ a: 1 }", "line 1, column 3: a key in double quotes is expected here, not a"],
    ["{ 'a': 1 }", "line 1, column 3: a key in double quotes"],
    ["{ \"a\": 'x' }", "line 1, column 8: text stands in double quotes"],
    ['{ "a": yes }', "line 1, column 8: a value is expected here, not y"],
    ['{ "a": "x\n" }', "line 1, column 8: this text has no end on its line"],
    ['{ // why\n"a": 1 }', "line 1, column 3: JSON has no comments"],
    ['{ "a": 1, "a": 2 }', 'line 1, column 11: the key "a" stands here for the second time'],
    ['{ "a" 1 }', 'line 1, column 7: a colon is missing after "a"'],
    ["{} {}", "line 1, column 4: nothing may follow"]
  ]
  it.effect.each(cases)("%j", ([text, says]) =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(parseText(text))
      assert.include(message, `c.json: not JSON at ${says}`)
    })
  )

  it.effect("bytes that are not UTF-8 are said to be that", () =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(parseText(Uint8Array.of(0x7b, 0xff, 0x7d)))
      assert.include(message, "save it as UTF-8")
    })
  )

  const Text = Schema.String
  it.effect.prop("whatever JSON.parse takes is taken, and nothing else", [Text], ([noise]) =>
    Effect.gen(function* () {
      const text = `{"a": [1, ${noise}]}`
      const valid = yield* Effect.exit(Effect.try({ try: () => JSON.parse(text), catch: () => "no" }))
      const found = yield* Effect.flip(parseText(text))
      if (valid._tag === "Success" && !/"a"[^]*"a"/.test(text)) assert.notInclude(found.message, "not JSON")
      if (valid._tag === "Failure") assert.include(found.message, "not JSON at line ")
    })
  )
})

const Name = Schema.String.check(Schema.isPattern(/^[a-z]{1,9}$/))
const Sample = Schema.Struct({
  name: Name,
  transfers: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 64 })),
  days: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 400 })),
  ratio: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 100 })),
  unit: Schema.Literals(["seconds", "minutes", "hours", "days", "weeks"]),
  verify: Schema.Literals(["metadata", "sampled", "readback"]),
  managed: Schema.Boolean,
  quarantine: Schema.Boolean,
  free: Schema.NullOr(Schema.Natural),
  keep: Schema.Array(Name)
})

it.effect.prop("decode undoes encode", [Sample], ([sample]) =>
  Effect.gen(function* () {
    const time = `${sample.days} ${sample.unit}`
    const file = {
      ...good,
      categories: { [sample.name]: { remotePath: sample.name } },
      upload: { remote: `${sample.name}:b`, transfers: sample.transfers, verify: sample.verify },
      cleanup: {
        mode: sample.managed ? "managed" : "untracked",
        minSeedTime: time,
        minRatio: sample.ratio,
        trackers: { [`${sample.name}.example`]: { minSeedTime: time } },
        quarantineFor: sample.quarantine ? time : null,
        onlyWhenFreeBelowBytes: sample.free,
        neverDelete: sample.keep.map((name) => `/${name}`)
      }
    }
    const config = yield* Schema.decodeUnknownEffect(Config)(file)
    const encoded = yield* Schema.encodeEffect(Config)(config)
    assert.deepStrictEqual(yield* Schema.decodeEffect(Config)(encoded), config)
    assert.deepStrictEqual(yield* Effect.map(parseJson(encoded), ({ upload }) => upload), config.upload)
  })
)

describe("the file itself", () => {
  it.live("missing, a directory, or there", () =>
    Effect.acquireUseRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "config-"))),
      (directory) =>
        Effect.gen(function* () {
          const file = join(directory, "config.json")
          assert.include((yield* Effect.flip(load(file))).message, `${file}: there is no such file.`)
          assert.include((yield* Effect.flip(load(directory))).message, `name the file in it, such as ${file}`)
          writeFileSync(file, `\uFEFF${JSON.stringify(good)}`)
          assert.strictEqual((yield* load(file)).upload.remote, "b2:bucket")
        }),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
    )
  )
})
