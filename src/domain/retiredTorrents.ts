import { basename, dirname, display, isWithin } from "../platform/BytePath.ts"
import { instant } from "./evidence.ts"
import type { Fact } from "./fact.ts"
import type { Fence } from "./fence.ts"

/** A title whose files went from the library through its arr, and the torrents that they came from. */
export interface RetiredTitle {
  readonly id: number
  /** For people: "Andor, season 1". */
  readonly title: string
  /** The rule that decided: "watched". */
  readonly rule: string
  /** Infohashes, lower case. */
  readonly hashes: ReadonlyArray<string>
  /** As they lay in the library; sizes in bytes. */
  readonly files: ReadonlyArray<{
    readonly path: string
    readonly size: number
    /** Of the torrents that this one came from. */
    readonly hashes: ReadonlyArray<string>
  }>
  /** Milliseconds since the epoch. */
  readonly endedAt: number
}

/** A file of a torrent on the disk, where its folder leads; never a link itself. */
export interface Lying {
  /** Canonical. */
  readonly path: string
  /** The directory entry, by whatever mount it was reached: its folder's inode, and its name. */
  readonly entry: string
  readonly fence: Fence
  readonly links: number
}

export interface PayloadFile {
  readonly path: string
  readonly size: number
  readonly wanted: boolean
  readonly found: Fact<Lying>
}

/** What the client has of one torrent, with all of its files. */
export interface Payload {
  readonly hash: string
  readonly name: string
  /** Milliseconds since the epoch; null where the client does not know. */
  readonly addedAt: number | null
  readonly files: ReadonlyArray<PayloadFile>
  /** What came out of its archives, where we know: a library took that, not the archive. */
  readonly extracted: ReadonlyArray<{ readonly path: string; readonly size: number }>
}

/** `retired`: everything that a library can have of it has gone from there. `stays`: something has not, or may not. */
export interface Followed {
  readonly titles: ReadonlyArray<RetiredTitle>
  /** Null: it is retired. */
  readonly why: string | null
}

export const titleWords = (titles: ReadonlyArray<Pick<RetiredTitle, "title" | "rule" | "endedAt">>): string =>
  titles
    .map(({ endedAt, rule, title }) => `${display(title)}, on ${instant(endedAt).slice(0, 10)} (${rule})`)
    .join("; ")

const videos =
  /\.(?:3gp|asf|avi|bin|divx|dvr-ms|flv|img|iso|m2ts|m2v|m4v|mk3d|mkv|mov|mp4|mpe?g|nrg|ogm|ogv|qt|rm|rmvb|ts|vob|webm|wmv|wtv|xvid)$/i
/** The arrs never take a file from these (DiskScanService, its excluded subfolders), nor a sample. */
const asides =
  /(?:^|\/)(?:extras|extrafanart|behind the scenes|deleted scenes|featurettes|interviews|other|scenes|samples?|shorts|trailers)\/|(?:^|[/._ -])sample\.[a-z0-9]+$/i

/** Whether a library could have taken it. `path` below its torrent. */
export const isTitle = (path: string): boolean => videos.test(path) && !asides.test(path)

const others = /\.(?:aac|ape|azw3?|cb7|cbr|cbz|epub|flac|m4a|m4b|mobi|mp3|ogg|opus|pdf|wav|wma)$/i

/** Music and books, which other libraries than the arrs' take. `path` below its torrent. */
const isOther = (path: string): boolean => others.test(path) && !asides.test(path)

/** How long the name of the folder is that all of these lie in: what is above is no torrent's, whatever it is called. */
const commonFolder = (paths: ReadonlyArray<string>): number => {
  let folder = dirname(paths[0] ?? "")
  while (folder.length > 1 && !paths.every((path) => isWithin(path, folder))) folder = dirname(folder)
  return folder.length
}

