import type { MediaItem, ProviderIds, Viewing } from "../../domain/watchedWorld.ts"
import {
  childOf,
  childrenOf,
  flag,
  finite,
  instant,
  integerOrNull,
  type Row,
  text,
  textOrNull,
  WrongShape
} from "../../platform/JsonRow.ts"
import { canonical } from "../TorrentClient/paths.ts"

/* Jellyfin's BaseItemDto, as far as it is used. */

const uuidPattern = /^[0-9a-f]{32}$/

/** In one spelling: without dashes, lower case. */
export const uuidOf = (value: string): string => {
  const plain = value.replaceAll("-", "").toLowerCase()
  if (!uuidPattern.test(plain)) throw new WrongShape("an id is no UUID")
  return plain
}

const uuidOrNull = (row: Row, key: string): string | null => {
  const value = textOrNull(row, key)
  return value === null ? null : uuidOf(value)
}

export const idOf = (row: Row): string => uuidOf(text(row, "Id"))

export interface SeriesRow {
  readonly id: string
  readonly ids: ProviderIds
}

const noIds: ProviderIds = {}

const providerIds = (row: Row): ProviderIds => {
  const found = childOf(row, "ProviderIds")
  if (found === null) return noIds
  const tmdb = textOrNull(found, "Tmdb")
  const imdb = textOrNull(found, "Imdb")
  const tvdb = textOrNull(found, "Tvdb")
  return {
    ...(tmdb === null ? {} : { tmdb }),
    ...(imdb === null ? {} : { imdb }),
    ...(tvdb === null ? {} : { tvdb })
  }
}

export const toSeries = (row: Row): SeriesRow => ({ id: idOf(row), ids: providerIds(row) })

/** What most of a library is for most: one object for all of it. */
const untouched: Viewing = { played: false, at: null, favourite: false }

/** Fails where there is no data of a viewer: then the server took the call for nobody's, and nothing counts as played. */
export const toViewing = (row: Row): Viewing => {
  const data = childOf(row, "UserData")
  if (data === null) throw new WrongShape("an item has no data of the user: the server took the call for nobody's")
  const viewing = {
    played: flag(data, "Played"),
    at: instant(data, "LastPlayedDate"),
    favourite: flag(data, "IsFavorite")
  }
  return viewing.played || viewing.favourite || viewing.at !== null ? viewing : untouched
}

const isFile = (source: Row): boolean => (textOrNull(source, "Protocol") ?? "File") === "File"

const ticksPerMilli = 10_000

export interface Listed {
  readonly item: MediaItem
  readonly viewing: Viewing
}

/** A reader of one listing: `series` says the provider ids of those that it has. */
export const makeItemReader = (series: ReadonlyMap<string, SeriesRow>, toHost: (path: string) => string) => {
  const shared = new Map<string, NonNullable<MediaItem["series"]>>()
  const seasons = new Map<string, string>()

  /** Each text once: that of the answer goes with it. */
  const once = (id: string | null): string | null => {
    if (id === null) return null
    const seen = seasons.get(id)
    if (seen !== undefined) return seen
    seasons.set(id, id)
    return id
  }

  const seriesOf = (id: string, name: string): NonNullable<MediaItem["series"]> => {
    const seen = shared.get(id)
    if (seen !== undefined) return seen
    const made = { id, name, ids: series.get(id)?.ids ?? noIds }
    shared.set(id, made)
    return made
  }

  const pathsOf = (row: Row): ReadonlyArray<string> => {
    const own = textOrNull(row, "Path")
    const versions = childrenOf(row, "MediaSources").flatMap((source) =>
      isFile(source) ? (textOrNull(source, "Path") ?? []) : []
    )
    const seen = new Set(own === null ? versions : [own, ...versions])
    const paths: Array<string> = []
    for (const path of seen) {
      // An address, or a share of another system: no path of this host.
      const plain = canonical(path.toWellFormed())
      if (plain !== undefined) paths.push(toHost(plain))
    }
    return paths
  }

  return (row: Row): Listed => {
    const type = text(row, "Type")
    if (type !== "Movie" && type !== "Episode") throw new WrongShape("an item is neither a film nor an episode")
    const seriesId = type === "Episode" ? uuidOrNull(row, "SeriesId") : null
    const owner = seriesId === null ? null : seriesOf(seriesId, textOrNull(row, "SeriesName") ?? "")
    const episode = type === "Episode" ? integerOrNull(row, "IndexNumber") : null
    const ticks = row["RunTimeTicks"]
    return {
      item: {
        id: idOf(row),
        kind: type === "Movie" ? "movie" : "episode",
        name: textOrNull(row, "Name") ?? "",
        paths: pathsOf(row),
        ids: type === "Movie" ? providerIds(row) : (owner?.ids ?? noIds),
        series: owner,
        seasonId: type === "Episode" ? once(uuidOrNull(row, "SeasonId")) : null,
        season: type === "Episode" ? integerOrNull(row, "ParentIndexNumber") : null,
        episode,
        lastEpisode: type === "Episode" ? (integerOrNull(row, "IndexNumberEnd") ?? episode) : null,
        addedAt: instant(row, "DateCreated"),
        runtime: ticks === undefined || ticks === null ? null : finite(row, "RunTimeTicks") / ticksPerMilli
      },
      viewing: toViewing(row)
    }
  }
}
