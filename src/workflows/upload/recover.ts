import { Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import type { ItemState } from "../../domain/items.ts"
import { join } from "../../platform/BytePath.ts"
import { Disk } from "../../services/Disk.ts"
import { Gate } from "../../services/Gate.ts"
import { Remote } from "../../services/Remote.ts"
import { Items } from "../../state/Items.ts"
import { Journal } from "../../state/Journal.ts"
import { isOurFolder } from "./extract.ts"

/** What a crash left in `extractedDir` is made again, never trusted. */
const discardLeftovers = Effect.fnUntraced(function* () {
  const config = yield* AppConfig
  const disk = yield* Disk
  const gate = yield* Gate
  const entries = yield* disk.entries(config.extractedDir)
  if (entries._tag !== "Known") return
  for (const entry of entries.value) {
    if (entry.kind !== "directory" || !isOurFolder(entry.name)) continue
    yield* gate
      .pass({
        _tag: "Derived",
        path: join(config.extractedDir, entry.name),
        within: config.extractedDir,
        from: entry.name
      })
      .pipe(Effect.catch((error) => Effect.logWarning(error.message)))
  }
})

const unfinishedStates = new Set<ItemState>(["uploading", "failed", "discovered"])

/** Files that an earlier try may have begun in parts and not finished, also where rclone died and we did not. */
const begun = Effect.fnUntraced(function* () {
  const items = yield* Items
  const suspects = (yield* items.all).filter((item) => item.attempts > 0 && unfinishedStates.has(item.state))
  if (suspects.length === 0) return []
  const remote = yield* Remote
  const { claimedFrom } = yield* remote.info
  const files = yield* Effect.forEach(suspects, (item) => items.files(item.id))
  return files.flat().flatMap((file) => (file.state === "sent" && file.size >= claimedFrom ? [file.remote] : []))
})

/**
 * Settles what an earlier run left open. Large files that were begun and not finished are cancelled on the remote, where
 * they would be billed and seen by nobody; everything else is found again by looking.
 */
export const recover = Effect.fn("upload.recover")(function* () {
  const journal = yield* Journal
  yield* discardLeftovers()
  const open = (yield* journal.open()).filter((entry) => entry.step.startsWith("upload."))
  if (open.length > 0) {
    yield* Effect.logInfo(`an earlier upload ended without a word: ${open.length} steps are looked at again`)
  }
  // A remote that cannot be read is reported by whoever needs it next.
  const names = yield* begun().pipe(
    Effect.catchTag("RemoteError", (error) => Effect.as(Effect.logWarning(error.message), []))
  )
  if (names.length > 0) {
    const gate = yield* Gate
    const cancel = gate.pass({ _tag: "Unfinished", paths: names })
    yield* journal
      .step("upload.cancel", names[0] ?? "", `${names.length} names`, cancel)
      .pipe(Effect.catch((error) => Effect.logWarning(error.message)))
  }
  for (const entry of open) yield* journal.settle(entry.id, "crashed")
})
