import { type Fact, known, unreadable } from "../../domain/fact.ts"
import type { LibraryFile, ProviderIds } from "../../domain/watchedWorld.ts"
import {
  childOf,
  finite,
  instant,
  integer,
  integerOrNull,
  natural,
  type Row,
  text,
  textOrNull,
  WrongShape
} from "../../platform/JsonRow.ts"
import { canonical } from "../TorrentClient/paths.ts"

/* What Radarr and Sonarr write in the same way. */

export type ToHost = (path: string) => string

/** Labels by id. */
export type Tags = ReadonlyMap<number, string>

export const toTag = (row: Row): readonly [number, string] => [integer(row, "id"), text(row, "label")]

/** Labels of a title; a number that is no tag's makes them unreadable: it may be the one that keeps it. */
export const tagsOf = (row: Row, tags: Tags, source: string, now: number): Fact<ReadonlyArray<string>> => {
  const ids: unknown = row["tags"]
  if (!Array.isArray(ids)) return unreadable(source, now, "the title has no list of tags")
  const labels: Array<string> = []
  for (const id of ids) {
    const label = typeof id === "number" ? tags.get(id) : undefined
    if (label === undefined) return unreadable(source, now, `its tag ${String(id)} is not in the list of tags`)
    labels.push(label)
  }
  return known(labels, source, now)
}

/** A number of 0 is how both write that there is none. */
const idText = (row: Row, key: string): string | null => {
  const value = integerOrNull(row, key)
  return value === null || value === 0 ? null : String(value)
}

export const idsOf = (row: Row): ProviderIds => {
  const tmdb = idText(row, "tmdbId")
  const tvdb = idText(row, "tvdbId")
  const imdb = textOrNull(row, "imdbId")
  return {
    ...(tmdb === null ? {} : { tmdb }),
    ...(imdb === null ? {} : { imdb }),
    ...(tvdb === null ? {} : { tvdb })
  }
}

export const yearOf = (row: Row): number | null => {
  const year = integerOrNull(row, "year")
  return year === 0 ? null : year
}

// A wide picture has fewer lines than its class: 1920x800 is of 1080.
const linesOf = (row: Row): number | null => {
  const info = childOf(row, "mediaInfo")
  const size = info === null ? null : textOrNull(info, "resolution")
  const [, width, height] = /^(\d+)x(\d+)$/u.exec(size ?? "") ?? []
  if (width === undefined || height === undefined) return null
  const lines = Math.max(Number(height), Math.round((Number(width) * 9) / 16))
  return lines === 0 ? null : lines
}

const qualityOf = (row: Row): string => {
  const model = childOf(row, "quality")
  const quality = model === null ? null : childOf(model, "quality")
  return (quality === null ? null : textOrNull(quality, "name")) ?? "unknown"
}

export const pathOf = (row: Row, key: string, toHost: ToHost): string => {
  const path = canonical(text(row, key).toWellFormed())
  if (path === undefined) throw new WrongShape(`${key} is no plain absolute path`)
  return toHost(path)
}

export const fileOf = (row: Row, toHost: ToHost): LibraryFile => ({
  id: integer(row, "id"),
  path: pathOf(row, "path", toHost),
  size: natural(row, "size"),
  addedAt: instant(row, "dateAdded"),
  resolution: linesOf(row),
  quality: qualityOf(row)
})

export interface Queued {
  /** Of the row; it can be any number. */
  readonly id: number
  /** Movie or series; null where the arr could not tell. */
  readonly ownerId: number | null
  readonly season: number | null
  readonly episodeId: number | null
}

export const queuedOf =
  (owner: "movieId" | "seriesId") =>
  (row: Row): Queued => {
    const of = (key: string) => {
      const value = integerOrNull(row, key)
      return value === 0 && key !== "seasonNumber" ? null : value
    }
    return { id: finite(row, "id"), ownerId: of(owner), season: of("seasonNumber"), episodeId: of("episodeId") }
  }
