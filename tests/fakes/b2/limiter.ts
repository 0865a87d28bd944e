import { setTimeout as sleep } from "node:timers/promises"

/** Bytes a second over all connections; 0 is no limit. */
export class Limiter {
  bytesPerSecond: number
  #freeAt = 0

  constructor(bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond
  }

  /** A promise only when there is something to wait for. */
  take(bytes: number): Promise<unknown> | undefined {
    if (this.bytesPerSecond <= 0) return undefined
    const now = performance.now()
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes * 1000) / this.bytesPerSecond
    const wait = this.#freeAt - now
    return wait < 5 ? undefined : sleep(wait)
  }
}
