import { createHash } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"
import { whole, type BlobWriter, type Segment } from "./blobs.ts"
import { badRequest, Dropped } from "./errors.ts"
import { bodyOf, type Exchange, type World } from "./exchange.ts"
import { fileJson } from "./listing.ts"
import { checkName, percentDecode } from "./names.ts"

const trailerLength = 40
const hexSha1 = /^[0-9a-f]{40}$/

interface Received {
  readonly segment: Segment
  readonly size: number
  /** As B2 reports it. */
  readonly sha1: string
}

export const header = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name]
  return typeof value === "string" ? value : undefined
}

const required = (headers: IncomingHttpHeaders, name: string): string => {
  const value = header(headers, name)
  if (value === undefined) throw badRequest(`Missing header: ${name}`)
  return value
}

const contentLength = (headers: IncomingHttpHeaders): number => {
  if (header(headers, "transfer-encoding") !== undefined) throw badRequest("Chunked encoding is not allowed")
  return Number(required(headers, "content-length"))
}

/** Copies `size` bytes to the writer and answers what follows them: the hash, where the client sends it at the end. */
const transfer = async (world: World, exchange: Exchange, writer: BlobWriter, size: number) => {
  const hash = world.limits.verifySha1 ? createHash("sha1") : undefined
  const cutAt = exchange.fault?.rule.drop === "mid-body" ? Math.floor(size / 2) : Infinity
  const trailer: Array<Buffer> = []
  let received = 0
  for await (const chunk of bodyOf(exchange.request)) {
    const data = chunk.length > size - received ? chunk.subarray(0, Math.max(size - received, 0)) : chunk
    if (data.length < chunk.length) trailer.push(chunk.subarray(data.length))
    received += chunk.length
    exchange.entry.bytes = received
    if (received > cutAt) throw new Dropped("injected")
    if (data.length > 0) {
      hash?.update(data)
      const behind = writer.write(data)
      if (behind !== undefined) await behind
    }
    const wait = world.limiter.take(chunk.length)
    if (wait !== undefined) await wait
  }
  return { actual: hash?.digest("hex"), trailer: Buffer.concat(trailer).toString("latin1") }
}

const receive = async (world: World, exchange: Exchange): Promise<Received> => {
  const { headers } = exchange.request
  const claim = required(headers, "x-bz-content-sha1")
  const atEnd = claim === "hex_digits_at_end"
  const size = contentLength(headers) - (atEnd ? trailerLength : 0)
  if (size < 0) throw badRequest("hex_digits_at_end needs 40 bytes more than the file")
  if (size > world.limits.maximumSingleSize)
    throw badRequest(`Content-Length is over ${world.limits.maximumSingleSize}`)
  const writer = await world.blobs.writer()
  try {
    const { actual, trailer } = await transfer(world, exchange, writer, size)
    const claimed = (atEnd ? trailer : claim).toLowerCase()
    const unverified = claimed === "do_not_verify" || claimed.startsWith("unverified:")
    if (!unverified && !hexSha1.test(claimed)) throw badRequest("Invalid X-Bz-Content-Sha1")
    if (!unverified && actual !== undefined && actual !== claimed) {
      throw badRequest("Sha1 did not match data received")
    }
    const blob = await writer.finish()
    return { segment: whole(blob), size, sha1: unverified ? `unverified:${actual ?? ""}` : claimed }
  } catch (error) {
    await writer.abort()
    throw error
  }
}

const fileInfoOf = (headers: IncomingHttpHeaders): Record<string, string> => {
  const prefix = "x-bz-info-"
  const entries = Object.keys(headers)
    .filter((name) => name.startsWith(prefix))
    .map((name) => [name.slice(prefix.length), percentDecode(header(headers, name) ?? "")])
  if (entries.length > 10) throw badRequest("Too many X-Bz-Info- headers")
  return Object.fromEntries(entries)
}

/** B2's `b2/x-auto` goes by the extension; nothing here depends on the result. */
export const contentTypeOf = (asked: string | undefined): string =>
  asked === undefined || asked === "b2/x-auto" ? "application/octet-stream" : asked

export const uploadFile = async (world: World, exchange: Exchange) => {
  const { headers } = exchange.request
  world.tokens.check(header(headers, "authorization"), "upload", "b2_upload_file", exchange.route.target)
  const name = checkName(percentDecode(required(headers, "x-bz-file-name")))
  world.tokens.checkName(name)
  const fileInfo = fileInfoOf(headers)
  world.store.bucket(exchange.route.target)
  const { segment, sha1 } = await receive(world, exchange)
  const version = world.store.add(world.store.bucket(exchange.route.target), {
    name,
    action: "upload",
    segments: [segment],
    contentSha1: sha1,
    contentType: contentTypeOf(header(headers, "content-type")),
    fileInfo
  })
  return fileJson(world.accountId, version)
}

export const partNumber = (value: number): number => {
  if (!Number.isInteger(value) || value < 1 || value > 10_000) {
    throw badRequest("Part number must be an integer between 1 and 10000, inclusive")
  }
  return value
}

export const uploadPart = async (world: World, exchange: Exchange) => {
  const { headers } = exchange.request
  world.tokens.check(header(headers, "authorization"), "upload", "b2_upload_part", exchange.route.target)
  const number = partNumber(Number(required(headers, "x-bz-part-number")))
  world.store.unfinished(exchange.route.target)
  const { segment, size, sha1 } = await receive(world, exchange)
  const version = world.store.unfinished(exchange.route.target)
  const part = world.store.addPart(version, number, { segments: [segment], size, sha1 })
  return {
    fileId: version.fileId,
    partNumber: number,
    contentLength: size,
    contentSha1: sha1,
    uploadTimestamp: part.uploadTimestamp
  }
}
