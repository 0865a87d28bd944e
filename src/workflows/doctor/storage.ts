import { Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import type { StorageConfig } from "../../config/schema.ts"
import type { Side } from "../../domain/relocationWorld.ts"
import { display } from "../../platform/BytePath.ts"
import { canonicalise, type FilesystemUnreadable, fsid, mounts, type Place } from "../../platform/Filesystem.ts"
import type { Mount } from "../../platform/Filesystem/mountinfo.ts"
import { type Check, problem } from "./check.ts"
import { layout } from "./storage-layout.ts"
import { links } from "./storage-links.ts"
import { places } from "./storage-places.ts"

/** A directory of the configuration that was found. */
export interface Located {
  readonly side: Side
  /** "storage.stash.root", "storage.pool.seedingDirs". */
  readonly name: string
  readonly isRoot: boolean
  /** As it is configured. */
  readonly path: string
  readonly place: Place
  readonly fsid: string
}

const sides = ["stash", "pool"] as const

const locate = Effect.fnUntraced(function* (path: string, mounted: ReadonlyArray<Mount>) {
  const place = yield* canonicalise(path, mounted)
  return { place, fsid: yield* fsid(place) }
})

const all = (storage: StorageConfig) =>
  sides.flatMap((side) => [
    { side, name: `storage.${side}.root`, isRoot: true, path: storage[side].root },
    ...storage[side].seedingDirs.map((path) => ({ side, name: `storage.${side}.seedingDirs`, isRoot: false, path }))
  ])

/** Whether payloads can be moved between the two filesystems, and linked on each. Nothing where that is not configured. */
export const storage = Effect.gen(function* () {
  const { storage: config } = yield* AppConfig
  if (config === undefined) return []
  const mounted = yield* mounts
  const located: Array<Located> = []
  const lost: Array<Check> = []
  for (const one of all(config)) {
    const found = yield* Effect.result(locate(one.path, mounted))
    if (found._tag === "Success") located.push({ ...one, ...found.success })
    else {
      lost.push(problem("Storage", one.name, display(found.failure.message), `Mount its disk, or mend ${one.name}.`))
    }
  }
  return [
    ...lost,
    ...(yield* layout(located, mounted, config)),
    ...(yield* links(located)),
    ...(yield* places(located))
  ]
}).pipe(
  Effect.catchTag("FilesystemUnreadable", (error: FilesystemUnreadable) =>
    Effect.succeed([
      problem("Storage", "mounts", display(error.message), "Let this program read /proc (ProtectProc, ProcSubset).")
    ])
  )
)
