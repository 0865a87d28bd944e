import { Effect } from "effect"
import type { ClientPreferences, Torrent } from "../../domain/torrents.ts"
import { display } from "../../platform/BytePath.ts"
import { count } from "../../platform/Text.ts"
import { TorrentClient } from "../../services/TorrentClient.ts"
import { type Check, ok, warning } from "./check.ts"

const keepOff =
  'Turn "Keep incomplete torrents in" off. A relocation clears it for what it moves; a recheck by hand does not.'
const moves = "when a recheck fails, qBittorrent moves the files there, over what it finds"

/** Where the client takes what a check finds incomplete: of its torrents, then of new ones. */
const incompletePath = Effect.fnUntraced(function* (torrents: ReadonlyArray<Torrent>, general: string | null) {
  const client = yield* TorrentClient
  const inForce: Array<string> = []
  for (const { hash } of torrents) {
    const settings = yield* client.settings(hash)
    // cross-seed sets it to the save path itself: nothing is moved then.
    const path = settings?.downloadPath ?? null
    if (path !== null && path !== settings?.savePath) inForce.push(path)
  }
  const [first] = inForce
  if (first !== undefined) {
    const some = `in force on ${inForce.length} of ${count(torrents.length, "torrent")} looked at (${display(first)})`
    return warning("Storage", "incomplete path", `${some}: ${moves}`, keepOff)
  }
  return general === null
    ? ok("Storage", "incomplete path", `none, nor on ${count(torrents.length, "torrent")} looked at`)
    : warning("Storage", "incomplete path", `${display(general)} for each new torrent: ${moves}`, keepOff)
})

const management = (
  { followsCategory, followsCategoryPath, managesNew }: ClientPreferences,
  managed: number
): ReadonlyArray<Check> => {
  const follows = [
    ...(followsCategory === true ? ["a torrent's category"] : []),
    ...(followsCategoryPath === true ? ["a category's path"] : [])
  ].join(" or ")
  // What the client would do with managed torrents is no concern where there are none.
  return follows === "" || (managesNew !== true && managed === 0)
    ? []
    : [
        warning(
          "Storage",
          "automatic moves",
          `whoever changes ${follows} moves what is under automatic management${managesNew === true ? ", which every new torrent is" : ""}: each hardlinked sibling is copied by itself, over files that are in the way`,
          'In qBittorrent\'s options under "Saving Management" choose "Switch torrent to Manual Mode" for both.'
        )
      ]
}

/** What the client does with files of its own accord. */
export const traps = Effect.fnUntraced(function* (torrents: ReadonlyArray<Torrent>) {
  const client = yield* TorrentClient
  const preferences = yield* client.preferences
  const managed = [...(yield* client.autoManaged).values()].reduce((sum, number) => sum + number, 0)
  return [
    yield* incompletePath(torrents, preferences.incompletePath),
    ...management(preferences, managed),
    ...(preferences.rechecksComplete === true
      ? [
          warning(
            "Storage",
            "recheck on completion",
            "is on: what a relocation has had rechecked is read once more from its beginning",
            'Turn "Recheck torrents on completion" off; a relocation proves every piece itself.'
          )
        ]
      : [])
  ]
})
