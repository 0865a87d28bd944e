import { randomUUID } from "node:crypto"
import { mkdir } from "node:fs/promises"
import { Effect, Redacted } from "effect"
import {
  bombFloorBytes,
  bombRatio,
  collisions,
  extractorOrder,
  judgeOutput,
  maxEntries
} from "../../domain/archiveJudgement.ts"
import type { ArchiveEntry, ArchiveFile, ArchiveSet, ExtractorChoice, ExtractorName } from "../../domain/archives.ts"
import { display, join, toBytes } from "../../platform/BytePath.ts"
import {
  Bomb,
  Damaged,
  type Dropped,
  NamesCollide,
  NothingInside,
  PasswordNeeded,
  ProgramMissing,
  Unsupported
} from "../Archive.ts"
import type { Extractor, Reason } from "./Extractor.ts"
import { ensureRoom, watchdog } from "./Guard.ts"
import { io } from "./io.ts"
import { crcOf, survey } from "./Tree.ts"
import { linkStem, prepare } from "./Volumes.ts"

export interface Workshop {
  readonly choice: ExtractorChoice
  readonly extractors: Readonly<Record<ExtractorName, Extractor>>
  readonly passwords: Effect.Effect<ReadonlyArray<Redacted.Redacted>, Reason>
  readonly reserveBytes: number
  readonly discard: (directory: string) => Effect.Effect<void, Reason>
}

/** A member below `raw` at `from`, which is to be called `path`. Size in bytes. */
export interface Member extends ArchiveFile {
  readonly from: string
}

export interface Yield {
  readonly extractor: ExtractorName
  /** Directory in which the members are, still among what is not kept. */
  readonly raw: string
  readonly files: ReadonlyArray<Member>
  readonly dropped: ReadonlyArray<Dropped>
}

/** Never the same name twice: an extractor that outlived a killed run must not write into this one's directory. */
const fresh = Effect.fnUntraced(function* (staging: string, prefix: string) {
  const path = join(staging, `${prefix}-${randomUUID()}`)
  yield* io("making a staging directory", () => mkdir(toBytes(path), { mode: 0o700 }))
  return path
})

/** Tries without a password, then with each, until one is not refused. */
const unlocking = Effect.fnUntraced(function* <A>(
  passwords: Workshop["passwords"],
  encrypted: boolean,
  use: (password: string | undefined) => Effect.Effect<A, Reason>
) {
  if (!encrypted) {
    const open = yield* Effect.result(use(undefined))
    if (open._tag === "Success") return { value: open.success, password: undefined }
    if (open.failure._tag !== "PasswordNeeded") return yield* Effect.fail(open.failure)
  }
  const known = yield* passwords
  for (const password of known) {
    const open = yield* Effect.result(use(Redacted.value(password)))
    if (open._tag === "Success") return { value: open.success, password: Redacted.value(password) }
    // A wrong password and damaged data look alike once an archive is encrypted.
    if (open.failure._tag !== "PasswordNeeded" && open.failure._tag !== "Damaged")
      return yield* Effect.fail(open.failure)
  }
  return yield* new PasswordNeeded({ tried: known.length })
})

const admit = Effect.fnUntraced(function* (
  entries: ReadonlyArray<ArchiveEntry>,
  packedBytes: number,
  staging: string,
  reserveBytes: number
) {
  if (entries.length > maxEntries) return yield* new Unsupported({ detail: `it holds more than ${maxEntries} members` })
  const names = collisions(entries)
  if (names.length > 0) return yield* new NamesCollide({ names: names.slice(0, 20) })
  const files = entries.filter(({ kind }) => kind === "file")
  if (files.length === 0) return yield* new NothingInside()
  const declared = files.reduce((sum, { size }) => sum + (size ?? 0), 0)
  const believable = Math.max(bombFloorBytes, packedBytes * bombRatio)
  if (declared > believable)
    return yield* new Bomb({
      detail: "it declares far more than so few packed bytes can hold",
      allowedBytes: believable,
      seenBytes: declared
    })
  yield* ensureRoom(staging, declared, reserveBytes)
  return files.some(({ size }) => size === undefined) ? undefined : declared
})

