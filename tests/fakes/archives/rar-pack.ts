/**
 * The least that RAR's decoders take for compressed data: one block of Huffman-coded literals, without a single match.
 * It saves nothing; it is there because no free program compresses RAR, and 7-Zip's free builds must refuse it.
 * After the decoders' published behaviour (RAR 2.9 and RAR 5.0 LZ blocks).
 */
class Bits {
  #bytes: Buffer
  #at = 0

  constructor(capacity: number) {
    this.#bytes = Buffer.alloc(capacity)
  }

  put(value: number, width: number): void {
    for (let bit = width - 1; bit >= 0; bit--, this.#at++) {
      const index = this.#at >> 3
      if (((value >> bit) & 1) === 1) this.#bytes[index] = (this.#bytes[index] ?? 0) | (0x80 >> (this.#at & 7))
    }
  }

  get length(): number {
    return this.#at
  }

  done(): Buffer {
    return this.#bytes.subarray(0, Math.ceil(this.#at / 8))
  }
}

/** Twenty 4-bit lengths of the code in which the lengths of the real codes follow. */
const putLengthCode = (bits: Bits, lengths: Readonly<Record<number, number>>) => {
  for (let symbol = 0; symbol < 20; symbol++) bits.put(lengths[symbol] ?? 0, 4)
}

const pack29 = (data: Buffer): Buffer => {
  const bits = new Bits(data.length * 2 + 512)
  bits.put(0, 2) // an LZ block, with tables of its own
  putLengthCode(bits, { 8: 1, 9: 2, 19: 2 })
  // Lengths: literals 0–254 eight bits, 255 and 256 (end of block) nine; 147 zeros for all that is not used.
  for (let literal = 0; literal < 255; literal++) bits.put(0b0, 1)
  for (let symbol = 0; symbol < 2; symbol++) bits.put(0b10, 2)
  for (const zeros of [136, 11]) {
    bits.put(0b11, 2)
    bits.put(zeros - 11, 7)
  }
  for (const byte of data) {
    if (byte < 255) bits.put(byte, 8)
    else bits.put(0b111111110, 9)
  }
  bits.put(0b111111111, 9)
  bits.put(0b00, 2) // the end of the file, and no tables for a next one
  return bits.done()
}

const pack50 = (data: Buffer): Buffer => {
  const bits = new Bits(data.length + 512)
  putLengthCode(bits, { 8: 1, 19: 1 })
  for (let literal = 0; literal < 256; literal++) bits.put(0, 1)
  for (const zeros of [138, 36]) {
    bits.put(1, 1)
    bits.put(zeros - 11, 7)
  }
  for (const byte of data) bits.put(byte, 8)
  const block = bits.done()
  const size = Buffer.alloc(3)
  size.writeUIntLE(block.length, 0, 3)
  const flags = 0xc0 | (2 << 3) | ((bits.length + 7) % 8)
  const check = size.reduce((sum, byte) => sum ^ byte, 0x5a ^ flags)
  return Buffer.concat([Buffer.of(flags, check), size, block])
}

/** One block: at most 16 MiB. */
export const packRar = (version: 4 | 5, data: Buffer): Buffer => (version === 4 ? pack29(data) : pack50(data))
