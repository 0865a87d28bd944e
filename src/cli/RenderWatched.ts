import { instant } from "../domain/evidence.ts"
import type { WatchedCounts, WatchedReport, WatchedTitle } from "../domain/watchedReport.ts"
import { display } from "../platform/BytePath.ts"
import { bytes, count, duration, width } from "../platform/Text.ts"
import { note } from "./RenderUpload.ts"
import { type Cell, type Colour, heading, type Page, paint, table } from "./Style.ts"
import { moment, relative } from "./Times.ts"

const shownKept = 60
const shownUnclear = 10
/** From this width on a title's reason stands beside it, in what its row leaves of it. */
const wide = 120
const beside = 80
/** Below this width what can be done without is left out. */
const narrow = 72

const looks: Record<WatchedTitle["outcome"], readonly [word: string, colour: Colour]> = {
  retired: ["retired", "green"],
  failed: ["failed", "red"],
  waits: ["later", "dim"],
  announced: ["announced", "cyan"],
  leaving: ["leaving", "cyan"],
  kept: ["stays", "dim"],
  "would-retire": ["would go", "yellow"],
  "would-announce": ["would announce", "yellow"]
}

/** Times in sentences are for logs; people get theirs. */
export const humane = (text: string, now: number): string =>
  display(text).replace(
    /(\bon )?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)/g,
    (all, on: string | undefined, at: string) => {
      const time = Date.parse(at)
      if (instant(time) !== at) return all
      const told = moment(time, now)
      // Of today no more than the hour is told.
      return on === undefined ? told : told.length === 5 ? `today at ${told}` : `on ${told}`
    }
  )

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const summary = ({ dryRun, episodes, movies, titles }: WatchedReport, page: Page): ReadonlyArray<string> => {
  const would = (isMovie: boolean) =>
    titles
      .filter(({ kind, outcome }) => (kind === "movie") === isMovie && outcome === "would-retire")
      .reduce((sum, { parts }) => sum + parts, 0)
  const protections = [...new Set([...Object.keys(movies.skipped), ...Object.keys(episodes.skipped)])].toSorted()
  const row = (name: string, of: (counts: WatchedCounts) => number, colour?: Colour): ReadonlyArray<string | Cell> => [
    name,
    ...[of(movies), of(episodes)].map((number): Cell => ({
      text: String(number),
      ...(colour === undefined || number === 0 ? {} : { colour })
    }))
  ]
  return table(
    page,
    [{}, { align: "right" }, { align: "right" }],
    [
      ["", { text: "Movies", colour: "bold" }, { text: "Episodes", colour: "bold" }],
      row("Watched", ({ watched }) => watched),
      row("Eligible", ({ eligible }) => eligible),
      ...protections.map((name) => row(`Skipped: ${name}`, ({ skipped }) => skipped[name] ?? 0)),
      dryRun
        ? ["Would be deleted", ...[would(true), would(false)].map((number) => String(number))]
        : row("Deleted", ({ deleted }) => deleted, "green"),
      row("Failed", ({ failed }) => failed, "red")
    ]
  )
}

const seen = ({ kind, lastWatchedAt, parts, rule }: WatchedTitle, { columns, now }: Page): string => {
  const of = kind === "movie" || columns < narrow ? "" : `${count(parts, "episode")}, `
  if (rule === "lesser-quality") return `${of}a better copy stays`
  if (lastWatchedAt === null) return `${of}never watched`
  return `${of}watched ${relative(lastWatchedAt, now)}`
}

/** Why it stays, or failed, or waits; and until when, where time decides. */
const reasonOf = (title: WatchedTitle, stopped: string | null, now: number): string => {
  // Why the run ended is said once.
  const reason = title.reason === null || title.reason === stopped ? [] : [humane(title.reason, now)]
  const { eligibleAt, outcome } = title
  return outcome === "kept" && eligibleAt !== null && eligibleAt > now
    ? [...reason, `not before ${moment(eligibleAt, now)} (${relative(eligibleAt, now)})`].join("; ")
    : reason.join("")
}

