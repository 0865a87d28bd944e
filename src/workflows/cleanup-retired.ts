import type { Claim } from "../domain/claims.ts"
import type { Condition } from "../domain/evidence.ts"
import type { Fact } from "../domain/fact.ts"
import { type Followed, titleWords } from "../domain/retiredTorrents.ts"

const source = "state.db"

/** What became of the title of some torrents: one condition, named "retired", where any of theirs was. */
export const ofFollowed = (all: ReadonlyArray<Followed | undefined>): ReadonlyArray<Condition> => {
  const titles = [...new Set(all.flatMap((followed) => followed?.titles ?? []))]
  if (titles.length === 0) return []
  const open = all.find((followed) => followed === undefined || followed.why !== null)
  const stays = all.includes(undefined) ? "another torrent of it was not" : (open?.why ?? null)
  return [
    {
      name: "retired",
      met: stays === null,
      value: stays === null ? titleWords(titles) : `${titleWords(titles)} was retired, but ${stays}`,
      threshold: "all that its torrents hold",
      source,
      metAt: null
    }
  ]
}

/** `follows`: every torrent that claims it was retired whole, so that its removal is ours. */
export const retirementOf = (
  claims: Fact<ReadonlyArray<Claim>>,
  retired: ReadonlyMap<string, Followed> | undefined
): { readonly follows: boolean; readonly retired: ReadonlyArray<Condition> } => {
  if (claims._tag !== "Known" || retired === undefined || retired.size === 0) return { follows: false, retired: [] }
  const conditions = ofFollowed(claims.value.map(({ hash }) => retired.get(hash)))
  return { follows: conditions.some(({ met }) => met), retired: conditions }
}
