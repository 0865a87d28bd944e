import type { WatchedPolicy } from "./watchedTarget.ts"
import type { MediaFacts, MediaItem, Viewer, Viewing } from "./watchedWorld.ts"

/** Whose watching counts. */
export interface Audience {
  readonly viewers: ReadonlyArray<Viewer>
  /** Each of them has to have watched it, or any one. */
  readonly each: boolean
  /** Names that the media server does not have; nothing counts as watched while there are any. */
  readonly unknown: ReadonlyArray<string>
  /** "admin", "anybody", "everybody", "anna and ben". */
  readonly words: string
}

const folded = (name: string): string => name.trim().normalize("NFC").toLowerCase()

/** With and without dashes, as the server and those that ask it write an id. */
const idForm = (id: string): string => id.replaceAll("-", "").toLowerCase()

/** Names of users are the same in capitals. */
const named = (viewers: ReadonlyArray<Viewer>, name: string): ReadonlyArray<Viewer> =>
  viewers.filter((viewer) => folded(viewer.name) === folded(name))

export const viewerOf = (
  viewers: ReadonlyArray<Viewer>,
  { name, viewerId }: { readonly name: string; readonly viewerId: string | null }
): Viewer | undefined =>
  viewerId === null ? named(viewers, name)[0] : viewers.find(({ id }) => idForm(id) === idForm(viewerId))

const listed = (names: ReadonlyArray<string>): string =>
  names.length < 2 ? (names[0] ?? "nobody") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`

export const audienceOf = (viewers: ReadonlyArray<Viewer>, policy: WatchedPolicy): Audience => {
  const { watchedBy, primaryUser } = policy
  if (watchedBy === "any" || watchedBy === "all") {
    return { viewers, each: watchedBy === "all", unknown: [], words: watchedBy === "any" ? "anybody" : "everybody" }
  }
  const names = watchedBy === "primary" ? [primaryUser] : watchedBy
  return {
    viewers: names.flatMap((name) => named(viewers, name)),
    each: true,
    unknown: names.filter((name) => named(viewers, name).length === 0),
    words: listed(names)
  }
}

/** How far a movie or an episode has been watched by those who count. */
export interface Play {
  readonly watched: boolean
  /** Two entries of the media server for it say different things. */
  readonly disputed: boolean
  /** Somebody who counts has played it, and there is no date. */
  readonly undated: boolean
  /** The last time. */
  readonly lastAt: number | null
  /** When the one who counts and watched it longest ago did so; of anybody, the last one. */
  readonly seenAt: number | null
}

const never: Play = { watched: false, disputed: false, undated: false, lastAt: null, seenAt: null }

const viewingOf = (media: MediaFacts, viewer: Viewer, item: MediaItem): Viewing | undefined =>
  media.viewings.get(viewer.id)?.get(item.id)

export const hasPlayed = (media: MediaFacts, viewer: Viewer, items: ReadonlyArray<MediaItem>): boolean =>
  items.length > 0 && items.every((item) => viewingOf(media, viewer, item)?.played === true)

const playOfItem = (media: MediaFacts, { viewers, each }: Audience, item: MediaItem): Play => {
  const dates: Array<number | null> = []
  for (const viewer of viewers) {
    const viewing = viewingOf(media, viewer, item)
    if (viewing?.played === true) dates.push(viewing.at !== null && Number.isFinite(viewing.at) ? viewing.at : null)
  }
  if (dates.length === 0 || (each && dates.length < viewers.length)) return never
  const known = dates.filter((at) => at !== null)
  const lastAt = known.length === 0 ? null : Math.max(...known)
  const seenAt = known.length === 0 ? null : each ? Math.min(...known) : lastAt
  return { watched: true, disputed: false, undated: known.length < dates.length, lastAt, seenAt }
}

const most = (times: ReadonlyArray<number | null>, choose: (...all: Array<number>) => number): number | null => {
  const known = times.filter((at) => at !== null)
  return known.length === 0 ? null : choose(...known)
}

/** Nothing is watched by an audience of nobody, or by one that lacks a name. */
export const playOf = (media: MediaFacts, audience: Audience, items: ReadonlyArray<MediaItem>): Play => {
  if (audience.unknown.length > 0 || audience.viewers.length === 0) return never
  const plays = items.map((item) => playOfItem(media, audience, item))
  const [first = never, ...others] = plays
  if (others.length === 0) return first
  const watched = plays.every((play) => play.watched)
  return {
    watched,
    disputed: !watched && plays.some((play) => play.watched),
    undated: plays.some((play) => play.undated),
    lastAt: most(
      plays.map(({ lastAt }) => lastAt),
      Math.max
    ),
    seenAt: most(
      plays.map(({ seenAt }) => seenAt),
      Math.min
    )
  }
}
