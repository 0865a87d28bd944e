import { Clock, Duration, Effect, Option, Schema } from "effect"
import type { WatchedConfig } from "../../config/watched.ts"
import type { Retirement, RetirementFile } from "../../domain/retirements.ts"
import { heldBy } from "../../domain/watchedPlan.ts"
import type { Judged, Target, WatchedPlan } from "../../domain/watchedTarget.ts"
import { MediaServer } from "../../services/MediaServer.ts"
import { Retirements } from "../../state/Retirements.ts"
import { Runs } from "../../state/Runs.ts"
import { begunOf } from "./act.ts"
import type { World } from "./world.ts"

const shownKey = "watched.collection"
const Shown = Schema.fromJsonString(Schema.Struct({ collection: Schema.String, ids: Schema.Array(Schema.String) }))

/** A season is shown as one thing where the media server has it as one. */
const shownIds = ({ media }: World, { kind, mediaIds }: Pick<Target, "kind" | "mediaIds">): ReadonlyArray<string> => {
  if (kind !== "season") return mediaIds
  const wanted = new Set(mediaIds)
  const seasons = media.items.filter(({ id }) => wanted.has(id)).map(({ seasonId }) => seasonId)
  return seasons.includes(null) ? mediaIds : [...new Set(seasons.filter((id) => id !== null))]
}

/** Makes the collection hold exactly these titles; one that was left over from other settings is emptied. */
export const show = Effect.fnUntraced(function* (
  world: World,
  collection: string | null,
  titles: ReadonlyArray<Pick<Target, "kind" | "mediaIds">>
) {
  const server = yield* MediaServer
  const runs = yield* Runs
  const before = Option.flatMap(yield* runs.observed(shownKey), ({ value }) => Schema.decodeUnknownOption(Shown)(value))
  const ids = [...new Set(titles.flatMap((title) => shownIds(world, title)))]
  if (Option.isSome(before) && before.value.collection !== collection && before.value.ids.length > 0) {
    yield* server.showLeaving(before.value.collection, [])
  }
  if (collection === null) {
    if (Option.isSome(before)) yield* runs.observe(shownKey, JSON.stringify({ collection: "", ids: [] }))
    return
  }
  const wasShown = Option.isSome(before) && before.value.collection === collection && before.value.ids.length > 0
  if (ids.length > 0 || wasShown) yield* server.showLeaving(collection, ids)
  yield* runs.observe(shownKey, JSON.stringify({ collection, ids }))
})

export interface Leaving {
  /** Their countdown is over, or there is none. In the order of the plan. */
  readonly due: ReadonlyArray<Judged>
  readonly waiting: ReadonlyArray<{ readonly judged: Judged; readonly dueAt: number; readonly isNew: boolean }>
  readonly reset: ReadonlyArray<{ readonly key: string; readonly title: string; readonly reason: string }>
  readonly troubles: ReadonlyArray<string>
}

/** Not by their numbers alone: an arr that was set up anew begins again with the first. */
const sameFiles = ({ files }: Retirement, { target }: Judged): boolean => {
  const print = (all: ReadonlyArray<Pick<RetirementFile, "id" | "path" | "size">>) =>
    all
      .map(({ id, path, size }) => JSON.stringify([id, path, size]))
      .toSorted()
      .join()
  return print(files) === print(target.files)
}

/** Why what was announced does not go after all; undefined when it does. */
const resetBy = (row: Retirement, goes: ReadonlyMap<string, Judged>, plan: WatchedPlan, now: number) => {
  const judged = goes.get(row.key)
  if (judged !== undefined) {
    if (!sameFiles(row, judged)) return "its files have changed since it was announced"
    return row.announcedAt === null || row.announcedAt > now
      ? "it was announced in the future: the clock went back"
      : undefined
  }
  const stays = plan.stays.find(({ target }) => target.key === row.key)
  if (stays !== undefined) return heldBy(stays)
  const spared = plan.goes.some(({ target }) => target.key === row.key)
  return spared ? "there is room again" : "it has not been watched, or has no files any more"
}

/**
 * What may go now, and what has to be shown first. An announcement is shown before its countdown begins, and whatever
 * makes a title stay ends it: the next one begins anew. `goes` is what may go of the plan.
 */
export const leave = Effect.fn("watched.leave")(function* (
  world: World,
  watched: WatchedConfig,
  plan: WatchedPlan,
  goes: ReadonlyArray<Judged>,
  dryRun: boolean
) {
  const retirements = yield* Retirements
  const now = yield* Clock.currentTimeMillis
  const rows = yield* retirements.leaving
  const byKey = new Map(goes.map((judged) => [judged.target.key, judged]))
  const settings = watched.leavingSoon
  const reset: Array<Leaving["reset"][number]> = []
  const kept: Array<Retirement> = []
  for (const row of rows) {
    const reason = settings === null ? "watched.leavingSoon is off" : resetBy(row, byKey, plan, now)
    if (reason === undefined) kept.push(row)
    else {
      reset.push({ key: row.key, title: row.title, reason })
      if (!dryRun) yield* retirements.move(row.id, ["leaving"], "undone", { reason })
    }
  }
  if (settings === null) return { due: goes, waiting: [], reset, troubles: [] } satisfies Leaving
  const announced = new Map(kept.map((row) => [row.key, row]))
  const waiting: Array<Leaving["waiting"][number]> = []
  const due: Array<Judged> = []
  const fresh: Array<{ readonly judged: Judged; readonly dueAt: number }> = []
  for (const judged of goes) {
    const row = announced.get(judged.target.key)
    const dueAt = row?.dueAt ?? Math.max(now + Duration.toMillis(settings.countdown), judged.eligibleAt ?? 0)
    if (row === undefined) fresh.push({ judged, dueAt })
    else if (dueAt <= now) due.push(judged)
    else waiting.push({ judged, dueAt, isNew: false })
  }
  if (dryRun) {
    return {
      due,
      waiting: [...waiting, ...fresh.map((one) => ({ ...one, isNew: true }))],
      reset,
      troubles: []
    } satisfies Leaving
  }
  const troubles: Array<string> = []
  // What its files came from is asked when it goes: all that is new at once would be a call a title.
  const begun = fresh.map(({ dueAt, judged }) => ({
    judged,
    facts: { ...begunOf(judged, watched, new Map()), dueAt }
  }))
  const shown = yield* Effect.result(
    show(world, settings.collection, [...kept, ...begun.map(({ judged }) => judged.target)])
  )
  if (shown._tag === "Failure") troubles.push(`nothing new was announced: ${shown.failure.message}`)
  else {
    yield* retirements.announce(begun.map(({ facts }) => facts))
    for (const { facts, judged } of begun) waiting.push({ judged, dueAt: facts.dueAt, isNew: true })
  }
  return { due, waiting, reset, troubles } satisfies Leaving
})
