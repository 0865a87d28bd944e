import { Schema } from "effect"
import type { FaultRule } from "../fakes/b2/faults.ts"
import { Files, LedgerReport, type SettingsChange } from "../fakes/b2/protocol.ts"
import type { StoredFile } from "../fakes/b2/options.ts"

const parseFiles = Schema.decodeUnknownSync(Files)
const parseLedger = Schema.decodeUnknownSync(LedgerReport)

/** The B2 emulator inside the machine. */
export class Emulator {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async files(): Promise<ReadonlyArray<StoredFile>> {
    return parseFiles(await (await this.#request("files")).json())
  }

  async ledger(): Promise<LedgerReport> {
    return parseLedger(await (await this.#request("ledger")).json())
  }

  async bytesOf(name: string): Promise<Buffer> {
    return Buffer.from(await (await this.#request(`bytes?${new URLSearchParams({ name })}`)).arrayBuffer())
  }

  set = (change: SettingsChange) => this.#post("settings", change)
  clearFaults = () => this.#post("clear-faults")
  revoke = () => this.#post("revoke")
  unrevoke = () => this.#post("unrevoke")
  // JSON knows no Infinity.
  fail = (rule: FaultRule) => this.#post("fail", { ...rule, times: Math.min(rule.times ?? 1, Number.MAX_SAFE_INTEGER) })

  async #post(what: string, body: unknown = {}): Promise<void> {
    await this.#request(what, { method: "POST", body: JSON.stringify(body) })
  }

  async #request(what: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${this.#url}/_admin/${what}`, init)
    if (!response.ok) throw new Error(`B2 emulator, ${what}: ${await response.text()}`)
    return response
  }
}
