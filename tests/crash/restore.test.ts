import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Schema } from "effect"
import { join } from "node:path"
import { Drill, everywhere, type Scenario } from "./drill.ts"
import type { Host } from "./host.ts"

const must = async (host: Host, ...args: ReadonlyArray<string>) => {
  const { code, stderr, stdout } = await host.worker(args)
  if (code !== 0) throw new Error(`${args.join(" ")}: ${stderr}${stdout}`)
  return stdout
}

const Restored = Schema.fromJsonString(Schema.Struct({ from: Schema.String }))
const Cleaned = Schema.fromJsonString(
  Schema.Struct({ items: Schema.Array(Schema.Struct({ path: Schema.String, outcome: Schema.String })) })
)
const Uploaded = Schema.fromJsonString(Schema.Struct({ items: Schema.Array(Schema.Unknown) }))

const restore = (name: string, others: "released" | "quarantined", cleanup: Record<string, unknown>): Scenario => ({
  setting: { kinds: ["odd", "large"], cleanup },
  prepare: async (host) => {
    await must(host, "upload")
    await host.seed("incomplete")
    await must(host, "cleanup")
  },
  empty: false,
  torrents: "incomplete",
  args: ["restore", name],
  between: ["cleanup", "upload"],
  // Which puts its sign back.
  further: ["upload"],
  where: (one) => (one === name ? "here" : others),
  excess: (output) => {
    const { from } = Schema.decodeUnknownSync(Restored)(output)
    return from === "here" ? [] : [`it came back from the ${from}`]
  },
  /** What a person brought back stays for a while, and need not be uploaded again. */
  afterwards: async (host, slowly) => {
    if (!slowly) return []
    const { items } = Schema.decodeUnknownSync(Cleaned)(await must(host, "cleanup"))
    const kept = items.find(({ path }) => path === join(host.completed, name))?.outcome
    const uploaded = Schema.decodeUnknownSync(Uploaded)(await must(host, "upload")).items
    return [
      ...(kept === "kept" ? [] : [`CLEANUP: ${name} is ${kept ?? "not mentioned"}`]),
      ...(uploaded.length === 0 ? [] : [`UPLOAD: ${JSON.stringify(uploaded)}`])
    ]
  }
})

let drill: Drill
beforeAll(async () => {
  drill = await Drill.start()
})
afterAll(() => drill.stop())

const odd = "Odd \"names\" and 'quotes'"
const dead = { timeout: 600_000 }

describe("restore, killed at every point (first and last of each name) and run again", () => {
  it("of a folder from the remote", dead, async () => {
    const { falls, found } = await drill.run(restore(odd, "released", {}), everywhere)
    assert.deepStrictEqual(found, [])
    assert.isAbove(falls.length, 15)
  })

  it("of a large file from the remote", dead, async () => {
    const { falls, found } = await drill.run(restore("Large.mkv", "released", {}), everywhere)
    assert.deepStrictEqual(found, [])
    assert.isAbove(falls.length, 10)
  })

  it("of a folder from the quarantine", dead, async () => {
    const { falls, found } = await drill.run(restore(odd, "quarantined", { quarantineFor: "1 hour" }), everywhere)
    assert.deepStrictEqual(found, [])
    assert.isAbove(falls.length, 15)
  })
})
