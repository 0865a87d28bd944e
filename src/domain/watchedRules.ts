import { duration } from "../platform/Text.ts"
import { type Condition, instant } from "./evidence.ts"
import { contradict } from "./watchedIndex.ts"
import { addedAt, arrTitle, condition, doubts, grace, type Ground, protections } from "./watchedProtections.ts"
import { movieSubject, type Part, seriesSubjects, type Subject } from "./watchedSubjects.ts"
import type { Judged, WatchedRule } from "./watchedTarget.ts"
import type { ArrName } from "./watchedWorld.ts"

/* The rules add up: whichever is met lets a title go, if no protection holds it. */

const watchedCondition = ({ parts, target }: Subject, { audience, index }: Ground): Condition => {
  const { words, unknown } = audience
  const seen = parts.filter(({ play }) => play.watched).length
  const missing = unknown.map((name) => `"${name}"`).join(", ")
  const value =
    unknown.length > 0
      ? `unknown: Jellyfin has no user ${missing}`
      : index.media.viewers.length === 0
        ? "unknown: Jellyfin lists no user"
        : target.kind === "movie"
          ? seen > 0
            ? `by ${words}`
            : `never by ${words}`
          : seen === 0
            ? `never by ${words}`
            : `${seen} of ${parts.length} by ${words}`
  const all = target.kind === "movie" ? "" : `all ${parts.length} `
  return condition("watched", parts.length > 0 && seen === parts.length, value, `${all}by ${words}`, "Jellyfin")
}

const lastPlay = (parts: ReadonlyArray<Part>): number | null =>
  parts.reduce<number | null>(
    (last, { play }) => (play.lastAt === null ? last : Math.max(last ?? play.lastAt, play.lastAt)),
    null
  )

const watchedRule = (subject: Subject, ground: Ground): ReadonlyArray<Condition> => {
  const watched = watchedCondition(subject, ground)
  const lastAt = lastPlay(subject.parts)
  if (!watched.met) return [watched]
  return [watched, ...doubts(subject, ground), ...(lastAt === null ? [] : [grace(lastAt, ground)])]
}

/** Nobody at all has begun any of it, or anything of its series, for long. */
const staleRule = (subject: Subject, { index, policy, now }: Ground): ReadonlyArray<Condition> => {
  if (policy.staleAfter === null) return []
  const { media, library, touched, touchedSeries } = index
  const unread = media.viewers.filter(({ id }) => !media.viewings.has(id)).map(({ name }) => name)
  const played =
    subject.parts.some(({ mapped }) => mapped.around.some(({ id }) => touched.has(id))) ||
    subject.containers.some(({ id }) => touchedSeries.has(id))
  const known = media.viewers.length > 0 && unread.length === 0
  const since = [
    ...subject.parts.map(addedAt),
    ...[subject.movie, subject.series].flatMap((one) => (one === null || one.addedAt === null ? [] : [one.addedAt]))
  ]
  const dated = since.filter((at) => at !== null)
  const added = dated.length < since.length || dated.length === 0 ? null : Math.max(...dated)
  const end = added === null ? null : added + policy.staleAfter
  return [
    condition(
      "never watched",
      known && !played,
      known ? (played ? "begun by somebody" : "begun by nobody") : "unknown: not all users could be read",
      "begun by nobody",
      "Jellyfin"
    ),
    ...(library.requests === null
      ? []
      : [
          condition(
            "unwanted",
            subject.requests.length === 0,
            subject.requests.length === 0 ? "requested by nobody" : "requested, and not watched",
            "requested by nobody",
            "Seerr"
          )
        ]),
    condition(
      "in the library",
      end !== null && now >= end,
      added === null ? "since an unknown time" : `since ${instant(added)}`,
      `for ${duration(policy.staleAfter)} or more`,
      arrTitle[subject.target.ref.arr],
      end
    )
  ]
}

const counterpart: Readonly<Record<ArrName, ArrName>> = {
  radarr: "radarr4k",
  radarr4k: "radarr",
  sonarr: "sonarr4k",
  sonarr4k: "sonarr"
}

/** The same title in the other library of its kind; none where more than one could be meant. */
const twinOf = ({ target, movie, series }: Subject, { index, audience }: Ground): Subject | undefined => {
  const arr = counterpart[target.ref.arr]
  if (movie !== null) {
    const [twin, ...more] = index.libraryMovies(arr, movie.ids)
    return twin === undefined || more.length > 0 || contradict(twin.ids, movie.ids)
      ? undefined
      : movieSubject(index, audience, twin)
  }
  if (series === null) return undefined
  const [twin, ...more] = index.librarySeries(arr, series.ids)
  if (twin === undefined || more.length > 0 || contradict(twin.ids, series.ids)) return undefined
  if (target.kind === "season") {
    return seriesSubjects(index, audience, twin, `${arr}/${twin.id}/season/${target.season ?? ""}`)[0]
  }
  const all = seriesSubjects(index, audience, twin)
  const numbers = new Set(numbersOf(target.episodeIds, series.episodes))
  return all.find(
    ({ target: other }) =>
      other.kind === "special" && numbersOf(other.episodeIds, twin.episodes).some((number) => numbers.has(number))
  )
}

