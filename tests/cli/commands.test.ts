import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readdirSync, readFileSync, unlinkSync } from "node:fs"
import { join } from "node:path"
import { hold } from "../../src/platform/Lock.ts"
import { width } from "../../src/platform/Text.ts"
import { TorrentClientRefused } from "../../src/services/TorrentClient.ts"
import { withTerminal } from "./terminal.ts"

describe("a life of an item, on the command line", () => {
  it.live("uploaded, unchanged, explained, released, restored", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        terminal.film("A Film (2026).mkv", "film")
        const first = yield* terminal.run("upload")
        assert.match(first.stdout, /uploaded {2}A Film \(2026\)\.mkv +1 file +4 B {2}→ downloads/)
        assert.match(first.stdout, /1 uploaded and proven \(4 B\), in /)
        assert.strictEqual(first.code, 0)

        const second = yield* terminal.run("upload")
        assert.strictEqual(second.stdout, "nothing new: 1 item is uploaded and unchanged")

        const kept = yield* terminal.run("cleanup")
        assert.match(kept.stdout, /kept {2}A Film/)
        assert.match(kept.stdout, /nothing|1 kept/)
        const why = yield* terminal.run("explain", "A Film (2026).mkv")
        assert.match(why.stdout, /not met/)

        terminal.torrents.held.clear()
        const dry = yield* terminal.run("cleanup", "--dry-run", "--json")
        assert.strictEqual(JSON.parse(dry.stdout).items[0].outcome, "would-release")
        const released = yield* terminal.run("cleanup", "--apply")
        assert.match(released.stdout, /released {2}A Film[\s\S]*1 released, 4 B freed/)
        assert.isFalse(existsSync(join(terminal.completed, "A Film (2026).mkv")))

        const restored = yield* terminal.run("restore", "A Film (2026).mkv")
        assert.match(restored.stdout, /restored .* from the remote: 1 file, 4 B/)
        assert.strictEqual(readFileSync(join(terminal.completed, "A Film (2026).mkv"), "utf8"), "film")
        assert.match(
          readFileSync(join(terminal.stateDir, "metrics.prom"), "utf8"),
          /media_pipeline_items\{state="uploaded"\} 1/
        )
      })
    )
  )

  it.live("a failing item exits 1 with its reason, the others go on", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        terminal.film("good.mkv", "good")
        terminal.film("gone.mkv", "gone")
        unlinkSync(join(terminal.completed, "gone.mkv"))
        const answer = yield* terminal.run("upload")
        assert.strictEqual(answer.code, 1)
        assert.match(answer.stdout, /uploaded {2}good\.mkv/)
        assert.match(answer.stdout, /failed +gone\.mkv\n +qBittorrent says it is here/)
        assert.match(answer.stdout, /1 uploaded and proven .*, 1 failed/)
      })
    )
  )

  it.live("with --json there is one document on standard output, whatever happens", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        terminal.film("a\nb.mkv", "x")
        for (const args of [
          ["upload"],
          ["upload"],
          ["status"],
          ["cleanup", "--dry-run"],
          ["doctor"],
          ["explain", "x"],
          ["config", "check"],
          ["restore", "no such thing"],
          ["completed", "f".repeat(40)]
        ]) {
          const answer = yield* terminal.run("--json", ...args)
          assert.isObject(JSON.parse(answer.stdout), args.join(" "))
          assert.strictEqual(answer.complaint, "")
        }
      })
    )
  )

  it.live("no screen is wider than the terminal, however long the names", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        terminal.film(`${"A.Very.Long.Release.Name.".repeat(6)}mkv`, "x")
        terminal.film("漢字の名前".repeat(12), "y")
        for (const columns of [60, 80, 120]) {
          terminal.columns = columns
          for (const args of [["upload"], ["status"], ["cleanup", "--dry-run"]]) {
            const { stdout } = yield* terminal.run(...args)
            const widest = stdout.split("\n").toSorted((one, other) => width(other) - width(one))[0] ?? ""
            assert.isAtMost(width(widest), columns, `${args.join(" ")}: ${widest}`)
          }
        }
      })
    )
  )
})

