/**
 * A name on a Linux disk is bytes. Inside the program a path is a string in which every byte that is not valid UTF-8
 * is a lone surrogate U+DC80–U+DCFF (Python's "surrogateescape"): names that are text stay text, all others survive
 * the round trip. Every call into `node:fs` takes `toBytes(path)`.
 */

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const loneSurrogate = /[\uDC80-\uDCFF]/

const sequenceLength = (bytes: Uint8Array, at: number): number => {
  const lead = bytes[at] ?? 0
  const wanted =
    lead < 0x80
      ? 1
      : lead >= 0xc2 && lead <= 0xdf
        ? 2
        : lead >= 0xe0 && lead <= 0xef
          ? 3
          : lead >= 0xf0 && lead <= 0xf4
            ? 4
            : 0
  if (wanted < 2) return wanted
  try {
    decoder.decode(bytes.subarray(at, at + wanted))
    return wanted
  } catch {
    return 0
  }
}

export const fromBytes = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes)
  } catch {
    let text = ""
    for (let at = 0; at < bytes.length;) {
      const length = sequenceLength(bytes, at)
      if (length === 0) {
        text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0))
        at += 1
      } else {
        text += decoder.decode(bytes.subarray(at, at + length))
        at += length
      }
    }
    return text
  }
}

export const toBytes = (path: string): Buffer => {
  if (!loneSurrogate.test(path) || path.isWellFormed()) return Buffer.from(path, "utf8")
  const parts: Array<Buffer> = []
  for (const character of path) {
    const code = character.codePointAt(0) ?? 0
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(character, "utf8"))
  }
  return Buffer.concat(parts)
}

/** Whether the name's bytes are valid UTF-8, so that JSON and argument lists can carry it. */
export const isText = (path: string): boolean => path.isWellFormed()

export const join = (directory: string, name: string): string =>
  directory === "" ? name : directory.endsWith("/") ? directory + name : `${directory}/${name}`

export const basename = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

export const dirname = (path: string): string => {
  const slash = path.lastIndexOf("/")
  return slash < 0 ? "" : slash === 0 ? "/" : path.slice(0, slash)
}

/** Whether `path` is `ancestor` or lies below it. Both absolute and without a trailing slash. */
export const isWithin = (path: string, ancestor: string): boolean =>
  path === ancestor || path.startsWith(ancestor.endsWith("/") ? ancestor : `${ancestor}/`)

/** The form in which a name is shown to people: on one line, every byte visible. */
export const display = (path: string): string =>
  path.replace(/[\u0000-\u001f\u007f-\u009f\uDC80-\uDCFF\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0)
    if (character === "\n") return "\\n"
    if (character === "\t") return "\\t"
    return code >= 0xdc80 && code <= 0xdcff
      ? `\\x${(code - 0xdc00).toString(16)}`
      : code < 0x100
        ? `\\x${code.toString(16).padStart(2, "0")}`
        : `\\u${code.toString(16)}`
  })
