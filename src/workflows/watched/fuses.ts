import { Effect, Option, Schema } from "effect"
import type { WatchedConfig } from "../../config/watched.ts"
import type { Retirement } from "../../domain/retirements.ts"
import { shareBlown, shrunk } from "../../domain/watchedFuses.ts"
import { arrTitle, withoutKeepTag } from "../../domain/watchedProtections.ts"
import type { WatchedPlan } from "../../domain/watchedTarget.ts"
import type { ArrName } from "../../domain/watchedWorld.ts"
import { duration } from "../../platform/Text.ts"
import { Retirements } from "../../state/Retirements.ts"
import { Runs } from "../../state/Runs.ts"
import type { World } from "./world.ts"

const Listed = Schema.fromJsonString(Schema.Array(Schema.String))
const keyOf = (service: string) => `watched.list.${service}`

interface List {
  /** "jellyfin", "radarr" … */
  readonly service: string
  readonly name: string
  readonly entries: ReadonlyArray<string>
  /** What one retirement takes from it. */
  readonly takes: (retirement: Retirement) => ReadonlyArray<string>
}

const listsOf = ({ lists, media }: World): ReadonlyArray<List> => [
  {
    service: "jellyfin",
    name: "Jellyfin",
    entries: media.items.flatMap(({ id }) => (media.hidden.has(id) ? [] : [id])),
    takes: ({ mediaIds }) => mediaIds
  },
  ...[...lists.labels.keys()].map((arr): List => {
    const titles = [...lists.movies, ...lists.summaries].filter((title) => title.arr === arr)
    return { service: arr, name: arrTitle[arr], entries: titles.map(({ id }) => String(id)), takes: () => [] }
  }),
  ...(lists.requests === null
    ? []
    : [
        {
          service: "seerr",
          name: "Seerr",
          entries: [...new Set(lists.requests.map(({ mediaId }) => String(mediaId)))],
          takes: () => []
        }
      ])
]

const byHand = 'If that is right, run "media-pipeline watched --apply"; if not'

const without = (before: ReadonlyArray<string>, list: List, retired: ReadonlyArray<Retirement>) => {
  const gone = new Set(retired.flatMap(list.takes))
  return before.filter((entry) => !gone.has(entry))
}

/** Why a list is not believed, against the last one that was. Requests that we close ourselves are taken off it. */
const shrinkage = Effect.fnUntraced(function* (world: World, most: number) {
  const runs = yield* Runs
  const retirements = yield* Retirements
  const retired = yield* retirements.retired
  const reasons: Array<string> = []
  for (const list of listsOf(world)) {
    const remembered = Option.flatMap(yield* runs.observed(keyOf(list.service)), ({ at, value }) =>
      Option.map(Schema.decodeUnknownOption(Listed)(value), (entries) => ({ at, entries }))
    )
    if (Option.isNone(remembered)) continue
    const { at, entries } = remembered.value
    const before = without(
      entries,
      list,
      retired.filter(({ endedAt }) => endedAt >= at)
    )
    const present = new Set(list.entries)
    if (!shrunk(before, present, most)) continue
    const gone = before.filter((entry) => !present.has(entry)).length
    reasons.push(
      `${list.name} lists ${present.size} titles, and ${gone} of the ${before.length} that were there have gone. ${byHand}, look at ${list.name}`
    )
  }
  return reasons
})

/** Takes what we have closed ourselves off the list that the next run is held against. */
export const forgetRequest = Effect.fnUntraced(function* (mediaId: number) {
  const runs = yield* Runs
  const remembered = yield* runs.observed(keyOf("seerr"))
  if (Option.isNone(remembered)) return
  const entries = Option.getOrElse(Schema.decodeUnknownOption(Listed)(remembered.value.value), () => [])
  yield* runs.observe(keyOf("seerr"), JSON.stringify(entries.filter((entry) => entry !== String(mediaId))))
})

/** To be called once the lists are believed. */
export const rememberLists = Effect.fnUntraced(function* (world: World) {
  const runs = yield* Runs
  for (const { entries, service } of listsOf(world)) yield* runs.observe(keyOf(service), JSON.stringify(entries))
})

const clockKey = "watched.clock"
/** Milliseconds. A clock that went wrong by years would end every grace period and countdown at once. */
const longestPause = 30 * 86_400_000

export const rememberClock = Effect.flatMap(Runs, (runs) => runs.observe(clockKey, "seen"))

/** Why the clock is not believed: one run alone does not do that, where it says that none was made for so long. */
const leap = Effect.fnUntraced(function* ({ readAt }: World) {
  const before = yield* (yield* Runs).observed(clockKey)
  if (Option.isNone(before) || readAt - before.value.at <= longestPause) return []
  return [
    `by the clock it is ${duration(readAt - before.value.at)} since the last run. If that is right, the next run goes on, or run "media-pipeline watched --apply" now; if not, set the clock`
  ]
})

const noKeepTag = (arr: ArrName, tag: string) =>
  `${arrTitle[arr]} has no tag "${tag}", so nothing there could be kept by it: add it to any title there, or name the one that is used in watched.keepTag`

const remedies: ReadonlyArray<readonly [RegExp, string]> = [
  [/^Jellyfin has no user "/, ": name one that exists in watched.primaryUser or watched.watchedBy"],
  [/^Jellyfin lists no user/, ": give the API key's owner the right to see the users, and look at Jellyfin"]
]

const withRemedy = (reason: string): string =>
  `${reason}${remedies.find(([pattern]) => pattern.test(reason))?.[1] ?? ": nothing can be decided without it; look at the service, and run again"}`

/**
 * Why nothing may go in this run; empty is none. `insist`: a person asked for this run (`--apply`), which passes what
 * was unlikely, and nothing that is unknown.
 */
export const fuses = Effect.fn("watched.fuses")(function* (
  world: World,
  plan: WatchedPlan,
  watched: WatchedConfig,
  insist: boolean
) {
  const unknown = [
    ...(world.lists.labels.size === 0
      ? ["neither Radarr nor Sonarr is configured: name one of them in watched"]
      : withoutKeepTag(world.lists.labels, watched.keepTag).map((arr) => noKeepTag(arr, watched.keepTag))),
    ...plan.stopped.map(withRemedy)
  ]
  if (unknown.length > 0 || insist) return unknown
  const unlikely = [...(yield* leap(world)), ...(yield* shrinkage(world, watched.maxListShrink))]
  if (unlikely.length > 0) return unlikely
  const { eligible } = plan.share
  const of = plan.share.of + world.unasked
  return shareBlown({ eligible, of }, watched.maxEligibleShare)
    ? [
        `${eligible} of ${of} films and seasons became eligible at once, more than watched.maxEligibleShare allows. ${byHand}, look at who watched what in Jellyfin`
      ]
    : []
})
