import { Effect } from "effect"
import type { Notify } from "../../config/watched.ts"
import { instant } from "../../domain/evidence.ts"
import type { WatchedReport, WatchedTitle } from "../../domain/watchedReport.ts"
import { display } from "../../platform/BytePath.ts"
import { bytes, count } from "../../platform/Text.ts"
import { type Notice, Notifier } from "../../services/Notifier.ts"

const line = ({ bytes: size, title }: WatchedTitle): string => `${display(title)}, ${bytes(size)}`

const of = (report: WatchedReport, ...outcomes: ReadonlyArray<WatchedTitle["outcome"]>) =>
  report.titles.filter(({ outcome }) => outcomes.includes(outcome))

const noticesOf = (report: WatchedReport): ReadonlyArray<Notice> => {
  const notices: Array<Notice> = []
  const leaving = of(report, "announced")
  const retired = of(report, "retired")
  const finished = report.settled.filter(({ outcome }) => outcome === "retired")
  const failed = [
    ...of(report, "failed").map(({ reason, title }) => `${display(title)}: ${reason ?? ""}`),
    ...report.settled
      .filter(({ outcome }) => outcome === "open")
      .map(({ reason, title }) => `${display(title)}: ${reason ?? ""}`),
    ...report.requests
      .filter(({ outcome }) => outcome === "failed")
      .map(({ reason, title }) => `the request of ${display(title)}: ${reason ?? ""}`),
    ...report.troubles
  ]
  if (report.stopped !== null && report.alarming) {
    notices.push({ kind: "fuse", title: "Nothing was retired: a run was stopped", lines: [report.stopped] })
  }
  if (leaving.length > 0) {
    notices.push({
      kind: "leaving-soon",
      title: `Leaving soon: ${count(leaving.length, "title")}`,
      lines: leaving.map((one) => `${line(one)}, on ${instant(one.dueAt ?? 0).slice(0, 10)} or after`)
    })
  }
  if (retired.length > 0) {
    const size = retired.reduce((sum, one) => sum + one.bytes, 0)
    notices.push({
      kind: "retired",
      title: `Retired: ${count(retired.length, "title")}, ${bytes(size)}`,
      lines: retired.map(line)
    })
  }
  if (finished.length > 0) {
    notices.push({
      kind: "retired",
      title: `Retired by an earlier run: ${count(finished.length, "title")}`,
      lines: finished.map(({ title }) => display(title))
    })
  }
  if (failed.length > 0) notices.push({ kind: "failed", title: "Not all could be retired", lines: failed })
  return notices
}

const send = Effect.fnUntraced(function* (notices: ReadonlyArray<Notice>, { on }: typeof Notify.Type) {
  const notifier = yield* Notifier
  const troubles: Array<string> = []
  for (const notice of notices.filter(({ kind }) => on.includes(kind))) {
    for (const { channel, trouble } of yield* notifier.send(notice)) {
      if (trouble !== null) troubles.push(`the ${notice.kind} notice was not taken by ${channel}: ${trouble}`)
    }
  }
  return troubles
})

/** Tells people what the run did. A notice that nobody takes is a trouble of the report, and stops nothing. */
export const tell = Effect.fn("watched.tell")(function* (report: WatchedReport, notify: typeof Notify.Type) {
  const troubles = yield* send(noticesOf(report), notify)
  return { ...report, troubles: [...report.troubles, ...troubles] } satisfies WatchedReport
})

/** Tells people that the run could not be made at all. */
export const tellFailure = (error: { readonly message: string }, notify: typeof Notify.Type) =>
  send([{ kind: "failed", title: "Nothing was retired: a service cannot be read", lines: [error.message] }], notify)
