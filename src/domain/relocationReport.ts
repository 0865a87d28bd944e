import type { Blocked, DemotionTarget, Detail, Placement, Plan, PromotionTarget, Room, Stay } from "./relocation.ts"
import type { Side, World } from "./relocationWorld.ts"
import type { SagaKind, SagaState } from "./sagas.ts"

/** What a run of `relocate` found, means to do and did: plain data, printed as it is with --json. Sizes in bytes. */

/** `planned`: it would be done. `moved`: it is, and its source waits in the quarantine. `waiting`: not its turn yet. */
export type StepOutcome = "planned" | "moved" | "waiting" | "failed"

export interface TorrentName {
  readonly hash: string
  readonly name: string
}

interface Subject {
  /** The first infohash of the torrents that move together. */
  readonly id: string
  readonly side: Side
  readonly torrents: ReadonlyArray<TorrentName>
  readonly files: number
  readonly bytes: number
  readonly tagged: boolean
  /** Bytes of it that the other side has too and keeps. */
  readonly duplicateBytes: number
  /** Torrents that move apart from it and have the same payload. */
  readonly twins: ReadonlyArray<TorrentName>
}

export interface StepReport extends Subject {
  readonly action: "demote" | "promote"
  readonly how: "views" | "move"
  readonly to: Side
  readonly outcome: StepOutcome
  /** Why it failed or waits. */
  readonly reason: string | null
  readonly why: string
  readonly copyBytes: number
  readonly freesBytes: number
  readonly views: number
  /** Contents that are proven by reading before anything is linked to them. */
  readonly unproven: number
  readonly after: ReadonlyArray<string>
  /** Inodes and paths; null where they were not asked for. */
  readonly detail: Detail<DemotionTarget | PromotionTarget> | null
}

export interface BlockedReport extends Subject {
  readonly by: Blocked["by"]
  readonly why: string
  readonly remedy: string
}

export interface StayReport extends Subject {
  readonly reason: Stay["reason"]
  readonly why: string
}

/** A relocation of an earlier run that this one found open. */
export interface SagaReport {
  readonly saga: number
  readonly kind: SagaKind
  readonly subject: string
  readonly state: SagaState
  readonly outcome: "done" | "open" | "undone" | "failed"
  readonly reason: string | null
  readonly freedBytes: number
}

export interface RelocationReport {
  readonly dryRun: boolean
  readonly resumed: ReadonlyArray<SagaReport>
  /** In the order in which they are done. */
  readonly steps: ReadonlyArray<StepReport>
  readonly blocked: ReadonlyArray<BlockedReport>
  readonly stays: ReadonlyArray<StayReport>
  /** Torrents that have nothing in a seeding directory. */
  readonly ignored: number
  readonly rooms: ReadonlyArray<Room>
  readonly reserveBytes: number
  /** Why nothing, or nothing further, was done; null when all was. */
  readonly stopped: string | null
  /** `stopped` by something that a person should look at: exit code 75. */
  readonly alarming: boolean
  readonly milliseconds: number
}

export interface Course {
  readonly dryRun: boolean
  /** What came of the steps that were begun, by id. */
  readonly outcomes: ReadonlyMap<string, { readonly outcome: StepOutcome; readonly reason: string | null }>
  readonly resumed: ReadonlyArray<SagaReport>
  readonly stopped: string | null
  readonly alarming: boolean
  readonly milliseconds: number
  /** Whether each step's inodes and paths are spelt out. */
  readonly details: boolean
}

export const reportOf = (world: World, plan: Plan, course: Course): RelocationReport => {
  const named = (number: number): TorrentName => {
    const torrent = world.members[number]?.torrent
    return { hash: torrent?.hash ?? "", name: torrent?.name ?? "" }
  }
  const subjectOf = ({ component, duplicateBytes, tagged, twins }: Placement): Subject => ({
    id: component.id,
    side: component.side,
    torrents: component.torrents.map(named),
    files: component.inodes.length,
    bytes: component.bytes,
    tagged,
    duplicateBytes,
    twins: twins.map(named)
  })
  const steps: Array<StepReport> = []
  const blocked: Array<BlockedReport> = []
  const stays: Array<StayReport> = []
  for (const placement of plan.placements) {
    const { decision } = placement
    const subject = subjectOf(placement)
    if (decision.kind === "stay") stays.push({ ...subject, reason: decision.reason, why: decision.why })
    else if (decision.kind === "blocked") {
      blocked.push({ ...subject, by: decision.by, why: decision.why, remedy: decision.remedy })
    } else {
      const came = course.outcomes.get(subject.id)
      steps.push({
        ...subject,
        action: decision.kind,
        how: decision.how,
        to: decision.to,
        outcome: came?.outcome ?? (course.dryRun ? "planned" : "waiting"),
        reason: came?.reason ?? null,
        why: decision.why,
        copyBytes: decision.kind === "demote" ? decision.copyBytes : 0,
        freesBytes: decision.freesBytes,
        views: decision.views,
        unproven: decision.unproven,
        after: decision.kind === "demote" ? decision.after : [],
        detail: course.details ? decision.detail() : null
      })
    }
  }
  return {
    dryRun: course.dryRun,
    resumed: course.resumed,
    steps,
    blocked,
    stays,
    ignored: plan.ignored,
    rooms: plan.rooms,
    reserveBytes: world.reserveBytes,
    stopped: plan.stopped ?? course.stopped,
    alarming: plan.stopped !== null || course.alarming,
    milliseconds: course.milliseconds
  }
}
