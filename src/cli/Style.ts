import { padEnd, padStart, shorten, width } from "../platform/Text.ts"

/** What a result is written for: a terminal of some width, or a pipe. */
export interface Page {
  readonly columns: number
  readonly colour: boolean
  /** Milliseconds since the epoch: ages are told from it. */
  readonly now: number
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
export type Colour = keyof typeof codes

export const paint = (page: Page, colour: Colour, text: string): string =>
  page.colour && text !== "" ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text

export interface Column {
  readonly align?: "left" | "right"
  /** Gives way, shortened in the middle, when the rows are too wide. At most one. */
  readonly flexible?: boolean
}

export interface Cell {
  readonly text: string
  readonly colour?: Colour
}

/** Rows below each other in columns two apart, indented, no row wider than the page. */
export const table = (
  page: Page,
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<string | Cell>>,
  indent = 2
): ReadonlyArray<string> => {
  const cells = rows.map((row) => row.map((cell): Cell => (typeof cell === "string" ? { text: cell } : cell)))
  const natural = columns.map((_, index) => Math.max(0, ...cells.map((row) => width(row[index]?.text ?? ""))))
  const gaps = 2 * (columns.length - 1) + indent
  const excess = natural.reduce((sum, one) => sum + one, gaps) - page.columns
  const widths = natural.map((one, index) =>
    columns[index]?.flexible === true && excess > 0 ? Math.max(12, one - excess) : one
  )
  return cells.map((row) =>
    (
      " ".repeat(indent) +
      columns
        .map(({ align, flexible }, index) => {
          const { colour, text } = row[index] ?? { text: "" }
          const columnWidth = widths[index] ?? 0
          const fitted = flexible === true ? shorten(text, columnWidth) : text
          const padded = align === "right" ? padStart(fitted, columnWidth) : padEnd(fitted, columnWidth)
          return colour === undefined ? padded : padded.replace(fitted, () => paint(page, colour, fitted))
        })
        .join("  ")
    ).trimEnd()
  )
}

export const heading = (page: Page, text: string): string => paint(page, "bold", text)
