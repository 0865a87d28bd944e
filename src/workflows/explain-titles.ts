import { Clock, Effect, Result } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import type { Item } from "../domain/items.ts"
import { obligations } from "../domain/obligations.ts"
import { isComplete } from "../domain/torrents.ts"
import { known } from "../domain/fact.ts"
import type { TitleStory } from "../domain/watchedReport.ts"
import { count } from "../platform/Text.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import { Items } from "../state/Items.ts"
import { condition, earliestOf, policyOf } from "./cleanup-judge.ts"
import { defaults, explainItem } from "./explain-item.ts"
import type { FullTitleStory, ReleaseStory, TitlesStory } from "./explain-report.ts"
import { explainTitle, rememberedTitle } from "./explain-title.ts"

/** Items whose conditions are looked at: each is a question to the remote. */
const shownItems = 6

const folded = (text: string): string => text.trim().toLowerCase()

/** The title as people say it, with or without its year. */
const isExactly = ({ key, title }: TitleStory, query: string): boolean =>
  key === query || folded(title) === folded(query) || folded(title.replace(/ \(\d{4}\)$/, "")) === folded(query)

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

/** What a torrent owes that is no item of ours, read from the client now. */
const owed = Effect.fnUntraced(function* (hash: string) {
  const client = yield* TorrentClient
  const { cleanup } = yield* AppConfig
  const torrent = (yield* client.torrents).find((one) => one.hash === hash)
  if (torrent === undefined) return { present: false, conditions: [] }
  const now = yield* Clock.currentTimeMillis
  const hosts = known(yield* client.trackers(hash), "qBittorrent", now)
  const off =
    cleanup === undefined ? [condition("cleanup", false, "cleanup is not configured", "configured", "config.json")] : []
  const policy = policyOf(cleanup ?? (yield* defaults))
  const seeded = { ...torrent, present: true, settled: isComplete(torrent) }
  return { present: true, conditions: [...off, ...obligations(policy, seeded, hosts, now)] }
})

const releaseOf = Effect.fnUntraced(function* (torrent: TitleStory["torrents"][number], item: string | null) {
  const { goneAt, hash, name, removedByUs, seedingSeconds } = torrent
  const read = yield* Effect.result(owed(hash))
  const present = Result.isSuccess(read) ? read.success.present : null
  const all = Result.isSuccess(read) && item === null ? read.success.conditions : []
  const waitsFor = all.filter(({ met }) => !met)
  const earliest = waitsFor.length === 0 ? null : earliestOf(waitsFor)
  return { hash, name, present, seedingSeconds, goneAt, removedByUs, item, waitsFor, earliest } satisfies ReleaseStory
})

/** With the torrents that its files came from, what keeps them, and our copy on the remote. */
const whole = Effect.fnUntraced(function* (story: TitleStory) {
  const hashes = new Set(story.torrents.map(({ hash }) => hash))
  const all: ReadonlyArray<Item> = yield* (yield* Items).all
  const own = all.filter((item) => item.hashes.some((hash) => hashes.has(hash)))
  const explained = yield* Effect.forEach(own.slice(0, shownItems), (item) =>
    Effect.map(explainItem(item), (explanation) => ({ item, explanation }))
  )
  const releases = yield* Effect.forEach(story.torrents, (torrent) =>
    releaseOf(torrent, own.find((item) => item.hashes.includes(torrent.hash))?.path ?? null)
  )
  const items = explained.map(({ explanation: { conditions, destination, earliest, state, subject, summary } }) => ({
    path: subject,
    state,
    summary,
    remote: destination,
    waitsFor: conditions.filter(({ met }) => !met),
    earliest
  }))
  return { ...story, releases, items } satisfies FullTitleStory
})

const tell = Effect.fnUntraced(function* (query: string, all: ReadonlyArray<TitleStory>, blind: string | null) {
  const exact = all.filter((story) => isExactly(story, query))
  const [only, ...others] = exact.length > 0 ? exact : all
  const found = (exact.length > 1 ? exact : all).map(({ key, summary, title }) => ({
    key,
    title,
    summary: capital(`${summary}.`)
  }))
  const story = only === undefined || others.length > 0 ? null : yield* whole(only)
  const summary =
    only === undefined
      ? "No title of that name is known."
      : story === null
        ? `${count(found.length, "title")} could be meant; name one of them in full, or by its key.`
        : capital(`${only.summary}.`)
  return { summary, blind, found, story } satisfies TitlesStory
})

/**
 * Titles of the libraries by a part of their name. Where Jellyfin or an arr cannot be read, what the database remembers,
 * and why it is no more. Null where nothing was ever retired here, nor is to be.
 */
export const titlesOf = Effect.fn("explain.titles")(function* (query: string) {
  const { watched } = yield* AppConfig
  const read = yield* Effect.result(explainTitle(query))
  const story = Result.isSuccess(read)
    ? yield* tell(query, read.success, watched === undefined ? "watched is not configured" : null)
    : yield* tell(query, yield* rememberedTitle(query), read.failure.message)
  return watched === undefined && story.found.length === 0 ? null : story
})
