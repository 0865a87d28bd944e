import { Effect } from "effect"
import type { Saga, SagaPlan } from "../../domain/sagas.ts"
import { TorrentClient } from "../../services/TorrentClient.ts"
import { Sagas } from "../../state/Sagas.ts"
import { fine, lookAtFile } from "./look.ts"

/** Selecting a file brings its pieces, and with them the proof that was wanting. */
const isSelectionChanged = Effect.fnUntraced(function* ({ torrents }: SagaPlan, listed: ReadonlySet<string>) {
  const client = yield* TorrentClient
  for (const { files, hash } of torrents) {
    if (!listed.has(hash)) continue
    const now = new Map((yield* client.files(hash)).map(({ path, wanted }) => [path, wanted]))
    if (files.some(({ path, wanted }) => wanted !== now.get(path))) return true
  }
  return false
})

/** What an earlier saga found wanting in bytes that nothing has touched since; null where another try may end otherwise. */
export const refusalOf = Effect.fnUntraced(function* ({ id, reason, verdict }: Saga, listed: ReadonlySet<string>) {
  const plan = yield* (yield* Sagas).plan(id)
  const sources = new Map(plan.entries.map(({ blob, source }) => [blob, source]))
  for (const { fence, number, origin, target } of plan.blobs) {
    const here = yield* lookAtFile(sources.get(number) ?? "", fence, true)
    const there = origin.kind === "link" && target !== null ? yield* lookAtFile(origin.path, target, true) : fine
    if (here._tag !== "fine" || there._tag !== "fine") return null
  }
  return verdict === "unproven" && (yield* isSelectionChanged(plan, listed)) ? null : reason
})
