import { Clock, Effect, Option, Schema } from "effect"
import { createHash } from "node:crypto"
import type { Torrent } from "../domain/torrents.ts"
import { Runs } from "../state/Runs.ts"
import { Torrents } from "../state/Torrents.ts"

/** The same shorter list has to be seen again after this many milliseconds before it is believed. */
export const confirmAfter = 10 * 60_000

const Accepted = Schema.fromJsonString(Schema.Struct({ hashes: Schema.Array(Schema.String) }))
const Doubted = Schema.fromJsonString(Schema.Struct({ list: Schema.String }))
const keys = { accepted: "cleanup.list", doubted: "cleanup.fuse" }

/**
 * A person removes a torrent or three by hand, and the last one too; a client that lost its profile or reads it half
 * loses many at once. So it blows when more than `max(3, share × before)` have gone, or the last of two or more.
 */
export const blows = (before: number, gone: number, left: number, share: number): boolean =>
  (left === 0 && before >= 2 && gone >= 2) || gone > Math.max(3, Math.floor(before * share))

const digestOf = (hashes: ReadonlyArray<string>) =>
  createHash("sha256").update(hashes.toSorted().join("\n")).digest("hex")

export interface Fuse {
  /** Why the list is not believed; null when it is. */
  readonly blown: string | null
  /** Remembers the list: as believed, or as the one that has to be seen again. Not called in a dry run. */
  readonly remember: Effect.Effect<void>
}

/**
 * Holds the client's list against what was there at the last cleanup that believed it, and what any run has seen since.
 * `insist`: a person asked for this run (`--apply`), having seen the list.
 */
export const fuse = Effect.fn("cleanup.fuse")(function* (
  torrents: ReadonlyArray<Torrent>,
  share: number,
  insist: boolean
) {
  const runs = yield* Runs
  const ledger = yield* Torrents
  const now = yield* Clock.currentTimeMillis
  const accepted = yield* runs.observed(keys.accepted)
  const since = Option.match(accepted, { onNone: () => -1, onSome: ({ at }) => at })
  const listed = yield* Option.match(accepted, {
    onNone: () => Effect.succeed<ReadonlyArray<string>>([]),
    onSome: ({ value }) =>
      Schema.decodeUnknownEffect(Accepted)(value).pipe(
        Effect.map(({ hashes }) => hashes),
        Effect.orElseSucceed(() => [])
      )
  })
  const entries = yield* ledger.all
  const ours = new Set(entries.filter((entry) => entry.removedByUs).map((entry) => entry.hash))
  const seen = entries.filter((entry) => entry.lastSeen > since).map((entry) => entry.hash)
  const before = new Set([...listed, ...seen].filter((hash) => !ours.has(hash)))
  const hashes = torrents.map((torrent) => torrent.hash)
  const present = new Set(hashes)
  const gone = [...before].filter((hash) => !present.has(hash)).length
  const accept = runs.observe(keys.accepted, JSON.stringify({ hashes }))
  const believed: Fuse = {
    blown: null,
    remember: Effect.andThen(ledger.see(torrents, now), accept)
  }
  if (insist || !blows(before.size, gone, hashes.length, share)) return believed
  const list = digestOf(hashes)
  const doubted = yield* runs.observed(keys.doubted)
  const earlier = Option.filter(
    doubted,
    ({ value }) => Option.getOrUndefined(Schema.decodeUnknownOption(Doubted)(value))?.list === list
  )
  // A client that lost its profile lists nothing for days: nobody but a person can say that this is right.
  const mayPass = hashes.length > 0
  if (mayPass && Option.isSome(earlier) && now - earlier.value.at >= confirmAfter && earlier.value.at > since) {
    return believed
  }
  const again = Option.isSome(earlier) && earlier.value.at > since
  return {
    blown:
      `qBittorrent lists ${hashes.length} torrents, and ${gone} of the ${before.size} that were there have gone. ` +
      (mayPass
        ? `If that is right, the next cleanup that sees the same list in ten minutes or more goes on, or run ` +
          `"media-pipeline cleanup --apply" now; if not, look at qBittorrent's profile`
        : `If that is right, run "media-pipeline cleanup --apply"; if not, look at qBittorrent's profile`),
    remember: again ? Effect.void : runs.observe(keys.doubted, JSON.stringify({ list }))
  } satisfies Fuse
})
