import { Context, type Effect, type Option, Schema } from "effect"

/** The hash kinds that we can compute ourselves and that remotes report, in the order we prefer them. */
export const hashKinds = ["sha1", "sha256", "md5"] as const
export type HashKind = (typeof hashKinds)[number]

/**
 * `permanent`: asking again cannot help (400). `capped`: the account's cap is reached, every upload stops (403).
 * `denied`: the key or the bucket is gone (401, 403, 404), everything stops. `transient`: worth another try (408, 429, 5xx, network).
 */
export const RemoteErrorClass = Schema.Literals(["permanent", "capped", "denied", "transient"])

export class RemoteError extends Schema.TaggedError<RemoteError>()("RemoteError", {
  remote: Schema.String,
  operation: Schema.String,
  class: RemoteErrorClass,
  why: Schema.String
}) {
  override get message() {
    const remedy = {
      permanent: "Trying again cannot help; rename or remove the file, or change the remote.",
      capped:
        "Raise the account's cap (B2: Caps & Alerts), make room there, or wait until it resets. All uploads stopped; nothing is lost.",
      denied:
        "Check the key, its capabilities, and that the bucket or folder exists. All uploads stopped; nothing is lost.",
      transient: "It will be tried again."
    }[this.class]
    return `${this.remote}: ${this.operation} failed: ${this.why}. ${remedy}`
  }
}

/** rclone itself is missing, too old, or does not know the remote. Exit code 78 for what the configuration must mend. */
export class RemoteSetupError extends Schema.TaggedError<RemoteSetupError>()("RemoteSetupError", {
  why: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `${this.why}. ${this.remedy}`
  }
}

export interface RemoteInfo {
  readonly rclone: string
  /** The backend's type, such as "b2" or "local". */
  readonly backend: string
  /** What the remote reports of each file; null when it reports nothing that we can compute. */
  readonly hash: HashKind | null
  /**
   * Files of at least this many bytes carry a hash that is only the uploader's claim (B2: uploaded in parts); the
   * server has checked the hash of smaller ones. Infinity where every hash is computed from the stored bytes.
   */
  readonly claimedFrom: number
  /** Whether hashes come with a listing for nothing, or the backend reads the file for each (a folder, SFTP). */
  readonly slowHash: boolean
}

export interface RemoteFile {
  /** Below the remote's root, in rclone's standard encoding. */
  readonly path: string
  readonly size: number
  /** Lower-case hex, of the kind in `RemoteInfo.hash`; null where the remote has none. */
  readonly hash: string | null
}

export interface Transfer {
  /** Absolute host path in BytePath form. */
  readonly source: string
  /** Below the remote's root, in rclone's standard encoding. */
  readonly path: string
  readonly size: number
  /** Transfers of one group are counted together (`progress`). */
  readonly group: string
}

/**
 * The remote's side, below the configured root (`upload.remote`). Nothing here checks or overwrites knowingly: the
 * workflow lists before and after, and decides.
 */
export class Remote extends Context.Service<
  Remote,
  {
    /** Has what transfers need started, and asks nothing of the remote: for when it will surely be wanted. */
    readonly warm: Effect.Effect<void>
    readonly info: Effect.Effect<RemoteInfo, RemoteError | RemoteSetupError>
    /**
     * Every file below the folder `prefix` ("" for all), in as few billed calls as the backend allows. A folder that
     * does not exist is an empty list; a bucket or a root that does not exist is an error.
     */
    list(prefix: string): Effect.Effect<ReadonlyArray<RemoteFile>, RemoteError | RemoteSetupError>
    /** The file at exactly this path. */
    stat(path: string): Effect.Effect<Option.Option<RemoteFile>, RemoteError | RemoteSetupError>
    /** Uploads one file. Interruption stops the transfer. Retries transient errors within the run's budget. */
    upload(transfer: Transfer): Effect.Effect<void, RemoteError | RemoteSetupError>
    /** Bytes `[offset, offset + length)` of a remote file. */
    read(path: string, offset: number, length: number): Effect.Effect<Uint8Array, RemoteError | RemoteSetupError>
    /** The whole remote file's hash, by reading it back. Billed as a download. */
    readBack(path: string, kind: HashKind): Effect.Effect<string, RemoteError | RemoteSetupError>
    /** Downloads one file to a host path that must not exist. */
    download(path: string, to: string, size: number): Effect.Effect<void, RemoteError | RemoteSetupError>
    /** Bytes sent so far by each group that is or was in flight. */
    readonly progress: Effect.Effect<ReadonlyMap<string, number>>
    /** Cancels unfinished large uploads whose name is exactly one of these. Only the gate calls this. */
    cancelUnfinished(paths: ReadonlyArray<string>): Effect.Effect<number, RemoteError | RemoteSetupError>
    /**
     * Hides one file (B2 keeps the version), or deletes its newest version. A file that is not there is as good. Only
     * the gate calls this.
     */
    remove(path: string, mode: "hide" | "delete"): Effect.Effect<void, RemoteError | RemoteSetupError>
  }
>()("media-pipeline/Remote") {}
