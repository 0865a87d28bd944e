import { Clock, Effect, Option } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import type { Item, ItemState } from "../domain/items.ts"
import { nextReleases, type Release } from "./releases.ts"
import { join } from "../platform/BytePath.ts"
import { holder } from "../platform/Lock.ts"
import { Disk } from "../services/Disk.ts"
import { Items } from "../state/Items.ts"
import { Journal } from "../state/Journal.ts"
import { type Run, Runs } from "../state/Runs.ts"
import { Spool, type Ticket } from "../state/Spool.ts"
import { Torrents } from "../state/Torrents.ts"
import { shownRemote } from "../domain/remoteName.ts"
import { relocationProblems, storageStatus, type StorageStatus } from "./status-storage.ts"
import { watchedStatus, type WatchedStatus } from "./status-watched.ts"

export interface RunStatus {
  readonly command: string
  readonly begunAt: number
  readonly endedAt: number | null
  /** "running", "crashed" (it began and never ended), or how it ended. */
  readonly outcome: string
  readonly summary: string | null
  readonly pid: number | null
}

export interface Problem {
  readonly path: string
  readonly kind: "failed" | "blocked" | "extraction" | "left-open" | "relocation"
  readonly reason: string
  readonly attempts: number
}

export interface StatusReport {
  readonly at: number
  readonly items: ReadonlyArray<{ readonly state: ItemState; readonly items: number; readonly bytes: number }>
  readonly bytes: {
    /** On this host. */
    readonly here: number
    /** Proven on the remote. */
    readonly remote: number
    /** Of items that are being uploaded: all of them, and what of them is sent. */
    readonly inFlight: number
    readonly sent: number
  }
  readonly remote: string
  readonly runs: ReadonlyArray<RunStatus>
  readonly tickets: ReadonlyArray<Ticket>
  readonly problems: ReadonlyArray<Problem>
  readonly disk: { readonly path: string; readonly freeBytes: number | null; readonly why: string | null }
  /** How cleanup is set; null when it is off. */
  readonly cleanup: "untracked" | "managed" | null
  readonly releases: ReadonlyArray<Release>
  /** Null where there is neither storage nor a hash cache. */
  readonly storage: StorageStatus | null
  /** Null where nothing is retired, and nothing ever was. */
  readonly watched: WatchedStatus | null
}

const states: ReadonlyArray<ItemState> = [
  "uploading",
  "discovered",
  "failed",
  "blocked",
  "uploaded",
  "releasing",
  "quarantined",
  "released"
]
const onRemote: ReadonlySet<ItemState> = new Set(["uploaded", "releasing", "quarantined", "released"])

const runStatus = (run: Run, pid: number | null, running: boolean): RunStatus => ({
  command: run.command,
  begunAt: run.begunAt,
  endedAt: run.endedAt,
  outcome: run.outcome ?? (running ? "running" : "crashed"),
  summary: run.summary,
  pid: run.outcome === null && running ? pid : null
})

/** Which lock a run of it holds. */
const locks = {
  upload: "lock",
  cleanup: "lock.cleanup",
  restore: "lock.cleanup",
  index: "lock.index",
  relocate: "lock.relocate",
  watched: "lock.cleanup"
} as const

const lastRuns = Effect.fnUntraced(function* (stateDir: string) {
  const runs = yield* Runs
  const found: Array<RunStatus> = []
  let busy = false
  for (const [command, lock] of Object.entries(locks)) {
    const held = yield* holder(join(stateDir, lock))
    const last = yield* runs.last(command)
    busy ||= held !== undefined
    if (Option.isSome(last)) found.push(runStatus(last.value, held?.pid ?? null, held !== undefined))
  }
  return { runs: found, busy }
})

const problemsOf = (items: ReadonlyArray<Item>): ReadonlyArray<Problem> =>
  items.flatMap((item): ReadonlyArray<Problem> => {
    const about = { path: item.path, attempts: item.attempts }
    const reason = item.reason ?? "no reason was recorded"
    if (item.state === "failed" || item.state === "blocked") return [{ ...about, kind: item.state, reason }]
    if (item.extraction === "failed" && item.state !== "released") {
      return [{ ...about, kind: "extraction", reason: item.extractionReason ?? reason }]
    }
    return []
  })

/** One look at everything that we remember. Reads the database and the disk; asks neither the client nor the remote. */
export const status = Effect.fn("status")(function* () {
  const config = yield* AppConfig
  const items = yield* Items
  const journal = yield* Journal
  const disk = yield* Disk
  const now = yield* Clock.currentTimeMillis
  const totals = yield* items.totals
  const all = yield* items.all
  const sum = (wanted: (state: ItemState) => boolean) =>
    [...totals].reduce((bytes, [state, total]) => bytes + (wanted(state) ? total.bytes : 0), 0)
  let sent = 0
  for (const item of all.filter(({ state }) => state === "uploading")) {
    const files = yield* items.files(item.id)
    sent += files.reduce(
      (bytes, file) => bytes + (file.origin === "original" && file.state !== "pending" ? file.size : 0),
      0
    )
  }
  const free = yield* disk.freeBytes(config.completedDir)
  const { busy, runs } = yield* lastRuns(config.stateDir)
  const open = busy ? [] : yield* journal.open()
  const report: StatusReport = {
    at: now,
    items: states.flatMap((state) => {
      const total = totals.get(state)
      return total === undefined ? [] : [{ state, items: total.items, bytes: total.bytes }]
    }),
    bytes: {
      here: sum((state) => state !== "released"),
      remote: sum((state) => onRemote.has(state)),
      inFlight: sum((state) => state === "uploading"),
      sent
    },
    remote: shownRemote(config.upload.remote),
    runs,
    tickets: yield* (yield* Spool).peek.pipe(Effect.orElseSucceed(() => [])),
    problems: [
      ...problemsOf(all),
      ...open.map((entry): Problem => ({
        path: entry.subject,
        kind: "left-open",
        reason: `a run stopped in the middle of ${entry.step}; the next one settles it`,
        attempts: 0
      })),
      ...(yield* relocationProblems)
    ],
    disk: {
      path: config.completedDir,
      freeBytes: free._tag === "Known" ? free.value : null,
      why: free._tag === "Known" ? null : free._tag === "Absent" ? "it does not exist" : free.why
    },
    cleanup: config.cleanup?.mode ?? null,
    releases:
      config.cleanup === undefined ? [] : nextReleases(config.cleanup, all, yield* (yield* Torrents).all).slice(0, 5),
    storage: yield* storageStatus,
    watched: yield* watchedStatus
  }
  return report
})
