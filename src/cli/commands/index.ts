import { Effect, Option } from "effect"
import { Argument, CliError, Command, Flag } from "effect/cli"
import { resolve } from "node:path"
import { type IndexReport, verdict } from "../../domain/indexReport.ts"
import { bytes, count } from "../../platform/Text.ts"
import { indexCache } from "../../workflows/index-cache.ts"
import { duplicates, find } from "../../workflows/index-cache/find.ts"
import { acting, recorded } from "../acting.ts"
import { show } from "../Output.ts"
import { renderDuplicates, renderFound, renderIndex } from "../RenderIndex.ts"
import { Ended, exitCodes } from "../Report.ts"
import { configured } from "../root.ts"
import { Wiring } from "../Wiring.ts"

const codes = { done: exitCodes.done, partial: exitCodes.someFailed, stopped: exitCodes.temporary } as const

const tell = (report: IndexReport) => {
  const files = report.roots.reduce((sum, root) => sum + root.files, 0)
  const stopped = report.roots.find(({ outcome }) => outcome === "aborted")
  return {
    outcome: verdict(report),
    summary:
      stopped === undefined
        ? `${count(files, "file")}, ${report.read.files} read (${bytes(report.read.bytes)})`
        : `${stopped.path}: ${stopped.why ?? "not looked at"}`
  }
}

const isHash = (target: string): boolean => /^(?:sha256:)?[0-9a-f]{64}$/i.test(target)

const misused = (message: string) =>
  new CliError.ShowHelp({
    commandPath: ["media-pipeline", "index"],
    errors: [new CliError.ValidationError({ message })]
  })

export const command = Command.make(
  "index",
  {
    roots: Argument.String("ROOT").pipe(
      Argument.withDescription("Only these: roots of the configuration, or directories below them"),
      Argument.variadic()
    ),
    full: Flag.Boolean("full").pipe(
      Flag.withDescription("Read every file, not only sizes that occur in more than one root"),
      Flag.withoutNegation,
      Flag.withDefault(false)
    ),
    believe: Flag.Boolean("believe-roots").pipe(
      Flag.withDescription("Go on where a root has become empty or lies on another filesystem than before"),
      Flag.withoutNegation,
      Flag.withDefault(false)
    ),
    find: Flag.String("find").pipe(
      Flag.withMetavar("PATH|HASH"),
      Flag.withDescription("Say what is known of a file, a directory or a content, without touching the disks"),
      Flag.optional
    ),
    duplicates: Flag.Boolean("duplicates").pipe(
      Flag.withDescription("Say what is there more than once, without touching the disks"),
      Flag.withoutNegation,
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ believe, duplicates: wantsDuplicates, find: wanted, full, roots }) {
    if (Option.isSome(wanted) || wantsDuplicates) {
      if (full || believe || roots.length > 0 || (Option.isSome(wanted) && wantsDuplicates)) {
        return yield* misused("--find and --duplicates only ask: they take no ROOT and no other flag but --json")
      }
      return yield* configured(
        Effect.gen(function* () {
          const { reading } = yield* Wiring
          if (Option.isNone(wanted)) {
            return yield* show(yield* duplicates().pipe(Effect.provide(reading)), renderDuplicates)
          }
          const target = isHash(wanted.value) ? wanted.value : resolve(wanted.value)
          yield* show(yield* find(target).pipe(Effect.provide(reading)), renderFound)
        })
      )
    }
    const run = indexCache({ roots: roots.map((root) => resolve(root)), full, believe })
    const code = yield* configured(
      acting(
        "lock.index",
        Effect.gen(function* () {
          const report = yield* recorded("index", run, tell)
          yield* show(report, renderIndex)
          return codes[verdict(report)]
        })
      )
    )
    if (code !== exitCodes.done) return yield* new Ended({ code })
  })
).pipe(Command.withDescription("Bring the hash cache up to date, or ask it"))
