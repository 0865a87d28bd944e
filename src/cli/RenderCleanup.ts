import type { CleanedItem, CleanupReport } from "../domain/reports.ts"
import { basename, display } from "../platform/BytePath.ts"
import { bytes, count, duration } from "../platform/Text.ts"
import { note } from "./RenderUpload.ts"
import { type Cell, type Colour, type Page, paint, table } from "./Style.ts"
import { moment } from "./Times.ts"

const looks: Record<CleanedItem["outcome"], readonly [word: string, colour: Colour]> = {
  released: ["released", "green"],
  quarantined: ["quarantined", "green"],
  purged: ["purged", "green"],
  kept: ["kept", "dim"],
  failed: ["failed", "red"],
  "would-release": ["would release", "yellow"],
  "would-quarantine": ["would quarantine", "yellow"],
  "would-purge": ["would purge", "yellow"],
  hidden: ["hidden remotely", "green"],
  deleted: ["deleted remotely", "green"],
  "would-hide": ["would hide remotely", "yellow"],
  "would-delete": ["would delete remotely", "yellow"]
}
const torrentLooks: Record<CleanupReport["torrents"][number]["outcome"], readonly [word: string, colour: Colour]> = {
  removed: ["removed torrent", "green"],
  "would-remove": ["would remove torrent", "yellow"],
  kept: ["kept torrent", "dim"],
  failed: ["failed torrent", "red"]
}

const kept = (page: Page, item: CleanedItem): string =>
  [item.reason ?? "", ...(item.earliest === null ? [] : [`not before ${moment(item.earliest, page.now)}`])]
    .filter((part) => part !== "")
    .join("; ")

const closing = (report: CleanupReport): string => {
  const number = (...outcomes: ReadonlyArray<CleanedItem["outcome"]>) =>
    report.items.filter((item) => outcomes.includes(item.outcome)).length
  const removed = report.torrents.filter(({ outcome }) => outcome === "removed" || outcome === "would-remove").length
  const gone = number("released", "purged", "would-release", "would-purge")
  const aside = number("quarantined", "would-quarantine")
  const remote = number("hidden", "deleted", "would-hide", "would-delete")
  const parts = [
    ...(gone > 0 ? [`${gone} ${report.dryRun ? "would be released" : "released"}`] : []),
    ...(aside > 0 ? [`${aside} ${report.dryRun ? "would be quarantined" : "quarantined"}`] : []),
    ...(remote > 0 ? [`${remote} ${report.dryRun ? "would go" : "gone"} from the remote`] : []),
    ...(removed > 0 ? [`${count(removed, "torrent")} ${report.dryRun ? "would be removed" : "removed"}`] : []),
    ...(report.freedBytes > 0 ? [`${bytes(report.freedBytes)} ${report.dryRun ? "would come free" : "freed"}`] : []),
    ...(number("failed") > 0 ? [`${number("failed")} failed`] : []),
    ...(number("kept") > 0 ? [`${number("kept")} kept`] : [])
  ]
  const what = parts.length === 0 ? "nothing to release" : parts.join(", ")
  return `${report.dryRun ? "dry run, nothing was changed: " : ""}${what}, in ${duration(report.milliseconds)}`
}

export const renderCleanup = (report: CleanupReport, page: Page): ReadonlyArray<string> => {
  const rows = table(
    page,
    [{}, { flexible: true }, { align: "right" }],
    [
      ...report.items.map((item): ReadonlyArray<string | Cell> => {
        const [text, colour] = looks[item.outcome]
        return [{ text, colour }, display(basename(item.path)), bytes(item.bytes)]
      }),
      ...report.torrents.map((torrent): ReadonlyArray<string | Cell> => {
        const [text, colour] = torrentLooks[torrent.outcome]
        return [{ text, colour }, display(torrent.name), ""]
      })
    ]
  )
  const notes = [
    ...report.items.map((item) => kept(page, item)),
    ...report.torrents.map((torrent) => torrent.reason ?? "")
  ]
  const lines = rows.flatMap((row, index) => [
    row,
    ...(notes[index] === undefined || notes[index] === ""
      ? []
      : note(page, notes[index], 4).map((line) => paint(page, "dim", line)))
  ])
  return [
    ...lines,
    ...(report.stopped === null
      ? []
      : note(page, paint(page, report.alarming ? "red" : "yellow", `nothing is released: ${report.stopped}`), 2)),
    ...(lines.length > 0 || report.stopped !== null ? [""] : []),
    ...note(page, closing(report), 0)
  ]
}