/** Of a torrent's files what a library could have taken, and the first one that another kind of library could. */
const contentOf = ({ files }: Payload) => {
  const above = commonFolder(files.map(({ path }) => path))
  const below = ({ path }: PayloadFile) => path.slice(above).replace(/^\//u, "")
  const wanted = files.filter((file) => file.wanted)
  return {
    films: wanted.filter((file) => isTitle(below(file))),
    other: wanted.find((file) => isOther(below(file)))
  }
}

const idOf = ({ fence }: Lying): string => `${fence.dev}:${fence.ino}`

/** How many names of each inode are files of these torrents. */
export const namesOf = (payloads: ReadonlyArray<Payload>): ReadonlyMap<string, ReadonlySet<string>> => {
  const names = new Map<string, Set<string>>()
  for (const { files } of payloads) {
    for (const { found } of files) {
      if (found._tag !== "Known") continue
      const id = idOf(found.value)
      names.set(id, (names.get(id) ?? new Set()).add(found.value.entry))
    }
  }
  return names
}

/** Those that a retired file of the same size, from this torrent, stands for, each for one. */
const matched = <A extends { readonly size: number }>(
  files: ReadonlyArray<A>,
  hashes: ReadonlyArray<string>,
  titles: ReadonlyArray<RetiredTitle>
) => {
  const left = new Map<number, number>()
  const own = titles.flatMap((title) => title.files.filter((file) => hashes.some((hash) => file.hashes.includes(hash))))
  const paths = new Map(own.map(({ path, size }) => [path, size] as const))
  for (const size of paths.values()) left.set(size, (left.get(size) ?? 0) + 1)
  return files.filter(({ size }) => {
    const count = left.get(size) ?? 0
    left.set(size, count - 1)
    return count > 0
  })
}

/** A torrent that came again after its title had gone serves another wish. */
const titlesOf = ({ addedAt, hash }: Payload, titles: ReadonlyArray<RetiredTitle>): ReadonlyArray<RetiredTitle> =>
  titles.filter(({ endedAt, hashes }) => hashes.includes(hash) && (addedAt === null || addedAt <= endedAt))

const linked = (payload: Payload, names: ReadonlyMap<string, ReadonlySet<string>>): string | undefined => {
  for (const { found, path, wanted } of payload.files) {
    if (found._tag === "Unreadable" && wanted) return `${path} cannot be read: ${found.why}`
    if (found._tag !== "Known") continue
    const known = names.get(idOf(found.value))?.size ?? 0
    if (found.value.links > known) {
      return `a library still links it: ${basename(path)} has ${found.value.links} names, and ${known} of them are of its torrents`
    }
  }
  return undefined
}

/**
 * Which of these torrents have been retired whole: every video of it that a library could have taken is, by its size,
 * one of a retired title of its own infohash, or the same inode as one that is (a cross-seed); and no file of it has a
 * name that is not of these torrents. `payloads` are all torrents that share a path or an inode.
 */
export const followed = (
  payloads: ReadonlyArray<Payload>,
  titles: ReadonlyArray<RetiredTitle>
): ReadonlyMap<string, Followed> => {
  const names = namesOf(payloads)
  const gone = new Map<string, ReadonlyArray<RetiredTitle>>()
  const bySize = new Map<Payload, ReadonlySet<unknown>>()
  for (const payload of payloads) {
    const own = titlesOf(payload, titles)
    const members = payload.extracted.filter(({ path }) => isTitle(path))
    const { films } = contentOf(payload)
    const found = matched([...films, ...members], [payload.hash], own)
    bySize.set(payload, new Set(found))
    for (const film of films) {
      if (found.includes(film) && film.found._tag === "Known") gone.set(idOf(film.found.value), own)
    }
  }
  const verdictOf = (payload: Payload): Followed => {
    const { films, other: more } = contentOf(payload)
    const members = payload.extracted.filter(({ path }) => isTitle(path))
    const shared = films.flatMap(({ found }) => (found._tag === "Known" ? (gone.get(idOf(found.value)) ?? []) : []))
    const all = [...new Set([...titlesOf(payload, titles), ...shared])]
    const stays = (why: string): Followed => ({ titles: all, why })
    if (all.length === 0) return stays("its title was not retired")
    if (films.length + members.length === 0) return stays("it has no file that could be told to be the retired title")
    const same = (found: Fact<Lying>) => found._tag === "Known" && gone.has(idOf(found.value))
    const other =
      films.find((film) => bySize.get(payload)?.has(film) !== true && !same(film.found)) ??
      members.find((member) => bySize.get(payload)?.has(member) !== true)
    if (other !== undefined) {
      return stays(`${basename(other.path)} of the same torrent is none of the files that were retired`)
    }
    if (more !== undefined)
      return stays(`${basename(more.path)} of the same torrent is no part of a film or an episode`)
    const why = linked(payload, names)
    return why === undefined ? { titles: all, why: null } : stays(why)
  }
  return new Map(payloads.map((payload) => [payload.hash, verdictOf(payload)]))
}

/** The same of a manifest alone, whose files have gone from the disk, so that nothing but their size tells. */
export const followedFiles = (
  hashes: ReadonlyArray<string>,
  files: ReadonlyArray<{ readonly path: string; readonly size: number }>,
  titles: ReadonlyArray<RetiredTitle>
): Followed => {
  const own = titles.filter((title) => title.hashes.some((hash) => hashes.includes(hash)))
  const films = files.filter(({ path }) => isTitle(path))
  const found = new Set(matched(films, hashes, own))
  const other = films.find((film) => !found.has(film)) ?? files.find(({ path }) => isOther(path))
  if (own.length === 0) return { titles: own, why: "its title was not retired" }
  if (films.length === 0) return { titles: own, why: "it has no file that could be told to be the retired title" }
  return {
    titles: own,
    why: other === undefined ? null : `${basename(other.path)} of it is none of the files that were retired`
  }
}
