import { toBytes } from "../platform/BytePath.ts"

/**
 * Names on the remote, in rclone's standard encoding: control characters become their Unicode pictures (rclone turns
 * them back where the backend can hold them). What that encoding reserves for itself, and bytes that are no UTF-8, is
 * percent-encoded: rclone does not carry those the same way through every backend. Two local names that meet in one
 * remote name are found by `collisions`, and neither overwrites the other.
 */
const reserved = /[\u0000-\u001f\u007f\u201b\u2400-\u2421\uff0f\uff3c\uD800-\uDFFF]/gu

const percent = (character: string): string =>
  [...toBytes(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("")

export const standardName = (path: string): string =>
  path.replace(reserved, (character) => {
    const code = character.codePointAt(0) ?? 0
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    if (code === 0x7f) return "\u2421"
    return percent(character)
  })

export const joinRemote = (...parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join("/")

/** Local paths that would land on one remote path, by that path. A file where another needs a folder counts too. */
export const collisions = (
  files: ReadonlyArray<{ readonly path: string; readonly remote: string }>
): ReadonlyMap<string, ReadonlyArray<string>> => {
  const owners = new Map<string, Array<string>>()
  for (const file of files) {
    const found = owners.get(file.remote)
    if (found === undefined) owners.set(file.remote, [file.path])
    else found.push(file.path)
  }
  for (const file of files) {
    for (let slash = file.remote.lastIndexOf("/"); slash > 0; slash = file.remote.lastIndexOf("/", slash - 1)) {
      owners.get(file.remote.slice(0, slash))?.push(file.path)
    }
  }
  return new Map([...owners].filter(([, paths]) => paths.length > 1))
}

/** An rclone remote as it may be shown and written down: the options that it may carry hold keys. */
export const shownRemote = (remote: string): string =>
  remote.startsWith("/")
    ? remote
    : remote.replace(/^(:?[^:,/]+)(?:,[^,=:]+(?:=(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|[^,:]*))?)*:/s, "$1:")
