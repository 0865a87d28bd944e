import { once } from "node:events"
import { createServer, type Server } from "node:http"
import { handleAdmin } from "./admin.ts"
import { BlobStore, readSegments, sha1OfSegments, slice } from "./blobs.ts"
import type { CallName } from "./calls.ts"
import { handle, type Settings } from "./dispatch.ts"
import type { World } from "./exchange.ts"
import { Faults, type Fault, type FaultRule } from "./faults.ts"
import { Hooks, type Hook, type When } from "./hooks.ts"
import { Ledger } from "./ledger.ts"
import { Limiter } from "./limiter.ts"
import type { B2Options, StoredFile } from "./options.ts"
import { rcloneConfig, rcloneRemote } from "./remote.ts"
import { sizeOf, Store, type Bucket, type Version } from "./store.ts"
import { Tamper } from "./tamper.ts"
import { Tokens, type Restriction } from "./tokens.ts"

const describe = (version: Version): StoredFile => {
  const { name, fileId, action, contentSha1, contentType, fileInfo, uploadTimestamp, parts } = version
  return { name, fileId, action, size: sizeOf(version), contentSha1, contentType, fileInfo, uploadTimestamp, parts }
}

const restrictionOf = (restricted: B2Options["restricted"], bucket: string): Restriction => {
  if (restricted === undefined || restricted === false) return {}
  return { buckets: [bucket], ...(restricted === true ? {} : restricted) }
}

/** Backblaze B2's native API on loopback. */
export class B2Emulator {
  readonly bucket: string
  readonly account: string
  readonly key: string
  readonly ledger: Ledger
  readonly tamper: Tamper
  readonly #server: Server
  readonly #world: World
  readonly #hooks = new Hooks()
  readonly #settings: Settings

  private constructor(options: B2Options, blobs: BlobStore, server: Server, url: string) {
    this.bucket = options.bucket ?? "media"
    this.account = options.account ?? "0012345678900000000000001"
    this.key = options.key ?? "K001emulatedApplicationKey00000"
    this.#settings = { latency: options.latency ?? 0 }
    this.#server = server
    const store = new Store()
    this.#world = {
      store,
      blobs,
      tokens: new Tokens(this.account, this.key, restrictionOf(options.restricted, this.bucket)),
      ledger: new Ledger(),
      faults: new Faults(),
      limiter: new Limiter(options.bandwidth ?? 0),
      limits: {
        minimumPartSize: options.minimumPartSize ?? 5_000_000,
        maximumSingleSize: options.maximumSingleSize ?? 5_000_000_000,
        verifySha1: options.verifySha1 ?? true
      },
      accountId: "123456789000",
      url
    }
    this.ledger = this.#world.ledger
    this.tamper = new Tamper(store, () => this.#bucketNamed(this.bucket))
    store.createBucket(this.bucket)
  }

