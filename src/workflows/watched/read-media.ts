import { Effect } from "effect"
import { audienceOf } from "../../domain/watchedAudience.ts"
import type { WatchedPolicy } from "../../domain/watchedTarget.ts"
import type { MediaFacts, MediaItem, Viewer, Viewing } from "../../domain/watchedWorld.ts"
import { MediaServer } from "../../services/MediaServer.ts"

/** Viewers that are asked at the same time. */
const together = 4

const addAll = (marks: Map<string, Array<string>>, ids: Iterable<string>, who: string) => {
  for (const id of ids) {
    const names = marks.get(id)
    if (names === undefined) marks.set(id, [who])
    else names.push(who)
  }
}

/** What every viewer marked, and what is next for each. */
export const readMarks = Effect.fnUntraced(function* (viewers: ReadonlyArray<Viewer>) {
  const server = yield* MediaServer
  const favourites = new Map<string, Array<string>>()
  const nextUp = new Map<string, Array<string>>()
  const read = yield* Effect.forEach(
    viewers,
    (viewer) => Effect.all({ marked: server.favourites(viewer), next: server.nextUp(viewer) }),
    { concurrency: together }
  )
  for (const [at, { marked, next }] of read.entries()) {
    addAll(favourites, marked, viewers[at]?.name ?? "")
    addAll(nextUp, next, viewers[at]?.name ?? "")
  }
  return { favourites, nextUp, playing: yield* server.playing }
})

export interface ReadMedia extends MediaFacts {
  /** Of the items those that are there for the marks on them alone: they come and go with these. */
  readonly hidden: ReadonlySet<string>
}

type Marks = Pick<MediaFacts, "favourites" | "nextUp" | "playing">

const markedIds = ({ favourites, nextUp, playing }: Marks): ReadonlyArray<string> => [
  ...favourites.keys(),
  ...nextUp.keys(),
  ...playing.keys()
]

/**
 * What is marked, next or played and is none of these items: something in a library that the one whose view they are
 * does not see. Who sees it says what it is; of a series or a season only a listing of all episodes does.
 */
const readMarked = Effect.fnUntraced(function* (
  viewers: ReadonlyArray<Viewer>,
  ids: ReadonlyArray<string>,
  favourites: MediaFacts["favourites"],
  items: Iterable<MediaItem>
) {
  const server = yield* MediaServer
  const unknown = new Set(ids)
  const known = ({ id, seasonId, series }: MediaItem) => {
    for (const one of [id, seasonId, series?.id]) if (one != null) unknown.delete(one)
  }
  for (const item of unknown.size === 0 ? [] : items) known(item)
  const found = new Map<string, MediaItem>()
  for (const viewer of viewers) {
    if (unknown.size === 0) break
    for (const { item } of yield* server.items(viewer, [...unknown])) found.set(item.id, item)
    for (const item of found.values()) known(item)
  }
  for (const viewer of viewers) {
    const own = [...unknown].filter((id) => favourites.get(id)?.includes(viewer.name) === true)
    if (own.length === 0) continue
    for (const { item } of yield* server.library(viewer)) {
      if ([item.seasonId, item.series?.id].some((id) => id != null && own.includes(id))) found.set(item.id, item)
    }
  }
  return found
})

/** What was begun and not played to its end counts where it matters that nobody has begun it: only a listing has that. */
const readPlayed = Effect.fnUntraced(function* (viewer: Viewer, { staleAfter }: WatchedPolicy) {
  const server = yield* MediaServer
  if (staleAfter === null) return yield* server.played(viewer)
  return new Map((yield* server.library(viewer)).map(({ item, viewing }) => [item.id, viewing]))
})

/**
 * All films and episodes, by the eyes of one whose watching counts; of the others what they have played, and of that
 * what the first one does not see.
 */
export const readMedia = Effect.fn("watched.readMedia")(function* (policy: WatchedPolicy) {
  const server = yield* MediaServer
  const viewers = yield* server.viewers
  const items = new Map<string, MediaItem>()
  const viewings = new Map<string, Map<string, Viewing>>()
  const [first] = [...audienceOf(viewers, policy).viewers, ...viewers]
  if (first === undefined) {
    return {
      viewers,
      items: [],
      viewings,
      favourites: new Map(),
      nextUp: new Map(),
      playing: new Map(),
      hidden: new Set()
    } satisfies ReadMedia
  }
  const seen = new Map<string, Viewing>()
  for (const { item, viewing } of yield* server.library(first)) {
    items.set(item.id, item)
    if (viewing.played || viewing.favourite || viewing.at !== null) seen.set(item.id, viewing)
  }
  viewings.set(first.id, seen)
  const others = viewers.filter(({ id }) => id !== first.id)
  const played = yield* Effect.forEach(others, (viewer) => readPlayed(viewer, policy), { concurrency: together })
  for (const [at, viewer] of others.entries()) {
    const own = new Map(played[at])
    viewings.set(viewer.id, own)
    const hidden = [...own.keys()].filter((id) => !items.has(id))
    if (hidden.length === 0) continue
    for (const { item, viewing } of yield* server.items(viewer, hidden)) {
      items.set(item.id, item)
      own.set(item.id, viewing)
    }
  }
  const marks = yield* readMarks(viewers)
  const marked = yield* readMarked(others, markedIds(marks), marks.favourites, items.values())
  const hidden = new Set([...marked.keys()].filter((id) => !items.has(id)))
  for (const [id, item] of marked) items.set(id, item)
  return { viewers, items: [...items.values()], viewings, ...marks, hidden } satisfies ReadMedia
})

/** What is known of some items, read again for every viewer; an item that no viewer is shown any more has gone. */
export const readAgain = Effect.fn("watched.readMediaAgain")(function* (
  before: MediaFacts,
  around: ReadonlyArray<MediaItem>,
  ids: ReadonlyArray<string>
) {
  const server = yield* MediaServer
  const viewers = yield* server.viewers
  const items = new Map(around.filter(({ id }) => !ids.includes(id)).map((item) => [item.id, item]))
  const viewings = new Map<string, Map<string, Viewing>>()
  const answers = yield* Effect.forEach(viewers, (viewer) => server.items(viewer, ids), { concurrency: together })
  for (const [at, viewer] of viewers.entries()) {
    const own = new Map<string, Viewing>()
    for (const { id } of items.values()) {
      const viewing = before.viewings.get(viewer.id)?.get(id)
      if (viewing !== undefined) own.set(id, viewing)
    }
    for (const { item, viewing } of answers[at] ?? []) {
      items.set(item.id, item)
      own.set(item.id, viewing)
    }
    viewings.set(viewer.id, own)
  }
  const marks = yield* readMarks(viewers)
  const already = new Set(markedIds(before))
  const fresh = markedIds(marks).filter((id) => !already.has(id))
  for (const [id, item] of yield* readMarked(viewers, fresh, marks.favourites, before.items)) items.set(id, item)
  return { viewers, items: [...items.values()], viewings, ...marks } satisfies MediaFacts
})
