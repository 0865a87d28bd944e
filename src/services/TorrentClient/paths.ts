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

/** Rewrites the longest prefix that `pathMap` has, by whole components; other paths stay as they are. */
export const makePathMapper = (pathMap: Readonly<Record<string, string>>) => {
  const rules = Object.entries(pathMap)
    .map(([client, host]) => ({ client: client === "/" ? "" : client, host: host === "/" ? "" : host }))
    .toSorted((a, b) => b.client.length - a.client.length)
  return (path: string): string => {
    const rule = rules.find(({ client }) => path === client || path.startsWith(`${client}/`))
    if (rule === undefined) return path
    const rest = path.slice(rule.client.length)
    const mapped = rule.host + (rest === "/" ? "" : rest)
    return mapped === "" ? "/" : mapped
  }
}
