import { fromBytes, isWithin } from "../BytePath.ts"

/** One line of /proc/self/mountinfo. Paths are BytePaths. */
export interface Mount {
  readonly id: number
  readonly parent: number
  /** "major:minor" of the filesystem: the same for all its mounts (btrfs: not that of its files). */
  readonly device: string
  /** Which directory of the filesystem is mounted: "/" unless it is a bind mount or a subvolume. */
  readonly root: string
  /** Where it is mounted. */
  readonly point: string
  readonly readOnly: boolean
  /** "ext4", "btrfs", "zfs", "fuse.zfs". */
  readonly type: string
  /** A device, a dataset, a server's export. */
  readonly source: string
}

/** The kernel writes blank, tab, newline and backslash as three octal digits. */
const unescape = (text: string): string =>
  fromBytes(
    Buffer.from(
      text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8))),
      "latin1"
    )
  )

const parseLine = (line: string): Mount | undefined => {
  const fields = line.split(" ")
  const separator = fields.indexOf("-", 6)
  const [id = "", parent = "", device = "", root = "", point = "", options = ""] = fields
  const [type, source] = fields.slice(separator + 1)
  if (separator < 0 || type === undefined || source === undefined || !/^\d+$/.test(id)) return undefined
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescape(root),
    point: unescape(point),
    readOnly: options.split(",").includes("ro"),
    type,
    source: unescape(source)
  }
}

/** In the order of the file: a later mount at the same point hides the earlier one. */
export const parseMountinfo = (content: Uint8Array): ReadonlyArray<Mount> =>
  Buffer.from(content)
    .toString("latin1")
    .split("\n")
    .flatMap((line) => parseLine(line) ?? [])

/** Where `path`, seen through `mount`, lies inside the filesystem: bind aliases of one place have the same. */
export const insideOf = (mount: Mount, path: string): string => {
  const rest = path === mount.point ? "" : path.slice(mount.point === "/" ? 0 : mount.point.length)
  return mount.root === "/" ? rest || "/" : mount.root + rest
}

/** The path at which `inside` would be seen through `mount`; undefined when that mount does not show it. */
export const seenThrough = (mount: Mount, inside: string): string | undefined => {
  if (!isWithin(inside, mount.root)) return undefined
  const rest = mount.root === "/" ? (inside === "/" ? "" : inside) : inside.slice(mount.root.length)
  return mount.point === "/" ? rest || "/" : mount.point + rest
}

/** Places below `directory` at which something is mounted. */
export const mountsBelow = (mounts: ReadonlyArray<Mount>, directory: string): ReadonlyArray<Mount> =>
  mounts.filter(({ point }) => point !== directory && isWithin(point, directory))
