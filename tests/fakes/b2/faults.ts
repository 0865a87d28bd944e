import type { CallName } from "./calls.ts"
import { B2Error } from "./errors.ts"

export interface FaultRule {
  readonly on: CallName | "*" | ReadonlyArray<CallName>
  /** Substring of the file's name. */
  readonly match?: string
  /** The first matching call it applies to, from 1. */
  readonly nth?: number
  /** How many calls it applies to; 1 if absent. */
  readonly times?: number
  readonly status?: number
  readonly code?: string
  readonly message?: string
  /** Seconds. */
  readonly retryAfter?: number
  /** Sent as text/html instead of B2's JSON. */
  readonly body?: string
  /** The socket is destroyed: unperformed, halfway through the body, or performed but not answered. */
  readonly drop?: "before" | "mid-body" | "after"
  /** Waits, unperformed, until it is released or the client is gone. */
  readonly hang?: boolean
  /** Milliseconds; then goes on as usual. */
  readonly delay?: number
}

/** B2's error table. */
export const errors = {
  badRequest: { status: 400, code: "bad_request", message: "injected" },
  badAuthToken: { status: 401, code: "bad_auth_token", message: "injected" },
  expiredAuthToken: { status: 401, code: "expired_auth_token", message: "injected" },
  capExceeded: { status: 403, code: "cap_exceeded", message: "Cannot upload files, storage cap exceeded." },
  storageCapExceeded: {
    status: 403,
    code: "storage_cap_exceeded",
    message: "Cannot upload files, storage cap exceeded."
  },
  transactionCapExceeded: { status: 403, code: "transaction_cap_exceeded", message: "Transaction cap exceeded." },
  downloadCapExceeded: { status: 403, code: "download_cap_exceeded", message: "Download cap exceeded." },
  requestTimeout: { status: 408, code: "request_timeout", message: "injected" },
  tooManyRequests: { status: 429, code: "too_many_requests", message: "injected" },
  internalError: { status: 500, code: "internal_error", message: "injected" },
  serviceUnavailable: { status: 503, code: "service_unavailable", message: "injected" }
} as const satisfies Record<string, Partial<FaultRule>>

/** A rule at work. */
export class Fault {
  readonly rule: FaultRule
  readonly #onCancel: (fault: Fault) => void
  readonly #released = Promise.withResolvers<void>()
  #seen = 0
  #hits = 0

  constructor(rule: FaultRule, onCancel: (fault: Fault) => void) {
    this.rule = rule
    this.#onCancel = onCancel
  }

  /** Calls it was applied to. */
  get hits(): number {
    return this.#hits
  }

  cancel(): void {
    this.#onCancel(this)
    this.release()
  }

  /** Lets go of the calls that hang, and hangs no more. */
  release(): void {
    this.#released.resolve()
  }

  get released(): Promise<void> {
    return this.#released.promise
  }

  applies(call: CallName, name: string): boolean {
    const { on, match, nth = 1, times = 1 } = this.rule
    const named = on === "*" || on === call || (typeof on !== "string" && on.includes(call))
    if (!named || (match !== undefined && !name.includes(match))) return false
    this.#seen++
    if (this.#seen < nth || this.#seen >= nth + times) return false
    this.#hits++
    return true
  }

  /** The error to answer with, if it is that kind of rule. */
  error(): B2Error | undefined {
    const { status, code = "injected", message = "injected", retryAfter, body } = this.rule
    if (status === undefined) return undefined
    return new B2Error(status, code, message, {
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(body === undefined ? {} : { html: body })
    })
  }
}

/** The first rule that applies is applied; those made after it do not count that call. */
export class Faults {
  readonly #faults = new Set<Fault>()
  #uploadsInTestMode = 0
  #callsInTestMode = 0

  add(rule: FaultRule): Fault {
    const fault = new Fault(rule, (cancelled) => this.#faults.delete(cancelled))
    this.#faults.add(fault)
    return fault
  }

  clear(): void {
    for (const fault of this.#faults) fault.cancel()
  }

  match(call: CallName, name: string): Fault | undefined {
    return [...this.#faults].find((fault) => fault.applies(call, name))
  }

  /** X-Bz-Test-Mode. B2 fails some at random; here it is every third upload and every fifth call. */
  testMode(mode: string | undefined, call: CallName): B2Error | undefined {
    if (mode === undefined) return undefined
    const upload = call === "b2_upload_file" || call === "b2_upload_part"
    if (mode === "fail_some_uploads" && upload && ++this.#uploadsInTestMode % 3 === 0) {
      return new B2Error(503, "service_unavailable", "fail_some_uploads")
    }
    if (mode === "force_cap_exceeded" && (upload || call === "b2_start_large_file")) {
      return new B2Error(403, "cap_exceeded", "force_cap_exceeded")
    }
    const accountToken = !upload && call !== "b2_authorize_account"
    if (mode === "expire_some_account_authorization_tokens" && accountToken && ++this.#callsInTestMode % 5 === 0) {
      return new B2Error(401, "expired_auth_token", "expire_some_account_authorization_tokens")
    }
    return undefined
  }
}
