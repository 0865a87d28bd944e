import type { Explanation } from "../domain/reports.ts"
import { display } from "../platform/BytePath.ts"
import { bytes, width, wrap } from "../platform/Text.ts"
import type { FullExplanation } from "../workflows/explain-report.ts"
import { renderResidencies, renderSagas } from "./RenderExplainRelocation.ts"
import { renderTitles } from "./RenderExplainTitle.ts"
import { renderFound } from "./RenderIndex.ts"
import { note } from "./RenderUpload.ts"
import { humane } from "./RenderWatched.ts"
import { heading, type Page, paint, table } from "./Style.ts"
import { moment, relative } from "./Times.ts"

const shownFiles = 12

const section = (page: Page, title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : ["", heading(page, title), ...lines]

const indent = " ".repeat(11)

const conditions = (page: Page, all: Explanation["conditions"]): ReadonlyArray<string> =>
  all.flatMap(({ met, metAt, name, source, threshold, value }) => {
    const when = met || metAt === null ? "" : `; will be met ${relative(metAt, page.now)}, ${moment(metAt, page.now)}`
    const mark = met ? paint(page, "green", "met    ") : paint(page, "yellow", "not met")
    const [first = "", ...rest] = wrap(`${display(name)}: ${humane(value, page.now)}`, page.columns - indent.length)
    const detail = `(must be ${display(threshold)}; read from ${display(source)}${when})`
    // What is met is of less interest: it stays on one line where it can.
    const fits = met && rest.length === 0 && indent.length + width(first) + 1 + width(detail) <= page.columns
    const details = fits ? [] : wrap(detail, page.columns - indent.length)
    return [
      `  ${mark}  ${first}${fits ? ` ${paint(page, "dim", detail)}` : ""}`,
      ...rest.map((line) => indent + line),
      ...details.map((line) => paint(page, "dim", indent + line))
    ]
  })

const files = (page: Page, explanation: Pick<Explanation, "files">): ReadonlyArray<string> => {
  const more = explanation.files.length - shownFiles
  return [
    ...table(
      page,
      [{ flexible: true }, { align: "right" }, {}],
      explanation.files
        .slice(0, shownFiles)
        .map((file) => [
          display(file.path === "" ? "(the item itself)" : file.path),
          bytes(file.size),
          file.proof === null
            ? { text: "not proven", colour: "yellow" as const }
            : `proven by ${file.proof}${file.verifiedAt === null ? "" : `, ${moment(file.verifiedAt, page.now)}`}`
        ])
    ),
    ...(more > 0 ? [`  and ${more} more (all with --json)`] : [])
  ]
}

const cached = (page: Page, found: NonNullable<FullExplanation["cached"]>): ReadonlyArray<string> =>
  renderFound(found, { ...page, columns: page.columns - 2 }).map((line) => `  ${line}`)

const release = (page: Page, earliest: number | null): string =>
  earliest === null
    ? "not by time alone"
    : earliest <= page.now
      ? "now"
      : `${moment(earliest, page.now)} (${relative(earliest, page.now)})`

export const renderExplain = (explanation: FullExplanation, page: Page): ReadonlyArray<string> =>
  explanation.kind === "title" && explanation.titles !== null
    ? renderTitles(explanation.titles, page, (all) => conditions(page, all))
    : renderOne(explanation, page)

const renderOne = (explanation: FullExplanation, page: Page): ReadonlyArray<string> => [
  heading(page, display(explanation.subject)),
  ...wrap(explanation.summary, page.columns - 2).map((line) => `  ${line}`),
  ...(explanation.titles?.blind == null
    ? []
    : note(page, `titles are not looked for: ${display(explanation.titles.blind)}`, 2)),
  "",
  ...table(
    page,
    [{}, { flexible: true }],
    [
      ["state", explanation.state],
      ...(explanation.destination === null ? [] : [["remote", display(explanation.destination)]]),
      ...explanation.torrents.map((torrent) => [
        torrent.present ? "torrent" : "past torrent",
        `${torrent.hash.slice(0, 12)} ${display(torrent.name)}`
      ]),
      ...(explanation.conditions.length === 0 ? [] : [["can go", release(page, explanation.earliest)]])
    ]
  ),
  ...section(page, "Conditions", conditions(page, explanation.conditions)),
  ...(explanation.relocation === null
    ? []
    : [
        ...section(page, "Stash and pool", renderResidencies(page, explanation.relocation)),
        ...section(page, "Relocations", renderSagas(page, explanation.relocation))
      ]),
  ...(explanation.cached === null ? [] : section(page, "Hash cache", cached(page, explanation.cached))),
  ...section(page, "Files", files(page, explanation)),
  ...section(
    page,
    "History",
    table(
      page,
      [{}, { flexible: true }],
      explanation.history.map((entry) => [moment(entry.at, page.now), display(entry.what)])
    )
  )
]
