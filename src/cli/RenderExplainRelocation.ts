import { sagaWords } from "../domain/sagas.ts"
import { display } from "../platform/BytePath.ts"
import { bytes, count, padEnd, wrap } from "../platform/Text.ts"
import type { PlanStory, RelocationStory, ResidencyStory, SagaStory } from "../workflows/explain-report.ts"
import { type Colour, type Page, paint } from "./Style.ts"
import { moment, relative } from "./Times.ts"

const labelled = 11
const shownTorrents = 6

interface Field {
  readonly label: string
  readonly text: string
  readonly colour?: Colour
}

/** A word in a column of its own, and what there is to say of it beside it. */
const fields = (page: Page, all: ReadonlyArray<Field>): ReadonlyArray<string> =>
  all.flatMap(({ colour, label, text }) =>
    wrap(text, Math.max(30, page.columns - labelled - 4)).map((line, index) => {
      const shown = colour === undefined ? line : paint(page, colour, line)
      return `  ${padEnd(index === 0 ? label : "", labelled)}  ${shown}`
    })
  )

const verdicts: Record<ResidencyStory["verdict"], readonly [word: string, colour: Colour]> = {
  internal: ["only seeded", "green"],
  external: ["linked from outside", "yellow"],
  unknown: ["not known", "red"]
}

const planText = ({ action, copyBytes, freesBytes, why }: PlanStory, said: boolean): string => {
  if (action === "stay" || action === "blocked") {
    const what = action === "stay" ? "it stays" : "it is blocked"
    return said ? `${what}, because of that` : `${what}: ${why}`
  }
  const costs = [
    copyBytes === 0 ? "nothing is copied" : `${bytes(copyBytes)} are copied`,
    `${bytes(freesBytes)} come free here`
  ].join(", ")
  return `it ${action === "demote" ? "goes to the pool" : "goes back to the stash"} (${costs}): ${why}`
}

const together = (torrents: ResidencyStory["torrents"]): ReadonlyArray<Field> => {
  const more = torrents.length - shownTorrents
  return [
    ...torrents.slice(0, shownTorrents).map(({ hash, name }, index) => ({
      label: index === 0 ? (torrents.length === 1 ? "torrent" : "together") : "",
      text: `${hash.slice(0, 12)} ${display(name)}`
    })),
    ...(more > 0 ? [{ label: "", text: `and ${more} more (all with --json)` }] : [])
  ]
}

const residency = (page: Page, story: ResidencyStory): ReadonlyArray<string> => {
  const [word, colour] = verdicts[story.verdict]
  const said = story.because.some((text) => text.startsWith(story.plan.why))
  const tag = story.tagged ? "; tagged, so it is looked at first" : ""
  return fields(page, [
    { label: "lies", text: `on the ${story.side}: ${count(story.files, "file")}, ${bytes(story.bytes)}${tag}` },
    ...together(story.torrents),
    { label: "residency", text: word, colour },
    ...story.because.map((text) => ({ label: "", text })),
    { label: "plan", text: planText(story.plan, said) },
    { label: "to move", text: story.plan.next }
  ])
}

export const renderResidencies = (page: Page, { blind, residencies }: RelocationStory): ReadonlyArray<string> => [
  ...(blind === null ? [] : fields(page, [{ label: "not known", text: blind, colour: "red" }])),
  ...residencies.flatMap((story, index) => [...(index === 0 ? [] : [""]), ...residency(page, story)])
]

const stateColours: Readonly<Partial<Record<SagaStory["state"], Colour>>> = {
  done: "green",
  aborted: "yellow",
  "rolling-back": "yellow"
}

export const renderSagas = (page: Page, { sagas }: RelocationStory): ReadonlyArray<string> =>
  sagas.flatMap((saga, index) => [
    ...(index === 0 ? [] : [""]),
    ...fields(page, [
      {
        label: `number ${saga.saga}`,
        text: sagaWords(saga),
        colour: stateColours[saga.state] ?? "cyan"
      },
      {
        label: "moves",
        text: `${display(saga.subject)}: ${count(saga.files, "file")}, ${bytes(saga.bytes)}`
      },
      {
        label: "times",
        text: `begun ${moment(saga.began, page.now)} (${relative(saga.began, page.now)}), in this state since ${moment(saga.changed, page.now)}`
      },
      ...(saga.reason === null ? [] : [{ label: "because", text: display(saga.reason) }]),
      ...(saga.waitsFor === null ? [] : [{ label: "waits for", text: saga.waitsFor }])
    ])
  ])
