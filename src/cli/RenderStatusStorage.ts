import { sagaWords } from "../domain/sagas.ts"
import { display } from "../platform/BytePath.ts"
import { bytes, count } from "../platform/Text.ts"
import type { Group } from "../workflows/status-residency.ts"
import type { StorageStatus } from "../workflows/status-storage.ts"
import { note } from "./RenderUpload.ts"
import { type Cell, type Colour, heading, type Page, paint, table } from "./Style.ts"
import { moment, relative } from "./Times.ts"

const shownUnderWay = 5

const groups: Record<Group, readonly [where: string, colour: Colour | undefined]> = {
  linked: ["linked by a library, or like what one links", undefined],
  seeded: ["only seeded", undefined],
  moving: ["to move: media-pipeline relocate", "yellow"],
  blocked: ["blocked: relocate --dry-run says why", "red"]
}

const places = (page: Page, { relocates, residency }: StorageStatus): ReadonlyArray<string> => {
  if (!relocates) return []
  if (residency === null) return ["  what lies where is not known before the first media-pipeline relocate"]
  const rows = residency.shares.map(({ bytes: size, group, side, torrents }, index, all): ReadonlyArray<Cell> => {
    const [text, colour] = groups[group]
    return [
      { text: all[index - 1]?.side === side ? "" : side },
      { text: bytes(size), ...(colour === undefined ? {} : { colour }) },
      { text: count(torrents, "torrent") },
      { text, colour: "dim" }
    ]
  })
  return rows.length === 0
    ? [`  no torrent on either side, ${relative(residency.at, page.now)}`]
    : [
        ...table(page, [{}, { align: "right" }, { align: "right" }, { flexible: true }], rows),
        ...note(page, `as the relocation of ${moment(residency.at, page.now)} found it`, 2)
      ]
}

const underWay = (page: Page, { underWay: all }: StorageStatus): ReadonlyArray<string> => {
  const sagas = all.slice(0, shownUnderWay)
  const rows = table(
    page,
    [{}, { flexible: true }, { align: "right" }],
    sagas.map((saga) => [
      saga.state === "rolling-back" ? { text: "undoing", colour: "yellow" } : { text: "moving", colour: "cyan" },
      display(saga.subject),
      bytes(saga.bytes)
    ])
  )
  return [
    ...sagas.flatMap((saga, index) => [
      rows[index] ?? "",
      ...note(page, `${sagaWords(saga)}, ${relative(saga.changedAt, page.now)}`, 4).map((line) =>
        paint(page, "dim", line)
      )
    ]),
    ...(all.length > sagas.length ? [`  and ${all.length - sagas.length} more (all with --json)`] : [])
  ]
}

const quarantine = (page: Page, { quarantine: waiting }: StorageStatus): ReadonlyArray<string> => {
  const { bytes: size, from, relocations, until } = waiting
  if (relocations === 0) return []
  const over = from !== null && from <= page.now ? "the first are over" : `from ${moment(from ?? page.now, page.now)}`
  const times = from === until ? over : `${over}, the last at ${moment(until ?? page.now, page.now)}`
  return note(
    page,
    `${bytes(size)} of ${count(relocations, "relocation")} wait in the quarantine and come free: ${times}`,
    2
  )
}

/** The one that was looked at longest ago says how old the whole is. */
const index = (page: Page, { index: roots }: StorageStatus): ReadonlyArray<string> => {
  if (roots.length === 0) return ["  nothing is indexed yet: media-pipeline index"]
  const never = roots.find(({ completeAt }) => completeAt === null)
  const oldest = Math.min(...roots.map(({ completeAt }) => completeAt ?? page.now))
  const files = roots.reduce((sum, root) => sum + root.files, 0)
  const size = roots.reduce((sum, root) => sum + root.bytes, 0)
  const age =
    never === undefined
      ? `complete ${relative(oldest, page.now)}`
      : `${display(never.root)} was never read as a whole: media-pipeline index says why`
  return note(page, `hash cache: ${count(files, "file")}, ${bytes(size)}, ${age}`, 2)
}

export const storage = (status: StorageStatus | null, page: Page): ReadonlyArray<string> =>
  status === null
    ? []
    : [
        "",
        heading(page, status.relocates ? "Stash and pool" : "Hash cache"),
        ...places(page, status),
        ...underWay(page, status),
        ...quarantine(page, status),
        ...index(page, status)
      ]
