import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, References, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Journald from "../../src/platform/Journald.ts"
import { line, Progress, summary } from "../../src/platform/Progress.ts"
import { Screen } from "../../src/platform/Screen.ts"
import { bytes, countdown, duration, shorten, width, wrap } from "../../src/platform/Text.ts"

/** What a terminal would show: understands only the two sequences that we use. */
class FakeTerminal {
  readonly isTTY: boolean
  readonly columns: number
  readonly rows = 24
  lines: Array<string> = [""]
  constructor(isTTY: boolean, columns = 80) {
    this.isTTY = isTTY
    this.columns = columns
  }
  write(text: string): void {
    for (const part of text.split(/(\u001b\[\d+F\u001b\[0J)/)) {
      const up = /^\u001b\[(\d+)F\u001b\[0J$/.exec(part)
      if (up !== null) this.lines = [...this.lines.slice(0, this.lines.length - 1 - Number(up[1])), ""]
      else {
        const [first = "", ...rest] = part.split("\n")
        this.lines[this.lines.length - 1] += first
        this.lines.push(...rest)
      }
    }
  }
}

const row = (label: string, done: number, total: number) => ({ label, done, total, phase: "uploading", rate: 2 ** 20 })

describe("one line a task", () => {
  for (const columns of [20, 40, 60, 79, 99, 119, 200]) {
    it(`fits ${columns} columns`, () => {
      for (const label of [
        "x",
        "A.Very.Long.Release.Name.2024.2160p.WEB-DL.DDP5.1.H.265-GROUP".repeat(2),
        "漢字の長い名前".repeat(9)
      ]) {
        assert.isAtMost(width(line(row(label, 5 * 2 ** 30, 14 * 2 ** 30), columns)), columns)
      }
    })
  }

  it("says share, rate and time left", () => {
    assert.match(
      line(row("Film", 3 * 2 ** 20, 4 * 2 ** 20), 119),
      /^Film +uploading .*75 % +3\.00 MiB of 4\.00 MiB +1\.00 MiB\/s +0:01$/
    )
    assert.match(line(row("Empty", 0, 0), 79), / 0 % /)
  })
})

const onScreen = (terminal: FakeTerminal) => {
  const screen = new Screen(terminal)
  return Effect.provide(
    Progress.layerOn(screen).pipe(Layer.provideMerge(Journald.layer({ journal: false, colour: false }, screen)))
  )
}

it.effect("bars stay at the bottom, logs go above them, nothing is left at the end", () => {
  const terminal = new FakeTerminal(true)
  return Effect.gen(function* () {
    const progress = yield* Progress
    const scope = yield* Scope.make()
    const one = yield* Scope.provide(progress.task("one.mkv", 1000), scope)
    yield* Scope.provide(progress.task("two\n.mkv", 1000), scope)
    one.update(500, "hashing")
    yield* TestClock.adjust("1 second")
    assert.match(terminal.lines[0] ?? "", /^one\.mkv .*hashing.* 50 %/)
    assert.match(terminal.lines[1] ?? "", /^two\\n\.mkv/)
    yield* Effect.logWarning("look here")
    assert.match(terminal.lines[0] ?? "", /warning: look here$/)
    assert.match(terminal.lines[1] ?? "", /^one\.mkv/)
    assert.match(terminal.lines[2] ?? "", /^two/)
    yield* Scope.close(scope, Exit.void)
    assert.deepStrictEqual(terminal.lines.slice(1), [""])
  }).pipe(onScreen(terminal))
})

it.effect("more tasks than rows end in a line that counts the rest", () => {
  const terminal = new FakeTerminal(true)
  return Effect.gen(function* () {
    const progress = yield* Progress
    for (let index = 0; index < 30; index += 1) yield* progress.task(`task ${index}`, 1000)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(terminal.lines.length - 1, 12)
    assert.match(terminal.lines[11] ?? "", /^and 19 more, 0 B of 18\.6 KiB$/)
  }).pipe(Effect.scoped, onScreen(terminal))
})

it.effect("off a terminal there is one line every 30 s and no control character", () => {
  const terminal = new FakeTerminal(false)
  return Effect.gen(function* () {
    const progress = yield* Progress
    const task = yield* progress.task("film.mkv", 100 * 2 ** 20)
    for (let second = 1; second <= 60; second += 1) {
      task.update(second * 2 ** 20, "uploading")
      yield* TestClock.adjust("1 second")
    }
    const lines = terminal.lines.filter((text) => text !== "")
    assert.strictEqual(lines.length, 2)
    assert.match(
      lines[1] ?? "",
      /1 item under way, 60\.0 MiB of 100 MiB, 1\.00 MiB\/s, about 40 s left, uploading film\.mkv$/
    )
    assert.notMatch(terminal.lines.join(""), /\u001b/)
  }).pipe(Effect.scoped, onScreen(terminal))
})

it.effect("in the journal every line carries its priority", () => {
  const terminal = new FakeTerminal(false)
  const screen = new Screen(terminal)
  return Effect.gen(function* () {
    yield* Effect.logInfo("uploaded", { item: "a b", bytes: 3 })
    yield* Effect.logError("two\nlines")
    yield* Effect.logDebug("seen").pipe(Effect.provideService(References.MinimumLogLevel, "Debug"))
    assert.deepStrictEqual(terminal.lines, ['<6>uploaded item="a b" bytes=3', "<3>two", "<3>lines", "<7>seen", ""])
  }).pipe(Effect.provide(Journald.layer({ journal: true, colour: false }, screen)))
})

describe("numbers in words", () => {
  it("bytes", () =>
    assert.deepStrictEqual([0, 1023, 1024, 10 * 1024, 100 * 1024, 1023.6 * 1024, 1.5 * 2 ** 40].map(bytes), [
      "0 B",
      "1023 B",
      "1.00 KiB",
      "10.0 KiB",
      "100 KiB",
      "1.00 MiB",
      "1.50 TiB"
    ]))
  it("durations", () =>
    assert.deepStrictEqual([0, 999, 1000, 61_000, 3_600_000, 3_660_000, 90_000_000].map(duration), [
      "0 ms",
      "999 ms",
      "1 s",
      "1 min 1 s",
      "1 h",
      "1 h 1 min",
      "1 d 1 h"
    ]))
  it("count-downs", () =>
    assert.deepStrictEqual([7000, 750_000, 11_100_000, 3e8].map(countdown), ["0:07", "12:30", "3:05:00", "3 d"]))
  it("names are shortened in the middle", () => {
    assert.strictEqual(shorten("abcdefghij", 7), "abc…hij")
    assert.strictEqual(width(shorten("漢字漢字漢字", 8)), 7)
    assert.strictEqual(shorten("short", 7), "short")
  })
  it("text is broken at spaces", () => assert.deepStrictEqual(wrap("one two three", 7), ["one two", "three"]))
  it("and inside words that are wider than the line", () =>
    assert.deepStrictEqual(wrap("a abcdefghij", 4), ["a", "abcd", "efgh", "ij"]))
  it("a summary names the largest", () =>
    assert.match(summary([row("small", 9, 10), row("large", 0, 2 ** 30)]), /^2 items under way.*uploading large$/))
})
