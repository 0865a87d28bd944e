import { Effect, Schema } from "effect"
import { RemoteError } from "../Remote.ts"
import { toRemoteError } from "./errors.ts"

/**
 * A large file that was begun on B2 and never finished is billed and seen by nobody. rclone can only cancel all of a
 * folder; this cancels exactly the names it is given. Both calls know nothing but unfinished files, so a finished one
 * cannot be hurt. B2 native API: b2_list_unfinished_large_files, b2_cancel_large_file.
 */

const Authorization = Schema.Struct({
  accountId: Schema.String,
  authorizationToken: Schema.String,
  apiInfo: Schema.Struct({
    storageApi: Schema.Struct({
      apiUrl: Schema.String,
      allowed: Schema.optionalKey(
        Schema.Struct({
          buckets: Schema.optionalKey(
            Schema.NullOr(Schema.Array(Schema.Struct({ id: Schema.String, name: Schema.NullOr(Schema.String) })))
          )
        })
      )
    })
  })
})
const Buckets = Schema.Struct({
  buckets: Schema.Array(Schema.Struct({ bucketId: Schema.String, bucketName: Schema.String }))
})
const Unfinished = Schema.Struct({
  files: Schema.Array(Schema.Struct({ fileId: Schema.String, fileName: Schema.String }))
})

/** rclone's encoding for B2: what the service refuses becomes its picture already in the standard form, but for "\". */
const b2Name = (path: string) => path.replaceAll("\\", "＼")

type Config = Readonly<Record<string, unknown>>

const exchange = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  url: string,
  init: RequestInit,
  failed: (why: string) => RemoteError
) =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(url, { ...init, signal })
      const text = await response.text()
      if (!response.ok) throw new Error(`${text.slice(0, 200)} (${response.status} b2)`)
      const body: unknown = JSON.parse(text)
      return body
    },
    catch: (cause) => failed(cause instanceof Error ? cause.message : String(cause))
  }).pipe(
    Effect.timeoutOrElse({ duration: "30 seconds", orElse: () => failed("no answer within 30 s") }),
    Effect.flatMap((body) =>
      Effect.mapError(Schema.decodeUnknownEffect(schema)(body), (error) => failed(error.message))
    )
  )

/** A session of our own, beside rclone's; undefined where the configuration holds no key that we could use. */
export const authorize = Effect.fn("B2.authorize")(function* (config: Config, failed: (why: string) => RemoteError) {
  const { account, endpoint, key } = config
  if (typeof account !== "string" || typeof key !== "string") return undefined
  const base = typeof endpoint === "string" && endpoint !== "" ? endpoint : "https://api.backblazeb2.com"
  const basic = Buffer.from(`${account}:${key}`).toString("base64")
  const headers = { authorization: `Basic ${basic}` }
  return yield* exchange(Authorization, `${base}/b2api/v4/b2_authorize_account`, { headers }, failed)
})

export const cancelUnfinished = Effect.fn("B2.cancelUnfinished")(function* (
  remote: string,
  config: Config,
  root: string,
  paths: ReadonlyArray<string>
) {
  const operation = "cancelling unfinished uploads"
  const [bucketName = "", ...folder] = root.split("/")
  const failed = (why: string) => toRemoteError(remote, operation, why)
  const session = yield* authorize(config, failed)
  if (session === undefined) return 0
  const api = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, name: string, body: object) => {
    const headers = { authorization: session.authorizationToken }
    const url = `${session.apiInfo.storageApi.apiUrl}/b2api/v1/${name}`
    return exchange(schema, url, { method: "POST", headers, body: JSON.stringify(body) }, failed)
  }
  const allowed = session.apiInfo.storageApi.allowed?.buckets?.find((bucket) => bucket.name === bucketName)
  const bucketId =
    allowed?.id ??
    (yield* api(Buckets, "b2_list_buckets", { accountId: session.accountId, bucketName })).buckets.find(
      (bucket) => bucket.bucketName === bucketName
    )?.bucketId
  if (bucketId === undefined) {
    return yield* new RemoteError({ remote, operation, class: "denied", why: `there is no bucket ${bucketName}` })
  }
  let cancelled = 0
  for (const path of paths) {
    const name = b2Name([...folder, path].filter((part) => part !== "").join("/"))
    const { files } = yield* api(Unfinished, "b2_list_unfinished_large_files", {
      bucketId,
      namePrefix: name,
      maxFileCount: 100
    })
    for (const file of files) {
      if (file.fileName !== name) continue
      yield* api(Schema.Unknown, "b2_cancel_large_file", { fileId: file.fileId })
      cancelled += 1
    }
  }
  return cancelled
})
