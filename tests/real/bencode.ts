export type Bencode = string | number | Uint8Array | ReadonlyArray<Bencode> | { readonly [key: string]: Bencode }

const isList = (value: Bencode): value is ReadonlyArray<Bencode> => Array.isArray(value)

/** BEP 3. Strings are written as UTF-8; names that are not valid UTF-8 are passed as bytes. */
export const encode = (value: Bencode): Buffer => {
  if (typeof value === "string") return encode(Buffer.from(value))
  if (typeof value === "number") return Buffer.from(`i${value}e`)
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.from(`${value.length}:`), value])
  if (isList(value)) return Buffer.concat([Buffer.from("l"), ...value.map(encode), Buffer.from("e")])
  const entries = Object.entries(value).toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return Buffer.concat([
    Buffer.from("d"),
    ...entries.flatMap(([key, item]) => [encode(key), encode(item)]),
    Buffer.from("e")
  ])
}
