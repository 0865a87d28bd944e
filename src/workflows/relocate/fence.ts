import { Effect } from "effect"
import { andLook, atSource, noStrangers, siblingsFine, sourceIntact } from "./look.ts"
import { next, type Work } from "./machine.ts"
import { ofLook } from "./words.ts"

/**
 * What the saga began with is what is there. From here on each file of the source has to stay as it is, and nobody else
 * may come to use it. The client is not touched before all of it lies at the other side too: until then its torrents go
 * on seeding.
 */
export const fence = Effect.fn("relocate.fence")(function* (work: Work) {
  const looked = yield* sourceIntact(work).pipe(andLook(siblingsFine(work, atSource)), andLook(noStrangers(work)))
  return ofLook(looked) ?? next("fenced")
})
