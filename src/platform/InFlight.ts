import { Deferred, Effect } from "effect"

/** Callers that come while it runs get its result; one that comes later runs it again. */
export const shareInFlight = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => {
  let running: Deferred.Deferred<A, E> | undefined
  return Effect.suspend(() => {
    if (running !== undefined) return Deferred.await(running)
    const result = Deferred.makeUnsafe<A, E>()
    running = result
    return Effect.onExit(effect, (exit) => {
      running = undefined
      return Deferred.done(result, exit)
    })
  })
}
