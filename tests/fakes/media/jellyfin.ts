import { existsSync, unlinkSync } from "node:fs"
import type { IncomingMessage } from "node:http"
import type { Contract } from "../openapi.ts"
import { dotNetTime, makeItems } from "./jellyfin-items.ts"
import { listOf, makeSelect, nextUp, uuidOf, flagOf } from "./jellyfin-queries.ts"
import { json, type FakeServer, type Handler, type Page, type Reply, startServer } from "./server.ts"
import { type JellyfinItem, type JellyfinUser, type MediaState, touch } from "./state.ts"
import { makeItem } from "./titles.ts"

export interface ServiceOptions {
  readonly name: string
  readonly key: string
  readonly keyFile: string
  readonly contract: Contract | null
  readonly state: MediaState
  readonly port?: number
}

const nobody = "00000000000000000000000000000000"
const gone: Reply = json({ type: "about:blank", title: "Not Found", status: 404 }, 404)
const bad: Reply = json({ type: "about:blank", title: "Bad Request", status: 400 }, 400)
const done: Reply = { status: 204 }

/** As of 12: the Authorization header and nothing else. */
const tokenOf = (request: IncomingMessage): string | undefined => {
  const header = request.headers.authorization ?? ""
  return header.startsWith("MediaBrowser ") ? /(?:^|[\s,])Token="?([^",]+)"?/u.exec(header)?.[1] : undefined
}

const userDto = (user: JellyfinUser) => ({
  Name: user.name,
  ServerId: "5eed",
  Id: user.id,
  EnableAutoLogin: false,
  LastLoginDate: dotNetTime(Date.UTC(2024, 0, 1)),
  Policy: {
    IsAdministrator: user.admin,
    IsHidden: true,
    IsDisabled: user.disabled,
    EnableAllFolders: true,
    AuthenticationProviderId: "Jellyfin.Server.Implementations.Users.DefaultAuthenticationProvider",
    PasswordResetProviderId: "Jellyfin.Server.Implementations.Users.DefaultPasswordResetProvider"
  }
})

const publicInfo = { LocalAddress: "http://127.0.0.1:8096", ServerName: "fake", Version: "12.0.0", Id: "5eed" }

