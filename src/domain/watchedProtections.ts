import { duration } from "../platform/Text.ts"
import { type Condition, instant } from "./evidence.ts"
import { type Audience, hasPlayed, viewerOf } from "./watchedAudience.ts"
import type { Index } from "./watchedIndex.ts"
import type { Part, Subject } from "./watchedSubjects.ts"
import type { WatchedPolicy } from "./watchedTarget.ts"
import type { ArrName, LibrarySeries } from "./watchedWorld.ts"

/* What keeps a title whatever the rules say. None of it can be switched off alone. */

export const arrTitle: Readonly<Record<ArrName, string>> = {
  radarr: "Radarr",
  radarr4k: "Radarr 4K",
  sonarr: "Sonarr",
  sonarr4k: "Sonarr 4K"
}

export interface Ground {
  readonly index: Index
  readonly audience: Audience
  readonly policy: WatchedPolicy
  readonly now: number
}

export const condition = (
  name: string,
  met: boolean,
  value: string,
  threshold: string,
  source: string,
  metAt: number | null = null
): Condition => ({ name, met, value, threshold, source, metAt })

const listed = (names: Iterable<string>): string => [...new Set(names)].toSorted().join(", ")

/** Labels of tags are the same in capitals. */
const isLabel = (one: string, other: string): boolean => one.trim().toLowerCase() === other.trim().toLowerCase()

/** Names of arrs that lack the keep tag; `labels` are those that exist, as just read. Any stops the run. */
export const withoutKeepTag = (
  labels: ReadonlyMap<ArrName, ReadonlyArray<string>>,
  keepTag: string
): ReadonlyArray<ArrName> =>
  [...labels].flatMap(([arr, all]) => (all.some((label) => isLabel(label, keepTag)) ? [] : [arr]))

const keepTag = ({ target, tags }: Subject, { policy }: Ground): Condition => {
  const on = tags._tag === "Known" && tags.value.some((label) => isLabel(label, policy.keepTag))
  const value =
    tags._tag === "Known"
      ? on
        ? "on it"
        : "not on it"
      : tags._tag === "Unreadable"
        ? `unreadable: ${tags.why}`
        : "unreadable"
  return condition("keep tag", tags._tag === "Known" && !on, value, "not on it", arrTitle[target.ref.arr])
}

/** Who marks or plays it: any item that may be meant, its seasons, its series. */
const markedBy = (
  { parts, containers }: Subject,
  marks: ReadonlyMap<string, ReadonlyArray<string>>,
  levels: "all" | "items"
): ReadonlyArray<string> => {
  if (marks.size === 0) return []
  const items = parts.flatMap(({ name, mapped }) => mapped.around.map(({ id }) => ({ id, what: name })))
  // A mark with nobody's name on it is a mark all the same.
  return [...items, ...(levels === "all" ? containers : [])].flatMap(({ id, what }) => {
    const who = marks.get(id)
    return who === undefined
      ? []
      : (who.length === 0 ? ["somebody"] : who).map((name) => (what === "" ? name : `${name} (${what})`))
  })
}

const unmarked = (
  name: string,
  how: string,
  subject: Subject,
  marks: ReadonlyMap<string, ReadonlyArray<string>>,
  levels: "all" | "items"
): Condition => {
  const by = markedBy(subject, marks, levels)
  return condition(name, by.length === 0, `${how} ${listed(by) || "nobody"}`, `${how} nobody`, "Jellyfin")
}

const mapping = ({ target, trouble }: Subject): Condition =>
  condition(
    "mapping",
    trouble === null && target.mapping !== null,
    trouble === null ? `by ${target.mapping?.by ?? "nothing"}` : `${trouble.kind}: ${trouble.why}`,
    "one title on both sides",
    `Jellyfin and ${arrTitle[target.ref.arr]}`
  )

const queue = ({ target, queued }: Subject): Condition =>
  condition(
    "download queue",
    !queued,
    queued ? "something of it in it" : "empty of it",
    "empty of it",
    arrTitle[target.ref.arr]
  )

const shared = ({ target, shared: why }: Subject): Condition =>
  condition("files", why === null, why ?? "of this title only", "of this title only", arrTitle[target.ref.arr])

const complete = ({ target, episodes, parts }: Subject, now: number): Condition => {
  const unaired = episodes.filter(({ airsAt }) => airsAt === null || !(airsAt <= now)).length
  const here = new Set(parts.map(({ episode }) => episode?.id))
  const missing = episodes.filter(({ id }) => !here.has(id)).length
  const gaps = [...(unaired === 0 ? [] : [`${unaired} not aired`]), ...(missing === 0 ? [] : [`${missing} missing`])]
  return condition(
    "season complete",
    gaps.length === 0,
    gaps.length === 0 ? `all ${episodes.length} here` : `${gaps.join(", ")} of ${episodes.length}`,
    "every episode aired and here",
    arrTitle[target.ref.arr]
  )
}

