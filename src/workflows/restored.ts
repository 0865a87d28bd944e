import { Effect } from "effect"
import { Journal } from "../state/Journal.ts"

/** A restore of this item began, and none has come to its end since: what is in its place may be half of it. */
export const restoreIsOpen = Effect.fnUntraced(function* (path: string) {
  const journal = yield* Journal
  const last = (yield* journal.history(path, 20)).find(({ step }) => step.startsWith("restore."))
  return last !== undefined && last.outcome !== "done"
})
