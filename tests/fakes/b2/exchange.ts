import type { IncomingMessage, ServerResponse } from "node:http"
import type { BlobStore } from "./blobs.ts"
import { isCallName, type CallName } from "./calls.ts"
import { B2Error, Dropped } from "./errors.ts"
import type { Fault, Faults } from "./faults.ts"
import { Fields } from "./fields.ts"
import type { Ledger, LedgerEntry } from "./ledger.ts"
import type { Limiter } from "./limiter.ts"
import { percentDecode } from "./names.ts"
import type { Store } from "./store.ts"
import type { Tokens } from "./tokens.ts"

export interface Limits {
  readonly minimumPartSize: number
  readonly maximumSingleSize: number
  readonly verifySha1: boolean
}

/** What all calls share. */
export interface World {
  readonly store: Store
  readonly blobs: BlobStore
  readonly tokens: Tokens
  readonly ledger: Ledger
  readonly faults: Faults
  readonly limiter: Limiter
  readonly limits: Limits
  readonly accountId: string
  readonly url: string
}

export interface Route {
  readonly call: CallName
  /** Of the API, as in /b2api/v1/. */
  readonly version: number
  /** What an upload URL was made for: a bucket's or a large file's id. */
  readonly target: string
  readonly query: URLSearchParams
  /** Of a download by name. */
  readonly bucket: string
  readonly name: string
}

/** One call on its way. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly route: Route
  readonly entry: LedgerEntry
  readonly body: Fields
  readonly fault: Fault | undefined
}

export const parseRoute = (request: IncomingMessage): Route | undefined => {
  const [rawPath = "", rawQuery = ""] = (request.url ?? "/").split("?", 2)
  const query = new URLSearchParams(rawQuery)
  const segments = rawPath.split("/").slice(1)
  if (segments[0] === "file" && segments[1] !== undefined) {
    const name = percentDecode(segments.slice(2).join("/"))
    const call = "b2_download_file_by_name"
    return { call, version: 0, target: "", query, bucket: percentDecode(segments[1]), name }
  }
  const [api, version = "", call = "", target = ""] = segments
  if (api !== "b2api" || !/^v[1-4]$/.test(version) || !isCallName(call)) return undefined
  return { call, version: Number(version.slice(1)), target, query, bucket: "", name: "" }
}

/** The body as it comes. A client that goes away mid-body ends it with `Dropped`. */
export async function* bodyOf(request: IncomingMessage): AsyncIterable<Buffer> {
  try {
    for await (const chunk of request) if (chunk instanceof Buffer) yield chunk
  } catch {
    throw new Dropped("the client is gone")
  }
  if (!request.complete) throw new Dropped("the client is gone")
}

export const readText = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of bodyOf(request)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

export const readJson = async (request: IncomingMessage): Promise<Fields> => Fields.parse(await readText(request))

/** Refuses only when the body is in: a client that is still sending would see a broken pipe instead of the answer. */
export const drain = async (request: IncomingMessage): Promise<number> => {
  let discarded = 0
  if (request.readableEnded) return discarded
  for await (const chunk of bodyOf(request)) discarded += chunk.length
  return discarded
}

export const sendJson = (response: ServerResponse, status: number, value: unknown): void => {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, { "content-type": "application/json;charset=utf-8", "content-length": body.length })
  response.end(body)
}

export const sendError = (response: ServerResponse, error: B2Error): void => {
  if (error.retryAfter !== undefined) response.setHeader("retry-after", String(error.retryAfter))
  if (error.html === undefined) {
    sendJson(response, error.status, { status: error.status, code: error.code, message: error.message })
    return
  }
  response.writeHead(error.status, { "content-type": "text/html", "content-length": Buffer.byteLength(error.html) })
  response.end(error.html)
}
