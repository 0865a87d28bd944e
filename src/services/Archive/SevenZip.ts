import { Effect } from "effect"
import type { ArchiveEntry, EntryKind } from "../../domain/archives.ts"
import { fromBytes, isText } from "../../platform/BytePath.ts"
import { Damaged, NoSpace, PasswordNeeded, Unsupported, VolumesMissing } from "../Archive.ts"
import type { Extractor, Reason, Target } from "./Extractor.ts"
import { type Environment, type Finished, type Invocation, run } from "./Programs.ts"

const listingBytes = 48 * 1024 ** 2
const messageBytes = 64 * 1024
/** Linux refuses command lines above 2 MiB; links in such numbers are no archive of media. */
const excludeBytes = 1024 ** 2

const linesOf = (output: Buffer): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(10, at)
    lines.push(fromBytes(output.subarray(at, end < 0 ? output.length : end)))
    at = end < 0 ? output.length : end + 1
  }
  return lines
}

const kinds: Readonly<Record<string, EntryKind>> = {
  "-": "file",
  d: "directory",
  l: "symlink",
  p: "fifo",
  c: "device",
  b: "device",
  s: "other"
}

const kindOf = (fields: ReadonlyMap<string, string>): EntryKind => {
  if (fields.get("Folder") === "+") return "directory"
  if ((fields.get("Symbolic Link") ?? "") !== "") return "symlink"
  if ((fields.get("Hard Link") ?? "") !== "" || (fields.get("Copy Link") ?? "") !== "") return "hardlink"
  const attributes = fields.get("Mode") ?? fields.get("Attributes") ?? ""
  const mode = /(?:^| )([-dlpcbs])[-rwxsStT]{9}$/.exec(attributes)?.[1]
  if (mode !== undefined) return kinds[mode] ?? "other"
  return /^[A-Z]*D/.test(attributes) ? "directory" : "file"
}

const entryOf = (fields: ReadonlyMap<string, string>, index: number): ArchiveEntry => {
  const size = fields.get("Size") ?? ""
  const crc = fields.get("CRC") ?? ""
  const method = fields.get("Method") ?? ""
  return {
    path: fields.get("Path") ?? "",
    kind: kindOf(fields),
    size: /^\d+$/.test(size) ? Number(size) : undefined,
    crc32: /^[0-9A-F]{8}$/i.test(crc) ? Number.parseInt(crc, 16) : undefined,
    encrypted: fields.get("Encrypted") === "+",
    // RAR names its methods m0 (stored) to m5.
    rarCompressed: /(?:^|:)m[1-5](?::|$)/.test(method),
    index
  }
}

/** Reads `7zz l -slt`. Its line breaks in names are shown as `_`, so a line is always a line. */
export const parseListing = (output: Buffer): ReadonlyArray<ArchiveEntry> => {
  const lines = linesOf(output)
  const start = lines.indexOf("----------")
  const entries: Array<ArchiveEntry> = []
  let fields = new Map<string, string>()
  const flush = () => {
    if (fields.size > 0) entries.push(entryOf(fields, entries.length))
    fields = new Map()
  }
  for (const line of start < 0 ? [] : lines.slice(start + 1)) {
    if (line === "") flush()
    else {
      const at = line.indexOf(" = ")
      const key = at < 0 ? line.replace(/ =$/, "") : line.slice(0, at)
      // A comment may go on over lines that look like fields: the first one counts.
      if (!fields.has(key) && (fields.size > 0 || key === "Path")) fields.set(key, at < 0 ? "" : line.slice(at + 3))
    }
  }
  flush()
  return entries
}

const detailOf = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /error|warning|unexpected|cannot|can't|there are|unsupported|is not/i.test(line))
    .filter((line) => !/^(Sub items |Archives with |Open )?(Errors|Warnings):/i.test(line))
    .slice(0, 3)
    .join("; ")

/** Undefined when nothing is missing; 7-Zip only knows the names of links, and makes up those of absent ones. */
const missingVolumes = (text: string, target: Target) => {
  const link = /Missing volume : (.+)/.exec(text)?.[1]?.trim()
  if (link === undefined) return undefined
  const real = target.realNames.get(link)
  return real === undefined ? [] : [real]
}

/** What 7-Zip says in words, as a reason. Its exit codes only tell a warning (1) from all the rest (2). */
const reasonOf = (finished: Finished, target: Target, password: string | undefined): Reason | undefined => {
  if (finished.code === 0 && finished.feederCode === 0) return undefined
  const text = `${finished.stderr}\n${finished.stdout.subarray(0, messageBytes).toString("utf8")}`
  const missing = missingVolumes(text, target)
  if (missing !== undefined) return new VolumesMissing({ missing })
  const asked = password === undefined && /Enter password|Break signaled/i.test(text)
  if (asked || /wrong password/i.test(text)) return new PasswordNeeded({ tried: password === undefined ? 0 : 1 })
  if (/No space left on device|errno=28\b/i.test(text))
    return new NoSpace({ neededBytes: 0, freeBytes: 0, reserveBytes: 0 })
  if (/Unsupported Method|Cannot open the file as archive|is not archive|Can not open the file as/i.test(text))
    return new Unsupported({ detail: detailOf(text) || "7-Zip does not know this format" })
  if (finished.code === 1) return new Unsupported({ detail: `7-Zip warns: ${detailOf(text)}` })
  return new Damaged({ detail: detailOf(text) || `7-Zip ended with ${finished.code ?? "a signal"}` })
}

const tarStream = (program: string, target: Target, password: string | undefined): Invocation => ({
  program,
  args: ["x", "-so", "-bd", "-spd", "--", target.path],
  stdin: password === undefined ? undefined : `${password}\n`,
  keep: 0
})

export const make = (program: string, environment: Environment): Extractor => {
  const invoke = (command: ReadonlyArray<string>, target: Target, password: string | undefined, keep: number) => {
    const stdin = password === undefined ? undefined : `${password}\n`
    return target.compressedTar
      ? run({ program, args: [...command, "-si", "-ttar"], keep }, environment, tarStream(program, target, password))
      : run({ program, args: [...command, "--", target.path], stdin, keep }, environment)
  }
  return {
    list: Effect.fnUntraced(function* (target, password) {
      const finished = yield* invoke(["l", "-slt", "-bd", "-spd"], target, password, listingBytes)
      const reason = reasonOf(finished, target, password)
      if (reason !== undefined) return yield* Effect.fail(reason)
      if (finished.overflow) return yield* new Unsupported({ detail: "its listing is too long" })
      return parseListing(finished.stdout)
    }),
    extract: Effect.fnUntraced(function* (target, into, entries, password) {
      // A name that no command line can carry is left in: the look at the tree afterwards drops what it became.
      const excluded = entries
        .filter(({ kind, path }) => kind !== "file" && kind !== "directory" && isText(path))
        .map(({ path }) => `-x!${path}`)
      if (excluded.reduce((sum, argument) => sum + Buffer.byteLength(argument) + 9, 0) > excludeBytes)
        return yield* new Unsupported({ detail: "it holds too many links" })
      const command = ["x", "-y", "-bd", "-bb0", "-spd", `-o${into}`, ...excluded]
      const reason = reasonOf(yield* invoke(command, target, password, messageBytes), target, password)
      if (reason !== undefined) return yield* Effect.fail(reason)
    })
  }
}
