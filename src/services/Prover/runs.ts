import { createHash, type Hash, hash } from "node:crypto"
import type { Trouble } from "../Prover.ts"
import type { Sink } from "./sink.ts"

const digestLength = 20

/** One torrent's claim on a run of whole v1 pieces inside a file. Piece numbers are the torrent's. */
export class RunClaim {
  readonly first: number
  readonly count: number
  readonly #pieces: Uint8Array
  readonly wrong: Array<number> = []
  trouble: Trouble | undefined

  constructor(first: number, count: number, pieces: Uint8Array) {
    this.first = first
    this.count = count
    this.#pieces = pieces
  }

  compare(at: number, digest: Buffer | undefined) {
    if (at >= this.count) return
    const start = (this.first + at) * digestLength
    if (digest === undefined || digest.compare(this.#pieces, start, start + digestLength) !== 0) {
      this.wrong.push(this.first + at)
    }
  }
}

/** Hashes the pieces of `pieceLength` bytes from offset `from` of a file on, once for all torrents that cut it so. */
export class PieceRun implements Sink {
  readonly claims: Array<RunClaim> = []
  readonly #pieceLength: number
  readonly #from: number
  #hash: Hash | undefined
  #filled = 0
  #piece = 0

  constructor(pieceLength: number, from: number) {
    this.#pieceLength = pieceLength
    this.#from = from
  }

  get #count() {
    return this.claims.reduce((most, { count }) => Math.max(most, count), 0)
  }

  update(bytes: Buffer, at: number) {
    const count = this.#count
    for (let position = Math.max(0, this.#from - at); position < bytes.length && this.#piece < count;) {
      const taken = Math.min(this.#pieceLength - this.#filled, bytes.length - position)
      const part = bytes.subarray(position, position + taken)
      position += taken
      if (taken === this.#pieceLength) {
        this.#close(hash("sha1", part, "buffer"))
        continue
      }
      this.#hash ??= createHash("sha1")
      this.#hash.update(part)
      this.#filled += taken
      if (this.#filled === this.#pieceLength) this.#close(this.#hash.digest())
    }
  }

  #close(digest: Buffer | undefined) {
    for (const claim of this.claims) claim.compare(this.#piece, digest)
    this.#piece += 1
    this.#hash = undefined
    this.#filled = 0
  }

  settle(trouble: Trouble | undefined) {
    for (const claim of this.claims) claim.trouble = trouble
    if (trouble !== undefined) return
    // The file ended before them.
    for (let left = this.#count - this.#piece; left > 0; left -= 1) this.#close(undefined)
  }
}