const numbersOf = (
  ids: ReadonlyArray<number>,
  episodes: ReadonlyArray<{ readonly id: number; readonly episode: number }>
): ReadonlyArray<number> => {
  const wanted = new Set(ids)
  return episodes.flatMap(({ id, episode }) => (wanted.has(id) ? [episode] : []))
}

const sharper = (better: number | null | undefined, lesser: number | null): boolean =>
  better != null && lesser !== null && lesser > 0 && better > lesser

/** A better copy of each part is there, and stays. */
const qualityRule = (subject: Subject, ground: Ground): ReadonlyArray<Condition> => {
  if (!ground.policy.keepBestQuality) return []
  const twin = twinOf(subject, ground)
  const at = arrTitle[counterpart[subject.target.ref.arr]]
  const say = (met: boolean, value: string) => [condition("better copy", met, value, "there to stay", at)]
  if (twin === undefined) return say(false, "none")
  const better = twin.parts
  const same = (part: Part) =>
    better.find(({ episode }) => episode?.season === part.episode?.season && episode?.episode === part.episode?.episode)
  if (!subject.parts.every((part) => sharper(same(part)?.file.resolution, part.file.resolution))) {
    return say(false, "not better in every part")
  }
  // An arr lists a file until it looks for it again: the disk of the better one may be gone.
  const by = twin.target.mapping?.by
  if (by === undefined || by === "ids") return say(false, "not one whose files Jellyfin has")
  // Where the better one is on its way out, to take both at once would be to take the title.
  const held = protections(twin, ground)
  const goes = [watchedRule(twin, ground), staleRule(twin, ground)].some((rule) => holds([...held, ...rule], rule))
  return goes ? say(false, "about to go itself") : say(true, `there in ${better[0]?.file.quality ?? "better quality"}`)
}

const holds = (all: ReadonlyArray<Condition>, rule: ReadonlyArray<Condition>): boolean =>
  rule.length > 0 && all.every(({ met }) => met)

/** What decides comes first: what people said, what is going on, what is unclear, and time alone last. */
const weight: Readonly<Record<string, number>> = {
  "keep tag": 0,
  favourite: 1,
  "playing now": 2,
  "download queue": 3,
  mapping: 4,
  files: 5,
  watched: 6,
  "season complete": 7,
  "latest season": 8,
  request: 9,
  "next up": 10,
  runtime: 11,
  "play date": 12,
  "same file": 13,
  "never watched": 14,
  unwanted: 15,
  "better copy": 16,
  "in the library": 17,
  "grace period": 18
}

const inOrder = (conditions: ReadonlyArray<Condition>): ReadonlyArray<Condition> =>
  conditions.toSorted(
    (one, other) => Number(one.met) - Number(other.met) || (weight[one.name] ?? 0) - (weight[other.name] ?? 0)
  )

/** When time alone has done what it can; null where it takes more than time. */
const timeOf = (conditions: ReadonlyArray<Condition>): number | null => {
  if (conditions.some(({ met, metAt }) => !met && metAt === null)) return null
  const times = conditions.flatMap(({ metAt }) => (metAt === null ? [] : [metAt]))
  return times.length === 0 ? null : Math.max(...times)
}

interface Verdict {
  readonly rule: WatchedRule
  readonly conditions: ReadonlyArray<Condition>
  /** Whether what the rule is about is the case, so that the rest of it is only a matter of protection and time. */
  readonly applies: boolean
}

const firstMet = (conditions: ReadonlyArray<Condition>): boolean => conditions[0]?.met === true

const verdicts = (subject: Subject, ground: Ground): ReadonlyArray<Verdict> => {
  const watched = watchedRule(subject, ground)
  const stale = staleRule(subject, ground)
  const quality = qualityRule(subject, ground)
  const late = stale.every(({ name, met }) => name !== "in the library" || met)
  return [
    { rule: "watched", conditions: watched, applies: firstMet(watched) },
    ...(stale.length === 0 ? [] : [{ rule: "stale" as const, conditions: stale, applies: firstMet(stale) && late }]),
    ...(quality.length === 0
      ? []
      : [{ rule: "lesser-quality" as const, conditions: quality, applies: firstMet(quality) }])
  ]
}

export const judge = (subject: Subject, ground: Ground): Judged => {
  const held = protections(subject, ground)
  const all = verdicts(subject, ground)
  const going = all.find(({ conditions }) => holds([...held, ...conditions], conditions))
  const deciding = going ?? all.find(({ applies }) => applies)
  const looked = deciding === undefined ? all : [deciding]
  const times = looked.flatMap(({ conditions }) => timeOf([...held, ...conditions]) ?? [])
  const { target, parts } = subject
  return {
    target,
    rule: deciding?.rule ?? null,
    conditions: inOrder([...held, ...looked.flatMap(({ conditions }) => conditions)]),
    eligible: going !== undefined,
    eligibleAt: times.length === 0 ? null : Math.min(...times),
    bytes: target.files.reduce((sum, { size }) => sum + size, 0),
    parts: parts.length,
    watched: parts.filter(({ play }) => play.watched).length,
    lastWatchedAt: lastPlay(parts)
  }
}
