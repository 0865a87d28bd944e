import { stat, symlink } from "node:fs/promises"
import { Effect } from "effect"
import type { ArchiveSet } from "../../domain/archives.ts"
import { basename, join, toBytes } from "../../platform/BytePath.ts"
import { Damaged, Unsupported, VolumesMissing } from "../Archive.ts"
import type { Target } from "./Extractor.ts"
import { io } from "./io.ts"
import { readRarFacts } from "./RarVolumes.ts"

/** What the links are called but for their numbering. */
export const linkStem = "volume"

/**
 * Names by which the programs find the volumes, in order. Real names may hold anything (a leading dash, bytes that are
 * no text); a program must neither parse nor re-encode them. RAR 5 sets under old names are given new ones, as unar
 * does not find their volumes otherwise.
 */
export const linkNames = (set: ArchiveSet, partNaming: boolean): ReadonlyArray<string> => {
  const count = set.volumes.length
  const width = Math.max(2, String(count).length)
  if (set.numbering === "single") return [`${linkStem}${set.extension}`]
  return set.volumes.map((_, index) => {
    if (set.numbering === "digits") return `${linkStem}${set.extension}.${String(index + 1).padStart(3, "0")}`
    if (set.numbering === "z")
      return index === count - 1 ? `${linkStem}.zip` : `${linkStem}.z${String(index + 1).padStart(2, "0")}`
    if (partNaming) return `${linkStem}.part${String(index + 1).padStart(width, "0")}.rar`
    const letter = String.fromCharCode("r".charCodeAt(0) + Math.floor((index - 1) / 100))
    return index === 0 ? `${linkStem}.rar` : `${linkStem}.${letter}${String((index - 1) % 100).padStart(2, "0")}`
  })
}

export interface Prepared {
  readonly target: Target
  /** Bytes of all volumes. */
  readonly packedBytes: number
}

const follower = (set: ArchiveSet) => `the one after ${basename(set.volumes.at(-1) ?? set.first)}`

/** Checks the volumes by their headers and links them into `directory`, which exists and is empty. */
export const prepare = Effect.fnUntraced(function* (root: string, set: ArchiveSet, directory: string) {
  if (set.missing.length > 0) return yield* new VolumesMissing({ missing: set.missing.map(basename) })
  const volumes = set.volumes.map((volume) => toBytes(join(root, volume)))
  let packedBytes = 0
  for (const [index, volume] of volumes.entries()) {
    const stats = yield* io(`reading ${set.volumes[index]}`, () => stat(volume))
    // Opening a FIFO would wait for a writer for ever.
    if (!stats.isFile()) return yield* new Unsupported({ detail: `${set.volumes[index]} is not a regular file` })
    packedBytes += stats.size
  }
  let partNaming = set.numbering === "part"
  if (set.format === "rar") {
    const facts = yield* io("reading the volumes' headers", () => readRarFacts(volumes))
    const bare = facts.headless.map((index) => basename(set.volumes[index] ?? ""))
    if (bare.length > 0)
      return yield* new Damaged({
        detail: `no RAR header in ${bare.slice(0, 4).join(", ")} (zero-filled, or not yet there)`
      })
    if (facts.startsLate) return yield* new VolumesMissing({ missing: [`the one before ${basename(set.first)}`] })
    if (facts.endsEarly) return yield* new VolumesMissing({ missing: [follower(set)] })
    if (facts.version !== undefined && set.volumes.length > 1) partNaming = facts.partNaming
  }
  const names = linkNames(set, partNaming)
  for (const [index, name] of names.entries()) {
    const volume = volumes[index]
    if (volume !== undefined) yield* io("linking a volume", () => symlink(volume, toBytes(join(directory, name))))
  }
  const opened = names[set.volumes.indexOf(set.first)] ?? names[0] ?? linkStem
  const target: Target = {
    path: join(directory, opened),
    compressedTar: set.format === "tar" && set.extension !== ".tar",
    realNames: new Map(names.map((name, index) => [name, basename(set.volumes[index] ?? "")]))
  }
  return { target, packedBytes } satisfies Prepared
})
