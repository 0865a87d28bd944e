import { randomBytes } from "node:crypto"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { Schema } from "effect"
import { makeCategories } from "./qbittorrent-categories.ts"
import { makeSteering } from "./qbittorrent-steering.ts"
import {
  Dialect,
  type FakeTorrent,
  fileRows,
  infoRow,
  makeTorrent,
  TorrentSpec,
  trackerRows
} from "./qbittorrent-torrents.ts"

export const FakeOptions = Schema.Struct({
  dialect: Schema.optionalKey(Dialect),
  port: Schema.optionalKey(Schema.Natural),
  username: Schema.optionalKey(Schema.String),
  password: Schema.optionalKey(Schema.String),
  /** Known from 5.2 on; ignored before, as by the real one. */
  apiKey: Schema.optionalKey(Schema.String),
  bypassLocalhost: Schema.optionalKey(Schema.Boolean),
  defaultSavePath: Schema.optionalKey(Schema.String),
  /** Category to save path. */
  categories: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  torrents: Schema.optionalKey(Schema.Array(TorrentSpec)),
  /** Milliseconds until what it shows is renewed, and that a move and a check take; a few each. */
  refreshMillis: Schema.optionalKey(Schema.Natural),
  moveMillis: Schema.optionalKey(Schema.Natural),
  checkMillis: Schema.optionalKey(Schema.Natural)
})
export type FakeOptions = typeof FakeOptions.Type

export interface Call {
  readonly method: string
  /** Without /api/v2. */
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
  readonly as: "nobody" | "cookie" | "key" | "wrong key"
}

export const FakeDials = Schema.Struct({
  /** torrents/info answers `[]`, as after a lost profile. */
  emptyList: Schema.Boolean,
  /** Every log-in is answered with the ban's 403. */
  banned: Schema.Boolean,
  bypassLocalhost: Schema.Boolean
})
export type FakeDials = typeof FakeDials.Type

export interface Reply {
  readonly status: number
  readonly type?: string
  readonly body?: string | Buffer
  readonly cookie?: string
}

const json = (value: unknown): Reply => ({ status: 200, type: "application/json", body: JSON.stringify(value) })
export const text = (status: number, body: string): Reply => ({ status, body })
const bannedText = "Your IP address has been banned after too many failed authentication attempts."
const maxFailures = 5

export type State = ReturnType<typeof makeState>

