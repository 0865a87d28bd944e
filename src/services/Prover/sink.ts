import type { Trouble } from "../Prover.ts"

/** Takes the bytes of one inode from its start to its end, and then hears whether they can be believed. */
export interface Sink {
  /** `bytes` are those at offset `at`; they are overwritten afterwards. */
  update(bytes: Buffer, at: number): void
  settle(trouble: Trouble | undefined): void
}
