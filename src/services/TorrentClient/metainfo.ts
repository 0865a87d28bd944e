import { createHash } from "node:crypto"

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

/** End of the string that starts at `at`, and where its text begins; undefined if the bytes end before it does. */
const stringAt = (bytes: Uint8Array, at: number): { readonly from: number; readonly end: number } | undefined => {
  let length = 0
  let index = at
  for (; isDigit(bytes[index]); index += 1) length = length * 10 + ((bytes[index] ?? 0) - 0x30)
  if (index === at || bytes[index] !== 0x3a) return undefined
  const end = index + 1 + length
  return end > bytes.length ? undefined : { from: index + 1, end }
}

/** End of the bencoded value that starts at `at`. Counts nesting instead of recursing: the depth is from outside. */
const endOfValue = (bytes: Uint8Array, at: number): number | undefined => {
  let depth = 0
  let index = at
  do {
    const byte = bytes[index]
    if (byte === 0x64 || byte === 0x6c) {
      depth += 1
      index += 1
    } else if (byte === 0x65 && depth > 0) {
      depth -= 1
      index += 1
    } else if (byte === 0x69) {
      const end = bytes.indexOf(0x65, index)
      if (end < 0) return undefined
      index = end + 1
    } else {
      const text = stringAt(bytes, index)
      if (text === undefined) return undefined
      index = text.end
    }
  } while (depth > 0)
  return index
}

const infoDictionary = (torrent: Uint8Array): Uint8Array | undefined => {
  if (torrent[0] !== 0x64) return undefined
  let at = 1
  while (torrent[at] !== 0x65) {
    const key = stringAt(torrent, at)
    if (key === undefined) return undefined
    const end = endOfValue(torrent, key.end)
    if (end === undefined) return undefined
    if (Buffer.from(torrent.subarray(key.from, key.end)).equals(Buffer.from("info"))) {
      return torrent.subarray(key.end, end)
    }
    at = end
  }
  return undefined
}

/** Whether these bytes are the `.torrent` file that this infohash (v1, or v2 whole or cut to 20 bytes) names. */
export const isTorrentOf = (bytes: Uint8Array, hash: string): boolean => {
  const info = infoDictionary(bytes)
  if (info === undefined) return false
  const v1 = createHash("sha1").update(info).digest("hex")
  const v2 = createHash("sha256").update(info).digest("hex")
  return hash === v1 || hash === v2 || hash === v2.slice(0, 40)
}
