import type { SteeringError } from "../../services/TorrentSteering.ts"
import type { NoClientPath } from "../../services/TorrentClient.ts"
import type { ViewsError } from "../../services/Views.ts"
import type { Looked } from "./look.ts"
import { back, hold, type Outcome } from "./machine.ts"

/** What cannot be told waits; what is told to be otherwise goes back; what is fine is no outcome yet. */
export const ofLook = (looked: Looked): Outcome | undefined =>
  looked._tag === "fine" ? undefined : looked._tag === "unknown" ? hold(looked.why) : back(looked.why)

export const ofViews = (error: ViewsError): Outcome => {
  if (error.class === "unreadable") return hold(error.message)
  return back(error.class === "no-space" ? `${error.message}; make room there` : error.message)
}

type Answer = Exclude<SteeringError, { _tag: "TorrentClientUnreadable" | "TorrentClientRefused" }> | NoClientPath

/** What the client will not do, or has no torrent for, is undone; where it merely did not get there, it is waited for. */
export const ofSteering = (error: Answer): Outcome =>
  error._tag === "SteeringStuck" ? hold(error.message) : back(error.message)
