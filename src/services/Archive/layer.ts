import { lstat, mkdir, rename } from "node:fs/promises"
import { Effect, Layer, Semaphore } from "effect"
import { placement, stagingPath, Taken } from "../../domain/archiveJudgement.ts"
import { type ArchiveFile, type ArchiveSet, archiveSets, type ExtractorChoice } from "../../domain/archives.ts"
import { dirname, join, toBytes } from "../../platform/BytePath.ts"
import {
  Archive,
  ArchiveError,
  ArchiveIo,
  type Dropped,
  type Extraction,
  type ExtractRequest,
  NoSpace,
  type Unpacked
} from "../Archive.ts"
import type { Reason } from "./Extractor.ts"
import { freeBytes } from "./Guard.ts"
import { io } from "./io.ts"
import { readPasswords } from "./Passwords.ts"
import type { Environment } from "./Programs.ts"
import * as SevenZip from "./SevenZip.ts"
import { move } from "./Tree.ts"
import * as Unar from "./Unar.ts"
import { unpack, type Workshop } from "./Unpack.ts"
import * as Unrar from "./Unrar.ts"

export interface ArchiveOptions {
  readonly extractor: ExtractorChoice
  readonly passwordsFile?: string | undefined
  /** Bytes that stay free on the disk of the extracted trees. */
  readonly reserveBytes: number
  /** 1 opens the item's own archives, 2 also those inside them, and so on. */
  readonly depth: number
  /** Removes a directory that we made: staging, or a failed attempt in it. The deletion gate's, in the product. */
  readonly discard: (directory: string) => Effect.Effect<void, { readonly message: string }>
  /** Names or paths of the programs, where they are not called 7zz, unar, lsar and unrar. */
  readonly programs?: {
    readonly "7zz"?: string
    readonly unar?: string
    readonly lsar?: string
    readonly unrar?: string
  }
  /** The only variables that the programs see. */
  readonly environment: Environment
}

const exists = (path: string) =>
  io("looking for staging", () =>
    lstat(toBytes(path)).then(
      () => true,
      () => false
    )
  )

const workshopOf = (options: ArchiveOptions): Workshop => {
  const { environment, programs = {} } = options
  const sevenZip = SevenZip.make(programs["7zz"] ?? "7zz", environment)
  const unar = Unar.make({ unar: programs.unar ?? "unar", lsar: programs.lsar ?? "lsar" }, environment)
  const lister: typeof unar.list = (target, password) =>
    sevenZip
      .list(target, password)
      .pipe(Effect.catchTag(["Unsupported", "ProgramMissing"], () => unar.list(target, password)))
  return {
    choice: options.extractor,
    extractors: { "7zz": sevenZip, unar, unrar: Unrar.make(programs.unrar ?? "unrar", lister, environment) },
    passwords: readPasswords(options.passwordsFile),
    reserveBytes: options.reserveBytes,
    discard: (directory) =>
      Effect.mapError(
        options.discard(directory),
        (cause) => new ArchiveIo({ operation: `removing ${directory}`, cause })
      )
  }
}

/** The state of one request: the tree that grows in staging, and what is told of it in the end. */
interface Growth {
  readonly taken: Taken
  readonly origins: Map<string, string>
  readonly files: Map<string, ArchiveFile>
  readonly unpacked: Array<Unpacked>
  readonly failures: Array<ArchiveError>
  readonly dropped: Array<Dropped>
}

