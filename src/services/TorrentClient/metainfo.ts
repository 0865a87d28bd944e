import { infohashesOf } from "../../domain/metainfo.ts"

/** Whether these bytes are the `.torrent` file that this infohash (v1, or v2 whole or cut to 20 bytes) names. */
export const isTorrentOf = (bytes: Uint8Array, hash: string): boolean => {
  const hashes = infohashesOf(bytes)
  return hashes !== undefined && (hash === hashes.v1 || hash === hashes.v2 || hash === hashes.v2.slice(0, 40))
}
