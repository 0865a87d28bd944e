import type { LibraryFile } from "../../domain/watchedWorld.ts"
import { childOf, type Row, textOrNull } from "../../platform/JsonRow.ts"
import { canonical } from "../TorrentClient/paths.ts"
import { infohash } from "../TorrentClient/wire.ts"
import type { ToHost } from "./wire.ts"

/** Of both; Sonarr before 4 wrote no file's id, and the path at the time of the import instead. */
interface Event {
  readonly kind: string
  readonly download: string | null
  /** The keys of `data` in lower case: older versions wrote them with a capital. */
  readonly data: ReadonlyMap<string, string>
}

export const toEvent = (row: Row): Event => {
  const data = childOf(row, "data") ?? {}
  return {
    kind: textOrNull(row, "eventType") ?? "",
    download: textOrNull(row, "downloadId")?.toLowerCase() ?? null,
    data: new Map(
      Object.entries(data).flatMap(([key, value]) => (typeof value === "string" ? [[key.toLowerCase(), value]] : []))
    )
  }
}

const hashOf = (value: string | null | undefined): string | null => {
  const hash = value?.toLowerCase() ?? ""
  return infohash.test(hash) ? hash : null
}

/**
 * Infohashes by file id. An import names the file and its download; the grab of that download may name the torrent where
 * the download's own id does not. What came by other ways (Usenet, by hand) has none.
 */
export const originsOf = (
  events: ReadonlyArray<Event>,
  files: ReadonlyArray<LibraryFile>,
  toHost: ToHost
): ReadonlyMap<number, ReadonlyArray<string>> => {
  const torrentOf = new Map<string, string>()
  for (const { data, download, kind } of events) {
    const hash = hashOf(data.get("torrentinfohash"))
    if (kind === "grabbed" && download !== null && hash !== null) torrentOf.set(download, hash)
  }
  const idAt = new Map(files.map(({ id, path }) => [path, id]))
  const origins = new Map<number, Set<string>>()
  for (const { data, download, kind } of events) {
    if (kind !== "downloadFolderImported" || download === null) continue
    const hashes = [hashOf(download), torrentOf.get(download) ?? null].filter((hash) => hash !== null)
    const path = canonical(data.get("importedpath") ?? "")
    const named = /^[1-9]\d*$/u.test(data.get("fileid") ?? "") ? Number(data.get("fileid")) : undefined
    const id = named ?? (path === undefined ? undefined : idAt.get(toHost(path)))
    if (id === undefined || hashes.length === 0) continue
    const known = origins.get(id) ?? new Set<string>()
    for (const hash of hashes) known.add(hash)
    origins.set(id, known)
  }
  return new Map([...origins].map(([id, hashes]) => [id, [...hashes]]))
}
