import { Context, type Effect, Schema } from "effect"
import type { TitleRequest } from "../domain/watchedWorld.ts"

export class RequestsUnreadable extends Schema.TaggedError<RequestsUnreadable>()("RequestsUnreadable", {
  url: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `Seerr at ${this.url} cannot be read: ${this.why}`
  }
}

/** Seerr. */
export class Requests extends Context.Service<
  Requests,
  {
    readonly configured: boolean
    /** All requests, read to the last page. */
    readonly all: Effect.Effect<ReadonlyArray<TitleRequest>, RequestsUnreadable>
    /** Removes the record of a title, so that it can be asked for again. Never the file; done when it is not there. */
    close(mediaId: number): Effect.Effect<void, RequestsUnreadable>
    readonly trouble: Effect.Effect<string | null, RequestsUnreadable>
  }
>()("media-pipeline/Requests") {}
