import { B2Error, badRequest, unauthorized } from "./errors.ts"
import type { Exchange, World } from "./exchange.ts"
import type { Bucket } from "./store.ts"
import { header } from "./upload.ts"

const bucketJson = (world: World, bucket: Bucket) => ({
  accountId: world.accountId,
  bucketId: bucket.id,
  bucketInfo: {},
  bucketName: bucket.name,
  bucketType: bucket.type,
  corsRules: [],
  lifecycleRules: bucket.lifecycleRules,
  options: [],
  revision: 1
})

const allowedBuckets = (world: World) =>
  world.tokens.restriction.buckets?.map((name) => {
    const bucket = world.store.bucketNamed(name)
    return { id: bucket?.id ?? "gone", name: bucket?.name ?? null }
  }) ?? null

/** The three shapes that v1/v2, v3 and v4 have. */
export const authorizeAccount = (world: World, { request, route }: Exchange) => {
  world.tokens.checkKey(header(request.headers, "authorization"))
  const buckets = allowedBuckets(world)
  const namePrefix = world.tokens.restriction.namePrefix ?? null
  const { capabilities } = world.tokens
  const only = buckets?.[0]
  const common = { accountId: world.accountId, authorizationToken: world.tokens.issue("account") }
  const storage = {
    absoluteMinimumPartSize: world.limits.minimumPartSize,
    apiUrl: world.url,
    downloadUrl: world.url,
    recommendedPartSize: 100_000_000
  }
  const s3ApiUrl = world.url
  if (route.version < 3) {
    const allowed = { bucketId: only?.id ?? null, bucketName: only?.name ?? null, capabilities, namePrefix }
    return { ...common, ...storage, minimumPartSize: 100_000_000, s3ApiUrl, allowed }
  }
  const restriction =
    route.version === 3
      ? { bucketId: only?.id ?? null, bucketName: only?.name ?? null, capabilities, namePrefix }
      : { allowed: { buckets, capabilities, namePrefix } }
  const storageApi = { ...storage, ...restriction, infoType: "storageApi", s3ApiUrl }
  return { ...common, applicationKeyExpirationTimestamp: null, apiInfo: { storageApi } }
}

export const listBuckets = (world: World, { body }: Exchange) => {
  const id = body.optionalString("bucketId")
  const name = body.optionalString("bucketName")
  const { buckets: allowed } = world.tokens.restriction
  const buckets = [...world.store.buckets.values()].filter(
    (bucket) => (id === undefined || bucket.id === id) && (name === undefined || bucket.name === name)
  )
  if (allowed !== undefined) {
    if (id === undefined && name === undefined) throw unauthorized("The key is restricted: name one of its buckets")
    for (const bucket of buckets) world.tokens.checkBucket(bucket)
  }
  return { buckets: buckets.map((bucket) => bucketJson(world, bucket)) }
}

export const createBucket = (world: World, { body }: Exchange) => {
  if (world.tokens.restriction.buckets !== undefined) throw unauthorized("The key is restricted to its buckets")
  const bucket = world.store.createBucket(body.string("bucketName"), body.string("bucketType"))
  bucket.lifecycleRules = body.records("lifecycleRules")
  return bucketJson(world, bucket)
}

export const updateBucket = (world: World, { body }: Exchange) => {
  const bucket = world.store.bucket(body.string("bucketId"))
  bucket.type = body.optionalString("bucketType") ?? bucket.type
  if (body.has("lifecycleRules")) bucket.lifecycleRules = body.records("lifecycleRules")
  return bucketJson(world, bucket)
}

export const deleteBucket = (world: World, { body }: Exchange) => {
  const bucket = world.store.bucket(body.string("bucketId"))
  if (bucket.versions.size > 0)
    throw new B2Error(400, "cannot_delete_non_empty_bucket", "Cannot delete non-empty bucket")
  world.store.deleteBucket(bucket)
  return bucketJson(world, bucket)
}

const uploadUrl = (world: World, call: string, target: string): string => `${world.url}/b2api/v1/${call}/${target}`

export const getUploadUrl = (world: World, { body }: Exchange) => {
  const { id } = world.store.bucket(body.string("bucketId"))
  return {
    bucketId: id,
    uploadUrl: uploadUrl(world, "b2_upload_file", id),
    authorizationToken: world.tokens.issue("upload", id)
  }
}

export const getUploadPartUrl = (world: World, { body }: Exchange) => {
  const { fileId } = world.store.unfinished(body.string("fileId"))
  return {
    fileId,
    uploadUrl: uploadUrl(world, "b2_upload_part", fileId),
    authorizationToken: world.tokens.issue("upload", fileId)
  }
}

export const getDownloadAuthorization = (world: World, { body }: Exchange) => {
  const seconds = body.number("validDurationInSeconds")
  if (seconds < 1 || seconds > 604_800) throw badRequest("validDurationInSeconds must be between 1 and 604800")
  return {
    bucketId: world.store.bucket(body.string("bucketId")).id,
    fileNamePrefix: body.string("fileNamePrefix"),
    authorizationToken: world.tokens.issue("account")
  }
}
