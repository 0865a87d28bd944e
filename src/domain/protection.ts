import { ancestorsOf } from "./paths.ts"

const special = /[\\^$.*+?()[\]{}|/]/g

/** `**` is anything, `*` and `?` stop at a slash, `[…]` and `{a,b}` as in a shell; a leading dot is a letter like any other. */
const toRegExp = (pattern: string): RegExp => {
  let source = ""
  let depth = 0
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? ""
    const set = character === "[" ? /^\[[!^]?\]?[^\]/]*\]/.exec(pattern.slice(at)) : null
    if (character === "*" && pattern[at + 1] === "*") {
      source += ".*"
      at += 1
    } else if (character === "*") source += "[^/]*"
    else if (character === "?") source += "[^/]"
    else if (set !== null) {
      source += set[0]
        .replace(/^\[!/, "[^")
        .replace(/\\/g, "\\\\")
        .replace(/(?<=.)\[/g, "\\[")
      at += set[0].length - 1
    } else if (character === "{" && pattern.includes("}", at)) {
      source += "(?:"
      depth += 1
    } else if (character === "}" && depth > 0) {
      source += ")"
      depth -= 1
    } else if (character === "," && depth > 0) source += "|"
    else source += character.replace(special, "\\$&")
  }
  return new RegExp(`^${source}$`, "s")
}

const covers = (pattern: string, path: string): boolean => {
  if (pattern === path) return true
  try {
    return toRegExp(pattern).test(path)
  } catch {
    // Whoever wrote what we cannot read meant to protect something.
    return true
  }
}

/**
 * The first pattern that protects a path: one that names it (literally or as a glob), or any folder above it. What a
 * pattern names exactly is protected even where its characters would mean something else in a glob.
 */
export const protectedBy = (patterns: ReadonlyArray<string>, path: string): string | undefined =>
  patterns.find((pattern) => {
    const trimmed = pattern.replace(/(?<=.)\/(?:\*\*)?$/, "")
    return [path, ...ancestorsOf(path)].some((at) => covers(pattern, at) || covers(trimmed, at))
  })
