import { existsSync, unlinkSync } from "node:fs"
import { join } from "node:path"
import type { ServiceOptions } from "./jellyfin.ts"
import { type FakeServer, type Handler, json, type Page, type Reply, startServer } from "./server.ts"
import { type SeerrMedia, type SeerrRequest, type SeerrUser, touch } from "./state.ts"

const time = (at: number) => new Date(at).toISOString()
const refusal = (status: number, message: string): Reply => json({ message, errors: [] }, status)
const denied: Reply = json({ status: 403, error: "You do not have permission to access this endpoint" }, 403)

export const startSeerr = (options: ServiceOptions): Promise<FakeServer> => {
  const { state } = options
  const { seerr } = state

  const user = (one: SeerrUser) => ({
    permissions: one.id === 1 ? 2 : 32,
    warnings: [],
    id: one.id,
    email: `${one.name.toLowerCase().replaceAll(/[^a-z0-9]/gu, "-")}@example.org`,
    plexUsername: null,
    jellyfinUsername: one.jellyfinUsername,
    username: null,
    recoveryLinkExpirationDate: null,
    userType: 3,
    plexId: null,
    jellyfinUserId: one.jellyfinUserId,
    avatar: `/avatarproxy/${one.jellyfinUserId ?? "none"}`,
    createdAt: time(Date.UTC(2023, 0, 1)),
    updatedAt: time(Date.UTC(2023, 0, 1)),
    requestCount: [...seerr.requests.values()].filter(({ userId }) => userId === one.id).length,
    displayName: one.name
  })
  const media = (one: SeerrMedia) => ({
    downloadStatus: [],
    downloadStatus4k: [],
    id: one.id,
    mediaType: one.kind,
    tmdbId: one.tmdb,
    tvdbId: one.tvdb,
    imdbId: one.imdb,
    status: one.status,
    status4k: 1,
    createdAt: time(one.created),
    updatedAt: time(one.created),
    mediaAddedAt: time(one.created),
    serviceId: 0,
    externalServiceId: one.externalId,
    jellyfinMediaId: one.jellyfinId,
    seasons: one.seasons.map((seasonNumber, index) => ({
      id: index + 1,
      seasonNumber,
      status: one.status,
      status4k: 1
    }))
  })
  const request = (one: SeerrRequest) => {
    const of = seerr.media.get(one.mediaId)
    const by = one.userId === null ? undefined : seerr.users.get(one.userId)
    return {
      id: one.id,
      status: one.status,
      createdAt: time(one.created),
      updatedAt: time(one.created),
      type: of?.kind ?? "movie",
      is4k: one.is4k,
      serverId: 0,
      profileId: 1,
      rootFolder: "/media",
      languageProfileId: null,
      tags: [],
      isAutoRequest: false,
      ...(of === undefined ? {} : { media: media(of) }),
      seasons: one.seasons.map((seasonNumber, index) => ({ id: index + 1, seasonNumber, status: one.status })),
      modifiedBy: null,
      ...(by === undefined ? {} : { requestedBy: user(by) }),
      seasonCount: one.seasons.length
    }
  }

  const listing =
    <Row>(usual: number, select: (query: URLSearchParams) => ReadonlyArray<Row>, write: (row: Row) => unknown) =>
    (change: (page: Page) => Page): Handler =>
    ({ query }) => {
      const take = query.get("take") ? Number(query.get("take")) : usual
      const skip = query.get("skip") ? Number(query.get("skip")) : 0
      // Its own check by the document.
      if (!Number.isFinite(take + skip)) return refusal(400, "request/query/take must be number")
      const all = select(query)
      const page = change({
        items: all.slice(skip, skip + take).map((row) => JSON.stringify(write(row))),
        total: all.length,
        start: skip
      })
      const info = {
        pages: Math.ceil(page.total / take),
        pageSize: take,
        results: page.total,
        page: Math.ceil(skip / take) + 1
      }
      return { status: 200, body: `{"pageInfo":${JSON.stringify(info)},"results":[${page.items.join(",")}]}` }
    }

  const newest = (query: URLSearchParams) => (query.get("sortDirection") === "asc" ? 1 : -1)
  const statusFilter = (query: URLSearchParams): ((one: SeerrMedia) => boolean) => {
    switch (query.get("filter")) {
      case "available":
      case "allavailable":
        return ({ status }) => status === 5
      case "deleted":
        return ({ status }) => status === 6
      case "pending":
        return ({ status }) => status === 2
      case "processing":
        return ({ status }) => status === 3
      default:
        return () => true
    }
  }

  const removeMedia = (one: SeerrMedia) => {
    seerr.media.delete(one.id)
    for (const { id, mediaId } of seerr.requests.values()) if (mediaId === one.id) seerr.requests.delete(id)
  }

  /** The whole title goes from its arr, all seasons of it, with the files. */
  const removeFromArr = (one: SeerrMedia, is4k: boolean) => {
    const name = one.kind === "movie" ? (is4k ? "radarr4k" : "radarr") : is4k ? "sonarr4k" : "sonarr"
    const arr = state.arrs.get(name)
    const owners = [...(arr?.movies.values() ?? []), ...(arr?.series.values() ?? [])]
    const owner = owners.find((title) => ("tvdb" in title ? title.tvdb === one.tvdb : title.tmdb === one.tmdb))
    if (arr === undefined || owner === undefined) return
    for (const file of [...arr.files.values()].filter(({ ownerId }) => ownerId === owner.id)) {
      const path = join(owner.path, file.relativePath)
      if (!path.startsWith(`${state.folder}/`)) throw new Error(`${path} is outside of the world`)
      if (existsSync(path)) unlinkSync(path)
      arr.files.delete(file.id)
    }
    for (const { id } of arr.episodesOf.get(owner.id) ?? []) arr.episodes.delete(id)
    arr.movies.delete(owner.id)
    arr.series.delete(owner.id)
  }

  return startServer({
    ...options,
    base: "/api/v1",
    changed: () => touch(state),
    refuse: ({ headers }, target) => {
      if (target.pathname === "/api/v1/status" || headers["x-api-key"] === options.key) return null
      // Without any the document's own check answers; a wrong one passes it and is nobody.
      return headers["x-api-key"] === undefined ? refusal(401, "cookie 'connect.sid' required") : denied
    },
    routes: {
      "GET /status": () => () =>
        json({
          version: "3.0.1",
          commitTag: "local",
          updateAvailable: false,
          commitsBehind: 0,
          restartRequired: false
        }),
      "GET /auth/me": () => () => {
        const [first] = seerr.users.values()
        return first === undefined ? denied : json({ ...user(first), permissions: 2 })
      },
      "GET /user": listing(10, () => [...seerr.users.values()], user),
      "GET /request": listing(
        10,
        (query) => {
          const wanted = statusFilter(query)
          const by = query.get("requestedBy")
          const kind = query.get("mediaType") ?? "all"
          return [...seerr.requests.values()]
            .filter(({ mediaId, userId }) => {
              const of = seerr.media.get(mediaId)
              if (of === undefined || !wanted(of)) return false
              return (by === null || userId === Number(by)) && (kind === "all" || of.kind === kind)
            })
            .toSorted((a, b) => (a.id - b.id) * newest(query))
        },
        request
      ),
      "GET /request/{requestId}":
        () =>
        (_, { requestId }) => {
          const one = seerr.requests.get(Number(requestId))
          return one === undefined ? refusal(404, "Request not found.") : json(request(one))
        },
      "DELETE /request/{requestId}":
        () =>
        (_, { requestId }) =>
          seerr.requests.delete(Number(requestId)) ? { status: 204 } : refusal(404, "Request not found."),
      "GET /media": listing(
        20,
        (query) => [...seerr.media.values()].filter(statusFilter(query)).toSorted((a, b) => b.id - a.id),
        media
      ),
      "DELETE /media/{mediaId}":
        () =>
        (_, { mediaId }) => {
          const one = seerr.media.get(Number(mediaId))
          if (one === undefined) return refusal(404, "Media not found")
          removeMedia(one)
          return { status: 204 }
        },
      "DELETE /media/{mediaId}/file":
        () =>
        ({ query }, { mediaId }) => {
          const one = seerr.media.get(Number(mediaId))
          if (one === undefined) return refusal(404, "Media not found")
          removeFromArr(one, query.get("is4k") === "true")
          return { status: 204 }
        }
    }
  })
}
