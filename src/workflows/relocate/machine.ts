import { Effect, Option } from "effect"
import {
  folderOf,
  moved,
  type Saga,
  type SagaBlob,
  type SagaEntry,
  type SagaPlan,
  type SagaState,
  sagaWords,
  stagingFolder,
  type Verdict
} from "../../domain/sagas.ts"
import { quarantineFolder } from "../../domain/evidence.ts"
import { display, join } from "../../platform/BytePath.ts"
import { type SagaChange, Sagas } from "../../state/Sagas.ts"

/** A saga as the database has it at the beginning of a step. */
export interface Work {
  readonly saga: Saga
  readonly plan: SagaPlan
  readonly blobs: ReadonlyMap<number, SagaBlob>
  /** The names of each blob; never empty. */
  readonly names: ReadonlyMap<number, ReadonlyArray<SagaEntry>>
  readonly run: RunFacts
}

/** What is the same for all sagas of a run. */
export interface RunFacts {
  /** What the clock said at the run before; null at the first. */
  readonly previousClock: number | null
  /** A path as bind aliases and symlinks do not change it. */
  readonly canonical: (path: string) => Effect.Effect<string>
}

export const workOf = (saga: Saga, plan: SagaPlan, run: RunFacts): Work => ({
  saga,
  plan,
  blobs: new Map(plan.blobs.map((blob) => [blob.number, blob])),
  names: Map.groupBy(plan.entries, ({ blob }) => blob),
  run
})

/** One name of a blob. */
export const nameOf = ({ names }: Work, number: number): SagaEntry | undefined => names.get(number)?.[0]

/**
 * What a step came to. `next`: it is done, and was seen to be. `back`: it cannot go on, and what was done is undone.
 * `hold`: it stays as it is until a later run. A step is run again from its beginning after a crash, and finds out by
 * looking what it had done.
 */
export type Outcome =
  | { readonly _tag: "next"; readonly to: SagaState; readonly change: SagaChange; readonly freedBytes: number }
  | { readonly _tag: "back"; readonly why: string; readonly verdict: Verdict | null }
  | { readonly _tag: "hold"; readonly why: string }

export const next = (to: SagaState, change: SagaChange = {}, freedBytes = 0): Outcome => ({
  _tag: "next",
  to,
  change,
  freedBytes
})
export const back = (why: string, verdict: Verdict | null = null): Outcome => ({ _tag: "back", why, verdict })
export const hold = (why: string): Outcome => ({ _tag: "hold", why })

/** Where the inode of a blob is made, before it has its names. */
export const blobPath = (work: Work, number: number): { readonly anchor: string; readonly path: string } => {
  const anchor = nameOf(work, number)?.to ?? ""
  return { anchor, path: join(join(stagingOf(work.saga.id, anchor), "blobs"), String(number)) }
}

/** What another one of its saga stands for is that one. */
const originNumber = ({ blobs }: Work, number: number): number => {
  const origin = blobs.get(number)?.origin
  return origin?.kind === "same" ? origin.blob : number
}

/** The place where a blob's bytes lie on the side that is moved to, before its views are there. */
export const donorPath = (work: Work, number: number): { readonly anchor: string; readonly path: string } => {
  const own = originNumber(work, number)
  const origin = work.blobs.get(own)?.origin
  return origin?.kind === "link" ? { anchor: "/", path: origin.path } : blobPath(work, own)
}

export const stagingOf = (id: number, dir: string): string => join(join(dir, stagingFolder), folderOf(id))
export const viewsOf = (id: number, dir: string): string => join(stagingOf(id, dir), "views")
export const stagedPath = (id: number, { target, to }: SagaEntry): string => moved(target, to, viewsOf(id, to))

/** Where a name waits once its source is quarantined. */
export const asidePath = (id: number, { from, source }: SagaEntry): string =>
  moved(source, from, join(join(from, quarantineFolder), folderOf(id)))

export const targetDirs = ({ entries }: SagaPlan): ReadonlyArray<string> => [...new Set(entries.map(({ to }) => to))]
export const sourceDirs = ({ entries }: SagaPlan): ReadonlyArray<string> => [
  ...new Set(entries.map(({ from }) => from))
]

/** How a saga was left by a run. */
export interface Advanced {
  readonly saga: Saga
  readonly freedBytes: number
  /** It waits for something that this run cannot bring about. */
  readonly held: boolean
}

/**
 * Takes a saga from step to step until it is over, waits or is held. Each new state is in the database before the next
 * step begins. An interruption is taken between two acts; the next run goes on.
 */
export const advance = Effect.fn("relocate.advance")(function* <E, R>(
  begun: Saga,
  step: (work: Work) => Effect.Effect<Outcome | undefined, E, R>,
  run: RunFacts
) {
  const sagas = yield* Sagas
  let freedBytes = 0
  for (;;) {
    const saga = Option.getOrElse(yield* sagas.find(begun.id), () => begun)
    const outcome = yield* step(workOf(saga, yield* sagas.plan(saga.id), run))
    if (outcome === undefined) return { saga, freedBytes, held: false } satisfies Advanced
    // Why it went back is kept when it has arrived; what held it on the way is over.
    const cause = saga.state === "rolling-back" ? (saga.reason?.split(heldMark)[0] ?? null) : null
    if (outcome._tag === "hold") {
      const reason = cause === null ? outcome.why : `${cause}${heldMark}${outcome.why}`
      yield* sagas.note(saga.id, { reason })
      return { saga: { ...saga, reason }, freedBytes, held: true } satisfies Advanced
    }
    const to = outcome._tag === "next" ? outcome.to : "rolling-back"
    const change =
      outcome._tag === "next" ? { reason: cause, ...outcome.change } : { reason: outcome.why, verdict: outcome.verdict }
    if (!(yield* sagas.move(saga.id, [saga.state], to, change)))
      return { saga, freedBytes, held: true } satisfies Advanced
    if (outcome._tag === "next") {
      freedBytes += outcome.freedBytes
      yield* Effect.logInfo(`${display(saga.subject)}: ${sagaWords({ kind: saga.kind, state: to })}`)
    } else yield* Effect.logWarning(`${display(saga.subject)}: ${saga.kind} goes back: ${display(outcome.why)}`)
  }
})

const heldMark = "; it is held on its way back: "
