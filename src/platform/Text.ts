/** How text lies in the columns of a terminal, and how numbers are said. */

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" })
const nothingVisible = /^[\p{Mark}\p{Control}\p{Default_Ignorable_Code_Point}]*$/u
const wide =
  /[\p{Emoji_Presentation}\uFE0F\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u
const escapes = /\u001b\[[0-9;]*m/g

const widthOf = (grapheme: string): number => (nothingVisible.test(grapheme) ? 0 : wide.test(grapheme) ? 2 : 1)

const plain = /^[\u0020-\u007e]*$/

/** Columns that `text` takes. Colour escapes take none. */
export const width = (text: string): number => {
  const bare = text.replaceAll(escapes, "")
  if (plain.test(bare)) return bare.length
  let columns = 0
  for (const { segment } of segmenter.segment(bare)) columns += widthOf(segment)
  return columns
}

const take = (graphemes: Iterable<string>, columns: number): ReadonlyArray<string> => {
  const taken: Array<string> = []
  let used = 0
  for (const grapheme of graphemes) {
    used += widthOf(grapheme)
    if (used > columns) break
    taken.push(grapheme)
  }
  return taken
}

/** Shortened in the middle to at most `columns`: the beginning and the end of a name tell most. No colours in it. */
export const shorten = (text: string, columns: number): string => {
  if (width(text) <= columns) return text
  if (columns < 2) return take([..."…"], columns).join("")
  const graphemes = Array.from(segmenter.segment(text), ({ segment }) => segment)
  const tail = take(graphemes.toReversed(), Math.floor((columns - 1) / 2)).toReversed()
  const head = take(graphemes, columns - 1 - width(tail.join("")))
  return `${head.join("")}…${tail.join("")}`
}

export const padEnd = (text: string, columns: number): string => text + " ".repeat(Math.max(0, columns - width(text)))
export const padStart = (text: string, columns: number): string => " ".repeat(Math.max(0, columns - width(text))) + text

/** A word that is wider than a line, in pieces that are not. */
const pieces = (word: string, columns: number): ReadonlyArray<string> => {
  if (width(word) <= columns) return [word]
  const graphemes = Array.from(segmenter.segment(word), ({ segment }) => segment)
  const all: Array<string> = []
  for (let at = 0; at < graphemes.length;) {
    const piece = take(graphemes.slice(at), Math.max(2, columns))
    all.push(piece.join(""))
    at += Math.max(1, piece.length)
  }
  return all
}

/** Breaks at spaces, and inside words that are wider than a line, so that no line is wider than `columns`. */
export const wrap = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ").flatMap((one) => pieces(one, columns))) {
    if (line !== "" && width(line) + 1 + width(word) > columns) {
      lines.push(line)
      line = word
    } else {
      line = line === "" ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]

/** "812 B", "9.8 MiB", "1.42 TiB": three digits that matter. */
export const bytes = (count: number): string => {
  let value = count
  let unit = 0
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${units[unit] ?? ""}`
}

/** "850 ms", "12 s", "3 min 20 s", "4 h 5 min", "2 d 3 h". */
export const duration = (milliseconds: number): string => {
  const seconds = Math.round(milliseconds / 1000)
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`
  const parts = (
    [
      [Math.floor(seconds / 86_400), "d"],
      [Math.floor((seconds % 86_400) / 3600), "h"],
      [Math.floor((seconds % 3600) / 60), "min"],
      [seconds % 60, "s"]
    ] as const
  ).filter(([count], index, all) => count > 0 || all.slice(0, index).some(([larger]) => larger > 0))
  return parts
    .slice(0, 2)
    .filter(([count], index) => index === 0 || count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ")
}

/** "0:07", "12:30", "3:05:00": a clock that runs down, at most days wide. */
export const countdown = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const two = (value: number) => String(value).padStart(2, "0")
  if (hours >= 48) return `${Math.floor(hours / 24)} d`
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

/** "1 item", "12 items". */
export const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`
