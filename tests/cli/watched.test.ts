import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { hold } from "../../src/platform/Lock.ts"
import { width } from "../../src/platform/Text.ts"
import { acts } from "../workflows/watched-rig.ts"
import { withTerminal } from "./terminal.ts"
import { withWatched, type WatchedTerminal } from "./watched-terminal.ts"

/** Columns of spaces are of no interest. */
const squeezed = (text: string) => text.replaceAll(/ {2,}/g, "  ")

const metric = (terminal: WatchedTerminal, name: string) =>
  new RegExp(`^media_pipeline_watched_${name} (\\S+)$`, "m").exec(
    readFileSync(join(terminal.stateDir, "metrics.prom"), "utf8")
  )?.[1]

describe("watched on the command line", () => {
  it.live("is told one of --dry-run and --apply, not both", () =>
    withTerminal(
      Effect.fnUntraced(function* (terminal) {
        const { code, complaint } = yield* terminal.run("watched", "--dry-run", "--apply")
        assert.deepStrictEqual([code, complaint.split("\n")[0]], [64, "--dry-run and --apply cannot both be given"])
      })
    )
  )

  it.live("does nothing where it is not configured, and asks nobody", () =>
    withTerminal(
      Effect.fnUntraced(function* (terminal) {
        const { code, stdout } = yield* terminal.run("watched", "--apply")
        assert.deepStrictEqual([code, stdout], [0, "nothing is retired: watched is not configured"])
      })
    )
  )

  it.live("says in a dry run what would go, what stays and why, and changes nothing", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        const { code, stdout } = yield* terminal.run("watched", "--dry-run")
        assert.strictEqual(code, 0)
        const text = squeezed(stdout)
        for (const line of [
          "  Watched  2  2",
          "  Eligible  1  2",
          "  Skipped: favourite  1  0",
          "  Would be deleted  1  2",
          "  Failed  0  0",
          "  would go  Film 1 (2020)  1 B  watched 10 d ago",
          "  would go  Show 1, season 1  2.15 KiB  2 episodes, watched 10 d ago",
          "  Film 2 (2020)  2 B\n  favourite: of admin, must be of nobody",
          "Dry run, nothing was changed: 2 titles would be retired (2.15 KiB), 1 stays"
        ]) {
          assert.include(text, line)
        }
        assert.deepStrictEqual(acts(terminal.rig), [])
        const json = JSON.parse((yield* terminal.run("watched", "--dry-run", "--json")).stdout)
        assert.deepStrictEqual(json.movies, {
          watched: 2,
          eligible: 1,
          skipped: { favourite: 1 },
          deleted: 0,
          failed: 0
        })
        assert.deepStrictEqual(
          json.titles.map(({ key, outcome }: { key: string; outcome: string }) => [key, outcome]),
          [
            ["radarr/1", "would-retire"],
            ["sonarr/1/season/1", "would-retire"],
            ["radarr/2", "kept"]
          ]
        )
      })
    )
  )

  it.live("retires; status, metrics and explain tell of it", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        const { code, stdout } = yield* terminal.run("watched")
        assert.strictEqual(code, 0, stdout)
        const text = squeezed(stdout)
        assert.include(text, "  Deleted  1  2")
        assert.include(text, "  retired  Film 1 (2020)  1 B  watched 10 d ago")
        assert.match(text, /^2 titles retired \(2\.15 KiB\), 2\.15 KiB freed, 1 stays, in /m)
        assert.isFalse(terminal.rig.has("Film 1.mkv"))
        const status = squeezed((yield* terminal.run("status")).stdout)
        assert.match(status, /^Watched\n {2}2 of 10 films and seasons eligible just now$/m)
        assert.match(status, /^ {2}retired {2}Film 1 \(2020\) {2}1 B {2}\S+, just now$/m)
        assert.match(status, /^ {2}watched {2}done {2}just now, \S+ {2}2 titles retired/m)
        assert.deepStrictEqual(
          ["eligible", "retired_total", "retired_bytes_total", "leaving", "fuse"].map((name) => metric(terminal, name)),
          ["2", "2", "2204", "0", "0"]
        )
        assert.isAbove(Number(metric(terminal, "last_run_end_seconds")), Date.now() / 1000 - 60)
        assert.match(
          (yield* terminal.run("explain", "film 1")).stdout,
          /^Film 1 \(2020\)\n {2}It was retired today at /
        )
      })
    )
  )

  it.live("is stopped by a fuse with exit 1, and status keeps saying so", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        terminal.rig.arr.labels.set("radarr", [])
        const { code, stdout } = yield* terminal.run("watched", "--apply")
        assert.strictEqual(code, 1)
        assert.match(stdout, /^nothing is retired: Radarr has no tag "keep"/)
        assert.deepStrictEqual(acts(terminal.rig), [])
        const { stdout: status } = yield* terminal.run("status")
        assert.match(status, /stopped just now: Radarr has no tag "keep"/)
        assert.match(squeezed(status), /^ {2}watched {2}fuse {2}/m)
        assert.strictEqual(metric(terminal, "fuse"), "1")
      })
    )
  )

  it.live("shows what an unlikely share is, so that a person can decide; --apply passes it", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        for (let id = 1; id <= 12; id++) terminal.rig.movie(id)
        const { code, stdout } = yield* terminal.run("watched")
        assert.strictEqual(code, 1)
        assert.match(stdout, /^nothing is retired: 12 of 12 films and seasons became eligible at once/)
        assert.match(
          squeezed(stdout),
          /^Eligible, and not retired for that reason\n {2}Film 1 \(2020\) {2}1 B {2}watched/m
        )
        assert.match(stdout, /^12 kept, in /m)
        assert.deepStrictEqual(acts(terminal.rig), [])
        const insisted = yield* terminal.run("watched", "--apply")
        assert.strictEqual(insisted.code, 0)
        assert.match(squeezed(insisted.stdout), /^ {2}Deleted {2}12 {2}0$/m)
      })
    )
  )

  it.live("ends with 75 where a service cannot be read, also as JSON, and names it", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        terminal.rig.media.fails = (operation) => operation === "library"
        const { code, complaint } = yield* terminal.run("watched", "--apply")
        assert.deepStrictEqual([code, /Jellyfin at http:\/\/memory cannot be read: 502/.test(complaint)], [75, true])
        const json = yield* terminal.run("watched", "--json")
        assert.strictEqual(JSON.parse(json.stdout).error.tag, "MediaServerUnreadable")
        terminal.rig.media.fails = () => false
        terminal.rig.arr.behave = ({ operation }) => (operation === "movies" ? "unreadable" : undefined)
        assert.strictEqual((yield* terminal.run("watched", "--apply")).code, 75)
        terminal.rig.arr.behave = ({ id, operation }) => (operation === "movie" && id === 1 ? "unreadable" : undefined)
        const half = yield* terminal.run("watched", "--apply")
        assert.strictEqual(half.code, 75, half.stdout)
        assert.match(half.stdout, /^stopped: radarr at http:\/\/memory cannot be read/)
        assert.deepStrictEqual(acts(terminal.rig), [])
      })
    )
  )

  it.live("ends with 1 where a title was refused, and retires the others", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        terminal.rig.arr.behave = ({ arr, operation }) =>
          arr === "radarr" && operation === "deleteFiles" ? "refused" : undefined
        const { code, stdout } = yield* terminal.run("watched", "--apply")
        assert.strictEqual(code, 1)
        const text = squeezed(stdout)
        assert.match(text, /^ {2}Failed {2}1 {2}0$/m, text)
        assert.match(
          text,
          /^ {2}failed {2}Film 1 \(2020\) .*\n {2}Film 1 \(2020\) is kept: radarr refused to deleteFiles: 409/m,
          text
        )
        assert.include(text, "  retired  Show 1, season 1")
        assert.isTrue(terminal.rig.has("Film 1.mkv"))
      })
    )
  )

  it.live("waits for a cleanup, whose ledger it shares, with exit 75", () =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        yield* terminal.run("upload")
        const { code } = yield* Effect.scoped(
          Effect.andThen(hold(join(terminal.stateDir, "lock.cleanup")), terminal.run("watched"))
        )
        assert.strictEqual(code, 75)
      })
    )
  )
})

it.live("no screen is wider than the terminal, however long the names", () =>
  withWatched(
    Effect.fnUntraced(function* (terminal) {
      terminal.populate()
      const title = `The 紅い Film with a Name ${"that does not end ".repeat(9)}`
      terminal.rig.arr.changeMovie(1, { title })
      terminal.rig.arr.changeMovie(2, { title: `${title}, again` })
      for (const args of [["watched", "--dry-run"], ["explain", "the 紅い film"], ["watched"], ["status"]]) {
        for (const columns of [60, 80, 119, 120, 200]) {
          terminal.columns = columns
          const { stdout } = yield* terminal.run(...args)
          const widest = Math.max(...stdout.split("\n").map(width))
          assert.isAtMost(widest, columns, `${args.join(" ")} at ${columns}\n${stdout}`)
        }
      }
    }),
    { leavingSoon: {} }
  )
)
