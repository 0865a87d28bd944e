import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Remote } from "../../src/services/Remote.ts"
import { Bench, withRemote } from "./remote-rig.ts"

const listed = (options: { readonly remote: string; readonly environmentFile: string }) =>
  withRemote(
    options,
    Effect.flatMap(Remote, (remote) => remote.list(""))
  )

describe("upload.rcloneEnvironmentFile", () => {
  it.live("defines a remote that no configuration file knows", () =>
    Effect.gen(function* () {
      using bench = new Bench()
      mkdirSync(join(bench.root, "there"))
      writeFileSync(join(bench.root, "there/a"), "abc")
      const environmentFile = bench.file(
        "rclone.env",
        `# for the upload\nRCLONE_CONFIG_PLACE_TYPE=alias\nRCLONE_CONFIG_PLACE_REMOTE="${bench.root}/there"\nPATH=/nowhere\n`
      )
      const files = yield* listed({ remote: "place:", environmentFile })
      assert.deepStrictEqual(
        files.map(({ path, size }) => [path, size]),
        [["a", 3]]
      )
    })
  )

  it.live("is text: no shell runs what stands in it", () =>
    Effect.gen(function* () {
      using bench = new Bench()
      const environmentFile = bench.file(
        "rclone.env",
        `RCLONE_CONFIG_PLACE_TYPE=alias\nRCLONE_CONFIG_PLACE_REMOTE=${bench.root}/$(mkdir ${bench.root}/made)\n`
      )
      yield* Effect.exit(listed({ remote: "place:", environmentFile }))
      assert.isFalse(existsSync(join(bench.root, "made")))
    })
  )

  for (const [what, content, expected] of [
    ["is not there", undefined, /cannot be read/],
    ["sets nothing for rclone", "B2_KEY=x\n", /no line that sets an RCLONE_/]
  ] as const) {
    it.live(`one that ${what} is refused with a remedy, and no value of it is shown`, () =>
      Effect.gen(function* () {
        using bench = new Bench()
        const environmentFile = content === undefined ? join(bench.root, "missing") : bench.file("rclone.env", content)
        const error = yield* Effect.flip(listed({ remote: "place:", environmentFile }))
        assert.strictEqual(error._tag, "RemoteSetupError")
        assert.match(error.message, expected)
        assert.notInclude(error.message, "B2_KEY")
      })
    )
  }
})
