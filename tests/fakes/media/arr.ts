import { existsSync, readdirSync, statfsSync, unlinkSync } from "node:fs"
import type { IncomingMessage } from "node:http"
import { dirname, join } from "node:path"
import type { ServiceOptions } from "./jellyfin.ts"
import { json, type Handler, type Page, type Reply, type ServerOptions } from "./server.ts"
import {
  type ArrFile,
  type ArrState,
  type HistoryRecord,
  type MediaState,
  type QueueRecord,
  seenBy,
  touch
} from "./state.ts"

/* What Radarr and Sonarr do in the same way. */

export interface ArrOptions extends ServiceOptions {
  readonly arr: ArrState
}

/** .NET without fractions, as both write it. */
export const arrTime = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/u, "Z")

export const failure = (status: number, message: string): Reply => json({ message, description: message }, status)
export const missing: Reply = json({ message: "NotFound" }, 404)
export const noElements: Reply = failure(500, "Sequence contains no elements")

export const numbersOf = (query: URLSearchParams, name: string): ReadonlyArray<number> => query.getAll(name).map(Number)
export const isFlag = (query: URLSearchParams, name: string): boolean => query.get(name)?.toLowerCase() === "true"

export const field = (body: unknown, name: string): unknown =>
  typeof body === "object" && body !== null ? new Map<string, unknown>(Object.entries(body)).get(name) : undefined
export const idsOf = (body: unknown, name: string): ReadonlyArray<number> => {
  const value = field(body, name)
  return Array.isArray(value) ? value.map(Number) : []
}

const isKnown = (request: IncomingMessage, target: URL, key: string): boolean =>
  request.headers["x-api-key"] === key ||
  request.headers.authorization === `Bearer ${key}` ||
  target.searchParams.get("apikey") === key

/** Rows of all of these ids in the order of the table; undefined (a 500) unless there is one for each. */
export const rowsOf = <Row extends { readonly id: number }>(
  table: ReadonlyMap<number, Row>,
  ids: ReadonlyArray<number>
): ReadonlyArray<Row> | undefined => {
  const rows = [...new Set(ids)].flatMap((id) => table.get(id) ?? []).toSorted((a, b) => a.id - b.id)
  return rows.length === ids.length ? rows : undefined
}
export const notAllRows = (ids: ReadonlyArray<number>, found: number): Reply =>
  failure(500, `Expected query to return ${ids.length} rows but returned ${found}`)

const web = { id: 3, name: "WEBDL-1080p", source: "web", resolution: 1080 }
export const qualityOf = (file: ArrFile, source: string) => ({
  quality: { ...web, source, name: `WEBDL-${file.resolution}p`, resolution: file.resolution },
  revision: { version: 1, real: 0, isRepack: false }
})
export const english = [{ id: 1, name: "English" }]
export const mediaInfoOf = (file: ArrFile) =>
  file.mediaInfo
    ? {
        mediaInfo: {
          audioChannels: 5.1,
          audioCodec: "EAC3",
          audioLanguages: "eng",
          resolution: `${Math.round((file.resolution * 16) / 9)}x${file.resolution}`,
          runTime: "42:00",
          videoCodec: "h264"
        }
      }
    : {}

/**
 * Deletes one file as MediaFileDeletionService does: 409 when the parent of the title's folder is missing or has no
 * folders. The path is the owner's and the file's relative one: of another title's file, it is a wrong path. The record
 * goes even if there was no such file.
 */
