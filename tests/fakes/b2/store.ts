import type { Segment } from "./blobs.ts"
import { B2Error, badRequest, notFound } from "./errors.ts"
import { compareNames } from "./names.ts"

export interface Part {
  readonly segments: ReadonlyArray<Segment>
  readonly size: number
  readonly sha1: string
  readonly uploadTimestamp: number
}

export interface Version {
  readonly fileId: string
  readonly bucketId: string
  readonly name: string
  action: "upload" | "hide" | "start"
  segments: ReadonlyArray<Segment>
  contentSha1: string
  readonly contentType: string
  readonly fileInfo: Readonly<Record<string, string>>
  uploadTimestamp: number
  /** Of an unfinished large file, by number. */
  readonly pending: Map<number, Part>
  /** Of a finished large file. */
  parts: number
}

export interface Bucket {
  readonly id: string
  readonly name: string
  type: string
  lifecycleRules: ReadonlyArray<Record<string, unknown>>
  /** Newest first. */
  readonly versions: Map<string, Array<Version>>
  sortedNames: ReadonlyArray<string> | undefined
}

export type NewVersion = Pick<Version, "name" | "action"> &
  Partial<Pick<Version, "segments" | "contentSha1" | "contentType" | "fileInfo">>

export const sizeOf = (version: Version): number =>
  version.segments.reduce((sum, segment) => sum + segment.end - segment.start, 0)

const retain = (segments: ReadonlyArray<Segment>): void => segments.forEach(({ blob }) => blob.retain())
const release = (segments: ReadonlyArray<Segment>): void => segments.forEach(({ blob }) => blob.release())

/** Buckets and versions. Knows nothing of HTTP, tokens or money. */
export class Store {
  readonly buckets = new Map<string, Bucket>()
  readonly #files = new Map<string, Version>()
  #nextId = 1
  #lastTimestamp = 0

  #timestamp(): number {
    this.#lastTimestamp = Math.max(Date.now(), this.#lastTimestamp + 1)
    return this.#lastTimestamp
  }

  createBucket(name: string, type = "allPrivate"): Bucket {
    if (this.bucketNamed(name) !== undefined) {
      throw new B2Error(400, "duplicate_bucket_name", `Bucket name is already in use.`)
    }
    if (!/^[A-Za-z0-9-]{1,63}$/.test(name)) throw badRequest(`Invalid bucketName: ${name}`)
    const id = (this.#nextId++).toString(16).padStart(24, "b")
    const bucket: Bucket = { id, name, type, lifecycleRules: [], versions: new Map(), sortedNames: undefined }
    this.buckets.set(id, bucket)
    return bucket
  }

  bucketNamed(name: string): Bucket | undefined {
    return [...this.buckets.values()].find((bucket) => bucket.name === name)
  }

  bucket(id: string): Bucket {
    const bucket = this.buckets.get(id)
    if (bucket === undefined) throw new B2Error(400, "bad_bucket_id", `Bucket ${id} does not exist`)
    return bucket
  }

  deleteBucket(bucket: Bucket): void {
    for (const versions of bucket.versions.values()) for (const version of versions) this.#forget(version)
    this.buckets.delete(bucket.id)
  }

  names(bucket: Bucket): ReadonlyArray<string> {
    bucket.sortedNames ??= [...bucket.versions.keys()].toSorted(compareNames)
    return bucket.sortedNames
  }

  /** What a download by name gets. An unfinished large file hides nothing. */
  visible(bucket: Bucket, name: string): Version | undefined {
    const newest = bucket.versions.get(name)?.find((version) => version.action !== "start")
    return newest?.action === "upload" ? newest : undefined
  }

  find(fileId: string): Version | undefined {
    return this.#files.get(fileId)
  }

  version(fileId: string): Version {
    const version = this.#files.get(fileId)
    if (version === undefined) throw notFound(`File not present: ${fileId}`)
    return version
  }

  unfinished(fileId: string): Version {
    const version = this.#files.get(fileId)
    if (version?.action !== "start") throw badRequest(`No active upload for: ${fileId}`)
    return version
  }

  add(bucket: Bucket, details: NewVersion): Version {
    const uploadTimestamp = this.#timestamp()
    const number = (this.#nextId++).toString(16).padStart(16, "0")
    const version: Version = {
      fileId: `4_z${bucket.id}_f${number}_d20240101_m000000_c001_v0001000_t0000_u${String(uploadTimestamp).padStart(14, "0")}`,
      bucketId: bucket.id,
      name: details.name,
      action: details.action,
      segments: details.segments ?? [],
      contentSha1: details.contentSha1 ?? "none",
      contentType: details.contentType ?? "application/octet-stream",
      fileInfo: details.fileInfo ?? {},
      uploadTimestamp,
      pending: new Map(),
      parts: 0
    }
    retain(version.segments)
    this.#files.set(version.fileId, version)
    const others = bucket.versions.get(version.name)
    if (others === undefined) {
      bucket.versions.set(version.name, [version])
      bucket.sortedNames = undefined
    } else {
      others.unshift(version)
    }
    return version
  }

  addPart(version: Version, number: number, part: Omit<Part, "uploadTimestamp">): Part {
    retain(part.segments)
    const replaced = version.pending.get(number)
    if (replaced !== undefined) release(replaced.segments)
    const stored = { ...part, uploadTimestamp: this.#timestamp() }
    version.pending.set(number, stored)
    return stored
  }

  finish(version: Version, parts: ReadonlyArray<Part>): void {
    const segments = parts.flatMap((part) => part.segments)
    retain(segments)
    for (const part of version.pending.values()) release(part.segments)
    version.pending.clear()
    version.segments = segments
    version.parts = parts.length
    version.action = "upload"
  }

  replaceContent(version: Version, segments: ReadonlyArray<Segment>): void {
    retain(segments)
    release(version.segments)
    version.segments = segments
  }

  remove(version: Version): void {
    const bucket = this.bucket(version.bucketId)
    const rest = (bucket.versions.get(version.name) ?? []).filter((other) => other !== version)
    if (rest.length > 0) {
      bucket.versions.set(version.name, rest)
    } else {
      bucket.versions.delete(version.name)
      bucket.sortedNames = undefined
    }
    this.#forget(version)
  }

  #forget(version: Version): void {
    this.#files.delete(version.fileId)
    release(version.segments)
    for (const part of version.pending.values()) release(part.segments)
  }

  clear(): void {
    for (const bucket of this.buckets.values()) this.deleteBucket(bucket)
  }
}
