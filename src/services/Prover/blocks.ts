import { createHash, type Hash, hash } from "node:crypto"
import { blockLength, levelOf, nodeLength, raise, rootOf } from "../../domain/piecesMerkle.ts"
import type { Trouble } from "../Prover.ts"
import type { Sink } from "./sink.ts"

/** One torrent's claim on a whole file by its v2 hashes. Piece numbers are the file's. */
export class TreeClaim {
  readonly pieceLength: number
  readonly count: number
  readonly #root: string
  readonly #layer: Uint8Array | undefined
  wrong: ReadonlyArray<number> = []
  trouble: Trouble | undefined

  constructor(size: number, pieceLength: number, root: string, layer: Uint8Array | undefined) {
    this.pieceLength = pieceLength
    this.count = Math.ceil(size / pieceLength)
    this.#root = root
    this.#layer = layer
  }

  compare(nodes: Uint8Array, level: number) {
    const all = Array.from({ length: this.count }, (_, piece) => piece)
    const wanted = levelOf(this.pieceLength)
    // The tree of a file that fits into a piece is only as high as the file needs.
    const own = this.count === 1 ? nodes : raise(nodes, level, wanted)
    const layer = this.#layer
    if (this.count > 1 && layer !== undefined) {
      this.wrong = all.filter((piece) => {
        const at = piece * nodeLength
        return Buffer.compare(own.subarray(at, at + nodeLength), layer.subarray(at, at + nodeLength)) !== 0
      })
      return
    }
    const root = rootOf(own, this.count === 1 ? level : wanted)
    if (Buffer.from(root).toString("hex") !== this.#root) this.wrong = all
  }
}

/** The merkle tree of the first `size` bytes of a file, kept no finer than a torrent's pieces ask for. */
export class BlockTree implements Sink {
  readonly claims: Array<TreeClaim> = []
  readonly #size: number
  readonly #nodes: Array<Uint8Array> = []
  #leaves: Array<Buffer> = []
  #hash: Hash | undefined
  #filled = 0

  constructor(size: number) {
    this.#size = size
  }

  get #level() {
    return this.claims.reduce(
      (lowest, { count, pieceLength }) => Math.min(lowest, count === 1 ? 0 : levelOf(pieceLength)),
      Number.POSITIVE_INFINITY
    )
  }

  update(bytes: Buffer, at: number) {
    const level = this.#level
    const end = Math.min(bytes.length, this.#size - at)
    for (let position = 0; position < end;) {
      const taken = Math.min(blockLength - this.#filled, end - position)
      const part = bytes.subarray(position, position + taken)
      position += taken
      if (taken === blockLength) {
        this.#close(hash("sha256", part, "buffer"), level)
        continue
      }
      this.#hash ??= createHash("sha256")
      this.#hash.update(part)
      this.#filled += taken
      if (this.#filled === blockLength) this.#close(this.#hash.digest(), level)
    }
  }

  #close(leaf: Buffer, level: number) {
    this.#leaves.push(leaf)
    this.#hash = undefined
    this.#filled = 0
    if (this.#leaves.length === 2 ** level) this.#fold(level)
  }

  #fold(level: number) {
    if (this.#leaves.length > 0) this.#nodes.push(raise(Buffer.concat(this.#leaves), 0, level))
    this.#leaves = []
  }

  settle(trouble: Trouble | undefined) {
    const level = this.#level
    if (this.#hash !== undefined) this.#close(this.#hash.digest(), level)
    this.#fold(level)
    const nodes = Buffer.concat(this.#nodes)
    for (const claim of this.claims) {
      claim.trouble = trouble
      if (trouble === undefined) claim.compare(nodes, level)
    }
  }
}
