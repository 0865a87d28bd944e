import { Effect } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import { type Saga, type SagaKind, type SagaState, sagaWords } from "../domain/sagas.ts"
import { Cache } from "../state/Cache.ts"
import { Sagas } from "../state/Sagas.ts"
import { heldBy } from "./explain-waiting.ts"
import { lastResidency, type Share } from "./status-residency.ts"

export interface SagaStatus {
  readonly saga: number
  readonly kind: SagaKind
  readonly subject: string
  readonly state: SagaState
  readonly changedAt: number
  readonly bytes: number
}

export interface StorageStatus {
  /** Whether payloads are relocated at all, or only indexed. */
  readonly relocates: boolean
  /** Not yet in the quarantine, or on their way back. */
  readonly underWay: ReadonlyArray<SagaStatus>
  /** Sources that wait for their time: how many, their bytes, and when the first and the last may go. */
  readonly quarantine: {
    readonly relocations: number
    readonly bytes: number
    readonly from: number | null
    readonly until: number | null
  }
  /** As the last run of relocate found it. */
  readonly residency: { readonly at: number; readonly shares: ReadonlyArray<Share> } | null
  /** Roots of the hash cache, and when each was last looked at without a gap. */
  readonly index: ReadonlyArray<{
    readonly root: string
    readonly files: number
    readonly bytes: number
    readonly completeAt: number | null
  }>
}

const statusOf = Effect.fnUntraced(function* (saga: Saga) {
  const { blobs } = yield* (yield* Sagas).plan(saga.id)
  const { changedAt, id, kind, state, subject } = saga
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0)
  return { saga: id, kind, subject, state, changedAt, bytes } satisfies SagaStatus
})

/** What is under way and what waits, with its bytes. */
export const sagaTotals = Effect.gen(function* () {
  const open = yield* (yield* Sagas).open
  const waiting = open.filter(({ state }) => state === "quarantined")
  const quarantined = yield* Effect.forEach(waiting, statusOf)
  const ends = waiting.flatMap(({ quarantineUntil }) => (quarantineUntil === null ? [] : [quarantineUntil]))
  return {
    open,
    underWay: yield* Effect.forEach(
      open.filter(({ state }) => state !== "quarantined"),
      statusOf
    ),
    quarantine: {
      relocations: waiting.length,
      bytes: quarantined.reduce((sum, { bytes }) => sum + bytes, 0),
      from: ends.length === 0 ? null : Math.min(...ends),
      until: ends.length === 0 ? null : Math.max(...ends)
    }
  }
})

export const storageStatus = Effect.gen(function* () {
  const { hashCache, storage } = yield* AppConfig
  if (storage === undefined && hashCache === undefined) return null
  const { quarantine, underWay } = yield* sagaTotals
  const roots = yield* (yield* Cache).roots
  const status: StorageStatus = {
    relocates: storage !== undefined,
    underWay,
    quarantine,
    residency: yield* lastResidency,
    index: roots.map(({ bytes, completeAt, files, path }) => ({ root: path, files, bytes, completeAt }))
  }
  return status
})

/** Relocations that do not go on by themselves. */
export const relocationProblems = Effect.gen(function* () {
  const open = yield* (yield* Sagas).open
  return open.flatMap((saga) => {
    const reason = heldBy(saga)
    return reason === null
      ? []
      : [{ path: saga.subject, kind: "relocation" as const, reason: `${sagaWords(saga)}: ${reason}`, attempts: 0 }]
  })
})
