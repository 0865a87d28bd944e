/* Text in the headers of mail and of HTTP: RFC 2047, and never a line of its own. */

/** On one line, without control characters. */
export const oneLine = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()

const plain = /^[\x20-\x7e]*$/

// An encoded word has at most 75 characters: 45 bytes in base64, 60, and 12 around them.
const wordBytes = 45

const words = (text: string): ReadonlyArray<string> => {
  const all: Array<string> = []
  let word = ""
  for (const character of text) {
    if (Buffer.byteLength(word + character) > wordBytes) {
      all.push(word)
      word = ""
    }
    word += character
  }
  return [...all, word].map((one) => `=?UTF-8?B?${Buffer.from(one).toString("base64")}?=`)
}

/** For a header; `between` is what stands between two encoded words. */
export const headerText = (text: string, between: string): string => {
  const line = oneLine(text)
  // What looks like an encoded word would be decoded.
  return plain.test(line) && !line.includes("=?") && line.length <= 900 ? line : words(line).join(between)
}
