import type { UploadedItem, UploadReport } from "../domain/reports.ts"
import { basename, dirname, display } from "../platform/BytePath.ts"
import { bytes, count, duration, wrap } from "../platform/Text.ts"
import { type Cell, type Colour, type Page, paint, table } from "./Style.ts"

const colours: Record<UploadedItem["outcome"], Colour> = {
  uploaded: "green",
  failed: "red",
  blocked: "red",
  deferred: "yellow"
}
const words: Record<UploadedItem["outcome"], string> = {
  uploaded: "uploaded",
  failed: "failed",
  blocked: "blocked",
  deferred: "later"
}

/** Indented under the row that it explains, whole, on as many lines as it needs. */
export const note = (page: Page, text: string, indent: number): ReadonlyArray<string> =>
  wrap(text, Math.max(30, page.columns - indent)).map((line) => `${" ".repeat(indent)}${line}`)

/** The folder alone: below it the item keeps its name. */
const folderOf = (item: UploadedItem): string => {
  const folder = basename(item.destination) === basename(item.path) ? dirname(item.destination) : item.destination
  return folder === "" ? "the remote's root" : display(folder)
}

const rowOf = (item: UploadedItem): ReadonlyArray<string | Cell> => [
  { text: words[item.outcome], colour: colours[item.outcome] },
  display(basename(item.path)),
  item.files === 0 ? "" : count(item.files, "file"),
  item.files === 0 ? "" : bytes(item.bytes),
  item.outcome === "uploaded" ? `→ ${folderOf(item)}` : ""
]

const notesOf = (item: UploadedItem, stopped: string | null): ReadonlyArray<string> => [
  ...(item.extracted === null
    ? []
    : [`with ${count(item.extracted.files, "file")}, ${bytes(item.extracted.bytes)}, out of its archives`]),
  ...(item.extractionFailure === null ? [] : [`its archives stay packed: ${item.extractionFailure}`]),
  // Why the run ended is said once, below.
  ...(item.reason === null || item.reason === stopped ? [] : [item.reason])
]

const closing = (report: UploadReport): string => {
  const of = (outcome: UploadedItem["outcome"]) => report.items.filter((item) => item.outcome === outcome)
  const uploaded = of("uploaded")
  const unpacked = uploaded.reduce((sum, item) => sum + (item.extracted?.bytes ?? 0), 0)
  const sent = uploaded.reduce((sum, item) => sum + item.bytes, unpacked)
  const parts = [
    ...(uploaded.length > 0 ? [`${uploaded.length} uploaded and proven (${bytes(sent)})`] : []),
    ...(["failed", "blocked", "deferred"] as const).flatMap((outcome) => {
      const number = of(outcome).length
      return number === 0 ? [] : [`${number} ${outcome === "deferred" ? "for later" : outcome}`]
    }),
    ...(report.unchanged > 0 ? [`${report.unchanged} unchanged`] : []),
    ...(report.left.length > 0 ? [`${report.left.length} left alone`] : [])
  ]
  return `${parts.join(", ")}, in ${duration(report.milliseconds)}`
}

const nothingNew = (report: UploadReport): string => {
  const waiting = report.items.length + report.left.length
  const rest = waiting === 0 ? "" : `; ${count(waiting, "other")} not ready or left alone`
  return report.unchanged === 0
    ? waiting === 0
      ? "nothing to upload: there are no completed items"
      : `nothing to upload yet${rest}`
    : `nothing new: ${report.unchanged === 1 ? "1 item is" : `${report.unchanged} items are`} uploaded and unchanged${rest}`
}

/** Several items are often left alone for one reason: it is said once. */
export const leftAlone = (
  page: Page,
  left: ReadonlyArray<{ readonly path: string; readonly why: string }>
): ReadonlyArray<string> => {
  const byReason = Map.groupBy(left, ({ why }) => why)
  return [...byReason].flatMap(([why, items]) => {
    const names = items.slice(0, 3).map(({ path }) => display(basename(path)))
    const more = items.length - names.length
    return [
      ...note(page, `left alone, ${why}:`, 2),
      ...table(
        page,
        [{ flexible: true }],
        names.map((name) => [name]),
        4
      ),
      ...(more > 0 ? [`    and ${more} more`] : [])
    ]
  })
}

export const renderUpload = (report: UploadReport, page: Page): ReadonlyArray<string> => {
  const rows = table(
    page,
    [{}, { flexible: true }, { align: "right" }, { align: "right" }, {}],
    report.items.map(rowOf)
  )
  const indent = 4 + Math.max(0, ...report.items.map(({ outcome }) => words[outcome].length))
  const items = report.items.flatMap((item, index) => [
    rows[index] ?? "",
    ...notesOf(item, report.stopped).flatMap((text) => note(page, text, indent).map((line) => paint(page, "dim", line)))
  ])
  const left = leftAlone(page, report.left)
  const quiet = report.stopped === null && report.items.every(({ outcome }) => outcome === "deferred")
  return [
    ...items,
    ...left,
    ...(report.stopped === null ? [] : note(page, paint(page, "red", `stopped early: ${report.stopped}`), 2)),
    ...(items.length + left.length > 0 || report.stopped !== null ? [""] : []),
    ...note(page, quiet ? nothingNew(report) : closing(report), 0)
  ]
}
