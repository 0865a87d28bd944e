import { badRequest } from "./errors.ts"

const unreserved = new Set(Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/~!$'()*;=:@"))

/** B2's "String Encoding": percent-encoded UTF-8. */
export const percentEncode = (text: string): string => {
  let out = ""
  for (const byte of Buffer.from(text)) {
    out += unreserved.has(byte) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
  }
  return out
}

/** Throws 400 where the text is not percent-encoded UTF-8. */
export const percentDecode = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    throw badRequest(`Bad character in percent-encoded string: ${text}`)
  }
}

const refusal = (name: string): string | undefined => {
  if (name === "") return "File names must contain at least one character"
  if (Buffer.byteLength(name) > 1024) return "File name too long in utf8"
  if (name.startsWith("/")) return "File names must not start with '/'"
  if (name.endsWith("/")) return "File names must not end with '/'"
  if (name.includes("//")) return "File names must not contain '//'"
  if (name.includes("\\")) return "File names must not contain '\\'"
  if (name.includes("\u007F")) return "File names must not contain DEL"
  for (const character of name) if (character < " ") return "File names must not contain control characters"
  if (name.split("/").some((segment) => Buffer.byteLength(segment) > 250))
    return "File name segments must not be longer than 250 bytes in utf8"
  return undefined
}

/** B2's rules for file names; throws 400. */
export const checkName = (name: string): string => {
  const reason = refusal(name)
  if (reason !== undefined) throw badRequest(reason)
  return name
}

/** The order of B2's lists: by code point, which is UTF-8's byte order and not that of JavaScript strings. */
export const compareNames = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right))
