/** Where a text stops being JSON. Line and column count from 1. */
export interface SyntaxProblem {
  readonly line: number
  readonly column: number
  readonly what: string
}

class Stop extends Error {
  readonly at: number
  constructor(at: number, what: string) {
    super(what)
    this.at = at
  }
}

const place = (text: string, at: number) => {
  const before = text.slice(0, at).split("\n")
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 }
}

const token =
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

const shown = (text: string, at: number): string => {
  const here = text.slice(at, at + 1)
  return here === "" ? "the end of the file" : here === "\n" ? "the end of the line" : here
}

/**
 * JSON.parse says where only sometimes, and of two equal keys it silently takes the last. Both matter to whoever wrote
 * the file by hand.
 */
export const findProblem = (text: string): SyntaxProblem | undefined => {
  let at = 0
  const space = () => {
    while (/[ \t\r\n]/.test(text.charAt(at))) at += 1
    if (text.startsWith("//", at) || text.startsWith("/*", at) || text.startsWith("#", at)) {
      throw new Stop(at, "JSON has no comments: remove it")
    }
  }
  const scalar = () => {
    token.lastIndex = at
    const match = token.exec(text)
    if (match === null) {
      throw new Stop(
        at,
        text.charAt(at) === '"'
          ? "this text has no end on its line, or holds a wrong escape"
          : text.charAt(at) === "'"
            ? "text stands in double quotes"
            : `a value is expected here, not ${shown(text, at)}`
      )
    }
    at = token.lastIndex
    return match[0]
  }
  const members = (close: "}" | "]", member: () => void) => {
    at += 1
    space()
    if (text.charAt(at) === close) return void (at += 1)
    for (;;) {
      member()
      space()
      const next = text.charAt(at)
      if (next !== "," && next !== close) throw new Stop(at, `a comma or ${close} is missing before ${shown(text, at)}`)
      at += 1
      if (next === close) return
      const comma = at - 1
      space()
      if (text.charAt(at) === close) throw new Stop(comma, `this comma is one too many: ${close} follows it`)
    }
  }
  const value = (): void => {
    space()
    if (text.charAt(at) === "[") return members("]", value)
    if (text.charAt(at) !== "{") return void scalar()
    const keys = new Set<string>()
    members("}", () => {
      const start = at
      if (text.charAt(at) !== '"') throw new Stop(at, `a key in double quotes is expected here, not ${shown(text, at)}`)
      const key = scalar()
      if (keys.has(key)) throw new Stop(start, `the key ${key} stands here for the second time`)
      keys.add(key)
      space()
      if (text.charAt(at) !== ":") throw new Stop(at, `a colon is missing after ${key}`)
      at += 1
      value()
    })
  }
  try {
    value()
    space()
    return at < text.length ? { ...place(text, at), what: "nothing may follow the value" } : undefined
  } catch (cause) {
    if (cause instanceof Stop) return { ...place(text, cause.at), what: cause.message }
    throw cause
  }
}
