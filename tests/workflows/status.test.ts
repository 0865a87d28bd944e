import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, mkdirSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { hold } from "../../src/platform/Lock.ts"
import { type Terminal, withTerminal } from "../cli/terminal.ts"

const report = (terminal: Terminal) => Effect.map(terminal.run("status", "--json"), ({ stdout }) => JSON.parse(stdout))

const sql = (terminal: Terminal, ...statements: ReadonlyArray<string>) => {
  const db = new DatabaseSync(join(terminal.stateDir, "state.db"))
  for (const statement of statements) db.exec(statement)
  db.close()
}

describe("before the first run", () => {
  it.live("everything is empty, and nothing is made", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        const answer = yield* terminal.run("status")
        assert.strictEqual(answer.code, 0)
        assert.match(answer.stdout, /none yet: media-pipeline upload/)
        assert.isFalse(existsSync(terminal.stateDir))
      })
    )
  )
})

describe("after runs", () => {
  it.live("items, bytes, tickets, problems and runs are told", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        terminal.film("good.mkv", "12345")
        terminal.film("lost.mkv", "1")
        unlinkSync(join(terminal.completed, "lost.mkv"))
        yield* terminal.run("upload")
        yield* terminal.run("completed", "f".repeat(40))
        const status = yield* report(terminal)
        assert.deepInclude(status.items, { state: "uploaded", items: 1, bytes: 5 })
        assert.deepInclude(status.bytes, { here: 5, remote: 5, inFlight: 0 })
        assert.strictEqual(status.tickets.length, 1)
        assert.strictEqual(status.runs[0].command, "upload")
        assert.strictEqual(status.runs[0].outcome, "partial")
        assert.isAbove(status.disk.freeBytes, 0)
        const { stdout } = yield* terminal.run("status")
        assert.match(stdout, /uploaded +1 +5 B +here and proven on the remote/)
        assert.match(stdout, /1 ticket waiting/)
        assert.match(stdout, /upload +partial +just now/)
      })
    )
  )

  it.live("failures keep their reason, extraction failures too", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        terminal.film("one.mkv", "1")
        terminal.film("two.mkv", "2")
        yield* terminal.run("upload")
        sql(
          terminal,
          "UPDATE items SET state = 'failed', reason = 'the remote said 500', attempts = 3 WHERE id = 1",
          "UPDATE items SET extraction = 'failed', extraction_reason = 'volumes are missing' WHERE id = 2"
        )
        const { stdout } = yield* terminal.run("status")
        assert.match(stdout, /failed +(one|two)\.mkv \(3 tries\)\n +the remote said 500/)
        assert.match(stdout, /not extracted +(one|two)\.mkv\n +volumes are missing/)
      })
    )
  )

  it.live("a run under way is told from one that crashed", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        yield* terminal.run("upload")
        sql(
          terminal,
          "INSERT INTO runs (command, begun_at) VALUES ('upload', 1)",
          "INSERT INTO journal (step, subject, begun_at) VALUES ('upload.send', CAST('/x' AS BLOB), 1)"
        )
        const crashed = yield* report(terminal)
        assert.strictEqual(crashed.runs[0].outcome, "crashed")
        assert.deepInclude(crashed.problems[0], { path: "/x", kind: "left-open" })
        const running = yield* Effect.scoped(Effect.andThen(hold(join(terminal.stateDir, "lock")), report(terminal)))
        assert.deepInclude(running.runs[0], { outcome: "running", pid: process.pid })
        assert.deepStrictEqual(running.problems, [])
      })
    )
  )
})

describe("next releases", () => {
  it.live("untracked: what no torrent holds any more", () =>
    withTerminal((terminal) =>
      Effect.gen(function* () {
        const hash = terminal.film("film.mkv", "1")
        terminal.film("other.mkv", "2")
        yield* terminal.run("upload")
        yield* terminal.run("cleanup")
        assert.deepStrictEqual((yield* report(terminal)).releases, [])
        sql(terminal, `UPDATE torrents SET gone_at = 1 WHERE hash = '${hash}'`)
        const { releases } = yield* report(terminal)
        assert.strictEqual(releases.length, 1)
        assert.match(releases[0].path, /film\.mkv$/)
      })
    )
  )

  it.live("managed: when the seeding time will be over", () =>
    withTerminal(
      (terminal) =>
        Effect.gen(function* () {
          const hash = terminal.film("film.mkv", "1")
          yield* terminal.run("upload")
          yield* terminal.run("cleanup", "--dry-run")
          sql(
            terminal,
            "DELETE FROM torrents",
            `INSERT INTO torrents (hash, name, category, content_path, ratio, seeding_seconds, first_seen, last_seen)
              VALUES ('${hash}', 'film.mkv', '', CAST('/x' AS BLOB), 2.0, ${6 * 86400}, 0, 1000)`
          )
          const { releases } = yield* report(terminal)
          assert.strictEqual(releases[0].at, 1000 + 86_400_000)
          sql(terminal, "UPDATE torrents SET ratio = 0.5")
          assert.deepStrictEqual((yield* report(terminal)).releases, [])
        }),
      { cleanup: { mode: "managed" } }
    )
  )
})

it.live("a database that is none is said to be that, exit 75", () =>
  withTerminal((terminal) =>
    Effect.gen(function* () {
      mkdirSync(terminal.stateDir)
      writeFileSync(join(terminal.stateDir, "state.db"), "this is not a database at all, not in the least")
      for (const command of ["status", "upload", "cleanup"]) {
        const answer = yield* terminal.run(command)
        assert.strictEqual(answer.code, 75, command)
        assert.match(answer.complaint, /file is not a database/)
      }
    })
  )
)