export const deleteFile = (
  state: MediaState,
  arr: ArrState,
  owner: { readonly path: string; readonly what: string },
  file: ArrFile,
  forget: (file: ArrFile, path: string) => void
): Reply | null => {
  const root = dirname(owner.path)
  const shown = seenBy(state, arr.name, root)
  if (!existsSync(root)) return failure(409, `${owner.what}'s root folder (${shown}) doesn't exist.`)
  if (!readdirSync(root, { withFileTypes: true }).some((entry) => entry.isDirectory())) {
    return failure(409, `${owner.what}'s root folder (${shown}) is empty.`)
  }
  const path = join(owner.path, file.relativePath)
  if (!path.startsWith(`${state.folder}/`)) throw new Error(`${path} is outside of the world`)
  if (existsSync(path)) {
    try {
      unlinkSync(path)
    } catch {
      return failure(500, `Unable to delete ${owner.what.toLowerCase()} file`)
    }
  }
  arr.files.delete(file.id)
  forget(file, path)
  touch(state)
  return null
}

const paged =
  <Row>(
    select: (query: URLSearchParams) => ReadonlyArray<Row>,
    write: (row: Row, query: URLSearchParams) => unknown,
    sortKey: string
  ) =>
  (change: (page: Page) => Page): Handler =>
  ({ query }) => {
    const number = Number(query.get("page") ?? 1)
    const size = Number(query.get("pageSize") ?? 10)
    const all = select(query)
    const rows = all.slice((number - 1) * size, number * size)
    const page = change({
      items: rows.map((row) => JSON.stringify(write(row, query))),
      total: all.length,
      start: (number - 1) * size
    })
    const head = JSON.stringify({
      page: number,
      pageSize: size,
      sortKey: query.get("sortKey") ?? sortKey,
      sortDirection: query.get("sortDirection") ?? "descending",
      totalRecords: page.total
    })
    return { status: 200, body: `${head.slice(0, -1)},"records":[${page.items.join(",")}]}` }
  }

