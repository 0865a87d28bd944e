import { type Duration, Effect, Schedule, Schema } from "effect"
import { holdingsOf, type TorrentContent, type TorrentSettings } from "../../domain/torrents.ts"
import { display } from "../../platform/BytePath.ts"
import type { TorrentClientRefused } from "../TorrentClient.ts"
import { TorrentGone } from "../TorrentSteering.ts"
import { type CallFailed } from "./http.ts"
import { canonical, makePathMapper } from "./paths.ts"
import { decodeCategories, decoderOf, decodeTorrentRows, isUnsettled, malformed, toFiles, toTorrents } from "./wire.ts"

export type Failing = CallFailed | TorrentClientRefused

export interface LookingNeeds {
  readonly readText: (path: string, urlParams?: Readonly<Record<string, string>>) => Effect.Effect<string, Failing>
  readonly pathMap: Readonly<Record<string, string>>
  readonly firstRetry: Duration.Input
}

const decodeFilings = decoderOf(
  Schema.Array(Schema.Struct({ auto_tmm: Schema.Boolean, download_path: Schema.optionalKey(Schema.String) }))
)
const decodeContents = decoderOf(
  Schema.Array(
    Schema.Struct({
      name: Schema.String,
      size: Schema.Finite,
      progress: Schema.Finite,
      priority: Schema.Finite,
      index: Schema.Natural,
      // Of a file without bytes it can be anything.
      piece_range: Schema.Tuple([Schema.Int, Schema.Int])
    })
  )
)
const decodePieceStates = decoderOf(Schema.Array(Schema.Literals([0, 1, 2])))
const decodePieceHashes = decoderOf(Schema.Array(Schema.String))
const decodePreferences = decoderOf(Schema.Struct({ refresh_interval: Schema.optionalKey(Schema.Finite) }))

const defaultRefreshMillis = 1500

/** What is read of one torrent, or bears on how old that can be. */
export const makeLooking = ({ firstRetry, pathMap, readText }: LookingNeeds) => {
  const toHost = makePathMapper(pathMap)

  const settings = (hash: string): Effect.Effect<TorrentSettings | null, Failing> =>
    readText("/torrents/info", { hashes: hash }).pipe(
      Effect.flatMap((text) => Effect.all([decodeTorrentRows(text), decodeFilings(text)])),
      Effect.flatMap(([rows, filings]) =>
        Effect.flatMap(toTorrents(rows, toHost), (torrents) => {
          const at = torrents.findIndex((torrent) => torrent.hash === hash)
          const [torrent, filing] = [torrents[at], filings[at]]
          if (torrent === undefined || filing === undefined) return Effect.succeed(null)
          const { amountLeft, category, contentPath, name, progress, savePath, state, tags } = torrent
          const downloadPath = canonical(filing.download_path ?? "")
          if (downloadPath === undefined && (filing.download_path ?? "") !== "") {
            return Effect.fail(malformed(`the download path of ${display(name)} is no plain absolute path`))
          }
          return Effect.succeed({
            hash,
            name,
            category,
            tags,
            savePath,
            contentPath,
            state,
            progress,
            amountLeft,
            autoManaged: filing.auto_tmm,
            downloadPath: downloadPath === undefined ? null : toHost(downloadPath)
          })
        })
      ),
      // 4.x gives one that is just being loaded again a relative path for a moment.
      Effect.retry({ times: 5, schedule: Schedule.spaced(firstRetry), while: isUnsettled })
    )

  const required = (hash: string): Effect.Effect<TorrentSettings, Failing | TorrentGone> =>
    Effect.flatMap(settings(hash), (found) =>
      found === null ? Effect.fail(new TorrentGone({ hash })) : Effect.succeed(found)
    )

  const contents = (hash: string): Effect.Effect<ReadonlyArray<TorrentContent>, Failing> =>
    Effect.gen(function* () {
      const rows = yield* Effect.flatMap(readText("/torrents/files", { hash }), decodeContents)
      const files = yield* toFiles(rows)
      return files.flatMap((file, at) => {
        const row = rows[at]
        if (row === undefined) return []
        const [firstPiece, lastPiece] = row.piece_range
        return [{ ...file, index: row.index, priority: row.priority, firstPiece, lastPiece }]
      })
    })

  const pieceStates = (hash: string) => Effect.flatMap(readText("/torrents/pieceStates", { hash }), decodePieceStates)

  return {
    settings,
    required,
    contents,
    pieceStates,
    pieceHashes: (hash: string) => Effect.flatMap(readText("/torrents/pieceHashes", { hash }), decodePieceHashes),
    /** The settings last: what they say is then not older than the pieces. */
    holdings: (hash: string) =>
      Effect.gen(function* () {
        yield* required(hash)
        const pieces = yield* pieceStates(hash)
        const files = yield* contents(hash)
        return holdingsOf(yield* required(hash), files, pieces)
      }),
    /** Where automatic management keeps a torrent of this category; undefined where that cannot be told. */
    categoryPath: (category: string) =>
      Effect.gen(function* () {
        const rows = yield* Effect.flatMap(readText("/torrents/categories"), decodeCategories)
        const given = Object.entries(rows).find(([name]) => name === category)?.[1].savePath
        if (category !== "" && given === undefined) return undefined
        const own = given === undefined || given === "" ? category : given
        // A folder named after the category gets other characters for some, and subcategories have ways of their own.
        if (given === "" && /[/\\:*?"<>|]/.test(category)) return undefined
        const base = own.startsWith("/") ? "" : (yield* readText("/app/defaultSavePath")).trim()
        const path = canonical(own.startsWith("/") ? own : `${base}/${own}`)
        return path === undefined ? undefined : toHost(path)
      }),
    /** Milliseconds after which what the client shows is no older than what it did before. */
    quietMillis: Effect.map(
      Effect.flatMap(readText("/app/preferences"), decodePreferences),
      (preferences) => 2 * (preferences.refresh_interval ?? defaultRefreshMillis)
    )
  }
}

export type Looking = ReturnType<typeof makeLooking>
