import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import * as account from "./account-calls.ts"
import type { CallName } from "./calls.ts"
import { download } from "./download.ts"
import { B2Error, Dropped } from "./errors.ts"
import { drain, parseRoute, readJson, sendError, sendJson, type Exchange, type Route, type World } from "./exchange.ts"
import { Fields } from "./fields.ts"
import * as files from "./file-calls.ts"
import type { Description, Hooks } from "./hooks.ts"
import type { LedgerEntry } from "./ledger.ts"
import { percentDecode } from "./names.ts"
import { header, uploadFile, uploadPart } from "./upload.ts"

type Handler = (world: World, exchange: Exchange) => unknown

const handlers: Partial<Record<CallName, Handler>> = {
  b2_authorize_account: account.authorizeAccount,
  b2_cancel_large_file: files.cancelLargeFile,
  b2_copy_file: files.copyFile,
  b2_copy_part: files.copyPart,
  b2_create_bucket: account.createBucket,
  b2_delete_bucket: account.deleteBucket,
  b2_delete_file_version: files.deleteFileVersion,
  b2_finish_large_file: files.finishLargeFile,
  b2_get_download_authorization: account.getDownloadAuthorization,
  b2_get_file_info: files.getFileInfo,
  b2_get_upload_part_url: account.getUploadPartUrl,
  b2_get_upload_url: account.getUploadUrl,
  b2_hide_file: files.hideFile,
  b2_list_buckets: account.listBuckets,
  b2_list_file_names: files.listFileNames,
  b2_list_file_versions: files.listFileVersions,
  b2_list_parts: files.listParts,
  b2_list_unfinished_large_files: files.listUnfinishedLargeFiles,
  b2_start_large_file: files.startLargeFile,
  b2_update_bucket: account.updateBucket,
  b2_upload_file: uploadFile,
  b2_upload_part: uploadPart
}

export interface Settings {
  /** Milliseconds before a call is handled. */
  latency: number
}

const isUpload = (call: CallName): boolean => call === "b2_upload_file" || call === "b2_upload_part"
const isDownload = (call: CallName): boolean => call.startsWith("b2_download_")

/** Which file and bucket a call speaks of, for the ledger, the rules and the hooks. */
const describe = (world: World, request: IncomingMessage, route: Route, body: Fields) => {
  const { headers } = request
  const text = (key: string): string | undefined => (typeof headers[key] === "string" ? headers[key] : undefined)
  const fileId =
    (route.call === "b2_upload_part" ? route.target : undefined) ??
    route.query.get("fileId") ??
    body.optionalString("fileId") ??
    body.optionalString("largeFileId") ??
    ""
  const version = world.store.find(fileId)
  const bucketId =
    (route.call === "b2_upload_file" ? route.target : undefined) ?? body.optionalString("bucketId") ?? version?.bucketId
  const bucket = bucketId === undefined ? undefined : world.store.buckets.get(bucketId)
  const uploadName = text("x-bz-file-name")
  const name =
    (uploadName === undefined ? undefined : percentDecode(uploadName)) ??
    body.optionalString("fileName") ??
    version?.name ??
    body.optionalString("prefix") ??
    body.optionalString("namePrefix") ??
    route.name
  const part = Number(text("x-bz-part-number") ?? body.optionalNumber("partNumber") ?? 0)
  return { name, bucket: bucket?.name ?? route.bucket, fileId, part }
}

const perform = async (world: World, hooks: Hooks, exchange: Exchange, event: Description): Promise<void> => {
  const { request, response, route, entry, body, fault } = exchange
  const call = route.call
  if (isDownload(call)) return download(world, exchange)
  if (!isUpload(call) && call !== "b2_authorize_account") {
    world.tokens.check(header(request.headers, "authorization"), "account", call)
    const bucketId = body.optionalString("bucketId") ?? world.store.find(body.optionalString("fileId") ?? "")?.bucketId
    if (bucketId !== undefined) world.tokens.checkBucket(world.store.bucket(bucketId))
  }
  const result = await handlers[call]?.(world, exchange)
  await hooks.run("performed", call, event, request)
  if (fault?.rule.drop === "after") throw new Dropped("injected")
  entry.status = 200
  sendJson(response, 200, result)
}

/** What a rule does before the call is performed; throws where it is not to be performed at all. */
const applyFault = async ({ fault, response, route }: Exchange): Promise<void> => {
  if (fault === undefined) return
  const { rule } = fault
  if (rule.delay !== undefined) await sleep(rule.delay)
  if (rule.hang === true) {
    const gone = new Promise<void>((resolve) => response.once("close", () => resolve()))
    await Promise.race([fault.released, gone])
    if (response.destroyed) throw new Dropped("the client is gone")
  }
  const halfway = rule.drop === "mid-body" && (isUpload(route.call) || isDownload(route.call))
  if (rule.drop === "before" || (rule.drop === "mid-body" && !halfway)) throw new Dropped("injected")
  const error = fault.error()
  if (error !== undefined) throw error
}

const fail = async (
  error: unknown,
  { request, response, socket }: Pick<Exchange, "request" | "response"> & { readonly socket: Socket },
  entry: LedgerEntry | undefined
): Promise<void> => {
  const expected = error instanceof B2Error || error instanceof Dropped
  if (!expected) console.error("the B2 emulator failed:", error)
  const answer = expected ? error : new B2Error(500, "internal_error", String(error))
  try {
    if (answer instanceof B2Error && !response.headersSent) {
      await drain(request)
      if (entry !== undefined) Object.assign(entry, { status: answer.status, code: answer.code })
      sendError(response, answer)
      return
    }
  } catch {
    // The client went away while it was being refused.
  }
  if (entry !== undefined) Object.assign(entry, { status: 0, code: "dropped" })
  socket.destroy()
}

export const handle = async (
  world: World,
  hooks: Hooks,
  settings: Settings,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> => {
  // Taken now: a request whose body was not read to its end has none any more.
  const { socket } = request
  let entry: LedgerEntry | undefined
  try {
    const route = parseRoute(request)
    if (route === undefined) throw new B2Error(404, "not_found", `No such call: ${request.url ?? ""}`)
    entry = world.ledger.open(route.call)
    const body = request.method === "POST" && !isUpload(route.call) ? await readJson(request) : new Fields({})
    const event = describe(world, request, route, body)
    Object.assign(entry, { name: event.name, bucket: event.bucket, part: event.part })
    await hooks.run("arrived", route.call, event, request)
    if (settings.latency > 0) await sleep(settings.latency)
    const fault = world.faults.match(route.call, event.name)
    const exchange: Exchange = { request, response, route, entry, body, fault }
    await applyFault(exchange)
    const refusal = world.faults.testMode(header(request.headers, "x-bz-test-mode"), route.call)
    if (refusal !== undefined) throw refusal
    await perform(world, hooks, exchange, event)
  } catch (error) {
    await fail(error, { request, response, socket }, entry)
  }
}
