import { Effect, Schema } from "effect"
import { closeSync, constants, fstatSync, linkSync, lstatSync, openSync, readFileSync, realpathSync } from "node:fs"
import { display, fromBytes, join, toBytes } from "./BytePath.ts"
import { temporaryPrefix } from "./AtomicFile.ts"
import { fsidOf } from "./Filesystem/identity.ts"
import { insideOf, type Mount, parseMountinfo, seenThrough } from "./Filesystem/mountinfo.ts"
import { outputOf } from "./Process.ts"

/** Nothing may be concluded about the place. Exit code 75. */
export class FilesystemUnreadable extends Schema.TaggedError<FilesystemUnreadable>()("FilesystemUnreadable", {
  path: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `${display(this.path)} cannot be looked at: ${this.why}`
  }
}

/** Where a path leads, whatever name was used for it. */
export interface Place {
  /**
   * The path after all symlinks and through the widest mount of its filesystem: bind aliases of one file have the same.
   * As asked for (without symlinks) where another mount lies over that.
   */
  readonly path: string
  /** The path inside its filesystem. */
  readonly inside: string
  readonly mount: Mount
  /** st_dev, of this boot. */
  readonly device: bigint
  readonly ino: bigint
  /** Nanoseconds since the epoch; 0 where the filesystem does not know. */
  readonly birthNs: bigint
}

const whyOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const attempt = <A>(path: string, read: () => A): Effect.Effect<A, FilesystemUnreadable> =>
  Effect.try({ try: read, catch: (cause) => new FilesystemUnreadable({ path, why: whyOf(cause) }) })

const O_PATH = 0o10000000

/** Opens a place without reading it: no permission on it is needed, and a FIFO does not wait. */
const holding = <A>(path: string, use: (file: number) => A): A => {
  const file = openSync(toBytes(path), O_PATH | constants.O_NOFOLLOW)
  try {
    return use(file)
  } finally {
    closeSync(file)
  }
}

const readMounts = (): ReadonlyArray<Mount> => parseMountinfo(readFileSync("/proc/self/mountinfo"))

/** What is mounted, as this process sees it. */
export const mounts: Effect.Effect<ReadonlyArray<Mount>, FilesystemUnreadable> = attempt(
  "/proc/self/mountinfo",
  readMounts
)

const isSame = (path: string, device: bigint, ino: bigint): boolean => {
  try {
    const found = lstatSync(toBytes(path), { bigint: true })
    return found.dev === device && found.ino === ino
  } catch {
    return false
  }
}

const locate = (asked: string, mounted: ReadonlyArray<Mount>): Place => {
  const real = fromBytes(realpathSync.native(toBytes(asked), { encoding: "buffer" }))
  return holding(real, (file) => {
    const id = Number(/^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${file}`, "utf8"))?.[1])
    const mount = mounted.find((one) => one.id === id)
    if (mount === undefined) throw new Error(`its mount ${id} is not in /proc/self/mountinfo`)
    const { birthtimeNs, dev, ino } = fstatSync(file, { bigint: true })
    const inside = insideOf(mount, real)
    const widest = mounted
      .filter((one) => one.device === mount.device)
      .toSorted((one, other) => one.root.length - other.root.length || one.id - other.id)
      .map((one) => seenThrough(one, inside))
      .find((path) => path !== undefined && isSame(path, dev, ino))
    return { path: widest ?? real, inside, mount, device: dev, ino, birthNs: birthtimeNs }
  })
}

/** Where a path leads. Give `mounted` when many are asked about. */
export const canonicalise = Effect.fnUntraced(function* (path: string, mounted?: ReadonlyArray<Mount>) {
  const table = mounted ?? (yield* mounts)
  return yield* attempt(path, () => locate(path, table))
})

/**
 * The identity of the filesystem that a place lies on, the same after a reboot: "ext4:4e78a8e357069d7",
 * "btrfs:23040ebbb1e93ecc" (each subvolume its own), "zfs:…", "xfs:<UUID>". Runs coreutils' `stat`.
 */
export const fsid = Effect.fnUntraced(function* (place: Place) {
  const file = yield* Effect.acquireRelease(
    attempt(place.path, () => openSync(toBytes(place.path), O_PATH | constants.O_NOFOLLOW)),
    (opened) => Effect.sync(() => closeSync(opened))
  )
  // A name of any bytes fits into no argument; what is open here has a plain one.
  const answer = yield* outputOf("stat", ["-f", "-L", "-c", "%i", "--", `/proc/${process.pid}/fd/${file}`]).pipe(
    Effect.mapError(({ message }) => new FilesystemUnreadable({ path: place.path, why: message }))
  )
  if (!/^[0-9a-f]+\s*$/.test(answer)) return yield* new FilesystemUnreadable({ path: place.path, why: answer.trim() })
  return fsidOf(place.mount, answer.trim(), place.device)
}, Effect.scoped)

/**
 * Whether a hardlink can be made from one directory into another, found out by asking the kernel for one of the
 * directory itself: it refuses that always, but for two mounts or filesystems (EXDEV) it does so first. Nothing is
 * created. st_dev tells the subvolumes of a btrfs apart, which the kernel asks about later.
 */
export const sameFilesystem = (directory: string, other: string): Effect.Effect<boolean, FilesystemUnreadable> =>
  attempt(other, () => {
    const here = lstatSync(toBytes(directory), { bigint: true })
    const there = lstatSync(toBytes(other), { bigint: true })
    if (!here.isDirectory() || !there.isDirectory()) throw new Error("both have to be directories")
    try {
      linkSync(toBytes(directory), toBytes(join(other, `${temporaryPrefix}probe`)))
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? cause.code : undefined
      if (code === "EXDEV") return false
      if (code === "EPERM") return here.dev === there.dev
      throw cause
    }
    throw new Error("the kernel has linked a directory")
  })
