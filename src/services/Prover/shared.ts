import { createHash, type Hash } from "node:crypto"
import type { Trouble } from "../Prover.ts"
import type { Sink } from "./sink.ts"

/** Bytes of fragments that wait for those before them; shared by all pieces of a run. */
export interface Budget {
  free: number
}

/** A stretch of an inode, or zeros where the torrent has a pad file. */
export interface Part {
  readonly inode: string | null
  readonly from: number
  readonly length: number
}

/** One torrent's claim on a piece that is made of several stretches. */
export class SharedClaim {
  readonly piece: number
  readonly #expected: Buffer
  outcome: "right" | "wrong" | Trouble = "unreadable"

  constructor(piece: number, pieces: Uint8Array) {
    this.piece = piece
    this.#expected = Buffer.from(pieces.subarray(piece * 20, piece * 20 + 20))
  }

  compare(digest: Buffer) {
    this.outcome = digest.equals(this.#expected) ? "right" : "wrong"
  }
}

const zeros = Buffer.alloc(65_536)

export const addZeros = (hash: Hash, length: number) => {
  for (let left = length; left > 0; left -= zeros.length) hash.update(zeros.subarray(0, Math.min(left, zeros.length)))
}

/**
 * A piece whose stretches come from several inodes, in whatever order those are read. A stretch that comes in its turn
 * goes straight into the hash. One that comes early is kept; where the budget does not allow that, the piece is `late`:
 * its stretches are read once more when all else is done.
 */
export class SharedPiece {
  readonly claims: Array<SharedClaim> = []
  readonly parts: ReadonlyArray<Part>
  readonly #budget: Budget
  #state: "open" | "late" | "over" = "open"
  #hash: Hash | undefined
  #next = 0
  readonly #kept = new Map<number, Array<Buffer>>()
  readonly #filled: Array<number>
  readonly #settled: Array<boolean>

  constructor(parts: ReadonlyArray<Part>, budget: Budget) {
    this.parts = parts
    this.#budget = budget
    this.#filled = parts.map(() => 0)
    this.#settled = parts.map(({ inode }) => inode === null)
    this.#advance()
  }

  get isLate() {
    return this.#state === "late"
  }

  sink(index: number): Sink {
    const { from, length } = this.parts[index] ?? { from: 0, length: 0 }
    return {
      update: (bytes, at) => {
        const start = Math.max(from - at, 0)
        const end = Math.min(from + length - at, bytes.length)
        if (start < end) this.#take(index, bytes.subarray(start, end))
      },
      settle: (trouble) => {
        this.#settled[index] = true
        if (trouble !== undefined) this.end(trouble)
        else this.#advance()
      }
    }
  }

  #add(bytes: Buffer) {
    this.#hash ??= createHash("sha1")
    this.#hash.update(bytes)
  }

  #take(index: number, bytes: Buffer) {
    if (this.#state !== "open") return
    this.#filled[index] = (this.#filled[index] ?? 0) + bytes.length
    if (index === this.#next) return this.#add(bytes)
    if (bytes.length > this.#budget.free) {
      this.#state = "late"
      return this.#release()
    }
    this.#budget.free -= bytes.length
    const kept = this.#kept.get(index) ?? []
    kept.push(Buffer.from(bytes))
    this.#kept.set(index, kept)
  }

  /** Over all stretches that are whole; ends the piece after the last, or at one whose file is too short. */
  #advance() {
    for (; this.#state === "open" && this.#settled[this.#next] === true; this.#next += 1) {
      const part = this.parts[this.#next]
      if (part === undefined) break
      if (part.inode === null) addZeros((this.#hash ??= createHash("sha1")), part.length)
      else if (this.#filled[this.#next] !== part.length) return this.end("wrong")
      for (const bytes of this.#kept.get(this.#next + 1) ?? []) this.#add(bytes)
      this.#drop(this.#next + 1)
    }
    if (this.#state === "open" && this.#next === this.parts.length) this.finish(this.#hash?.digest())
  }

  finish(digest: Buffer | undefined) {
    this.end("wrong")
    if (digest !== undefined) for (const claim of this.claims) claim.compare(digest)
  }

  end(outcome: "wrong" | Trouble) {
    if (this.#state === "over") return
    this.#state = "over"
    this.#hash = undefined
    for (const claim of this.claims) claim.outcome = outcome
    this.#release()
  }

  #drop(index: number) {
    for (const bytes of this.#kept.get(index) ?? []) this.#budget.free += bytes.length
    this.#kept.delete(index)
  }

  #release() {
    for (const index of this.#kept.keys()) this.#drop(index)
  }
}
