import { Clock, Context, Effect, Layer, type Scope } from "effect"
import { display } from "./BytePath.ts"
import { type Screen, standardError } from "./Screen.ts"
import { bytes, count, countdown, duration, padEnd, padStart, shorten } from "./Text.ts"

export interface Task {
  /** Bytes done so far, and what is being done ("hashing", "uploading"). Cheap: call it as often as you like. */
  update(done: number, phase?: string): void
}

/** Bars on a terminal, a line every 30 s elsewhere. Knows nothing of what is counted. */
export class Progress extends Context.Service<
  Progress,
  {
    /** A line for something that takes a while; it goes when the scope ends. `total` in bytes. */
    task(label: string, total: number): Effect.Effect<Task, never, Scope.Scope>
  }
>()("media-pipeline/Progress") {
  /** Shows nothing. */
  static readonly layerSilent = Layer.succeed(
    Progress,
    Progress.of({ task: () => Effect.succeed({ update: () => undefined }) })
  )
  static readonly layer = Layer.effect(
    Progress,
    Effect.suspend(() => make(standardError))
  )
  static readonly layerOn = (screen: Screen) =>
    Layer.effect(
      Progress,
      Effect.suspend(() => make(screen))
    )
}

interface Row {
  readonly label: string
  readonly total: number
  done: number
  phase: string
  /** Bytes a second, smoothed over some ten seconds; undefined until there is something to go by. */
  rate: number | undefined
  seenDone: number
  seenAt: number
  /** When counting began. */
  since: number
  sinceDone: number
}

type Shown = Omit<Row, "seenDone" | "seenAt" | "since" | "sinceDone">

const memory = 10_000

/** A new phase begins to count anew. */
const sample = (row: Row, now: number): void => {
  const elapsed = now - row.seenAt
  if (row.done < row.seenDone) {
    row.rate = undefined
    row.since = now
    row.sinceDone = row.done
  } else if (elapsed < 200) {
    return
  } else if (now - row.since < memory) {
    // The average: what goes into buffers at first would otherwise be shown as the rate for long.
    const average = ((row.done - row.sinceDone) * 1000) / (now - row.since)
    row.rate = average > 0 ? average : undefined
  } else {
    const rate = ((row.done - row.seenDone) * 1000) / elapsed
    const weight = 1 - Math.exp(-elapsed / memory)
    row.rate = row.rate === undefined ? (rate > 0 ? rate : undefined) : row.rate + weight * (rate - row.rate)
  }
  row.seenDone = row.done
  row.seenAt = now
}

const bar = (share: number, columns: number): string => {
  const eighths = Math.round(share * columns * 8)
  const full = Math.floor(eighths / 8)
  const part = eighths % 8 === 0 ? "" : (" ▏▎▍▌▋▊▉"[eighths % 8] ?? "")
  return padEnd("█".repeat(full) + part, columns)
}

const left = (row: { total: number; done: number; rate: number | undefined }) =>
  row.rate === undefined || row.rate <= 0 ? undefined : ((row.total - row.done) / row.rate) * 1000

/** One task on one line of at most `columns`. What matters least goes first when it is narrow. */
export const line = (row: Shown, columns: number): string => {
  const share = row.total <= 0 ? (row.done > 0 ? 1 : 0) : Math.min(1, row.done / row.total)
  const eta = left(row)
  const numbers = [
    `${padStart(String(Math.floor(share * 100)), 3)} %`,
    ...(columns >= 100 ? [padStart(`${bytes(row.done)} of ${bytes(row.total)}`, 21)] : []),
    ...(columns >= 60 ? [padStart(row.rate === undefined ? "" : `${bytes(row.rate)}/s`, 10)] : []),
    ...(columns >= 50 ? [padStart(eta === undefined ? "" : countdown(eta), 7)] : [])
  ].join("  ")
  const phase = columns >= 70 ? `${padEnd(shorten(row.phase, 11), 11)} ` : ""
  const rest = columns - numbers.length - phase.length - 3
  const label = Math.max(8, Math.min(60, Math.floor(rest * 0.72)))
  const meter = rest - label
  return meter < 4
    ? `${shorten(row.label, Math.max(1, columns - 7))} ${padStart(String(Math.floor(share * 100)), 3)} %`
    : `${padEnd(shorten(row.label, label), label)} ${phase}${bar(share, meter)}  ${numbers}`
}

