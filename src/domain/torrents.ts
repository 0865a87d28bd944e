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
