/**
 * What tells whether a file is still the one that was hashed: any write moves ctime, a replacement changes the inode.
 * Written as one string (`dev:ino:size:mtimeNs:ctimeNs[:birthNs]`) so that it is stored and compared exactly.
 */
export interface Fence {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  /** When the inode was made: an inode number is given again at once to the next file. Not all filesystems know it. */
  readonly birthNs?: bigint
}

export const print = (fence: Fence): string =>
  `${fence.dev}:${fence.ino}:${fence.size}:${fence.mtimeNs}:${fence.ctimeNs}${fence.birthNs === undefined ? "" : `:${fence.birthNs}`}`

export const parse = (text: string): Fence | undefined => {
  const match = /^(\d+):(\d+):(\d+):(-?\d+):(-?\d+)(?::(-?\d+))?$/.exec(text)
  if (match === null) return undefined
  const [, dev = "", ino = "", size = "", mtimeNs = "", ctimeNs = "", birthNs] = match
  return {
    dev: BigInt(dev),
    ino: BigInt(ino),
    size: BigInt(size),
    mtimeNs: BigInt(mtimeNs),
    ctimeNs: BigInt(ctimeNs),
    ...(birthNs === undefined ? {} : { birthNs: BigInt(birthNs) })
  }
}

/** Whether it is still the same inode, whatever was written into it since. */
export const isSameInode = (before: Fence, after: Fence): boolean =>
  before.ino === after.ino && before.birthNs === after.birthNs

/**
 * `same`: nothing touched it. `relinked`: only ctime moved (a new hardlink, a chmod, or a write whose mtime was put
 * back): its bytes must be read again before they are believed. `changed`: another file or other content.
 *
 * The device's number is not asked: ZFS and btrfs get another one at each boot, and no two files share an inode number
 * and a ctime to the nanosecond.
 */
export const compare = (before: Fence, after: Fence): "same" | "relinked" | "changed" => {
  if (before.ino !== after.ino || before.size !== after.size || before.mtimeNs !== after.mtimeNs) return "changed"
  return before.ctimeNs === after.ctimeNs ? "same" : "relinked"
}
