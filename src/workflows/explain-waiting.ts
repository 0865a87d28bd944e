import { instant } from "../domain/evidence.ts"
import { isOver, type Saga } from "../domain/sagas.ts"

// What `release` says of a quarantine that is not over yet.
const waiting = "its source waits in the quarantine"

/** What keeps a saga from going on, or sends it back; null for one that only waits for its time or its next run. */
export const heldBy = ({ reason, state }: Saga): string | null =>
  isOver(state) || (state === "quarantined" && reason?.startsWith(waiting) === true) ? null : reason

/** What a saga waits for; null when it is over. */
export const waitsFor = (saga: Saga, now: number, dryRun: boolean): string | null => {
  if (isOver(saga.state)) return null
  const run = dryRun
    ? "media-pipeline relocate --apply (storage.dryRun is set: other runs only look)"
    : "the next media-pipeline relocate"
  if (saga.state !== "quarantined") {
    const back = saga.state === "rolling-back" ? " and undoes what it did" : ""
    return heldBy(saga) === null || back !== "" ? `${run} goes on with it${back}` : `what holds it, then ${run}`
  }
  const until = saga.quarantineUntil ?? now
  return until > now
    ? `its quarantine, until ${instant(until)}; the second run of relocate after that proves the copy again and removes the source`
    : `${run}: its quarantine is over, and a second run that finds it so removes the source, if the copy is still proven`
}
