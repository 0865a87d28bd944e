import { Clock, Effect } from "effect"
import type { WatchedPolicy } from "../../domain/watchedTarget.ts"
import type { LibraryFacts } from "../../domain/watchedWorld.ts"
import { Retirements } from "../../state/Retirements.ts"
import { candidates, type Lists, readLists, readSeries, unasked } from "./read-library.ts"
import { type ReadMedia, readMedia } from "./read-media.ts"

/** All that a run has read, and may be held against what is read again later. */
export interface World {
  readonly media: ReadMedia
  readonly library: LibraryFacts
  readonly lists: Lists
  /** Titles that were not looked into, because nothing of them can go. */
  readonly unasked: number
  readonly readAt: number
}

/** Fails when any service cannot be read: nothing of it may be taken for absent. */
export const readWorld = Effect.fn("watched.readWorld")(function* (policy: WatchedPolicy) {
  const retirements = yield* Retirements
  // Not at the same time: Radarr's list is one answer, and large.
  const lists = yield* readLists()
  const media = yield* readMedia(policy)
  const readAt = yield* Clock.currentTimeMillis
  const wanted = candidates(lists.summaries, media, policy, readAt)
  const series = yield* readSeries(wanted, yield* retirements.retired)
  return {
    media,
    library: { movies: lists.movies, series, requests: lists.requests },
    lists,
    unasked: unasked(lists.summaries, wanted),
    readAt
  } satisfies World
})
