import type { Layout } from "./qbittorrent-payload.ts"
import { type FakeTorrent, layoutOf } from "./qbittorrent-torrents.ts"

/** What the client knows of a torrent; what it shows of it is up to a refresh older. */
export interface Live {
  readonly hash: string
  readonly layout: Layout
  stopped: boolean
  forced: boolean
  /** What the client remembers of whether it was complete when last checked; a move that needs a check keeps it. */
  finished: boolean
  missing: boolean
  have: ReadonlyArray<boolean>
  shownHave: ReadonlyArray<boolean>
  fileProgress: ReadonlyArray<number>
  /** Held before a move cleared it. 5.x has it back after a crash. */
  before: ReadonlyArray<boolean> | undefined
  savePath: string
  downloadPath: string
  actual: string
  moving: boolean
  /** Counts checks, so that one that was cut off does not end. */
  check: number
  checking: "no" | "then run" | "then stop"
  /** Files were kept at the target of a move: it is to be checked as soon as it runs. */
  needsCheck: boolean
}

/** Pieces of wanted files. */
export const neededOf = ({ layout }: Live, torrent: FakeTorrent | undefined): ReadonlyArray<number> => {
  const needed = new Set<number>()
  for (const [index, file] of (torrent?.files ?? []).entries()) {
    const [first, last] = layout.ranges[index] ?? [0, -1]
    if (file.priority === 0 || file.size === 0) continue
    for (let piece = first; piece <= last; piece += 1) needed.add(piece)
  }
  return [...needed]
}

export const isWhole = (live: Live, torrent: FakeTorrent | undefined): boolean =>
  neededOf(live, torrent).every((piece) => live.have[piece] === true)

export const fileProgressOf = (
  { have, layout }: Pick<Live, "have" | "layout">,
  torrent: FakeTorrent
): ReadonlyArray<number> =>
  torrent.files.map((file, index) => {
    let held = 0
    for (const [number, piece] of layout.pieces.entries()) {
      if (have[number] !== true) continue
      for (const segment of piece.segments) if (segment.file === index) held += segment.length
    }
    return file.size === 0 ? 1 : held / file.size
  })

/** In the words of 5.x. */
export const stateOf = (live: Live, torrent: FakeTorrent): string => {
  if (live.moving) return "moving"
  if (live.missing) return "missingFiles"
  if (live.checking !== "no") return live.finished ? "checkingUP" : "checkingDL"
  const whole = isWhole(live, torrent)
  if (live.stopped) return whole ? "stoppedUP" : "stoppedDL"
  return whole ? (live.forced ? "forcedUP" : "stalledUP") : "stalledDL"
}

/** As it was added: complete, unless it says otherwise. */
export const makeLive = (torrent: FakeTorrent): Live => {
  const layout = layoutOf(torrent)
  const complete = (torrent.progress ?? 1) >= 1
  const have = layout.pieces.map(() => false)
  for (const [index, file] of torrent.files.entries()) {
    const [first, last] = layout.ranges[index] ?? [0, -1]
    if (complete && file.priority !== 0) for (let piece = first; piece <= last; piece += 1) have[piece] = true
  }
  return {
    hash: torrent.hash,
    layout,
    stopped: /^(stopped|paused)/.test(torrent.state ?? ""),
    forced: false,
    finished: complete,
    missing: torrent.state === "missingFiles",
    have,
    shownHave: have,
    fileProgress: fileProgressOf({ have, layout }, torrent),
    before: undefined,
    savePath: torrent.savePath,
    downloadPath: torrent.downloadPath ?? "",
    actual: torrent.savePath,
    moving: false,
    check: 0,
    checking: "no",
    needsCheck: false
  }
}
