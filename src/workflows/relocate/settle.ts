import { Effect } from "effect"
import { Journal } from "../../state/Journal.ts"

/** What a crash left open is found out by looking, saga by saga; its entries are only closed. */
export const settleJournal = Effect.gen(function* () {
  const journal = yield* Journal
  for (const entry of yield* journal.open()) {
    if (entry.step.startsWith("relocate.")) yield* journal.settle(entry.id, "interrupted; looked at again")
  }
})
