import { Effect, Option } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import { writeAtomic } from "../platform/AtomicFile.ts"
import { join } from "../platform/BytePath.ts"
import { Disk } from "../services/Disk.ts"
import { Items } from "../state/Items.ts"
import { Runs } from "../state/Runs.ts"
import { Spool } from "../state/Spool.ts"
import { heldBy } from "./explain-waiting.ts"
import { lastResidency } from "./status-residency.ts"
import { sagaTotals } from "./status-storage.ts"
import { watchedTotals } from "./status-watched.ts"

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const escape = (value: string) => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")

const gauge = (
  name: string,
  help: string,
  samples: ReadonlyArray<Sample>,
  type: "gauge" | "counter" = "gauge"
): string => {
  if (samples.length === 0) return ""
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text)}"`)
    return `media_pipeline_${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`
  })
  return `# HELP media_pipeline_${name} ${help}\n# TYPE media_pipeline_${name} ${type}\n${lines.join("\n")}\n`
}

/** Only where payloads are relocated. */
const relocations = Effect.gen(function* () {
  const { storage } = yield* AppConfig
  if (storage === undefined) return []
  const { open, quarantine } = yield* sagaTotals
  const states = Map.groupBy(open, ({ state }) => state)
  const residency = yield* lastResidency
  const one = (value: number) => [{ labels: {}, value }]
  return [
    gauge(
      "relocations",
      "Relocations under way by state.",
      Array.from(states, ([state, sagas]) => ({ labels: { state }, value: sagas.length }))
    ),
    gauge(
      "relocations_held",
      "Relocations that something keeps from going on, or that go back.",
      one(open.filter((saga) => heldBy(saga) !== null).length)
    ),
    gauge("quarantine_bytes", "Bytes of relocated sources that wait for their removal.", one(quarantine.bytes)),
    gauge(
      "residency_bytes",
      "Bytes of torrents by side and by what the last relocation found of them.",
      (residency?.shares ?? []).map(({ bytes, group, side }) => ({ labels: { side, residency: group }, value: bytes }))
    )
  ]
})

/** Only where titles are retired. */
const retirements = Effect.gen(function* () {
  const { watched } = yield* AppConfig
  if (watched === undefined) return []
  const { found, halfDone, leaving, retired } = yield* watchedTotals
  const last = Option.getOrUndefined(yield* (yield* Runs).last("watched"))
  const one = (value: number) => [{ labels: {}, value }]
  const of = (size: (title: { readonly bytes: number }) => number) =>
    one(retired.reduce((sum, title) => sum + size(title), 0))
  return [
    gauge("watched_titles", "Films and seasons in the libraries.", found === null ? [] : one(found.titles)),
    gauge("watched_eligible", "Of these, those that may be retired.", found === null ? [] : one(found.eligible)),
    gauge("watched_leaving", "Titles that were announced and wait for their day.", one(leaving.length)),
    gauge("watched_half_done", "Retirements that are neither finished nor undone.", one(halfDone.length)),
    gauge(
      "watched_retired_total",
      "Titles that were retired.",
      of(() => 1),
      "counter"
    ),
    gauge(
      "watched_retired_bytes_total",
      "Bytes of their files.",
      of(({ bytes }) => bytes),
      "counter"
    ),
    gauge(
      "watched_fuse",
      "1 if the last run was stopped in disbelief.",
      found === null ? [] : one(found.fuse === null ? 0 : 1)
    ),
    gauge(
      "watched_last_run_end_seconds",
      "When titles were last looked at, Unix time.",
      last?.endedAt == null ? [] : one(last.endedAt / 1000)
    )
  ]
})

/** The Prometheus text of what we remember, for the node exporter's textfile collector. */
export const render = Effect.fn("metrics.render")(function* () {
  const config = yield* AppConfig
  const runs = yield* Runs
  const totals = yield* (yield* Items).totals
  const tickets = yield* (yield* Spool).peek.pipe(Effect.orElseSucceed(() => []))
  const free = yield* (yield* Disk).freeBytes(config.completedDir)
  const last: Array<{
    readonly command: string
    readonly at: number
    readonly seconds: number
    readonly good: number
  }> = []
  for (const command of ["upload", "cleanup", "index", "relocate", "watched"]) {
    const run = Option.getOrUndefined(yield* runs.last(command))
    if (run?.endedAt === undefined || run.endedAt === null) continue
    const seconds = (run.endedAt - run.begunAt) / 1000
    last.push({ command, at: run.endedAt / 1000, seconds, good: run.outcome === "done" ? 1 : 0 })
  }
  const ofRuns = (value: (run: (typeof last)[number]) => number) =>
    last.map((run) => ({ labels: { command: run.command }, value: value(run) }))
  const ofItems = (value: (total: { readonly items: number; readonly bytes: number }) => number) =>
    [...totals].map(([state, total]) => ({ labels: { state }, value: value(total) }))
  return [
    gauge(
      "items",
      "Items by state.",
      ofItems(({ items }) => items)
    ),
    gauge(
      "item_bytes",
      "Bytes of items' original files by state.",
      ofItems(({ bytes }) => bytes)
    ),
    gauge("spool_tickets", "Completed torrents that wait for an upload.", [{ labels: {}, value: tickets.length }]),
    gauge(
      "last_run_end_seconds",
      "When a command last ended, Unix time.",
      ofRuns(({ at }) => at)
    ),
    gauge(
      "last_run_duration_seconds",
      "How long it took.",
      ofRuns(({ seconds }) => seconds)
    ),
    gauge(
      "last_run_success",
      "1 if all went well.",
      ofRuns(({ good }) => good)
    ),
    gauge(
      "free_bytes",
      "Bytes free on the filesystem of completedDir.",
      free._tag === "Known" ? [{ labels: {}, value: free.value }] : []
    ),
    ...(yield* relocations),
    ...(yield* retirements)
  ].join("")
})

/** Writes `$stateDir/metrics.prom`. A failure is logged: metrics never fail a run. */
export const writeMetrics = Effect.gen(function* () {
  const { stateDir } = yield* AppConfig
  yield* writeAtomic(join(stateDir, "metrics.prom"), Buffer.from(yield* render()))
}).pipe(Effect.catch((error) => Effect.logWarning(`metrics: ${error.message}`)))
