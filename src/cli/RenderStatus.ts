import type { ItemState } from "../domain/items.ts"
import { basename, display } from "../platform/BytePath.ts"
import { bytes, count, duration } from "../platform/Text.ts"
import type { Problem, RunStatus, StatusReport } from "../workflows/status.ts"
import { storage } from "./RenderStatusStorage.ts"
import { watched } from "./RenderStatusWatched.ts"
import { note } from "./RenderUpload.ts"
import { type Cell, type Colour, heading, type Page, paint, table } from "./Style.ts"
import { moment, relative } from "./Times.ts"

const states: Record<ItemState, readonly [word: string, where: string, colour: Colour | undefined]> = {
  uploading: ["uploading", "here, on its way", "cyan"],
  discovered: ["waiting", "here only", "yellow"],
  failed: ["failed", "here only, tried again by the next run", "red"],
  blocked: ["blocked", "here only, waits for you", "red"],
  uploaded: ["uploaded", "here and proven on the remote", "green"],
  releasing: ["releasing", "proven on the remote, leaving here", "cyan"],
  quarantined: ["quarantined", "proven on the remote, set aside here", undefined],
  released: ["released", "on the remote only", "dim"]
}

const items = (report: StatusReport, page: Page): ReadonlyArray<string> =>
  report.items.length === 0
    ? ["  none yet: media-pipeline upload finds what is complete"]
    : table(
        page,
        [{}, { align: "right" }, { align: "right" }, { flexible: true }],
        report.items.map((row): ReadonlyArray<string | Cell> => {
          const [text, where, colour] = states[row.state]
          const sent =
            row.state === "uploading" && report.bytes.inFlight > 0 ? `, ${bytes(report.bytes.sent)} of it sent` : ""
          return [
            colour === undefined ? { text } : { text, colour },
            String(row.items),
            bytes(row.bytes),
            { text: where + sent, colour: "dim" }
          ]
        })
      )

const outcomes: Record<string, Colour> = { done: "green", running: "cyan", partial: "yellow", stopped: "yellow" }

const run = (one: RunStatus, now: number): ReadonlyArray<string | Cell> => [
  one.command,
  { text: one.outcome, colour: outcomes[one.outcome] ?? "red" },
  one.outcome === "running"
    ? `for ${duration(now - one.begunAt)}${one.pid === null ? "" : `, process ${one.pid}`}`
    : `${relative(one.endedAt ?? one.begunAt, now)}, ${moment(one.endedAt ?? one.begunAt, now)}`,
  one.summary === null ? "" : display(one.summary.split("\n")[0] ?? "")
]

const kinds: Record<Problem["kind"], readonly [word: string, colour: Colour]> = {
  failed: ["failed", "red"],
  blocked: ["blocked", "red"],
  extraction: ["not extracted", "yellow"],
  "left-open": ["interrupted", "yellow"],
  relocation: ["relocation", "yellow"]
}
const shownProblems = 8

const problems = (report: StatusReport, page: Page): ReadonlyArray<string> => {
  const shown = report.problems.slice(0, shownProblems)
  const rows = table(
    page,
    [{}, { flexible: true }],
    shown.map((one) => {
      const [text, colour] = kinds[one.kind]
      return [{ text, colour }, display(basename(one.path)) + (one.attempts > 1 ? ` (${one.attempts} tries)` : "")]
    })
  )
  return [
    ...shown.flatMap((one, index) => [
      rows[index] ?? "",
      ...note(page, one.reason, 4).map((line) => paint(page, "dim", line))
    ]),
    ...(report.problems.length > shown.length
      ? [`  and ${report.problems.length - shown.length} more (all with --json)`]
      : [])
  ]
}

const disk = ({ disk: { freeBytes, path, why }, bytes: where }: StatusReport): string =>
  freeBytes === null
    ? `${display(path)} cannot be read: ${why ?? ""}`
    : `${bytes(where.here)} in items, ${bytes(freeBytes)} free in ${display(path)}`

const releases = (report: StatusReport, page: Page): ReadonlyArray<string> => {
  if (report.cleanup === null) return ["  cleanup is off"]
  if (report.releases.length === 0) {
    return [
      report.cleanup === "untracked"
        ? report.items.some(({ state }) => state === "uploaded")
          ? "  none: every uploaded item still has its torrent"
          : "  none: nothing is uploaded and still here"
        : "  none by time alone: see media-pipeline explain NAME"
    ]
  }
  return table(
    page,
    [{}, { flexible: true }, {}],
    report.releases.map(({ at, path, why }) => [
      at === null || at <= page.now ? "next cleanup" : `${moment(at, page.now)}`,
      display(basename(path)),
      { text: at === null || at <= page.now ? why : relative(at, page.now), colour: "dim" as const }
    ])
  )
}

export const renderStatus = (report: StatusReport, page: Page): ReadonlyArray<string> => [
  ...table(
    page,
    [{}, { flexible: true }],
    [
      [{ text: "Here", colour: "bold" }, disk(report)],
      [{ text: "Remote", colour: "bold" }, `${bytes(report.bytes.remote)} proven on ${display(report.remote)}`],
      [
        { text: "Spool", colour: "bold" },
        report.tickets.length === 0
          ? "no ticket waits"
          : `${count(report.tickets.length, "ticket")} waiting, the oldest from ${relative(report.tickets[0]?.at ?? report.at, page.now)}`
      ]
    ],
    0
  ),
  "",
  heading(page, "Items"),
  ...items(report, page),
  ...storage(report.storage, page),
  ...watched(report.watched, page),
  "",
  heading(page, "Runs"),
  ...(report.runs.length === 0
    ? ["  none yet"]
    : table(
        page,
        [{}, {}, {}, { flexible: true }],
        report.runs.map((one) => run(one, page.now))
      )),
  "",
  heading(page, "Next releases"),
  ...releases(report, page),
  ...(report.problems.length === 0 ? [] : ["", heading(page, "Problems"), ...problems(report, page)])
]
