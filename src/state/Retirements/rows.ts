import { Schema } from "effect"
import type { Retirement, RetirementFile, RetirementState } from "../../domain/retirements.ts"
import type { WatchedRule } from "../../domain/watchedTarget.ts"

// The table is STRICT and only we write to it.
export interface RetirementRow {
  readonly id: number
  readonly key: string
  readonly arr: Retirement["arr"]
  readonly title_id: number
  readonly kind: Retirement["kind"]
  readonly season: number | null
  readonly title: string
  readonly rule: WatchedRule
  readonly evidence: string
  readonly state: RetirementState
  readonly announced_at: number | null
  readonly due_at: number | null
  readonly episodes: string
  readonly monitored_episodes: string
  readonly monitored: number
  readonly files: string
  readonly hashes: string
  readonly bytes: number
  readonly media_ids: string
  readonly requests: string
  readonly begun_at: number
  readonly ended_at: number | null
  readonly reason: string | null
}

const Ids = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.Int)))
const Texts = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.String)))
// JSON escapes what is no UTF-8 in a name, so the bytes survive in a text column.
const Files = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Array(
      Schema.Struct({
        id: Schema.Int,
        path: Schema.String,
        size: Schema.Finite,
        hashes: Schema.Array(Schema.String)
      })
    )
  )
)
const Evidence = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Array(
      Schema.Struct({
        name: Schema.String,
        met: Schema.Boolean,
        value: Schema.String,
        threshold: Schema.String,
        source: Schema.String,
        metAt: Schema.NullOr(Schema.Finite)
      })
    )
  )
)

/** Infohashes in one column, a space between. */
const splitHashes = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.split(" "))

export const toRetirement = (row: RetirementRow): Retirement => ({
  id: row.id,
  key: row.key,
  arr: row.arr,
  titleId: row.title_id,
  kind: row.kind,
  season: row.season,
  title: row.title,
  rule: row.rule,
  conditions: Evidence(row.evidence),
  state: row.state,
  announcedAt: row.announced_at,
  dueAt: row.due_at,
  episodes: Ids(row.episodes),
  monitoredEpisodes: Ids(row.monitored_episodes),
  monitored: row.monitored === 1,
  files: Files(row.files),
  hashes: splitHashes(row.hashes),
  bytes: row.bytes,
  mediaIds: Texts(row.media_ids),
  requests: Ids(row.requests),
  begunAt: row.begun_at,
  endedAt: row.ended_at,
  reason: row.reason
})

/** What is said of the files also decides their infohashes and their sum. */
export const fromFiles = (files: ReadonlyArray<RetirementFile>) => ({
  files: JSON.stringify(files),
  hashes: [...new Set(files.flatMap(({ hashes }) => hashes))].join(" "),
  bytes: files.reduce((sum, { size }) => sum + size, 0)
})

export type Facts = Omit<
  Retirement,
  "id" | "key" | "state" | "announcedAt" | "dueAt" | "hashes" | "bytes" | "begunAt" | "endedAt" | "reason"
>

export const fromFacts = (facts: Facts) => ({
  arr: facts.arr,
  title_id: facts.titleId,
  kind: facts.kind,
  season: facts.season,
  title: facts.title.toWellFormed(),
  rule: facts.rule,
  evidence: JSON.stringify(facts.conditions),
  episodes: JSON.stringify(facts.episodes),
  monitored_episodes: JSON.stringify(facts.monitoredEpisodes),
  monitored: facts.monitored ? 1 : 0,
  media_ids: JSON.stringify(facts.mediaIds),
  requests: JSON.stringify(facts.requests),
  ...fromFiles(facts.files)
})
