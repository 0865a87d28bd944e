import { linkSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import {
  type ArrFile,
  type ArrState,
  type HistoryEvent,
  type JellyfinItem,
  type ItemType,
  type MediaState,
  nextId,
  nextUuid,
  touch,
  type UserData
} from "./state.ts"
import type { FileSpec, WatchedBy } from "./specs.ts"

/* What films and series have in common: a file on the disk and in an arr, an item with what its users did. */

export const day = 86_400_000

export interface Making {
  readonly state: MediaState
  /** False: no file is written; the arrs and Jellyfin say that there is one. */
  readonly writesFiles: boolean
  readonly userId: (name: string) => string
}

export const newData = (): UserData => ({
  played: false,
  lastPlayed: null,
  favourite: false,
  playCount: 0,
  position: 0
})

export const dataOf = (item: JellyfinItem, userId: string): UserData => {
  const known = item.data.get(userId)
  if (known !== undefined) return known
  const data = newData()
  item.data.set(userId, data)
  return data
}

export const setWatched = ({ userId }: Making, item: JellyfinItem, watchedBy: WatchedBy): void => {
  for (const [name, at] of Object.entries(watchedBy)) {
    Object.assign(dataOf(item, userId(name)), { played: true, lastPlayed: at, playCount: 1 })
  }
}

export const setFavourite = ({ userId }: Making, item: JellyfinItem, names: ReadonlyArray<string>): void => {
  for (const name of names) dataOf(item, userId(name)).favourite = true
}

export const makeItem = (
  state: MediaState,
  type: ItemType,
  name: string,
  more: Partial<Omit<JellyfinItem, "id" | "type" | "name" | "data" | "hiddenFrom">> = {}
): JellyfinItem => {
  const item: JellyfinItem = {
    id: nextUuid(),
    type,
    name,
    paths: [],
    size: 0,
    ids: {},
    parentId: null,
    seriesId: null,
    seasonId: null,
    index: null,
    lastIndex: null,
    parentIndex: null,
    created: null,
    runtime: null,
    premiere: null,
    status: null,
    children: [],
    data: new Map(),
    hiddenFrom: new Set(),
    ...more
  }
  state.jellyfin.items.set(item.id, item)
  touch(state)
  return item
}

export const tagId = (arr: ArrState, label: string): number => {
  const known = arr.tags.find((tag) => tag.label === label)
  if (known !== undefined) return known.id
  const id = nextId()
  arr.tags.push({ id, label })
  return id
}

export const writeFile = ({ state, writesFiles }: Making, path: string, spec: FileSpec, size: number): void => {
  if (!writesFiles) return
  if (!path.startsWith(`${state.folder}/`)) throw new Error(`${path} is outside of the world`)
  mkdirSync(dirname(path), { recursive: true })
  rmSync(path, { force: true })
  if (spec.hardlinkOf !== undefined) return linkSync(spec.hardlinkOf, path)
  writeFileSync(path, spec.content ?? path.slice(-200))
  if (spec.content === undefined) truncateSync(path, size)
}

export const sizeOf = (spec: FileSpec, usual: number): number =>
  spec.size ?? (spec.content === undefined ? usual : Buffer.byteLength(spec.content))

/** As a release would have it: a hash of its own for each file, unless the test says which. */
export const hashOf = (spec: FileSpec, id: number): string | null =>
  spec.hash === undefined ? id.toString(16).padStart(8, "0").repeat(5) : spec.hash

export const record = (
  arr: ArrState,
  event: HistoryEvent,
  entry: {
    readonly ownerId: number
    readonly episodeId?: number
    readonly title: string
    readonly date: number
    readonly hash: string | null
    readonly data?: Readonly<Record<string, string>>
  }
): void => {
  const { ownerId, episodeId, title, date, hash, data } = entry
  arr.history.push({
    id: nextId(),
    ownerId,
    episodeId: episodeId ?? null,
    title,
    date,
    downloadId: hash === null ? null : hash.toUpperCase(),
    event,
    data: data ?? {}
  })
}

/** Puts a file into an arr, on the disk, and into the history: grabbed, and imported for each of `episodeIds`. */
export const importFile = (
  making: Making,
  arr: ArrState,
  owner: { readonly id: number; readonly path: string },
  season: number,
  spec: FileSpec & { readonly name: string; readonly added: number },
  usualSize: number,
  episodeIds: ReadonlyArray<number>
): ArrFile => {
  const file: ArrFile = {
    id: nextId(),
    ownerId: owner.id,
    season,
    relativePath: spec.name,
    size: sizeOf(spec, usualSize),
    added: spec.added,
    resolution: spec.resolution ?? 1080,
    mediaInfo: spec.mediaInfo ?? true,
    sceneName: `${spec.name
      .replace(/^.*\//u, "")
      .replace(/\.[^.]*$/u, "")
      .replaceAll(" ", ".")}-GRP`
  }
  arr.files.set(file.id, file)
  const path = join(owner.path, spec.name)
  writeFile(making, path, spec, file.size)
  const hash = hashOf(spec, file.id)
  for (const episodeId of episodeIds.length === 0 ? [undefined] : episodeIds) {
    const common = { ownerId: owner.id, ...(episodeId === undefined ? {} : { episodeId }), title: file.sceneName, hash }
    if (hash !== null) record(arr, "grabbed", { ...common, date: spec.added - 3_600_000 })
    record(arr, "downloadFolderImported", {
      ...common,
      date: spec.added,
      data: { fileId: String(file.id), droppedPath: `/downloads/${file.sceneName}.mkv`, importedPath: path }
    })
  }
  touch(making.state)
  return file
}

/** An upgrade, or a download of what was gone: the old record of the file is replaced. */
export const replaceFile = (
  making: Making,
  arr: ArrState,
  owner: { readonly id: number; readonly path: string },
  fileId: number,
  at: number
): ArrFile => {
  const old = arr.files.get(fileId)
  if (old === undefined) throw new Error(`${arr.name} has no file ${fileId}`)
  const episodes = (arr.episodesOf.get(owner.id) ?? []).filter((one) => one.fileId === fileId).map(({ id }) => id)
  arr.files.delete(fileId)
  const spec = { name: old.relativePath, added: at, size: old.size + 1, resolution: old.resolution }
  return importFile(making, arr, owner, old.season, spec, old.size, episodes)
}

export const enqueue = (
  state: MediaState,
  arr: ArrState,
  owner: { readonly id: number; readonly title: string } | null,
  episode: { readonly id: number; readonly season: number } | null
): void => {
  const id = nextId()
  arr.queue.push({
    id,
    ownerId: owner?.id ?? null,
    episodeId: episode?.id ?? null,
    season: episode?.season ?? null,
    title: `${owner?.title ?? "Something"}.1080p-GRP`,
    size: 1_000_000,
    left: 500_000,
    downloadId: id.toString(16).padStart(8, "0").repeat(5).toUpperCase()
  })
  touch(state)
}

/** Asks for a title in Seerr, whose record of it is made at the first request. */
export const request = (
  state: MediaState,
  wanted: {
    readonly kind: "movie" | "tv"
    readonly tmdb: number
    readonly tvdb: number | null
    readonly imdb: string | null
    readonly externalId: number | null
    readonly jellyfinId: string | null
    readonly seasons: ReadonlyArray<number>
    readonly by: string | null
    readonly at: number
    readonly is4k?: boolean
  }
): number => {
  const { seerr } = state
  const user = [...seerr.users.values()].find(({ name }) => name === wanted.by)
  const known = [...seerr.media.values()].find((one) => one.kind === wanted.kind && one.tmdb === wanted.tmdb)
  const media = known ?? {
    id: nextId(),
    kind: wanted.kind,
    tmdb: wanted.tmdb,
    tvdb: wanted.tvdb,
    imdb: wanted.imdb,
    status: 5,
    created: wanted.at,
    jellyfinId: wanted.jellyfinId,
    externalId: wanted.externalId,
    seasons: [...wanted.seasons]
  }
  seerr.media.set(media.id, media)
  const id = nextId()
  const seasons = [...wanted.seasons]
  const common = { id, mediaId: media.id, created: wanted.at, seasons, is4k: wanted.is4k ?? false, status: 5 }
  seerr.requests.set(id, { ...common, userId: user?.id ?? null })
  touch(state)
  return media.id
}
