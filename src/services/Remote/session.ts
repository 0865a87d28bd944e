import { type Duration, Effect, type Schedule, Schema } from "effect"
import { shownRemote } from "../../domain/remoteName.ts"
import { type HashKind, hashKinds, RemoteError, type RemoteFile, type RemoteInfo, RemoteSetupError } from "../Remote.ts"
import { optionsOf, parseConnection, parseSize } from "./connection.ts"
import { toRemoteError } from "./errors.ts"
import { type Rcd, type RcError, start } from "./rcd.ts"
import { authorize } from "./unfinished.ts"
import { guarded } from "./watch.ts"

export interface Options {
  /** An rclone remote (`b2:bucket`), or an absolute folder. */
  readonly remote: string
  readonly configFile?: string | undefined
  readonly bandwidth?: string | undefined
  /** Files of more than `smallBelow` bytes in flight at once. */
  readonly transfers: number
  readonly environment: Readonly<Record<string, string | undefined>>
  /** A file of further RCLONE_… variables. */
  readonly environmentFile?: string | undefined
  readonly binary?: string
  /** Bytes from which a file is sent in parts. */
  readonly cutoff?: number
  /** How long nothing may move before the service is asked whether it still knows us; 10 s when absent. */
  readonly patience?: Duration.Input
  /** Waits between the tries of a transient failure. */
  readonly retry?: Schedule.Schedule<unknown>
}

const Entry = Schema.Struct({
  Path: Schema.String,
  Size: Schema.Finite,
  IsDir: Schema.Boolean,
  Hashes: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})
export const Listing = Schema.Struct({ list: Schema.NullOr(Schema.Array(Entry)) })
export const Stat = Schema.Struct({ item: Schema.NullOr(Entry) })
const FsInfo = Schema.Struct({
  Hashes: Schema.NullOr(Schema.Array(Schema.String)),
  Features: Schema.Struct({
    BucketBased: Schema.optionalKey(Schema.Boolean),
    SlowHash: Schema.optionalKey(Schema.Boolean),
    IsLocal: Schema.optionalKey(Schema.Boolean)
  })
})
const ConfigEntry = Schema.Record(Schema.String, Schema.Unknown)

export const toFile = (entry: typeof Entry.Type, hash: HashKind | null): RemoteFile => {
  const value = hash === null ? undefined : entry.Hashes?.[hash]
  return { path: entry.Path, size: entry.Size, hash: value === undefined || value === "" ? null : value.toLowerCase() }
}

/** rclone running, the remote opened once, and what is known of it. */
export interface Session {
  readonly rcd: Rcd
  readonly info: RemoteInfo
  readonly bucketBased: boolean
  /** As rclone has it, from its file, the environment and the connection string: secrets too. */
  readonly config: Readonly<Record<string, unknown>>
}

export const failed = (options: Options, operation: string) => (error: RcError) =>
  toRemoteError(options.remote, operation, error.message)

export const decoded = <S extends Schema.ConstraintDecoder<unknown>>(
  options: Options,
  schema: S,
  operation: string
) => {
  const parse = Schema.decodeUnknownEffect(schema)
  return (answer: unknown) =>
    Effect.mapError(parse(answer), (error) =>
      toRemoteError(options.remote, operation, `rclone answered oddly: ${error.message}`)
    )
}

const configOf = (options: Options, rcd: Rcd) => {
  const connection = parseConnection(options.remote)
  if (connection === undefined) {
    return new RemoteSetupError({
      why: `upload.remote "${shownRemote(options.remote)}" is no rclone remote`,
      remedy: "Write name:path (rclone listremotes shows the names) or an absolute folder"
    })
  }
  const fromEnvironment = (prefix: string) =>
    Object.fromEntries(
      Object.entries(options.environment).flatMap(([key, value]) =>
        key.startsWith(prefix) && value !== undefined ? [[key.slice(prefix.length).toLowerCase(), value]] : []
      )
    )
  const ofBackend = (type: unknown) => fromEnvironment(`RCLONE_${String(type).toUpperCase()}_`)
  const own = optionsOf(connection)
  if (connection.name === "" || connection.name.startsWith(":")) {
    const type = connection.name === "" ? "local" : connection.name.slice(1)
    return Effect.succeed<Record<string, unknown>>({ ...ofBackend(type), ...own, type })
  }
  const named = fromEnvironment(`RCLONE_CONFIG_${connection.name.toUpperCase().replaceAll("-", "_")}_`)
  return rcd.call("config/get", { name: connection.name }).pipe(
    Effect.mapError(failed(options, "reading its configuration")),
    Effect.flatMap(decoded(options, ConfigEntry, "reading its configuration")),
    Effect.map((entry) => ({ ...entry, ...ofBackend(named["type"] ?? entry["type"]), ...named, ...own })),
    Effect.filterOrFail(
      (entry) => entry["type"] !== undefined && entry["type"] !== "",
      () =>
        new RemoteSetupError({
          why: `rclone knows no remote named "${connection.name}"`,
          remedy: `Define it in ${options.configFile ?? "rclone's configuration"} (rclone config), or mend upload.remote`
        })
    )
  )
}

