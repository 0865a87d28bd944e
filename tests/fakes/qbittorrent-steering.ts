import { mkdirSync, statSync } from "node:fs"
import { Schema } from "effect"
import { toBytes } from "../../src/platform/BytePath.ts"
import { moveFiles, type MoveMode } from "./qbittorrent-move.ts"
import { makeClock } from "./qbittorrent-clock.ts"
import { fileProgressOf, isWhole, type Live, makeLive, neededOf, stateOf } from "./qbittorrent-live.ts"
import { download, pathOf, verify } from "./qbittorrent-payload.ts"
import { contentPathOf, type Dialect, type FakeTorrent } from "./qbittorrent-torrents.ts"

type Fields = Readonly<Record<string, string>>

interface Answer {
  readonly status: number
  readonly type?: string
  readonly body: string
}

export interface SteeringOptions {
  readonly dialect: Dialect
  readonly torrents: Map<string, FakeTorrent>
  /** Undefined: there is none of that name. "": named after the category. */
  readonly categoryPath: (name: string) => string | undefined
  readonly defaultSavePath: string
  readonly refreshMillis: number
  readonly moveMillis: number
  readonly checkMillis: number
}

const all = (pieces: ReadonlyArray<unknown>, value: boolean) => pieces.map(() => value)
const json = (value: unknown): Answer => ({ status: 200, type: "application/json", body: JSON.stringify(value) })
const done: Answer = { status: 200, body: "" }
const decodePreferences = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Record(Schema.String, Schema.Union([Schema.Boolean, Schema.String])))
)