  static async start(options: B2Options = {}): Promise<B2Emulator> {
    // The default time-outs would end a slowed-down upload and let rclone run into closed idle connections.
    const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 300_000 })
    server.listen(options.port ?? 0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    if (address === null || typeof address === "string") throw new Error("the B2 emulator has no port")
    const blobs = await BlobStore.open(options.directory)
    const emulator = new B2Emulator(options, blobs, server, `http://127.0.0.1:${address.port}`)
    server.on("request", (request, response) => {
      // A client that is gone is dealt with where it is read from.
      request.on("error", () => undefined)
      response.on("error", () => undefined)
      if (request.url?.startsWith("/_admin/")) void handleAdmin(emulator, request, response)
      else void handle(emulator.#world, emulator.#hooks, emulator.#settings, request, response)
    })
    return emulator
  }

  async stop(): Promise<void> {
    this.clearFaults()
    if (this.#server.listening) {
      const closed = once(this.#server, "close")
      this.#server.close()
      this.#server.closeAllConnections()
      await closed
    }
    await this.#world.blobs.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  get url(): string {
    return this.#world.url
  }

  /** Milliseconds before each call is handled. */
  get latency(): number {
    return this.#settings.latency
  }

  set latency(milliseconds: number) {
    this.#settings.latency = milliseconds
  }

  /** Bytes a second over all connections; 0 is no limit. */
  get bandwidth(): number {
    return this.#world.limiter.bytesPerSecond
  }

  set bandwidth(bytesPerSecond: number) {
    this.#world.limiter.bytesPerSecond = bytesPerSecond
  }

  /** For rclone's command line. `options` are those of its b2 backend, such as `{ chunk_size: "5M" }`. */
  remote(path = "", options: Readonly<Record<string, string>> = {}): string {
    return rcloneRemote(this, path, options)
  }

  rcloneConfig(name = "b2"): string {
    return rcloneConfig(this, name)
  }

  fail(rule: FaultRule): Fault {
    return this.#world.faults.add(rule)
  }

  /** Also lets go of the calls that hang. */
  clearFaults(): void {
    this.#world.faults.clear()
  }

  /** Answers a function that takes the hook off again. */
  on(call: CallName | "*", hook: Hook, when: When = "arrived"): () => void {
    return this.#hooks.on(call, hook, when)
  }

  /** Every call is 401 bad_auth_token from now on. */
  revoke(): void {
    this.#world.tokens.revoked = true
  }

  unrevoke(): void {
    this.#world.tokens.revoked = false
  }

  /** The tokens handed out so far are 401 expired_auth_token from now on. */
  expireTokens(kind: "account" | "upload" | "all" = "all"): void {
    this.#world.tokens.expire(kind)
  }

  createBucket(name: string): void {
    this.#world.store.createBucket(name)
  }

  /** With all that is in it. */
  deleteBucket(name: string = this.bucket): void {
    this.#world.store.deleteBucket(this.#bucketNamed(name))
  }

  /** No files, faults, hooks, tokens and ledger entries; the bucket exists. */
  reset(): void {
    this.clearFaults()
    this.#hooks.clear()
    this.#world.tokens.reset()
    this.#world.store.clear()
    this.#world.store.createBucket(this.bucket)
    this.ledger.reset()
  }

  /** What is visible, by name. */
  files(bucket: string = this.bucket): ReadonlyArray<StoredFile> {
    const found = this.#bucketNamed(bucket)
    return this.#world.store.names(found).flatMap((name) => {
      const version = this.#world.store.visible(found, name)
      return version === undefined ? [] : [describe(version)]
    })
  }

  /** Uploads, hide markers and unfinished large files, the newest first within a name. */
  versions(bucket: string = this.bucket): ReadonlyArray<StoredFile> {
    const found = this.#bucketNamed(bucket)
    return this.#world.store.names(found).flatMap((name) => (found.versions.get(name) ?? []).map(describe))
  }

  unfinished(bucket: string = this.bucket): ReadonlyArray<StoredFile> {
    return this.versions(bucket).filter((version) => version.action === "start")
  }

  file(name: string, bucket: string = this.bucket): StoredFile | undefined {
    const version = this.#world.store.visible(this.#bucketNamed(bucket), name)
    return version === undefined ? undefined : describe(version)
  }

  /** The end of the range is exclusive. */
  async bytesOf(name: string, range?: { readonly start: number; readonly end: number }): Promise<Buffer> {
    const { segments } = this.#visible(name)
    const chunks: Array<Buffer> = []
    const wanted = range === undefined ? segments : slice(segments, range.start, range.end)
    for await (const chunk of readSegments(wanted)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /** Of the bytes that are stored now, whatever anybody claimed. */
  sha1Of(name: string): Promise<string> {
    return sha1OfSegments(this.#visible(name).segments)
  }

  #visible(name: string): Version {
    const version = this.#world.store.visible(this.#bucketNamed(this.bucket), name)
    if (version === undefined) throw new Error(`not on the emulator: ${name}`)
    return version
  }

  #bucketNamed(name: string): Bucket {
    const bucket = this.#world.store.bucketNamed(name)
    if (bucket === undefined) throw new Error(`no bucket on the emulator: ${name}`)
    return bucket
  }
}
