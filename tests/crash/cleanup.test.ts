import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Schema } from "effect"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { Drill, everywhere, type Scenario } from "./drill.ts"
import type { Host } from "./host.ts"

const Report = Schema.fromJsonString(
  Schema.Struct({
    items: Schema.Array(Schema.Struct({ path: Schema.String, outcome: Schema.String })),
    torrents: Schema.Array(Schema.Struct({ name: Schema.String, outcome: Schema.String }))
  })
)

const must = async (host: Host, ...args: ReadonlyArray<string>) => {
  const { code, stderr, stdout } = await host.worker(args)
  if (code !== 0) throw new Error(`${args.join(" ")}: ${stderr}${stdout}`)
}

/** What waits in the quarantine is told of in every run. */
const excess = (output: string) => {
  const { items, torrents } = Schema.decodeUnknownSync(Report)(output)
  const told = items.filter(({ outcome }) => outcome !== "kept").map(({ outcome, path }) => `${outcome} ${path}`)
  return [...told, ...torrents.map((one) => `${one.outcome} ${one.name}`)]
}

const untracked: Scenario = {
  setting: { kinds: ["film", "odd", "rar", "rootless"] },
  prepare: (host) => must(host, "upload"),
  empty: false,
  torrents: "incomplete",
  args: ["cleanup"],
  between: ["upload"],
  where: "released",
  excess
}

const quarantine: Scenario = {
  ...untracked,
  setting: { kinds: ["odd", "rootless"], cleanup: { quarantineFor: "1 hour" } },
  where: "quarantined"
}

/** The quarantine is over: one run has seen that already, and the clock is believed by the second. */
const purge: Scenario = {
  ...untracked,
  setting: { kinds: ["odd", "rootless"], cleanup: { quarantineFor: "1 second" } },
  prepare: async (host) => {
    await must(host, "upload")
    await host.seed("incomplete")
    await must(host, "cleanup")
    await setTimeout(1100)
    await must(host, "cleanup")
  }
}

const managed: Scenario = {
  ...untracked,
  setting: { kinds: ["odd", "rootless"], cleanup: { mode: "managed" } },
  torrents: "all",
  afterwards: async (host) => {
    const held = await host.held()
    const kept = readdirSync(join(host.state, "torrents"))
    return [
      ...(held.length === 1 ? [] : [`TORRENTS: the client holds ${held.length}`]),
      ...(kept.length === 2 && kept.every((name) => /^[0-9a-f]{40}\.torrent$/.test(name))
        ? []
        : [`EXPORTED: ${kept.join()}`])
    ]
  }
}

/** What the removal of torrents has in common with every release. */
const common = /^(?:unlink|rmdir) completed|Gate\.pass (?:LocalCopy|Derived)|cleanup\.(?:release|marker)/

let drill: Drill
beforeAll(async () => {
  drill = await Drill.start()
})
afterAll(() => drill.stop())

const dead = { timeout: 600_000 }

describe("cleanup, killed at every point (first and last of each name) and run again", () => {
  it("of what no torrent claims", dead, async () => {
    const { falls, found } = await drill.run(untracked, everywhere)
    assert.deepStrictEqual(found, [])
    assert.isAbove(falls.length, 50)
  })

  it("into the quarantine", dead, async () => {
    const { falls, found } = await drill.run(quarantine, everywhere)
    assert.deepStrictEqual(found, [])
    assert.isAbove(falls.length, 35)
  })

  it("out of the quarantine", dead, async () => {
    const { falls, found } = await drill.run(purge, everywhere)
    assert.deepStrictEqual(found, [])
    assert.isAbove(falls.length, 20)
  })

  it("with the torrents exported and removed (but for the points of the first)", dead, async () => {
    const { falls, found } = await drill.run(managed, (points) =>
      everywhere(points.filter(({ label }) => !common.test(label)))
    )
    assert.deepStrictEqual(found, [])
    assert.isAbove(falls.length, 20)
  })
})
