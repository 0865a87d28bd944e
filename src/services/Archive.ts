import { Context, type Effect, Schema } from "effect"
import type { ArchiveFile, ArchiveSet, EntryKind, ExtractorName } from "../domain/archives.ts"
import { display } from "../platform/BytePath.ts"

const gib = (bytes: number) =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** Volumes that the numbering, or the extractor, says are not there. Names, first missing first. */
export class VolumesMissing extends Schema.TaggedError<VolumesMissing>()("VolumesMissing", {
  missing: Schema.Array(Schema.String)
}) {
  override get message() {
    const names = this.missing.slice(0, 5).map(display).join(", ")
    return `volumes are missing${names === "" ? "" : ` (${names})`}: let the torrent finish, or recheck it`
  }
}

export class PasswordNeeded extends Schema.TaggedError<PasswordNeeded>()("PasswordNeeded", { tried: Schema.Natural }) {
  override get message() {
    return this.tried === 0
      ? "it is encrypted and no passwords file is configured: set upload.extract.passwordsFile"
      : `it is encrypted and none of the ${this.tried} passwords fits: add the right one to the passwords file`
  }
}

/** The data do not match what the archive says of itself: checksum, size, unexpected end. */
export class Damaged extends Schema.TaggedError<Damaged>()("Damaged", { detail: Schema.String }) {
  override get message() {
    return `it is damaged: ${this.detail}; recheck the torrent`
  }
}

export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", { detail: Schema.String }) {
  override get message() {
    return `no extractor can read it: ${this.detail}`
  }
}

/** The one temporary reason: the volume has too little room now. Bytes. */
export class NoSpace extends Schema.TaggedError<NoSpace>()("NoSpace", {
  neededBytes: Schema.Finite,
  freeBytes: Schema.Finite,
  reserveBytes: Schema.Finite
}) {
  override get message() {
    return `it needs ${gib(this.neededBytes)} and ${gib(this.freeBytes)} are free, of which ${gib(this.reserveBytes)} must stay free: make room, or lower upload.extract.reserveBytes`
  }
}

/** It wrote, or says it would write, more than it may. Bytes. */
export class Bomb extends Schema.TaggedError<Bomb>()("Bomb", {
  detail: Schema.String,
  allowedBytes: Schema.Finite,
  seenBytes: Schema.Finite
}) {
  override get message() {
    return `${this.detail}: ${gib(this.seenBytes)} where ${gib(this.allowedBytes)} are allowed; nothing of it was kept`
  }
}

/** Names inside that cannot all be kept: equal, equal but for case, or a file where a directory must be. */
export class NamesCollide extends Schema.TaggedError<NamesCollide>()("NamesCollide", {
  names: Schema.Array(Schema.String)
}) {
  override get message() {
    return `names inside it collide (${this.names.slice(0, 4).map(display).join(", ")}): unpack it by hand`
  }
}

/** Nothing that may be kept came out: only links, devices or directories were inside. */
export class NothingInside extends Schema.TaggedError<NothingInside>()("NothingInside", {}) {
  override get message() {
    return "no regular file is inside it"
  }
}

export class ProgramMissing extends Schema.TaggedError<ProgramMissing>()("ProgramMissing", {
  programs: Schema.Array(Schema.String)
}) {
  override get message() {
    return `${this.programs.join(" and ")} cannot be started: install it, or choose another upload.extract.extractor`
  }
}

/** The disk, not the archive: staging directory unwritable, volume unreadable, read-only filesystem. */
export class ArchiveIo extends Schema.TaggedError<ArchiveIo>()("ArchiveIo", {
  operation: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `${this.operation} failed: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

/** The item's files cannot be unpacked. The original is untouched and nothing of the failed set is left on disk. */
export class ArchiveError extends Schema.TaggedError<ArchiveError>()("ArchiveError", {
  /** First volume, relative to the item; a nested archive as `outer.rar/inner.zip`. */
  archive: Schema.String,
  reason: Schema.Union([
    VolumesMissing,
    PasswordNeeded,
    Damaged,
    Unsupported,
    NoSpace,
    Bomb,
    NamesCollide,
    NothingInside,
    ProgramMissing,
    ArchiveIo
  ])
}) {
  override get message() {
    return `cannot extract ${display(this.archive)}: ${this.reason.message}`
  }
  /** Whether trying again, the files being the same, can end differently. */
  get temporary(): boolean {
    return this.reason._tag === "NoSpace" || this.reason._tag === "ArchiveIo" || this.reason._tag === "ProgramMissing"
  }
}

export interface ExtractRequest {
  /** Absolute directory to which the sets' paths are relative: the item, or the directory of a single-file item. */
  readonly root: string
  readonly sets: ReadonlyArray<ArchiveSet>
  /** Paths relative to `root` of the item's own files, which no member may take. */
  readonly originals: ReadonlyArray<string>
  /**
   * Absolute directory that is to hold the members; must not exist. Staging is `stagingPath(into)` beside it, and what
   * an earlier run left there is discarded first. It appears by one rename, only if at least one set came out whole.
   * It is not flushed to the disk: what a run before a power cut left at `into` is to be made again, not trusted.
   */
  readonly into: string
}

/** Something an archive held that is not a regular file, so was not kept. */
export interface Dropped {
  readonly path: string
  readonly kind: Exclude<EntryKind, "file" | "directory"> | "socket"
}

export interface Unpacked {
  readonly archive: string
  readonly extractor: ExtractorName
  /** Directory relative to `into` in which its members lie, "" for the top. */
  readonly placed: string
  readonly files: number
  readonly bytes: number
}

export interface Extraction {
  /** All regular files under `into`, sorted by path, modes 0644; empty when every set failed (then `into` is absent). */
  readonly files: ReadonlyArray<ArchiveFile>
  readonly unpacked: ReadonlyArray<Unpacked>
  /** Sets (and nested archives, which are then kept packed) that could not be extracted. */
  readonly failures: ReadonlyArray<ArchiveError>
  readonly dropped: ReadonlyArray<Dropped>
}

/**
 * Unpacks archives into a tree of plain files. Paths are in the form of `platform/BytePath.ts`.
 * A set that cannot be unpacked is a value in `failures`, so that it never holds up the others or the originals;
 * the error channel is for what concerns the request as a whole (staging directory, discard, rename).
 */
export class Archive extends Context.Service<
  Archive,
  {
    readonly extract: (request: ExtractRequest) => Effect.Effect<Extraction, ArchiveError>
  }
>()("media-pipeline/Archive") {}
