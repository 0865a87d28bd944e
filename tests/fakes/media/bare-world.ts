import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ArrName } from "../../../src/domain/watchedWorld.ts"
import type { Contract } from "../openapi.ts"
import { type Amount, populate } from "./big.ts"
import { startJellyfin } from "./jellyfin.ts"
import { makeMovie } from "./movie.ts"
import { startRadarr } from "./radarr.ts"
import { startSeerr } from "./seerr.ts"
import { makeSeries } from "./series.ts"
import type { FakeServer } from "./server.ts"
import { startSonarr } from "./sonarr.ts"
import type { MovieHandle, MovieSpec, SeriesHandle, SeriesSpec } from "./specs.ts"
import { warm } from "./warm.ts"
import {
  arrOf,
  type JellyfinItem,
  type JellyfinUser,
  makeArr,
  type MediaState,
  nextId,
  nextUuid,
  type ServiceName,
  touch,
  type UserData
} from "./state.ts"
import { dataOf, enqueue, type Making, replaceFile, request, tagId } from "./titles.ts"

export interface WorldOptions {
  /** A new one below the system's temporary folder by default, removed by `close`. */
  readonly folder?: string
  /** The services' clock; this machine's by default. */
  readonly now?: () => number
  /** By default radarr and sonarr. */
  readonly arrs?: ReadonlyArray<ArrName>
  readonly seerr?: boolean
  /** The first is "admin" by default. */
  readonly users?: ReadonlyArray<string>
  /** Tags of each arr; "keep" by default. */
  readonly tags?: ReadonlyArray<string>
  /** False: titles have no files on the disk. */
  readonly writesFiles?: boolean
  /** Whether calls are held against the official documents, where those are to be had; true by default. */
  readonly validates?: boolean
  /** What a service in a container has in the place of the world's folder. */
  readonly seenAs?: Partial<Record<ServiceName, string>>
  readonly ports?: Partial<Record<ServiceName, number>>
}

