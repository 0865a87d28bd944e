import { sha1OfSegments, slice } from "./blobs.ts"
import { B2Error, badRequest } from "./errors.ts"
import { parseRange } from "./download.ts"
import type { Exchange, World } from "./exchange.ts"
import { fileJson, listFiles } from "./listing.ts"
import { checkName } from "./names.ts"
import { sizeOf, type Part } from "./store.ts"
import { contentTypeOf, partNumber } from "./upload.ts"

const pageSize = (asked: number | undefined, usual: number, most: number): number => {
  const size = asked ?? usual
  // B2 bills one transaction a thousand names, and takes up to 10,000 at once; rclone never asks for more than 1,000.
  if (!Number.isInteger(size) || size < 1 || size > most) throw badRequest(`maxFileCount out of range: ${size}`)
  return size
}

const list = (world: World, { body }: Exchange, all: boolean) => {
  const prefix = body.optionalString("prefix") ?? ""
  world.tokens.checkName(prefix)
  const query = {
    prefix,
    delimiter: body.optionalString("delimiter") ?? "",
    startName: body.optionalString("startFileName") ?? "",
    startId: body.optionalString("startFileId"),
    max: pageSize(body.optionalNumber("maxFileCount"), 100, 1000)
  }
  return listFiles(world.store, world.accountId, world.store.bucket(body.string("bucketId")), query, all)
}

export const listFileNames = (world: World, exchange: Exchange) => {
  const { files, nextFileName } = list(world, exchange, false)
  return { files, nextFileName }
}

export const listFileVersions = (world: World, exchange: Exchange) => list(world, exchange, true)

export const getFileInfo = (world: World, { body }: Exchange) =>
  fileJson(world.accountId, world.store.version(body.string("fileId")))

export const hideFile = (world: World, { body }: Exchange) => {
  const bucket = world.store.bucket(body.string("bucketId"))
  const name = checkName(body.string("fileName"))
  world.tokens.checkName(name)
  const newest = bucket.versions.get(name)?.find((version) => version.action !== "start")
  if (newest === undefined) throw new B2Error(400, "no_such_file", `File not present: ${name}`)
  if (newest.action === "hide") throw new B2Error(400, "already_hidden", `File already hidden: ${name}`)
  return fileJson(world.accountId, world.store.add(bucket, { name, action: "hide" }))
}

export const deleteFileVersion = (world: World, { body }: Exchange) => {
  const fileId = body.string("fileId")
  const fileName = body.string("fileName")
  const version = world.store.find(fileId)
  if (version?.name !== fileName) throw new B2Error(400, "file_not_present", `File not present: ${fileName} ${fileId}`)
  world.store.remove(version)
  return { fileId, fileName }
}

export const startLargeFile = (world: World, { body }: Exchange) => {
  const name = checkName(body.string("fileName"))
  world.tokens.checkName(name)
  const version = world.store.add(world.store.bucket(body.string("bucketId")), {
    name,
    action: "start",
    contentType: contentTypeOf(body.string("contentType")),
    fileInfo: body.stringRecord("fileInfo")
  })
  return fileJson(world.accountId, version)
}

export const finishLargeFile = (world: World, { body }: Exchange) => {
  const version = world.store.unfinished(body.string("fileId"))
  const claimed = body.strings("partSha1Array")
  if (claimed.length < 2) throw badRequest("large files must have at least 2 parts")
  if (claimed.length !== version.pending.size) {
    throw badRequest(`${version.pending.size} parts were uploaded, ${claimed.length} are named`)
  }
  const parts: Array<Part> = claimed.map((sha1, index) => {
    const part = version.pending.get(index + 1)
    if (part === undefined) throw badRequest(`Part number ${index + 1} has not been uploaded`)
    if (part.sha1 !== sha1) throw badRequest(`Part number ${index + 1} has another SHA-1`)
    if (part.size < world.limits.minimumPartSize && index < claimed.length - 1) {
      throw badRequest(`Part number ${index + 1} is smaller than ${world.limits.minimumPartSize} bytes`)
    }
    return part
  })
  world.store.finish(version, parts)
  return fileJson(world.accountId, version)
}

