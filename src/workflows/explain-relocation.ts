import { Clock, Effect, Result } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import type { Placement } from "../domain/relocation.ts"
import { planOf } from "../domain/relocationPlan.ts"
import type { World } from "../domain/relocationWorld.ts"
import { pinText } from "../domain/residency.ts"
import { basename, dirname, display, join } from "../platform/BytePath.ts"
import { count } from "../platform/Text.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import { neighbourhood, type Wanted } from "./explain-neighbourhood.ts"
import type { PlanStory, RelocationStory, ResidencyStory } from "./explain-report.ts"
import { sagaAt, sagasOf } from "./explain-sagas.ts"
import { makeCanonical } from "./relocate/look.ts"
import { lookAtSides } from "./relocate/sides.ts"

const leaves: Readonly<Record<"pinned" | "duplicate" | "seed-only" | "empty", string>> = {
  pinned: "nothing outside of the seeding directories may link to it any more; then it can go to the pool",
  duplicate: "the library must let go of that; then it can go to the pool",
  "seed-only": "all of it must lie on the stash again, linked there by a library; nothing is copied back",
  empty: "nothing: there is nothing to move"
}

const planStory = ({ decision }: Placement, dryRun: boolean): PlanStory => {
  const none = { copyBytes: 0, freesBytes: 0 }
  if (decision.kind === "stay") {
    return { action: "stay", why: decision.why, ...none, next: leaves[decision.reason] }
  }
  if (decision.kind === "blocked") {
    return { action: "blocked", why: decision.why, ...none, next: decision.remedy }
  }
  const run = dryRun ? "media-pipeline relocate --apply (storage.dryRun is set)" : "the next media-pipeline relocate"
  return {
    action: decision.kind,
    why: decision.why,
    copyBytes: decision.kind === "demote" ? decision.copyBytes : 0,
    freesBytes: decision.freesBytes,
    next: `nothing: ${run} moves it, if there is room for it in its turn`
  }
}

const because = ({ component, residency: { causes, pinned, pins, verdict } }: Placement): ReadonlyArray<string> => {
  const more = pinned - pins.length
  const links = [
    ...pins.map(pinText),
    ...(more > 0 ? [`so ${more === 1 ? "does a name" : "do names"} of ${count(more, "more file", "more files")}`] : [])
  ]
  if (verdict === "external") return links
  if (verdict === "unknown") return [...causes.map(({ remedy, why }) => `${why} → ${remedy}`), ...links]
  return [`every name of its ${count(component.inodes.length, "file")} lies in the seeding directories`]
}

const residencyStory = ({ members }: World, placement: Placement, dryRun: boolean): ResidencyStory => {
  const { component, residency, tagged } = placement
  return {
    torrents: component.torrents.flatMap((number) => {
      const torrent = members[number]?.torrent
      return torrent === undefined ? [] : [{ hash: torrent.hash, name: torrent.name }]
    }),
    side: component.side,
    files: component.inodes.length,
    bytes: component.bytes,
    tagged,
    verdict: residency.verdict,
    because: because(placement),
    plan: planStory(placement, dryRun)
  }
}

const read = Effect.fnUntraced(function* (hashes: ReadonlyArray<string>, path: string | null) {
  const { storage } = yield* AppConfig
  const client = yield* TorrentClient
  const sides = yield* lookAtSides()
  const blind = sides.unavailable.stash ?? sides.unavailable.pool
  if (blind !== null) return { blind, residencies: [], asked: hashes }
  const canonical = yield* makeCanonical
  const place = path === null ? null : join(yield* canonical(dirname(path)), basename(path))
  const wanted: Wanted = { hashes, path: place }
  const torrents = yield* client.torrents
  const readAt = yield* Clock.currentTimeMillis
  const look = Effect.fnUntraced(function* (thorough: boolean) {
    const { asked, open, world } = yield* neighbourhood(sides, torrents, readAt, wanted, thorough)
    const plan = planOf(world)
    const concerned = plan.placements.filter(({ component }) =>
      component.torrents.some((number) => asked.has(world.members[number]?.torrent.hash ?? ""))
    )
    const settled = !open || concerned.every(({ residency }) => residency.pins.some(({ known }) => known.length > 0))
    return { asked, concerned, settled, stopped: plan.stopped, world }
  })
  const quick = yield* look(false)
  const { asked, concerned, stopped, world } = quick.settled ? quick : yield* look(true)
  return {
    blind: stopped,
    residencies: concerned.map((placement) => residencyStory(world, placement, storage?.dryRun ?? true)),
    asked: [...asked]
  }
})

/** Where torrents belong, stash or pool, and how far a relocation of them is. Undefined where storage has no say. */
export const explainRelocation = Effect.fn("explain.relocation")(function* (
  hashes: ReadonlyArray<string>,
  path: string | null
) {
  const { storage } = yield* AppConfig
  if (storage === undefined) return undefined
  const found = yield* Effect.result(read(hashes, path))
  const { asked, blind, residencies } = Result.isSuccess(found)
    ? found.success
    : { asked: hashes, blind: display(found.failure.message), residencies: [] }
  const together = residencies.flatMap(({ torrents }) => torrents.map(({ hash }) => hash))
  const quarantined = path === null ? [] : yield* sagaAt(path)
  const { history, stories } = yield* sagasOf([...new Set([...hashes, ...asked, ...together])], quarantined)
  if (residencies.length === 0 && stories.length === 0 && asked.length === 0) return undefined
  const story: RelocationStory = { blind, residencies, sagas: stories }
  return { story, history }
})
