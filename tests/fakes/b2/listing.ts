import { sizeOf, type Bucket, type Store, type Version } from "./store.ts"
import { compareNames } from "./names.ts"

export interface ListQuery {
  readonly prefix: string
  readonly delimiter: string
  readonly startName: string
  readonly startId: string | undefined
  readonly max: number
}

export const fileJson = (accountId: string, version: Version) => ({
  accountId,
  action: version.action,
  bucketId: version.bucketId,
  contentLength: version.action === "upload" ? sizeOf(version) : 0,
  size: version.action === "upload" ? sizeOf(version) : 0,
  contentSha1: version.action === "upload" ? version.contentSha1 : version.action === "start" ? "none" : null,
  contentType: version.action === "hide" ? "application/x-bz-hide-marker" : version.contentType,
  fileId: version.fileId,
  fileInfo: version.fileInfo,
  fileName: version.name,
  uploadTimestamp: version.uploadTimestamp
})

const folderJson = (accountId: string, bucketId: string, name: string) => ({
  accountId,
  action: "folder",
  bucketId,
  contentLength: 0,
  size: 0,
  contentSha1: null,
  contentType: null,
  fileId: null,
  fileInfo: {},
  fileName: name,
  uploadTimestamp: 0
})

export type FileJson = ReturnType<typeof fileJson> | ReturnType<typeof folderJson>

function* candidates(store: Store, bucket: Bucket, query: ListQuery, all: boolean): Iterable<Version> {
  for (const name of store.names(bucket)) {
    if (!name.startsWith(query.prefix) || compareNames(name, query.startName) < 0) continue
    if (!all) {
      const visible = store.visible(bucket, name)
      if (visible !== undefined) yield visible
      continue
    }
    let skipping = query.startId !== undefined && name === query.startName
    for (const version of bucket.versions.get(name) ?? []) {
      skipping &&= version.fileId !== query.startId
      if (!skipping) yield version
    }
  }
}

/** One page. With a delimiter, what lies deeper is folded into one entry a folder. */
export const listFiles = (store: Store, accountId: string, bucket: Bucket, query: ListQuery, all: boolean) => {
  const files: Array<FileJson> = []
  let folder: string | undefined
  for (const version of candidates(store, bucket, query, all)) {
    if (folder !== undefined && version.name.startsWith(folder)) continue
    folder = undefined
    const cut = query.delimiter === "" ? -1 : version.name.indexOf(query.delimiter, query.prefix.length)
    if (files.length === query.max) {
      return { files, nextFileName: version.name, nextFileId: all ? version.fileId : null }
    }
    if (cut >= 0) {
      folder = version.name.slice(0, cut + query.delimiter.length)
      files.push(folderJson(accountId, bucket.id, folder))
    } else {
      files.push(fileJson(accountId, version))
    }
  }
  return { files, nextFileName: null, nextFileId: null }
}
