import type { IndexedRoot, IndexReport } from "../domain/indexReport.ts"
import type { Grade } from "../domain/indexGrade.ts"
import { display } from "../platform/BytePath.ts"
import { bytes, count, duration } from "../platform/Text.ts"
import type { FoundDirectory, FoundFile, ShownDuplicates, ShownInode } from "../workflows/index-cache/find.ts"
import { note } from "./RenderUpload.ts"
import { type Colour, heading, type Page, paint, table } from "./Style.ts"
import { relative } from "./Times.ts"

const colours: Record<IndexedRoot["outcome"], Colour> = { complete: "green", incomplete: "yellow", aborted: "red" }

/** Lists that a screen holds; the rest is in --json. */
const most = 20

const some = <A>(page: Page, all: ReadonlyArray<A>, lines: (one: A) => ReadonlyArray<string>) => [
  ...all.slice(0, most).flatMap(lines),
  ...(all.length > most ? note(page, `and ${all.length - most} more (--json tells all)`, 4) : [])
]

const problems = (page: Page, all: IndexedRoot["problems"]) =>
  some(page, all, ({ path, why }) => note(page, paint(page, "red", `${display(path)}: ${why}`), 4))

const changes = ({ added, gone }: IndexedRoot): string =>
  [...(added > 0 ? [`${added} new`] : []), ...(gone > 0 ? [`${gone} gone`] : [])].join(", ") || "unchanged"

export const renderIndex = (report: IndexReport, page: Page): ReadonlyArray<string> => {
  const rows = table(
    page,
    [{}, { flexible: true }, { align: "right" }, { align: "right" }, {}],
    report.roots.map((root) => [
      { text: root.outcome, colour: colours[root.outcome] },
      display(root.start),
      root.outcome === "aborted" ? "" : count(root.files, "file"),
      root.outcome === "aborted" ? "" : bytes(root.bytes),
      root.outcome === "aborted" ? "" : changes(root)
    ])
  )
  const { read } = report
  const summary = [
    read.files === 0 ? "nothing had to be read" : `${count(read.files, "file")} read (${bytes(read.bytes)})`,
    ...(read.changed > 0 ? [`${read.changed} written to meanwhile, for the next run`] : []),
    ...(read.problems.length > 0 ? [`${read.problems.length} unreadable`] : [])
  ].join(", ")
  return [
    ...report.roots.flatMap((root, index) => [
      rows[index] ?? "",
      ...(root.why === null ? [] : note(page, paint(page, "red", `nothing was changed: ${root.why}`), 4)),
      ...problems(page, root.problems),
      ...(root.foreign.length === 0
        ? []
        : note(
            page,
            `not entered, as another filesystem is mounted there: ${root.foreign.slice(0, most).map(display).join(", ")}${root.foreign.length > most ? ", …" : ""}`,
            4
          ).map((line) => paint(page, "dim", line)))
    ]),
    ...problems(page, read.problems),
    ...(report.roots.length > 0 ? [""] : []),
    ...note(page, `${summary}, in ${duration(report.milliseconds)}`, 0)
  ]
}

const goodFor: Record<Grade, string> = {
  stable: "stable: untouched since it was read",
  suspect: "suspect: its ctime has moved since it was read, or it was too young; good for plans only",
  none: "not read"
}

const inodeLines = (page: Page, inode: ShownInode): ReadonlyArray<string> => [
  ...note(page, paint(page, "bold", `${bytes(inode.size)}, inode ${inode.ino} on ${inode.fsid}`), 0),
  ...note(page, inode.contentId ?? "no content id", 2),
  ...note(
    page,
    `${goodFor[inode.grade]}${inode.hashedAt === null ? "" : ` (read ${relative(inode.hashedAt, page.now)})`}`,
    2
  ),
  ...some(page, inode.names, ({ current, path }) =>
    note(page, `${display(path)}${current ? "" : " (not seen lately)"}`, 2)
  ),
  ...(inode.links > inode.names.length
    ? note(page, `and ${count(inode.links - inode.names.length, "name")} outside of the roots`, 2)
    : [])
]

export const renderFound = (found: FoundFile | FoundDirectory, page: Page): ReadonlyArray<string> => {
  if (found.kind === "file") return found.inodes.flatMap((inode) => inodeLines(page, inode))
  return [
    heading(page, `${display(found.target)}: ${count(found.files, "file")}, ${bytes(found.bytes)}`),
    ...(found.tree === null
      ? note(
          page,
          `no identity: ${found.unread > 0 ? `${count(found.unread, "file")} not read` : "it holds more than files, or was not read as a whole"}`,
          2
        )
      : [
          ...note(page, found.tree, 2),
          ...note(page, found.payload ?? "no payload: every file is empty", 2),
          ...note(page, goodFor[found.grade], 2)
        ])
  ]
}

export const renderDuplicates = (found: ShownDuplicates, page: Page): ReadonlyArray<string> => {
  const directories = (title: string, all: ShownDuplicates["trees"]) =>
    all.length === 0
      ? []
      : [
          heading(page, title),
          ...some(page, all, ({ files, grade, paths, wastedBytes }) => [
            ...note(
              page,
              `${bytes(wastedBytes)} in ${count(files, "file")}${grade === "suspect" ? ", suspect" : ""}`,
              2
            ),
            ...paths.flatMap((path) => note(page, display(path), 4))
          ]),
          ""
        ]
  if (found.contents.length === 0) return ["no duplicates among the files that were read"]
  return [
    ...directories("The same directory", found.trees),
    ...directories("The same contents in another layout", found.payloads),
    heading(page, "The same file"),
    ...some(page, found.contents, ({ grade, inodes, size, wastedBytes }) => [
      ...note(
        page,
        `${bytes(wastedBytes)}: ${inodes.length} × ${bytes(size)}${grade === "suspect" ? ", suspect" : ""}`,
        2
      ),
      ...inodes.flatMap(({ names }) => note(page, display(names[0]?.path ?? ""), 4))
    ]),
    "",
    `${bytes(found.wastedBytes)} in ${count(found.contents.length, "content")} that lies there more than once`
  ]
}
