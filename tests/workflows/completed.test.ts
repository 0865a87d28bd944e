import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { AppConfig } from "../../src/config/AppConfig.ts"
import { parse } from "../../src/config/load.ts"
import { Spool } from "../../src/state/Spool.ts"
import { completed } from "../../src/workflows/completed.ts"
import { type Terminal, withTerminal } from "../cli/terminal.ts"

const hash = "0123456789abcdef0123456789abcdef01234567"

const inSpool = <A, E>(use: (terminal: Terminal, folder: string) => Effect.Effect<A, E, Spool>) =>
  withTerminal((terminal) =>
    Effect.flatMap(parse("c.json", readFileSync(terminal.file)), (config) =>
      use(terminal, join(terminal.stateDir, "spool")).pipe(
        Effect.provide(Layer.merge(Spool.layer, Logger.layer([])).pipe(Layer.provide(Layer.succeed(AppConfig, config))))
      )
    )
  )

it.live("a ticket is one whole file, writable for the group, and the same hash is one ticket", () =>
  inSpool((_, folder) =>
    Effect.gen(function* () {
      yield* completed(hash.toUpperCase())
      yield* completed(hash)
      assert.deepStrictEqual(readdirSync(folder), [`${hash}.json`])
      assert.strictEqual(statSync(folder).mode & 0o7777, 0o2770)
      assert.strictEqual(statSync(join(folder, `${hash}.json`)).mode & 0o777, 0o660)
      const tickets = yield* (yield* Spool).tickets
      assert.deepStrictEqual(
        tickets.map((ticket) => ticket.hash),
        [hash]
      )
    })
  )
)

it.live("a v2 infohash is one too, everything else is refused", () =>
  inSpool(() =>
    Effect.gen(function* () {
      yield* completed("a".repeat(64))
      for (const wrong of ["", "-", "../../etc/passwd", "a".repeat(41), `${hash}\n`, "g".repeat(40)]) {
        assert.strictEqual((yield* Effect.flip(completed(wrong)))._tag, "NotAHash")
      }
    })
  )
)

it.live("what makes no sense is set aside, once, and the others are read", () =>
  inSpool((_, folder) =>
    Effect.gen(function* () {
      yield* completed(hash)
      const other = "f".repeat(40)
      writeFileSync(join(folder, `${other}.json`), "{ half")
      writeFileSync(join(folder, "with\nnewline.json"), JSON.stringify({ hash, at: 1 }))
      writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]), "")
      mkdirSync(join(folder, "a directory"))
      writeFileSync(join(folder, ".hidden"), "half-written by another process")
      const spool = yield* Spool
      assert.strictEqual((yield* spool.peek).length, 1)
      assert.strictEqual(readdirSync(folder).length, 6, "who only looks leaves them")
      assert.strictEqual((yield* spool.tickets).length, 1)
      assert.deepStrictEqual(readdirSync(folder).toSorted(), [".hidden", ".rejected", `${hash}.json`])
      assert.strictEqual(readdirSync(join(folder, ".rejected")).length, 4)
    })
  )
)

it.live("a ticket that is dealt with is gone, and nothing piles up", () =>
  inSpool((_, folder) =>
    Effect.gen(function* () {
      const spool = yield* Spool
      for (const digit of "012") {
        yield* completed(digit.repeat(40))
        yield* spool.remove(digit.repeat(40))
        yield* spool.remove(digit.repeat(40))
      }
      assert.deepStrictEqual(yield* spool.tickets, [])
      assert.deepStrictEqual(readdirSync(folder), [".last"])
    })
  )
)

it.live("it needs neither the client nor the remote nor the database", () =>
  withTerminal((terminal) =>
    Effect.gen(function* () {
      terminal.torrents.fail()
      mkdirSync(terminal.stateDir)
      writeFileSync(join(terminal.stateDir, "state.db"), "not a database")
      const answer = yield* terminal.run("completed", hash)
      assert.strictEqual(answer.code, 0)
      assert.deepStrictEqual([terminal.torrents.calls, terminal.remote.calls], [[], []])
      assert.deepStrictEqual(readdirSync(join(terminal.stateDir, "spool")), [`${hash}.json`])
    })
  )
)
