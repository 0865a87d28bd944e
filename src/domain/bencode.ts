/** A dictionary and the range of bytes that it was read from: an infohash is taken over those, not over a rewriting. */
export interface Dictionary {
  readonly from: number
  readonly end: number
  /** Keys are bytes, one character a byte (latin1). */
  readonly entries: ReadonlyMap<string, Bencoded>
}

export type Bencoded = number | Uint8Array | ReadonlyArray<Bencoded> | Dictionary

export const isBytes = (value: Bencoded | undefined): value is Uint8Array => value instanceof Uint8Array
export const isNumber = (value: Bencoded | undefined): value is number => typeof value === "number"
export const isList = (value: Bencoded | undefined): value is ReadonlyArray<Bencoded> => Array.isArray(value)
export const isDictionary = (value: Bencoded | undefined): value is Dictionary =>
  typeof value === "object" && !isBytes(value) && !isList(value)

/** Deeper than any folder that a disk can hold, and far from the end of the stack. */
const maxDepth = 256

class Malformed extends Error {}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")

/**
 * BEP 3, strict where laxity would let two programs read two things: no key twice, nothing after the end. Strings are
 * views of `bytes`; a number too large to count with is NaN. Answers with words when the bytes are no such value; never throws.
 */
export const decode = (bytes: Uint8Array): { readonly value: Bencoded } | { readonly why: string } => {
  let at = 0
  const until = (mark: number, longest: number): string => {
    const end = bytes.indexOf(mark, at)
    if (end < 0 || end - at > longest) throw new Malformed(`there is no number at byte ${at}`)
    const digits = latin1(bytes.subarray(at, end))
    at = end + 1
    return digits
  }
  const text = (): Uint8Array => {
    const start = at
    const digits = until(0x3a, 10)
    const end = at + Number(digits)
    if (!/^\d+$/.test(digits) || end > bytes.length) throw new Malformed(`there is no whole string at byte ${start}`)
    const found = bytes.subarray(at, end)
    at = end
    return found
  }
  const integer = (): number => {
    const start = at
    const digits = until(0x65, 20)
    if (!/^-?\d+$/.test(digits)) throw new Malformed(`there is no number at byte ${start}`)
    const number = Number(digits)
    return Number.isSafeInteger(number) ? number : Number.NaN
  }
  const value = (depth: number): Bencoded => {
    if (depth > maxDepth) throw new Malformed(`it is nested more than ${maxDepth} deep`)
    const kind = bytes[at]
    if (kind === 0x69) {
      at += 1
      return integer()
    }
    if (kind !== 0x6c && kind !== 0x64) return text()
    const from = at
    at += 1
    const list: Array<Bencoded> = []
    const entries = new Map<string, Bencoded>()
    while (bytes[at] !== 0x65) {
      if (at >= bytes.length) throw new Malformed("it ends too early")
      if (kind === 0x6c) {
        list.push(value(depth + 1))
        continue
      }
      const key = latin1(text())
      if (entries.has(key)) throw new Malformed(`a key stands twice before byte ${at}`)
      entries.set(key, value(depth + 1))
    }
    at += 1
    return kind === 0x6c ? list : { from, end: at, entries }
  }
  try {
    const found = value(0)
    return at === bytes.length ? { value: found } : { why: `there is something after its end at byte ${at}` }
  } catch (cause) {
    if (cause instanceof Malformed) return { why: cause.message }
    throw cause
  }
}