/** Jellyfin, the arrs and Seerr, of one mind. */
export interface World {
  readonly state: MediaState
  readonly folder: string
  readonly jellyfin: FakeServer
  /** Throws where the world has none of that name. */
  readonly arr: (name: ArrName) => FakeServer
  readonly radarr: FakeServer
  readonly sonarr: FakeServer
  /** Throws in a world without it. */
  readonly seerr: FakeServer
  readonly servers: ReadonlyMap<ServiceName, FakeServer>
  readonly user: (name: string, more?: { readonly admin?: boolean; readonly disabled?: boolean }) => JellyfinUser
  readonly movie: (spec: MovieSpec) => MovieHandle
  readonly series: (spec: SeriesSpec) => SeriesHandle
  /** Many titles at once, as text kept ready. Files are not written. */
  readonly populate: (amount: Amount) => void
  /** Makes the answers of a large world ready, so that who is measured does not wait for the fakes. */
  readonly warm: () => Promise<void>
  /** Changes what a user did with an item. */
  readonly set: (item: JellyfinItem | null, user: string, data: Partial<UserData>) => void
  readonly watch: (item: JellyfinItem | null, user: string, at: number | null) => void
  /** Begins a session; the answer ends it. */
  readonly play: (item: JellyfinItem | null, user: string, along?: ReadonlyArray<string>) => () => void
  /** Makes a tag where it is missing; its id. */
  readonly tag: (arr: ArrName, label: string) => number
  /**
   * The file of a film or an episode came anew: its arr has another record of it, imported now, and Jellyfin another
   * DateCreated; what users did stays.
   */
  readonly replace: (title: MovieHandle | SeriesHandle, at: number, season?: number, episode?: number) => void
  readonly queue: (title: MovieHandle | SeriesHandle, season?: number, episode?: number) => void
  /** Answers the id of the media record. */
  readonly request: (title: MovieHandle | SeriesHandle, user: string | null, seasons?: ReadonlyArray<number>) => number
  /** Jellyfin's scan of its libraries: what has no file any more vanishes. */
  readonly scan: () => void
  /** The `watched` part of a config.json for this world. */
  readonly config: (more?: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>
  /** What the official documents do not allow, of all servers. */
  readonly violations: () => ReadonlyArray<string>
  /** Stops all; throws where a call or an answer was not as documented. */
  readonly close: () => Promise<void>
}

const need = <Value>(value: Value | null | undefined, what: string): Value => {
  if (value === null || value === undefined) throw new Error(`this world has no ${what}`)
  return value
}

const isMovie = (title: MovieHandle | SeriesHandle): title is MovieHandle => "movie" in title

/**
 * Starts the fakes of all four, on loopback, with real files below one folder. `contractOf` says what calls are held
 * against. It comes from outside: the demo, which is packaged, has no validator.
 */
export const startWorldWith = async (
  contractOf: (name: ServiceName) => Contract | null,
  options: WorldOptions = {}
): Promise<World> => {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "media-world-"))
  const state: MediaState = {
    folder,
    jellyfin: { users: new Map(), items: new Map(), sessions: [], keyHasNoUser: false },
    arrs: new Map(),
    seerr: { users: new Map(), media: new Map(), requests: new Map() },
    seenAs: options.seenAs ?? {},
    revision: 0,
    keepsAnswers: false,
    now: options.now ?? Date.now,
    changed: null
  }
  const keys = join(folder, "keys")
  mkdirSync(keys, { recursive: true })
  const folders: Record<ArrName, string> = {
    radarr: "movies",
    radarr4k: "movies-4k",
    sonarr: "tv",
    sonarr4k: "tv-4k"
  }
  const servers = new Map<ServiceName, FakeServer>()
  const optionsOf = (name: ServiceName) => {
    const key = randomBytes(16).toString("hex")
    const keyFile = join(keys, name)
    writeFileSync(keyFile, `${key}\n`, { mode: 0o600 })
    const port = options.ports?.[name]
    const contract = options.validates === false ? null : contractOf(name)
    return { name, key, keyFile, contract, state, ...(port === undefined ? {} : { port }) }
  }
  servers.set("jellyfin", await startJellyfin(optionsOf("jellyfin")))
  for (const name of options.arrs ?? (["radarr", "sonarr"] as const)) {
    const root = join(folder, folders[name])
    mkdirSync(root, { recursive: true })
    const arr = makeArr(name, root)
    state.arrs.set(name, arr)
    for (const label of options.tags ?? ["keep"]) tagId(arr, label)
    servers.set(name, await (arr.kind === "movies" ? startRadarr : startSonarr)({ ...optionsOf(name), arr }))
  }
  if (options.seerr !== false) servers.set("seerr", await startSeerr(optionsOf("seerr")))

  const user: World["user"] = (name, more = {}) => {
    const { users } = state.jellyfin
    const made = { id: nextUuid(), name, admin: more.admin ?? users.size === 0, disabled: more.disabled ?? false }
    users.set(made.id, made)
    const id = nextId()
    state.seerr.users.set(id, { id, name, jellyfinUserId: made.id, jellyfinUsername: name })
    touch(state)
    return made
  }
  const userNamed = (name: string) =>
    need(
      [...state.jellyfin.users.values()].find((one) => one.name === name),
      `user ${name}`
    )
  for (const name of options.users ?? ["admin"]) user(name)
  const making: Making = { state, writesFiles: options.writesFiles ?? true, userId: (name) => userNamed(name).id }
  const set: World["set"] = (item, name, data) => {
    Object.assign(dataOf(need(item, "such item"), userNamed(name).id), data)
    touch(state)
  }
  const serverOf = (name: ServiceName) => need(servers.get(name), name)
  const violations = () => [...servers.values()].flatMap((server) => server.violations)

  return {
    state,
    folder,
    jellyfin: serverOf("jellyfin"),
    arr: serverOf,
    get radarr() {
      return serverOf("radarr")
    },
    get sonarr() {
      return serverOf("sonarr")
    },
    get seerr() {
      return serverOf("seerr")
    },
    servers,
    user,
    movie: (spec) => makeMovie(making, spec),
    series: (spec) => makeSeries(making, spec),
    populate: (amount) => populate({ ...making, writesFiles: false }, amount),
    warm: () => warm(state, servers),
    set,
    watch: (item, name, at) => set(item, name, { played: true, lastPlayed: at, playCount: 1 }),
    play: (item, name, along = []) => {
      const playing = need(item, "such item")
      const session = {
        userId: userNamed(name).id,
        itemId: playing.id,
        paused: false,
        with: along.map((one) => userNamed(one).id)
      }
      state.jellyfin.sessions.push(session)
      touch(state)
      return () => {
        state.jellyfin.sessions = state.jellyfin.sessions.filter((one) => one !== session)
        touch(state)
      }
    },
    tag: (name, label) => tagId(arrOf(state, name), label),
    replace: (title, at, season, episode) => {
      const arr = arrOf(state, title.arr)
      if (isMovie(title)) {
        const movie = need(title.movie, "such movie")
        movie.fileId = replaceFile(making, arr, movie, movie.fileId, at).id
        if (title.item !== null) title.item.created = at
        return
      }
      const one = title.episode(season ?? 0, episode ?? 0)
      const { id, fileId } = need(one.episode, "such episode")
      const owner = need(title.series, "such series")
      const shared = (arr.episodesOf.get(owner.id) ?? []).filter((other) => other.id === id || other.fileId === fileId)
      const file = replaceFile(making, arr, owner, fileId, at)
      for (const other of shared) other.fileId = file.id
      if (one.item !== null) one.item.created = at
    },
    queue: (title, season, episode) => {
      const arr = arrOf(state, title.arr)
      if (isMovie(title)) return enqueue(state, arr, need(title.movie, "such movie"), null)
      const one = season === undefined || episode === undefined ? null : title.episode(season, episode).episode
      enqueue(state, arr, need(title.series, "such series"), one)
    },
    request: (title, by, seasons) => {
      const common = { imdb: null, jellyfinId: title.item?.id ?? null, by, at: state.now() }
      if (isMovie(title)) {
        const { id, tmdb } = need(title.movie, "such movie")
        return request(state, { ...common, kind: "movie", tmdb, tvdb: null, externalId: id, seasons: [] })
      }
      const { id, tmdb, tvdb, seasons: all } = need(title.series, "such series")
      const wanted = seasons ?? [...all.keys()].filter((one) => one > 0)
      return request(state, { ...common, kind: "tv", tmdb, tvdb, externalId: id, seasons: wanted })
    },
    scan: () => {
      for (const item of state.jellyfin.items.values()) {
        if (item.type !== "Movie" && item.type !== "Episode") continue
        item.paths = item.paths.filter((path) => existsSync(path))
        if (item.paths.length === 0) state.jellyfin.items.delete(item.id)
      }
      touch(state)
    },
    config: (more = {}) => ({
      ...Object.fromEntries(
        [...servers].map(([name, { url, keyFile }]) => {
          const root = state.seenAs[name]
          const pathMap = root === undefined || name === "seerr" ? {} : { pathMap: { [root]: folder } }
          return [name, { url, apiKeyFile: keyFile, ...pathMap }]
        })
      ),
      ...more
    }),
    violations,
    close: async () => {
      for (const server of servers.values()) await server.stop()
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
      const found = violations()
      if (found.length > 0) throw new Error(`not as documented:\n${found.join("\n")}`)
    }
  }
}
