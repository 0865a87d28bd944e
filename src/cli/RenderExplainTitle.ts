import type { RetirementState } from "../domain/retirements.ts"
import { display } from "../platform/BytePath.ts"
import { bytes, count, duration } from "../platform/Text.ts"
import type { FullTitleStory, ReleaseStory, TitlesStory } from "../workflows/explain-report.ts"
import { note } from "./RenderUpload.ts"
import { humane } from "./RenderWatched.ts"
import { type Colour, heading, type Page, paint, table } from "./Style.ts"
import { moment, relative } from "./Times.ts"

const shownFiles = 4
const shownTorrents = 8

const rules = {
  watched: "it was watched",
  stale: "nobody has ever watched it",
  "lesser-quality": "a better copy of it stays"
} as const

const words: Record<RetirementState, readonly [word: string, colour: Colour]> = {
  leaving: ["leaving", "cyan"],
  unmonitoring: ["half done", "yellow"],
  deleting: ["half done", "yellow"],
  failed: ["failed", "red"],
  retired: ["retired", "green"],
  undone: ["undone", "dim"]
}

const section = (page: Page, title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : ["", heading(page, title), ...lines]

const whenOf = (at: number | null, now: number): string =>
  at === null ? "at an unknown time" : `${moment(at, now)} (${relative(at, now)})`

const canGo = (at: number | null, now: number): string =>
  at === null ? "not by time alone" : at <= now ? "now" : whenOf(at, now)

const facts = ({ judged, key }: FullTitleStory, blind: string | null, page: Page): ReadonlyArray<string> => {
  if (judged === null)
    return table(
      page,
      [{}, { flexible: true }],
      [["library", `${key}, ${blind === null ? "no files" : "not looked at"}`]]
    )
  const { bytes: size, eligibleAt, files, mapping, rule } = judged
  const more = files.length - shownFiles
  return table(
    page,
    [{}, { flexible: true }],
    [
      ["library", `${key}, ${count(files.length, "file")}, ${bytes(size)}`],
      ["Jellyfin", mapping === null ? "not found there for certain" : `found there by ${mapping}`],
      ...(rule === null ? [] : [["rule", rules[rule]]]),
      ["can go", canGo(eligibleAt, page.now)],
      ...files.slice(0, shownFiles).map((file, index) => [index === 0 ? "files" : "", display(file)]),
      ...(more > 0 ? [["", `and ${more} more (all with --json)`]] : [])
    ]
  )
}

/** One line a viewer: a season has an episode's plays for each. */
const plays = ({ plays: all }: FullTitleStory, page: Page): ReadonlyArray<string> => {
  const viewers = Map.groupBy(all, ({ viewer }) => viewer)
  return [...viewers].flatMap(([viewer, own]) => {
    const played = own.filter((one) => one.played)
    const times = own.flatMap(({ at }) => (at === null ? [] : [at]))
    const last = times.length === 0 ? null : Math.max(...times)
    const marks = own.some(({ favourite }) => favourite) ? ["a favourite"] : []
    const seen =
      played.length === 0
        ? last === null
          ? []
          : [`begun ${whenOf(last, page.now)}`]
        : [
            `${own.length === 1 ? "watched" : `watched ${played.length}`}, ${own.length === 1 ? "" : "the last "}${whenOf(last, page.now)}`
          ]
    return note(page, `${display(viewer)}: ${[...seen, ...marks].join("; ")}`, 2)
  })
}

const retirements = ({ retirements: all }: FullTitleStory, page: Page): ReadonlyArray<string> =>
  all.flatMap(({ announcedAt, begunAt, bytes: size, dueAt, endedAt, files, reason, rule, state }) => {
    const [word, colour] = words[state]
    const what = `${count(files.length, "file")}, ${bytes(size)}; ${rules[rule]}`
    const times =
      state === "leaving"
        ? `announced ${whenOf(announcedAt ?? begunAt, page.now)}, to go ${dueAt === null ? "with the next run" : whenOf(dueAt, page.now)}`
        : `${whenOf(endedAt ?? begunAt, page.now)}${announcedAt === null ? "" : `, announced ${moment(announcedAt, page.now)}`}`
    return [
      `  ${paint(page, colour, word)}  ${times}`,
      ...note(page, what, 4).map((line) => paint(page, "dim", line)),
      ...(reason === null ? [] : note(page, humane(reason, page.now), 4))
    ]
  })

const torrentState = (one: ReleaseStory, now: number): readonly [text: string, colour: Colour | undefined] => {
  const seeded = one.seedingSeconds === null ? "" : `, seeded ${duration(one.seedingSeconds * 1000)}`
  if (one.present === true) return [`in qBittorrent${seeded}`, undefined]
  if (one.goneAt !== null) {
    return [`gone ${whenOf(one.goneAt, now)}, ${one.removedByUs ? "removed by cleanup" : "not by us"}${seeded}`, "dim"]
  }
  if (one.present === null) return ["qBittorrent cannot be read", "yellow"]
  return [one.name === null ? "never seen in qBittorrent" : "not in qBittorrent", "dim"]
}

const waiting = (
  { earliest, waitsFor }: Pick<ReleaseStory, "earliest" | "waitsFor">,
  page: Page
): ReadonlyArray<string> => {
  if (waitsFor.length === 0) return []
  const waits = waitsFor.map(
    ({ name, source, threshold, value }) => `${name}: ${value}, must be ${threshold} (${source})`
  )
  const when = earliest === null || earliest <= page.now ? "" : `; not before ${whenOf(earliest, page.now)}`
  return note(page, `cleanup waits for ${humane(waits.join("; "), page.now)}${when}`, 4)
}

const torrents = ({ releases }: FullTitleStory, page: Page): ReadonlyArray<string> => {
  const seen = releases.filter(({ name, present }) => name !== null || present === true)
  const unseen = releases.length - seen.length
  const shown = seen.slice(0, shownTorrents)
  const rows = table(
    page,
    [{}, { flexible: true }],
    shown.map(({ hash, name }) => [hash.slice(0, 12), display(name ?? "")])
  )
  return [
    ...shown.flatMap((one, index) => {
      const [text, colour] = torrentState(one, page.now)
      const isFree = one.present === true && one.item === null && one.waitsFor.length === 0
      const free = isFree ? "; it owes nothing, and goes with a cleanup once its title was retired" : ""
      return [
        rows[index] ?? "",
        ...note(page, text + free, 4).map((line) => (colour === undefined ? line : paint(page, colour, line))),
        ...waiting(one, page)
      ]
    }),
    ...(seen.length > shown.length ? [`  and ${seen.length - shown.length} more (all with --json)`] : []),
    ...(unseen === 0
      ? []
      : note(page, `${seen.length > 0 ? "and " : ""}${count(unseen, "torrent")} never seen in qBittorrent`, 2))
  ]
}

const items = ({ items: all }: FullTitleStory, page: Page): ReadonlyArray<string> =>
  all.flatMap((item) => {
    const { path, remote, summary, waitsFor } = item
    const [head, ...rest] = waitsFor
    return [
      ...note(page, display(path), 2),
      ...note(page, humane(summary, page.now), 4),
      // The first of them is in the summary.
      ...(head === undefined ? [] : waiting({ earliest: item.earliest, waitsFor: rest }, page)),
      ...(remote === null ? [] : note(page, `remote: ${display(remote)}`, 4).map((line) => paint(page, "dim", line)))
    ]
  })

/** Several titles, and how to name one of them. */
const choices = ({ found }: TitlesStory, page: Page): ReadonlyArray<string> => {
  const rows = table(
    page,
    [{ flexible: true }, {}],
    found.map(({ key, title }) => [display(title), { text: key, colour: "cyan" as const }])
  )
  const [first] = found
  return [
    "",
    ...found.flatMap(({ summary }, index) => [
      rows[index] ?? "",
      ...note(page, humane(summary, page.now), 4).map((line) => paint(page, "dim", line))
    ]),
    ...(first === undefined ? [] : ["", ...note(page, `such as: media-pipeline explain ${first.key}`, 0)])
  ]
}

export const renderTitles = (
  titles: TitlesStory,
  page: Page,
  conditions: (all: NonNullable<FullTitleStory["judged"]>["conditions"]) => ReadonlyArray<string>
): ReadonlyArray<string> => {
  const { blind, found, story, summary } = titles
  const others = found.filter(({ key }) => key !== story?.key)
  const head = [
    heading(page, story === null ? "Titles" : display(story.title)),
    ...note(page, humane(summary, page.now), 2),
    ...(blind === null
      ? []
      : note(page, `only what the database remembers: ${display(blind)}`, 2).map((line) =>
          paint(page, "yellow", line)
        )),
    ...(story === null || others.length === 0
      ? []
      : note(page, `not: ${others.map(({ key, title }) => `${display(title)} (${key})`).join(", ")}`, 2).map((line) =>
          paint(page, "dim", line)
        ))
  ]
  if (story === null) return [...head, ...choices(titles, page)]
  const decided = story.retirements.find(({ state }) => state !== "undone")
  const asked = story.requests.flatMap(({ requestedAt, requester }) =>
    note(page, `by ${display(requester ?? "somebody unknown")}, ${whenOf(requestedAt, page.now)}`, 2)
  )
  return [
    ...head,
    "",
    ...facts(story, blind, page),
    ...(story.judged === null
      ? section(page, "Conditions, as they were read when it was decided", conditions(decided?.conditions ?? []))
      : section(page, "Conditions", conditions(story.judged.conditions))),
    ...section(page, "Requested", asked),
    ...section(page, "Watched", plays(story, page)),
    ...section(page, "Retirement", retirements(story, page)),
    ...section(page, "Torrents", torrents(story, page)),
    ...section(page, "Items", items(story, page)),
    ...section(
      page,
      "History",
      table(
        page,
        [{}, { flexible: true }],
        story.history.map(({ at, what }) => [moment(at, page.now), humane(what, page.now)])
      )
    )
  ]
}
