import { Effect, Schema } from "effect"
import { lstatSync } from "node:fs"
import { AppConfig } from "../../config/AppConfig.ts"
import { dirname, display, isWithin, toBytes } from "../../platform/BytePath.ts"
import * as Filesystem from "../../platform/Filesystem.ts"
import { type Mount, mountsBelow } from "../../platform/Filesystem/mountinfo.ts"

/** Neither `storage` nor `hashCache.roots` is configured. Exit code 78. */
export class NothingToIndex extends Schema.TaggedError<NothingToIndex>()("NothingToIndex", {}) {
  override get message() {
    return "there is nothing to index: set storage.stash.root and storage.pool.root, or hashCache.roots"
  }
}

/** Exit code 64. */
export class NotARoot extends Schema.TaggedError<NotARoot>()("NotARoot", {
  path: Schema.String,
  roots: Schema.Array(Schema.String)
}) {
  override get message() {
    return `${display(this.path)} is no directory at or below a root (${this.roots.map(display).join(", ")}): add it to hashCache.roots`
  }
}

export interface Target {
  /** Of the root: canonical. */
  readonly path: string
  /** As it is configured. */
  readonly configured: string
  readonly fsid: string
  readonly device: bigint
  readonly ino: bigint
  /** Where to begin: the root or a directory below it. */
  readonly start: string
  readonly mountPoints: ReadonlySet<string>
}

export interface Missing {
  readonly configured: string
  readonly why: string
}

interface Located {
  readonly configured: string
  readonly place: Filesystem.Place
  readonly fsid: string
}

/** All configured roots, as they are written there, each once. */
export const configuredRoots = Effect.map(AppConfig, ({ hashCache, storage }) => [
  ...new Set([...(storage === undefined ? [] : [storage.stash.root, storage.pool.root]), ...(hashCache?.roots ?? [])])
])

const contains = (outer: Filesystem.Place, inner: Filesystem.Place): boolean =>
  outer.device === inner.device && outer.mount.device === inner.mount.device && isWithin(inner.inside, outer.inside)

/** A root inside another one of the same filesystem, also under another name, is a part of that. */
const outermost = (all: ReadonlyArray<Located>): ReadonlyArray<Located> =>
  all.filter(
    ({ place }, index) =>
      !all.some(
        (other, at) =>
          at !== index && contains(other.place, place) && (other.place.inside !== place.inside || at < index)
      )
  )

const locate = Effect.fnUntraced(function* (configured: string, mounted: ReadonlyArray<Mount>) {
  const place = yield* Filesystem.canonicalise(configured, mounted)
  return { configured, place, fsid: yield* Filesystem.fsid(place) } satisfies Located
})

const isDirectory = (path: string): boolean => lstatSync(toBytes(path)).isDirectory()

/**
 * What to scan: the roots, or the places asked for at or below them. A root that is not there is told apart: nothing may
 * be concluded from that.
 */
export const resolve = Effect.fnUntraced(function* (asked: ReadonlyArray<string>) {
  const configured = yield* configuredRoots
  if (configured.length === 0) return yield* new NothingToIndex()
  const mounted = yield* Filesystem.mounts
  const located: Array<Located> = []
  const missing: Array<Missing> = []
  for (const path of configured) {
    const found = yield* Effect.result(locate(path, mounted))
    if (found._tag === "Success") located.push(found.success)
    else missing.push({ configured: path, why: found.failure.why })
  }
  // A filesystem that was copied bit by bit has the other's identity: their inodes could not be told apart.
  const twins = located.filter(({ fsid, place }) =>
    located.some((other) => other.fsid === fsid && other.place.device !== place.device)
  )
  missing.push(
    ...twins.map(({ configured: path, fsid }) => ({
      configured: path,
      why: `another root has the same filesystem identity ${fsid}: give one of the two a new UUID`
    }))
  )
  const sound = outermost(located.filter((one) => !twins.includes(one)))
  const targetOf = ({ configured: name, fsid, place }: Located, start: string): Target => ({
    path: place.path,
    configured: name,
    fsid,
    device: place.device,
    ino: place.ino,
    start,
    mountPoints: new Set(mountsBelow(mounted, start).map(({ point }) => point))
  })
  if (asked.length === 0) return { targets: sound.map((one) => targetOf(one, one.place.path)), missing, whole: true }
  const targets: Array<Target> = []
  const absent: Array<Missing> = []
  for (const path of asked) {
    const gone = missing.find((one) => isWithin(path, one.configured))
    const found = yield* Effect.result(Filesystem.canonicalise(path, mounted))
    if (found._tag === "Failure") {
      if (gone === undefined) return yield* new NotARoot({ path, roots: configured })
      absent.push(gone)
      continue
    }
    const place = found.success
    const root = sound.find((one) => contains(one.place, place))
    if (root === undefined && gone !== undefined) absent.push(gone)
    else if (root === undefined || !isDirectory(place.path)) return yield* new NotARoot({ path, roots: configured })
    else targets.push(targetOf(root, place.path))
  }
  const apart = targets.filter(
    ({ start }, index) =>
      !targets.some(
        (other, at) => at !== index && isWithin(start, other.start) && (start !== other.start || at < index)
      )
  )
  return { targets: apart, missing: absent, whole: false }
})

/** From the root down to the directory above `start`, the root first. */
export const leading = ({ path, start }: Target): ReadonlyArray<string> => {
  const all: Array<string> = []
  for (let at = start; at !== path && isWithin(at, path);) {
    at = dirname(at)
    all.unshift(at)
  }
  return all
}
