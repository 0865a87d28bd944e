import { createHash } from "node:crypto"
import { Schema } from "effect"
import { type Bencode, encode } from "../real/bencode.ts"
import { type Layout, makeLayout, metainfoOf } from "./qbittorrent-payload.ts"

/** "4.5" stands for 4.4–4.6, "5.1" for 5.0 and 5.1, "5.2" for everything newer. */
export const Dialect = Schema.Literals(["4.5", "5.1", "5.2"])
export type Dialect = typeof Dialect.Type

const FileSpec = Schema.Struct({
  /** Relative to the save path. */
  name: Schema.String,
  size: Schema.Finite,
  progress: Schema.optionalKey(Schema.Finite),
  /** 0 is deselected. */
  priority: Schema.optionalKey(Schema.Finite),
  /** Of the right bytes, in hex: what a check compares with where no `metainfo` is given. Without it, the size. */
  sha256: Schema.optionalKey(Schema.String)
})
export type FileSpec = typeof FileSpec.Type

/** What can be written as JSON. Left out: a complete, seeding torrent of one file. */
export const TorrentSpec = Schema.Struct({
  name: Schema.String,
  savePath: Schema.String,
  files: Schema.optionalKey(Schema.Array(FileSpec)),
  /** Made from the files unless given; given without `metainfo`, nothing can be exported. */
  hash: Schema.optionalKey(Schema.String),
  /** The .torrent file in base64; goes with `hash`. */
  metainfo: Schema.optionalKey(Schema.String),
  /** Makes another infohash of the same files. */
  sourceTag: Schema.optionalKey(Schema.String),
  contentPath: Schema.optionalKey(Schema.String),
  category: Schema.optionalKey(Schema.String),
  /** Moved along when its category gets another save path. */
  autoManaged: Schema.optionalKey(Schema.Boolean),
  tags: Schema.optionalKey(Schema.Array(Schema.String)),
  /** In the words of 5.x. */
  state: Schema.optionalKey(Schema.String),
  progress: Schema.optionalKey(Schema.Finite),
  amountLeft: Schema.optionalKey(Schema.Finite),
  /** −1 is unbounded. */
  ratio: Schema.optionalKey(Schema.Finite),
  seedingTime: Schema.optionalKey(Schema.Finite),
  /** Seconds since the epoch; null is never. */
  completedOn: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
  addedOn: Schema.optionalKey(Schema.Finite),
  trackers: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Where it goes when a check finds it incomplete. */
  downloadPath: Schema.optionalKey(Schema.String),
  /** Its files lie on the disk, and are moved and checked there. Else every check finds what it was. */
  onDisk: Schema.optionalKey(Schema.Boolean),
  /** A folder with the right files, as the swarm has them: written over wrong ones as soon as it runs. */
  swarm: Schema.optionalKey(Schema.String)
})
export type TorrentSpec = typeof TorrentSpec.Type

export interface FakeTorrent extends TorrentSpec {
  readonly files: ReadonlyArray<FileSpec>
  readonly hash: string
  readonly bytes: Buffer | undefined
}

const pieceLength = 2 ** 24

const commonRoot = (files: ReadonlyArray<FileSpec>): string | undefined => {
  const roots = new Set(files.map((file) => (file.name.includes("/") ? file.name.split("/")[0] : undefined)))
  const [root] = roots
  return roots.size === 1 ? root : undefined
}

const infoOf = (spec: TorrentSpec, files: ReadonlyArray<FileSpec>): Bencode => {
  const root = commonRoot(files)
  const [only] = files
  const size = files.reduce((sum, file) => sum + file.size, 0)
  const single = files.length === 1 && root === undefined
  return {
    name: single && only !== undefined ? only.name : (root ?? spec.name),
    "piece length": pieceLength,
    pieces: Buffer.alloc(20 * Math.ceil(size / pieceLength)),
    ...(spec.sourceTag === undefined ? {} : { source: spec.sourceTag }),
    ...(single
      ? { length: size }
      : {
          files: files.map((file) => ({
            length: file.size,
            path: (root === undefined ? file.name : file.name.slice(root.length + 1)).split("/")
          }))
        })
  }
}

const filesOf = (metainfo: string): ReadonlyArray<FileSpec> => {
  const { files, multiFile, name } = metainfoOf(metainfo)
  return files.flatMap(({ pad, path, size }) => (pad ? [] : [{ name: multiFile ? `${name}/${path}` : path, size }]))
}

export const layoutOf = ({ files, metainfo }: FakeTorrent): Layout =>
  makeLayout(files, metainfo === undefined ? undefined : metainfoOf(metainfo))

export const makeTorrent = (spec: TorrentSpec): FakeTorrent => {
  const files = spec.files ?? (spec.metainfo === undefined ? [{ name: spec.name, size: 1 }] : filesOf(spec.metainfo))
  if (spec.metainfo !== undefined && spec.hash !== undefined) {
    return { ...spec, files, hash: spec.hash, bytes: Buffer.from(spec.metainfo, "base64") }
  }
  if (spec.hash !== undefined) return { ...spec, files, hash: spec.hash, bytes: undefined }
  const info = infoOf(spec, files)
  const [announce] = spec.trackers ?? []
  return {
    ...spec,
    files,
    hash: createHash("sha1").update(encode(info)).digest("hex"),
    bytes: encode({ ...(announce === undefined ? {} : { announce }), info })
  }
}

