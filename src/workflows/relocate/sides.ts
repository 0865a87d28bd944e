import { Effect, Option } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import type { SeedingDir, Side } from "../../domain/relocationWorld.ts"
import { display, join } from "../../platform/BytePath.ts"
import { canonicalise, fsid, mounts, type Place } from "../../platform/Filesystem.ts"
import { mountsBelow } from "../../platform/Filesystem/mountinfo.ts"
import { Disk } from "../../services/Disk.ts"
import { Runs } from "../../state/Runs.ts"

export interface Folder extends SeedingDir {
  readonly fsid: string
  readonly device: bigint
  readonly mountPoints: ReadonlySet<string>
}

/** The two sides as they are mounted now. */
export interface Sides {
  readonly folders: ReadonlyArray<Folder>
  /** Why nothing may be concluded of a side; null when it is fine. */
  readonly unavailable: Readonly<Record<Side, string | null>>
  /** To be called once a run has found all well: the filesystems that are expected from then on. */
  readonly remember: Effect.Effect<void, never, Runs>
}

const sides = ["stash", "pool"] as const
const keyOf = (path: string) => `relocate.fsid ${path}`

/** Nothing but folders, and those are hollow as well: what was made where a disk should have been mounted. */
const isHollow = (path: string, depth: number): Effect.Effect<boolean, never, Disk> =>
  Effect.gen(function* () {
    const entries = yield* (yield* Disk).entries(path)
    if (entries._tag !== "Known" || depth === 0) return false
    for (const { kind, name } of entries.value) {
      if (kind !== "directory" || !(yield* isHollow(join(path, name), depth - 1))) return false
    }
    return true
  })

/** Why a place is not what it is taken for. A mount point without its disk lies on the filesystem of the folder above. */
const strangeness = Effect.fnUntraced(function* (path: string, place: Place, id: string, isRoot: boolean) {
  const runs = yield* Runs
  const before = yield* runs.observed(keyOf(path))
  if (Option.isSome(before)) {
    return before.value.value === id
      ? null
      : `${display(path)} was on the filesystem ${before.value.value} and is on ${id} now: is its disk mounted?`
  }
  return isRoot && place.mount.point === "/" && (yield* isHollow(path, 8))
    ? `${display(path)} holds no file, and nothing is mounted there: is its disk mounted? If it is to lie on the root filesystem, put any file into it`
    : null
})

/** Looks at the roots and seeding directories of both sides, each under its canonical name. Changes nothing. */
export const lookAtSides = Effect.fn("relocate.sides")(function* () {
  const { storage } = yield* AppConfig
  const mounted = yield* mounts
  const folders: Array<Folder> = []
  const ids = new Map<string, string>()
  const unavailable: Record<Side, string | null> = { stash: null, pool: null }
  for (const side of sides) {
    if (storage === undefined) break
    const { root, seedingDirs } = storage[side]
    for (const path of [root, ...seedingDirs]) {
      const found = yield* Effect.result(
        Effect.gen(function* () {
          const place = yield* canonicalise(path, mounted)
          return { place, id: yield* fsid(place) }
        })
      )
      if (found._tag === "Failure") {
        unavailable[side] ??= found.failure.message
        continue
      }
      const { id, place } = found.success
      ids.set(path, id)
      unavailable[side] ??= yield* strangeness(path, place, id, path === root)
      if (path === root && !seedingDirs.includes(root)) continue
      const mountPoints = new Set(mountsBelow(mounted, place.path).map(({ point }) => point))
      folders.push({ side, path: place.path, fsid: id, device: place.device, mountPoints })
    }
  }
  const remember = Effect.gen(function* () {
    const runs = yield* Runs
    for (const [path, id] of ids) yield* runs.observe(keyOf(path), id)
  })
  return { folders: outermost(folders), unavailable, remember } satisfies Sides
})

/** Each once: the root may be named among the seeding directories. */
const outermost = (folders: ReadonlyArray<Folder>): ReadonlyArray<Folder> =>
  folders.filter(({ path }, at) => folders.findIndex((one) => one.path === path) === at)
