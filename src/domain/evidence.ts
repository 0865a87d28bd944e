import type { Fact } from "./fact.ts"

/** One condition that was looked at: its value, its threshold, where it was read, and since or until when it holds. */
export interface Condition {
  readonly name: string
  readonly met: boolean
  readonly value: string
  readonly threshold: string
  readonly source: string
  /** Milliseconds since the epoch at which it will be met by time alone; null when time alone does not do it. */
  readonly metAt: number | null
}

/** ISO 8601 for people; whatever is no time is shown as it is. */
export const instant = (at: number): string => (Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at))

/** Milliseconds for which a fact may be acted upon. */
export const freshFor = 5 * 60_000

/** Folder in a configured directory that holds what waits for its deletion, one folder an item or relocation. */
export const quarantineFolder = ".media-pipeline-quarantine"

export const ofFact = (fact: Fact<unknown>, what: string, now: number): ReadonlyArray<string> => {
  if (fact._tag === "Unreadable") return [`${what} cannot be read (${fact.source}: ${fact.why})`]
  if (fact._tag === "Absent") return [`${what} is not there (${fact.source})`]
  // Not the negation of "fresh": a time that is not a number has to fail as well.
  return fact.readAt <= now && now - fact.readAt <= freshFor ? [] : [`${what} was not read just now`]
}

export const ofConditions = (conditions: ReadonlyArray<Condition>): ReadonlyArray<string> =>
  conditions.length === 0
    ? ["no condition was looked at"]
    : conditions
        .filter(({ met }) => met !== true)
        .map(({ name, value, threshold, source }) => `${name} is ${value}, must be ${threshold} (${source})`)

/** Torrents that claim what is to go: the list has to be read, and empty. */
export const ofClaims = (claims: Fact<ReadonlyArray<string>>, now: number): ReadonlyArray<string> => [
  ...ofFact(claims, "the list of torrents", now),
  ...(claims._tag === "Known" ? claims.value.map((claim) => `the torrent ${claim} claims it`) : [])
]