export const listing = (options: Options, one: Session, path: string, recurse: boolean) =>
  one.rcd.call("operations/list", {
    fs: options.remote,
    remote: path,
    opt: {
      recurse,
      filesOnly: recurse,
      noModTime: true,
      noMimeType: true,
      showHash: recurse && one.info.hash !== null,
      hashTypes: one.info.hash === null ? [] : [one.info.hash]
    }
  })
/** No such folder, or no such bucket. */
export const isAbsent = (error: RcError) => /directory not found|bucket .*not found/i.test(error.message)
export const noRoot = (options: Options, operation: string, one: Session) =>
  new RemoteError({
    remote: shownRemote(options.remote),
    operation,
    // A disk may come back; a bucket that is not there is for a person to mend.
    class: one.bucketBased ? "denied" : "transient",
    why: one.bucketBased
      ? "the bucket does not exist, or the key may not see it"
      : `its root does not exist: mount it, or create it once (rclone mkdir ${shownRemote(options.remote)})`
  })

/** Services that compute the hash of what arrives in one piece, and rclone's wrappers that note what they sent. */
const checking = new Set(["b2", "s3", "google cloud storage", "drive"])
const noting = new Set(["hasher", "chunker"])

const claimedFrom = (type: string, slowHash: boolean, cutoffs: ReadonlyArray<number>): number =>
  noting.has(type) ? 0 : slowHash ? Infinity : checking.has(type) ? Math.min(...cutoffs) : 0

const cutoffOf = (options: Options) => options.cutoff ?? 200 * 1024 * 1024

/** rclone ends with the scope. */
export const startRclone = (options: Options) =>
  start({
    binary: options.binary ?? "rclone",
    configFile: options.configFile,
    bandwidth: options.bandwidth,
    transfers: options.transfers,
    cutoff: cutoffOf(options),
    environment: options.environment
  })

export const openSession = Effect.fn("Remote.open")(function* (options: Options, rcd: Rcd) {
  const cutoff = cutoffOf(options)
  const config = yield* configOf(options, rcd)
  // The first call of a remote authorizes; many at once would authorize as often.
  const fsInfo = yield* rcd
    .call("operations/fsinfo", { fs: options.remote })
    .pipe(Effect.mapError(failed(options, "opening it")), Effect.flatMap(decoded(options, FsInfo, "opening it")))
  const hash = hashKinds.find((kind) => (fsInfo.Hashes ?? []).includes(kind)) ?? null
  const slowHash = fsInfo.Features.SlowHash === true || fsInfo.Features.IsLocal === true
  const refusal = authorize(config, (why) => toRemoteError(options.remote, "asking for a session", why)).pipe(
    Effect.as(undefined),
    Effect.catch((error) => Effect.succeed(error.class === "denied" ? error.why : undefined))
  )
  const session: Session = {
    rcd: config["type"] === "b2" ? yield* guarded(rcd, refusal, options.patience ?? "10 seconds") : rcd,
    config,
    bucketBased: fsInfo.Features.BucketBased === true,
    info: {
      rclone: rcd.version,
      backend: String(config["type"]),
      hash,
      slowHash,
      claimedFrom: claimedFrom(String(config["type"]), slowHash, [
        cutoff,
        parseSize(String(config["upload_cutoff"])) ?? Infinity
      ])
    }
  }
  // rclone would make the folder, also where a disk should be and is not mounted.
  if (!session.bucketBased) {
    const root = yield* Effect.result(listing(options, session, "", false))
    if (root._tag === "Failure") {
      return yield* isAbsent(root.failure)
        ? noRoot(options, "opening it", session)
        : failed(options, "opening it")(root.failure)
    }
  }
  return session
})
