import { Effect } from "effect"
import { accessSync, constants, lstatSync, readdirSync, realpathSync } from "node:fs"
import type { StorageConfig } from "../../config/schema.ts"
import type { Side } from "../../domain/relocationWorld.ts"
import { display, fromBytes, isWithin, join, toBytes } from "../../platform/BytePath.ts"
import { type Mount, mountsBelow } from "../../platform/Filesystem/mountinfo.ts"
import { bytes, count } from "../../platform/Text.ts"
import { Disk } from "../../services/Disk.ts"
import { type Check, ok, problem, warning } from "./check.ts"
import type { Located } from "./storage.ts"

/** They know no hardlinks at all. */
const linkless = new Set(["vfat", "msdos", "exfat"])

const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const isEmpty = (path: string): boolean => attempt(() => readdirSync(toBytes(path)).length) === 0
const isWritable = (path: string): boolean =>
  attempt(() => {
    accessSync(toBytes(path), constants.R_OK | constants.W_OK | constants.X_OK)
    return true
  }) === true

const rootChecks = ({ fsid, name, path, place: { mount, path: real } }: Located): ReadonlyArray<Check> => {
  const shown = display(path)
  if (mount.point === "/" && isEmpty(real)) {
    return [problem("Storage", name, `${shown} is empty, and nothing is mounted there`, "Mount its disk.")]
  }
  if (linkless.has(mount.type)) {
    return [problem("Storage", name, `${shown} is ${mount.type}, which knows no hardlinks`, "Use another filesystem.")]
  }
  if (mount.readOnly) {
    return [problem("Storage", name, `${shown} is mounted read-only`, "Mount it for writing.")]
  }
  return fsid.includes(":device ")
    ? [
        warning(
          "Storage",
          name,
          `${shown} is known by the number of its device only (${fsid}), which a reboot may change`,
          "Let this program see /dev/disk/by-uuid or /run/udev/data; else an index from before a reboot may not be believed."
        )
      ]
    : []
}

const seedingChecks = (one: Located, root: Located | undefined): ReadonlyArray<Check> => {
  const shown = display(one.path)
  if (attempt(() => lstatSync(toBytes(one.place.path)).isDirectory()) !== true) {
    return [problem("Storage", one.name, `${shown} is not a directory`, `Mend ${one.name}.`)]
  }
  if (root !== undefined && root.fsid !== one.fsid) {
    return [
      problem(
        "Storage",
        one.name,
        `${shown} (${one.fsid}) lies on another filesystem than ${display(root.path)} (${root.fsid}): no library there can link to it`,
        "Make it a plain directory of the root's own filesystem (a dataset or subvolume is one of its own), or mend the root."
      )
    ]
  }
  return isWritable(one.place.path)
    ? []
    : [
        problem(
          "Storage",
          one.name,
          `${shown} is not writable for user ${process.getuid?.() ?? "?"}`,
          "Change its owner, its group or its mode, or run as the service's user."
        )
      ]
}

const oneFilesystem = (located: ReadonlyArray<Located>): ReadonlyArray<Check> => {
  const onStash = located.filter(({ side }) => side === "stash")
  const both = located.find((one) => one.side === "pool" && onStash.some(({ fsid }) => fsid === one.fsid))
  const twin = onStash.find(({ fsid }) => fsid === both?.fsid)
  return both === undefined || twin === undefined
    ? []
    : [
        problem(
          "Storage",
          "two filesystems",
          `${display(twin.path)} of the stash and ${display(both.path)} of the pool are one filesystem (${both.fsid}): there is nothing to move between`,
          "Put the pool on a filesystem of its own. If it is one, its disk is a bit by bit copy of the other: give it a new UUID."
        )
      ]
}

/** Under another name than the one that the kernel shows it by widest. */
const isAlias = ({ path, place }: Located): boolean =>
  attempt(() => fromBytes(realpathSync.native(toBytes(path), { encoding: "buffer" }))) !== place.path

const contains = (outer: Located, inner: Located): boolean =>
  outer.place.mount.device === inner.place.mount.device &&
  outer.place.device === inner.place.device &&
  isWithin(inner.place.inside, outer.place.inside)

