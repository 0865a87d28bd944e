import { Effect, Schema } from "effect"
import type { Torrent, TorrentFile } from "../../domain/torrents.ts"
import { display } from "../../platform/BytePath.ts"
import { CallFailed, looksLikeHtml } from "./http.ts"
import { canonical, relative } from "./paths.ts"

/** 40 hex digits (v1, and v2 cut to 20 bytes), or 64. */
export const infohash = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

// Only what is used: a list of thousands is read on each run, and a row has 60 fields.
const TorrentRow = Schema.Struct({
  hash: Schema.String,
  name: Schema.String,
  category: Schema.String,
  tags: Schema.String,
  state: Schema.String,
  content_path: Schema.String,
  save_path: Schema.String,
  progress: Schema.Finite,
  amount_left: Schema.Finite,
  ratio: Schema.Finite,
  seeding_time: Schema.Finite,
  completion_on: Schema.Finite,
  added_on: Schema.Finite,
  size: Schema.Finite,
  infohash_v1: Schema.optionalKey(Schema.String),
  infohash_v2: Schema.optionalKey(Schema.String)
})
type TorrentRow = typeof TorrentRow.Type

const FileRow = Schema.Struct({
  name: Schema.String,
  size: Schema.Finite,
  progress: Schema.Finite,
  priority: Schema.Finite
})

const jsonOf = (text: string): Effect.Effect<unknown, CallFailed> =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: () =>
      new CallFailed({
        why:
          text === ""
            ? "the answer is empty"
            : looksLikeHtml(text)
              ? "the answer is an HTML page: is qbittorrent.url that of its Web UI?"
              : "the answer is not JSON, or ends half-way",
        transient: false
      })
  })

export const decoderOf = <S extends Schema.ConstraintCodec<unknown, unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownEffect(schema)
  return (text: string) =>
    Effect.flatMap(jsonOf(text), (json) =>
      Effect.mapError(
        decode(json),
        (error) =>
          new CallFailed({
            why: `the answer has another shape: ${error.message.replaceAll(/\s+/g, " ").slice(0, 160)}`,
            transient: false
          })
      )
    )
}

const TrackerRow = Schema.Struct({ url: Schema.String })
// Some options of a category are new with each version: what is not known by name is carried as it is.
const CategoryRow = Schema.StructWithRest(Schema.Struct({ savePath: Schema.String }), [
  Schema.Record(Schema.String, Schema.Unknown)
])
export type CategoryRow = typeof CategoryRow.Type
const ManagedRow = Schema.Struct({ category: Schema.String, auto_tmm: Schema.Boolean })

export const decodeTorrentRows = decoderOf(Schema.Array(TorrentRow))
export const decodeFileRows = decoderOf(Schema.Array(FileRow))
export const decodeTrackerRows = decoderOf(Schema.Array(TrackerRow))
export const decodeManagedRows = decoderOf(Schema.Array(ManagedRow))
export const decodeCategories = decoderOf(Schema.Record(Schema.String, CategoryRow))

const incompleteSuffix = ".!qB"

const withoutSuffix = (path: string, progress: number) =>
  progress < 1 && path.endsWith(incompleteSuffix) ? path.slice(0, -incompleteSuffix.length) : path

/** Seconds on the wire. 4.x says 0 or 4294967295 for "never", 5.x −1. */
const instant = (seconds: number): number | null =>
  seconds > 0 && seconds < 0xffff_ffff ? Math.round(seconds * 1000) : null

/** A row that makes no sense now and may in a moment. */
class Unsettled extends CallFailed {}

export const isUnsettled = (error: unknown): boolean => error instanceof Unsettled

export const malformed = (why: string) => new CallFailed({ why, transient: false })

/** Fails as a whole if one row makes no sense: a list with a hole would hide a claim on files. */
export const toTorrents = (
  rows: ReadonlyArray<TorrentRow>,
  toHost: (path: string) => string
): Effect.Effect<ReadonlyArray<Torrent>, CallFailed> =>
  Effect.suspend(() => {
    const torrents: Array<Torrent> = []
    for (const row of rows) {
      const hash = row.hash.toLowerCase()
      if (!infohash.test(hash)) return Effect.fail(malformed(`${display(row.name)} has no usable infohash`))
      const contentPath = row.content_path === "" ? "" : canonical(withoutSuffix(row.content_path, row.progress))
      const savePath = row.save_path === "" ? "" : canonical(row.save_path)
      if (contentPath === undefined || savePath === undefined) {
        const path = display(contentPath === undefined ? row.content_path : row.save_path)
        return Effect.fail(
          new Unsettled({
            why: `the path of ${display(row.name)} is no plain absolute path: ${path}`,
            transient: false
          })
        )
      }
      torrents.push({
        hash,
        name: row.name,
        category: row.category,
        tags: row.tags
          .split(",")
          .map((tag) => tag.trim())
          .filter((tag) => tag !== ""),
        state: row.state,
        contentPath: contentPath === "" ? "" : toHost(contentPath),
        savePath: savePath === "" ? "" : toHost(savePath),
        progress: row.progress,
        amountLeft: row.amount_left,
        ratio: row.ratio < 0 ? Infinity : row.ratio,
        seedingTime: row.seeding_time,
        completedAt: instant(row.completion_on),
        addedAt: instant(row.added_on),
        size: row.size,
        v2Only: row.infohash_v1 === "" && (row.infohash_v2 ?? "") !== ""
      })
    }
    return Effect.succeed(torrents)
  })

export const toFiles = (
  rows: ReadonlyArray<typeof FileRow.Type>
): Effect.Effect<ReadonlyArray<TorrentFile>, CallFailed> =>
  Effect.suspend(() => {
    const files: Array<TorrentFile> = []
    for (const row of rows) {
      const path = relative(withoutSuffix(row.name, row.progress))
      if (path === undefined) {
        return Effect.fail(malformed(`the file name ${display(row.name)} does not stay inside the torrent`))
      }
      files.push({ path, size: row.size, progress: row.progress, wanted: row.priority !== 0 })
    }
    return Effect.succeed(files)
  })
