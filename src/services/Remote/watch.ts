import { Clock, Duration, Effect, Schema, Semaphore } from "effect"
import { RcError, type Rcd } from "./rcd.ts"

const Moved = Schema.Struct({ bytes: Schema.optionalKey(Schema.Finite) })
const decode = Schema.decodeUnknownEffect(Moved)

/**
 * rclone answers a refused key by asking again, waiting up to five minutes more each time. So while a call takes long
 * and no byte moves, the service itself is asked; `refusal` says what it answered, undefined when all is well or
 * nobody knows.
 */
export const guarded = Effect.fnUntraced(function* (
  rcd: Rcd,
  refusal: Effect.Effect<string | undefined>,
  every: Duration.Input
) {
  const turn = yield* Semaphore.make(1)
  const pause = Duration.toMillis(every)
  let askedAt = 0
  let moved = 0
  let refused: string | undefined
  const bytes = rcd.call("core/stats", {}).pipe(
    Effect.flatMap(decode),
    Effect.map((stats) => stats.bytes ?? 0),
    Effect.orElseSucceed(() => moved)
  )
  const ask = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (now - askedAt < pause / 2) return refused
    askedAt = now
    const total = yield* bytes
    refused = total === moved ? yield* refusal : undefined
    moved = total
    return refused
  }).pipe(turn.withPermit)
  const alarm = ask.pipe(
    Effect.flatMap((why) =>
      why === undefined ? Effect.void : Effect.fail(new RcError({ status: 401, message: why }))
    ),
    Effect.delay(every),
    Effect.forever
  )
  const watch = <A>(effect: Effect.Effect<A, RcError>) =>
    Effect.suspend(() =>
      refused === undefined
        ? Effect.raceFirst(effect, alarm)
        : Effect.fail(new RcError({ status: 401, message: refused }))
    )
  const watched: Rcd = {
    ...rcd,
    call: (command, input) => watch(rcd.call(command, input)),
    get: (url, range, onChunk) => watch(rcd.get(url, range, onChunk))
  }
  return watched
})
