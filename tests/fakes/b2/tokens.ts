import { randomBytes } from "node:crypto"
import { allCapabilities, capabilityOf, type CallName } from "./calls.ts"
import { badAuthToken, expiredAuthToken, unauthorized } from "./errors.ts"
import type { Bucket } from "./store.ts"

export interface Restriction {
  readonly buckets?: ReadonlyArray<string>
  readonly namePrefix?: string
  readonly capabilities?: ReadonlyArray<string>
}

interface Token {
  readonly kind: "account" | "upload"
  /** What an upload token is good for: a bucket's or a large file's id. */
  readonly target: string
  expired: boolean
}

/** One application key and the tokens it was given. */
export class Tokens {
  readonly account: string
  readonly key: string
  readonly restriction: Restriction
  readonly #tokens = new Map<string, Token>()
  revoked = false

  constructor(account: string, key: string, restriction: Restriction) {
    this.account = account
    this.key = key
    this.restriction = restriction
  }

  get capabilities(): ReadonlyArray<string> {
    return this.restriction.capabilities ?? allCapabilities
  }

  issue(kind: Token["kind"], target = ""): string {
    const token = `4_${kind}_${randomBytes(18).toString("base64url")}`
    this.#tokens.set(token, { kind, target, expired: false })
    return token
  }

  expire(kind: Token["kind"] | "all"): void {
    for (const token of this.#tokens.values()) if (kind === "all" || token.kind === kind) token.expired = true
  }

  checkKey(authorization: string | undefined): void {
    const expected = `Basic ${Buffer.from(`${this.account}:${this.key}`).toString("base64")}`
    if (this.revoked || authorization !== expected) throw badAuthToken()
  }

  check(authorization: string | undefined, kind: Token["kind"], call: CallName, target = ""): void {
    const token = this.revoked || authorization === undefined ? undefined : this.#tokens.get(authorization)
    if (token === undefined || token.kind !== kind || token.target !== target) throw badAuthToken()
    if (token.expired) throw expiredAuthToken()
    const capability = capabilityOf[call]
    if (capability !== undefined && !this.capabilities.includes(capability)) {
      throw unauthorized(`The key lacks the capability ${capability}`)
    }
  }

  checkBucket(bucket: Pick<Bucket, "name">): void {
    const { buckets } = this.restriction
    if (buckets !== undefined && !buckets.includes(bucket.name)) {
      throw unauthorized("The key is restricted to other buckets")
    }
  }

  /** A list's prefix must be at least as narrow as the key's. */
  checkName(name: string): void {
    const { namePrefix } = this.restriction
    if (namePrefix !== undefined && !name.startsWith(namePrefix)) {
      throw unauthorized("The key is restricted to another name prefix")
    }
  }

  reset(): void {
    this.#tokens.clear()
    this.revoked = false
  }
}