describe("when something is in the way", () => {
  it.live("an unreadable client changes nothing and exits 75", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        terminal.film("film.mkv", "film")
        terminal.torrents.fail()
        for (const command of ["upload", "cleanup"]) {
          const answer = yield* terminal.run(command)
          assert.strictEqual(answer.code, 75)
          assert.match(answer.complaint, /cannot be read.*Nothing further was changed/)
        }
        assert.strictEqual(terminal.remote.files.size, 0)
        assert.deepStrictEqual(readdirSync(terminal.completed), ["film.mkv"])
      })
    )
  )

  it.live("refused credentials exit 78: trying again would get us banned", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        terminal.torrents.error = new TorrentClientRefused({ url: "http://memory", why: "wrong password" })
        const answer = yield* terminal.run("upload")
        assert.strictEqual(answer.code, 78)
        assert.match(answer.complaint, /cannot log in.*passwordFile/)
      })
    )
  )

  it.live("a spent cap stops with 75, a refused key with the reason", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        terminal.film("film.mkv", "film")
        terminal.remote.failing.set("upload", "capped")
        const answer = yield* terminal.run("upload")
        assert.strictEqual(answer.code, 75)
        assert.match(answer.stdout.replaceAll(/\s+/g, " "), /stopped early: .*Raise the account's cap/)
      })
    )
  )

  it.live("a second upload exits 75 and names the first; a cleanup runs beside it", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        yield* terminal.run("upload")
        const answer = yield* Effect.scoped(
          Effect.andThen(
            hold(join(terminal.stateDir, "lock")),
            Effect.all([terminal.run("upload"), terminal.run("cleanup"), terminal.run("status")])
          )
        )
        assert.deepStrictEqual(
          answer.map(({ code }) => code),
          [75, 0, 0]
        )
        assert.match(answer[0].complaint, new RegExp(`process ${process.pid}\\) is still at work`))
      })
    )
  )

  it.live("a target that is nothing we know exits 64", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        const answer = yield* terminal.run("upload", "no such item")
        assert.strictEqual(answer.code, 64)
        assert.match(answer.complaint, /no completed item is "no such item"/)
      })
    )
  )
})

describe("configuration errors exit 78 and leave no trace", () => {
  it.live("from every command that reads it", () =>
    withTerminal(
      (terminal) =>
        Effect.gen(function* () {
          for (const args of [
            ["upload"],
            ["cleanup"],
            ["status"],
            ["doctor"],
            ["explain", "x"],
            ["restore", "x"],
            ["completed", "f".repeat(40)],
            ["config", "check"]
          ]) {
            const answer = yield* terminal.run(...args)
            assert.strictEqual(answer.code, 78, args.join(" "))
            assert.match(answer.complaint, /upload\.verfy: unknown key, did you mean "verify"\?/)
            const json = yield* terminal.run("--json", ...args)
            assert.deepInclude(JSON.parse(json.stdout).error, { tag: "ConfigError", exitCode: 78 })
            assert.strictEqual(JSON.parse(json.stdout).error.problems[0].path, "upload.verfy")
          }
          assert.isFalse(existsSync(terminal.stateDir))
          assert.strictEqual(terminal.torrents.calls.length, 0)
        }),
      { upload: { remote: "b2:x", verfy: "sampled" } }
    )
  )

  it.live("a missing file says how to name one", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        const answer = yield* terminal.call("--config", "/no/such/file.json", "upload")
        assert.strictEqual(answer.code, 78)
        assert.match(answer.complaint, /\/no\/such\/file\.json: there is no such file.*--config FILE/)
      })
    )
  )

  it.live("the schema is valid JSON Schema with a description for every setting", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        const { stdout } = yield* terminal.call("config", "schema")
        const schema = JSON.parse(stdout)
        assert.strictEqual(schema.$schema, "https://json-schema.org/draft/2020-12/schema")
        const bare: Array<string> = []
        interface Node {
          readonly properties?: Readonly<Record<string, Node>>
          readonly description?: string
        }
        const visit = (node: Node, path: string) => {
          for (const [key, child] of Object.entries(node.properties ?? {})) {
            if (child.description === undefined) bare.push(path + key)
            visit(child, `${path}${key}.`)
          }
        }
        visit(schema, "")
        assert.deepStrictEqual(bare, [])
      })
    )
  )
})
