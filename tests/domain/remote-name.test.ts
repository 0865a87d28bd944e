import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { collisions, joinRemote, shownRemote, standardName } from "../../src/domain/remoteName.ts"
import { fromBytes } from "../../src/platform/BytePath.ts"

describe("standardName", () => {
  it("control characters become their pictures, what the pictures would be is percent-encoded", () => {
    assert.strictEqual(standardName("a\nb\tc\u0001d\u007fe"), "a\u240ab\u2409c\u2401d\u2421e")
    assert.strictEqual(standardName("\u240a"), "%E2%90%8A")
    assert.strictEqual(standardName("\u2421 \uff0f \uff3c \u201b"), "%E2%90%A1 %EF%BC%8F %EF%BC%BC %E2%80%9B")
  })

  it("bytes that are no UTF-8 are percent-encoded, each", () => {
    assert.strictEqual(standardName(fromBytes(Buffer.from([0x61, 0xff, 0xc3, 0x62]))), "a%FF%C3b")
  })

  it("everything else stays: both forms of an accent, case, quotes, dashes, blanks, backslash, 255 bytes", () => {
    const names = [
      "caf\u00e9",
      "cafe\u0301",
      "A",
      "a",
      `'"\`$`,
      "-x",
      " x ",
      "a\\b",
      "x".repeat(255),
      "\ud83c\udfac",
      "%41"
    ]
    for (const name of [...names, "dir/file", ".hidden", "a..b"]) assert.strictEqual(standardName(name), name)
    assert.strictEqual(new Set(names.map(standardName)).size, names.length)
  })

  it.prop(
    "is text that JSON carries, without a control character, whatever the bytes",
    [Schema.Uint8Array],
    ([bytes]) => {
      const name = standardName(fromBytes(bytes))
      assert.isTrue(name.isWellFormed())
      assert.notMatch(name, /[\u0000-\u001f\u007f]/)
      assert.strictEqual(name.split("/").length, fromBytes(bytes).split("/").length, "no folder comes or goes")
    }
  )

  it.prop(
    "names that meet are told: two that differ are two on the remote, or collide",
    [Schema.Uint8Array, Schema.Uint8Array],
    ([one, other]) => {
      const names = [fromBytes(one), fromBytes(other)].map((path) => ({ path, remote: standardName(path) }))
      const [a, b] = names
      if (a?.path === b?.path || a?.path === "" || b?.path === "") return
      if (a?.remote === b?.remote) assert.strictEqual(collisions(names).size, 1)
    }
  )
})

describe("collisions", () => {
  const find = (...paths: ReadonlyArray<string>) =>
    [...collisions(paths.map((path) => ({ path, remote: standardName(path) })))].map(([remote]) => remote)

  it("a picture and its percent form meet; a file where another needs a folder counts", () => {
    assert.deepStrictEqual(find("a\u2401", "a%E2%90%81", "b"), ["a%E2%90%81"])
    assert.deepStrictEqual(find("a", "a/b/c", "a/d"), ["a"])
    assert.deepStrictEqual(find("a/b", "a/b/c"), ["a/b"])
  })

  it("twins of case, form and prefix are no collision", () => {
    assert.deepStrictEqual(find("a", "A", "caf\u00e9", "cafe\u0301", "ab/c", "a b", "a.b"), [])
  })
})

describe("how a remote is shown", () => {
  it("without the options that it carries, which hold keys", () => {
    for (const [remote, shown] of [
      ["b2:bucket", "b2:bucket"],
      [`:b2,account=a,key="K:,""x",endpoint='http://x:1':bucket/path`, ":b2:bucket/path"],
      ["b2,key=secret:bucket", "b2:bucket"],
      ["/srv/a,key=b:c", "/srv/a,key=b:c"],
      ["s3,env_auth:bucket", "s3:bucket"]
    ] as const) {
      assert.strictEqual(shownRemote(remote), shown)
    }
  })

  it("joins what is not empty", () => {
    assert.strictEqual(joinRemote("", "a", "", "b/c"), "a/b/c")
    assert.strictEqual(joinRemote("", ""), "")
  })
})
