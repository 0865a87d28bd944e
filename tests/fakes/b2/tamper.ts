import { createHash } from "node:crypto"
import { memoryBlob, slice, whole } from "./blobs.ts"
import { sizeOf, type Bucket, type Store, type Version } from "./store.ts"

/** Changes behind the API's back: no call, no ledger entry. Each throws when the name is not there. */
export class Tamper {
  readonly #store: Store
  readonly #bucket: () => Bucket

  constructor(store: Store, bucket: () => Bucket) {
    this.#store = store
    this.#bucket = bucket
  }

  #visible(name: string): Version {
    const version = this.#store.visible(this.#bucket(), name)
    if (version === undefined) throw new Error(`not on the emulator: ${name}`)
    return version
  }

  put(name: string, bytes: Uint8Array, fileInfo: Record<string, string> = {}): void {
    const contentSha1 = createHash("sha1").update(bytes).digest("hex")
    const segments = [whole(memoryBlob(bytes))]
    this.#store.add(this.#bucket(), { name, action: "upload", segments, contentSha1, fileInfo })
  }

  hide(name: string): void {
    this.#visible(name)
    this.#store.add(this.#bucket(), { name, action: "hide" })
  }

  /** All versions. */
  delete(name: string): void {
    const versions = this.#bucket().versions.get(name)
    if (versions === undefined) throw new Error(`not on the emulator: ${name}`)
    for (const version of versions) this.#store.remove(version)
  }

  /** What B2 says of the hash stays as it was. */
  truncate(name: string, size: number): void {
    const version = this.#visible(name)
    if (size > sizeOf(version)) throw new Error(`${name} is shorter than ${size}`)
    this.#store.replaceContent(version, slice(version.segments, 0, size))
  }

  /** What B2 says of the hash stays as it was. */
  overwrite(name: string, offset: number, bytes: Uint8Array): void {
    const version = this.#visible(name)
    const end = offset + bytes.length
    const size = sizeOf(version)
    if (end > size) throw new Error(`${name} is shorter than ${end}`)
    const before = slice(version.segments, 0, offset)
    const after = slice(version.segments, end, size)
    this.#store.replaceContent(version, [...before, whole(memoryBlob(bytes)), ...after])
  }

  /** All versions of the name; milliseconds. */
  backdate(name: string, uploadTimestamp: number): void {
    const versions = this.#bucket().versions.get(name)
    if (versions === undefined) throw new Error(`not on the emulator: ${name}`)
    for (const version of versions) version.uploadTimestamp = uploadTimestamp
  }
}
