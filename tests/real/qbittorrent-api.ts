import { Data, Effect, Schema } from "effect"
import type { Torrent } from "./torrent.ts"

/** A status of 0 means that no answer came. */
export class ApiError extends Data.TaggedError("ApiError")<{
  readonly path: string
  readonly status: number
  readonly body: string
}> {
  override get message() {
    return `qBittorrent ${this.path}: ${this.status} ${this.body}`
  }
}

export const TorrentInfo = Schema.Struct({
  hash: Schema.String,
  name: Schema.String,
  state: Schema.String,
  category: Schema.String,
  tags: Schema.String,
  progress: Schema.Finite,
  amount_left: Schema.Finite,
  save_path: Schema.String,
  content_path: Schema.String,
  download_path: Schema.String,
  completion_on: Schema.Finite,
  seeding_time: Schema.Finite,
  ratio: Schema.Finite
})
export type TorrentInfo = typeof TorrentInfo.Type

export const TorrentFile = Schema.Struct({ name: Schema.String, size: Schema.Finite, progress: Schema.Finite })

export interface AddOptions {
  readonly savePath?: string
  readonly category?: string
  readonly tags?: string
  readonly stopped?: boolean
  /** Takes the data at the save path as complete without reading it. */
  readonly skipChecking?: boolean
  readonly contentLayout?: "Original" | "Subfolder" | "NoSubfolder"
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  readonly text: string
}

type Fields = Readonly<Record<string, string>>

/** The headers by which each request proves who asks; empty under the localhost bypass. */
export type Credentials = Readonly<Record<string, string>>

export const apiKeyCredentials = (key: string): Credentials => ({ authorization: `Bearer ${key}` })

/** Sends one request and answers with whatever status comes back; fails only when there is no answer within 15 s. */
export const send = (
  url: string,
  path: string,
  init: { readonly body?: URLSearchParams | FormData; readonly headers?: Credentials } = {}
): Effect.Effect<ApiAnswer, ApiError> =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(`${url}/api/v2/${path}`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(15_000)]),
        redirect: "manual",
        headers: init.headers ?? {},
        ...(init.body === undefined ? {} : { method: "POST", body: init.body })
      })
      const bytes = Buffer.from(await response.arrayBuffer())
      return { status: response.status, headers: response.headers, bytes, text: bytes.toString() }
    },
    catch: (cause) => new ApiError({ path, status: 0, body: String(cause) })
  })

/** Logs in and answers with the cookie to send from then on, whatever its name is in this version. */
export const login = (url: string, username: string, password: string): Effect.Effect<Credentials, ApiError> =>
  Effect.gen(function* () {
    const answer = yield* send(url, "auth/login", { body: new URLSearchParams({ username, password }) })
    const [cookie] = answer.headers.getSetCookie().map((line) => line.split(";")[0] ?? "")
    if (answer.status < 200 || answer.status > 299 || cookie === undefined) {
      return yield* new ApiError({ path: "auth/login", status: answer.status, body: answer.text })
    }
    return { cookie }
  })

export type Api = ReturnType<typeof makeApi>

export const makeApi = (url: string, headers: Credentials) => {
  const ok = (path: string, body?: URLSearchParams | FormData) =>
    Effect.filterOrFail(
      send(url, path, body === undefined ? { headers } : { headers, body }),
      (answer) => answer.status >= 200 && answer.status < 300,
      (answer) => new ApiError({ path, status: answer.status, body: answer.text })
    )
  const get = (path: string, query: Fields = {}) => {
    const search = new URLSearchParams(query).toString()
    return ok(search === "" ? path : `${path}?${search}`)
  }
  const post = (path: string, fields: Fields = {}) => ok(path, new URLSearchParams(fields))
  const decoded = <S extends Schema.ConstraintCodec<unknown, unknown>>(schema: S, path: string, query?: Fields) =>
    get(path, query).pipe(
      Effect.flatMap((answer) =>
        Effect.mapError(
          Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(answer.text),
          (cause) => new ApiError({ path, status: answer.status, body: cause.message })
        )
      )
    )
  const torrents = decoded(Schema.Array(TorrentInfo), "torrents/info")
  // 4.x knows pause and resume, 5.x stop and start; the wrong one is answered with 404.
  const either = (newer: string, older: string, fields: Fields) =>
    post(newer, fields).pipe(
      Effect.catchTag("ApiError", (error) => (error.status === 404 ? post(older, fields) : Effect.fail(error)))
    )
  return {
    get,
    post,
    torrents,
    torrent: (infohash: string) =>
      Effect.map(torrents, (all): TorrentInfo | undefined => all.find((torrent) => torrent.hash === infohash)),
    files: (infohash: string) => decoded(Schema.Array(TorrentFile), "torrents/files", { hash: infohash }),
    /** Both versions' names of each flag are sent: an unknown one is ignored. */
    add: (torrent: Torrent, options: AddOptions = {}) => {
      const form = new FormData()
      form.set("torrents", new Blob([new Uint8Array(torrent.bytes)]), `${torrent.infohash}.torrent`)
      form.set("autoTMM", "false")
      form.set("contentLayout", options.contentLayout ?? "Original")
      for (const name of ["paused", "stopped"]) form.set(name, String(options.stopped ?? false))
      for (const name of ["skip_checking", "seedMode"]) form.set(name, String(options.skipChecking ?? false))
      if (options.savePath !== undefined) form.set("savepath", options.savePath)
      if (options.category !== undefined) form.set("category", options.category)
      if (options.tags !== undefined) form.set("tags", options.tags)
      return Effect.filterOrFail(
        ok("torrents/add", form),
        (answer) => answer.text !== "Fails.",
        (answer) => new ApiError({ path: "torrents/add", status: answer.status, body: answer.text })
      )
    },
    export: (infohash: string) => Effect.map(get("torrents/export", { hash: infohash }), (answer) => answer.bytes),
    remove: (infohash: string, deleteFiles: boolean) =>
      post("torrents/delete", { hashes: infohash, deleteFiles: String(deleteFiles) }),
    stop: (infohash: string) => either("torrents/stop", "torrents/pause", { hashes: infohash }),
    start: (infohash: string) => either("torrents/start", "torrents/resume", { hashes: infohash }),
    renameFile: (infohash: string, oldPath: string, newPath: string) =>
      post("torrents/renameFile", { hash: infohash, oldPath, newPath }),
    renameFolder: (infohash: string, oldPath: string, newPath: string) =>
      post("torrents/renameFolder", { hash: infohash, oldPath, newPath }),
    recheck: (infohash: string) => post("torrents/recheck", { hashes: infohash }),
    addPeers: (infohash: string, peers: ReadonlyArray<string>) =>
      post("torrents/addPeers", { hashes: infohash, peers: peers.join("|") })
  }
}
