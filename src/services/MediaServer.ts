import { Context, type Effect, Schema } from "effect"
import type { MediaFacts, MediaItem, Viewer, Viewing } from "../domain/watchedWorld.ts"

/** The media server gave no answer that can be believed. Nothing of it may be taken for absent. */
export class MediaServerUnreadable extends Schema.TaggedError<MediaServerUnreadable>()("MediaServerUnreadable", {
  url: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `Jellyfin at ${this.url} cannot be read: ${this.why}`
  }
}

/**
 * Jellyfin. Every listing is read to its end: pages are held against the total that each of them names, and read once
 * more from the start where it moved. An item in a listing belongs to one viewer's view; nothing is asked without one.
 */
export class MediaServer extends Context.Service<
  MediaServer,
  {
    readonly viewers: Effect.Effect<ReadonlyArray<Viewer>, MediaServerUnreadable>
    /** All films and episodes that a viewer can see, with what the viewer did with them. */
    library(
      viewer: Viewer
    ): Effect.Effect<ReadonlyArray<{ readonly item: MediaItem; readonly viewing: Viewing }>, MediaServerUnreadable>
    /** What a viewer has played: films and episodes. */
    played(viewer: Viewer): Effect.Effect<ReadonlyMap<string, Viewing>, MediaServerUnreadable>
    /** Ids of films, episodes, seasons and series that a viewer marked, or that are in a collection so marked. */
    favourites(viewer: Viewer): Effect.Effect<ReadonlyArray<string>, MediaServerUnreadable>
    nextUp(viewer: Viewer): Effect.Effect<ReadonlyArray<string>, MediaServerUnreadable>
    readonly playing: Effect.Effect<MediaFacts["playing"], MediaServerUnreadable>
    /** Some items as one viewer sees them now; an id that is not answered is gone for that viewer. */
    items(
      viewer: Viewer,
      ids: ReadonlyArray<string>
    ): Effect.Effect<ReadonlyArray<{ readonly item: MediaItem; readonly viewing: Viewing }>, MediaServerUnreadable>
    /** Makes the collection of that name hold exactly these items; made when missing, and left empty by none. */
    showLeaving(collection: string, ids: ReadonlyArray<string>): Effect.Effect<void, MediaServerUnreadable>
    /** Fails unless the key may do what the rules need: users, their data, sessions. Null, or what is missing. */
    readonly trouble: Effect.Effect<string | null, MediaServerUnreadable>
  }
>()("media-pipeline/MediaServer") {}
