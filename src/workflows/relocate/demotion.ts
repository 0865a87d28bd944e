import { Effect } from "effect"
import { Sagas } from "../../state/Sagas.ts"
import { copyAll, reserve } from "./copy.ts"
import { fence } from "./fence.ts"
import { next, type Outcome, type Work, workOf } from "./machine.ts"
import { prove } from "./prove.ts"
import { quarantine } from "./quarantine.ts"
import { finish, release } from "./release.ts"
import { goLive, repoint } from "./repoint.ts"
import { rollBack } from "./rollback.ts"
import { publish, stage } from "./stage.ts"

const copies = ({ plan }: Work): boolean => plan.blobs.some(({ origin }) => origin.kind === "copy")

const copyAndProve = Effect.fnUntraced(function* (work: Work) {
  const stopped = yield* copyAll(work)
  return stopped ?? (yield* prove(workOf(work.saga, yield* (yield* Sagas).plan(work.saga.id), work.run)))
})

/**
 * The next step of a demotion. What lies on the pool already gets further names; everything else is copied, each inode
 * once, read back, and proven. Undefined when it is over.
 */
export const demotion = (work: Work) =>
  Effect.gen(function* () {
    switch (work.saga.state) {
      case "planned":
        return yield* fence(work)
      case "fenced":
        return copies(work) ? yield* reserve(work) : yield* prove(work)
      case "reserved":
        return next("copying")
      case "copying":
        return yield* copyAndProve(work)
      case "proven":
        return yield* stage(work)
      case "staged":
        return yield* publish(work)
      case "published":
        return yield* repoint(work)
      case "repointed":
        return yield* goLive(work)
      case "live":
        return yield* quarantine(work)
      case "quarantined":
        return yield* release(work)
      case "released":
        return yield* finish(work)
      case "rolling-back":
        return yield* rollBack(work)
      default:
        return undefined
    }
  }).pipe(Effect.map((outcome): Outcome | undefined => outcome))
