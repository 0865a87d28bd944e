import { Clock, Effect } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import { instant } from "../domain/evidence.ts"
import type { Retirement } from "../domain/retirements.ts"
import { heldBy, judgeAll } from "../domain/watchedPlan.ts"
import type { TitleStory } from "../domain/watchedReport.ts"
import type { Judged, Target } from "../domain/watchedTarget.ts"
import { idKeys } from "../domain/watchedIndex.ts"
import type { MediaFacts, ProviderIds, TitleRequest } from "../domain/watchedWorld.ts"
import { count } from "../platform/Text.ts"
import { Arr, type TitleRef } from "../services/Arr.ts"
import { Journal } from "../state/Journal.ts"
import { Retirements } from "../state/Retirements.ts"
import { Torrents } from "../state/Torrents.ts"
import { policyOf } from "./watched/policy.ts"
import { readLists, readSeries } from "./watched/read-library.ts"
import { readMedia } from "./watched/read-media.ts"

/** So many titles are told at once. */
const most = 50

const has = (text: string, query: string): boolean => text.toLowerCase().includes(query.toLowerCase())

const isMeant = ({ files, key, seriesTitle, title }: Target, query: string): boolean =>
  key === query ||
  files.some(({ path }) => path === query) ||
  has(title, query) ||
  (seriesTitle !== null && has(seriesTitle, query))

const playsOf = (media: MediaFacts, mediaIds: ReadonlyArray<string>): TitleStory["plays"] => {
  const items = media.items.filter(({ id }) => mediaIds.includes(id))
  return media.viewers.flatMap(({ id: viewer, name }) =>
    items.flatMap((item) => {
      const viewing = media.viewings.get(viewer)?.get(item.id)
      const favourite = media.favourites.get(item.id)?.includes(name) === true
      const played = viewing?.played === true
      if (!played && !favourite && viewing?.at == null) return []
      return [{ viewer: name, item: item.name, played, at: viewing?.at ?? null, favourite }]
    })
  )
}

const factsOf = ({ bytes, conditions, eligible, eligibleAt, rule, target }: Judged): TitleStory["judged"] => ({
  eligible,
  rule,
  conditions,
  eligibleAt,
  bytes,
  files: target.files.map(({ path }) => path),
  mapping: target.mapping?.by ?? null
})

const sentence = (
  judged: Judged | undefined,
  rows: ReadonlyArray<Retirement>,
  torrents: TitleStory["torrents"]
): string => {
  const [row] = rows
  if (row?.state === "leaving" && row.dueAt !== null) return `it is leaving, on ${instant(row.dueAt)} or after`
  if (row !== undefined && ["unmonitoring", "deleting", "failed"].includes(row.state)) {
    return `a run was stopped while it retired it; the next one finishes or undoes that${row.reason === null ? "" : ` (${row.reason})`}`
  }
  if (judged?.eligible === true) return "the next run retires it"
  if (judged !== undefined) {
    const [first] = judged.conditions
    if (first === undefined || first.met) return "it stays: no rule lets it go"
    const when = judged.eligibleAt === null ? "" : `; by time alone it may go on ${instant(judged.eligibleAt)}`
    return `it stays, ${heldBy(judged)}: ${first.value}, must be ${first.threshold}${when}`
  }
  const left = torrents.filter(({ goneAt, name }) => name !== null && goneAt === null).length
  if (row?.state !== "retired") return "it has no files in the library"
  const seeds = left === 0 ? "none of its torrents is in the client" : `${count(left, "torrent")} of it still there`
  return `it was retired on ${instant(row.endedAt ?? row.begunAt)}; ${seeds}`
}

/** Whether a request is of the title with this key, which need not have files any more. */
const isOf = (request: TitleRequest, key: string, ids: ProviderIds): boolean => {
  const [arr = "", , part, season] = key.split("/")
  const keys = new Set(idKeys(ids))
  return (
    (request.kind === "movie") === arr.startsWith("radarr") &&
    idKeys(request.ids).some((one) => keys.has(one)) &&
    (part !== "season" || request.seasons.length === 0 || request.seasons.includes(Number(season)))
  )
}

const requestsOf = (
  requests: ReadonlyArray<TitleRequest> | null,
  wanted: (request: TitleRequest) => boolean
): TitleStory["requests"] =>
  (requests ?? [])
    .filter(wanted)
    .map(({ mediaId, requestedAt, requester }) => ({ mediaId, requester: requester?.name ?? null, requestedAt }))

const historyOf = Effect.fnUntraced(function* (
  key: string,
  rows: ReadonlyArray<Retirement>,
  requests: TitleStory["requests"]
) {
  const journal = yield* Journal
  const entries = yield* journal.history(key, 20)
  const events = [
    ...requests.flatMap(({ requestedAt, requester }) =>
      requestedAt === null ? [] : [{ at: requestedAt, what: `requested by ${requester ?? "somebody"}` }]
    ),
    ...rows.flatMap(({ announcedAt, endedAt, reason, state }) => [
      ...(announcedAt === null ? [] : [{ at: announcedAt, what: "announced as leaving" }]),
      ...(endedAt === null ? [] : [{ at: endedAt, what: reason === null ? state : `${state}: ${reason}` }])
    ]),
    ...entries.map(({ begunAt, outcome, step }) => ({ at: begunAt, what: `${step}: ${outcome ?? "not ended"}` }))
  ]
  return events.toSorted((one, other) => one.at - other.at)
})

