import { basename, dirname, join } from "../platform/BytePath.ts"

/** Program that reads an archive. */
export type ExtractorName = "7zz" | "unar" | "unrar"

/** `auto` is the rule that picks one of them for each archive. */
export type ExtractorChoice = "auto" | ExtractorName

export type ArchiveFormat = "rar" | "zip" | "7z" | "tar" | "split"

/** Files that together are one archive. Paths are relative to the item, in BytePath form. */
export interface ArchiveSet {
  readonly format: ArchiveFormat
  /** How the volumes are numbered: `.partNN.rar`, `.rar/.r00`, `.z01/.zip`, `.001`; or one file. */
  readonly numbering: "single" | "part" | "old" | "z" | "digits"
  /** Directory of the volumes, "" for the item itself. */
  readonly directory: string
  /** What it is called without numbering and extension: the subfolder's name when members collide. */
  readonly name: string
  /** Extension below the numbering, lower case and with its dot: `.rar`, `.tar.gz`; for `.001` sets may be "". */
  readonly extension: string
  /** The volumes in order. */
  readonly volumes: ReadonlyArray<string>
  /** The volume to open: the first, but for `.z01 … .zip` the `.zip`, which is the last. */
  readonly first: string
  /** Paths that the numbering shows to be absent, at most 100. A missing tail cannot be seen from names. */
  readonly missing: ReadonlyArray<string>
}

export type EntryKind = "file" | "directory" | "symlink" | "hardlink" | "fifo" | "device" | "other"

/** One member as the archive's listing declares it. */
export interface ArchiveEntry {
  readonly path: string
  readonly kind: EntryKind
  /** Bytes unpacked; undefined where the format does not say. */
  readonly size: number | undefined
  readonly crc32: number | undefined
  readonly encrypted: boolean
  /** Compressed by a method of RAR's own, which free builds of 7-Zip lack. */
  readonly rarCompressed: boolean
  /** Position in the archive as the extractor counts. */
  readonly index: number
}

/** A regular file that came out. Path relative to the extracted tree, size in bytes. */
export interface ArchiveFile {
  readonly path: string
  readonly size: number
}

/** Compressed tars, each a stream around a tar. */
const tarExtensions: Readonly<Record<string, string>> = {
  ".tgz": ".tar.gz",
  ".tpz": ".tar.gz",
  ".tbz": ".tar.bz2",
  ".tbz2": ".tar.bz2",
  ".txz": ".tar.xz",
  ".tzst": ".tar.zst",
  ".tlz": ".tar.lzma"
}

const single =
  /^(.+?)(\.tar\.(?:gz|bz2|xz|zst|lzma|z)|\.tgz|\.tpz|\.tbz2?|\.txz|\.tzst|\.tlz|\.tar|\.zip|\.7z|\.rar)$/is
const part = /^(.+)\.part(\d{1,5})\.rar$/is
const oldRar = /^(.+)\.([r-y])(\d{2,3})$/is
const zPart = /^(.+)\.z(\d{2,3})$/is
const digits = /^(.+)\.(\d{3,5})$/s

const formatOf = (extension: string): ArchiveFormat =>
  extension === ".zip" ? "zip" : extension === ".7z" ? "7z" : extension === ".rar" ? "rar" : "tar"

const withoutExtension = (name: string): { readonly stem: string; readonly extension: string } => {
  const match = single.exec(name)
  const extension = match?.[2]?.toLowerCase() ?? ""
  return { stem: match?.[1] ?? name, extension: tarExtensions[extension] ?? extension }
}

interface Numbered {
  readonly path: string
  readonly number: number
  readonly digits: string
}

interface Volume extends Numbered {
  readonly numbering: "part" | "old" | "z" | "digits"
  readonly stem: string
}

interface Group {
  readonly numbering: Volume["numbering"]
  readonly directory: string
  readonly stem: string
  readonly members: ReadonlyArray<Numbered>
}

const volumeOf = (path: string): Volume | undefined => {
  const name = basename(path)
  const numbered = (numbering: Volume["numbering"], stem: string, text: string, offset = 0) => ({
    numbering,
    stem,
    path,
    digits: text,
    number: Number(text) + offset
  })
  const asPart = part.exec(name)
  if (asPart !== null) return numbered("part", asPart[1] ?? "", asPart[2] ?? "")
  const asOld = oldRar.exec(name)
  if (asOld !== null) {
    const letter = (asOld[2] ?? "r").toLowerCase().charCodeAt(0) - "r".charCodeAt(0)
    return numbered("old", asOld[1] ?? "", asOld[3] ?? "", letter * 100 + 1)
  }
  const asZ = zPart.exec(name)
  if (asZ !== null) return numbered("z", asZ[1] ?? "", asZ[2] ?? "")
  const asDigits = digits.exec(name)
  return asDigits === null ? undefined : numbered("digits", asDigits[1] ?? "", asDigits[2] ?? "")
}

const absent = (group: Group, from: number, to: number): ReadonlyArray<string> => {
  const present = new Set(group.members.map((member) => member.number))
  const width = Math.min(...group.members.map((member) => member.digits.length))
  const nameOf = (number: number) => {
    if (group.numbering === "part") return `${group.stem}.part${String(number).padStart(width, "0")}.rar`
    if (group.numbering === "z") return `${group.stem}.z${String(number).padStart(width, "0")}`
    if (group.numbering === "digits") return `${group.stem}.${String(number).padStart(width, "0")}`
    const letter = String.fromCharCode("r".charCodeAt(0) + Math.floor((number - 1) / 100))
    return `${group.stem}.${letter}${String((number - 1) % 100).padStart(width, "0")}`
  }
  const missing: Array<string> = []
  for (let number = from; number <= to && missing.length < 100; number++)
    if (!present.has(number)) missing.push(join(group.directory, nameOf(number)))
  return missing
}

