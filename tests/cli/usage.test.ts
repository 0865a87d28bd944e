import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { withTerminal } from "./terminal.ts"

describe("usage errors exit 64 and say what was meant", () => {
  const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, says: RegExp, hint: string]> = [
    [[], /^media-pipeline needs a command$/m, "media-pipeline --help"],
    [["uplod"], /Unknown subcommand "uplod".*Did you mean upload\?/, "media-pipeline --help"],
    [["upload", "--jsn"], /Unrecognized flag: --jsn/, "media-pipeline upload --help"],
    [["cleanup", "--dryrun"], /Unrecognized flag: --dryrun.*Did you mean --dry-run\?/, "media-pipeline cleanup --help"],
    [["cleanup", "--dry-run", "--apply"], /cannot both be given/, "media-pipeline cleanup --help"],
    [["explain"], /Missing required argument: TARGET/, "media-pipeline explain --help"],
    [["status", "extra"], /Unexpected positional argument: "extra"/, "media-pipeline status --help"],
    [["config"], /config needs a command/, "media-pipeline config --help"],
    [["config", "chek"], /Did you mean check\?/, "media-pipeline config --help"],
    [["--log-level", "loud", "status"], /log-level/, "media-pipeline status --help"]
  ]
  it.live.each(cases)("%j", ([args, says, hint]) =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        const answer = yield* terminal.call(...args)
        assert.strictEqual(answer.code, 64)
        assert.match(answer.complaint.replaceAll("\n", "\n"), says)
        assert.include(answer.complaint, `See ${hint}`)
        assert.strictEqual(answer.stdout, "")
      })
    )
  )

  it.live("as JSON too, on standard output alone", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        for (const args of [["--json"], ["--json", "uplod"], ["upload", "--jsn", "--json"]]) {
          const answer = yield* terminal.call(...args)
          assert.strictEqual(answer.code, 64)
          assert.strictEqual(answer.complaint, "")
          const { error } = JSON.parse(answer.stdout)
          assert.strictEqual(error.exitCode, 64)
          assert.strictEqual(error.tag, "Usage")
        }
      })
    )
  )

  it.live("help, version and completions go to standard output and exit 0", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        const version = yield* terminal.call("--version")
        assert.match(version.stdout, /^media-pipeline \d+\.\d+\.\d+/)
        const help = yield* terminal.call("upload", "--help")
        assert.match(help.stdout, /Extract, upload, prove and mark/)
        assert.match(help.stdout, /--config FILE/)
        const fish = yield* terminal.call("--completions", "fish")
        assert.match(fish.stdout, /complete -c media-pipeline/)
        assert.deepStrictEqual([version.code, help.code, fish.code], [0, 0, 0])
      })
    )
  )

  it.live("an infohash that is none is a usage error that names the right placeholder", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        const answer = yield* terminal.run("completed", "-")
        assert.strictEqual(answer.code, 64)
        assert.match(answer.complaint, /40 or 64 hexadecimal digits .*%K/)
      })
    )
  )
})
