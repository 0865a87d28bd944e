import type { ServerResponse } from "node:http"
import { readSegments, slice } from "./blobs.ts"
import { B2Error, Dropped, notFound } from "./errors.ts"
import type { Exchange, World } from "./exchange.ts"
import { percentEncode } from "./names.ts"
import { sizeOf, type Version } from "./store.ts"
import { header } from "./upload.ts"

interface Range {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/** Undefined where there is no range or one that HTTP says to ignore. */
export const parseRange = (value: string | undefined, size: number): Range | undefined => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(value ?? "")
  const [, first = "", last = ""] = match ?? []
  if (first === "" && last === "") return undefined
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first)
  const end = first === "" || last === "" ? size : Math.min(Number(last) + 1, size)
  if (start >= end)
    throw new B2Error(416, "range_not_satisfiable", "The Range in the request is outside the size of the file")
  return { start, end }
}

const findDownload = (world: World, exchange: Exchange): Version => {
  const { route } = exchange
  if (route.call === "b2_download_file_by_id") {
    const version = world.store.find(route.query.get("fileId") ?? "")
    if (version?.action !== "upload") throw notFound("File not present")
    return version
  }
  const bucket = world.store.bucketNamed(route.bucket)
  if (bucket === undefined) throw notFound(`Bucket does not exist: ${route.bucket}`)
  const version = world.store.visible(bucket, route.name)
  if (version === undefined) throw notFound(`File with such name does not exist.`)
  return version
}

const authorize = (world: World, { request, route }: Exchange): void => {
  const token = header(request.headers, "authorization") ?? route.query.get("Authorization") ?? undefined
  const open = token === undefined && world.store.bucketNamed(route.bucket)?.type === "allPublic"
  if (!open) world.tokens.check(token, "account", route.call)
}

const headersOf = (version: Version, size: number, range: Range | undefined): Record<string, string> => ({
  "accept-ranges": "bytes",
  "content-type": version.contentType,
  "content-length": String(range === undefined ? size : range.end - range.start),
  ...(range === undefined ? {} : { "content-range": `bytes ${range.start}-${range.end - 1}/${size}` }),
  "x-bz-file-id": version.fileId,
  "x-bz-file-name": percentEncode(version.name),
  "x-bz-content-sha1": version.contentSha1,
  "x-bz-upload-timestamp": String(version.uploadTimestamp),
  ...Object.fromEntries(
    Object.entries(version.fileInfo).map(([key, value]) => [`x-bz-info-${key}`, percentEncode(value)])
  )
})

/** Until more can be written, or never again. */
const writable = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done)
      resolve()
    }
    response.on("drain", done).on("close", done)
  })

/** GET and HEAD, by name and by id. */
export const download = async (world: World, exchange: Exchange): Promise<void> => {
  const { request, response, entry } = exchange
  authorize(world, exchange)
  const version = findDownload(world, exchange)
  world.tokens.checkBucket(world.store.bucket(version.bucketId))
  world.tokens.checkName(version.name)
  const size = sizeOf(version)
  const range = parseRange(header(request.headers, "range"), size)
  const headers = headersOf(version, size, range)
  const { start, end } = range ?? { start: 0, end: size }
  const drop = exchange.fault?.rule.drop
  if (drop === "after") throw new Dropped("injected")
  entry.status = range === undefined ? 200 : 206
  response.writeHead(entry.status, headers)
  if (request.method === "HEAD") {
    response.end()
    return
  }
  const cutAt = drop === "mid-body" ? Math.floor((end - start) / 2) : Infinity
  // Held on to: a deletion in the meantime must not pull the bytes from under the reader.
  const segments = slice(version.segments, start, end)
  segments.forEach(({ blob }) => blob.retain())
  try {
    for await (const chunk of readSegments(segments)) {
      if (response.destroyed) throw new Dropped("the client is gone")
      const piece = chunk.subarray(0, Math.max(cutAt - entry.bytes, 0))
      entry.bytes += piece.length
      if (!response.write(cutAt === Infinity ? chunk : piece)) await writable(response)
      if (piece.length < chunk.length) throw new Dropped("injected")
      const wait = world.limiter.take(chunk.length)
      if (wait !== undefined) await wait
    }
  } finally {
    segments.forEach(({ blob }) => blob.release())
  }
  response.end()
}
