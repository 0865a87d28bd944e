import { type JellyfinItem, type JellyfinUser, type MediaState, makeKept, seenBy, type UserData } from "./state.ts"

/* Items as Jellyfin writes them. Without a user there is no UserData. */

const ticks = 10_000_000
/** .NET writes seven digits. */
export const dotNetTime = (at: number): string => new Date(at).toISOString().replace("Z", "0000Z")

const isFolder = (item: JellyfinItem) => item.type !== "Movie" && item.type !== "Episode"
const optionalFields = new Set(["Path", "ProviderIds", "DateCreated", "MediaSources", "ParentId", "SortName"])

export interface Listing {
  readonly items: ReadonlyArray<JellyfinItem>
  readonly childrenOf: ReadonlyMap<string, ReadonlyArray<JellyfinItem>>
}

const index = (state: MediaState): Listing => {
  const childrenOf = new Map<string, Array<JellyfinItem>>()
  const items = [...state.jellyfin.items.values()]
  for (const item of items) {
    if (item.type !== "Episode") continue
    for (const parent of [item.seriesId, item.seasonId]) {
      if (parent === null) continue
      const known = childrenOf.get(parent)
      if (known === undefined) childrenOf.set(parent, [item])
      else known.push(item)
    }
  }
  return { items, childrenOf }
}

export const makeItems = (state: MediaState) => {
  let listing: { readonly revision: number; readonly value: Listing } | null = null
  const list = (): Listing => {
    if (!state.keepsAnswers) return index(state)
    if (listing?.revision !== state.revision) listing = { revision: state.revision, value: index(state) }
    return listing.value
  }

  const path = (one: string) => seenBy(state, "jellyfin", one)

  const mediaSources = (item: JellyfinItem) =>
    item.paths.map((one, number) => ({
      Protocol: "File",
      Id: number === 0 ? item.id : `${number}${item.id.slice(1)}`,
      Path: path(one),
      Type: "Default",
      Container: "mkv",
      Size: item.size,
      Name: one.replace(/^.*\//u, "").replace(/\.[^.]*$/u, ""),
      IsRemote: false,
      ...(item.runtime === null ? {} : { RunTimeTicks: item.runtime * ticks }),
      SupportsProbing: true,
      VideoType: "VideoFile"
    }))

  /** All but the UserData, and without the closing brace. */
  const head = (item: JellyfinItem, fields: ReadonlySet<string>): string => {
    const { items } = state.jellyfin
    const series = item.seriesId === null ? undefined : items.get(item.seriesId)
    const season = item.seasonId === null ? undefined : items.get(item.seasonId)
    const [first] = item.paths
    const text = JSON.stringify({
      Name: item.name,
      ServerId: "5eed",
      Id: item.id,
      ...(fields.has("DateCreated") && item.created !== null ? { DateCreated: dotNetTime(item.created) } : {}),
      ...(fields.has("SortName") ? { SortName: item.name.toLowerCase() } : {}),
      ...(item.premiere === null ? {} : { PremiereDate: dotNetTime(item.premiere) }),
      ...(fields.has("MediaSources") && !isFolder(item) ? { MediaSources: mediaSources(item) } : {}),
      ...(fields.has("Path") && first !== undefined ? { Path: path(first) } : {}),
      ...(item.runtime === null ? {} : { RunTimeTicks: item.runtime * ticks }),
      ...(item.premiere === null ? {} : { ProductionYear: new Date(item.premiere).getUTCFullYear() }),
      ...(item.index === null ? {} : { IndexNumber: item.index }),
      ...(item.lastIndex === null ? {} : { IndexNumberEnd: item.lastIndex }),
      ...(item.parentIndex === null ? {} : { ParentIndexNumber: item.parentIndex }),
      ...(fields.has("ProviderIds") ? { ProviderIds: item.ids } : {}),
      ...(fields.has("ParentId") && item.parentId !== null ? { ParentId: item.parentId } : {}),
      IsFolder: isFolder(item),
      Type: item.type,
      ...(series === undefined ? {} : { SeriesName: series.name, SeriesId: series.id }),
      ...(season === undefined ? {} : { SeasonId: season.id, SeasonName: season.name }),
      ...(item.status === null ? {} : { Status: item.status }),
      ImageTags: {},
      BackdropImageTags: [],
      LocationType: isFolder(item) || first !== undefined ? "FileSystem" : "Virtual",
      MediaType: isFolder(item) ? "Unknown" : "Video"
    })
    return text.slice(0, -1)
  }

  const heads = new Map<string, (item: JellyfinItem) => string>()
  const headsOf = (fields: ReadonlyArray<string>) => {
    const wanted = fields.filter((field) => optionalFields.has(field)).toSorted()
    const key = wanted.join(",")
    const known = heads.get(key)
    if (known !== undefined) return known
    const set = new Set(wanted)
    const made = makeKept<JellyfinItem>(state, (item) => head(item, set))
    heads.set(key, made)
    return made
  }

  /** As shown: a folder is played when all of it is. */
  const dataOf = (
    item: JellyfinItem,
    user: JellyfinUser
  ): Readonly<UserData> & { readonly unplayed: number | null } => {
    const own = item.data.get(user.id)
    const common = {
      favourite: own?.favourite ?? false,
      lastPlayed: own?.lastPlayed ?? null,
      playCount: own?.playCount ?? 0,
      position: own?.position ?? 0
    }
    if (item.type !== "Series" && item.type !== "Season")
      return { ...common, played: own?.played ?? false, unplayed: null }
    const children = list().childrenOf.get(item.id) ?? []
    const unplayed = children.filter((child) => child.data.get(user.id)?.played !== true).length
    return { ...common, played: children.length > 0 && unplayed === 0, unplayed }
  }

  const userData = (item: JellyfinItem, user: JellyfinUser): string => {
    const data = dataOf(item, user)
    const last = data.lastPlayed === null ? "" : `,"LastPlayedDate":"${dotNetTime(data.lastPlayed)}"`
    const unplayed = data.unplayed === null ? "" : `,"UnplayedItemCount":${data.unplayed}`
    return (
      `{"PlaybackPositionTicks":${data.position * ticks},"PlayCount":${data.playCount},"IsFavorite":${data.favourite}` +
      `${last}${unplayed},"Played":${data.played},"Key":"${item.id}","ItemId":"${item.id}"}`
    )
  }

  return {
    list,
    dataOf,
    userData,
    /** JSON text of items as a user sees them, or as nobody does. */
    write: (items: ReadonlyArray<JellyfinItem>, user: JellyfinUser | null, fields: ReadonlyArray<string>) => {
      const headOf = headsOf(fields)
      return user === null
        ? items.map((item) => `${headOf(item)}}`)
        : items.map((item) => `${headOf(item)},"UserData":${userData(item, user)}}`)
    }
  }
}

export type Items = ReturnType<typeof makeItems>
