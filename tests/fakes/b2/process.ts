import { Schema } from "effect"
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { FaultRule } from "./faults.ts"
import type { B2Options, StoredFile } from "./options.ts"
import { Announcement, Files, LedgerReport, type SettingsChange, type TamperOrder } from "./protocol.ts"
import { rcloneConfig, rcloneRemote } from "./remote.ts"

const parseAnnouncement = Schema.decodeUnknownSync(Schema.fromJsonString(Announcement))
const parseLedger = Schema.decodeUnknownSync(LedgerReport)
const parseFiles = Schema.decodeUnknownSync(Files)

const argumentsOf = (options: Omit<B2Options, "restricted" | "maximumSingleSize">): Array<string> => {
  const given: ReadonlyArray<readonly [string, string | number | undefined]> = [
    ["port", options.port],
    ["directory", options.directory],
    ["latency", options.latency],
    ["bandwidth", options.bandwidth],
    ["bucket", options.bucket],
    ["account", options.account],
    ["key", options.key],
    ["minimum-part-size", options.minimumPartSize]
  ]
  const flags = given.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]))
  return options.verifySha1 === false ? [...flags, "--no-verify-sha1"] : flags
}

/** The emulator in a process of its own, so that its work and memory are not those of what is measured. */
export class B2Process {
  readonly url: string
  readonly bucket: string
  readonly account: string
  readonly key: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, { url, bucket, account, key }: Announcement) {
    this.#child = child
    this.url = url
    this.bucket = bucket
    this.account = account
    this.key = key
  }

  static async start(options: Omit<B2Options, "restricted" | "maximumSingleSize"> = {}): Promise<B2Process> {
    const main = fileURLToPath(new URL("main.ts", import.meta.url))
    const child = spawn(process.execPath, [main, ...argumentsOf(options)], { stdio: ["ignore", "pipe", "inherit"] })
    const line = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", resolve)
      child.once("exit", (code) => reject(new Error(`the B2 emulator ended with ${code}`)))
    })
    return new B2Process(child, parseAnnouncement(await line))
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, "exit")
    this.#child.kill("SIGTERM")
    await ended
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  remote(path = "", options: Readonly<Record<string, string>> = {}): string {
    return rcloneRemote(this, path, options)
  }

  rcloneConfig(name = "b2"): string {
    return rcloneConfig(this, name)
  }

  async ledger(): Promise<LedgerReport> {
    return parseLedger(await this.#getJson("ledger"))
  }

  async files(): Promise<ReadonlyArray<StoredFile>> {
    return parseFiles(await this.#getJson("files"))
  }

  async versions(): Promise<ReadonlyArray<StoredFile>> {
    return parseFiles(await this.#getJson("versions"))
  }

  async unfinished(): Promise<ReadonlyArray<StoredFile>> {
    return parseFiles(await this.#getJson("unfinished"))
  }

  async sha1Of(name: string): Promise<string> {
    return String(await this.#getJson("sha1", { name }))
  }

  /** The end of the range is exclusive. */
  async bytesOf(name: string, range?: { readonly start: number; readonly end: number }): Promise<Buffer> {
    const query = range === undefined ? { name } : { name, start: String(range.start), end: String(range.end) }
    const response = await this.#request("bytes", query)
    return Buffer.from(await response.arrayBuffer())
  }

  async fail(rule: FaultRule): Promise<void> {
    // JSON knows no Infinity.
    await this.#post("fail", { ...rule, times: Math.min(rule.times ?? 1, Number.MAX_SAFE_INTEGER) })
  }

  clearFaults = (): Promise<void> => this.#post("clear-faults")
  resetLedger = (): Promise<void> => this.#post("ledger-reset")
  revoke = (): Promise<void> => this.#post("revoke")
  unrevoke = (): Promise<void> => this.#post("unrevoke")
  expireTokens = (): Promise<void> => this.#post("expire-tokens")
  deleteBucket = (): Promise<void> => this.#post("delete-bucket")
  reset = (): Promise<void> => this.#post("reset")
  set = (change: SettingsChange): Promise<void> => this.#post("settings", change)
  tamper = (order: TamperOrder): Promise<void> => this.#post("tamper", order)

  async #request(what: string, query: Record<string, string> = {}, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${this.url}/_admin/${what}?${new URLSearchParams(query)}`, init)
    if (!response.ok) throw new Error(`B2 emulator, ${what}: ${await response.text()}`)
    return response
  }

  async #getJson(what: string, query: Record<string, string> = {}): Promise<unknown> {
    return (await this.#request(what, query)).json()
  }

  async #post(what: string, body: unknown = {}): Promise<void> {
    await this.#request(what, {}, { method: "POST", body: JSON.stringify(body) })
  }
}
