import { createHash } from "node:crypto"
import { basename, dirname, join } from "../platform/BytePath.ts"
import type { ArchiveEntry, ArchiveFile, ExtractorName } from "./archives.ts"

/** A listing that declares more members than this is not extracted. */
export const maxEntries = 100_000

/**
 * Declared bytes above which the ratio to the packed bytes matters, and the highest ratio then believed. Films do not
 * compress at all; text rarely beats 50. A bomb declares thousands.
 */
export const bombFloorBytes = 4 * 1024 ** 3
export const bombRatio = 250

/** What an extractor may write, in bytes, when its archive declares `declared`: tables and rounding are not attacks. */
export const allowedBytes = (declared: number): number => Math.ceil(declared * 1.02) + 16 * 1024 ** 2

/**
 * The rule of `auto`: the extractors in the order in which to try them. 7-Zip is several times faster and stops at a lying header; its free
 * builds lack RAR's compression, and it leaves names in an old encoding as raw bytes, where unar decodes them.
 */
export const extractorOrder = (
  entries: ReadonlyArray<ArchiveEntry>,
  isZip: boolean
): readonly [ExtractorName, ExtractorName] =>
  entries.some((entry) => entry.rarCompressed || (isZip && !entry.path.isWellFormed()))
    ? ["unar", "7zz"]
    : ["7zz", "unar"]

/** Where an extractor puts a member: no leading slash, no empty, `.` or `..` component; line breaks shown as `_`. */
const landing = (path: string): string =>
  path
    .split("/")
    .filter((component) => component !== "" && component !== "." && component !== "..")
    .join("/")
    .replaceAll(/[\r\n]/g, "_")

/** Members that cannot all be kept: one name twice, or a file where another member needs a directory. */
export const collisions = (entries: ReadonlyArray<ArchiveEntry>): ReadonlyArray<string> => {
  const files = new Set<string>()
  const colliding = new Set<string>()
  const paths = entries.filter((entry) => entry.kind === "file").map((entry) => landing(entry.path))
  for (const path of paths) {
    // A listing shows a line break as `_`: such names may differ after all, and the comparison afterwards decides.
    if (files.has(path) && !path.includes("_")) colliding.add(path)
    files.add(path)
  }
  for (const path of paths) {
    for (let at = dirname(path); at !== ""; at = dirname(at)) if (files.has(at)) colliding.add(at)
  }
  return [...colliding]
}

export interface Matched {
  readonly file: ArchiveFile
  readonly entry: ArchiveEntry
}

export interface Verdict {
  /** Regular members that came out with their declared size. */
  readonly kept: ReadonlyArray<Matched>
  /** Members declared and not found, or found with another size. */
  readonly wanting: ReadonlyArray<string>
  /** Files that nothing in the listing explains. */
  readonly unexplained: ReadonlyArray<string>
}

/**
 * Compares what came out with what was declared. A name that the extractor had to change (another encoding, `..`,
 * a backslash) is matched by its size, one to one. Placeholders for links, FIFOs and devices are not kept.
 */
export const judgeOutput = (entries: ReadonlyArray<ArchiveEntry>, files: ReadonlyArray<ArchiveFile>): Verdict => {
  const kept: Array<Matched> = []
  const left = Map.groupBy(files, (file) => landing(file.path))
  const take = (from: Map<string, Array<ArchiveFile>>, key: string, fits: (file: ArchiveFile) => boolean) => {
    const at = from.get(key)?.findIndex(fits) ?? -1
    return at < 0 ? undefined : from.get(key)?.splice(at, 1)[0]
  }
  const unmatched: Array<ArchiveEntry> = []
  for (const entry of entries) {
    if (entry.kind !== "file") continue
    const file = take(left, landing(entry.path), ({ size }) => entry.size === undefined || size === entry.size)
    if (file === undefined) unmatched.push(entry)
    else kept.push({ file, entry })
  }
  for (const entry of entries) {
    if (entry.kind !== "file" && entry.kind !== "directory") take(left, landing(entry.path), () => true)
  }
  const renamed = Map.groupBy([...left.values()].flat(), ({ size }) => String(size))
  const wanting: Array<string> = []
  for (const entry of unmatched) {
    const file = take(renamed, String(entry.size), ({ path }) => path !== entry.path)
    if (file === undefined) wanting.push(entry.path)
    else kept.push({ file, entry })
  }
  return { kept, wanting, unexplained: [...renamed.values()].flat().map((file) => file.path) }
}

const ancestors = (path: string): ReadonlyArray<string> => {
  const above = dirname(path)
  return above === "" ? [] : [above, ...ancestors(above)]
}

/** Paths that are taken, with every directory above them. */
export class Taken {
  readonly #files = new Set<string>()
  readonly #directories = new Set<string>()

  constructor(paths: Iterable<string>) {
    for (const path of paths) this.add(path)
  }

  add(path: string): void {
    this.#files.add(path)
    for (const directory of ancestors(path)) this.#directories.add(directory)
  }

  remove(path: string): void {
    this.#files.delete(path)
  }

  admits(path: string): boolean {
    return (
      !this.#files.has(path) &&
      !this.#directories.has(path) &&
      ancestors(path).every((directory) => !this.#files.has(directory))
    )
  }
}

/** The directory for a set's members: beside its volumes, or in a subfolder named after it if any name is taken. */
export const placement = (
  taken: Taken,
  directory: string,
  name: string,
  members: ReadonlyArray<ArchiveFile>
): string => {
  const own = name === "." || name === ".." ? "archive" : name
  for (let attempt = 0; ; attempt++) {
    const folder = attempt === 0 ? "" : attempt === 1 ? own : `${own} (${attempt})`
    // A name above the directory itself may be taken: then no folder in it will do, but one at the top will.
    const place = folder === "" ? directory : attempt < 100 ? join(directory, folder) : folder
    if (members.every((member) => taken.admits(join(place, member.path)))) return place
  }
}

/**
 * Where the tree for `into` is put together: `into` with `.partial`, on the same filesystem. A name that programs with
 * their own idea of text might alter is replaced by its digest.
 */
export const stagingPath = (into: string): string => {
  const name = basename(into)
  const plain = /^[\w.,+()[\]& -]{1,200}$/.test(name) && !name.endsWith(".partial")
  return join(dirname(into), `${plain ? name : createHash("sha1").update(name, "utf16le").digest("hex")}.partial`)
}
