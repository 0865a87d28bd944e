/** One goal: `value` must not be above `goal`. */
export interface Row {
  readonly what: string
  readonly value: number
  readonly goal: number
  readonly unit: "×" | "calls" | "MiB" | "s"
  /** The figures behind a ratio. */
  readonly detail: string
}

export const ratio = (what: string, ours: number, peer: number, goal: number, peerName: string): Row => ({
  what,
  value: ours / peer,
  goal,
  unit: "×",
  detail: `${(ours / 1000).toFixed(2)} s, ${peerName} ${(peer / 1000).toFixed(2)} s`
})

export const memory = (what: string, own: number, below: number): ReadonlyArray<Row> => [
  { what: `${what}: worker`, value: own, goal: 150, unit: "MiB", detail: "peak resident" },
  ...(below === 0
    ? []
    : [{ what: `${what}: rclone`, value: below, goal: 150, unit: "MiB" as const, detail: "peak resident" }])
]

export const render = (rows: ReadonlyArray<Row>): string => {
  const number = (row: Row, value: number) =>
    row.unit === "×"
      ? `${value.toFixed(value < 1 ? 3 : 2)} ×`
      : `${value.toFixed(row.unit === "s" ? 2 : 0)} ${row.unit}`
  const table = [
    ["", "measured", "goal", "", ""],
    ...rows.map((row) => [
      row.what,
      number(row, row.value),
      `≤ ${number(row, row.goal)}`,
      row.value <= row.goal ? "✓" : "✗",
      row.detail
    ])
  ]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((cells) => (cells[column] ?? "").length)))
  return table
    .map((cells) =>
      cells
        .map((cell, column) =>
          column === 1 || column === 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
        )
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}
