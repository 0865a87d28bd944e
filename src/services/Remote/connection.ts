/**
 * `name:path`, `name,key=value:path` or `:backend,key=value:path`; an absolute path is a folder on this host. Values
 * may be quoted, and then hold colons and commas.
 */
export interface Connection {
  readonly name: string
  readonly options: string
  readonly path: string
}

export const parseConnection = (remote: string): Connection | undefined => {
  if (remote.startsWith("/")) return { name: "", options: "", path: remote }
  const match = /^(:?[^:,/]+)((?:,[^,=:]+(?:=(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|[^,:]*))?)*):(.*)$/s.exec(remote)
  if (match === null) return undefined
  const [, name = "", options = "", path = ""] = match
  return { name, options, path }
}

const unquote = (value: string) =>
  /^["']/.test(value) ? value.slice(1, -1).replaceAll(value.slice(0, 1).repeat(2), value.slice(0, 1)) : value

/** The options that a connection carries; they come before flags, environment and configuration file. */
export const optionsOf = (connection: Connection): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...connection.options.matchAll(/,([^,=:]+)(?:=("(?:[^"]|"")*"|'(?:[^']|'')*'|[^,:]*))?/gs)].map(
      ([, key = "", value = "true"]) => [key, unquote(value)]
    )
  )

const units = { B: 1, "": 1024, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4, P: 1024 ** 5 }
const isUnit = (text: string): text is keyof typeof units => text in units

/** Bytes of a size as rclone writes it (`5M`; a bare number is KiB); undefined when it is none. */
export const parseSize = (text: string): number | undefined => {
  const [, number, unit = ""] = /^([\d.]+)([a-z]?)(?:i?b?)$/i.exec(text) ?? []
  const letter = unit.toUpperCase()
  return number === undefined || !isUnit(letter) ? undefined : Number(number) * units[letter]
}

/** The same remote with one option of its backend set, whatever its configuration says. A folder has none. */
export const withOption = (remote: string, option: string, value: string): string => {
  const connection = parseConnection(remote)
  if (connection === undefined || connection.name === "") return remote
  return `${connection.name}${connection.options},${option}=${value}:${connection.path}`
}

/**
 * The same place under another name for rclone, which keeps one pacer (about 100 calls a second on B2) a name. The
 * option says what is the default anyway, so that nothing but the name differs.
 */
export const shard = (remote: string, index: number): string => {
  return index === 0 ? remote : withOption(remote, "upload_concurrency", String(4 + index))
}
