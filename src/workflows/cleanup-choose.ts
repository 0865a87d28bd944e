import { Clock, Effect } from "effect"
import type { Condition } from "../domain/deletion.ts"
import type { CleanedItem } from "../domain/reports.ts"
import { display } from "../platform/BytePath.ts"
import { Items } from "../state/Items.ts"
import { claimsOf, condition, earliestOf, judgeHere, judgeRemote, reasonOf } from "./cleanup-judge.ts"
import type { Subject, World } from "./cleanup-judge.ts"
import { concludeGone, mend } from "./cleanup-release.ts"
import { readRemote, type RemoteView } from "./cleanup-remote.ts"
import type { Home } from "./cleanup-settle.ts"
import { shownRemote } from "../domain/remoteName.ts"

export interface Candidate {
  readonly subject: Subject
  readonly conditions: ReadonlyArray<Condition>
}

export interface Chosen {
  /** All conditions met, the oldest first. */
  readonly candidates: ReadonlyArray<Candidate>
  /** What is not to go, or has gone by itself. */
  readonly settled: ReadonlyArray<CleanedItem>
  readonly view: RemoteView
  /** Milliseconds since the epoch. */
  readonly viewedAt: number
}

export const bytesOf = ({ look }: Subject): number => (look._tag === "Known" ? look.value.bytes : 0)

export const cleaned = (
  subject: Subject,
  outcome: CleanedItem["outcome"],
  conditions: ReadonlyArray<Condition>,
  reason: string | null = reasonOf(conditions)
): CleanedItem => ({
  path: subject.item.path,
  outcome,
  bytes: bytesOf(subject),
  reason,
  conditions,
  earliest: outcome === "kept" ? earliestOf(conditions) : null
})

const isClaimed = (subject: Subject, world: World): boolean => {
  const claims = claimsOf(subject, world)
  return claims._tag !== "Known" || claims.value.length > 0
}

/** Nothing of it is on the disk: somebody removed it, a crash came after the last unlink, or the disk is not mounted. */
const settleGone = Effect.fnUntraced(function* (subject: Subject, world: World, home: Home, dryRun: boolean) {
  const { item } = subject
  const there = condition(
    "on disk",
    false,
    "nothing of it is on the disk, although qBittorrent still has its torrent",
    "there",
    "the disk"
  )
  if (!home.trusted) {
    const why = `${item.path} is not there, and completedDir is not the folder that it was: is its disk mounted?`
    return cleaned(subject, "kept", [there], why)
  }
  if (isClaimed(subject, world)) return cleaned(subject, "kept", [there])
  const waiting = dryRun ? item.quarantinePath !== null : yield* concludeGone(item, world)
  if (waiting) return cleaned(subject, dryRun ? "would-quarantine" : "quarantined", [], null)
  return cleaned(subject, dryRun ? "would-release" : "released", [], null)
})

/** Not every condition is met: what can be mended goes back to the upload, the rest stays as it is. */
const settleKept = Effect.fnUntraced(function* (
  subject: Subject,
  conditions: ReadonlyArray<Condition>,
  world: World,
  dryRun: boolean
) {
  const items = yield* Items
  const { item, look } = subject
  const open = conditions.filter(({ met }) => !met)
  const changed = open.find(({ name }) => name === "unchanged")
  if (changed !== undefined && look._tag === "Known" && open.length === 1) {
    const why = `${changed.value}, so it is uploaded again`
    if (!dryRun) yield* mend(item, why)
    return cleaned(subject, "kept", conditions, why)
  }
  if (item.state === "releasing" && !dryRun && claimsOf(subject, world)._tag === "Known" && isClaimed(subject, world)) {
    const why = "a torrent claims it again while it was being released"
    yield* Effect.logWarning(`${display(item.path)}: ${why}`)
    yield* items.update(item.id, { state: "discovered", reason: why, stamp: null })
  }
  return cleaned(subject, "kept", conditions)
})

/** Looks at every item's conditions, the remote's last and only for those that it depends on. */
export const choose = Effect.fn("cleanup.choose")(function* (
  subjects: ReadonlyArray<Subject>,
  world: World,
  limits: { readonly budget: number; readonly dryRun: boolean; readonly home: Home }
) {
  const { budget, dryRun, home } = limits
  const settled: Array<CleanedItem> = []
  const ready: Array<Candidate> = []
  for (const subject of subjects) {
    const { look } = subject
    if (look._tag === "Known" && !look.value.present) {
      settled.push(yield* settleGone(subject, world, home, dryRun))
      continue
    }
    const conditions = judgeHere(subject, world)
    if (conditions.some(({ met }) => !met)) settled.push(yield* settleKept(subject, conditions, world, dryRun))
    else if (ready.length < budget) ready.push({ subject, conditions })
    else {
      const limit = String(world.cleanup.maxDeletesPerRun)
      const cap = condition(
        "cap of this run",
        false,
        `this run has its ${limit} items (cleanup.maxDeletesPerRun)`,
        `at most ${limit}`,
        "cleanup.maxDeletesPerRun"
      )
      settled.push(cleaned(subject, "kept", [...conditions, cap]))
    }
  }
  const viewedAt = yield* Clock.currentTimeMillis
  if (ready.length === 0) return { candidates: [], settled, view: nothingSeen, viewedAt } satisfies Chosen
  const view = yield* readRemote(ready.map(({ subject }) => subject))
  const candidates: Array<Candidate> = []
  for (const { conditions, subject } of ready) {
    const judged = judgeRemote(subject, view, shownRemote(world.config.upload.remote), yield* Clock.currentTimeMillis)
    const all = [...conditions, judged.condition]
    if (judged.condition.met) candidates.push({ subject, conditions: all })
    else {
      const why = judged.mend ? `${judged.condition.value}, so it is uploaded again` : undefined
      if (why !== undefined && !dryRun) yield* mend(subject.item, why)
      settled.push(cleaned(subject, "kept", all, why))
    }
  }
  return { candidates, settled, view, viewedAt } satisfies Chosen
})

const nothingSeen: RemoteView = {
  kind: null,
  replica: ({ remote }) => ({ _tag: "Unreadable", source: remote, readAt: 0, why: "nobody asked" }),
  expected: () => null
}
