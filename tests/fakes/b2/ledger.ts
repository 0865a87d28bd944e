import { billingClass, type BillingClass, type CallName } from "./calls.ts"

export interface LedgerEntry {
  readonly at: number
  readonly call: CallName
  readonly class: BillingClass
  name: string
  bucket: string
  /** From 1; 0 for everything but parts. */
  part: number
  /** 0: in flight, or the socket was destroyed without an answer. */
  status: number
  code: string
  /** Of the body received or sent. */
  bytes: number
}

/** Every call that arrived, billed or not. Refused calls are counted too: a budget that holds with them holds. */
export class Ledger {
  readonly #calls: Array<LedgerEntry> = []

  get calls(): ReadonlyArray<LedgerEntry> {
    return this.#calls
  }

  open(call: CallName): LedgerEntry {
    const entry = {
      at: Date.now(),
      call,
      class: billingClass[call],
      name: "",
      bucket: "",
      part: 0,
      status: 0,
      code: "",
      bytes: 0
    }
    this.#calls.push(entry)
    return entry
  }

  of(call: CallName): ReadonlyArray<LedgerEntry> {
    return this.#calls.filter((entry) => entry.call === call)
  }

  counts(): { a: number; b: number; c: number } {
    const counts = { a: 0, b: 0, c: 0 }
    for (const entry of this.#calls) counts[entry.class]++
    return counts
  }

  /** Class B and C. */
  billed(): number {
    const { b, c } = this.counts()
    return b + c
  }

  reset(): void {
    this.#calls.length = 0
  }
}