const torrentsOf = Effect.fnUntraced(function* (hashes: ReadonlyArray<string>) {
  const ledger = new Map((yield* (yield* Torrents).all).map((entry) => [entry.hash, entry]))
  return hashes.map((hash): TitleStory["torrents"][number] => {
    const entry = ledger.get(hash)
    return {
      hash,
      name: entry?.name ?? null,
      seedingSeconds: entry?.seedingTime ?? null,
      goneAt: entry?.goneAt ?? null,
      removedByUs: entry?.removedByUs ?? false
    }
  })
})

interface Facts {
  readonly judged: ReadonlyArray<Judged>
  /** Null: it was not asked, as are the requests. */
  readonly media: MediaFacts | null
  readonly requests: ReadonlyArray<TitleRequest> | null
  /** Of every title of the libraries, with files or without, by "radarr/12". */
  readonly ids: ReadonlyMap<string, ProviderIds>
}

const nothingRead: Facts = { judged: [], media: null, requests: null, ids: new Map() }

/** What the library has of it and what is to be known of that, as it is read now. */
const facts = Effect.fnUntraced(function* (query: string) {
  const { watched } = yield* AppConfig
  if (watched === undefined) return nothingRead
  const policy = policyOf(watched)
  const retirements = yield* Retirements
  const [media, lists] = yield* Effect.all([readMedia(policy), readLists()], { concurrency: 2 })
  const series = yield* readSeries(
    lists.summaries.filter(
      ({ arr, id, seasons, title }) =>
        seasons.some(({ files }) => files > 0) &&
        (has(title, query) || has(query, title) || query.startsWith(`${arr}/${id}/`))
    ),
    yield* retirements.retired
  )
  const library = { movies: lists.movies, series, requests: lists.requests }
  const all = judgeAll(media, library, policy, yield* Clock.currentTimeMillis)
  const titles = [...lists.movies, ...lists.summaries]
  return {
    judged: all.filter(({ target }) => isMeant(target, query)),
    media,
    requests: lists.requests,
    ids: new Map(titles.map((title) => [`${title.arr}/${title.id}`, title.ids]))
  } satisfies Facts
})

const stories = Effect.fnUntraced(function* <E>(
  query: string,
  { ids, judged, media, requests }: Facts,
  originsOf: (ref: TitleRef) => Effect.Effect<ReadonlyMap<number, ReadonlyArray<string>>, E>
) {
  const retirements = yield* Retirements
  const rows = yield* retirements.named(query)
  const keys = [...new Set([...judged.map(({ target }) => target.key), ...rows.map(({ key }) => key)])].slice(0, most)
  return yield* Effect.forEach(
    keys,
    Effect.fnUntraced(function* (key) {
      const here = judged.find(({ target }) => target.key === key)
      const own = yield* retirements.ofKey(key)
      const origins = here === undefined ? new Map<number, ReadonlyArray<string>>() : yield* originsOf(here.target.ref)
      const current = (here?.target.files ?? []).flatMap(({ id }) => origins.get(id) ?? [])
      const torrents = yield* torrentsOf([...new Set([...current, ...own.flatMap(({ hashes }) => hashes)])])
      const known = ids.get(key.split("/").slice(0, 2).join("/")) ?? {}
      const asked = requestsOf(requests, (request) =>
        here === undefined ? isOf(request, key, known) : here.target.requestIds.includes(request.mediaId)
      )
      return {
        key,
        title: here?.target.title ?? own[0]?.title ?? key,
        summary: sentence(here, own, torrents),
        judged: here === undefined ? null : factsOf(here),
        requests: asked,
        plays: media === null ? [] : playsOf(media, here?.target.mediaIds ?? own[0]?.mediaIds ?? []),
        retirements: own,
        torrents,
        history: yield* historyOf(key, own, asked)
      } satisfies TitleStory
    })
  )
})

/**
 * The whole story of each title that the query names (a part of its title, its key, or the path of a file of it): why
 * it stays or goes, and what became of it, from its request to the release of its torrents. Only reads; fails where a
 * service cannot be read.
 */
export const explainTitle = Effect.fn("explainTitle")(function* (query: string) {
  const { origins } = yield* Arr
  return yield* stories(query, yield* facts(query), origins)
})

/** The same of what the database remembers, asking no service. */
export const rememberedTitle = Effect.fn("explainTitle.remembered")(function* (query: string) {
  const told = yield* stories(query, nothingRead, () => Effect.succeed(new Map()))
  return told.map((story) =>
    story.retirements[0]?.state === "undone"
      ? { ...story, summary: "it was to be retired once, and is not known to have gone" }
      : story
  )
})
