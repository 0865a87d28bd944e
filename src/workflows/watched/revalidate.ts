import { Clock, Effect } from "effect"
import type { WatchedConfig } from "../../config/watched.ts"
import { withoutKeepTag } from "../../domain/watchedProtections.ts"
import { idKeys } from "../../domain/watchedIndex.ts"
import { heldBy, judgeOne } from "../../domain/watchedPlan.ts"
import type { Judged, Target } from "../../domain/watchedTarget.ts"
import type { LibraryFacts, MediaFacts, ProviderIds } from "../../domain/watchedWorld.ts"
import { Arr, type TitleRef } from "../../services/Arr.ts"
import { Requests } from "../../services/Requests.ts"
import { Retirements } from "../../state/Retirements.ts"
import { policyOf } from "./policy.ts"
import { isMovies, withoutRetired } from "./read-library.ts"
import { readAgain } from "./read-media.ts"
import type { World } from "./world.ts"

/** The title as it is now. `stays`: why it does not go, in one sentence. */
export type Again =
  | { readonly _tag: "goes"; readonly judged: Judged; readonly library: LibraryFacts; readonly readAt: number }
  | { readonly _tag: "stays"; readonly why: string; readonly judged: Judged | null }

const share = (one: ProviderIds, other: ProviderIds): boolean => {
  const keys = new Set(idKeys(one))
  return idKeys(other).some((key) => keys.has(key))
}

const sameRef = (one: TitleRef, other: TitleRef) => one.arr === other.arr && one.id === other.id

/** The title and those that its provider ids could also mean, in any library, each read again. */
const readTitles = Effect.fnUntraced(function* ({ lists }: World, { ref }: Target) {
  const arr = yield* Arr
  const retired = yield* (yield* Retirements).retired
  if (isMovies(ref.arr)) {
    const own = lists.movies.find((movie) => sameRef(movie, ref))
    const refs = lists.movies.filter((movie) => sameRef(movie, ref) || (own !== undefined && share(movie.ids, own.ids)))
    const movies = yield* Effect.forEach(refs, (one) => arr.movie(one), { concurrency: 4 })
    return { movies: movies.flatMap((movie) => movie ?? []), series: [] }
  }
  const own = lists.summaries.find((series) => sameRef(series, ref))
  const refs = lists.summaries.filter((one) => sameRef(one, ref) || (own !== undefined && share(one.ids, own.ids)))
  const series = yield* Effect.forEach(refs, (one) => arr.series(one), { concurrency: 4 })
  return { movies: [], series: series.flatMap((one) => (one === null ? [] : [withoutRetired(one, retired)])) }
})

/** The media items that can be meant by the same titles: those of its series, or with its ids, or at its paths. */
const around = ({ media }: World, { files, mediaIds }: Target, ids: ReadonlyArray<ProviderIds>) => {
  const wanted = new Set(mediaIds)
  const paths = new Set(files.map(({ path }) => path))
  const seriesIds = new Set(media.items.filter(({ id }) => wanted.has(id)).flatMap(({ series }) => series?.id ?? []))
  return media.items.filter(
    (item) =>
      wanted.has(item.id) ||
      (item.series !== null && seriesIds.has(item.series.id)) ||
      item.paths.some((path) => paths.has(path)) ||
      ids.some((one) => share(item.series?.ids ?? item.ids, one))
  )
}

const fileChange = (before: Target, after: Target): string | undefined => {
  const print = ({ files }: Target) =>
    files
      .map(({ id, path, size }) => JSON.stringify([id, path, size]))
      .toSorted()
      .join()
  if (print(before) !== print(after)) return "its files are not those that were planned"
  const parts = ({ episodeIds }: Target) => episodeIds.toSorted((one, other) => one - other).join()
  return parts(before) === parts(after) ? undefined : "its episodes are not those that were planned"
}

/** Everything that decides about one title, read again and judged again. Fails where anything cannot be read. */
export const revalidate = Effect.fn("watched.revalidate")(function* (
  world: World,
  watched: WatchedConfig,
  before: Judged
) {
  const arr = yield* Arr
  const requests = yield* Requests
  const { target } = before
  const labels = new Map([[target.ref.arr, yield* arr.tags(target.ref.arr)]])
  const stays = (why: string, judged: Judged | null = null): Again => ({ _tag: "stays", why, judged })
  if (withoutKeepTag(labels, watched.keepTag).length > 0) {
    return stays(`${target.ref.arr} has no tag "${watched.keepTag}" any more`)
  }
  const titles = yield* readTitles(world, target)
  const library: LibraryFacts = { ...titles, requests: requests.configured ? yield* requests.all : null }
  const ids = [...titles.movies, ...titles.series].map((title) => title.ids)
  const media: MediaFacts = yield* readAgain(world.media, around(world, target, ids), target.mediaIds)
  const readAt = yield* Clock.currentTimeMillis
  const judged = judgeOne(media, library, policyOf(watched), readAt, target.key)
  if (judged === undefined) return stays("it has no files any more")
  if (!judged.eligible) return stays(`${heldBy(judged)} has changed since it was planned`, judged)
  const change = fileChange(target, judged.target)
  if (change !== undefined) return stays(change, judged)
  return { _tag: "goes", judged, library, readAt } satisfies Again
})
