/**
 * A client path in one spelling: absolute, no doubled or trailing slash. Undefined when it is relative, or holds `..`
 * or a NUL: such a path must not reach the disk.
 */
export const canonical = (path: string): string | undefined => {
  if (!path.startsWith("/") || path.includes("\0")) return undefined
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  return parts.includes("..") ? undefined : `/${parts.join("/")}`
}

/** A torrent's file name, relative to its save path; undefined when it could lead elsewhere. */
export const relative = (name: string): string | undefined =>
  name === "" || name.includes("\0") || name.split("/").some((part) => part === "" || part === "." || part === "..")
    ? undefined
    : name

interface Rule {
  readonly client: string
  readonly host: string
}

const rulesOf = (pathMap: Readonly<Record<string, string>>): ReadonlyArray<Rule> =>
  Object.entries(pathMap).map(([client, host]) => ({
    client: client === "/" ? "" : client,
    host: host === "/" ? "" : host
  }))

/** `path` with the prefix `from`, whole components of it, replaced by `to`; undefined when it has another. */
const rewrite = (path: string, from: string, to: string): string | undefined => {
  if (path !== from && !path.startsWith(`${from}/`)) return undefined
  const rest = path.slice(from.length)
  const mapped = to + (rest === "/" ? "" : rest)
  return mapped === "" ? "/" : mapped
}

/** Rewrites the longest prefix that `pathMap` has, by whole components; other paths stay as they are. */
export const makePathMapper = (pathMap: Readonly<Record<string, string>>) => {
  const rules = rulesOf(pathMap).toSorted((a, b) => b.client.length - a.client.length)
  return (path: string): string => {
    for (const { client, host } of rules) {
      const mapped = rewrite(path, client, host)
      if (mapped !== undefined) return mapped
    }
    return path
  }
}

/** The inverse: the path in the client's view that is mapped to this one of the host; undefined when there is none. */
export const makeClientPath = (pathMap: Readonly<Record<string, string>>) => {
  const toHost = makePathMapper(pathMap)
  const rules = rulesOf(pathMap).toSorted((a, b) => b.host.length - a.host.length)
  return (path: string): string | undefined =>
    [...rules.flatMap(({ client, host }) => rewrite(path, host, client) ?? []), path].find(
      (candidate) => toHost(candidate) === path
    )
}
