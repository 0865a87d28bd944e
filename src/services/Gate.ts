import { Context, type Effect, Schema } from "effect"
import type { Evidence } from "../domain/deletion.ts"

/** The evidence does not allow it. Nothing was deleted. */
export class GateRefused extends Schema.TaggedError<GateRefused>()("GateRefused", {
  subject: Schema.String,
  reasons: Schema.Array(Schema.String)
}) {
  override get message() {
    return `${this.subject} is kept: ${this.reasons.join("; ")}`
  }
}

/** The act itself failed half-way; what is left is still on the disk. */
export class GateFailed extends Schema.TaggedError<GateFailed>()("GateFailed", {
  subject: Schema.String,
  why: Schema.String
}) {
  override get message() {
    const remedy = /^(?:EACCES|EPERM)\b/.test(this.why)
      ? ". Let this user's group write the folders below completedDir (docs/options.md, qbittorrent.enable, has the commands)"
      : ""
    return `${this.subject} could not be removed: ${this.why}${remedy}`
  }
}

export interface Freed {
  readonly files: number
  /** Bytes given back to the disk: a file that has another link gives none. */
  readonly bytes: number
  /** What was found beside the evidence and left where it is, with the reason. */
  readonly left: ReadonlyArray<{ readonly path: string; readonly why: string }>
}

/**
 * The one deletion gate. Every unlink, rmdir, remote delete and API delete of this program is in its adapter, and it
 * takes evidence. It reads what it can read again right before the act and looks afterwards.
 */
export class Gate extends Context.Service<
  Gate,
  {
    pass(evidence: Evidence): Effect.Effect<Freed, GateRefused | GateFailed>
  }
>()("media-pipeline/Gate") {}
