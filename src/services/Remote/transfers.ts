import { Effect, Option, Queue, Schedule, Schema, Scope, Semaphore } from "effect"
import { closeSync, constants, openSync } from "node:fs"
import { shownRemote } from "../../domain/remoteName.ts"
import { toBytes } from "../../platform/BytePath.ts"
import { RemoteError, type RemoteFile, type RemoteSetupError, type Transfer } from "../Remote.ts"
import { shard } from "./connection.ts"
import { isFinishLost } from "./errors.ts"
import { decoded, failed, type Options, type Session } from "./session.ts"

const smallBelow = 4 * 1024 * 1024
// B2 wants an upload URL for each transfer in flight, and rclone fetches them one after another.
const smallPerShard = 8
// rclone lets about 100 calls a second through to B2 for each name of a remote.
const waitingPerShard = 48
const maxShards = 3

const patience = Schedule.exponential("1 second", 3).pipe(Schedule.jittered, Schedule.upTo({ times: 4 }))

const Stats = Schema.Struct({
  transferring: Schema.optionalKey(
    Schema.Array(Schema.Struct({ group: Schema.optionalKey(Schema.String), bytes: Schema.optionalKey(Schema.Finite) }))
  )
})

type Failure = RemoteError | RemoteSetupError

/**
 * Sends files: large ones as many at once as the configuration says; small ones more at once and, on B2, through several
 * names of the remote, because it is calls that they wait for.
 */
export const makeTransfers = Effect.fnUntraced(function* (
  options: Options,
  session: Effect.Effect<Session, Failure>,
  stat: (path: string) => Effect.Effect<Option.Option<RemoteFile>, Failure>
) {
  const scope = yield* Scope.Scope
  const large = yield* Semaphore.make(options.transfers)
  // A place for a small transfer, by the name under which rclone is to send it.
  const places = yield* Queue.unbounded<string>()
  const openShard = (target: string) =>
    Queue.offerAll(
      places,
      Array.from({ length: smallPerShard }, () => target)
    )
  yield* openShard(options.remote)
  const growing = yield* Semaphore.make(1)
  const counters = { waiting: 0, shards: 1 }
  const sent = new Map<string, number>()

  // The listing makes rclone authorize and find the bucket once, before many transfers ask for both.
  const openNext = (one: Session) =>
    Effect.gen(function* () {
      if (counters.waiting <= waitingPerShard * counters.shards) return
      const target = shard(options.remote, counters.shards)
      counters.shards += 1
      const warm = one.rcd.call("operations/list", { fs: target, remote: ".media-pipeline", opt: {} })
      yield* Effect.andThen(Effect.ignore(warm), openShard(target)).pipe(Effect.forkIn(scope))
    }).pipe(growing.withPermit)
  const grow = (one: Session) =>
    one.info.backend === "b2" && counters.shards < maxShards && counters.waiting > waitingPerShard * counters.shards
      ? openNext(one)
      : Effect.void

  // rclone reads through our own descriptor: the very inode that was fenced, whatever its name is or becomes.
  const descriptor = (transfer: Transfer) =>
    Effect.acquireRelease(
      Effect.try({
        try: () => openSync(toBytes(transfer.source), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
        catch: (cause) =>
          new RemoteError({
            remote: shownRemote(options.remote),
            operation: `sending ${transfer.path}`,
            class: "transient",
            why: `the local file cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`
          })
      }),
      (fd) => Effect.sync(() => closeSync(fd))
    )
  const send = (one: Session, transfer: Transfer, target: string) =>
    Effect.flatMap(descriptor(transfer), (fd) =>
      one.rcd
        .call("operations/copyfile", {
          srcFs: `:local,copy_links:/proc/${process.pid}/fd`,
          srcRemote: String(fd),
          dstFs: target,
          dstRemote: transfer.path,
          _group: transfer.group
        })
        .pipe(
          Effect.mapError(failed(options, `sending ${transfer.path}`)),
          // All parts are there: a listing tells more than sending them again.
          Effect.catchIf(
            (error) => isFinishLost(error.why),
            (error) =>
              Effect.flatMap(Effect.option(stat(transfer.path)), (found) =>
                Option.getOrUndefined(Option.flatten(found))?.size === transfer.size ? Effect.void : Effect.fail(error)
              )
          )
        )
    ).pipe(
      Effect.scoped,
      Effect.retry({
        schedule: options.retry ?? patience,
        while: (error) => error.class === "transient" && !one.rcd.hasEnded()
      })
    )
  const upload = Effect.fn("Remote.upload")(function* (transfer: Transfer) {
    const one = yield* session
    if (transfer.size >= smallBelow) {
      yield* large.withPermit(send(one, transfer, options.remote))
    } else {
      counters.waiting += 1
      yield* Effect.suspend(() => grow(one)).pipe(
        Effect.andThen(
          Effect.acquireUseRelease(
            Queue.take(places),
            (target) => send(one, transfer, target),
            (target) => Queue.offer(places, target)
          )
        ),
        Effect.ensuring(Effect.sync(() => void (counters.waiting -= 1)))
      )
    }
    sent.set(transfer.group, (sent.get(transfer.group) ?? 0) + transfer.size)
  })

  const progress = Effect.gen(function* () {
    const one = yield* session
    const { transferring } = yield* Effect.flatMap(one.rcd.call("core/stats", {}), decoded(options, Stats, "progress"))
    const groups = new Map(sent)
    for (const { bytes = 0, group } of transferring ?? []) {
      if (group !== undefined) groups.set(group, (groups.get(group) ?? 0) + bytes)
    }
    return groups
  }).pipe(Effect.catch(() => Effect.succeed(new Map(sent))))
  return { upload, progress }
})
