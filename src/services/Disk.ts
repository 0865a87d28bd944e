import { Context, type Effect, Schema } from "effect"
import type { Fact } from "../domain/fact.ts"
import type { Fence } from "../domain/fence.ts"
import { display } from "../platform/BytePath.ts"
import type { HashKind } from "./Remote.ts"

/**
 * `absent`: it is not there. `exists`: it is there already and is left as it is. `changed`: somebody wrote to it while
 * it was read. `other-device`: it lies on another filesystem. `unreadable`: everything else (permission, I/O, stale
 * mount), from which nothing may be concluded.
 */
export class DiskError extends Schema.TaggedError<DiskError>()("DiskError", {
  path: Schema.String,
  operation: Schema.String,
  class: Schema.Literals(["absent", "exists", "changed", "other-device", "unreadable"]),
  why: Schema.String
}) {
  override get message() {
    return `${display(this.path)}: ${this.operation} failed: ${this.why}`
  }
}

export type EntryKind = "file" | "directory" | "symlink" | "fifo" | "socket" | "device"

export interface Entry {
  readonly kind: EntryKind
  readonly fence: Fence
  /** Number of names that the content has on its filesystem. */
  readonly links: number
}

/** What a tree holds. Paths are relative to its root, "" is the root itself. Sorted by their bytes. */
export interface Tree {
  readonly root: Entry
  readonly files: ReadonlyArray<{ readonly path: string; readonly fence: Fence; readonly links: number }>
  /** Below the root, parents before their children. */
  readonly directories: ReadonlyArray<{ readonly path: string; readonly fence: Fence }>
  /** Symlinks, FIFOs, sockets, devices and directories of another filesystem: never entered, never followed. */
  readonly others: ReadonlyArray<{ readonly path: string; readonly kind: EntryKind | "mount" }>
}

export interface Hashed {
  /** Lower-case hex, as is `hash`. */
  readonly sha1: string
  /** In the other kind that was asked for; null when that was none or SHA-1. */
  readonly hash: string | null
  readonly fence: Fence
}

/**
 * The disk as it is, never through a symlink. All paths are absolute BytePaths. Something is `Absent` only where its
 * folder exists: below a folder that is gone (an unmounted disk) it is `Unreadable`.
 */
export class Disk extends Context.Service<
  Disk,
  {
    stat(path: string): Effect.Effect<Fact<Entry>>
    /** Where a path leads after all symlinks, and what is there. */
    resolve(path: string): Effect.Effect<Fact<{ readonly path: string; readonly entry: Entry }>>
    /** The names in one folder, dot entries too, in the order of their bytes. */
    entries(folder: string): Effect.Effect<Fact<ReadonlyArray<{ readonly name: string; readonly kind: EntryKind }>>>
    /** A whole tree, on one device; Unreadable when any folder of it is. A root that is no directory is a tree of one. */
    walk(root: string): Effect.Effect<Fact<Tree>>
    /**
     * Reads a file once. Its fence is taken before and after on the same descriptor; `changed` when they differ.
     * `onBytes` gets the number of bytes read so far.
     */
    hash(path: string, also: HashKind | null, onBytes?: (done: number) => void): Effect.Effect<Hashed, DiskError>
    /** Bytes `[offset, offset + length)` of a file; fewer at its end. */
    read(path: string, offset: number, length: number): Effect.Effect<Uint8Array, DiskError>
    /** Bytes free to us on the filesystem of this path. */
    freeBytes(path: string): Effect.Effect<Fact<number>>
    /** Creates a directory and its parents, each flushed to the disk. */
    makeDirectory(path: string, mode: number): Effect.Effect<void, DiskError>
    /** A second name for a file on the same filesystem; never over something. */
    link(from: string, to: string): Effect.Effect<void, DiskError>
    /** Flushes a file's bytes and its name to the disk. */
    flush(path: string): Effect.Effect<void, DiskError>
  }
>()("media-pipeline/Disk") {}