const latestSeason = ({ target }: Subject, { status, episodes }: LibrarySeries): Condition => {
  const latest = episodes.reduce((highest, { season }) => Math.max(highest, season), 0)
  const over = status === "ended" || status === "deleted"
  return condition(
    "latest season",
    over || (target.season ?? latest) < latest,
    over ? `season ${latest}, and the series has ended` : `season ${latest}, and the series is ${status}`,
    "a later one, or of a series that has ended",
    arrTitle[target.ref.arr]
  )
}

/** What one who asked for it has still not seen. */
const requester = ({ parts, requests }: Subject, { index: { media } }: Ground): Condition => {
  const waiting = requests.flatMap(({ requester }) => {
    if (requester === null) return ["somebody unknown"]
    const viewer = viewerOf(media.viewers, requester)
    if (viewer === undefined) return [`${requester.name}, whom Jellyfin does not know`]
    return parts.every(({ mapped }) => hasPlayed(media, viewer, mapped.items)) ? [] : [viewer.name]
  })
  const value =
    requests.length === 0
      ? "of nobody"
      : waiting.length === 0
        ? "of one who has watched it"
        : `of ${listed(waiting)}, who has not watched it`
  return condition("request", waiting.length === 0, value, "of nobody who has not watched it", "Seerr")
}

export const protections = (subject: Subject, ground: Ground): ReadonlyArray<Condition> => {
  const { media, library } = ground.index
  return [
    keepTag(subject, ground),
    unmarked("favourite", "of", subject, media.favourites, "all"),
    unmarked("playing now", "by", subject, media.playing, "all"),
    queue(subject),
    mapping(subject),
    shared(subject),
    ...(subject.target.kind === "season" && subject.series !== null
      ? [complete(subject, ground.now), latestSeason(subject, subject.series)]
      : []),
    ...(ground.policy.requesterFirst && library.requests !== null ? [requester(subject, ground)] : []),
    unmarked("next up", "for", subject, media.nextUp, "items")
  ]
}

const parted = (parts: ReadonlyArray<Part>, bad: (part: Part) => boolean): string =>
  parts
    .filter(bad)
    .map(({ name }) => name)
    .join(", ")

/** What makes its watching doubtful. Looked at once all of it has been watched. */
export const doubts = ({ parts }: Subject, { now }: Ground): ReadonlyArray<Condition> => {
  const of = (bad: (part: Part) => boolean) => ({ any: parts.some(bad), names: parted(parts, bad) })
  const say = (what: string, names: string) => (names === "" ? what : `${what} (${names})`)
  const undated = of(({ play }) => play.undated || play.lastAt === null)
  const future = of(({ play }) => play.lastAt !== null && play.lastAt > now)
  const lastAt = parts.reduce((last, { play }) => Math.max(last, play.lastAt ?? last), -Infinity)
  const unmeasured = of(({ mapped }) => mapped.items.some(({ runtime }) => runtime === null || !(runtime > 0)))
  const newer = of((part) => !seenAfterAdded(part))
  return [
    condition(
      "runtime",
      !unmeasured.any,
      unmeasured.any ? say("unknown", unmeasured.names) : "known",
      "known, or a moment counts as all of it",
      "Jellyfin"
    ),
    condition(
      "play date",
      !undated.any && !future.any,
      undated.any
        ? say("missing", undated.names)
        : future.any
          ? say(`in the future: ${instant(lastAt)}`, future.names)
          : instant(lastAt),
      "known and past",
      "Jellyfin",
      undated.any || !Number.isFinite(lastAt) ? null : lastAt
    ),
    condition(
      "same file",
      !newer.any,
      newer.any ? say("added after it was watched, or nobody knows when", newer.names) : "watched after it was added",
      "watched after it was added",
      "Jellyfin and the arr"
    )
  ]
}

/** When this very file came, by whichever side says the later; null where neither knows. */
export const addedAt = ({ file, mapped }: Part): number | null => {
  const times = [file.addedAt, ...mapped.items.map((item) => item.addedAt)].filter((at) => at !== null)
  return times.length === 0 ? null : Math.max(...times)
}

const seenAfterAdded = (part: Part): boolean => {
  const added = addedAt(part)
  return added !== null && part.play.seenAt !== null && part.play.seenAt >= added
}

/** The grace period of all parts together: it ends with the last one's. */
export const grace = (lastAt: number, { policy, now }: Ground): Condition => {
  const end = lastAt + policy.grace
  return condition(
    "grace period",
    now >= end,
    now >= lastAt ? `${duration(now - lastAt)} since ${instant(lastAt)}` : `not begun before ${instant(lastAt)}`,
    `${duration(policy.grace)} or more`,
    "Jellyfin",
    end
  )
}
