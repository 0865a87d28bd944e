import { existsSync } from "node:fs"
import { join } from "node:path"
import type { MediaState } from "./state.ts"

/** What is of interest after a crash, as JSON: what the arrs hold and watch for, which files are there, what is shown. */
export const snapshot = (state: MediaState) => ({
  arrs: [...state.arrs.values()].map((arr) => ({
    name: arr.name,
    movies: [...arr.movies.values()].map(({ id, title, monitored, fileId }) => ({ id, title, monitored, fileId })),
    series: [...arr.series.values()].map(({ id, title, monitored }) => ({ id, title, monitored })),
    episodes: [...arr.episodes.values()].map(({ id, seriesId, season, episode, monitored, fileId }) => ({
      id,
      seriesId,
      season,
      episode,
      monitored,
      fileId
    })),
    files: [...arr.files.values()].map(({ id, ownerId, relativePath, size }) => {
      const path = join(arr.movies.get(ownerId)?.path ?? arr.series.get(ownerId)?.path ?? "", relativePath)
      return { id, ownerId, path, size, onDisk: existsSync(path) }
    })
  })),
  media: [...state.seerr.media.values()].map(({ id, kind, tmdb, status }) => ({ id, kind, tmdb, status })),
  requests: [...state.seerr.requests.values()].map(({ id, mediaId }) => ({ id, mediaId })),
  users: [...state.jellyfin.users.values()].map(({ id, name }) => ({ id, name })),
  items: [...state.jellyfin.items.values()].map(({ id, type, name, paths }) => ({ id, type, name, paths })),
  collections: [...state.jellyfin.items.values()]
    .filter(({ type }) => type === "BoxSet")
    .map(({ name, children }) => ({
      name,
      items: children.map((id) => state.jellyfin.items.get(id)?.name ?? id)
    }))
})
export type Snapshot = ReturnType<typeof snapshot>
