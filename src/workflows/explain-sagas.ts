import { Clock, Effect } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import { quarantineFolder } from "../domain/evidence.ts"
import { folderOf, isOver, type Saga } from "../domain/sagas.ts"
import { Journal } from "../state/Journal.ts"
import { Sagas } from "../state/Sagas.ts"
import type { SagaStory } from "./explain-report.ts"
import { heldBy, waitsFor } from "./explain-waiting.ts"

const shownPast = 3

const storyOf = Effect.fnUntraced(function* (saga: Saga) {
  const { storage } = yield* AppConfig
  const sagas = yield* Sagas
  const now = yield* Clock.currentTimeMillis
  const { blobs, entries } = yield* sagas.plan(saga.id)
  const story: SagaStory = {
    saga: saga.id,
    kind: saga.kind,
    subject: saga.subject,
    state: saga.state,
    began: saga.beganAt,
    changed: saga.changedAt,
    reason: isOver(saga.state) ? saga.reason : heldBy(saga),
    quarantineUntil: saga.quarantineUntil,
    files: blobs.length,
    bytes: blobs.reduce((sum, { size }) => sum + size, 0),
    waitsFor: waitsFor(saga, now, storage?.dryRun ?? true)
  }
  const [first] = entries
  return { story, subjects: first === undefined ? [] : [first.source, first.target] }
})

/** The saga whose quarantine a path lies in. */
export const sagaAt = Effect.fnUntraced(function* (path: string) {
  const names = path.split("/")
  const name = names[names.indexOf(quarantineFolder) + 1] ?? ""
  const id = Number(/^saga-(\d+)$/.exec(name)?.[1])
  if (!names.includes(quarantineFolder) || !Number.isSafeInteger(id) || name !== folderOf(id)) return []
  const sagas = yield* Sagas
  const found = yield* sagas.find(id)
  return found._tag === "Some" ? [found.value] : []
})

/** Those of some torrents, under way or the last ones, with what the journal has of them. */
export const sagasOf = Effect.fn("explain.sagas")(function* (
  hashes: ReadonlyArray<string>,
  more: ReadonlyArray<Saga> = []
) {
  const journal = yield* Journal
  const sagas = yield* Sagas
  const all = new Map(more.map((saga) => [saga.id, saga]))
  for (const hash of hashes) for (const saga of yield* sagas.ofTorrent(hash)) all.set(saga.id, saga)
  const newest = [...all.values()].toSorted((one, other) => other.id - one.id)
  const open = newest.filter(({ state }) => !isOver(state))
  const shown = [...open, ...newest.filter(({ state }) => isOver(state)).slice(0, shownPast)]
  const told = yield* Effect.forEach(shown, storyOf)
  const subjects = new Set(told.flatMap((one) => one.subjects))
  const entries = (yield* Effect.forEach(subjects, (subject) => journal.history(subject, 30))).flat()
  const history = entries.filter(({ step }) => step.startsWith("relocate."))
  return { stories: told.map(({ story }) => story), history }
})
