import type {
  BlockedReport,
  RelocationReport,
  SagaReport,
  StayReport,
  StepOutcome,
  StepReport
} from "../domain/relocationReport.ts"
import { sagaWords } from "../domain/sagas.ts"
import { display } from "../platform/BytePath.ts"
import { bytes, count, duration } from "../platform/Text.ts"
import { note } from "./RenderUpload.ts"
import { type Cell, type Colour, heading, type Page, paint, table } from "./Style.ts"

const looks: Record<StepReport["action"], Record<StepOutcome, readonly [word: string, colour: Colour]>> = {
  demote: {
    planned: ["demote", "yellow"],
    moved: ["demoted", "green"],
    waiting: ["waits", "yellow"],
    failed: ["failed", "red"]
  },
  promote: {
    planned: ["promote", "cyan"],
    moved: ["promoted", "green"],
    waiting: ["waits", "cyan"],
    failed: ["failed", "red"]
  }
}

const nameOf = ({ torrents }: { readonly torrents: StepReport["torrents"] }): string => display(torrents[0]?.name ?? "")
const sum = <A>(all: ReadonlyArray<A>, of: (one: A) => number): number => all.reduce((total, one) => total + of(one), 0)
const torrentsIn = (all: ReadonlyArray<{ readonly torrents: StepReport["torrents"] }>): number =>
  sum(all, ({ torrents }) => torrents.length)

const titles = ["", "payload", "torrents", "files", "copied", "freed"].map((text): Cell => ({ text, colour: "dim" }))

const rowOf = (step: StepReport): ReadonlyArray<string | Cell> => {
  const [text, colour] = looks[step.action][step.outcome]
  return [
    { text, colour },
    nameOf(step),
    String(step.torrents.length),
    String(step.files),
    step.copyBytes === 0 ? "nothing" : bytes(step.copyBytes),
    step.freesBytes === 0 ? "nothing" : bytes(step.freesBytes)
  ]
}

const twinsText = ({ twins }: StepReport): ReadonlyArray<string> =>
  twins.length === 0
    ? []
    : [
        `the same payload as ${display(twins[0]?.name ?? "")}${twins.length === 1 ? "" : ` and ${twins.length - 1} more`}`
      ]

const notesOf = (step: StepReport): ReadonlyArray<string> => [
  ...(step.reason === null ? [] : [step.reason]),
  [step.why, ...twinsText(step)].join("; ")
]

const steps = (page: Page, report: RelocationReport): ReadonlyArray<string> => {
  if (report.steps.length === 0) return []
  const [titled = "", ...rows] = table(
    page,
    [{}, { flexible: true }, { align: "right" }, { align: "right" }, { align: "right" }, { align: "right" }],
    [titles, ...report.steps.map(rowOf)]
  )
  return [
    titled,
    ...report.steps.flatMap((step, index) => [
      rows[index] ?? "",
      ...notesOf(step).flatMap((text) => note(page, text, 4).map((line) => paint(page, "dim", line)))
    ])
  ]
}

const sagaLooks: Record<SagaReport["outcome"], readonly [word: string, colour: Colour]> = {
  done: ["finished", "green"],
  open: ["under way", "cyan"],
  undone: ["undone", "yellow"],
  failed: ["failed", "red"]
}

const resumed = (page: Page, { resumed: sagas }: RelocationReport): ReadonlyArray<string> => {
  const rows = table(
    page,
    [{}, { flexible: true }, {}],
    sagas.map((saga) => {
      const [text, colour] = sagaLooks[saga.outcome]
      const freed = saga.freedBytes > 0 ? `, ${bytes(saga.freedBytes)} freed` : ""
      return [{ text, colour }, display(saga.subject), { text: sagaWords(saga) + freed, colour: "dim" as const }]
    })
  )
  return sagas.flatMap(({ reason }, index) => [
    rows[index] ?? "",
    ...(reason === null ? [] : note(page, reason, 4).map((line) => paint(page, "dim", line)))
  ])
}

const kinds: Record<BlockedReport["by"], string> = {
  unknown: "what its torrents hold, or who else uses it, is not known",
  refused: "its bytes are not what its torrents say",
  busy: "a relocation is under way",
  spans: "it lies on several filesystems",
  stranger: "a name of it belongs to no torrent",
  unhashed: "not all that could be a copy of it is hashed",
  occupied: "something is in its place on the other side",
  room: "there is not enough room",
  unavailable: "the other side cannot be used",
  immovable: "qBittorrent cannot move it"
}
const shown = 5

const blocked = (page: Page, report: RelocationReport): ReadonlyArray<string> =>
  [...Map.groupBy(report.blocked, ({ by }) => by)].flatMap(([by, all]) => {
    const largest = all.toSorted((one, other) => other.bytes - one.bytes).slice(0, shown)
    // What helps all of them is said once.
    const remedies = new Set(largest.map(({ remedy }) => remedy))
    const common = remedies.size === 1 ? [...remedies][0] : undefined
    const rows = table(
      page,
      [{ flexible: true }, { align: "right" }],
      largest.map((one) => [nameOf(one), bytes(one.bytes)]),
      4
    )
    return [
      ...note(
        page,
        `${paint(page, by === "busy" ? "cyan" : "red", kinds[by])}: ${count(torrentsIn(all), "torrent")}`,
        2
      ),
      ...largest.flatMap((one, index) => [
        rows[index] ?? "",
        ...note(page, common === undefined ? `${one.why} → ${one.remedy}` : one.why, 6).map((line) =>
          paint(page, "dim", line)
        )
      ]),
      ...(all.length > largest.length ? [`    and ${all.length - largest.length} more (all with --json)`] : []),
      ...(common === undefined ? [] : note(page, paint(page, "bold", `→ ${common}`), 4))
    ]
  })