const aliases = (located: ReadonlyArray<Located>): ReadonlyArray<Check> => {
  const dirs = located.filter(({ isRoot }) => !isRoot)
  return [
    ...located
      .filter(isAlias)
      .map((one) =>
        warning(
          "Storage",
          one.name,
          `${display(one.path)} is a bind mount: the same files lie at ${display(one.place.path)}`,
          "Let qBittorrent and its categories use one of the two names only. A client that is told to move a torrent from one to the other destroys its files."
        )
      ),
    ...dirs.flatMap((one, index) =>
      dirs
        .filter((other, at) => at !== index && contains(other, one) && (at < index || !contains(one, other)))
        .map((other) =>
          warning(
            "Storage",
            one.name,
            `${display(one.path)} lies in ${display(other.path)}`,
            "Name the outer one only; what lies in both is counted once."
          )
        )
    )
  ]
}

/** Directories near the top that are subvolumes: those are in no list of mounts. */
const subvolumes = ({ place: { device, path } }: Located): ReadonlyArray<string> => {
  const below = (folder: string, depth: number): ReadonlyArray<string> =>
    (attempt(() => readdirSync(toBytes(folder), { encoding: "buffer" })) ?? []).slice(0, 1000).flatMap((name) => {
      const child = join(folder, fromBytes(name))
      const stats = attempt(() => lstatSync(toBytes(child), { bigint: true }))
      if (stats === undefined || !stats.isDirectory()) return []
      if (stats.dev !== device) return [child]
      return depth > 1 ? below(child, depth - 1) : []
    })
  return below(path, 2)
}

const isSnapshot = (path: string) => /\/\.(?:zfs|snapshots?)(?:\/|$)/.test(path)

/** What is a filesystem of its own below a root: hardlinks end there. */
const borders = (located: ReadonlyArray<Located>, mounted: ReadonlyArray<Mount>): ReadonlyArray<Check> =>
  located
    .filter(({ isRoot }) => isRoot)
    .flatMap((root) => {
      const points = new Set([...mountsBelow(mounted, root.place.path).map(({ point }) => point), ...subvolumes(root)])
      const own = [...points].filter(
        (point) => !isSnapshot(point) && !located.some(({ place: { path } }) => isWithin(path, point))
      )
      const [first] = own
      if (first === undefined) return []
      const inside = own.find((point) =>
        located.some(({ isRoot, place, side }) => !isRoot && side === root.side && isWithin(point, place.path))
      )
      const more = own.length > 1 ? ` and ${own.length - 1} more` : ""
      return [
        inside === undefined
          ? warning(
              "Storage",
              root.name,
              `${display(first)}${more} below it ${own.length > 1 ? "are filesystems of their own" : "is a filesystem of its own"}: neither indexed nor linked to`,
              "If a library lies there, move it into the root's own filesystem. Else leave it."
            )
          : warning(
              "Storage",
              root.name,
              `${display(inside)} in a seeding directory is a filesystem of its own: torrents in it cannot be moved`,
              "Make it a plain directory; datasets and subvolumes cut hardlinks off."
            )
      ]
    })

const room = Effect.fnUntraced(function* (located: ReadonlyArray<Located>, { reserveBytes }: StorageConfig) {
  const disk = yield* Disk
  const checks: Array<Check> = []
  for (const { fsid, name, path, place, side } of located.filter(({ isRoot }) => isRoot)) {
    const free = yield* disk.freeBytes(place.path)
    if (free._tag !== "Known") continue
    const dirs = located.filter((one) => one.side === side && !one.isRoot).length
    const what = `${display(path)} (${fsid}), ${bytes(free.value)} free`
    checks.push(
      side === "pool" && free.value < reserveBytes
        ? warning(
            "Storage",
            name,
            `${what}, and ${bytes(reserveBytes)} have to stay free: nothing is copied to it`,
            "Make room there, or lower storage.reserveBytes."
          )
        : ok("Storage", name, `${what}; ${count(dirs, "seeding directory", "seeding directories")}`)
    )
  }
  return checks
})

/** Both sides mounted, two filesystems and no more, each directory where it has to be. */
export const layout = Effect.fnUntraced(function* (
  located: ReadonlyArray<Located>,
  mounted: ReadonlyArray<Mount>,
  config: StorageConfig
) {
  const rootOf = (side: Side) => located.find((one) => one.isRoot && one.side === side)
  return [
    ...(yield* room(located, config)),
    ...located.flatMap((one) => (one.isRoot ? rootChecks(one) : seedingChecks(one, rootOf(one.side)))),
    ...oneFilesystem(located),
    ...aliases(located),
    ...borders(located, mounted)
  ]
})