export const cancelLargeFile = (world: World, { body }: Exchange) => {
  const version = world.store.unfinished(body.string("fileId"))
  world.store.remove(version)
  const { fileId, bucketId, name } = version
  return { accountId: world.accountId, bucketId, fileId, fileName: name }
}

export const listParts = (world: World, { body }: Exchange) => {
  const version = world.store.unfinished(body.string("fileId"))
  const start = body.optionalNumber("startPartNumber") ?? 1
  const max = pageSize(body.optionalNumber("maxPartCount"), 100, 1000)
  const numbers = [...version.pending].filter(([number]) => number >= start).toSorted(([left], [right]) => left - right)
  const parts = numbers.slice(0, max).map(([number, part]) => ({
    fileId: version.fileId,
    partNumber: number,
    contentLength: part.size,
    contentSha1: part.sha1,
    uploadTimestamp: part.uploadTimestamp
  }))
  return { parts, nextPartNumber: numbers[max]?.[0] ?? null }
}

export const listUnfinishedLargeFiles = (world: World, { body }: Exchange) => {
  const bucket = world.store.bucket(body.string("bucketId"))
  const prefix = body.optionalString("namePrefix") ?? ""
  const start = body.optionalString("startFileId") ?? ""
  const max = pageSize(body.optionalNumber("maxFileCount"), 100, 100)
  const found = [...bucket.versions.values()]
    .flat()
    .filter((version) => version.action === "start" && version.name.startsWith(prefix) && version.fileId >= start)
    .toSorted((left, right) => (left.fileId < right.fileId ? -1 : 1))
  return {
    files: found.slice(0, max).map((version) => fileJson(world.accountId, version)),
    nextFileId: found[max]?.fileId ?? null
  }
}

/** The bytes a copy takes and the SHA-1 B2 knows of them. */
const source = (world: World, { body }: Exchange) => {
  const version = world.store.version(body.string("sourceFileId"))
  if (version.action !== "upload") throw badRequest("The source is not a file")
  const size = sizeOf(version)
  const { start, end } = parseRange(body.optionalString("range"), size) ?? { start: 0, end: size }
  if (end - start > world.limits.maximumSingleSize) throw badRequest("Copy is too large")
  const segments = slice(version.segments, start, end)
  return { version, segments, size: end - start, complete: end - start === size }
}

export const copyFile = async (world: World, exchange: Exchange) => {
  const { body } = exchange
  const { version, segments, complete } = source(world, exchange)
  const replace = body.optionalString("metadataDirective") === "REPLACE"
  const bucket = world.store.bucket(body.optionalString("destinationBucketId") ?? version.bucketId)
  world.tokens.checkBucket(bucket)
  const copy = world.store.add(bucket, {
    name: checkName(body.string("fileName")),
    action: "upload",
    segments,
    contentSha1: complete ? version.contentSha1 : await sha1OfSegments(segments),
    contentType: replace ? contentTypeOf(body.string("contentType")) : version.contentType,
    fileInfo: replace ? body.stringRecord("fileInfo") : version.fileInfo
  })
  return fileJson(world.accountId, copy)
}

export const copyPart = async (world: World, exchange: Exchange) => {
  const { body } = exchange
  const { segments, size } = source(world, exchange)
  const number = partNumber(body.number("partNumber"))
  const sha1 = await sha1OfSegments(segments)
  const target = world.store.unfinished(body.string("largeFileId"))
  const { uploadTimestamp } = world.store.addPart(target, number, { segments, size, sha1 })
  return { fileId: target.fileId, partNumber: number, contentLength: size, contentSha1: sha1, uploadTimestamp }
}
