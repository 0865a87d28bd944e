import { Effect, Option } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import type { ItemState } from "../domain/items.ts"
import { shownRemote } from "../domain/remoteName.ts"
import { Disk } from "../services/Disk.ts"
import { Remote, RemoteError } from "../services/Remote.ts"
import { Items } from "../state/Items.ts"
import { Runs } from "../state/Runs.ts"

const key = "upload.remote"

/** Of the others the remote before may hold the only copy: what is known of that one stays written down. */
const here = new Set<ItemState>(["discovered", "uploading", "uploaded", "failed", "blocked"])

/** Where everything went before, if that is not where it goes now; null when it is, or nothing went anywhere. */
export const earlierRemote = Effect.gen(function* () {
  const { upload } = yield* AppConfig
  const runs = yield* Runs
  const before = Option.getOrNull(yield* runs.observed(key))?.value ?? null
  return before === shownRemote(upload.remote) ? null : before
})

/** A folder that has lost all that was proven in it is the mount point of a disk that is not there. Null: all is well. */
export const emptiedRemote = Effect.gen(function* () {
  const { upload } = yield* AppConfig
  const disk = yield* Disk
  const items = yield* Items
  if (!upload.remote.startsWith("/")) return null
  const entries = yield* disk.entries(upload.remote)
  if (entries._tag !== "Known" || entries.value.some(({ name }) => name !== "lost+found")) return null
  const count = (yield* items.all).filter(({ uploadedAt }) => uploadedAt !== null).length
  return count === 0
    ? null
    : `it is empty, and ${count} items were uploaded to it: is its disk mounted? If it is a new one, make any folder in it`
})

/**
 * What was sent to another remote and proven there says nothing of this one: here nothing is ours to write over, and
 * everything that is still on the disk has to be proven anew. True when that was so.
 */
export const settleRemote = Effect.fn("upload.remote")(function* () {
  const { upload } = yield* AppConfig
  const items = yield* Items
  const runs = yield* Runs
  const now = shownRemote(upload.remote)
  const before = yield* earlierRemote
  const emptied = before === null ? yield* emptiedRemote : null
  if (emptied !== null) {
    return yield* new RemoteError({ remote: now, operation: "looking into it", class: "denied", why: emptied })
  }
  if (before === null) {
    if (Option.isNone(yield* runs.observed(key))) yield* runs.observe(key, now)
    return false
  }
  // One that cannot be read is a mistake in the configuration more often than a new home.
  yield* Effect.flatMap(Remote, (remote) => remote.stat(".media-pipeline"))
  yield* Effect.logWarning(`upload.remote is ${now} and was ${before}: everything here is looked for there, or sent`)
  const change = { state: "discovered", reason: `it was uploaded to ${before}`, errorClass: null, stamp: null } as const
  const forget = Effect.gen(function* () {
    for (const item of yield* items.all) {
      if (!here.has(item.state)) continue
      const files = yield* items.files(item.id)
      yield* items.putFiles(files.map((file) => ({ ...file, state: "pending", proof: null, verifiedAt: null })))
      yield* items.update(item.id, change)
    }
    yield* runs.observe(key, now)
  })
  yield* items.atomically(forget)
  return true
})
