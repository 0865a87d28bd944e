import type { CleanupConfig } from "../config/schema.ts"
import type { Item } from "../domain/items.ts"
import { owedTo, type Policy } from "../domain/obligations.ts"
import type { LedgerEntry } from "../state/Torrents.ts"
import { policyOf } from "./cleanup-judge.ts"

/** An item whose local copy may go, as far as the ledger tells. `at` is null for as soon as cleanup looks. */
export interface Release {
  readonly path: string
  readonly at: number | null
  readonly why: string
}

/** When a torrent that goes on seeding has given what it owes; undefined when time alone does not do it. */
const metAt = (policy: Policy, entry: LedgerEntry): number | undefined => {
  const owed = owedTo(policy, entry.trackers)
  if (entry.ratio < owed.minRatio) return undefined
  return entry.lastSeen + Math.max(0, owed.minSeedSeconds - entry.seedingTime) * 1000
}

/**
 * A forecast from what was last seen, soonest first: what is uploaded and no torrent holds any more, and in managed
 * mode what time alone will free. Cleanup itself decides on fresh facts.
 */
export const nextReleases = (
  cleanup: CleanupConfig,
  items: ReadonlyArray<Item>,
  ledger: ReadonlyArray<LedgerEntry>
): ReadonlyArray<Release> => {
  const policy = policyOf(cleanup)
  const byHash = new Map(ledger.map((entry) => [entry.hash, entry]))
  return items
    .filter(({ extraction, state }) => state === "uploaded" && extraction !== "failed")
    .flatMap((item): ReadonlyArray<Release> => {
      const entries = item.hashes.flatMap((hash) => byHash.get(hash) ?? [])
      // What the ledger has not seen yet cannot be forecast.
      if (entries.length < item.hashes.length) return []
      const present = entries.filter(({ goneAt }) => goneAt === null)
      if (present.length === 0) {
        return [
          { path: item.path, at: null, why: entries.length === 0 ? "no torrent claims it" : "its torrent is gone" }
        ]
      }
      if (cleanup.mode === "untracked") return []
      const times = present.map((entry) => metAt(policy, entry))
      const known = times.filter((time) => time !== undefined)
      return known.length < times.length
        ? []
        : [{ path: item.path, at: Math.max(...known), why: "seeded long enough then" }]
    })
    .toSorted((one, other) => (one.at ?? 0) - (other.at ?? 0))
}