/** A numbered group with its base file (`.rar`, `.zip`), if that is there, makes a set or is no archive at all. */
const setOf = (group: Group, base: string | undefined): ArchiveSet | undefined => {
  const members = group.members.toSorted((a, b) => a.number - b.number)
  const numbers = members.map((member) => member.number)
  const lowest = numbers[0] ?? 0
  const highest = numbers.at(-1) ?? 0
  const paths = members.map((member) => member.path)
  const { directory, numbering, stem } = group
  switch (numbering) {
    case "part": {
      const missing = absent(group, Math.min(lowest, 1), highest)
      return {
        format: "rar",
        numbering,
        directory,
        name: stem,
        extension: ".rar",
        volumes: paths,
        first: paths[0] ?? "",
        missing
      }
    }
    case "old": {
      // `.x264` and `.s01` look like volumes too: only a `.rar`, or two or more of `.r00`, `.r01` …, make them so.
      if (base === undefined && (members.length < 2 || highest > 100)) return undefined
      const volumes = base === undefined ? paths : [base, ...paths]
      const missing = [...(base === undefined ? [join(directory, `${stem}.rar`)] : []), ...absent(group, 1, highest)]
      return {
        format: "rar",
        numbering,
        directory,
        name: stem,
        extension: ".rar",
        volumes,
        first: volumes[0] ?? "",
        missing
      }
    }
    case "z": {
      if (base === undefined && lowest !== 1) return undefined
      const volumes = base === undefined ? paths : [...paths, base]
      const missing = [...absent(group, 1, highest), ...(base === undefined ? [join(directory, `${stem}.zip`)] : [])]
      return {
        format: "zip",
        numbering,
        directory,
        name: stem,
        extension: ".zip",
        volumes,
        first: volumes.at(-1) ?? "",
        missing
      }
    }
    case "digits": {
      const inner = withoutExtension(stem)
      if (inner.extension === "" && (lowest !== 1 || members.length < 2)) return undefined
      const missing = absent(group, Math.min(lowest, 1), highest)
      return {
        format: inner.extension.startsWith(".tar") ? "tar" : "split",
        numbering,
        directory,
        name: inner.extension === "" ? stem : inner.stem,
        extension: inner.extension,
        volumes: paths,
        first: paths[0] ?? "",
        missing
      }
    }
  }
}

const shape = (member: Numbered) => {
  const name = basename(member.path)
  const at = name.lastIndexOf(member.digits)
  return `${name.slice(0, at)}#${member.digits.length}${name.slice(at + member.digits.length)}`
}

/** Volumes belong together whatever their case, unless two then have one number: then each spelling is its own set. */
const grouped = (members: ReadonlyArray<Volume>): ReadonlyArray<Group> => {
  const folded = Map.groupBy(members, (volume) =>
    [volume.numbering, dirname(volume.path), volume.stem.toLowerCase()].join("\0")
  )
  return [...folded.values()].flatMap((volumes) => {
    const distinct = new Set(volumes.map((volume) => volume.number)).size === volumes.length
    const parts = distinct ? [volumes] : [...Map.groupBy(volumes, shape).values()]
    return parts.flatMap((members) => {
      const [first] = members
      if (first === undefined) return []
      return [{ numbering: first.numbering, directory: dirname(first.path), stem: first.stem, members }]
    })
  })
}

/**
 * The archives among an item's files, by their names alone and without regard to case. Each path is in at most one
 * set; sets come in the order of their first volume's path.
 */
export const archiveSets = (paths: ReadonlyArray<string>): ReadonlyArray<ArchiveSet> => {
  const volumes: Array<Volume> = []
  const bases = new Map<string, Array<string>>()
  const wholes: Array<string> = []
  for (const path of new Set(paths)) {
    const volume = volumeOf(path)
    if (volume !== undefined) volumes.push(volume)
    else if (single.test(basename(path))) {
      wholes.push(path)
      const folded = path.toLowerCase()
      bases.set(folded, [...(bases.get(folded) ?? []), path])
    }
  }
  const used = new Set<string>()
  const sets: Array<ArchiveSet> = []
  for (const group of grouped(volumes)) {
    const extension = group.numbering === "old" ? ".rar" : group.numbering === "z" ? ".zip" : undefined
    const wanted = extension === undefined ? "" : join(group.directory, group.stem + extension)
    const candidates = bases.get(wanted.toLowerCase())?.filter((path) => !used.has(path)) ?? []
    const base = candidates.find((path) => path === wanted) ?? candidates[0]
    const set = setOf(group, base)
    if (set === undefined) continue
    if (base !== undefined) used.add(base)
    sets.push(set)
  }
  for (const path of wholes) {
    if (used.has(path)) continue
    const { extension, stem } = withoutExtension(basename(path))
    const common = { numbering: "single", directory: dirname(path), name: stem, extension } as const
    sets.push({ ...common, format: formatOf(extension), volumes: [path], first: path, missing: [] })
  }
  return sets.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
}
