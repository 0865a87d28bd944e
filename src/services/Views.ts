import { Context, type Effect, Schema } from "effect"
import type { Fence } from "../domain/fence.ts"
import { display } from "../platform/BytePath.ts"

/**
 * `exists`: another file is there, and stays. `changed`: it is not the file that was meant, or was written to meanwhile.
 * `other-filesystem`: no name of it can be made there. `no-space`: the disk or a quota is full. `refused`: permission,
 * read-only, too many links, protected_hardlinks. `unreadable`: everything else.
 */
export class ViewsError extends Schema.TaggedError<ViewsError>()("ViewsError", {
  path: Schema.String,
  operation: Schema.String,
  class: Schema.Literals(["absent", "exists", "changed", "other-filesystem", "no-space", "refused", "unreadable"]),
  why: Schema.String
}) {
  override get message() {
    return `${display(this.path)}: ${this.operation} failed: ${display(this.why)}`
  }
}

/** A path, and the configured folder that it is reached from without following a symlink. Absolute. */
export interface Spot {
  readonly anchor: string
  readonly path: string
}

export interface CopiedFile {
  readonly fence: Fence
  /** Of the bytes that were read: `sha256:` and 64 hexadecimal digits. */
  readonly contentId: string
}

/**
 * Names and bytes on the two filesystems of a relocation. Nothing here removes a content or replaces a file; a file is
 * recognised by its fence before anything is made of it. All that is made is flushed when a call returns.
 */
export class Views extends Context.Service<
  Views,
  {
    /**
     * A private folder of ours below the anchor, made if need be, from which names can be made in the anchor itself:
     * the kernel was asked.
     */
    staging(spot: Spot): Effect.Effect<void, ViewsError>
    /** The folders from the anchor of `to` (our own) down to it, made where they are missing, and all like those of `like`. */
    folders(like: Spot, to: Spot): Effect.Effect<void, ViewsError>
    /**
     * Copies a file whose fence is `fence` under a new name, by way of `<name>.part`, with its times, mode and, where
     * permitted, owner; holes stay holes. `changed` where the source moved meanwhile.
     */
    copy(source: Spot, fence: Fence, to: Spot, onBytes?: (done: number) => void): Effect.Effect<CopiedFile, ViewsError>
    /** A new empty file, like the empty one `like`. One that is there already and empty is as good. */
    empty(like: Spot, to: Spot): Effect.Effect<Fence, ViewsError>
    /** A further name for the inode with this fence. One that is there already is as good. Returns the fence after it. */
    link(source: Spot, fence: Fence, to: Spot): Effect.Effect<Fence, ViewsError>
    /**
     * Puts what lies in the folder `staged` at the same places in the folder `to`: whole folders by a rename where there
     * is none, files by a further name. Where another file lies, it stops.
     */
    publish(staged: Spot, to: Spot): Effect.Effect<void, ViewsError>
    /** A rename on one filesystem, into private folders of ours, which are made. Never over something. */
    aside(source: Spot, fence: Fence, to: Spot): Effect.Effect<Fence, ViewsError>
    /**
     * The way back, over nothing that comes in this moment either; the folders above it are made if they are missing.
     * One that a crash has left with both names is brought to its end.
     */
    back(source: Spot, fence: Fence, to: Spot): Effect.Effect<Fence, ViewsError>
  }
>()("media-pipeline/Views") {}
