import type { IncomingHttpHeaders, IncomingMessage } from "node:http"
import type { CallName } from "./calls.ts"

export interface CallEvent {
  readonly call: CallName
  readonly bucket: string
  readonly name: string
  /** From 1; 0 for everything but parts. */
  readonly part: number
  readonly fileId: string
  /** How many calls of this name arrived, this one included. */
  readonly nth: number
  readonly headers: IncomingHttpHeaders
}

/** Before the body is read and anything changes, or after the change and before the answer. */
export type When = "arrived" | "performed"
export type Hook = (event: CallEvent) => void | Promise<void>

export type Description = Pick<CallEvent, "bucket" | "name" | "part" | "fileId">

/** What tests want done in the middle of a call. Hooks are awaited; what they throw fails the call with 500. */
export class Hooks {
  readonly #hooks = new Set<{ readonly call: CallName | "*"; readonly when: When; readonly run: Hook }>()
  readonly #arrivals = new Map<CallName, number>()

  on(call: CallName | "*", run: Hook, when: When = "arrived"): () => void {
    const hook = { call, when, run }
    this.#hooks.add(hook)
    return () => this.#hooks.delete(hook)
  }

  async run(when: When, call: CallName, description: Description, request: IncomingMessage): Promise<void> {
    if (when === "arrived") this.#arrivals.set(call, (this.#arrivals.get(call) ?? 0) + 1)
    const event = { ...description, call, nth: this.#arrivals.get(call) ?? 0, headers: request.headers }
    for (const hook of this.#hooks) {
      if (hook.when === when && (hook.call === "*" || hook.call === call)) await hook.run(event)
    }
  }

  clear(): void {
    this.#hooks.clear()
    this.#arrivals.clear()
  }
}
