import { createHash } from "node:crypto"

/** Content that is made as it is written, so that a gigabyte needs no gigabyte of memory. */
export interface Content {
  readonly size: number
  /** Fills `target` with the bytes that begin at `offset`. */
  readonly read: (offset: number, target: Buffer) => void
}

export interface Member {
  /** A Buffer where the name is not valid UTF-8. */
  readonly name: string | Buffer
  readonly content: Content
}

const period = 1 << 20

/** Incompressible and repeatable: one random-looking mebibyte, told apart by the number of its period. */
export const noise = (size: number, seed = "noise"): Content => {
  const block = Buffer.alloc(period)
  for (let at = 0; at < period; at += 32) createHash("sha256").update(`${seed}:${at}`).digest().copy(block, at)
  return {
    size,
    read: (offset, target) => {
      for (let at = 0; at < target.length;) {
        const within = (offset + at) % period
        at += block.copy(target, at, within, Math.min(period, within + target.length - at))
      }
      const first = Math.ceil(offset / period)
      for (let number = first; number * period + 4 <= offset + target.length; number++)
        target.writeUInt32LE(number, number * period - offset)
    }
  }
}

export const bytes = (content: Buffer | string): Content => {
  const whole = Buffer.from(content)
  return {
    size: whole.length,
    read: (offset, target) => {
      whole.copy(target, 0, offset, offset + target.length)
    }
  }
}

export const wholeContent = (content: Content): Buffer => {
  const whole = Buffer.alloc(content.size)
  content.read(0, whole)
  return whole
}

export const nameBytes = (name: string | Buffer): Buffer => (typeof name === "string" ? Buffer.from(name) : name)
