import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs"
import type { Mount } from "./mountinfo.ts"

/**
 * f_fsid is made of what is written in the filesystem (ext: its UUID, btrfs: UUID and subvolume, ZFS: the dataset's
 * guid, bcachefs: its UUID) or drawn at mount time (tmpfs, whose files live no longer either). XFS, f2fs, FAT and others
 * put the device's number there, which another boot may change; FUSE and NFS put nothing.
 */
const lasting = new Set(["ext2", "ext3", "ext4", "btrfs", "zfs", "bcachefs", "tmpfs", "overlay"])

const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** As udev has linked it; every user may read that. */
const byUuid = (device: bigint): string | undefined =>
  attempt(() =>
    readdirSync("/dev/disk/by-uuid").find((uuid) =>
      attempt(() => statSync(`/dev/disk/by-uuid/${uuid}`, { bigint: true }).rdev === device)
    )
  )

/** As udev remembers it, where /dev has no links (a unit with PrivateDevices). */
const fromUdev = (mount: Mount): string | undefined =>
  attempt(() => /^E:ID_FS_UUID=(\S+)$/m.exec(readFileSync(`/run/udev/data/b${mount.device}`, "utf8"))?.[1])

/** As XFS has written it; only root may read that. */
const fromSuperblock = (mount: Mount): string | undefined =>
  attempt(() => {
    if (mount.type !== "xfs") return undefined
    const file = openSync(mount.source, "r")
    try {
      const block = Buffer.alloc(48)
      readSync(file, block, 0, 48, 0)
      if (block.toString("latin1", 0, 4) !== "XFSB") return undefined
      return block.toString("hex", 32, 48).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
    } finally {
      closeSync(file)
    }
  })

/**
 * A name for the filesystem that another boot gives again. `f_fsid` is the hexadecimal number of statfs(2), `device`
 * the st_dev of the directory that was asked about.
 */
export const fsidOf = (mount: Mount, f_fsid: string, device: bigint): string => {
  if (lasting.has(mount.type) && !/^0*$/.test(f_fsid)) return `${mount.type}:${f_fsid}`
  const isBlock = !mount.device.startsWith("0:")
  if (!isBlock) return `${mount.type}:${mount.source}`
  return `${mount.type}:${byUuid(device) ?? fromUdev(mount) ?? fromSuperblock(mount) ?? `device ${mount.device}`}`
}