const totals = (rows: ReadonlyArray<Row>) => ({
  done: rows.reduce((sum, row) => sum + row.done, 0),
  total: rows.reduce((sum, row) => sum + row.total, 0),
  rate: rows.reduce<number | undefined>((sum, row) => (row.rate === undefined ? sum : (sum ?? 0) + row.rate), undefined)
})

/** All tasks in one sentence, for a log. */
export const summary = (rows: ReadonlyArray<Shown>): string => {
  const all = totals(rows.map((row) => Object.assign({ seenDone: 0, seenAt: 0, since: 0, sinceDone: 0 }, row)))
  const eta = left(all)
  const [largest] = rows.toSorted((one, other) => other.total - other.done - (one.total - one.done))
  return [
    `${count(rows.length, "item")} under way, ${bytes(all.done)} of ${bytes(all.total)}`,
    ...(all.rate === undefined ? [] : [`${bytes(all.rate)}/s`]),
    ...(eta === undefined ? [] : [`about ${duration(eta)} left`]),
    ...(largest === undefined
      ? []
      : [`${largest.phase === "" ? "" : `${largest.phase} `}${shorten(largest.label, 60)}`])
  ].join(", ")
}

const make = Effect.fnUntraced(function* (screen: Screen) {
  const rows = new Set<Row>()

  const tick = Effect.map(Clock.currentTimeMillis, (now) => {
    for (const row of rows) sample(row, now)
  })
  const draw = Effect.sync(() => {
    const room = Math.max(1, Math.min(screen.rows - 2, 12))
    const shown = rows.size > room ? [...rows].slice(0, room - 1) : [...rows]
    const lines = shown.map((row) => line(row, screen.columns - 1))
    if (shown.length < rows.size) {
      const hidden = [...rows].slice(shown.length)
      const { done, total } = totals(hidden)
      lines.push(shorten(`and ${hidden.length} more, ${bytes(done)} of ${bytes(total)}`, screen.columns - 1))
    }
    screen.stay(lines)
  })
  const say = Effect.suspend(() => (rows.size === 0 ? Effect.void : Effect.logInfo(summary([...rows]))))

  yield* Effect.addFinalizer(() => Effect.sync(() => screen.stay([])))
  if (screen.isTerminal) {
    yield* Effect.sleep("125 millis").pipe(
      Effect.andThen(tick),
      Effect.andThen(Effect.suspend(() => (rows.size === 0 ? Effect.void : draw))),
      Effect.forever,
      Effect.forkScoped
    )
  } else {
    yield* Effect.sleep("1 second").pipe(Effect.andThen(tick), Effect.forever, Effect.forkScoped)
    yield* Effect.sleep("30 seconds").pipe(Effect.andThen(say), Effect.forever, Effect.forkScoped)
  }

  return Progress.of({
    task: (label, total) =>
      Effect.acquireRelease(
        Effect.map(Clock.currentTimeMillis, (now) => {
          const row: Row = {
            label: display(label),
            total,
            done: 0,
            phase: "",
            rate: undefined,
            seenDone: 0,
            seenAt: now,
            since: now,
            sinceDone: 0
          }
          rows.add(row)
          return {
            row,
            task: {
              update: (done: number, phase?: string) => {
                row.done = done
                if (phase !== undefined) row.phase = phase
              }
            }
          }
        }),
        ({ row }) =>
          Effect.suspend(() => {
            rows.delete(row)
            return rows.size === 0 ? draw : Effect.void
          })
      ).pipe(Effect.map(({ task }) => task))
  })
})
