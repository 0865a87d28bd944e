import { Effect } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import { display, isWithin } from "../platform/BytePath.ts"
import { count } from "../platform/Text.ts"
import { TorrentClient } from "../services/TorrentClient.ts"

export interface CategoryOutcome {
  readonly name: string
  /** `left`: it is not as it should be, and mending it would move files. `would-…` in a dry run. */
  readonly outcome: "created" | "corrected" | "unchanged" | "left" | "failed" | "would-create" | "would-correct"
  /** Where its torrents are saved, on this host; "" when it has no path of its own; null when there is none. */
  readonly before: string | null
  readonly after: string | null
  readonly reason: string | null
}

export interface CategoriesReport {
  readonly dryRun: boolean
  readonly categories: ReadonlyArray<CategoryOutcome>
}

/** Torrents that a new save path of the category would move: its own, and those whose category lies below it. */
const movable = (managed: ReadonlyMap<string, number>, name: string): number =>
  [...managed].reduce(
    (sum, [category, torrents]) => (category === name || category.startsWith(`${name}/`) ? sum + torrents : sum),
    0
  )

const whyLeft = (before: string, completedDir: string, torrents: number): string =>
  `${before === "" ? "it has no save path of its own" : `its save path is ${display(before)}`}, and ${
    torrents === 1
      ? "1 torrent in it is under automatic management and"
      : `${count(torrents, "torrent")} in it are under automatic management and`
  } would be moved with it. Set its save path to ${display(completedDir)} in qBittorrent if they may move, or turn automatic management off for them first and run this again`

/**
 * Makes the client's categories those of the configuration, each saving into `completedDir`. One that the user gave a
 * folder inside it is as good: the upload looks there. Nothing is ever removed, and no torrent's files are moved: what
 * is under automatic management follows its category, in 4.x even where it is set to stay.
 */
export const categories = Effect.fn("categories")(function* (dryRun: boolean) {
  const config = yield* AppConfig
  const client = yield* TorrentClient
  const wanted = config.completedDir
  // Creating a subcategory makes the one above it as well: that one first, with a path.
  const names = Object.keys(config.categories).toSorted()
  if (names.length === 0) return { dryRun, categories: [] } satisfies CategoriesReport
  const present = yield* client.categories

  const settle = Effect.fnUntraced(function* (name: string) {
    const before = present.get(name) ?? null
    const as = (outcome: CategoryOutcome["outcome"], after: string | null, reason: string | null = null) =>
      ({ name, outcome, before, after, reason }) satisfies CategoryOutcome
    if (before !== null && before !== "" && isWithin(before, wanted)) return as("unchanged", before)
    if (before !== null) {
      // Read again for each: an arr may have added a torrent meanwhile.
      const torrents = movable(yield* client.autoManaged, name)
      if (torrents > 0) return as("left", before, whyLeft(before, wanted, torrents))
    }
    if (dryRun) return as(before === null ? "would-create" : "would-correct", wanted)
    const act = before === null ? client.createCategory(name, wanted) : client.editCategory(name, wanted)
    return yield* act.pipe(
      Effect.as(as(before === null ? "created" : "corrected", wanted)),
      Effect.catchTag("CategoryRefused", ({ why }) =>
        Effect.succeed(as("failed", before, `qBittorrent does not take it: ${display(why)}`))
      )
    )
  })

  const report: CategoriesReport = { dryRun, categories: yield* Effect.forEach(names, settle) }
  return report
})