/** What the client remembers, and what it answers to a call that reached it whole. */
export const makeState = (options: FakeOptions) => {
  const dialect = options.dialect ?? "5.2"
  const username = options.username ?? "admin"
  const password = options.password ?? "adminadmin"
  const torrents = new Map<string, FakeTorrent>()
  const categories = makeCategories(options.categories ?? {}, dialect, torrents, (torrent, savePath) => {
    torrents.set(torrent.hash, { ...torrent, savePath })
  })
  const steering = makeSteering({
    dialect,
    torrents,
    categoryPath: (name) => categories.rows()[name]?.savePath,
    defaultSavePath: options.defaultSavePath ?? "/downloads",
    refreshMillis: options.refreshMillis ?? 6,
    moveMillis: options.moveMillis ?? 4,
    checkMillis: options.checkMillis ?? 4
  })
  const sessions = new Set<string>()
  let failures = 0
  let dials: FakeDials = { emptyList: false, banned: false, bypassLocalhost: options.bypassLocalhost ?? false }

  const add = (spec: TorrentSpec): FakeTorrent => {
    const torrent = makeTorrent(spec)
    torrents.set(torrent.hash, torrent)
    steering.forget(torrent.hash)
    return torrent
  }
  for (const spec of options.torrents ?? []) add(spec)

  const knowsKeys = dialect === "5.2"
  const newSession = (port: number): string => {
    const id = randomBytes(24).toString("base64")
    sessions.add(id)
    return `${knowsKeys ? `QBT_SID_${port}` : "SID"}=${id}; HttpOnly; path=/; SameSite=Strict`
  }

  const logIn = (fields: Call["fields"], port: number): Reply => {
    if (dials.banned || failures >= maxFailures) return text(403, bannedText)
    if (dials.bypassLocalhost || (fields["username"] === username && fields["password"] === password)) {
      failures = 0
      return { ...(knowsKeys ? { status: 204 } : text(200, "Ok.")), cookie: newSession(port) }
    }
    failures += 1
    return knowsKeys ? text(401, "Unauthorized") : text(200, "Fails.")
  }

  const ofTorrent = (fields: Call["fields"], reply: (torrent: FakeTorrent) => Reply): Reply => {
    const torrent = torrents.get(fields["hash"] ?? "")
    return torrent === undefined ? text(404, "Not Found") : reply(torrent)
  }

  const remove = (method: string, fields: Call["fields"]): Reply => {
    if (method !== "POST") return text(405, "Method Not Allowed")
    const { hashes, deleteFiles } = fields
    if (hashes === undefined || deleteFiles === undefined) return text(400, "Bad Request")
    for (const hash of hashes === "all" ? [...torrents.keys()] : hashes.split("|")) {
      const torrent = torrents.get(hash)
      if (torrent === undefined) continue
      torrents.delete(hash)
      if (deleteFiles !== "true") continue
      for (const file of torrent.files) rmSync(join(torrent.savePath, file.name), { force: true })
    }
    return text(200, "")
  }

  const list = (fields: Call["fields"]): Reply => {
    const only = fields["hashes"] === undefined ? undefined : new Set(fields["hashes"].split("|"))
    const shown = dials.emptyList ? [] : [...torrents.values()].filter((torrent) => only?.has(torrent.hash) ?? true)
    return json(shown.map((torrent) => infoRow(torrent, dialect)))
  }

  const versions: Readonly<Record<Dialect, string>> = { "4.5": "v4.5.2", "5.1": "v5.1.4", "5.2": "v5.2.3" }

  const route = ({ method, path, fields }: Call): Reply => {
    steering.advance()
    switch (path) {
      case "/app/version":
        return text(200, versions[dialect])
      case "/app/defaultSavePath":
        return text(200, options.defaultSavePath ?? "/downloads")
      case "/torrents/info":
        return list(fields)
      case "/torrents/categories":
        return json(categories.rows())
      case "/torrents/createCategory":
        return method === "POST" ? categories.create(fields) : text(405, "Method Not Allowed")
      case "/torrents/editCategory":
        return method === "POST" ? categories.edit(fields) : text(405, "Method Not Allowed")
      case "/torrents/files":
        return ofTorrent(fields, (torrent) => json(fileRows(torrent)))
      case "/torrents/trackers":
        return ofTorrent(fields, (torrent) => json(trackerRows(torrent)))
      case "/torrents/export":
        return ofTorrent(fields, ({ bytes }) =>
          bytes === undefined
            ? text(409, "Unable to export torrent file. Error: Missing metadata")
            : { status: 200, type: "application/x-bittorrent", body: bytes }
        )
      case "/torrents/delete":
        return remove(method, fields)
      default:
        return steering.route(method, path, fields) ?? text(404, "Not Found")
    }
  }

  return {
    steering,
    username,
    password,
    torrents,
    add,
    set: (change: Partial<FakeDials>) => {
      dials = { ...dials, ...change }
    },
    expireSessions: () => sessions.clear(),
    /** Who the headers say it is. A key that is wrong is refused, whatever cookie comes with it. */
    identify: (authorization: string | undefined, cookie: string): Call["as"] => {
      if (knowsKeys && authorization !== undefined) {
        return options.apiKey !== undefined && authorization === `Bearer ${options.apiKey}` ? "key" : "wrong key"
      }
      const values = cookie.split(";").map((pair) => pair.slice(pair.indexOf("=") + 1).trim())
      return values.some((value) => sessions.has(value)) ? "cookie" : "nobody"
    },
    perform: (call: Call, port: number): Reply => {
      if (call.as === "wrong key") return text(403, "Forbidden")
      if (call.path === "/auth/login") return logIn(call.fields, port)
      if (call.as !== "nobody") return route(call)
      return dials.bypassLocalhost ? { ...route(call), cookie: newSession(port) } : text(403, "Forbidden")
    }
  }
}
