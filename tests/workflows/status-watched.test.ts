import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { withTerminal } from "../cli/terminal.ts"
import { withWatched, type WatchedTerminal } from "../cli/watched-terminal.ts"
import { acts, day } from "./watched-rig.ts"

const report = (terminal: WatchedTerminal) =>
  Effect.map(terminal.run("status", "--json"), ({ stdout }) => JSON.parse(stdout).watched)

/** A systemctl that knows one timer. */
const withTimer = <A, E, R>(terminal: WatchedTerminal, answer: string, use: Effect.Effect<A, E, R>) => {
  const folder = join(terminal.root, "bin")
  mkdirSync(folder, { recursive: true })
  const program = join(folder, "systemctl")
  writeFileSync(program, `#!/bin/sh\nif [ "$2" = media-pipeline-watched.timer ]; then echo '${answer}'; fi\n`)
  chmodSync(program, 0o755)
  return Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = process.env["PATH"]
      process.env["PATH"] = `${folder}:${before}`
      return before
    }),
    () => use,
    (before) => Effect.sync(() => void (process.env["PATH"] = before))
  )
}

describe("status of what is watched", () => {
  it.live("is silent where nothing is retired and nothing ever was", () =>
    withTerminal(
      Effect.fnUntraced(function* (terminal) {
        assert.isNull(JSON.parse((yield* terminal.run("status", "--json")).stdout).watched)
        assert.notMatch((yield* terminal.run("status")).stdout, /Watched/)
      })
    )
  )

  it.live("says when the timer runs next, and asks no service", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        const at = Math.ceil(Date.now() / 1000) + 7200
        const { nextAt } = yield* withTimer(terminal, `@${at}`, report(terminal))
        assert.strictEqual(nextAt, at * 1000)
        const { stdout } = yield* withTimer(terminal, `@${at}`, terminal.run("status"))
        assert.match(stdout, /^ {2}next run .*, in [12] h$/m)
        for (const nothing of ["", "n/a", "@", "Sat 2026-11-21 03:00:00 UTC"]) {
          assert.isNull((yield* withTimer(terminal, nothing, report(terminal))).nextAt, nothing)
        }
        assert.deepStrictEqual([terminal.rig.media.calls, terminal.rig.arr.calls], [[], []])
      })
    )
  )

  it.live("shows what is leaving with its day, what was retired with its bytes, and what is half done", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        yield* terminal.run("watched")
        const first = yield* report(terminal)
        assert.deepStrictEqual(first.retired, { titles: 0, bytes: 0, lately: [] })
        assert.deepStrictEqual(
          first.leaving.map(({ key }: { key: string }) => key),
          ["radarr/1", "sonarr/1/season/1"]
        )
        assert.approximately(first.leaving[0].dueAt, Date.now() + 3 * day, 60_000)
        assert.match(
          (yield* terminal.run("status")).stdout,
          /^ {2}leaving +Film 1 \(2020\) +1 B +\d+ \w+ .*, in [23] d$/m
        )
        assert.deepStrictEqual(acts(terminal.rig), [])

        const db = new DatabaseSync(join(terminal.stateDir, "state.db"))
        db.exec("UPDATE retirements SET due_at = announced_at WHERE key = 'radarr/1'")
        db.exec("UPDATE retirements SET state = 'failed', reason = 'sonarr did not answer' WHERE key LIKE 'sonarr%'")
        db.close()
        const { halfDone } = yield* report(terminal)
        assert.deepInclude(halfDone[0], { key: "sonarr/1/season/1", reason: "sonarr did not answer" })
        assert.match(
          (yield* terminal.run("status")).stdout,
          /^ {2}half done: Show 1, season 1: sonarr did not answer$/m
        )
        yield* terminal.run("watched")
        const { found, retired } = yield* report(terminal)
        assert.deepInclude(retired, { titles: 1, bytes: 1 })
        assert.strictEqual(retired.lately[0].title, "Film 1 (2020)")
        assert.deepInclude(found, { eligible: 2, titles: 10, fuse: null })
      }),
      { leavingSoon: {} }
    )
  )

  it.live("goes on telling of what was retired once watched is off", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        yield* terminal.run("watched")
        terminal.configure({})
        const { nextAt, retired } = yield* report(terminal)
        assert.deepStrictEqual([nextAt, retired.titles], [null, 2])
      })
    )
  )
})
