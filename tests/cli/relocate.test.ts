import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { withTerminal } from "./terminal.ts"

const storage = (root: string) => {
  const side = (name: string) => {
    const seeding = join(root, name, "seeding")
    mkdirSync(seeding, { recursive: true })
    writeFileSync(join(seeding, "film"), name)
    return { root: join(root, name), seedingDirs: [seeding] }
  }
  return { storage: { stash: side("stash"), pool: side("pool") } }
}

describe("relocate", () => {
  it.live("is told one of --dry-run and --apply, not both", () =>
    withTerminal(
      Effect.fnUntraced(function* (terminal) {
        const { code, complaint } = yield* terminal.run("relocate", "--dry-run", "--apply")
        assert.deepStrictEqual([code, complaint.split("\n")[0]], [64, "--dry-run and --apply cannot both be given"])
      })
    )
  )

  it.live("does nothing where storage is not configured, and asks nobody", () =>
    withTerminal(
      Effect.fnUntraced(function* (terminal) {
        const { code, stdout } = yield* terminal.run("relocate", "--apply")
        assert.deepStrictEqual([code, terminal.torrents.calls], [0, []])
        assert.match(stdout, /storage is not configured/)
      })
    )
  )

  it.live("ends with 75 when the client cannot be read", () =>
    withTerminal(
      Effect.fnUntraced(function* (terminal) {
        terminal.configure(storage(terminal.root))
        terminal.torrents.fail("connection refused")
        const { code, complaint } = yield* terminal.run("relocate", "--apply")
        assert.deepStrictEqual([code, /cannot be read/.test(complaint)], [75, true], complaint)
      })
    )
  )

  it.live("ends with 75 when both sides are one filesystem, or one is not there", () =>
    withTerminal(
      Effect.fnUntraced(function* (terminal) {
        terminal.configure(storage(terminal.root))
        const same = yield* terminal.run("relocate", "--apply", "--json")
        assert.strictEqual(same.code, 75)
        const config = storage(terminal.root)
        terminal.configure({
          storage: { ...config.storage, pool: { root: "/nowhere/pool", seedingDirs: ["/nowhere/pool/s"] } }
        })
        const { code, stdout } = yield* terminal.run("relocate")
        assert.deepStrictEqual([code, /\/nowhere\/pool/.test(stdout)], [75, true], stdout)
      })
    )
  )
})