const reasons: Record<StayReport["reason"], string> = {
  pinned: "linked from outside of the seeding directories",
  duplicate: "a copy of what a library has: hardlinked to that, it costs nothing",
  "seed-only": "only seeded: nothing on the stash holds all of it",
  empty: "it holds no bytes"
}
const shownTagged = 3

/** Whoever tagged it thought that it would go. */
const tagged = (page: Page, report: RelocationReport): ReadonlyArray<string> => {
  const all = report.stays.filter((one) => one.tagged && one.side === "stash")
  return [
    ...all
      .slice(0, shownTagged)
      .flatMap((one) =>
        note(page, `${nameOf(one)} stays although it is tagged: ${one.why}`, 4).map((line) => paint(page, "dim", line))
      ),
    ...(all.length > shownTagged ? [`    and ${all.length - shownTagged} more that are tagged (all with --json)`] : [])
  ]
}

const stays = (page: Page, report: RelocationReport): ReadonlyArray<string> => {
  const groups = Map.groupBy(report.stays, ({ reason, side }) => `${side} ${reason}`)
  const doubled = sum(report.stays, ({ duplicateBytes }) => duplicateBytes)
  return [
    ...table(
      page,
      [{}, { align: "right" }, { align: "right" }, { flexible: true }],
      [...groups.values()].map((all) => [
        `on the ${all[0]?.side ?? "stash"}`,
        count(torrentsIn(all), "torrent"),
        bytes(sum(all, (one) => one.bytes)),
        { text: reasons[all[0]?.reason ?? "empty"], colour: "dim" as const }
      ])
    ),
    ...tagged(page, report),
    ...(doubled === 0
      ? []
      : note(page, `${bytes(doubled)} of these lie on both sides, in payloads of which a part is needed on each`, 4)),
    ...(report.ignored === 0
      ? []
      : [`  ${count(report.ignored, "torrent")} with nothing in a seeding directory left alone`])
  ]
}

const rooms = (page: Page, report: RelocationReport): ReadonlyArray<string> =>
  table(
    page,
    [{}, { flexible: true }],
    report.rooms
      .filter(({ neededBytes, promisedBytes }) => neededBytes + promisedBytes > 0)
      .map(({ freeBytes, neededBytes, promisedBytes, side }) => [
        `on the ${side}`,
        [
          freeBytes === null ? "cannot be read" : `${bytes(freeBytes)} free`,
          ...(neededBytes > 0 ? [`${bytes(neededBytes)} for this plan`] : []),
          ...(promisedBytes > 0 ? [`${bytes(promisedBytes)} for relocations under way`] : []),
          `${bytes(report.reserveBytes)} stay free`
        ].join(", ")
      ])
  )

const closing = (report: RelocationReport): string => {
  const conditional = report.dryRun
  const of = (action: StepReport["action"], ...outcomes: ReadonlyArray<StepOutcome>) =>
    report.steps.filter((step) => step.action === action && outcomes.includes(step.outcome))
  const moved = (action: StepReport["action"], word: string, to: string, from: string): ReadonlyArray<string> => {
    const all = of(action, "planned", "moved")
    if (all.length === 0) return []
    const copied = sum(all, ({ copyBytes }) => copyBytes)
    const freed = sum(all, ({ freesBytes }) => freesBytes)
    const costs = [
      ...(copied > 0 ? [`${bytes(copied)} copied to the ${to}`] : []),
      ...(freed > 0 ? [`${bytes(freed)} ${conditional ? "free again" : "to come free"} on the ${from}`] : [])
    ].join(", ")
    const what = `${count(torrentsIn(all), "torrent")} ${conditional ? "would be " : ""}${word}`
    return [costs === "" ? what : `${what} (${costs})`]
  }
  const failed = report.steps.filter(({ outcome }) => outcome === "failed")
  const waiting = report.steps.filter(({ outcome }) => outcome === "waiting")
  const parts = [
    ...moved("demote", "demoted", "pool", "stash"),
    ...moved("promote", "promoted", "stash", "pool"),
    ...(failed.length > 0 ? [`${torrentsIn(failed)} failed`] : []),
    ...(waiting.length > 0 ? [`${torrentsIn(waiting)} waiting`] : [])
  ]
  const rest = [
    ...(report.blocked.length > 0 ? [`${torrentsIn(report.blocked)} blocked`] : []),
    ...(report.stays.length > 0 ? [`${torrentsIn(report.stays)} where they belong`] : [])
  ]
  const what = [...(parts.length === 0 ? ["nothing to move"] : parts), ...rest].join(", ")
  return `${conditional ? "dry run, nothing was changed: " : ""}${what}, in ${duration(report.milliseconds)}`
}

const section = (page: Page, title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : [heading(page, title), ...lines, ""]

export const renderRelocation = (report: RelocationReport, page: Page): ReadonlyArray<string> => [
  ...section(page, "Under way", resumed(page, report)),
  ...section(page, report.dryRun ? "Plan" : "Moved", steps(page, report)),
  ...section(page, "Blocked", blocked(page, report)),
  ...section(page, "Stays", stays(page, report)),
  ...section(page, "Room", rooms(page, report)),
  ...(report.stopped === null
    ? []
    : [
        ...note(
          page,
          paint(page, report.alarming ? "red" : "yellow", `nothing further is moved: ${report.stopped}`),
          2
        ),
        ""
      ]),
  ...note(page, closing(report), 0)
]
