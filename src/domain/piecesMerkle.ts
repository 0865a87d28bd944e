import { hash } from "node:crypto"

/** BEP 52: the leaves of a file's tree are the SHA-256 of its blocks of 16 KiB. */
export const blockLength = 16384
export const nodeLength = 32

const sha256 = (bytes: Uint8Array): Buffer => hash("sha256", bytes, "buffer")

const zeroNodes: Array<Buffer> = [Buffer.alloc(nodeLength)]

/** What stands for `2^level` blocks that lie behind the end of the file. */
export const zeroNode = (level: number): Buffer => {
  const known = zeroNodes[level]
  if (known !== undefined) return known
  const below = zeroNode(level - 1)
  const node = sha256(Buffer.concat([below, below]))
  zeroNodes[level] = node
  return node
}

/** The next level up: one node for two, an odd last one paired with what stands for nothing. */
const parents = (nodes: Uint8Array, level: number): Buffer => {
  const count = nodes.length / nodeLength
  const up = Buffer.allocUnsafe(Math.ceil(count / 2) * nodeLength)
  for (let at = 0; at < count; at += 2) {
    const pair = nodes.subarray(at * nodeLength, (at + 2) * nodeLength)
    const whole = pair.length === 2 * nodeLength ? pair : Buffer.concat([pair, zeroNode(level)])
    sha256(whole).copy(up, (at / 2) * nodeLength)
  }
  return up
}

/** From nodes (32 bytes each) of `level` to those of the higher level `to`. */
export const raise = (nodes: Uint8Array, level: number, to: number): Uint8Array => {
  let up = nodes
  for (let at = level; at < to; at += 1) up = parents(up, at)
  return up
}

/** The root over all nodes of a level; there is at least one. */
export const rootOf = (nodes: Uint8Array, level: number): Uint8Array => {
  let up = nodes
  for (let at = level; up.length > nodeLength; at += 1) up = parents(up, at)
  return up
}

/** The level of which one node stands for a piece. `pieceLength` is a power of two, 16 KiB or more. */
export const levelOf = (pieceLength: number): number => Math.log2(pieceLength / blockLength)