/** Holds what came out against the listing; 7-Zip has compared the checksums itself, the others are not believed. */
const inspect = Effect.fnUntraced(function* (
  entries: ReadonlyArray<ArchiveEntry>,
  raw: string,
  extractor: ExtractorName
) {
  const found = yield* io("looking at what came out", () => survey(raw))
  const verdict = judgeOutput(entries, found.files)
  const [wanting] = verdict.wanting
  if (wanting !== undefined)
    return yield* new Damaged({
      detail: `${display(wanting)}${verdict.wanting.length > 1 ? ` and ${verdict.wanting.length - 1} more` : ""} did not come out as declared`
    })
  const [unexplained] = verdict.unexplained
  if (unexplained !== undefined)
    return yield* new Damaged({ detail: `${display(unexplained)} came out, though it is not in the listing` })
  if (extractor !== "7zz") {
    for (const { entry, file } of verdict.kept) {
      if (entry.crc32 === undefined || entry.encrypted) continue
      const crc = yield* io("checking what came out", () => crcOf(join(raw, file.path)))
      if (crc !== entry.crc32) return yield* new Damaged({ detail: `${display(file.path)} has a wrong checksum` })
    }
  }
  const special = entries.flatMap(({ kind, path }) => (kind === "file" || kind === "directory" ? [] : [{ path, kind }]))
  const declared = new Set(special.map(({ path }) => path))
  return {
    files: verdict.kept.map(({ file }) => file),
    dropped: [...special, ...found.dropped.filter(({ path }) => !declared.has(path))]
  }
})

/** What another program may do better; what is wrong with the archive is wrong for all. */
const isElsewhere = (reason: Reason) => reason._tag === "Unsupported" || reason._tag === "ProgramMissing"

const summary = (reasons: ReadonlyArray<Reason>): Reason => {
  const programs = reasons.flatMap((reason) => (reason._tag === "ProgramMissing" ? reason.programs : []))
  if (programs.length > 0) return new ProgramMissing({ programs: [...new Set(programs)] })
  return reasons.at(-1) ?? new Unsupported({ detail: "there is no extractor for it" })
}

/** A file that was only cut in pieces comes out under the name of its link. */
const named = (files: ReadonlyArray<ArchiveFile>, set: ArchiveSet): ReadonlyArray<Member> =>
  files.map(({ path, size }) => {
    const joined = set.numbering === "digits" && set.extension === "" && files.length === 1 && path === linkStem
    return { from: path, path: joined ? set.name : path, size }
  })

/** Unpacks one set into a directory of its own below `staging`. What a failed attempt wrote is discarded at once. */
export const unpack = Effect.fnUntraced(function* (
  workshop: Workshop,
  root: string,
  set: ArchiveSet,
  staging: string
): Effect.fn.Return<Yield, Reason> {
  const { target, packedBytes } = yield* prepare(root, set, yield* fresh(staging, "volumes"))

  const list = Effect.fnUntraced(function* (name: ExtractorName) {
    const { value, password } = yield* unlocking(workshop.passwords, false, (secret) =>
      workshop.extractors[name].list(target, secret)
    )
    return { name, entries: value, password }
  })
  type Listed = Effect.Success<ReturnType<typeof list>>

  const attempt = Effect.fnUntraced(function* ({ entries, name, password }: Listed) {
    const declared = yield* admit(entries, packedBytes, staging, workshop.reserveBytes)
    const once = Effect.fnUntraced(function* (secret: string | undefined) {
      const raw = yield* fresh(staging, "raw")
      const work = workshop.extractors[name].extract(target, raw, entries, secret)
      return yield* Effect.raceFirst(work, watchdog(raw, declared, workshop.reserveBytes)).pipe(
        Effect.andThen(inspect(entries, raw, name)),
        Effect.map((kept) => ({ ...kept, raw, extractor: name })),
        Effect.tapError(() => workshop.discard(raw))
      )
    })
    if (password !== undefined) return yield* once(password)
    const encrypted = entries.some((entry) => entry.encrypted)
    return (yield* unlocking(workshop.passwords, encrypted, once)).value
  })

  const reasons: Array<Reason> = []
  let listed: Listed | undefined
  let order: ReadonlyArray<ExtractorName> = [workshop.choice === "auto" ? "unar" : workshop.choice]
  if (workshop.choice === "auto") {
    const first = yield* Effect.result(list("7zz"))
    if (first._tag === "Success") {
      listed = first.success
      order = extractorOrder(listed.entries, set.format === "zip")
    } else if (isElsewhere(first.failure)) reasons.push(first.failure)
    else return yield* Effect.fail(first.failure)
  }
  for (const name of order) {
    const known = listed?.name === name ? Effect.succeed(listed) : list(name)
    const result = yield* Effect.result(Effect.flatMap(known, attempt))
    if (result._tag === "Success") return { ...result.success, files: named(result.success.files, set) }
    if (!isElsewhere(result.failure)) return yield* Effect.fail(result.failure)
    reasons.push(result.failure)
  }
  return yield* Effect.fail(summary(reasons))
})
