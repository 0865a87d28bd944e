import { Effect } from "effect"
import { fence } from "./fence.ts"
import type { Outcome, Work } from "./machine.ts"
import { prove } from "./prove.ts"
import { quarantine } from "./quarantine.ts"
import { finish, release } from "./release.ts"
import { goLive, repoint } from "./repoint.ts"
import { rollBack } from "./rollback.ts"
import { publish, stage } from "./stage.ts"

/**
 * The next step of a promotion: the stash's own files get further names. There is nothing in it that could copy.
 * Undefined when it is over.
 */
export const promotion = (work: Work) =>
  Effect.gen(function* () {
    switch (work.saga.state) {
      case "planned":
        return yield* fence(work)
      case "fenced":
        return yield* prove(work)
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