const rowsOf = (
  titles: ReadonlyArray<WatchedTitle>,
  last: (title: WatchedTitle) => string,
  page: Page,
  stopped: string | null
): ReadonlyArray<string> => {
  const isWide = page.columns >= wide
  const isKept = titles.every(({ outcome }) => outcome === "kept")
  const reasons = titles.map((one) => reasonOf(one, stopped, page.now))
  const rows = table(
    { ...page, columns: isWide && reasons.some((reason) => reason !== "") ? beside : page.columns },
    [...(isKept ? [] : [{}]), { flexible: true }, { align: "right" }, {}],
    titles.map((one): ReadonlyArray<string | Cell> => {
      const [text, colour] = looks[one.outcome]
      return [...(isKept ? [] : [{ text, colour }]), display(one.title), bytes(one.bytes), last(one)]
    })
  )
  const plain = rows.map((row) => row.replaceAll(/\u001b\[\d+m/g, ""))
  const margin = Math.max(0, ...plain.map((row) => width(row))) + 2
  return reasons.flatMap((reason, index) => {
    const row = rows[index] ?? ""
    if (reason === "") return [row]
    const lines = note(page, reason, isWide ? margin : 4)
    if (!isWide) return [row, ...lines.map((line) => paint(page, "dim", line))]
    const [first = "", ...rest] = lines
    const gap = " ".repeat(margin - width(plain[index] ?? ""))
    return [row + gap + paint(page, "dim", first.trimStart()), ...rest.map((line) => paint(page, "dim", line))]
  })
}

const section = (page: Page, title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : ["", heading(page, title), ...lines]

const more = (all: ReadonlyArray<unknown>, shown: number): ReadonlyArray<string> =>
  all.length > shown ? [`  and ${all.length - shown} more (all with --json)`] : []

const notes = (page: Page, texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.flatMap((text) =>
    note(page, humane(text, page.now), 4).map((line, index) => (index === 0 ? line.slice(2) : line))
  )

const closing = (report: WatchedReport): string => {
  const of = (...outcomes: ReadonlyArray<WatchedTitle["outcome"]>) =>
    report.titles.filter(({ outcome }) => outcomes.includes(outcome))
  const size = (titles: ReadonlyArray<WatchedTitle>) => bytes(titles.reduce((sum, one) => sum + one.bytes, 0))
  const part = (titles: ReadonlyArray<WatchedTitle>, what: string) =>
    titles.length === 0 ? [] : [`${titles.length} ${what}`]
  const would = of("would-retire")
  const retired = of("retired")
  const parts = [
    ...(would.length > 0 ? [`${count(would.length, "title")} would be retired (${size(would)})`] : []),
    ...(retired.length > 0
      ? [`${count(retired.length, "title")} retired (${size(retired)}), ${bytes(report.freedBytes)} freed`]
      : []),
    ...part(of("would-announce"), "would be announced"),
    ...part(of("announced"), "announced"),
    ...part(of("leaving"), "leaving soon"),
    ...part(of("waits"), "later"),
    ...part(of("failed"), "failed"),
    ...part(of("kept"), report.alarming ? "kept" : of("kept").length === 1 ? "stays" : "stay")
  ]
  const nothing = report.alarming ? "stopped" : "nothing is watched and past its grace"
  const what = parts.length === 0 ? nothing : parts.join(", ")
  return `${report.dryRun ? "dry run, nothing was changed: " : ""}${what}, in ${duration(report.milliseconds)}`
}

const settledWords = { retired: "finished", undone: "undone", open: "still half done" } as const

/** What the run before left, what changed its mind, and what went wrong beside the titles. */
const around = (report: WatchedReport, page: Page): ReadonlyArray<string> => [
  ...section(
    page,
    "Left by an earlier run",
    notes(
      page,
      report.settled.map(
        ({ outcome, reason, title }) => `${title}: ${settledWords[outcome]}${reason === null ? "" : ` (${reason})`}`
      )
    )
  ),
  ...section(
    page,
    "Announced, and staying after all",
    notes(
      page,
      report.reset.map(({ reason, title }) => `${title}: ${reason}`)
    )
  ),
  ...section(page, "Kept because they cannot be told apart in Jellyfin and the library", [
    ...notes(
      page,
      report.unclear.slice(0, shownUnclear).map(({ title, why }) => `${title}: ${why}`)
    ),
    ...more(report.unclear, shownUnclear)
  ]),
  ...section(
    page,
    "Requests",
    notes(
      page,
      report.requests.map(
        ({ outcome, reason, title }) => `${title}: ${outcome}${reason === null ? "" : ` (${reason})`}`
      )
    )
  ),
  ...section(page, "Troubles", notes(page, report.troubles))
]

export const renderWatched = (report: WatchedReport, page: Page): ReadonlyArray<string> => {
  const of = (...outcomes: ReadonlyArray<WatchedTitle["outcome"]>) =>
    report.titles.filter(({ outcome }) => outcomes.includes(outcome))
  const { stopped } = report
  const isOff = stopped !== null && report.titles.length === 0 && !report.alarming
  if (isOff) return note(page, `nothing is retired: ${stopped}`, 0)
  const goes = of("retired", "would-retire", "failed", "waits")
  const leaving = of("leaving", "announced", "would-announce").toSorted(
    (one, other) => (one.dueAt ?? 0) - (other.dueAt ?? 0)
  )
  // What was planned, and is kept by nothing but the end of the run.
  const spared = of("kept").filter(({ reason }) => stopped !== null && reason === stopped)
  const kept = of("kept").filter((one) => !spared.includes(one))
  const due = ({ dueAt }: WatchedTitle) =>
    dueAt === null ? "" : `${moment(dueAt, page.now)}${page.columns < narrow ? "" : `, ${relative(dueAt, page.now)}`}`
  return [
    ...(stopped === null
      ? []
      : [
          ...note(page, `${report.alarming ? "nothing is retired" : "stopped"}: ${humane(stopped, page.now)}`, 0).map(
            (line) => paint(page, report.alarming ? "red" : "yellow", line)
          ),
          ""
        ]),
    heading(page, "Summary"),
    ...summary(report, page),
    ...section(
      page,
      "Goes",
      rowsOf(goes, (one) => seen(one, page), page, stopped)
    ),
    ...section(page, "Eligible, and not retired for that reason", [
      ...rowsOf(spared.slice(0, shownKept), (one) => seen(one, page), page, stopped),
      ...more(spared, shownKept)
    ]),
    ...section(page, "Leaving soon", rowsOf(leaving, due, page, stopped)),
    ...section(page, "Stays", [
      ...rowsOf(
        kept.slice(0, shownKept),
        ({ kind, parts, watched }) => (kind === "movie" ? "" : `${watched} of ${parts} watched`),
        page,
        stopped
      ),
      ...more(kept, shownKept)
    ]),
    ...around(report, page),
    "",
    ...note(page, capital(closing(report)), 0)
  ]
}
