/** A torrent as the client reports it, its paths already mapped to this host. */
export interface Torrent {
  /** The client's id: the infohash (v1), or the first 20 bytes of the v2 one, in hex. */
  readonly hash: string
  readonly name: string
  readonly category: string
  readonly tags: ReadonlyArray<string>
  /** The client's own word, kept as it came: an unknown one must stay unknown. */
  readonly state: string
  /** Where the payload is. Empty while there is no metadata; the save directory itself for a rootless torrent. */
  readonly contentPath: string
  readonly savePath: string
  /** 0–1, of the wanted files only. */
  readonly progress: number
  readonly amountLeft: number
  /** −1 is "unbounded" in the client; here it is Infinity. */
  readonly ratio: number
  /** Seconds, cumulative, independent of the wall clock. */
  readonly seedingTime: number
  /** Milliseconds since the epoch; null when the client does not know. */
  readonly completedAt: number | null
  readonly addedAt: number | null
  /** Bytes of the wanted files. */
  readonly size: number
  /** It has a v2 infohash and none of v1; false where the client does not tell. */
  readonly v2Only?: boolean
}

export interface TorrentFile {
  /** Relative to the save path, as the client names it, without `.!qB`. */
  readonly path: string
  readonly size: number
  readonly progress: number
  /** False when the user has deselected it. */
  readonly wanted: boolean
}

const complete = new Set(["uploading", "stalledUP", "queuedUP", "forcedUP", "stoppedUP", "pausedUP"])

/** Complete and at rest. Everything else (moving, checking, error, missing, unknown words) is left alone. */
export const isComplete = (torrent: Torrent): boolean =>
  complete.has(torrent.state) && torrent.progress >= 1 && torrent.amountLeft === 0 && torrent.contentPath !== ""

/** The host name of a tracker URL, in lower case; undefined for DHT, PeX and LSD rows. */
export const trackerHost = (url: string): string | undefined => {
  const match = /^[a-z]+:\/\/(?:[^/@]*@)?(\[[^\]]+\]|[^/:?#]+)/i.exec(url)
  return match?.[1]?.toLowerCase()
}

/** How the client has a torrent filed at this moment: what a relocation must know, keep, and give back. */
export interface TorrentSettings {
  readonly hash: string
  readonly name: string
  /** Automatic management: the client itself moves the payload to where its category says, over what lies there. */
  readonly autoManaged: boolean
  readonly category: string
  readonly tags: ReadonlyArray<string>
  /** What the client means to be the place. It can lie: 4.x names the new place while, and even if, a move fails. */
  readonly savePath: string
  /** Where the client would take it if a check failed; null when there is none. */
  readonly downloadPath: string | null
  /** Where the payload really is. */
  readonly contentPath: string
  /** The client's own word; see `activityOf`. Up to a refresh interval old, like progress and amountLeft. */
  readonly state: string
  /** 0–1, of the wanted files only. */
  readonly progress: number
  readonly amountLeft: number
}

/** Settings of the client by which it moves and reads files of its own accord; null where it does not tell. */
export interface ClientPreferences {
  /** Where incomplete torrents are kept, on this host; null where they lie at their save path. */
  readonly incompletePath: string | null
  /** New torrents are put under automatic management. */
  readonly managesNew: boolean | null
  /** What is under it follows a torrent's new category, and a category's new path. */
  readonly followsCategory: boolean | null
  readonly followsCategoryPath: boolean | null
  /** Everything is read again when it has become complete, and so after a recheck too. */
  readonly rechecksComplete: boolean | null
}

/** A file of a torrent with its place among the pieces. */
export interface TorrentContent extends TorrentFile {
  /** As the client numbers its files; pad files have none. */
  readonly index: number
  readonly priority: number
  readonly firstPiece: number
  readonly lastPiece: number
}

/** What the client says that it holds of the wanted files. Never a proof: it can have been told so, or remember it. */
export interface TorrentHoldings {
  readonly settings: TorrentSettings
  readonly contents: ReadonlyArray<TorrentContent>
  /** Every piece of every wanted file is held, and nothing is left. */
  readonly complete: boolean
  /** Pieces of wanted files that the client does not hold. */
  readonly lacking: number
}

/**
 * `missing` and `error` hide whether it was stopped; `unknown` is a word from another version. In none but `stopped`
 * is it certain that nothing is read, moved or written.
 */
export type Activity = "stopped" | "running" | "moving" | "checking" | "missing" | "error" | "unknown"

const activities: ReadonlyMap<string, Activity> = new Map<string, Activity>([
  ...["pausedUP", "pausedDL", "stoppedUP", "stoppedDL"].map((state) => [state, "stopped"] as const),
  ...["checkingUP", "checkingDL", "checkingResumeData", "allocating"].map((state) => [state, "checking"] as const),
  ...["uploading", "stalledUP", "queuedUP", "forcedUP"].map((state) => [state, "running"] as const),
  ...["downloading", "stalledDL", "queuedDL", "forcedDL", "metaDL", "forcedMetaDL"].map(
    (state) => [state, "running"] as const
  ),
  ["moving", "moving"],
  ["missingFiles", "missing"],
  ["error", "error"]
])

export const activityOf = (state: string): Activity => activities.get(state) ?? "unknown"

const seeding = new Set(["uploading", "stalledUP", "queuedUP", "forcedUP"])

/** Running without being able to write into the payload. */
export const isSeeding = (state: string): boolean => seeding.has(state)

/** Whether the payload lies where the client means it to be. Where not, the client may yet try to move it there. */
export const liesAtSavePath = ({ contentPath, savePath }: TorrentSettings): boolean =>
  savePath !== "" &&
  (contentPath === savePath || contentPath.startsWith(savePath.endsWith("/") ? savePath : `${savePath}/`))

/** `pieces` as the client's piece states: 2 is held. */
export const holdingsOf = (
  settings: TorrentSettings,
  contents: ReadonlyArray<TorrentContent>,
  pieces: ReadonlyArray<number>
): TorrentHoldings => {
  const needed = new Set<number>()
  for (const { firstPiece, lastPiece, size, wanted } of contents) {
    if (!wanted || size === 0) continue
    for (let piece = firstPiece; piece <= lastPiece; piece += 1) needed.add(piece)
  }
  let lacking = 0
  for (const piece of needed) if (pieces[piece] !== 2) lacking += 1
  const wholeFiles = contents.every((file) => !file.wanted || file.size === 0 || file.progress >= 1)
  return {
    settings,
    contents,
    complete: lacking === 0 && contents.length > 0 && wholeFiles && settings.progress >= 1 && settings.amountLeft === 0,
    lacking
  }
}
