import type { ChildProcessSpawner } from "effect/process"
import { Effect, type FileSystem, Layer, Option, type Path, Scope } from "effect"
import { Remote } from "../Remote.ts"
import { parseConnection } from "./connection.ts"
import { withEnvironmentFile } from "./environment.ts"
import { makeReading } from "./reading.ts"
import { makeRemoving } from "./removing.ts"
import {
  decoded,
  failed,
  isAbsent,
  Listing,
  listing,
  noRoot,
  openSession,
  startRclone,
  type Options,
  Stat,
  toFile
} from "./session.ts"
import { makeTransfers } from "./transfers.ts"
import { cancelUnfinished } from "./unfinished.ts"

const make = Effect.fnUntraced(function* (options: Options) {
  const scope = yield* Effect.scope
  const context = yield* Effect.context<FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner>()
  // Nothing is started before something is asked of the remote: most runs have nothing to do.
  const complete = yield* Effect.cached(withEnvironmentFile(options))
  const rclone = yield* Effect.cached(
    Effect.flatMap(complete, startRclone).pipe(
      Effect.provideContext(context),
      Effect.provideService(Scope.Scope, scope)
    )
  )
  const session = yield* Effect.cached(
    Effect.flatMap(Effect.all([complete, rclone]), ([full, rcd]) => openSession(full, rcd)).pipe(
      Effect.provideContext(context),
      Effect.provideService(Scope.Scope, scope)
    )
  )

  const list = Effect.fn("Remote.list")(function* (prefix: string) {
    const one = yield* session
    const operation = `listing ${prefix === "" ? "it" : prefix}`
    const answer = yield* Effect.result(listing(options, one, prefix, true))
    if (answer._tag === "Success") {
      const { list } = yield* decoded(options, Listing, operation)(answer.success)
      return (list ?? []).map((entry) => toFile(entry, one.info.hash))
    }
    if (!isAbsent(answer.failure)) return yield* failed(options, operation)(answer.failure)
    // Not there can mean: no such folder yet, or no such bucket, or a disk that is not mounted.
    const root = yield* Effect.result(
      one.bucketBased || prefix === "" ? answer.failure : listing(options, one, "", false)
    )
    if (root._tag === "Success") return []
    return yield* noRoot(options, operation, one)
  })

  // Nothing in a bucket that does not exist looks like nothing, and rclone would make the bucket for the first upload.
  const rootIsThere = yield* Effect.cached(
    Effect.gen(function* () {
      const one = yield* session
      const root = yield* Effect.result(one.bucketBased ? listing(options, one, "", false) : Effect.void)
      if (root._tag === "Success") return
      return yield* isAbsent(root.failure)
        ? noRoot(options, "looking into it", one)
        : failed(options, "looking into it")(root.failure)
    })
  )
  const stat = Effect.fn("Remote.stat")(function* (path: string) {
    const one = yield* session
    const kind = one.info.hash
    const { item } = yield* one.rcd
      .call("operations/stat", {
        fs: options.remote,
        remote: path,
        opt: {
          filesOnly: true,
          noModTime: true,
          noMimeType: true,
          showHash: kind !== null,
          hashTypes: kind === null ? [] : [kind]
        }
      })
      .pipe(
        Effect.mapError(failed(options, `looking at ${path}`)),
        Effect.flatMap(decoded(options, Stat, `looking at ${path}`))
      )
    if (item !== null && !item.IsDir) return Option.some(toFile(item, kind))
    yield* rootIsThere
    return Option.none()
  })

  const transfers = yield* makeTransfers(options, session, stat)

  return Remote.of({
    warm: Effect.ignore(rclone),
    info: Effect.map(session, (one) => one.info),
    list,
    stat,
    ...transfers,
    ...makeReading(options, session),
    ...makeRemoving(options, session),
    cancelUnfinished: Effect.fn("Remote.cancelUnfinished")(function* (paths: ReadonlyArray<string>) {
      const one = yield* session
      if (one.info.backend !== "b2" || paths.length === 0) return 0
      const connection = parseConnection(options.remote)
      return yield* cancelUnfinished(options.remote, one.config, connection?.path ?? "", paths)
    })
  })
})

export const layer = (options: Options) => Layer.effect(Remote, make(options))