/** The calls that stop, start, move and check torrents, and what comes of them: later, as with the real one. */
export const makeSteering = (options: SteeringOptions) => {
  const { dialect, torrents } = options
  const lives = new Map<string, Live>()
  const clock = makeClock()
  const { after } = clock
  /** Infohashes that were started with pieces lacking: each may have been written into. */
  const startedBelow: Array<string> = []
  let preferences: Readonly<Record<string, boolean | string>> = {
    temp_path_enabled: false,
    auto_tmm_enabled: false,
    torrent_changed_tmm_enabled: true,
    category_changed_tmm_enabled: false,
    recheck_completed_torrents: false
  }

  const liveOf = (torrent: FakeTorrent): Live => {
    const known = lives.get(torrent.hash)
    if (known === undefined) {
      const live = makeLive(torrent)
      lives.set(torrent.hash, live)
      return live
    }
    // Its category got another path.
    if (torrent.savePath !== known.savePath && !known.moving) {
      known.savePath = torrent.savePath
      adjust(known)
    }
    return known
  }

  const wholeNow = (live: Live) => isWhole(live, torrents.get(live.hash))

  /** Paths, file progress and management are shown as they are; the rest as of the last refresh. */
  const showPaths = (live: Live) => {
    const torrent = torrents.get(live.hash)
    if (torrent === undefined) return
    const { downloadPath, savePath } = live
    const files = torrent.files.map((file, index) => ({ ...file, progress: live.fileProgress[index] ?? 0 }))
    const contentPath = contentPathOf({ ...torrent, savePath: live.actual })
    torrents.set(live.hash, { ...torrent, savePath, downloadPath, contentPath, files })
  }

  const show = (live: Live) => {
    showPaths(live)
    const torrent = torrents.get(live.hash)
    if (torrent === undefined) return
    const needed = neededOf(live, torrent)
    const held = needed.filter((piece) => live.have[piece] === true).length
    const progress = live.missing || needed.length === 0 ? 0 : held / needed.length
    live.shownHave = live.missing ? all(live.have, false) : live.have
    const { amountLeft: _, ...rest } = torrent
    torrents.set(live.hash, { ...rest, state: stateOf(live, torrent), progress })
  }

  const refresh = (live: Live) => {
    showPaths(live)
    after(options.refreshMillis, () => show(live))
  }

  const check = (live: Live, then: "then run" | "then stop") => {
    live.checking = then
    live.needsCheck = false
    live.before = undefined
    live.check += 1
    const { check: number } = live
    refresh(live)
    after(options.refreshMillis + options.checkMillis, () => {
      const torrent = torrents.get(live.hash)
      if (live.check !== number || live.checking === "no" || torrent === undefined) return
      live.have =
        torrent.onDisk === true
          ? verify(torrent.files, live.layout, live.actual, live.hash)
          : all(live.have, (torrent.progress ?? 1) >= 0)
      live.fileProgress = fileProgressOf(live, torrent)
      if (live.checking === "then stop") live.stopped = true
      live.checking = "no"
      live.finished = wholeNow(live)
      adjust(live)
      running(live)
      refresh(live)
    })
  }

  const running = (live: Live) => {
    const torrent = torrents.get(live.hash)
    if (torrent === undefined || live.stopped || live.missing || live.checking !== "no" || wholeNow(live)) return
    startedBelow.push(live.hash)
    const { swarm } = torrent
    if (swarm === undefined || torrent.onDisk !== true) return
    after(options.refreshMillis, () => {
      if (live.stopped || live.checking !== "no" || live.moving) return
      download(torrent.files, live.layout, live.have, swarm, live.actual)
      live.have = verify(torrent.files, live.layout, live.actual, live.hash)
      live.fileProgress = fileProgressOf(live, torrent)
      live.finished = wholeNow(live)
      refresh(live)
    })
  }

  const move = (live: Live, target: string, mode: MoveMode, settle: () => void) => {
    if (target === live.actual && !live.moving) return settle()
    live.moving = true
    if (dialect === "4.5") settle()
    show(live)
    after(options.moveMillis, () => {
      const torrent = torrents.get(live.hash)
      if (torrent === undefined) return
      let moved = true
      try {
        const names = torrent.onDisk === true ? torrent.files.map((file) => file.name) : []
        const { kept } = moveFiles(names, `.${live.hash}.parts`, live.actual, target, mode)
        live.actual = target
        if (kept) {
          live.before = live.have
          live.have = all(live.have, false)
          live.needsCheck = true
        }
      } catch {
        moved = false
      }
      if (moved && dialect !== "4.5") settle()
      live.moving = false
      // The state is worked out at once, from what was held before.
      showPaths(live)
      const shown = torrents.get(live.hash)
      if (shown !== undefined) {
        torrents.set(live.hash, { ...shown, state: live.stopped ? "stoppedUP" : "stalledUP" })
      }
      if (live.missing) {
        load(live)
        // 4.x writes down that nothing is held: started anew it misses nothing, and is at 0 %.
        if (live.missing && dialect === "4.5") live.finished = false
        if (live.missing) live.have = all(live.have, false)
      }
      if (live.needsCheck && !live.stopped) check(live, "then run")
      refresh(live)
    })
  }

  const adjust = (live: Live) => {
    const target = live.finished || live.downloadPath === "" ? live.savePath : live.downloadPath
    if (target !== live.actual) move(live, target, "overwrite", () => undefined)
  }

  /** From what was remembered when the client last wrote it down. */
  const load = (live: Live) => {
    const torrent = torrents.get(live.hash)
    if (torrent === undefined) return
    if (live.before !== undefined && dialect !== "4.5") {
      live.have = live.before
      live.needsCheck = false
    }
    live.missing =
      torrent.onDisk === true &&
      torrent.files.some((file, index) => {
        if (file.priority === 0 || live.layout.ranges[index] === undefined || !live.finished) return false
        const found = statSync(pathOf(live.actual, file.name), { throwIfNoEntry: false })
        return found === undefined || found.size < file.size
      })
    live.fileProgress = live.missing ? torrent.files.map(() => 0) : fileProgressOf(live, torrent)
    if (!live.missing && !live.stopped && live.checking === "no") running(live)
  }

  const categoryPathOf = (torrent: FakeTorrent): string => {
    const given = options.categoryPath(torrent.category ?? "")
    const own = given === undefined || given === "" ? (torrent.category ?? "") : given
    if (own.startsWith("/")) return own
    return own === "" ? options.defaultSavePath : `${options.defaultSavePath}/${own}`
  }

  const manage = (live: Live, torrent: FakeTorrent, autoManaged: boolean) => {
    if ((torrent.autoManaged ?? false) === autoManaged) return
    torrents.set(live.hash, { ...torrent, autoManaged })
    live.savePath = categoryPathOf(torrent)
    live.downloadPath = ""
    adjust(live)
    refresh(live)
  }

  const each = (hashes: string | undefined, act: (live: Live, torrent: FakeTorrent) => void): Answer => {
    if (hashes === undefined) return { status: 400, body: "Bad Request" }
    for (const hash of hashes === "all" ? [...torrents.keys()] : hashes.split("|")) {
      const torrent = torrents.get(hash)
      if (torrent !== undefined) act(liveOf(torrent), torrent)
    }
    return done
  }

  const setLocation = (fields: Fields): Answer => {
    const location = fields["location"]?.trim() ?? ""
    if (location === "") return { status: 400, body: "Save path cannot be empty" }
    try {
      mkdirSync(toBytes(location), { recursive: true })
    } catch {
      return { status: 409, body: "Cannot make save path" }
    }
    return each(fields["hashes"], (live, torrent) => {
      manage(live, torrent, false)
      if (location === live.savePath) return
      const settle = () => {
        live.savePath = location
      }
      if (live.finished || live.downloadPath === "") move(live, location, "keep", settle)
      else settle()
      showPaths(live)
    })
  }

  const start = (forced: boolean) => (live: Live) => {
    live.stopped = false
    live.forced = forced
    if (live.missing) {
      live.missing = false
      load(live)
    }
    if (live.needsCheck) check(live, "then run")
    else running(live)
    refresh(live)
  }

  const stop = (live: Live) => {
    live.stopped = true
    live.checking = "no"
    refresh(live)
  }

  const recheck = (live: Live) => {
    live.missing = false
    const then = live.stopped || live.checking === "then stop" ? "then stop" : "then run"
    live.stopped = false
    live.have = all(live.have, false)
    if (dialect !== "4.5") live.shownHave = live.have
    live.fileProgress = live.fileProgress.map(() => 0)
    check(live, then)
  }

  const setDownloadPath = (path: string) => (live: Live, torrent: FakeTorrent) => {
    if (torrent.autoManaged === true || path === live.downloadPath) return
    const settle = () => {
      live.downloadPath = path
    }
    if (live.finished) settle()
    else move(live, path === "" ? live.savePath : path, "keep", settle)
    showPaths(live)
  }

  const post = (path: string, fields: Fields): Answer | undefined => {
    const { hashes } = fields
    switch (path) {
      case dialect === "4.5" ? "/torrents/pause" : "/torrents/stop":
        return each(hashes, stop)
      case dialect === "4.5" ? "/torrents/resume" : "/torrents/start":
        return each(hashes, start(false))
      case "/torrents/setForceStart":
        return each(hashes, start(fields["value"] === "true"))
      case "/torrents/recheck":
        return each(hashes, recheck)
      case "/torrents/setLocation":
        return setLocation(fields)
      case "/torrents/setDownloadPath":
        return each(fields["id"], setDownloadPath(fields["path"] ?? ""))
      case "/torrents/setAutoManagement":
        return each(hashes, (live, torrent) => manage(live, torrent, fields["enable"] === "true"))
      case "/torrents/setCategory": {
        const category = fields["category"] ?? ""
        if (category !== "" && options.categoryPath(category) === undefined) {
          return { status: 409, body: "Incorrect category name" }
        }
        return each(hashes, (live, torrent) => {
          torrents.set(live.hash, { ...torrent, category })
          if (torrent.autoManaged !== true) return
          live.savePath = categoryPathOf({ ...torrent, category })
          adjust(live)
          refresh(live)
        })
      }
      case "/app/setPreferences":
        preferences = { ...preferences, ...decodePreferences(fields["json"] ?? "{}") }
        return done
      default:
        return undefined
    }
  }

  const get = (path: string, fields: Fields): Answer | undefined => {
    if (path === "/app/preferences") return json({ ...preferences, refresh_interval: options.refreshMillis })
    if (path !== "/torrents/pieceStates" && path !== "/torrents/pieceHashes") return undefined
    const torrent = torrents.get(fields["hash"] ?? "")
    if (torrent === undefined) return { status: 404, body: "Not Found" }
    const live = liveOf(torrent)
    if (path === "/torrents/pieceStates") return json(live.shownHave.map((held) => (held ? 2 : 0)))
    return json(live.layout.pieces.map((piece) => piece.sha1 ?? "0".repeat(40)))
  }

  return {
    startedBelow,
    /** Undefined: it is none of these calls. */
    route: (method: string, path: string, fields: Fields): Answer | undefined =>
      method === "POST" ? post(path, fields) : get(path, fields),
    forget: (hash: string) => void lives.delete(hash),
    /** SIGKILL, and the client started anew. */
    crash: () => {
      clock.advance()
      clock.clear()
      for (const torrent of torrents.values()) {
        const live = liveOf(torrent)
        live.moving = false
        load(live)
        if (live.checking !== "no") check(live, live.checking)
        show(live)
      }
    },
    /** Everything that is due by now. */
    advance: clock.advance,
    end: clock.clear
  }
}
