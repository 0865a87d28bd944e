import { display } from "../platform/BytePath.ts"
import { bytes, count } from "../platform/Text.ts"
import type { WatchedStatus } from "../workflows/status-watched.ts"
import { note } from "./RenderUpload.ts"
import { type Cell, heading, type Page, paint, table } from "./Style.ts"
import { moment, relative } from "./Times.ts"

const shownLeaving = 8

const next = (page: Page, { dryRun, nextAt }: WatchedStatus): ReadonlyArray<string> => {
  const mode = dryRun ? "dry run: nothing is retired (watched.dryRun)" : ""
  const when = nextAt === null ? "" : `next run ${moment(nextAt, page.now)}, ${relative(nextAt, page.now)}`
  const text = [when, mode].filter((part) => part !== "").join("; ")
  return text === "" ? [] : note(page, text, 2)
}

const found = (page: Page, { found: last }: WatchedStatus): ReadonlyArray<string> => {
  if (last === null) return note(page, "what is eligible is not known before the first media-pipeline watched", 2)
  if (last.fuse !== null) {
    return note(page, `stopped ${relative(last.at, page.now)}: ${last.fuse}`, 2).map((line) => paint(page, "red", line))
  }
  const titles = count(last.titles, "film or season", "films and seasons")
  return note(page, `${last.eligible} of ${titles} eligible ${relative(last.at, page.now)}`, 2)
}

export const watched = (status: WatchedStatus | null, page: Page): ReadonlyArray<string> => {
  if (status === null) return []
  const { halfDone, leaving, retired } = status
  const rows: ReadonlyArray<ReadonlyArray<string | Cell>> = [
    ...leaving
      .slice(0, shownLeaving)
      .map(({ bytes: size, dueAt, title }): ReadonlyArray<string | Cell> => [
        { text: "leaving", colour: "cyan" },
        display(title),
        bytes(size),
        dueAt === null || dueAt <= page.now ? "next run" : `${moment(dueAt, page.now)}, ${relative(dueAt, page.now)}`
      ]),
    ...retired.lately.map(({ at, bytes: size, title }): ReadonlyArray<string | Cell> => [
      { text: "retired", colour: "green" },
      display(title),
      bytes(size),
      `${moment(at, page.now)}, ${relative(at, page.now)}`
    ])
  ]
  return [
    "",
    heading(page, "Watched"),
    ...next(page, status),
    ...found(page, status),
    ...table(page, [{}, { flexible: true }, { align: "right" }, {}], rows),
    ...(leaving.length > shownLeaving ? [`  and ${leaving.length - shownLeaving} more leaving (all with --json)`] : []),
    ...(retired.titles > retired.lately.length
      ? [`  ${count(retired.titles, "title")} retired so far, ${bytes(retired.bytes)}`]
      : []),
    ...halfDone.flatMap(({ reason, title }) =>
      note(page, `half done: ${display(title)}${reason === null ? "" : `: ${display(reason)}`}`, 2).map((line) =>
        paint(page, "yellow", line)
      )
    )
  ]
}