export const startJellyfin = (options: ServiceOptions): Promise<FakeServer> => {
  const { state } = options
  const { jellyfin } = state
  const items = makeItems(state)
  const select = makeSelect(state, items)
  for (const name of ["Movies", "Shows"]) makeItem(state, "CollectionFolder", name)

  /** Undefined: one is named, and there is none of that id. Null: a key on its own counts for no user. */
  const userOf = (query: URLSearchParams): JellyfinUser | null | undefined => {
    const id = query.get("userId")
    if (jellyfin.keyHasNoUser || id === null || uuidOf(id) === nobody) return null
    return jellyfin.users.get(uuidOf(id))
  }

  const listing =
    (find: (query: URLSearchParams, user: JellyfinUser | null) => ReadonlyArray<JellyfinItem> | null) =>
    (change: (page: Page) => Page): Handler =>
    ({ query }) => {
      const user = userOf(query)
      if (user === undefined) return gone
      const found = find(query, user)
      if (found === null) return gone
      const start = Number(query.get("startIndex") ?? 0)
      const limit = query.has("limit") ? Number(query.get("limit")) : found.length
      const fields = listOf(query, "fields")
      const shown = flagOf(query, "enableUserData") === false ? null : user
      const texts = items.write(found.slice(start, start + limit), shown, fields)
      const counted = flagOf(query, "enableTotalRecordCount") ?? true
      const page = change({ items: texts, total: counted ? found.length : 0, start })
      const body = `{"Items":[${page.items.join(",")}],"TotalRecordCount":${page.total},"StartIndex":${page.start}}`
      return { status: 200, body }
    }

  const collection = (id: string | undefined): JellyfinItem | undefined => {
    const item = jellyfin.items.get(uuidOf(id ?? ""))
    return item?.type === "BoxSet" ? item : undefined
  }

  /** The real one deletes the files of a title, and so does this one. */
  const remove = (item: JellyfinItem) => {
    for (const path of item.type === "BoxSet" ? [] : item.paths) {
      if (!path.startsWith(`${state.folder}/`)) throw new Error(`${path} is outside of the world`)
      if (existsSync(path)) unlinkSync(path)
    }
    jellyfin.items.delete(item.id)
  }

  const sessions = () => {
    const common = (userId: string) => ({
      PlayState: { CanSeek: true, IsPaused: false, IsMuted: false, RepeatMode: "RepeatNone", PlaybackOrder: "Default" },
      Id: `5e55${userId.slice(4)}`,
      UserId: userId,
      UserName: jellyfin.users.get(userId)?.name ?? "",
      Client: "Jellyfin Web",
      LastActivityDate: dotNetTime(state.now()),
      LastPlaybackCheckIn: dotNetTime(0),
      DeviceName: "Firefox",
      IsActive: true
    })
    const [first] = jellyfin.users.keys()
    const playing = jellyfin.sessions.flatMap((session) => {
      const item = jellyfin.items.get(session.itemId)
      if (item === undefined) return []
      const along = session.with.map((id) => ({ UserId: id, UserName: jellyfin.users.get(id)?.name ?? "" }))
      const [text = "{}"] = items.write([item], null, ["Path", "ProviderIds", "DateCreated"])
      const shown: unknown = JSON.parse(text)
      return [{ ...common(session.userId), AdditionalUsers: along, NowPlayingItem: shown }]
    })
    // Somebody has a browser open and plays nothing.
    return json([...playing, ...(first === undefined ? [] : [{ ...common(first), AdditionalUsers: [] }])])
  }

  return startServer({
    ...options,
    changed: () => touch(state),
    refuse: (request, target) =>
      tokenOf(request) === options.key || target.pathname === "/System/Info/Public" ? null : { status: 401 },
    routes: {
      "GET /System/Info/Public": () => () => json(publicInfo),
      "GET /System/Info": () => () => json({ ...publicInfo, HasPendingRestart: false, IsShuttingDown: false }),
      "GET /Users":
        () =>
        ({ query }) => {
          const disabled = flagOf(query, "isDisabled")
          const users = [...jellyfin.users.values()].filter((user) => disabled === null || user.disabled === disabled)
          return json(users.map(userDto))
        },
      // A key is nobody.
      "GET /Users/Me": () => () => bad,
      "GET /Users/{userId}":
        () =>
        (_, { userId = "" }) => {
          const user = jellyfin.users.get(uuidOf(userId))
          return user === undefined ? gone : json(userDto(user))
        },
      "GET /Items": listing(select),
      "GET /Items/{itemId}":
        () =>
        ({ query }, { itemId = "" }) => {
          const user = userOf(query)
          const item = jellyfin.items.get(uuidOf(itemId))
          if (user === undefined || item === undefined) return gone
          const [text = ""] = items.write([item], user, [
            "Path",
            "ProviderIds",
            "DateCreated",
            "MediaSources",
            "ParentId"
          ])
          return { status: 200, body: text }
        },
      "DELETE /Items/{itemId}":
        () =>
        (_, { itemId = "" }) => {
          const item = jellyfin.items.get(uuidOf(itemId))
          if (item === undefined) return gone
          remove(item)
          return done
        },
      "GET /UserItems/{itemId}/UserData":
        () =>
        ({ query }, { itemId = "" }) => {
          const user = userOf(query)
          const item = jellyfin.items.get(uuidOf(itemId))
          if (user === undefined || user === null || item === undefined) return gone
          return { status: 200, body: items.userData(item, user) }
        },
      "GET /Shows/NextUp": listing((query, user) => (user === null ? null : nextUp(items, query, user))),
      "GET /Sessions": () => sessions,
      "POST /Collections":
        () =>
        ({ query }) => {
          const children = [...new Set(listOf(query, "ids").map(uuidOf))]
          if (children.some((id) => !jellyfin.items.has(id))) return bad
          const { id } = makeItem(state, "BoxSet", query.get("name") ?? "", { children, created: state.now() })
          return json({ Id: id })
        },
      "POST /Collections/{collectionId}/Items":
        () =>
        ({ query }, { collectionId }) => {
          const set = collection(collectionId)
          const ids = listOf(query, "ids").map(uuidOf)
          if (set === undefined || ids.some((id) => !jellyfin.items.has(id))) return bad
          set.children = [...new Set([...set.children, ...ids])]
          return done
        },
      "DELETE /Collections/{collectionId}/Items":
        () =>
        ({ query }, { collectionId }) => {
          const set = collection(collectionId)
          if (set === undefined) return bad
          const ids = new Set(listOf(query, "ids").map(uuidOf))
          set.children = set.children.filter((id) => !ids.has(id))
          return done
        }
    }
  })
}
