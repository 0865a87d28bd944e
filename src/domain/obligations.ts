import type { Condition } from "./deletion.ts"
import type { Fact } from "./fact.ts"

export interface Requirement {
  readonly minSeedSeconds: number
  readonly minRatio: number
}

/** What is owed by default and per tracker; a tracker's missing half is the default's. */
export interface Policy extends Requirement {
  /** By host; `tracker.example` also stands for `a.tracker.example`. The longest name that fits counts. */
  readonly trackers: Readonly<Record<string, Partial<Requirement>>>
}

export interface Owed extends Requirement {
  /** Where the two thresholds come from, for people. */
  readonly timeFrom: string
  readonly ratioFrom: string
}

const ruleOf = (policy: Policy, host: string): readonly [string, Partial<Requirement>] | undefined =>
  Object.entries(policy.trackers)
    .filter(([name]) => host === name.toLowerCase() || host.endsWith(`.${name.toLowerCase()}`))
    .toSorted(([one], [other]) => other.length - one.length)[0]

/** The strictest of all of a torrent's trackers; the defaults for one that has none. */
export const owedTo = (policy: Policy, hosts: ReadonlyArray<string>): Owed => {
  const defaults: Owed = {
    minSeedSeconds: policy.minSeedSeconds,
    minRatio: policy.minRatio,
    timeFrom: "cleanup.minSeedTime",
    ratioFrom: "cleanup.minRatio"
  }
  const all = hosts.map((host): Owed => {
    const rule = ruleOf(policy, host.toLowerCase())
    if (rule === undefined) return defaults
    const [name, { minSeedSeconds, minRatio }] = rule
    return {
      minSeedSeconds: minSeedSeconds ?? defaults.minSeedSeconds,
      minRatio: minRatio ?? defaults.minRatio,
      timeFrom: minSeedSeconds === undefined ? defaults.timeFrom : `cleanup.trackers."${name}".minSeedTime`,
      ratioFrom: minRatio === undefined ? defaults.ratioFrom : `cleanup.trackers."${name}".minRatio`
    }
  })
  const [first = defaults, ...rest] = all
  return rest.reduce(
    (strictest, owed) => ({
      ...(owed.minSeedSeconds > strictest.minSeedSeconds
        ? { minSeedSeconds: owed.minSeedSeconds, timeFrom: owed.timeFrom }
        : { minSeedSeconds: strictest.minSeedSeconds, timeFrom: strictest.timeFrom }),
      ...(owed.minRatio > strictest.minRatio
        ? { minRatio: owed.minRatio, ratioFrom: owed.ratioFrom }
        : { minRatio: strictest.minRatio, ratioFrom: strictest.ratioFrom })
    }),
    first
  )
}

/** A torrent as it seeds, or as the ledger remembers it. */
export interface Seeded {
  readonly hash: string
  readonly name: string
  /** In the client now; otherwise these are the last values that were seen. */
  readonly present: boolean
  /** Complete and at rest. */
  readonly settled: boolean
  readonly state: string
  /** Seconds, cumulative. The client's limits are in minutes; this is not. */
  readonly seedingTime: number
  readonly ratio: number
}

/** "7 days", "36 h", "90 s": one unit, rounded down so that nothing looks met before it is. */
export const duration = (seconds: number): string => {
  const [size, unit] =
    seconds >= 172800 ? [86400, "days"] : seconds >= 7200 ? [3600, "h"] : seconds >= 120 ? [60, "min"] : [1, "s"]
  return `${Math.floor((seconds / size) * 10) / 10} ${unit}`
}

const seedingStates = new Set(["uploading", "stalledUP", "forcedUP"])
const ratioText = (ratio: number) => (Number.isFinite(ratio) ? String(Math.floor(ratio * 100) / 100) : "unbounded")

/** All that one torrent still owes. Every condition has to be met. */
export const obligations = (
  policy: Policy,
  torrent: Seeded,
  hosts: Fact<ReadonlyArray<string>>,
  now: number
): ReadonlyArray<Condition> => {
  const source = torrent.present ? "qBittorrent" : "the ledger (it has left qBittorrent)"
  // Cross-seeds have one name.
  const label = (what: string) => `${what} of ${torrent.name} (${torrent.hash.slice(0, 8)})`
  const settled: Condition = {
    name: label("state"),
    met: !torrent.present || torrent.settled,
    value: torrent.present ? torrent.state : "removed",
    threshold: "complete and at rest",
    source,
    metAt: null
  }
  if (hosts._tag === "Unreadable") {
    const met = { name: label("trackers"), met: false, value: hosts.why, threshold: "readable", source: hosts.source }
    return [settled, { ...met, metAt: null }]
  }
  const owed = owedTo(policy, hosts._tag === "Known" ? hosts.value : [])
  const timeMet = torrent.seedingTime >= owed.minSeedSeconds
  const runs = torrent.present && seedingStates.has(torrent.state)
  return [
    settled,
    {
      name: label("seed time"),
      met: timeMet,
      value: duration(torrent.seedingTime),
      threshold: `${duration(owed.minSeedSeconds)} (${owed.timeFrom})`,
      source,
      metAt: !timeMet && runs ? now + (owed.minSeedSeconds - torrent.seedingTime) * 1000 : null
    },
    {
      name: label("ratio"),
      met: torrent.ratio >= owed.minRatio,
      value: ratioText(torrent.ratio),
      threshold: `${owed.minRatio} (${owed.ratioFrom})`,
      source,
      metAt: null
    }
  ]
}
