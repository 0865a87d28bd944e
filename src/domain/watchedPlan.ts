import { audienceOf } from "./watchedAudience.ts"
import { indexOf } from "./watchedIndex.ts"
import type { Ground } from "./watchedProtections.ts"
import { judge } from "./watchedRules.ts"
import { movieSubject, seriesSubjects, type Subject } from "./watchedSubjects.ts"
import type { Judged, Tally, Unclear, WatchedPlan, WatchedPolicy } from "./watchedTarget.ts"
import type { LibraryFacts, MediaFacts } from "./watchedWorld.ts"

const groundOf = (media: MediaFacts, library: LibraryFacts, policy: WatchedPolicy, now: number): Ground => ({
  index: indexOf(media, library),
  audience: audienceOf(media.viewers, policy),
  policy,
  now
})

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

const byTitle = (one: Judged, other: Judged): number =>
  order(one.target.seriesTitle ?? one.target.title, other.target.seriesTitle ?? other.target.title) ||
  (one.target.season ?? 0) - (other.target.season ?? 0) ||
  order(one.target.title, other.target.title) ||
  order(one.target.key, other.target.key)

/** The longest watched first; then what was never watched, the longest here first. */
const byAge = (one: Judged, other: Judged): number =>
  (one.lastWatchedAt ?? Infinity) - (other.lastWatchedAt ?? Infinity) ||
  (one.eligibleAt ?? Infinity) - (other.eligibleAt ?? Infinity) ||
  order(one.target.key, other.target.key)

/** One after the other: what a large library comes to is a multiple of its facts. */
function* subjectsOf({ index, audience }: Ground): Generator<Subject> {
  for (const movie of index.library.movies) {
    const subject = movieSubject(index, audience, movie)
    if (subject !== undefined) yield subject
  }
  for (const series of index.library.series) yield* seriesSubjects(index, audience, series)
}

/** Every title that has files, judged, those that nobody has watched too. By title. */
export const judgeAll = (
  media: MediaFacts,
  library: LibraryFacts,
  policy: WatchedPolicy,
  now: number
): ReadonlyArray<Judged> => {
  const ground = groundOf(media, library, policy, now)
  return Array.from(subjectsOf(ground), (subject) => judge(subject, ground)).toSorted(byTitle)
}

/**
 * One title, judged again by facts that are read again; undefined where it has no files (any more). Whether another
 * title is meant by the same media item is seen only as far as the facts hold both.
 */
export const judgeOne = (
  media: MediaFacts,
  library: LibraryFacts,
  policy: WatchedPolicy,
  now: number,
  key: string
): Judged | undefined => {
  const ground = groundOf(media, library, policy, now)
  const [arr, id] = key.split("/")
  const wanted = (one: { readonly arr: string; readonly id: number }) => one.arr === arr && String(one.id) === id
  const subjects = [
    ...library.movies.filter(wanted).flatMap((movie) => movieSubject(ground.index, ground.audience, movie) ?? []),
    ...library.series.filter(wanted).flatMap((one) => seriesSubjects(ground.index, ground.audience, one, key))
  ]
  const subject = subjects.find(({ target }) => target.key === key)
  return subject === undefined ? undefined : judge(subject, ground)
}

/** The name of what decides that a title stays: of its first condition that is not met. */
export const heldBy = ({ conditions, watched, parts }: Judged): string => {
  const [first] = conditions
  if (first === undefined || first.met) return ""
  return first.name === "watched" && watched > 0 && watched < parts ? "partly watched" : first.name
}

const tally = (judged: ReadonlyArray<Judged>): Tally => {
  const skipped = new Map<string, number>()
  for (const one of judged) {
    if (!one.eligible && one.watched > 0) skipped.set(heldBy(one), (skipped.get(heldBy(one)) ?? 0) + one.watched)
  }
  return {
    watched: judged.reduce((sum, { watched }) => sum + watched, 0),
    eligible: judged.reduce((sum, { eligible, parts }) => sum + (eligible ? parts : 0), 0),
    skipped: Object.fromEntries([...skipped].toSorted(([one], [other]) => order(one, other)))
  }
}

/** Why nothing may go at all: nobody knows whose watching counts, or which titles are to be kept. */
const stoppedBy = ({ audience, index: { media, library } }: Ground): ReadonlyArray<string> => {
  const tagless = [...library.movies, ...library.series].filter(({ tags }) => tags._tag !== "Known")
  const arrs = [...new Set(tagless.map(({ arr }) => arr))].toSorted()
  const unread = media.viewers.filter(({ id }) => !media.viewings.has(id)).map(({ name }) => name)
  return [
    ...audience.unknown.map((name) => `Jellyfin has no user "${name}"`),
    ...(media.viewers.length === 0 ? ["Jellyfin lists no user"] : []),
    ...unread.toSorted().map((name) => `what "${name}" has watched is not known`),
    ...arrs.map((arr) => `the tags of ${arr} cannot be read`)
  ]
}

/** What a plan has to say of it; of the rest it has the number only. */
const concerns = ({ eligible, watched, rule }: Judged): boolean => eligible || watched > 0 || rule !== null

export const plan = (media: MediaFacts, library: LibraryFacts, policy: WatchedPolicy, now: number): WatchedPlan => {
  const ground = groundOf(media, library, policy, now)
  const stopped = stoppedBy(ground)
  const concerned: Array<Judged> = []
  const unclear: Array<Unclear> = []
  let of = 0
  for (const subject of subjectsOf(ground)) {
    of += 1
    const { target, trouble } = subject
    if (trouble !== null) unclear.push({ target, trouble: trouble.kind, why: trouble.why })
    const judged = judge(subject, ground)
    if (concerns(judged)) concerned.push(judged)
  }
  const all = concerned.toSorted(byTitle)
  return {
    stopped,
    goes: stopped.length > 0 ? [] : all.filter(({ eligible }) => eligible).toSorted(byAge),
    stays: all.filter(({ eligible }) => !eligible),
    movies: tally(all.filter(({ target }) => target.kind === "movie")),
    episodes: tally(all.filter(({ target }) => target.kind !== "movie")),
    share: { eligible: all.filter(({ eligible }) => eligible).length, of },
    unclear: unclear.toSorted((one, other) => order(one.target.key, other.target.key))
  }
}