const extractWith = (workshop: Workshop, depth: number) =>
  Effect.fnUntraced(function* (request: ExtractRequest, staging: string): Effect.fn.Return<Extraction, Reason> {
    const tree = join(staging, "tree")
    const spent = join(staging, "spent")
    yield* io("making the staging directory", () => mkdir(toBytes(dirname(staging)), { recursive: true, mode: 0o755 }))
    yield* io("making the staging directory", () => mkdir(toBytes(staging), { mode: 0o700 }))
    yield* io("making the staging directory", () => mkdir(toBytes(tree), { mode: 0o755 }))
    const growth: Growth = {
      taken: new Taken(request.originals),
      origins: new Map(),
      files: new Map(),
      unpacked: [],
      failures: [],
      dropped: []
    }

    /** Unpacks one set and moves what it held into the tree; a failure is noted. Gives the paths that are new there. */
    const add = Effect.fnUntraced(function* (root: string, set: ArchiveSet, label: string) {
      const result = yield* Effect.result(unpack(workshop, root, set, staging))
      if (result._tag === "Failure") {
        const reason = yield* measured(result.failure, staging, workshop.reserveBytes)
        growth.failures.push(new ArchiveError({ archive: label, reason }))
        return []
      }
      const { dropped, extractor, files, raw } = result.success
      const placed = placement(growth.taken, set.directory, set.name, files)
      for (const { from, path, size } of files) {
        const target = join(placed, path)
        yield* io("moving what came out", () => move(join(raw, from), join(tree, target)))
        growth.taken.add(target)
        growth.origins.set(target, label)
        growth.files.set(target, { path: target, size })
      }
      yield* workshop.discard(raw)
      growth.dropped.push(...dropped.map((entry) => ({ ...entry, path: join(placed, entry.path) })))
      const bytes = files.reduce((sum, { size }) => sum + size, 0)
      growth.unpacked.push({ archive: label, extractor, placed, files: files.length, bytes })
      return files.map(({ path }) => join(placed, path))
    })

    let fresh: Array<string> = []
    for (const set of request.sets) fresh.push(...(yield* add(request.root, set, set.first)))
    for (let level = 2; level <= depth && fresh.length > 0; level++) {
      const inner: Array<string> = []
      for (const set of archiveSets(fresh)) {
        const before = growth.failures.length
        const label = join(growth.origins.get(set.first) ?? "", set.first)
        inner.push(...(yield* add(tree, set, label)))
        if (growth.failures.length > before) continue
        // What they held is in the tree now; they go with the staging directory.
        for (const volume of set.volumes) {
          yield* io("setting a nested archive aside", () => move(join(tree, volume), join(spent, volume)))
          growth.files.delete(volume)
          growth.taken.remove(volume)
        }
      }
      fresh = inner
    }
    const files = [...growth.files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
    if (files.length > 0)
      yield* io("putting the extracted tree in place", () => rename(toBytes(tree), toBytes(request.into)))
    return { files, unpacked: growth.unpacked, failures: growth.failures, dropped: growth.dropped }
  })

/** A program or the kernel only says that the disk is full. */
const measured = (reason: Reason, staging: string, reserveBytes: number) =>
  reason._tag === "NoSpace" && reason.freeBytes === 0
    ? Effect.match(freeBytes(staging), {
        onFailure: () => reason,
        onSuccess: (free) => new NoSpace({ neededBytes: reason.neededBytes, freeBytes: free, reserveBytes })
      })
    : Effect.succeed(reason)

/** Archives by 7-Zip, unar and unrar as child processes. One request at a time: the space guard counts on it. */
export const layer = (options: ArchiveOptions): Layer.Layer<Archive> =>
  Layer.effect(
    Archive,
    Effect.gen(function* () {
      const turn = yield* Semaphore.make(1)
      const workshop = workshopOf(options)
      const run = extractWith(workshop, options.depth)
      return Archive.of({
        extract: Effect.fn("Archive.extract")(
          function* (request) {
            const staging = stagingPath(request.into)
            const clear = Effect.flatMap(exists(staging), (there) => (there ? workshop.discard(staging) : Effect.void))
            yield* clear
            return yield* Effect.onExit(run(request, staging), () => Effect.ignore(clear, { log: "Warn" }))
          },
          (effect, request) =>
            Effect.mapError(effect, (reason) => new ArchiveError({ archive: request.sets[0]?.first ?? "", reason })),
          turn.withPermit
        )
      })
    })
  )
