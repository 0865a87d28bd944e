import type { Items } from "./jellyfin-items.ts"
import type { JellyfinItem, JellyfinUser, MediaState } from "./state.ts"

/* What /Items and /Shows/NextUp select. */

export const listOf = (query: URLSearchParams, name: string): ReadonlyArray<string> =>
  query
    .getAll(name)
    .flatMap((value) => value.split(","))
    .filter((value) => value !== "")

export const flagOf = (query: URLSearchParams, name: string): boolean | null => {
  const value = query.get(name)?.toLowerCase()
  return value === undefined ? null : value === "true"
}

export const uuidOf = (text: string) => text.replaceAll("-", "").toLowerCase()

const tvTypes = new Set(["Series", "Season", "Episode"])

const below = (parent: JellyfinItem, recursive: boolean) => (item: JellyfinItem) => {
  switch (parent.type) {
    case "BoxSet":
      return parent.children.includes(item.id)
    case "CollectionFolder":
      if (parent.name === "Movies") return item.type === "Movie"
      return recursive ? tvTypes.has(item.type) : item.type === "Series"
    default:
      return item.parentId === parent.id || (recursive && item.seriesId === parent.id)
  }
}

const order = (query: URLSearchParams, items: Items, user: JellyfinUser | null, found: Array<JellyfinItem>) => {
  const [by] = listOf(query, "sortBy")
  const rank = (item: JellyfinItem): string | number => {
    switch (by) {
      case "DateCreated":
        return item.created ?? 0
      case "DatePlayed":
        return user === null ? 0 : (items.dataOf(item, user).lastPlayed ?? 0)
      default:
        return item.name.toLowerCase()
    }
  }
  if (by === undefined || by === "Default" || by === "Random") return found
  const ranked = found.map((item) => ({ item, rank: rank(item) }))
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.item.id < b.item.id ? -1 : 1))
  if (listOf(query, "sortOrder")[0] === "Descending") ranked.reverse()
  return ranked.map(({ item }) => item)
}

const select = (state: MediaState, items: Items, query: URLSearchParams, user: JellyfinUser | null) => {
  const ids = new Set(listOf(query, "ids").map(uuidOf))
  const recursive = flagOf(query, "recursive") === true
  const types = new Set(listOf(query, "includeItemTypes"))
  const excluded = new Set(listOf(query, "excludeItemTypes"))
  const filters = new Set(listOf(query, "filters"))
  const played = filters.has("IsPlayed") ? true : filters.has("IsUnplayed") ? false : flagOf(query, "isPlayed")
  const favourite = filters.has("IsFavorite") ? true : flagOf(query, "isFavorite")
  const onlySets = types.size === 1 && types.has("BoxSet")
  const parentText = onlySets ? null : query.get("parentId")
  const parent = parentText === null ? null : (state.jellyfin.items.get(uuidOf(parentText)) ?? null)
  if (parentText !== null && parent === null) return []
  // What the root shows without `recursive` is its libraries, and no title.
  const rootOnly = !recursive && ids.size === 0 && parent === null
  const isBelow = parent === null ? () => true : below(parent, recursive)
  const search = query.get("searchTerm")?.toLowerCase()
  const virtual = flagOf(query, "isMissing")
  const source = ids.size === 0 ? items.list().items : [...ids].flatMap((id) => state.jellyfin.items.get(id) ?? [])
  const found = source.filter((item) => {
    if (rootOnly) return item.type === "CollectionFolder"
    if (types.size > 0 ? !types.has(item.type) : ids.size === 0 && item.type === "CollectionFolder") return false
    if (excluded.has(item.type) || !isBelow(item)) return false
    if (item.type === "Episode" && (item.paths.length === 0) !== (virtual ?? false)) return false
    if (search !== undefined && !item.name.toLowerCase().includes(search)) return false
    if (user === null) return true
    if (item.hiddenFrom.has(user.id)) return false
    if (played !== null && items.dataOf(item, user).played !== played) return false
    return favourite === null || items.dataOf(item, user).favourite === favourite
  })
  return order(query, items, user, found)
}

/** Selections, kept until something changes: a listing's pages are cut from one. */
export const makeSelect = (state: MediaState, items: Items) => {
  const kept = new Map<string, ReadonlyArray<JellyfinItem>>()
  let { revision } = state
  return (query: URLSearchParams, user: JellyfinUser | null): ReadonlyArray<JellyfinItem> => {
    if (!state.keepsAnswers) return select(state, items, query, user)
    if (revision !== state.revision) {
      kept.clear()
      ;({ revision } = state)
    }
    const rest = new URLSearchParams(query)
    rest.delete("startIndex")
    rest.delete("limit")
    const key = `${user?.id ?? ""} ${rest.toString()}`
    const known = kept.get(key)
    if (known !== undefined) return known
    const found = select(state, items, query, user)
    kept.set(key, found)
    return found
  }
}

/** Of each series that a user has begun, the first episode not played after the last that was; no specials. */
export const nextUp = (items: Items, query: URLSearchParams, user: JellyfinUser): ReadonlyArray<JellyfinItem> => {
  const { items: all, childrenOf } = items.list()
  const wanted = query.get("seriesId")
  const resumable = flagOf(query, "enableResumable") ?? true
  return all
    .filter(({ id, type }) => type === "Series" && (wanted === null || uuidOf(wanted) === id))
    .flatMap((series) => {
      const episodes = (childrenOf.get(series.id) ?? [])
        .filter(({ parentIndex, index, hiddenFrom }) => parentIndex !== 0 && index !== null && !hiddenFrom.has(user.id))
        .toSorted((a, b) => (a.parentIndex ?? 0) - (b.parentIndex ?? 0) || (a.index ?? 0) - (b.index ?? 0))
      const last = episodes.findLastIndex(({ data }) => data.get(user.id)?.played === true)
      if (last === -1 && wanted === null) return []
      const next = episodes
        .slice(last + 1)
        .find(({ paths, data }) => paths.length > 0 && data.get(user.id)?.played !== true)
      if (next === undefined || (!resumable && (next.data.get(user.id)?.position ?? 0) > 0)) return []
      return [next]
    })
}