const freeSpace = (path: string): number => {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** Tags, root folders, status, queue and history. */
export const commonRoutes = (
  { state, arr }: ArrOptions,
  words: { readonly app: string; readonly owner: "movieId" | "seriesId"; readonly qualitySource: string }
): ServerOptions["routes"] => {
  const quality = {
    quality: { ...web, source: words.qualitySource },
    revision: { version: 1, real: 0, isRepack: false }
  }
  const owned = (row: { readonly ownerId: number | null }) =>
    row.ownerId === null ? {} : { [words.owner]: row.ownerId }
  const episode = (row: { readonly episodeId: number | null }) =>
    row.episodeId === null ? {} : { episodeId: row.episodeId }

  const writeQueued = (row: QueueRecord) => ({
    ...owned(row),
    ...episode(row),
    ...(row.season === null ? {} : { seasonNumber: row.season }),
    languages: english,
    quality,
    customFormats: [],
    customFormatScore: 0,
    size: row.size,
    title: row.title,
    added: arrTime(state.now()),
    status: "downloading",
    trackedDownloadStatus: "ok",
    trackedDownloadState: "downloading",
    statusMessages: [],
    downloadId: row.downloadId,
    protocol: "torrent",
    downloadClient: "qBittorrent",
    downloadClientHasPostImportCategory: false,
    indexer: "An indexer",
    sizeleft: row.left,
    timeleft: "00:10:00",
    ...(arr.kind === "series" ? { episodeHasFile: false } : {}),
    id: row.id
  })
  const writeHistory = (row: HistoryRecord) => ({
    ...episode(row),
    ...owned(row),
    sourceTitle: row.title,
    languages: english,
    quality,
    customFormats: [],
    customFormatScore: 0,
    qualityCutoffNotMet: false,
    date: arrTime(row.date),
    ...(row.downloadId === null ? {} : { downloadId: row.downloadId }),
    eventType: row.event,
    data: Object.fromEntries(Object.entries(row.data).map(([key, value]) => [key, seenBy(state, arr.name, value)])),
    id: row.id
  })
  const newestFirst = (rows: ReadonlyArray<HistoryRecord>) => rows.toSorted((a, b) => b.date - a.date || b.id - a.id)
  const plural = `${words.owner}s`
  const hasUnknown = words.owner === "movieId" ? "includeUnknownMovieItems" : "includeUnknownSeriesItems"
  const isOf = (query: URLSearchParams, name: string) => {
    const ids = numbersOf(query, name)
    return ({ ownerId }: { readonly ownerId: number | null }) =>
      ids.length === 0 || (ownerId !== null && ids.includes(ownerId))
  }
  const events = (query: URLSearchParams) => {
    const types = query.getAll("eventType")
    // By name or by number, as an enum is bound.
    const numbers: Readonly<Record<string, string>> =
      words.owner === "movieId"
        ? { 1: "grabbed", 3: "downloadFolderImported", 4: "downloadFailed", 6: "movieFileDeleted" }
        : { 1: "grabbed", 3: "downloadFolderImported", 4: "downloadFailed", 5: "episodeFileDeleted" }
    const wanted = types.map((type) => numbers[type] ?? type)
    return ({ event }: HistoryRecord) => wanted.length === 0 || wanted.includes(event)
  }

  const root = () => {
    const accessible = existsSync(arr.rootFolder)
    return {
      id: 1,
      path: seenBy(state, arr.name, arr.rootFolder),
      accessible,
      ...(accessible ? { freeSpace: freeSpace(arr.rootFolder) } : {}),
      unmappedFolders: []
    }
  }

  return {
    "GET /api/v3/system/status": () => () =>
      json({
        appName: words.app,
        instanceName: words.app,
        version: words.app === "Sonarr" ? "4.0.15.2941" : "5.27.5.10198",
        isProduction: true,
        isLinux: true,
        branch: "main",
        authentication: "forms",
        urlBase: "",
        runtimeName: ".NET"
      }),
    "GET /api/v3/tag": () => () => json(arr.tags),
    "GET /api/v3/rootfolder": () => () => json([root()]),
    "GET /api/v3/rootfolder/{id}":
      () =>
      (_, { id }) =>
        id === "1" ? json(root()) : missing,
    "GET /api/v3/health": () => () => json([]),
    "GET /api/v3/queue": paged(
      (query) =>
        arr.queue.filter(isOf(query, plural)).filter((row) => row.ownerId !== null || isFlag(query, hasUnknown)),
      writeQueued,
      "timeleft"
    ),
    "GET /api/v3/queue/details":
      () =>
      ({ query }) => {
        const episodes = numbersOf(query, "episodeIds")
        const rows = arr.queue
          .filter(isOf(query, words.owner))
          .filter((row) => episodes.length === 0 || (row.episodeId !== null && episodes.includes(row.episodeId)))
        return json(rows.map(writeQueued))
      },
    "GET /api/v3/history": paged(
      (query) => {
        const download = query.get("downloadId")
        return newestFirst(
          arr.history
            .filter(isOf(query, plural))
            .filter(events(query))
            .filter((row) => download === null || row.downloadId === download)
            .filter((row) => !query.has("episodeId") || row.episodeId === Number(query.get("episodeId")))
        )
      },
      writeHistory,
      "date"
    ),
    [`GET /api/v3/history/${words.owner === "movieId" ? "movie" : "series"}`]:
      () =>
      ({ query }) => {
        const season = query.get("seasonNumber")
        const ofSeason = new Set(
          (arr.episodesOf.get(Number(query.get(words.owner))) ?? [])
            .filter((one) => season === null || one.season === Number(season))
            .map(({ id }) => id)
        )
        const rows = newestFirst(
          arr.history
            .filter(({ ownerId }) => ownerId === Number(query.get(words.owner)))
            .filter(events(query))
            .filter(({ episodeId }) => season === null || (episodeId !== null && ofSeason.has(episodeId)))
        )
        return json(rows.map(writeHistory))
      }
  }
}

export const serverOptions = (options: ArrOptions, routes: ServerOptions["routes"]): ServerOptions => ({
  ...options,
  routes,
  changed: () => touch(options.state),
  refuse: (request, target) => (isKnown(request, target, options.key) ? null : { status: 401 })
})