export const contentPathOf = (torrent: FakeTorrent): string => {
  const [only] = torrent.files
  if (only === undefined) return ""
  if (torrent.files.length === 1) return `${torrent.savePath}/${only.name}`
  const root = commonRoot(torrent.files)
  return root === undefined ? torrent.savePath : `${torrent.savePath}/${root}`
}

const never: Readonly<Record<Dialect, number>> = { "4.5": 0, "5.1": 0xffff_ffff, "5.2": -1 }

/** A row of torrents/info, at the size that the real one has. */
export const infoRow = (torrent: FakeTorrent, dialect: Dialect) => {
  const wanted = torrent.files.filter((file) => file.priority !== 0)
  const size = wanted.reduce((sum, file) => sum + file.size, 0)
  const progress = torrent.progress ?? 1
  const state = torrent.state ?? "stalledUP"
  const row = {
    added_on: torrent.addedOn ?? 1_700_000_000,
    amount_left: torrent.amountLeft ?? Math.round(size * (1 - progress)),
    auto_tmm: torrent.autoManaged ?? false,
    availability: -1,
    category: torrent.category ?? "",
    completed: Math.round(size * progress),
    completion_on:
      torrent.completedOn ?? (torrent.completedOn === null || progress < 1 ? never[dialect] : 1_700_000_600),
    content_path: torrent.contentPath ?? contentPathOf(torrent),
    dl_limit: 0,
    dlspeed: 0,
    download_path: torrent.downloadPath ?? "",
    downloaded: size,
    downloaded_session: 0,
    eta: 8_640_000,
    f_l_piece_prio: false,
    force_start: false,
    hash: torrent.hash,
    infohash_v1: torrent.hash,
    infohash_v2: "",
    last_activity: 1_700_000_600,
    magnet_uri: `magnet:?xt=urn:btih:${torrent.hash}&dn=${encodeURIComponent(torrent.name)}`,
    max_ratio: -1,
    max_seeding_time: -1,
    name: torrent.name,
    num_complete: 0,
    num_incomplete: 0,
    num_leechs: 0,
    num_seeds: 0,
    priority: 0,
    progress,
    ratio: torrent.ratio ?? 0,
    ratio_limit: -2,
    save_path: torrent.savePath,
    seeding_time: torrent.seedingTime ?? 0,
    seeding_time_limit: -2,
    seen_complete: -1,
    seq_dl: false,
    size,
    state: dialect === "4.5" ? state.replace("stopped", "paused") : state,
    super_seeding: false,
    tags: (torrent.tags ?? []).join(", "),
    time_active: 0,
    total_size: torrent.files.reduce((sum, file) => sum + file.size, 0),
    tracker: torrent.trackers?.[0] ?? "",
    trackers_count: torrent.trackers?.length ?? 0,
    up_limit: 0,
    uploaded: 0,
    uploaded_session: 0,
    upspeed: 0
  }
  return dialect === "4.5" ? row : { ...row, popularity: 0, private: false, reannounce: 0, root_path: "", comment: "" }
}

export const fileRows = (torrent: FakeTorrent, { ranges } = layoutOf(torrent)) =>
  torrent.files.map((file, index) => ({
    availability: 0,
    index,
    name: file.name,
    piece_range: ranges[index] ?? [0, 0],
    priority: file.priority ?? 1,
    progress: file.progress ?? torrent.progress ?? 1,
    size: file.size
  }))

const trackerRow = (url: string, tier: number) => ({ msg: "", num_peers: 0, num_seeds: 0, status: 0, tier, url })

export const trackerRows = (torrent: FakeTorrent) => [
  ...["** [DHT] **", "** [PeX] **", "** [LSD] **"].map((url) => trackerRow(url, -1)),
  ...(torrent.trackers ?? []).map(trackerRow)
]

/** A thousand torrents as a long-lived library has them: films, packs, cross-seeds, categories, tags. */
export const manyTorrents = (count: number, savePath: string): ReadonlyArray<TorrentSpec> =>
  Array.from({ length: count }, (_, index): TorrentSpec => {
    const name = `Some.Title.${String(index).padStart(5, "0")}.2024.1080p.WEB-DL.DDP5.1.H.264-GROUP`
    return {
      name,
      savePath,
      files:
        index % 3 === 0
          ? [{ name: `${name}.mkv`, size: 4_000_000_000 + index }]
          : ["e01.mkv", "e02.mkv", "info.nfo"].map((file) => ({
              name: `${name}/${file}`,
              size: 1_000_000_000 + index
            })),
      category: index % 2 === 0 ? "tv-sonarr" : "radarr",
      tags: index % 5 === 0 ? ["keep", "~noHL"] : [],
      ratio: index % 7,
      seedingTime: 3600 * index,
      trackers: [`https://tracker${index % 4}.example:443/announce`]
    }
  })
