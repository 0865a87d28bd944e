import { Effect } from "effect"
import { Spool } from "../state/Spool.ts"

/** What the client's "run on completion" calls. Talks to nobody: the ticket is all, and `upload` asks the client. */
export const completed = Effect.fn("completed")(function* (hash: string) {
  const spool = yield* Spool
  return yield* spool.drop(hash)
})
